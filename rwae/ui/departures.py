"""Ends the decoding of a file whose visitor has left: nobody would see the result."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rwae.files.video.decoding import Asker


class Departures:
    """ASGI middleware behind which the asker of a `DecoderProcess` is whoever sent the request.

    It watches the connection once the body is complete. Calls from Gradio's queue come from no
    request of their own, so they are not ended; what each may cost is bounded all the same.

    Args:
        app: the app behind it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        asker = Asker()
        watch: asyncio.Task[Message] | None = None

        async def receive_and_watch() -> Message:
            nonlocal watch
            if watch is not None:
                return await asyncio.shield(watch)
            message = await receive()
            if message["type"] == "http.request" and not message.get("more_body"):
                watch = asyncio.create_task(_wait_until_left(receive, asker))
            return message

        try:
            with asker.asks():
                await self.app(scope, receive_and_watch, send)
        finally:
            if watch is not None:
                watch.cancel()
                with suppress(asyncio.CancelledError):
                    await watch


async def _wait_until_left(receive: Receive, asker: Asker) -> Message:
    """Waits for the end of the connection, and returns the message that tells it."""
    while (message := await receive())["type"] != "http.disconnect":
        pass
    asker.leave()
    return message
