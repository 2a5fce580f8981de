"""What the operator learns of trouble: a line of JSON each, on the error stream.

A line tells what happened and where in the program, and nothing of the person: no address, no
name, no path that they typed, no number that they sent, and so no message of an exception either.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

from gradio import queueing

_LOGGER = logging.getLogger("rwae.ui")
DEPTH = 6  # places in the program that are told of an error, the innermost first


def begin() -> None:
    """Has Gradio's queue note errors here: it would print them, with all that a caller sent."""
    queueing.traceback = SimpleNamespace(print_exc=lambda: failed("queue", sys.exc_info()[1]))


def refused(status: int, route: str, why: str) -> None:
    """Notes a request that was turned away.

    Args:
        status: of the answer, by the numbers of HTTP.
        route: one of the app's own, or "other": what a visitor typed is not repeated.
        why: a few words.
    """
    _note("refused", status=status, route=route, why=why)


def failed(function: str, error: BaseException) -> None:
    """Notes an error that nobody expected.

    Args:
        function: of the server, that was asked.
        error: whose kind and places are told; its message, which may hold what was sent, is not.
    """
    trail = traceback.extract_tb(error.__traceback__)[-DEPTH:]
    places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(trail)]
    _note("failed", function=function, error=type(error).__name__, places=places)


def _note(event: str, **facts: object) -> None:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    _LOGGER.warning(json.dumps({"time": now, "event": event} | facts))
