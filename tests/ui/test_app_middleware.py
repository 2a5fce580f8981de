"""What is counted, timed and refused before a request reaches Gradio."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from rwae.ui import housekeeping, middleware
from rwae.ui.middleware import RequestLimits

ASK = middleware.PAGE_CALL_PATH
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
        self.parts: list[Any] = [
            {"type": "http.request", "body": part, "more_body": True} for part in body
        ]
        self.parts.append({"type": "http.request", "body": b"", "more_body": False})
        headers = [(b"content-type", kind)]
        method = "GET" if path == "/" else "POST"
        self.scope = {"type": "http", "method": method, "path": path, "headers": headers}
        self.pause = pause
        self.seen = 0
        self.sent: list[dict[str, Any]] = []

    @property
    def told(self) -> tuple[int, str]:
        return self.sent[0]["status"], self.sent[1]["body"].decode()

    async def receive(self) -> dict[str, Any]:
        await asyncio.sleep(self.pause)
        part = self.parts.pop(0)
        if part is None:  # it stalls
            await asyncio.sleep(99)
        return part

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

    async def visit(self, limit: RequestLimits | None = None) -> None:
        await (limit or RequestLimits(self.inner))(self.scope, self.receive, self.send)


@pytest.fixture(autouse=True)
def _empty_log() -> None:
    """Lines that other tests logged do not count as repeated."""
    housekeeping.log_repeated()


def outcome(visitor: Visitor) -> tuple[int, int]:
    asyncio.run(visitor.visit())
    return visitor.told[0], visitor.seen


def test_bytes_are_counted_whatever_the_headers_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(middleware, "MAX_VALUES_BYTES", 25)
    monkeypatch.setattr(middleware, "MAX_FORM_BYTES", 45)
    monkeypatch.setattr(middleware, "MAX_API_BYTES", 65)
    ten = b"1234567890"
    assert outcome(Visitor([ten] * 2)) == (200, 20)
    assert outcome(Visitor([ten] * 9)) == (413, 0)
    assert outcome(Visitor([ten] * 3 + [END], FORM)) == (200, 39)
    assert outcome(Visitor([ten] * 9, FORM)) == (413, 0)
    for path in ("queue/join", "call/encode", "call/v2/encode", "mcp", "mcp/", "mcp/http"):
        assert outcome(Visitor([ten] * 6, path=f"/gradio_api/{path}")) == (200, 60)
        assert outcome(Visitor([ten] * 9, path=f"/gradio_api/{path}")) == (413, 0)
    # A form elsewhere is no way around: only the functions take one.
    assert outcome(Visitor([ten] * 3 + [END], FORM, "/gradio_api/cancel"))[0] == 413


def test_a_form_is_passed_on_whole_or_not_at_all() -> None:
    assert outcome(Visitor([b"x" * 9], FORM)) == (400, 0)
    assert outcome(Visitor([b"x", END], b"multipart/form-data")) == (400, 0)
    part = b"--x\r\n\r\nb\r\n"
    assert outcome(Visitor([part * middleware.MAX_FORM_PARTS, b"--x--"], FORM))[0] == 200
    assert outcome(Visitor([part * 60, b"--x--"], FORM)) == (413, 0)


@pytest.mark.parametrize("kind", [FORM, JSON])
@pytest.mark.parametrize(("idle", "whole"), [(0.02, 9.0), (9.0, 0.1)])
def test_a_slow_body_has_a_deadline(
    monkeypatch: pytest.MonkeyPatch, kind: bytes, idle: float, whole: float
) -> None:
    monkeypatch.setattr(middleware, "MAX_PAUSE", idle)
    monkeypatch.setattr(middleware, "MAX_BODY_SECONDS", whole)
    assert outcome(Visitor([b"x"] * 99, kind, pause=0.03))[0] == 408


def test_after_the_body_a_stream_may_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(middleware, "MAX_PAUSE", 0.01)
    visitor = Visitor([], path="/gradio_api/heartbeat/x")

    async def stream(_scope: Any, receive: Any, send: Any) -> None:
        await receive()
        visitor.parts.append({"type": "http.disconnect"})
        visitor.pause = 0.1
        assert (await receive())["type"] == "http.disconnect"
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    asyncio.run(visitor.visit(RequestLimits(stream)))
    assert visitor.told[0] == 200


def crowd(size: int, **request: Any) -> list[tuple[int, str]]:
    """What visitors are told who come while the first of them is still there; then one more."""

    async def run() -> list[tuple[int, str]]:
        free = asyncio.Event()

        async def slow(scope: Any, receive: Any, send: Any) -> None:
            await free.wait()
            await Visitor([]).inner(scope, receive, send)

        limit = RequestLimits(slow)
        visitors = [Visitor([b"x", END], **request) for _ in range(size + 1)]
        visits = [asyncio.create_task(visitor.visit(limit)) for visitor in visitors[:size]]
        await asyncio.sleep(0.05)
        free.set()
        await asyncio.gather(*visits)
        await visitors[size].visit(limit)
        assert (limit.open_requests, limit.page_calls, limit.forms) == (0, 0, 0)
        assert limit.budget.free == middleware.MAX_HELD_BYTES
        return [visitor.told for visitor in visitors]

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("name", "kind", "path", "status"),
    [
        ("MAX_PAGE_CALLS", JSON, ASK, 200),
        ("MAX_FORMS", FORM, ASK, 200),
        ("MAX_OPEN_REQUESTS", JSON, "/", 503),
    ],
)
def test_requests_beyond_a_limit_are_refused_until_others_end(
    monkeypatch: pytest.MonkeyPatch, name: str, kind: bytes, path: str, status: int
) -> None:
    monkeypatch.setattr(middleware, name, 3)
    told = crowd(5, kind=kind, path=path)
    assert [answer == (200, "done") for answer in told] == [True] * 3 + [False] * 2 + [True]
    assert told[3][0] == status
    # To the page, an answer like any other: a sentence under "error", which it shows.
    words = told[3][1] if status == 503 else json.loads(told[3][1])["error"]
    assert words.endswith(".")
    assert "try again" in words


@pytest.mark.parametrize("kind", [JSON, FORM])
def test_all_bodies_together_have_a_limit(monkeypatch: pytest.MonkeyPatch, kind: bytes) -> None:
    monkeypatch.setattr(middleware, "MAX_HELD_BYTES", 3 * len(b"x" + END))
    told = crowd(5, kind=kind, path=ASK)
    assert sum(answer == (200, "done") for answer in told[:5]) == 3
    assert {words for _, words in told[:5]} == {"done", json.dumps({"error": middleware.BUSY})}
    assert told[5] == (200, "done")


@pytest.mark.parametrize(
    ("kind", "path"), [(FORM, ASK), (JSON, ASK), (JSON, "/gradio_api/cancel")]
)
@pytest.mark.parametrize("room", [999, 25])
def test_who_sends_slowly_keeps_nobody_else_from_sending(
    monkeypatch: pytest.MonkeyPatch, kind: bytes, path: str, room: int
) -> None:
    """Neither by places nor, with little room, by the bytes that came so far."""
    monkeypatch.setattr(middleware, "MAX_FORMS", 2)
    monkeypatch.setattr(middleware, "MAX_PAGE_CALLS", 2)
    monkeypatch.setattr(middleware, "MAX_HELD_BYTES", room)

    async def run() -> None:
        parts = [b"111", END if kind == FORM else b"1" * len(END)]
        quick, *slow = [Visitor(parts, kind, path) for _ in range(7)]
        for visitor in slow:
            visitor.parts.insert(1, None)
        limit = RequestLimits(quick.inner)
        sending = [asyncio.create_task(visitor.visit(limit)) for visitor in slow]
        await asyncio.sleep(0.02)
        await quick.visit(limit)
        assert quick.told == (200, "done")
        if room == 25:
            await asyncio.sleep(0.01)
            assert "try again" in slow[0].told[1], "the one that began first gave way"
        for task in sending:
            task.cancel()
        await asyncio.gather(*sending, return_exceptions=True)
        assert limit.budget.free == room
        assert not limit.budget.arriving

    asyncio.run(run())


def test_forms_are_read_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(middleware, "MAX_READ_FORMS", 2)
    most = now = 0

    async def run() -> list[tuple[int, str]]:
        async def read(scope: Any, receive: Any, send: Any) -> None:
            nonlocal most, now
            now += 1
            most = max(most, now)
            await asyncio.sleep(0.01)
            await Visitor([]).inner(scope, receive, send)
            now -= 1

        limit = RequestLimits(read)
        visitors = [Visitor([b"x", END], FORM) for _ in range(6)]
        await asyncio.gather(*(visitor.visit(limit) for visitor in visitors))
        return [visitor.told for visitor in visitors]

    assert asyncio.run(run()) == [(200, "done")] * 6
    assert most == 2


@pytest.mark.parametrize(
    "path",
    ["/gradio_api/upload_progress", "/gradio_api/file=/etc/passwd", "/gradio_api/proxy=http://x",
     "//", "", "/gradio_api/component_server/../upload", "/assets/../../app.py",
     "/assets\\..\\app.py", "/gradio_api/component_serverx", "/gradio_api/callx",
     "/Config", "/healthz/x"],
)  # fmt: skip
def test_a_path_that_is_not_listed_is_closed(path: str) -> None:
    if path in ("//", ""):
        assert middleware.open_route(path) == "/"
    else:
        assert middleware.open_route(path) is None
        assert outcome(Visitor([], path=path)) == (404, 0)


def test_an_app_below_the_path_of_a_proxy_has_the_same_open_paths() -> None:
    assert (
        middleware.path_below_root({"path": "/studio/config", "root_path": "/studio"}) == "/config"
    )
    assert middleware.path_below_root({"path": "/config", "root_path": "/studio"}) == "/config"
    assert middleware.path_below_root({"path": "/config"}) == "/config"


def test_a_failure_of_the_app_is_answered_with_a_sentence_and_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def broken(*_: Any) -> None:
        raise ValueError("anna")

    visitor = Visitor([])
    with caplog.at_level(logging.WARNING, "rwae.ui"):
        asyncio.run(visitor.visit(RequestLimits(broken)))
    assert visitor.told == (500, middleware.FAILED)
    line = json.loads(caplog.messages[-1])
    assert (line["event"], line["function"], line["error"]) == ("failed", ASK, "ValueError")
    assert "anna" not in caplog.text


def test_every_answer_has_the_security_headers() -> None:
    visitor = Visitor([])
    visitor.inner = middleware.SecurityHeaders(visitor.inner)
    asyncio.run(visitor.visit(RequestLimits(visitor.inner)))
    headers = dict(visitor.sent[0]["headers"])
    assert headers[b"x-content-type-options"] == b"nosniff"
    assert headers[b"referrer-policy"] == b"same-origin"
    assert b"default-src 'self'" in headers[b"content-security-policy"]
