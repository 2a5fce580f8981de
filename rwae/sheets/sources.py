"""Where the pixels of a cell may be copied from: cells of walking, which most sheets have.

An action shows the body from the same side as walking in the row's direction. A figure that is
hurt falls, and in its last cells it lies as if seen from behind and upside down.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rwae.files.sheet_layout import ACTIONS, CELL_SIDE, ROWS

REACH = 10  # pixels that a copied pixel may move, in each direction
WALK = next(action for action in ACTIONS if action.name == "walk")
WALK_ROWS = tuple(row.number for row in ROWS if row.action is WALK)
# Row and column of all cells that are copied together: those of every other action.
TARGETS = tuple(
    (row.number, column)
    for row in ROWS
    if row.action is not WALK
    for column in range(row.action.columns)
)


@dataclass(frozen=True)
class Source:
    """A cell of walking, as it is or turned.

    Attributes:
        row: of the cell.
        column: of the cell.
        turned: whether the cell is turned by 180 degrees.
    """

    row: int
    column: int
    turned: bool = False


def sources_of(row: int) -> tuple[Source, ...]:
    """The sources of the cells of a row, in [0, 21), in a fixed order."""
    place = ROWS[row]
    if place.action.name != "hurt":
        return _cells(place.direction)
    return (
        *_cells("front"),
        *_cells("back"),
        *_cells("back", turned=True),
        *_cells("front", turned=True),
    )


def standing_cell(row: int) -> tuple[int, int]:
    """Row and column of the cell of walking in which the figure of a row stands still."""
    return _walk_row(ROWS[row].direction), 0


def padded(cell: np.ndarray, turned: bool) -> np.ndarray:
    """A cell (64, 64, ...) with `REACH` empty pixels on each side, turned if the source is."""
    inner = cell[::-1, ::-1] if turned else cell
    side = CELL_SIDE + 2 * REACH
    result = np.zeros((side, side, *cell.shape[2:]), cell.dtype)
    result[REACH:-REACH, REACH:-REACH] = inner
    return result


def _cells(direction: str, turned: bool = False) -> tuple[Source, ...]:
    row = _walk_row(direction)
    return tuple(Source(row, column, turned) for column in range(WALK.columns))


def _walk_row(direction: str) -> int:
    return WALK.first_row + WALK.directions.index(direction)
