"""A sprite sheet that someone brings: its cells, which of them are given, and what lies below.

See `rwae.files.sheet_layout`. Sheets of newer generators have more rows below its 21, which are
kept as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from rwae.errors import ClipError
from rwae.files import video
from rwae.files.sheet_layout import (
    ACTIONS,
    CELL_SIDE,
    ROWS,
    SHEET_COLUMNS,
    SHEET_ROWS,
    SHEET_SIZE,
    SheetRow,
    join_cells,
    split_cells,
)

# The actions below the 21 rows in the sheets of the Universal LPC Spritesheet Character Generator,
# with the number of their rows.
_LATER_ACTIONS = (
    *(("climb", 1), ("idle", 4), ("jump", 4), ("sit", 4), ("emote", 4), ("run", 4)),
    *(("combat idle", 4), ("backslash", 4), ("halfslash", 4)),
)
_MOST_ROWS = 128
_ROWS_OF_ACTION = 4
# Which cells the layout has, with shape (21, 13): a row of walking has 9 of 13.
IN_LAYOUT = np.arange(SHEET_COLUMNS) < np.array([[row.action.columns] for row in ROWS])


@dataclass(frozen=True)
class Sheet:
    """The cells of a sheet.

    Attributes:
        cells: RGBA bytes with shape (21, 13, 64, 64, 4). What lies where the layout has no cell
            is kept as it is, like what lies below.
        below: what lies under the 21 rows, RGBA bytes with shape (R * 64, 832, 4), R >= 0.
    """

    cells: np.ndarray
    below: np.ndarray

    @property
    def given(self) -> np.ndarray:
        """Which cells of the layout hold anything, with shape (21, 13)."""
        given: np.ndarray = np.any(self.cells[..., 3], axis=(2, 3)) & IN_LAYOUT
        return given

    @property
    def missing(self) -> np.ndarray:
        """Which cells of the layout hold nothing, with shape (21, 13)."""
        missing: np.ndarray = IN_LAYOUT & ~self.given
        return missing

    @property
    def picture(self) -> np.ndarray:
        """The whole sheet: RGBA bytes with shape (1344 + R * 64, 832, 4)."""
        return np.concatenate([join_cells(self.cells), self.below])

    @property
    def rows_below(self) -> list[str]:
        """The names of the rows below that hold anything, such as "run"; they are kept as is."""
        names = [name for name, count in _LATER_ACTIONS for _ in range(count)]
        filled = self.below.reshape(-1, CELL_SIDE, SHEET_SIZE[0], 4)[..., 3].any((1, 2))
        found = [
            names[n] if n < len(names) else "another row" for n in np.flatnonzero(filled).tolist()
        ]
        return list(dict.fromkeys(found))

    def with_cell(self, row: int, column: int, pixels: np.ndarray) -> Sheet:
        """The same sheet with another cell.

        Args:
            row: of the cell, in [0, 21).
            column: of the cell, in [0, 13).
            pixels: RGBA bytes with shape (64, 64, 4); transparent ones make the cell missing.

        Raises:
            ClipError: if the layout has no such cell, or the pixels have another shape.
        """
        if not (0 <= row < SHEET_ROWS and 0 <= column < SHEET_COLUMNS and IN_LAYOUT[row, column]):
            raise ClipError(
                f"The layout has no cell {column + 1} in row {row + 1}: choose one that it has."
            )
        if pixels.shape != (CELL_SIDE, CELL_SIDE, 4):
            raise ClipError(
                f"The cell has {pixels.shape[1]} x {pixels.shape[0]} pixels: it needs 64 x 64."
            )
        cells = self.cells.copy()
        cells[row, column] = pixels
        return replace(self, cells=cells)


def read_sheet(path: Path, row: str | None = None) -> Sheet:
    """Reads a sheet from a file; see `parse_sheet`.

    Raises:
        ClipError: if it is no picture, or no sheet.
    """
    return parse_sheet(video.read_picture(path), row)


def parse_sheet(picture: np.ndarray, row: str | None = None) -> Sheet:
    """Finds the cells of a picture.

    Args:
        picture: RGBA bytes with shape (H, W, 4), transparent where nothing is drawn. It has 21
            rows or more of 13 cells of 64 x 64 pixels, the four rows of one action, or one row.
        row: of a picture of one row: which one, such as "walk, left". By default the action with
            so many cells to the front, or one that has room for them.

    Raises:
        ClipError: if it has another size, is empty or is not transparent anywhere.
    """
    height, width = picture.shape[:2]
    rows, columns = height // CELL_SIDE, width // CELL_SIDE
    if width > SHEET_SIZE[0] and rows >= SHEET_ROWS:
        raise ClipError(
            f"The picture is {width} pixels wide: a sprite sheet is {SHEET_SIZE[0]} wide, and "
            "wider only if rows of larger cells lie below. Cut it to the "
            f"{SHEET_SIZE[0]} pixels on the left, and leave those rows off."
        )
    whole = rows >= SHEET_ROWS and width == SHEET_SIZE[0]
    part = rows in (1, _ROWS_OF_ACTION) and 1 <= columns <= SHEET_COLUMNS
    if height % CELL_SIDE or width % CELL_SIDE or not (whole or part) or rows > _MOST_ROWS:
        raise ClipError(
            f"The picture has {width} x {height} pixels: a sprite sheet has cells of 64 x 64, 13 "
            "in each of 21 rows (832 x 1344) or more, or it is the four rows of one action or a "
            "single row. Save it in such a size."
        )
    shown = picture[..., 3] > 0
    if not shown.any():
        raise ClipError(
            "The sprite sheet is empty: choose one with a character in some of its cells."
        )
    if shown.all():
        raise ClipError(
            "The sprite sheet has no transparent pixel, so nobody can tell what is missing: save "
            "it as a PNG with a transparent ground."
        )
    cells = np.zeros((SHEET_ROWS, SHEET_COLUMNS, CELL_SIDE, CELL_SIDE, 4), np.uint8)
    below = np.zeros((0, SHEET_SIZE[0], 4), np.uint8)
    found = split_cells(picture)
    if whole:
        cells[:] = found[:SHEET_ROWS]
        below = picture[SHEET_ROWS * CELL_SIDE :].copy()
    else:
        for place, strip in zip(_rows_of_part(found, row), found, strict=True):
            cells[place.number, :columns] = strip
    sheet = Sheet(cells, below)
    if not sheet.given.any():
        raise ClipError(
            "The sprite sheet has nothing in the cells that its rows should have: put the frames "
            "of each action side by side from the left, as in the layout."
        )
    return sheet


def _rows_of_part(cells: np.ndarray, key: str | None) -> Sequence[SheetRow]:
    """Which rows of the layout some cells (R, N, 64, 64, 4) are, R being 1 or 4."""
    filled = np.flatnonzero(cells[..., 3].any((0, 2, 3)))
    count = int(filled[-1]) + 1 if len(filled) else 0
    if len(cells) == 1:
        return [_single_row(count, key)]
    action = next((one for one in ACTIONS if one.columns == count), None)
    rows = [row for row in ROWS if action is not None and row.action.name == action.name]
    if len(rows) != len(cells):
        counts = ", ".join(f"{one.name} {one.columns}" for one in ACTIONS)
        raise ClipError(
            f"The rows of the sprite sheet have {count} cells: the actions have {counts}. Bring "
            "the rows of one action, or the whole sheet."
        )
    return rows


def _single_row(count: int, key: str | None) -> SheetRow:
    """Which row of the layout one row of so many cells is; by default the likeliest one."""
    fronts = [row for row in ROWS if row.direction == "front"]
    # An unfinished row has fewer cells than its action. Most people begin with the walk.
    likely = sorted(
        (row for row in fronts if row.action.columns >= count),
        key=lambda row: (row.action.columns != count, row.action.name != "walk"),
    )
    if key is None:
        return likely[0]
    found = next((row for row in ROWS if row.key == key), None)
    if found is None or found.action.columns < count:
        known = "; ".join(row.key for row in ROWS if row.action.columns >= count)
        raise ClipError(f"The row has {count} cells and cannot be {key!r}: name one of {known}.")
    return found
