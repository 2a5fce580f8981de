"""`metrics.jsonl`: one JSON object a line, with the step, the terms and the speed."""

from __future__ import annotations

import json
import time
from pathlib import Path

from torch import Tensor

from rwae.files.checkpoint import atomic

METRICS_FILE = "metrics.jsonl"


class Metrics:
    """The log of a run, which an interruption leaves without a gap or a repeated line."""

    def __init__(self, folder: Path, step: int) -> None:
        """Goes on after a step: lines behind it, and lines torn by a crash, are dropped."""
        self.path = folder / METRICS_FILE
        self.time, self.step = time.monotonic(), step
        if self.path.exists():
            lines = self.path.read_text("utf-8", "replace").splitlines(keepends=True)
            with atomic(self.path) as path:
                path.write_text("".join(line for line in lines if _step_of(line) <= step), "utf-8")

    def write(self, step: int, terms: dict[str, Tensor], norm: float, batch: int) -> None:
        """Adds a line; the speed is that since the line before.

        Args:
            step: number of steps taken.
            terms: of the last of them, before they are weighted.
            norm: of its gradient.
            batch: clips in a step, over all ranks.
        """
        now = time.monotonic()
        speed = batch * (step - self.step) / max(now - self.time, 1e-9)
        self.time, self.step = now, step
        line = {"step": step, **{name: round(term.item(), 6) for name, term in terms.items()}}
        line |= {"gradient_norm": round(norm, 3), "clips_per_second": round(speed, 1)}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def _step_of(line: str) -> float:
    """The step of a line; infinite for a line that is not whole."""
    try:
        return json.loads(line)["step"]
    except (ValueError, KeyError, TypeError):
        return float("inf")
