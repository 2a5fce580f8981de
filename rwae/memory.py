"""What a process does with memory that it no longer needs, where the C library is glibc."""

from __future__ import annotations

import ctypes
import os
import threading
import time

PAUSE = 10.0  # seconds between two times that freed memory is returned
# The numbers by which glibc knows its settings.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -2, -3, -8


def keep_freed_memory() -> None:
    """For training: keeps freed memory for the next step.

    By default glibc returns large blocks to the kernel at every operation, which takes up to a
    third of the time of a training on CPU.
    """
    _set({_MMAP_THRESHOLD: 2**30, _TRIM_THRESHOLD: 2**31 - 1, _TOP_PAD: 2**26})


def return_freed_memory() -> None:
    """For a server: threads share their memory, and what is free goes back to the system.

    By default each of many threads has a heap of its own, which stays as large as it ever was.
    """
    _set({_ARENA_MAX: 2})
    trim = getattr(_libc(), "malloc_trim", None)
    if trim is not None:
        threading.Thread(target=_keep_trimming, args=(trim,), name="trim", daemon=True).start()


def _keep_trimming(trim: ctypes._CFuncPtr) -> None:
    while True:
        time.sleep(PAUSE)
        trim(0)


def _set(settings: dict[int, int]) -> None:
    mallopt = getattr(_libc(), "mallopt", None)
    if mallopt is not None:
        for name, value in settings.items():
            mallopt(name, value)


def _libc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None) if os.name == "posix" else None
