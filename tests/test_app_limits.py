"""What is counted and timed before a request reaches Gradio; the temporary folder; the log."""

import asyncio
import json
import logging
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from rwae.ui import bodies, doors, housekeeping, limits
from rwae.ui.limits import Limits

ASK = doors.FUNCTIONS
FORM = b"multipart/form-data; boundary=x"
JSON = b"application/json"
END = b"\r\n--x--\r\n"
Inner = Callable[[Any, Any, Any], Awaitable[None]]


class Visitor:
    """Someone who sends a body in parts, and what came of it.

    Attributes:
        seen: bytes that reached the app behind the limits.
        told: status and text of the answer.
    """

    def __init__(self, body: list[bytes], kind: bytes = JSON, path: str = ASK, pause: float = 0):
        self.parts = [{"type": "http.request", "body": part, "more_body": True} for part in body]
        self.parts.append({"type": "http.request", "body": b"", "more_body": False})
        self.scope = {"type": "http", "path": path, "headers": [(b"content-type", kind)]}
        self.pause = pause
        self.seen = 0
        self.sent: list[dict[str, Any]] = []

    @property
    def told(self) -> tuple[int, str]:
        return self.sent[0]["status"], self.sent[1]["body"].decode()

    async def receive(self) -> dict[str, Any]:
        await asyncio.sleep(self.pause)
        return self.parts.pop(0)

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    async def inner(self, _scope: Any, receive: Any, send: Any) -> None:
        while (message := await receive())["type"] == "http.request":
            self.seen += len(message["body"])
            if not message["more_body"]:
                break
        else:
            raise RuntimeError("the client went away")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})

    async def visit(self, limit: Limits | None = None) -> None:
        await (limit or Limits(self.inner))(self.scope, self.receive, self.send)


@pytest.fixture(autouse=True)
def _empty_log() -> None:
    """Lines that other tests logged do not count as repeated."""
    housekeeping.log_repeated()


def outcome(visitor: Visitor) -> tuple[int, int]:
    asyncio.run(visitor.visit())
    return visitor.told[0], visitor.seen


def test_bytes_are_counted_whatever_the_headers_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_JSON", 25)
    monkeypatch.setattr(limits, "MAX_FORM", 45)
    monkeypatch.setattr(limits, "MAX_CALL", 65)
    ten = b"0123456789"
    assert outcome(Visitor([ten] * 2)) == (200, 20)
    assert outcome(Visitor([ten] * 9)) == (413, 0)
    assert outcome(Visitor([ten] * 3 + [END], FORM)) == (200, 39)
    assert outcome(Visitor([ten] * 9, FORM)) == (413, 0)
    for path in ("queue/join", "call/encode", "call/v2/encode", "mcp", "mcp/", "mcp/http"):
        assert outcome(Visitor([ten] * 6, path=f"/gradio_api/{path}")) == (200, 60)
        assert outcome(Visitor([ten] * 9, path=f"/gradio_api/{path}")) == (413, 60)
    # A form elsewhere is no way around: only the functions take one.
    assert outcome(Visitor([ten] * 3 + [END], FORM, "/gradio_api/cancel"))[0] == 413


def test_a_form_is_passed_on_whole_or_not_at_all() -> None:
    assert outcome(Visitor([b"x" * 9], FORM)) == (400, 0)
    assert outcome(Visitor([b"x", END], b"multipart/form-data")) == (400, 0)
    part = b"--x\r\n\r\nb\r\n"
    assert outcome(Visitor([part * bodies.MAX_PARTS, b"--x--"], FORM))[0] == 200
    assert outcome(Visitor([part * 60, b"--x--"], FORM)) == (413, 0)


