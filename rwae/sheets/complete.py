"""Draws the missing cells of a sheet from the given ones.

Every pixel is copied from a given cell by `rwae.sheets.copying`, so no colour is new. The cells of
walking are its sources. Where one of them is missing, it is first filled by the nearest given cell
of its direction, or guessed if there is none (`rwae.sheets.guess`), and what is drawn from it is a
draft.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from rwae.errors import ClipError
from rwae.files.sheet_layout import ROWS, pack_pixels, unpack_pixels
from rwae.sheets.copying import CopyingDecoder, load_decoder
from rwae.sheets.guess import guess_walking
from rwae.sheets.sheet import Sheet
from rwae.sheets.sources import WALK, WALK_ROWS, sources_of

# From 0 to 1: what part of the work is done. It may raise to stop.
Progress = Callable[[float], None]
DRAFT_CONFIDENCE = 0.8  # a cell of less is a draft: an artist should look at it
# Expected share of right pixels of a cell of walking that is filled by another cell.
FILLED_CONFIDENCE = 0.5
_MIRRORED = {"left": "right", "right": "left"}


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
            "given": int((self.sheet.given & ~self.made).sum()),
            "drawn": int(self.made.sum()),
            "drafts": int(self.drafts.sum()),
            "missing": int(self.sheet.missing.sum()),
            "kept_below": self.sheet.rows_below,
            "rows": rows,
        }

    def _status(self, row: int, column: int) -> str:
        """What a cell is: "given", "drawn", "draft" or "missing"."""
        if self.made[row, column]:
            return "draft" if self.drafts[row, column] else "drawn"
        return "given" if self.sheet.given[row, column] else "missing"


@cache
def shipped_decoder() -> CopyingDecoder:
    """The copying decoder that comes with the project."""
    return load_decoder()


def complete(
    sheet: Sheet,
    rows: Collection[str] | None = None,
    progress: Progress | None = None,
    decoder: CopyingDecoder | None = None,
    guess: bool = True,
) -> Completion:
    """Draws the missing cells of a sheet.

    Left and right are drawn from each other. A direction of which no cell is given is guessed, or
    stays missing.

    Args:
        sheet: of which some cells are given.
        rows: keys of the rows whose cells are wanted, such as "slash, front"; all by default.
        progress: is told what part of the work is done.
        decoder: that copies pixels; the shipped one by default.
        guess: whether directions of which nothing is given are guessed.

    Raises:
        ClipError: if a row is unknown.
        CheckpointError: if the decoder's file is missing or damaged.
    """
    require_known_rows(rows)
    decoder = decoder or shipped_decoder()
    colours = packed_colours(sheet.cells)
    trust = np.where(sheet.given, 1.0, 0.0)
    fill_walking(colours, trust)
    if guess:
        guess_walking(colours, trust)
    confidence = np.zeros(colours.shape, np.float32)
    confidence[sheet.given] = 1
    made = np.zeros_like(sheet.given)
    wanted = [
        (row.number, column)
        for row in ROWS
        if rows is None or row.key in rows
        for column in np.flatnonzero(sheet.missing[row.number]).tolist()
    ]
    drawn = colours.copy()
    familiarity = decoder.familiarity(colours) if wanted else 0.0
    for done, (row, column) in enumerate(wanted):
        if progress is not None:
            progress(done / len(wanted))
        if row in WALK_ROWS:
            confidence[row, column] = trust[row, column]
            made[row, column] = trust[row, column] > 0
            continue
        known_share = min(trust[one.row, one.column] for one in sources_of(row, column))
        if known_share > 0:
            cell = decoder.draw(colours, row, column, familiarity)
            drawn[row, column] = cell.colours
            confidence[row, column] = cell.confidence * known_share
            made[row, column] = True
    if progress is not None:
        progress(1.0)
    cells = np.where(made[..., None, None, None], unpack_pixels(drawn), sheet.cells)
    return Completion(replace(sheet, cells=cells), made, confidence)


def require_known_rows(rows: Collection[str] | None) -> None:
    """Refuses keys of rows that the layout has not; None stands for all rows.

    Raises:
        ClipError: naming the first one.
    """
    known = [row.key for row in ROWS]
    if unknown := sorted(set(rows or ()) - set(known)):
        raise ClipError(f"There is no row {unknown[0]!r}: choose one of {'; '.join(known)}.")


def fill_walking(colours: np.ndarray, trust: np.ndarray) -> None:
    """Fills missing cells of walking by the nearest given cell of the direction, in place.

    Args:
        colours: packed, with shape (21, 13, 64, 64).
        trust: 1 where a cell is given, with shape (21, 13); filled cells get their confidence.
    """
    given = trust == 1
    for number in WALK_ROWS:
        direction = ROWS[number].direction
        for way, mirrored in ((direction, False), (_MIRRORED.get(direction), True)):
            rows = [row.number for row in ROWS if row.direction == way and given[row.number].any()]
            # Cells of walking first, then those of other actions.
            rows.sort(key=lambda row: row not in WALK_ROWS)
            if not rows or given[number, : WALK.columns].all():
                continue
            source = np.flatnonzero(given[rows[0]])
            for column in np.flatnonzero(trust[number, : WALK.columns] == 0).tolist():
                nearest = source[np.abs(source - column).argmin()]
                cell = colours[rows[0], nearest]
                colours[number, column] = cell[:, ::-1] if mirrored else cell
                trust[number, column] = FILLED_CONFIDENCE


def packed_colours(cells: np.ndarray) -> np.ndarray:
    """RGBA bytes (..., 4) as one number for each pixel; 0 for all that are transparent."""
    return np.where(cells[..., 3] == 0, np.uint32(0), pack_pixels(cells))
