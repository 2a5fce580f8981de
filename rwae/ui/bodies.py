"""What a request brings, counted and timed while it comes in."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from python_multipart.multipart import parse_options_header

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

IDLE = 10.0  # seconds that a visitor may pause while sending
WHOLE = 120.0  # seconds that all of a request may take to arrive
MAX_PARTS = 8  # of a form: the page sends five

LARGE = "The request is too large."
PARTS = "The form has too many parts: send one file."
SLOW = "The request took too long to arrive: check the connection and try again."
TORN = "The request breaks off before its end: send it again."


class Refusal(Exception):  # noqa: N818 - it is the answer, not an accident
    """A request that is not passed on.

    Attributes:
        status: of the answer.
        words: what it says, in a sentence.
    """

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words


class Body:
    """The body of a request as it comes in, counted whatever its headers promise.

    Attributes:
        complete: whether all of it is there.
    """

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self._left = most
        self._end = time.monotonic() + WHOLE
        self.complete = False

    async def receive(self) -> Message:
        """The next message of the server.

        Raises:
            Refusal: if the body becomes too large, pauses for too long or takes too long.
        """
        if self.complete:  # from here on, only the visitor's leaving is waited for
            return await self._receive()
        patience = min(IDLE, self._end - time.monotonic())
        try:
            message = await asyncio.wait_for(self._receive(), max(patience, 0))
        except TimeoutError:
            raise Refusal(408, SLOW) from None
        self.complete = not message.get("more_body", False)
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise Refusal(413, LARGE)
        return message


def check_form(form: bytes, kind: bytes) -> None:
    """Refuses a form that does not end as its header promises, or has too many parts."""
    boundary = parse_options_header(kind)[1].get(b"boundary")
    end = b"\r\n--" + (boundary or b"") + b"--"
    if not boundary or not form.endswith((end, end + b"\r\n")):
        raise Refusal(400, TORN)
    if form.count(b"--" + boundary) > MAX_PARTS + 1:
        raise Refusal(413, PARTS)
