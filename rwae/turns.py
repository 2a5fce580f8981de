"""Taking turns: a few threads at once, and a plain sentence for those who waited in vain."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock, Semaphore

from rwae.errors import RWAEError


@contextmanager
def turn(places: Lock | Semaphore, seconds: float, busy: str) -> Iterator[None]:
    """Holds one of the places inside the `with`.

    Args:
        places: as many as may be taken at once.
        seconds: that a caller waits for one.
        busy: what a caller is told who waited so long.

    Raises:
        RWAEError: if no place became free.
    """
    if not places.acquire(timeout=seconds):
        raise RWAEError(busy)
    try:
        yield
    finally:
        places.release()