@pytest.mark.parametrize("kind", [FORM, JSON])
@pytest.mark.parametrize(("idle", "whole"), [(0.02, 9.0), (9.0, 0.1)])
def test_a_slow_body_has_a_deadline(
    monkeypatch: pytest.MonkeyPatch, kind: bytes, idle: float, whole: float
) -> None:
    monkeypatch.setattr(bodies, "IDLE", idle)
    monkeypatch.setattr(bodies, "WHOLE", whole)
    assert outcome(Visitor([b"x"] * 99, kind, pause=0.03))[0] == 408


def test_after_the_body_a_stream_may_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "IDLE", 0.01)
    visitor = Visitor([], path="/gradio_api/heartbeat/x")

    async def stream(_scope: Any, receive: Any, send: Any) -> None:
        await receive()
        visitor.parts.append({"type": "http.disconnect"})
        visitor.pause = 0.1
        assert (await receive())["type"] == "http.disconnect"
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    asyncio.run(visitor.visit(Limits(stream)))
    assert visitor.told[0] == 200


def crowd(size: int, **request: Any) -> list[tuple[int, str]]:
    """What visitors are told who come while the first of them is still there; then one more."""

    async def run() -> list[tuple[int, str]]:
        free = asyncio.Event()

        async def slow(scope: Any, receive: Any, send: Any) -> None:
            await free.wait()
            await Visitor([]).inner(scope, receive, send)

        limit = Limits(slow)
        visitors = [Visitor([b"x", END], **request) for _ in range(size + 1)]
        visits = [asyncio.create_task(visitor.visit(limit)) for visitor in visitors[:size]]
        await asyncio.sleep(0.05)
        free.set()
        await asyncio.gather(*visits)
        await visitors[size].visit(limit)
        assert (limit.open, limit.asked, limit.forms) == (0, 0, 0)
        assert limit.budget.left == limits.MAX_HELD
        return [visitor.told for visitor in visitors]

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("name", "kind", "path", "status"),
    [
        ("MAX_ASKED", JSON, ASK, 200),
        ("MAX_FORMS", FORM, ASK, 200),
        ("MAX_OPEN", JSON, "/", 503),
    ],
)
def test_requests_beyond_a_limit_are_refused_until_others_end(
    monkeypatch: pytest.MonkeyPatch, name: str, kind: bytes, path: str, status: int
) -> None:
    monkeypatch.setattr(limits, name, 3)
    told = crowd(5, kind=kind, path=path)
    assert [answer == (200, "done") for answer in told] == [True] * 3 + [False] * 2 + [True]
    assert told[3][0] == status
    # To the page, an answer like any other: a sentence under "error", which it shows.
    words = told[3][1] if status == 503 else json.loads(told[3][1])["error"]
    assert words.endswith(".")
    assert "try again" in words


@pytest.mark.parametrize("kind", [JSON, FORM])
def test_all_bodies_together_have_a_limit(monkeypatch: pytest.MonkeyPatch, kind: bytes) -> None:
    # The first part of all five has room, and the second part of three.
    monkeypatch.setattr(limits, "MAX_HELD", 5 * len(b"x") + 3 * len(END))
    told = crowd(5, kind=kind, path=ASK)
    assert [answer == (200, "done") for answer in told] == [True] * 3 + [False] * 2 + [True]
    assert json.loads(told[3][1]) == {"error": bodies.BUSY}


def test_forms_are_read_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_READ", 2)
    most = now = 0

    async def run() -> list[tuple[int, str]]:
        async def read(scope: Any, receive: Any, send: Any) -> None:
            nonlocal most, now
            now += 1
            most = max(most, now)
            await asyncio.sleep(0.01)
            await Visitor([]).inner(scope, receive, send)
            now -= 1

        limit = Limits(read)
        visitors = [Visitor([b"x", END], FORM) for _ in range(6)]
        await asyncio.gather(*(visitor.visit(limit) for visitor in visitors))
        return [visitor.told for visitor in visitors]

    assert asyncio.run(run()) == [(200, "done")] * 6
    assert most == 2


