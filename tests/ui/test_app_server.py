"""The server against visitors who do not use the page."""

import http.client
import json
import re
import resource
import socket
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from hostile_inputs import ASK, BODIES, FORM, JOIN, asking
from serving import app, small_checkpoint

from rwae.ui.monitoring import TOKEN_VARIABLE

SECRET = "hf_nobody_may_read_this"


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


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the app writes temporary files."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the app prints."""
    return tmp_path_factory.mktemp("log") / "app.log"


@pytest.fixture(scope="module")
def address(cache: Path, log: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app, with a secret in its environment, and watched.

    Python runs a sitecustomize.py first: here one that notes every name and address.
    """
    (log.parent / "sitecustomize.py").write_text(WATCH)
    watch = {"PYTHONPATH": str(log.parent), "WATCHED": str(log.with_name("watched"))}
    model = small_checkpoint(tmp_path_factory.mktemp("model"))
    with app(
        model, cache, environment={"HF_TOKEN": SECRET, TOKEN_VARIABLE: SECRET} | watch, log=log
    ) as address:
        yield address


PROGRAMS = {
    "/models",
    "/examples",
    "/sample",
    "/encode",
    "/learn",
    "/swap",
    "/decode",
    "/extend",
    "/directions",
    "/assess",
    "/export",
    "/complete_sheet",
}


def fetch(url: str, body: bytes | None = None, kind: str = "application/json") -> tuple[int, str]:
    """The status and text of an answer; status 0 if the server closed while more was coming."""
    request = urllib.request.Request(url, body, {"Content-Type": kind})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")
    except http.client.IncompleteRead as torn:
        return 200, torn.partial.decode(errors="replace")
    except (ConnectionError, urllib.error.URLError):
        return 0, ""


def status(url: str, body: bytes | None = None, kind: str = "application/json") -> int:
    return fetch(url, body, kind)[0]


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", f"{ROOT}/app.py", "app.py", "../app.py", f"{ROOT}/rwae/ui/page.py",
     "/proc/self/environ", "http://127.0.0.1:9/"],
)  # fmt: skip
def test_no_file_is_served_by_its_path(address: str, path: str) -> None:
    for door in ("file=", "file/", "proxy=", "stream/"):
        assert status(f"{address}/gradio_api/{door}{path}") in (400, 403, 404)
    for door in ("assets", "page-files", "static", "svelte"):
        climbing = "/".join(["..%2f" * 9 + path.lstrip("/")])
        assert status(f"{address}/{door}/{climbing}") in (400, 403, 404)


@pytest.mark.parametrize(
    "path",
    ["upload_progress?upload_id=x", "process_recording", "deep_link?x=1",
     "run/decode", "api/decode", "api/predict", "runs", "run-history/buckets", "dev/reload",
     "login_check", "token", "user", "queue/status", "custom_component/x/server/y/z",
     "../app.py", "/queue/join"],
)  # fmt: skip
def test_paths_that_the_page_does_not_use_are_closed(address: str, path: str) -> None:
    form = (
        b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\nb\r\n--x--\r\n'
    )
    for body, kind in ((None, ""), (b'{"data": []}', "application/json"), (form, FORM)):
        assert status(f"{address}/gradio_api/{path}", body, kind) == 404


def test_paths_outside_the_api_are_closed_too(address: str) -> None:
    for path in ("login", "logout", "monitoring", "monitoring/summary", "docs", "redoc", "x",
                 "openapi.json", "gradio_api", "gradio_api/"):  # fmt: skip
        assert status(f"{address}/{path}") == 404, path


def test_programs_find_the_endpoints_that_are_meant_for_them(address: str) -> None:
    info = json.loads(fetch(f"{address}/gradio_api/info")[1])
    assert set(info["named_endpoints"]) == PROGRAMS
    assert not info["unnamed_endpoints"]
    for private in ("explore", "lambda", "predict", "load"):
        assert status(f"{address}/gradio_api/call/{private}", b'{"data": []}') >= 400


def test_the_server_says_that_it_lives_and_is_ready(address: str) -> None:
    assert fetch(f"{address}/healthz") == (200, "alive")
    assert fetch(f"{address}/readyz") == (200, "ready")


def test_an_operator_reads_counts_without_anything_of_the_visitors(address: str) -> None:
    assert status(f"{address}/metrics") == 401
    status(f"{address}/anna?of=anna")
    call(address, "sample_codes", {"seed": 1, "clips": 1, "frames": 4, "temperature": 1.0})
    call(address, "sample_codes", {"seed": "anna"})
    headers = {"Authorization": f"Bearer {SECRET}"}
    with urllib.request.urlopen(
        urllib.request.Request(f"{address}/metrics", None, headers)
    ) as told:
        text = told.read().decode()
    counts = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert float(counts['rwae_requests_total{route="other",status="404"}']) >= 1
    for outcome in ("answered", "refused"):
        name = f'rwae_calls_total{{function="sample_codes",outcome="{outcome}"}}'
        assert float(counts[name]) >= 1
    assert float(counts["rwae_unread_bytes"]) >= 0
    assert float(counts["process_resident_memory_bytes"]) > 10**8
    assert "anna" not in text


def memory(address: str) -> int:
    """Bytes that the server holds in memory."""
    # The app hides its open files from other processes, but not its command.
    command = f"--port\0{urllib.parse.urlsplit(address).port}\0".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if command in (folder / "cmdline").read_bytes():
                resident = int((folder / "statm").read_text().split()[1])
                return resident * resource.getpagesize()
    raise AssertionError("the server was not found")


def head(kind: str, length: int) -> bytes:
    """The first lines of a request, whose body is still to come."""
    return (
        f"POST {ASK} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode()


def test_a_huge_field_is_cut_off_and_takes_no_memory(address: str) -> None:
    before = memory(address)
    piece = b"x" * 2**20
    start = b'--x\r\nContent-Disposition: form-data; name="data"\r\n\r\n'
    with connected(address) as wire:
        wire.sendall(head(FORM, 300 << 20) + start)
        with suppress(OSError):
            for _ in range(300):
                wire.sendall(piece)
        assert b" 413 " in wire.recv(100)
    assert memory(address) - before < 50 * 2**20
    huge = b'{"data": "' + b"x" * (3 * 2**20) + b'"}'
    assert status(address + ASK, huge) in (413, 0)
    assert status(address) == 200, "the app must live on"


def test_a_form_with_many_files_is_refused(address: str) -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nb\r\n'
    assert status(address + ASK, part * 60 + b"--x--\r\n", FORM) == 413


def connected(address: str) -> socket.socket:
    parts = urllib.parse.urlsplit(address)
    return socket.create_connection((parts.hostname, parts.port), timeout=30)


@pytest.mark.slow
def test_a_request_that_pauses_too_long_is_refused(address: str) -> None:
    with connected(address) as form, connected(address) as values:
        form.sendall(head(FORM, 99) + b"--x")
        values.sendall(head("application/json", 99) + b"--x")
        for wire in (form, values):
            assert b" 408 " in wire.recv(100)
            while wire.recv(1000):
                pass  # and then the server closes


def test_an_incomplete_form_leaves_no_file(address: str, cache: Path) -> None:
    part = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + b"b" * 5000
    )
    for body in (part, part + b"--x--", part + b"\r\n--x\r\n"):
        assert status(address + ASK, body, FORM) == 400
    for _ in range(20):
        with connected(address) as wire:
            wire.sendall(head(FORM, 9999) + part)
    whole = part + b"\r\n--x--\r\n"
    assert status(address + ASK, whole, FORM) not in (400, 0)
    assert not [path for path in cache.rglob("*") if path.is_file()]


def test_a_file_for_a_call_is_taken_within_limits_and_stays_in_memory(
    address: str, cache: Path
) -> None:
    part = (
        b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n%s\r\n--x--\r\n'
    )
    url = f"{address}/gradio_api/upload"
    code, words = fetch(url, part % b"clip", FORM)
    assert code == 200
    assert re.fullmatch(r'\["received:[\w-]+"\]', words)
    assert fetch(url, part % bytes(5 * 2**20), FORM)[0] == 400
    assert fetch(url, part % bytes(9 * 2**20), FORM)[0] in (413, 0)
    for body, kind in (
        (None, ""),
        (b"{}", "application/json"),
        (b"--x--", FORM),
        (part, FORM + "y"),
    ):
        assert fetch(url, body, kind)[0] == 400
    assert not [path for path in cache.rglob("*") if path.is_file()]


@pytest.mark.parametrize("path", ["/etc/passwd", "http://192.0.2.1/x", "http://localhost:9/x"])
def test_a_file_that_a_call_names_is_neither_read_nor_fetched(address: str, path: str) -> None:
    """`test_the_server_asked_no_other_host` would see a request to another host."""
    file = {"path": path, "url": path, "meta": {"_type": "gradio.FileData"}}
    values = [file, "none", None, None, None, None, False, False]
    for url, body in (("call/encode", {"data": values}), ("call/v2/encode", {"file": file})):
        answer = json.loads(fetch(f"{address}/gradio_api/{url}", json.dumps(body).encode())[1])
        told = fetch(f"{address}/gradio_api/{url}/{answer['event_id']}")[1]
        assert "no addresses and paths" in told


def test_odd_bodies_are_answered_with_4xx_and_a_sentence(address: str, log: Path) -> None:
    before = log.read_text().count('"failed"')
    for path, body, *kind in BODIES:
        code, words = fetch(address + path, body, *kind)
        assert 400 <= code < 500, (path, body[:99], code, words)
        assert len(words) > 10, (path, body[:99])
        for secret in (str(ROOT), "site-packages", "Traceback", 'File "', SECRET, "root:x:"):
            assert secret not in words
    assert len(BODIES) > 80
    assert log.read_text().count('"failed"') == before, "nothing failed"
    assert status(f"{address}/healthz") == 200


@pytest.mark.parametrize(
    "path", ["/gradio_api/call/decode/none", "/config?page=../../etc/passwd", "/?__theme=<script>"]
)
def test_no_error_shows_a_path_or_a_traceback(address: str, path: str) -> None:
    code, words = fetch(address + path)
    assert code != 0
    for secret in (str(ROOT), "site-packages", "Traceback", 'File "', SECRET, "root:x:"):
        assert secret not in words


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


def test_codes_are_decoded_or_refused_with_a_sentence(address: str) -> None:
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


def test_two_visitors_see_only_their_own_clips(address: str) -> None:
    """Each asks with numbers of its own, over and over, at the same time as the other."""

    def visit(seed: int) -> list[Any]:
        request = {"seed": seed, "clips": 2, "frames": 4, "temperature": 1.0}
        seen = []
        for _ in range(5):
            clips = call(address, "sample_codes", request)["clips"]
            sheet = call(address, "decode_codes", {"clips": clips, "exact": True})["sheet"]
            seen.append((clips, sheet))
        return seen

    with ThreadPoolExecutor(4) as crowd:
        one, two, again = crowd.map(visit, (1, 2, 1))
    assert all(answer == one[0] for answer in (*one, *again))
    assert all(answer == two[0] for answer in two)
    assert one[0] != two[0]


def test_the_log_holds_refusals_and_failures_and_nothing_of_the_visitor(
    address: str, log: Path
) -> None:
    status(f"{address}/gradio_api/file=anna?name=anna")
    status(f"{address}/my/secret/path")
    status(address + ASK, b"anna", FORM)
    status(address + ASK, b'"' + b"x" * 2**21)
    status(address + ASK, asking(component_id=99999))
    odd = {"data": ["anna"], "fn_index": endpoint_number(address, "decode"), "session_hash": "a"}
    fetch(f"{address}{JOIN}", json.dumps(odd).encode())
    fetch(f"{address}/gradio_api/queue/data?session_hash=a")
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    refused = {(line["status"], line["route"]) for line in lines if line["event"] == "refused"}
    assert refused >= {(404, "other"), (413, ASK), (400, ASK)}
    failed = {(line["function"], line["error"]) for line in lines if line["event"] == "failed"}
    assert failed >= {("queue", "ValueError")}
    told = log.read_text()
    assert "Traceback" not in told
    assert not any(word in told for word in ("anna", "my/secret", "/etc/passwd", "99999"))


def endpoint_number(address: str, name: str) -> int:
    """The number by which a request to Gradio's queue names an endpoint."""
    config = json.loads(fetch(f"{address}/config")[1])
    return next(part["id"] for part in config["dependencies"] if part["api_name"] == name)


@pytest.mark.slow
def test_answers_that_nobody_fetches_take_no_memory(address: str) -> None:
    """Each answer takes about a megabyte as Python's numbers."""
    asked = {"data": [80, 0, 64, 1.0, None, "none", None]}
    asked["fn_index"] = endpoint_number(address, "sample")

    def join(session: str) -> int:
        return status(f"{address}{JOIN}", json.dumps(asked | {"session_hash": session}).encode())

    assert join("first") == 200
    before = memory(address)
    for n in range(100):
        while join(f"unread {n}") == 503:
            time.sleep(0.1)
    assert memory(address) - before < 50 * 2**20


@pytest.mark.slow
def test_a_full_queue_is_reported_and_the_page_still_opens(address: str) -> None:
    slow = endpoint_number(address, "decode")
    clip = call(
        address, "sample_codes", {"seed": 1, "clips": 1, "frames": 64, "temperature": 1.0}
    )["clips"][0]
    body = {"data": [[clip] * 8, "webm", None], "fn_index": slow, "session_hash": "crowd"}

    def join(_: int) -> tuple[int, str]:
        return fetch(f"{address}/gradio_api/queue/join", json.dumps(body).encode())

    with ThreadPoolExecutor(30) as crowd:
        answers = list(crowd.map(join, range(150)))
    assert {code for code, _ in answers} == {200, 503}
    assert all("Queue is full" in words for code, words in answers if code == 503)
    assert status(address) == 200
    assert call(address, "decode_codes", {"clips": [clip], "exact": True})["sheet"]


def test_the_server_asked_no_other_host(address: str, log: Path) -> None:
    assert status(address) == 200
    assert log.with_name("watched").read_text().splitlines() == ["watch begun"]
