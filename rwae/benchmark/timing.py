"""Times of calls that take turns, so that a busy machine slows all of them alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

WARM_UP = 2

Call = Callable[[], object]


@dataclass(frozen=True)
class Times:
    """Seconds of one call, over all rounds.

    Attributes:
        values: in the order of the rounds, at least two of them.
    """

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """In seconds."""
        return statistics.median(self.values)

    @property
    def milliseconds(self) -> str:
        """Median, least and most."""
        low, high = 1e3 * min(self.values), 1e3 * max(self.values)
        return f"{1e3 * self.median:.2f} ms ({low:.2f} to {high:.2f})"


@dataclass(frozen=True)
class Ratio:
    """How much longer one call takes than another: the quartiles over the rounds."""

    low: float
    median: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f} to {self.high:.2f})"


def interleave(calls: Mapping[str, Call], rounds: int) -> dict[str, Times]:
    """Times the calls in turn, `rounds` times after two rounds of warm-up.

    A call on an accelerator is timed until the accelerator has done it.
    """
    wait = torch.accelerator.synchronize if torch.accelerator.is_available() else _nothing
    values: dict[str, list[float]] = {name: [] for name in calls}
    for round_number in range(rounds + WARM_UP):
        for name, call in calls.items():
            wait()
            begin = time.perf_counter()
            call()
            wait()
            if round_number >= WARM_UP:
                values[name].append(time.perf_counter() - begin)
    return {name: Times(tuple(taken)) for name, taken in values.items()}


def ratio(first: Times, second: Times) -> Ratio:
    """The quartiles of the ratios of the calls of the same round, first to second."""
    pairs = [a / b for a, b in zip(first.values, second.values, strict=True)]
    return Ratio(*statistics.quantiles(pairs, n=4))


def _nothing() -> None:
    """What waits for a CPU, which is never behind."""
