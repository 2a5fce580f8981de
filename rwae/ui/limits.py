"""How much a visitor may send, how slowly, and how many may at once: before anything else sees it.

A request passes the door (`rwae.ui.doors`), and its body is counted and timed (`rwae.ui.bodies`).
What the page asks is held back until all of it is there, and then waits for its turn.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress

from rwae.ui import doors, housekeeping
from rwae.ui.bodies import BUSY, TORN, Body, Budget, Message, Receive, Refusal, check_form
from rwae.ui.payloads import MAX_ENCODED_BYTES, MAX_UPLOAD_BYTES

Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

MAX_FORM = MAX_UPLOAD_BYTES + 2**16  # bytes; a form is a file with a few words around it
MAX_JSON = 2**20  # bytes; the longest request for pictures has about a tenth of this
MAX_CALL = (
    MAX_ENCODED_BYTES * 4 // 3 + 2**16
)  # bytes; a program sends a file as text, and a few words
# Where programs call: see rwae/ui/api.py.
CALLS = tuple(f"{doors.GRADIO}/{name}" for name in ("queue/join", "call/", "mcp", "mcp/"))
MAX_OPEN = 512  # requests at once, most of them signs of life: one for each page that is open
MAX_ASKED = 128  # calls of functions at once; the model answers them one after another
MAX_HELD = 2**28  # bytes of all bodies together
MAX_FORMS = 12  # forms that are taken in at once
MAX_READ = 4  # forms that are read at once, which takes memory for as many clips; others wait

FULL = "The app is full: please try again in a minute."
FAILED = "The server failed at this request: try another value."
CLOSED = "There is nothing at this address."


class Limits:
    """ASGI middleware that holds every visitor to what is written above."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.open = self.asked = self.forms = 0
        self.budget = Budget(MAX_HELD)
        self.reading = asyncio.Semaphore(MAX_READ)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            else:
                await send({"type": "websocket.close", "code": 1008})  # nothing here speaks that
            return
        room = doors.room(doors.path_of(scope))
        self.open += 1
        try:
            await self._pass(room, scope, receive, send)
        except Refusal as refusal:
            housekeeping.log_refusal(refusal.status, room or "other", refusal.words)
            await _refuse(send, refusal, room)
        except Exception as error:  # of Gradio's: the server would print it, with what was sent
            housekeeping.log_failure(room or "other", error)
            with suppress(RuntimeError):  # an answer has begun, which now breaks off
                await _answer(send, 500, FAILED.encode(), b"text/plain; charset=utf-8")
        finally:
            self.open -= 1

    async def _pass(self, room: str | None, scope: Message, receive: Receive, send: Send) -> None:
        if room is None:
            raise Refusal(404, CLOSED)
        if room == doors.ALIVE:
            await _answer(send, 200, b"alive", b"text/plain")
            return
        if self.open > MAX_OPEN:
            raise Refusal(503, FULL)
        if room != doors.FUNCTIONS:
            await self._count(MAX_CALL if room in CALLS else MAX_JSON, scope, receive, send)
            return
        # The first of several, which is the one that Gradio looks at.
        kind = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
        if not kind.startswith(b"multipart/form-data"):
            with Body(receive, MAX_JSON, self.budget) as body:
                await self._ask(await _whole(body), scope, receive, send)
            return
        if self.forms >= MAX_FORMS:
            raise Refusal(503, BUSY)
        self.forms += 1
        try:
            with Body(receive, MAX_FORM, self.budget) as body:
                form = await _whole(body)
                check_form(form, kind)
                async with self.reading:
                    await self._ask(form, scope, receive, send)
        finally:
            self.forms -= 1

    async def _ask(self, body: bytes, scope: Message, receive: Receive, send: Send) -> None:
        """Passes on a call of a function, all of which is there.

        Gradio writes a form to files while it comes in, and forgets them if the rest never comes;
        and who sends slowly shall not keep others from asking.
        """
        if self.asked >= MAX_ASKED:
            raise Refusal(503, BUSY)
        self.asked += 1
        waiting = [{"type": "http.request", "body": body, "more_body": False}]
        try:
            await self.app(scope, lambda: _next(waiting, receive), send)
        finally:
            self.asked -= 1

    async def _count(self, most: int, scope: Message, receive: Receive, send: Send) -> None:
        """Passes a request on, and breaks it off when it becomes too large or too slow."""
        refusal: Refusal | None = None
        begun = False

        async def counted() -> Message:
            nonlocal refusal
            try:
                return await body.receive()
            except Refusal as error:
                refusal = error
                return {"type": "http.disconnect"}

        async def unless_refused(message: Message) -> None:
            nonlocal begun
            if refusal is None:
                begun = True
                await send(message)

        try:
            with Body(receive, most, self.budget) as body:
                await self.app(scope, counted, unless_refused)
        except Exception:
            # What fails after a refusal fails because the rest of the request is missing.
            if refusal is None:
                raise
        if refusal is not None and not begun:
            raise refusal


async def _whole(body: Body) -> bytes:
    """All of a body.

    Raises:
        Refusal: if it is too large or too slow, or its sender goes away.
    """
    parts = []
    while not body.complete:
        message = await body.receive()
        if message["type"] != "http.request":
            raise Refusal(400, TORN)
        parts.append(message.get("body", b""))
    return b"".join(parts)


async def _next(waiting: list[Message], receive: Receive) -> Message:
    return waiting.pop() if waiting else await receive()


async def _refuse(send: Send, refusal: Refusal, room: str | None) -> None:
    if refusal.status == 503 and room == doors.FUNCTIONS:
        # Gradio's page drops the body of a failure, and could not tell the visitor why: this is an
        # answer like that of the functions themselves, which it shows.
        words = json.dumps({"error": refusal.words}).encode()
        await _answer(send, 200, words, b"application/json")
    else:
        await _answer(send, refusal.status, refusal.words.encode(), b"text/plain; charset=utf-8")


async def _answer(send: Send, status: int, words: bytes, kind: bytes) -> None:
    length = str(len(words)).encode()
    headers = [(b"content-type", kind), (b"content-length", length), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": words})
