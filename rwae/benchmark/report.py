"""Quartiles of measured values, and tables for a terminal or for Markdown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

Table = list[list[str]]  # rows of cells; the first row is the head


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which a share of the values lies, with linear interpolation.

    As `numpy.quantile`, but also for infinite values, of which NumPy makes "not a number".

    Args:
        values: at least one.
        share: from 0 to 1.
    """
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below, above = ordered[math.floor(place)], ordered[math.ceil(place)]
    if below == above:
        return below
    return below + (place - math.floor(place)) * (above - below)


@dataclass(frozen=True)
class Quartiles:
    """The three values that cut sorted measurements into four parts of the same size.

    Attributes:
        low: the first quartile.
        median: the second.
        high: the third.
    """

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Quartiles:
        """The quartiles of at least one value, with linear interpolation between neighbours."""
        return cls(*(quantile(values, share) for share in (0.25, 0.5, 0.75)))

    @classmethod
    def of_ratios(cls, first: Sequence[float], second: Sequence[float]) -> Quartiles:
        """The quartiles of first / second; values at the same place are of the same round.

        A ratio to nothing is infinite: a page may show no picture at all while it is dragged.
        """
        pairs = zip(first, second, strict=True)
        return cls.of([a / b if b else math.inf for a, b in pairs])

    def text(self, unit: str = "", digits: int = 2) -> str:
        """The median with its unit, and the other two quartiles in brackets."""
        low, median, high = (f"{v:.{digits}f}" for v in (self.low, self.median, self.high))
        return f"{median}{unit} ({low} to {high})"


def as_markdown(table: Table) -> str:
    """The table in Markdown: names to the left, figures to the right."""
    head, *body = ["| " + " | ".join(row) + " |" for row in table]
    return "\n".join([head, "|---" + "|---:" * (len(table[0]) - 1) + "|", *body])


def as_text(table: Table) -> str:
    """The table in columns, with spaces between them."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    )
    return "\n".join(lines)
