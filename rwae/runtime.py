"""The process that a model runs in: device, threads, memory, and turns at the model."""

from __future__ import annotations

import ctypes
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from rwae.errors import ConfigError, RWAEError

TRIM_INTERVAL = 10.0  # seconds between two times that freed memory is returned
# The numbers by which glibc knows its settings (mallopt(3)).
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -2, -3, -8


@contextmanager
def without_proxies() -> Iterator[None]:
    """Hides the proxies of the environment, such as HTTP_PROXY and ALL_PROXY, from HTTP clients.

    Gradio asks the app's own address, which a proxy cannot reach.
    """
    names = [name for name in os.environ if name.lower().endswith("_proxy")]
    before = {name: os.environ.pop(name) for name in names}
    try:
        yield
    finally:
        os.environ.update(before)


def choose_device(name: str | None = None) -> torch.device:
    """Picks the device that a model runs on.

    Args:
        name: "cuda", "cuda:1", "mps" or "cpu". By default, and for "auto", the first of these
            that is on this machine.

    Raises:
        ConfigError: if the device is unknown or not on this machine.
    """
    if name is None or name == "auto":
        return torch.device(_available()[0])
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ConfigError(
            f"There is no device called {name!r}: choose one of {', '.join(_available())}."
        ) from error
    count = torch.cuda.device_count() if device.type == "cuda" else 1
    if device.type not in _available() or (device.index or 0) >= count:
        raise ConfigError(
            f"The device {name} is not on this machine: choose one of {', '.join(_available())}."
        )
    return device


def _available() -> list[str]:
    """The kinds of device on this machine, fastest first."""
    kinds = []
    if torch.cuda.is_available():
        kinds.append("cuda")
    if torch.backends.mps.is_available():
        kinds.append("mps")
    return [*kinds, "cpu"]


def device_label(device: torch.device) -> str:
    """The name of a device for people, such as "Apple GPU"."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return {"mps": "Apple GPU", "cpu": "CPU"}.get(device.type, str(device))


def use_threads(count: int) -> None:
    """Sets the number of CPU threads that torch uses in this process.

    Raises:
        ConfigError: if it is less than one.
    """
    if count < 1:
        raise ConfigError(f"The number of threads is {count}: it needs to be at least 1.")
    torch.set_num_threads(count)


def serve_with_one_thread(device_name: str | None = None) -> None:
    """For a server: one CPU thread for each clip, if the models run on the CPU.

    A clip is too little work for two threads: they take up to four times as long as one when other
    visitors, other programs and the decoder of uploads use the cores.

    Args:
        device_name: see `choose_device`.

    Raises:
        ConfigError: as `choose_device`.
    """
    if choose_device(device_name).type == "cpu":
        use_threads(1)


def fast_precision(device: torch.device) -> torch.dtype:
    """The precision in which a step of training is quickest on a device.

    That is bfloat16 on a CPU that multiplies it in hardware, where it takes about 0.6 times as
    long, and else float32.
    """
    found = torch.cpu.get_capabilities() if device.type == "cpu" else {}
    fast = found.get("avx512_bf16") or found.get("amx_bf16")
    return torch.bfloat16 if fast else torch.float32


def autocast(device: torch.device, precision: torch.dtype) -> torch.autocast:
    """Computes in a lower precision where that is safe; float32 changes nothing."""
    mixed = precision is not torch.float32
    return torch.autocast(device.type, precision if mixed else None, enabled=mixed)


def keep_freed_memory() -> None:
    """For training: the C library keeps freed memory for the next step. Only glibc has this.

    By default glibc returns large blocks to the kernel at every operation, which takes up to a
    third of the time of a training on CPU.
    """
    _set_malloc({_MMAP_THRESHOLD: 2**30, _TRIM_THRESHOLD: 2**31 - 1, _TOP_PAD: 2**26})


def return_freed_memory() -> None:
    """For a server: threads share their heaps, and freed memory goes back to the system.

    By default glibc gives each thread a heap of its own, which never shrinks. Only glibc has
    this.
    """
    _set_malloc({_ARENA_MAX: 2})
    trim = getattr(_libc(), "malloc_trim", None)
    if trim is not None:
        threading.Thread(target=_keep_trimming, args=(trim,), name="trim", daemon=True).start()


def _keep_trimming(trim: Callable[[int], int]) -> None:
    while True:
        time.sleep(TRIM_INTERVAL)
        trim(0)


def _set_malloc(settings: dict[int, int]) -> None:
    mallopt = getattr(_libc(), "mallopt", None)
    if mallopt is not None:
        for name, value in settings.items():
            mallopt(name, value)


def _libc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None) if os.name == "posix" else None


@contextmanager
def turn(
    places: threading.Lock | threading.Semaphore, seconds: float, busy: str
) -> Iterator[None]:
    """Holds one of a few places inside the `with`.

    Args:
        places: a lock, or a semaphore for as many callers as may work at once.
        seconds: the longest that a caller waits for a place.
        busy: the message for a caller who waited that long.

    Raises:
        RWAEError: if no place became free.
    """
    if not places.acquire(timeout=seconds):
        raise RWAEError(busy)
    try:
        yield
    finally:
        places.release()
