"""Reads the rows of a sprite sheet that someone brings; see `rwae.files.sheet_layout`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rwae.errors import ClipError
from rwae.files.sheet_layout import (
    ACTIONS,
    BENCHMARK_ROWS,
    CELL_SIDE,
    LEARNED_ROWS,
    ROWS,
    split_cells,
)

ALL_CELLS = "all cells"  # key of a single row that is played from its first cell to its last
_DEFAULT_KEY = "walk, front"
_ROWS_OF_ACTION = 4


@dataclass(frozen=True)
class FoundRow:
    """A row of a sheet that holds something.

    Attributes:
        key: such as "walk, front"; a row that stands alone is called by its action.
        action: such as "walk".
        direction: such as "front"; None if nobody knows.
        frames: RGBA bytes in playing order, with shape (K, 64, 64, 4).
        in_benchmark: whether the Sprites benchmark has a clip of this row.
    """

    key: str
    action: str
    direction: str | None
    frames: np.ndarray
    in_benchmark: bool


def find_rows(picture: np.ndarray) -> list[FoundRow]:
    """The rows of a sheet that hold something, from the top.

    Args:
        picture: RGBA bytes with shape (R * 64, N * 64, 4). Four rows are one action, whose number
            of cells says which; more rows are those of a whole sheet from its top.

    Raises:
        ClipError: if the picture has other sides, two or three rows, or nothing in any of them.
    """
    height, width = picture.shape[:2]
    rows = height // CELL_SIDE
    if height % CELL_SIDE or width % CELL_SIDE or 1 < rows < _ROWS_OF_ACTION:
        raise ClipError(
            f"The picture has {width} x {height} pixels: a sprite sheet has cells of 64 x 64, in "
            "1, 4 or 21 rows. Cut it to such rows, or save an image strip of square frames."
        )
    cells = split_cells(picture)
    filled = _filled(cells)
    if rows == _ROWS_OF_ACTION:
        found = _rows_of_action(cells, filled)
    else:
        found = [
            FoundRow(
                row.key,
                row.action.name,
                row.direction,
                _played(cells[row.number], filled[row.number], row.action.played),
                row.key in LEARNED_ROWS["sprites"],
            )
            for row in ROWS
            if row.number < rows and filled[row.number].any()
        ]
    if not found:
        raise ClipError("The sprite sheet is empty: choose one with a character in its cells.")
    return found


def find_single_row(cells: np.ndarray) -> list[FoundRow]:
    """What a single row of cells may show: the action with so many cells, or just these cells.

    Args:
        cells: RGBA bytes with shape (N, 64, 64, 4).

    Returns:
        The readings, the likelier one first; none if no action of the benchmark has as many cells
        as hold something.
    """
    filled = _filled(cells[None])[0]
    count = int(filled.sum())
    action = next((one for one in ACTIONS if one.columns == count), None)
    names = {row.action.name for row in BENCHMARK_ROWS.values()}
    if action is None or action.name not in names or not filled[:count].all():
        return []
    played = FoundRow(action.name, action.name, None, cells[list(action.played)], True)
    return [played, FoundRow(ALL_CELLS, action.name, None, cells[:count], False)]


def choose_row(rows: list[FoundRow], key: str | None) -> FoundRow:
    """The row of a key; without one the walk to the front, or the first that models learn from.

    Raises:
        ClipError: if no row has the key.
    """
    if key is not None:
        chosen = next((row for row in rows if row.key == key), None)
        if chosen is None:
            known = "; ".join(row.key for row in rows)
            raise ClipError(f"The sprite sheet has nothing in that row: choose one of {known}.")
        return chosen
    first = next((row for row in rows if row.key == _DEFAULT_KEY), None)
    return first or next((row for row in rows if row.in_benchmark), rows[0])


def _rows_of_action(cells: np.ndarray, filled: np.ndarray) -> list[FoundRow]:
    """The rows of one action: to the back, left, front and right."""
    count = int(filled.any(0).sum())
    action = next((one for one in ACTIONS if one.columns == count), None)
    if action is None:
        raise ClipError(
            f"The rows of the sprite sheet have {count} cells: a walk has 9, casting a spell 7, "
            "slashing 6, thrusting 8 and shooting 13. Bring the rows of one action, or 21 rows."
        )
    return [
        FoundRow(
            f"{action.name}, {direction}",
            action.name,
            direction,
            _played(cells[number], filled[number], action.played),
            f"{action.name}, {direction}" in LEARNED_ROWS["sprites"],
        )
        for number, direction in enumerate(action.directions)
        if filled[number].any()
    ]


def _played(cells: np.ndarray, filled: np.ndarray, order: tuple[int, ...]) -> np.ndarray:
    """The cells of a row in playing order; empty ones are left out."""
    there = [column for column in order if column < len(cells) and filled[column]]
    return cells[there or np.flatnonzero(filled)]


def _filled(cells: np.ndarray) -> np.ndarray:
    """Which cells (R, N, 64, 64, 4) hold something: other than the colour of the first pixel.

    Where the first pixel is transparent, that is all that is not.
    """
    ground = cells[0, 0, 0, 0]
    there = cells[..., 3] > 0 if ground[3] == 0 else np.any(cells != ground, axis=4)
    filled: np.ndarray = np.any(there, axis=(2, 3))
    return filled
