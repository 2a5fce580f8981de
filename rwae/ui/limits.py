"""How much a visitor may send, checked before anything else sees it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from python_multipart.multipart import parse_options_header

from rwae.ui.endpoints import MAX_UPLOAD

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

MAX_FORM = MAX_UPLOAD + 2**16  # bytes; a form is a file with a few words around it
MAX_FORMS = 4  # that are taken in and read at once; a large clip needs half a gigabyte
MAX_JSON = 2**20  # bytes; the longest request for pictures has about a tenth of this
# Routes of Gradio that would write what a visitor sends to the disk, and leave it there.
CLOSED = ("/upload", "/process_recording", "/deep_link")


class Limits:
    """ASGI middleware that counts what comes in, whatever its headers promise.

    It also closes the routes by which Gradio would keep files on the disk: this app takes a file,
    reads it and forgets it within one request.
    """

    def __init__(self, app: App) -> None:
        self.app = app
        self.forms = 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if scope["path"].rstrip("/").endswith(CLOSED):
            await _refuse(send, 404, b"Files are taken in the Swap tab alone.")
            return
        # The first of several, which is the one that Gradio looks at.
        kind = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
        if not kind.startswith(b"multipart/form-data"):
            await self._count(scope, receive, send)
        elif self.forms >= MAX_FORMS:
            await _refuse(send, 503, b"Too many files are on their way: try again in a moment.")
        else:
            self.forms += 1
            try:
                await self._hold(scope, receive, send, kind)
            finally:
                self.forms -= 1

    async def _count(self, scope: Message, receive: Receive, send: Send) -> None:
        """Passes a request on, and breaks it off when it becomes too large."""
        taken, refused = 0, False

        async def counted() -> Message:
            nonlocal taken, refused
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > MAX_JSON and not refused:
                refused = True
                await _refuse(send, 413, b"The request is too large.")
            return {"type": "http.disconnect"} if refused else message

        async def unless_refused(message: Message) -> None:
            if not refused:
                await send(message)

        try:
            await self.app(scope, counted, unless_refused)
        except Exception:
            # What fails after a refusal fails because the rest of the request is missing.
            if not refused:
                raise

    async def _hold(self, scope: Message, receive: Receive, send: Send, kind: bytes) -> None:
        """Passes a form on once all of it is there.

        Gradio writes a form to files while it comes in, and forgets them if the rest never comes.
        """
        parts, taken, more = [], 0, True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return  # the visitor went away
            parts.append(message.get("body", b""))
            taken, more = taken + len(parts[-1]), message.get("more_body", False)
            if taken > MAX_FORM:
                await _refuse(send, 413, b"The request is too large.")
                return
        if not _complete(b"".join(parts), kind):
            await _refuse(send, 400, b"The form breaks off before its end.")
            return
        parts.reverse()

        async def replay() -> Message:
            if not parts:
                return await receive()
            return {"type": "http.request", "body": parts.pop(), "more_body": bool(parts)}

        await self.app(scope, replay, send)


def _complete(body: bytes, kind: bytes) -> bool:
    """Whether a form ends with the line that its header promises."""
    boundary = parse_options_header(kind)[1].get(b"boundary")
    if not boundary:
        return False
    end = b"\r\n--" + boundary + b"--"
    return body.endswith((end, end + b"\r\n"))


async def _refuse(send: Send, status: int, words: bytes) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": words})
