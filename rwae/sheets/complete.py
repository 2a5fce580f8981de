"""Draws the missing cells of a sheet from the given ones."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rwae.errors import ClipError
from rwae.files.sheet_layout import ROWS
from rwae.sheets.sheet import Sheet

# From 0 to 1: what part of the work is done. It may raise to stop.
Progress = Callable[[float], None]
DRAFT_CONFIDENCE = 0.8  # a cell of less is a draft: an artist should look at it


@dataclass(frozen=True)
class Completion:
    """A completed sheet.

    Attributes:
        sheet: with all cells that were asked for. Given cells are as they were, byte for byte.
        made: which cells were drawn, with shape (21, 13).
        confidence: the probability that a pixel is right, in [0, 1], with shape (21, 13, 64, 64);
            1 where a cell is given, 0 where one is missing.
    """

    sheet: Sheet
    made: np.ndarray
    confidence: np.ndarray

    @property
    def cell_confidence(self) -> np.ndarray:
        """The expected share of right pixels in the figure of each cell, with shape (21, 13)."""
        shown = self.sheet.cells[..., 3] > 0
        total = np.where(shown, self.confidence, 0).sum((2, 3))
        share: np.ndarray = total / np.maximum(shown.sum((2, 3)), 1)
        return share

    @property
    def drafts(self) -> np.ndarray:
        """Which drawn cells are unsure, with shape (21, 13)."""
        drafts: np.ndarray = self.made & (self.cell_confidence < DRAFT_CONFIDENCE)
        return drafts

    def report(self) -> dict[str, Any]:
        """What was done, as JSON values: each cell, and how sure the drawn ones are."""
        confidence = self.cell_confidence
        rows = {
            row.key: [
                {
                    "cell": column + 1,
                    "status": self._status(row.number, column),
                    **(
                        {"confidence": round(float(confidence[row.number, column]), 3)}
                        if self.made[row.number, column]
                        else {}
                    ),
                }
                for column in range(row.action.columns)
            ]
            for row in ROWS
        }
        return {
            "given": int(self.sheet.given.sum() - self.made.sum()),
            "drawn": int(self.made.sum()),
            "drafts": int(self.drafts.sum()),
            "kept_below": self.sheet.rows_below,
            "rows": rows,
        }

    def _status(self, row: int, column: int) -> str:
        """What a cell is: "given", "drawn", "draft" or "missing"."""
        if self.made[row, column]:
            return "draft" if self.drafts[row, column] else "drawn"
        return "given" if self.sheet.given[row, column] else "missing"


def complete(
    sheet: Sheet, rows: Collection[str] | None = None, progress: Progress | None = None
) -> Completion:
    """Draws the missing cells of a sheet.

    Args:
        sheet: of which some cells are given.
        rows: keys of the rows whose cells are wanted, such as "slash, front"; all by default.
        progress: is told what part of the work is done.

    Raises:
        ClipError: if a row is unknown, or too little is given.
    """
    known = [row.key for row in ROWS]
    if unknown := sorted(set(rows or ()) - set(known)):
        raise ClipError(f"There is no row {unknown[0]!r}: choose one of {'; '.join(known)}.")
    wanted = np.zeros_like(sheet.given)
    for row in ROWS:
        if rows is None or row.key in rows:
            wanted[row.number] = sheet.missing[row.number]
    cells, confidence = copy_nearest(sheet, wanted)
    if progress is not None:
        progress(1.0)
    return Completion(replace(sheet, cells=cells), wanted, confidence)


def copy_nearest(sheet: Sheet, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The trivial program: each wanted cell shows a given cell of the same direction."""
    given = sheet.given
    cells = sheet.cells.copy()
    confidence = np.where(given[..., None, None], 1.0, 0.0).astype(np.float32)
    confidence = np.broadcast_to(confidence, cells.shape[:-1]).copy()
    for row in ROWS:
        same = [r for r in ROWS if r.direction == row.direction and given[r.number].any()]
        source = next((r for r in same if r.action.name == "walk"), same[0] if same else None)
        if source is None:
            source = next(r for r in ROWS if given[r.number].any())
        column = int(np.flatnonzero(given[source.number])[0])
        for place in np.flatnonzero(wanted[row.number]):
            cells[row.number, place] = sheet.cells[source.number, column]
            confidence[row.number, place] = 0.4
    return cells, confidence
