"""Where a model runs: CUDA, then Apple's MPS, then the CPU."""

from __future__ import annotations

import torch

from rwae.errors import ConfigError


def choose(name: str | None = None) -> torch.device:
    """Picks a device, and checks a wish.

    Args:
        name: "cuda", "cuda:1", "mps" or "cpu"; the fastest that is there by default.

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


def use_threads(count: int) -> None:
    """Sets how many CPU threads torch uses.

    Raises:
        ConfigError: if it is less than one.
    """
    if count < 1:
        raise ConfigError(f"The number of threads is {count}: it needs to be at least 1.")
    torch.set_num_threads(count)


def autocast(device: torch.device, precision: torch.dtype) -> torch.autocast:
    """Computes in a lower precision where that is safe; float32 leaves everything as it is."""
    mixed = precision is not torch.float32
    return torch.autocast(device.type, precision if mixed else None, enabled=mixed)


def label(device: torch.device) -> str:
    """The device as a person would call it."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return {"mps": "Apple GPU", "cpu": "CPU"}.get(device.type, str(device))


def _available() -> list[str]:
    """The kinds of device on this machine, fastest first."""
    kinds = ["cuda"] * torch.cuda.is_available() + ["mps"] * torch.backends.mps.is_available()
    return [*kinds, "cpu"]