@pytest.mark.parametrize(
    "path",
    ["/gradio_api/upload", "/gradio_api/file=/etc/passwd", "/gradio_api/proxy=http://x", "//", "",
     "/gradio_api/component_server/../upload", "/assets/../../app.py", "/assets\\..\\app.py",
     "/gradio_api/component_serverx", "/gradio_api/callx", "/Config", "/healthz/x"],
)  # fmt: skip
def test_a_path_that_is_not_listed_is_closed(path: str) -> None:
    if path in ("//", ""):
        assert doors.room(path) == "/"
    else:
        assert doors.room(path) is None
        assert outcome(Visitor([], path=path)) == (404, 0)


def test_an_app_below_the_path_of_a_proxy_has_the_same_open_paths() -> None:
    assert doors.path_of({"path": "/studio/config", "root_path": "/studio"}) == "/config"
    assert doors.path_of({"path": "/config", "root_path": "/studio"}) == "/config"
    assert doors.path_of({"path": "/config"}) == "/config"


def test_a_failure_of_the_app_is_answered_with_a_sentence_and_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def broken(*_: Any) -> None:
        raise KeyError("anna")

    visitor = Visitor([])
    with caplog.at_level(logging.WARNING, "rwae.ui"):
        asyncio.run(visitor.visit(Limits(broken)))
    assert visitor.told == (500, limits.FAILED)
    line = json.loads(caplog.messages[-1])
    assert (line["event"], line["function"], line["error"]) == ("failed", ASK, "KeyError")
    assert "anna" not in caplog.text


def test_the_log_names_the_place_and_never_the_message(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "rwae.ui"):
        try:
            bodies.check_form(None, FORM)
        except AttributeError as error:
            housekeeping.log_failure("encode_clip", error)
        housekeeping.log_refusal(404, "other", "closed")
    failed, refused = map(json.loads, caplog.messages)
    assert any(place.startswith("bodies.py:") for place in failed["places"])
    assert set(failed) == {"time", "event", "function", "error", "places"}
    assert set(refused) == {"time", "event", "status", "route", "reason"}


def test_a_scan_of_unknown_paths_adds_two_lines_to_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING, "rwae.ui"):
        for n in range(500):
            assert outcome(Visitor([], path=f"/.git/{n}"))[0] == 404
        housekeeping.log_repeated()
        housekeeping.log_repeated()
        first, summary = map(json.loads, caplog.messages)
        assert (first["status"], first["route"]) == (404, "other")
        assert "repeated" not in first
        assert summary["repeated"] == 499
        assert outcome(Visitor([], path="/.git"))[0] == 404
    assert len(caplog.messages) == 3, "the next minute begins anew"


def test_old_files_are_removed_and_new_ones_stay(tmp_path: Path) -> None:
    app, outside = tmp_path / "rwae-studio-x", tmp_path / "mine"
    (app / "a/b").mkdir(parents=True)
    outside.write_text("mine")
    (app / "a/b/left").write_text("left")
    (app / "link").symlink_to(outside)
    housekeeping.remove_old_files(app, time.time())
    assert (app / "a/b/left").exists()
    housekeeping.remove_old_files(app, time.time() + housekeeping.MAX_FILE_AGE + 1)
    assert not list(app.iterdir())
    assert outside.read_text() == "mine"


def test_folders_of_ended_apps_are_removed_and_no_others(tmp_path: Path) -> None:
    old = time.time() - housekeeping.MAX_FILE_AGE - 1
    for name in ("rwae-studio-dead", "rwae-studio-alive", "another"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("x")
        os.utime(tmp_path / name, (old, old))
    os.utime(tmp_path / "rwae-studio-alive")
    (tmp_path / "rwae-studio-link").symlink_to(tmp_path / "another")
    os.utime(tmp_path / "rwae-studio-link", (old, old), follow_symlinks=False)
    housekeeping.remove_abandoned_folders(tmp_path, time.time())
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "another", "rwae-studio-alive", "rwae-studio-link"
    ]  # fmt: skip
    assert (tmp_path / "another/file").exists()
