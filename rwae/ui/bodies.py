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

BUSY = "Many people use the app just now, and yours was one request too many: try again."
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


class Budget:
    """The memory that all bodies may take together.

    Attributes:
        left: what is free, in bytes.
    """

    def __init__(self, most: int) -> None:
        self.left = most


class Body:
    """The body of a request as it comes in, counted whatever its headers promise.

    It takes its part of the budget while it comes in, and gives it back at the end of the `with`
    around it.

    Attributes:
        complete: whether all of it is there.
    """

    def __init__(self, receive: Receive, most: int, budget: Budget) -> None:
        self._receive = receive
        self._left = most
        self._budget = budget
        self._taken = 0
        self._end = time.monotonic() + WHOLE
        self.complete = False

    def __enter__(self) -> Body:
        return self

    def __exit__(self, *_: object) -> None:
        self._budget.left += self._taken

    async def receive(self) -> Message:
        """The next message of the server.

        Raises:
            Refusal: if the body becomes too large, pauses for too long or takes too long, or if
                the budget of all is spent.
        """
        if self.complete:  # from here on, only the visitor's leaving is waited for
            return await self._receive()
        patience = min(IDLE, self._end - time.monotonic())
        try:
            message = await asyncio.wait_for(self._receive(), max(patience, 0))
        except TimeoutError:
            raise Refusal(408, SLOW) from None
        self.complete = not message.get("more_body", False)
        size = len(message.get("body", b""))
        self._left -= size
        if self._left < 0:
            raise Refusal(413, LARGE)
        self._taken += size
        self._budget.left -= size
        if self._budget.left < 0:
            raise Refusal(503, BUSY)
        return message


def check_form(form: bytes, kind: bytes) -> None:
    """Refuses a form that does not end as its header promises, or has too many parts."""
    boundary = parse_options_header(kind)[1].get(b"boundary")
    end = b"\r\n--" + (boundary or b"") + b"--"
    if not boundary or not form.endswith((end, end + b"\r\n")):
        raise Refusal(400, TORN)
    if form.count(b"--" + boundary) > MAX_PARTS + 1:
        raise Refusal(413, PARTS)
