"""Where the pixels of a cell may be copied from: cells of walking, which most sheets have.

An action shows the body from the same side as walking in the row's direction. A figure that is
hurt sinks, and in its last cell it lies as if seen from behind and upside down.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rwae.files.sheet_layout import ACTIONS, CELL_SIDE, ROWS

REACH = 10  # pixels that a copied pixel may move, in each direction
MARGIN = REACH + 1  # empty pixels around a source: a neighbour of a copied pixel may be read too
WALK = next(action for action in ACTIONS if action.name == "walk")
WALK_ROWS = tuple(row.number for row in ROWS if row.action is WALK)
# Row and column of all cells that are copied together: those of every other action.
TARGETS = tuple(
    (row.number, column)
    for row in ROWS
    if row.action is not WALK
    for column in range(row.action.columns)
)


# The views of walking from which each cell of a hurt figure is copied: the direction, whether the
# view is turned by 180 degrees, and by how many rows it is moved down.
_HURT = (
    (("front", False, 0),),
    (("front", False, 0),),
    (("front", False, 8),),
    (("front", False, 13),),
    (("front", False, 23), ("back", False, 20)),
    (("back", True, 14), ("front", True, 14), ("front", False, 25)),
)


@dataclass(frozen=True)
class Source:
    """A cell of walking, as it is or turned.

    Attributes:
        row: of the cell.
        column: of the cell.
        turned: whether the cell is turned by 180 degrees.
        down: by how many rows the cell is moved down after that.
    """

    row: int
    column: int
    turned: bool = False
    down: int = 0


def sources_of(row: int, column: int) -> tuple[Source, ...]:
    """The sources of a cell of an action other than walking, in a fixed order."""
    place = ROWS[row]
    if place.action.name != "hurt":
        return _cells(place.direction)
    return tuple(
        source
        for direction, turned, down in _HURT[column]
        for source in _cells(direction, turned, down)
    )


def standing_cell(row: int) -> tuple[int, int]:
    """Row and column of the cell of walking in which the figure of a row stands still."""
    return _walk_row(ROWS[row].direction), 0


def padded(cell: np.ndarray, source: Source) -> np.ndarray:
    """A cell (64, 64, ...) turned and moved as a source is, with `MARGIN` empty pixels around."""
    inner = cell[::-1, ::-1] if source.turned else cell
    side = CELL_SIDE + 2 * MARGIN
    result = np.zeros((side, side, *cell.shape[2:]), cell.dtype)
    top = MARGIN + source.down
    bottom = min(top + CELL_SIDE, side)
    skipped = max(-top, 0)
    result[top + skipped : bottom, MARGIN:-MARGIN] = inner[skipped : bottom - top]
    return result


def _cells(direction: str, turned: bool = False, down: int = 0) -> tuple[Source, ...]:
    row = _walk_row(direction)
    return tuple(Source(row, column, turned, down) for column in range(WALK.columns))


def _walk_row(direction: str) -> int:
    return WALK.first_row + WALK.directions.index(direction)
