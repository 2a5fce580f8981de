"""Limits of the operating system on this process, where the platform has them.

Windows has none of these: there, only the time limit of the app holds.
"""

from __future__ import annotations

import sys
from contextlib import suppress

if sys.platform != "win32":
    import resource

MAX_MEMORY = 3 * 2**29  # bytes of address space: 1.5 GiB
MAX_OPEN_FILES = 24


def limit_for_good() -> None:
    """Limits memory and open files, and forbids writing to files, until the process ends."""
    _limit("RLIMIT_AS", MAX_MEMORY)
    _limit("RLIMIT_FSIZE", 0)
    _limit("RLIMIT_NOFILE", MAX_OPEN_FILES)
    _limit("RLIMIT_CORE", 0)


def allow_time(seconds: int) -> None:
    """Lets the process use some more seconds of processor time; then the system ends it."""
    if sys.platform != "win32":
        used = resource.getrusage(resource.RUSAGE_SELF)
        soft = int(used.ru_utime + used.ru_stime) + 1 + seconds
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def _limit(name: str, limit: int) -> None:
    # macOS refuses some of these; the others hold all the same.
    if sys.platform != "win32" and hasattr(resource, name):
        with suppress(ValueError, OSError):
            resource.setrlimit(getattr(resource, name), (limit, limit))
