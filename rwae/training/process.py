"""What a training asks of its process: to stop politely."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


class Flag:
    """Set by a signal, looked at once a step."""

    def __init__(self) -> None:
        self._set = False

    def set(self, *_: object) -> None:
        self._set = True

    def is_set(self) -> bool:
        return self._set


@contextmanager
def asked_to_stop() -> Iterator[Flag]:
    """A flag that SIGTERM and Ctrl-C set in place of ending the process."""
    flag = Flag()
    before = {
        number: signal.signal(number, flag.set) for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield flag
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
