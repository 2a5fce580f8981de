"""What was measured, as a table for a terminal or for the README."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rwae.benchmark.contenders import Contender
from rwae.benchmark.timing import Times, ratio

Table = list[list[str]]


@dataclass(frozen=True)
class Measured:
    """A contender and what it did.

    Attributes:
        contender: who.
        times: of each of its calls, by task.
        operations: floating point operations of a clip, by task.
        peak: operations per second of a large matrix product in the same run, by task.
    """

    contender: Contender
    times: dict[str, Times]
    operations: dict[str, float]
    peak: dict[str, float]

    def clips_per_second(self, task: str) -> float:
        """At the median time."""
        return self.contender.clips(task) / self.times[task].median

    def share(self, task: str) -> float:
        """Operations per second over those of the large product, both at their median times."""
        return self.clips_per_second(task) * self.operations[task] / self.peak[task]

    def speed(self, task: str) -> str:
        """A training step in clips per second, a call on one clip in milliseconds."""
        if task == "train":
            return f"{self.clips_per_second(task):.1f} clips/s"
        return self.times[task].milliseconds


def table(measured: Sequence[Measured]) -> Table:
    """A column for each contender, the first of which is ours, and a head.

    "Our time / theirs" is the median over the rounds, and in brackets the quartiles.
    """
    first = measured[0]

    def row(name: str, task: str, cell: Callable[[Measured], str]) -> list[str]:
        return [name, *(cell(m) if task in m.times else "" for m in measured)]

    def compared(m: Measured, task: str) -> str:
        here = m is not first and task in first.times
        return str(ratio(first.times[task], m.times[task])) if here else ""

    rows = [
        ["", *(m.contender.title for m in measured)],
        ["parameters", *(f"{m.contender.parameters / 1e6:.2f} M" for m in measured)],
    ]
    for task, name in (("encode", "encode"), ("decode", "decode"), ("train", "training")):
        rows += [
            row(name, task, lambda m, task=task: m.speed(task)),
            row("our time / theirs", task, lambda m, task=task: compared(m, task)),
            row("GFLOP a clip", task, lambda m, task=task: f"{m.operations[task] / 1e9:.2f}"),
            row("share of the peak", task, lambda m, task=task: f"{m.share(task):.0%}"),
        ]
    return rows


def markdown(rows: Table) -> str:
    """The table as GitHub shows it: names to the left, figures to the right."""
    head, *body = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([head, "|---" + "|---:" * (len(rows[0]) - 1) + "|", *body])


def text(rows: Table) -> str:
    """The table in columns of spaces."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    return "\n".join(lines)
