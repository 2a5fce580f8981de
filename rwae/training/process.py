"""What a training asks of its process: to stop politely, and to keep its memory."""

from __future__ import annotations

import ctypes
import os
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


def keep_freed_memory() -> None:
    """Tells glibc to keep freed memory for the next step, where the C library is glibc.

    By default it returns large blocks to the kernel at every operation, which takes up to a
    third of the time of a training on CPU.
    """
    if os.name != "posix":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        trim_threshold, top_pad, mmap_threshold = -1, -2, -3
        mallopt(mmap_threshold, 2**30)
        mallopt(trim_threshold, 2**31 - 1)
        mallopt(top_pad, 2**26)
