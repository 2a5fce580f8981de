"""The server against visitors who do not use the page."""

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from serving import app, small_checkpoint

from rwae.ui import limits
from rwae.ui.limits import Limits


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the app writes temporary files."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def address(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    model = small_checkpoint(tmp_path_factory.mktemp("model"))
    with app(model, cache) as address:
        yield address


FORM = "multipart/form-data; boundary=x"


def status(url: str, body: bytes | None = None, kind: str = "application/json") -> int:
    request = urllib.request.Request(url, body, {"Content-Type": kind})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except (ConnectionError, urllib.error.URLError):
        return 0  # closed while the rest of the body was still on its way


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", f"{ROOT}/app.py", "app.py", "../app.py", f"{ROOT}/rwae/ui/page.py",
     "/proc/self/environ", "http://127.0.0.1:9/"],
)  # fmt: skip
def test_no_file_is_served_by_its_path(address: str, path: str) -> None:
    assert status(f"{address}/gradio_api/file={path}") in (400, 403, 404)


def test_the_doors_that_the_page_does_not_use_are_closed(address: str) -> None:
    form = (
        b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\nb\r\n--x--\r\n'
    )
    for name in ("upload", "process_recording"):
        assert status(f"{address}/gradio_api/{name}", form, FORM) == 404
    assert status(f"{address}/gradio_api/deep_link?session_hash=x") == 404
    for name in ("predict", "explore", "lambda"):
        assert status(f"{address}/gradio_api/api/{name}", b'{"data": []}') >= 400
    info = json.load(urllib.request.urlopen(f"{address}/gradio_api/info", timeout=20))
    assert info["named_endpoints"] == {}


def test_a_huge_request_is_cut_off(address: str) -> None:
    huge = b'{"data": "' + b"x" * (3 * 2**20) + b'"}'
    assert status(f"{address}/gradio_api/component_server", huge) in (413, 0)
    assert status(address) == 200, "the app must live on"


def test_a_form_that_breaks_off_leaves_no_file(address: str, cache: Path) -> None:
    part = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + b"b" * 5000
    )
    for body in (part, part + b"--x--", part + b"\r\n--x\r\n"):
        assert status(f"{address}/gradio_api/component_server", body, FORM) == 400
    whole = part + b"\r\n--x--\r\n"
    assert status(f"{address}/gradio_api/component_server", whole, FORM) != 400
    assert not [path for path in cache.rglob("*") if path.is_file()]


def test_an_unknown_function_of_a_component_is_not_found(address: str) -> None:
    call = {"data": None, "session_hash": "x", "component_id": 1, "fn_name": "__init__"}
    for number in range(8):
        body = json.dumps(call | {"component_id": number}).encode()
        assert status(f"{address}/gradio_api/component_server", body) in (404, 500)


def run(body: list[bytes], kind: bytes, path: str = "/x") -> tuple[int, int]:
    """Sends a body in parts to an app behind the limits; returns its status and the bytes seen."""
    seen = 0
    sent: list[dict[str, Any]] = []
    parts = [{"type": "http.request", "body": part, "more_body": True} for part in body]
    parts.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> dict[str, Any]:
        return parts.pop(0)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def inner(_scope: Any, receive: Any, send: Any) -> None:
        nonlocal seen
        while (message := await receive())["type"] == "http.request":
            seen += len(message["body"])
            if not message["more_body"]:
                break
        else:
            raise RuntimeError("the client went away")
        await send({"type": "http.response.start", "status": 200, "headers": []})

    scope = {"type": "http", "path": path, "headers": [(b"content-type", kind)]}
    asyncio.run(Limits(inner)(scope, receive, send))
    return sent[0]["status"], seen


def test_bytes_are_counted_whatever_the_headers_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_JSON", 25)
    monkeypatch.setattr(limits, "MAX_FORM", 45)
    ten = b"0123456789"
    form = FORM.encode()
    assert run([ten] * 2, b"application/json") == (200, 20)
    assert run([ten] * 9, b"application/json") == (413, 20)
    assert run([ten] * 3 + [b"\r\n--x--\r\n"], form) == (200, 39)
    assert run([ten] * 3, form) == (400, 0)
    assert run([ten] * 9, form) == (413, 0)
    assert run([], b"", "/gradio_api/upload/") == (404, 0)


def call(address: str, function: str, data: object) -> Any:
    """Calls a server function as the page does, but from outside a browser."""
    with urllib.request.urlopen(f"{address}/config", timeout=20) as answer:
        parts = json.load(answer)["components"]
    holder = next(part["id"] for part in parts if part["props"].get("elem_id") == "rw-explore")
    asked = {"data": data, "fn_name": function, "component_id": holder, "session_hash": "test"}
    body = json.dumps(asked).encode()
    request = urllib.request.Request(
        f"{address}/gradio_api/component_server", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def test_codes_from_anywhere_are_decoded_or_refused_in_words(address: str) -> None:
    (clip,) = call(
        address, "sample_codes", {"seed": 1, "clips": 1, "frames": 4, "temperature": 1.0}
    )["clips"]
    good = call(address, "decode_codes", {"clips": [clip], "exact": True})
    assert good["sheet"].startswith("data:image/png;base64,")

    bad = {
        "short": clip | {"static": clip["static"][:-1]},
        "nan": clip | {"static": [float("nan"), *clip["static"][1:]]},
        "huge": clip | {"dynamic": [[1e30, *row[1:]] for row in clip["dynamic"]]},
        "words": clip | {"dynamic": "walk"},
        "long": clip | {"dynamic": clip["dynamic"] * 1000},
        "nothing": None,
    }
    for name, codes in bad.items():
        answer = call(address, "decode_codes", {"clips": [codes], "exact": True})
        assert list(answer) == ["error"], name
        assert answer["error"].endswith("."), name
        assert "Traceback" not in answer["error"], name


WATCH = """
import os, socket
def note(kind, host):
    if host not in ("127.0.0.1", "localhost", "0.0.0.0", "::1", None, ""):
        with open(os.environ["WATCHED"], "a") as file:
            file.write(f"{kind} {host}\\n")
def watched(kind, inner, host):
    def call(*arguments, **others):
        note(kind, host(arguments))
        return inner(*arguments, **others)
    return call
socket.getaddrinfo = watched("look up", socket.getaddrinfo, lambda a: a[0])
class Socket(socket.socket):
    def connect(self, address):
        if isinstance(address, tuple):
            note("connect to", address[0])
        return super().connect(address)
socket.socket = Socket
note("watch", "begun")
"""


def test_the_server_asks_no_other_host(tmp_path: Path) -> None:
    """Python runs a sitecustomize.py first: here one that notes every name and address."""
    (tmp_path / "sitecustomize.py").write_text(WATCH)
    log = tmp_path / "log"
    watch = {"PYTHONPATH": str(tmp_path), "WATCHED": str(log)}
    with app(small_checkpoint(tmp_path / "model"), tmp_path, environment=watch) as address:
        assert status(address) == 200
        request = {"seed": 1, "clips": 1, "frames": 4, "temperature": 1.0}
        assert call(address, "sample_codes", request)["clips"]
    assert log.read_text().splitlines() == ["watch begun"]
