"""What the decoder may use of the machine, where the platform can hold it to that."""

from __future__ import annotations

from contextlib import suppress

try:
    import resource
except ImportError:  # Windows has none of this; the wall clock of the app is left
    resource = None

MEMORY = 3 * 2**29  # bytes of address space: 1.5 GiB
OPEN_FILES = 24


def give_up() -> None:
    """Gives up for good what decoding does not need: much memory, and writing to any file."""
    _limit("RLIMIT_AS", MEMORY)
    _limit("RLIMIT_FSIZE", 0)
    _limit("RLIMIT_NOFILE", OPEN_FILES)
    _limit("RLIMIT_CORE", 0)


def allow_time(seconds: int) -> None:
    """Lets the process work for some more seconds of processor time; then the system ends it."""
    if resource is not None:
        used = resource.getrusage(resource.RUSAGE_SELF)
        soft = int(used.ru_utime + used.ru_stime) + 1 + seconds
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def _limit(name: str, most: int) -> None:
    # macOS refuses some of these; the others hold all the same.
    if resource is not None and hasattr(resource, name):
        with suppress(ValueError, OSError):
            resource.setrlimit(getattr(resource, name), (most, most))
