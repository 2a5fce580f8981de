"""The layout of a sprite sheet of the Liberated Pixel Cup, which many games and generators share.

A sheet has 13 x 21 cells of 64 x 64 pixels. Four rows each hold an action to the back, left, front
and right, and the last row, to the front alone, a figure that is hurt and falls. A clip of eight
frames plays some of the cells of one row, as the Sprites benchmark does (Li and Mandt, 2018).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CELL_SIDE = 64  # pixels
SHEET_ROWS, SHEET_COLUMNS = 21, 13
SHEET_SIZE = SHEET_COLUMNS * CELL_SIDE, SHEET_ROWS * CELL_SIDE  # width and height, in pixels
CLIP_FRAMES = 8
DIRECTIONS = ("back", "left", "front", "right")  # in the order of the rows


@dataclass(frozen=True)
class SheetAction:
    """An action of a sheet.

    Attributes:
        name: of the action.
        first_row: the row of its first direction.
        columns: number of cells of a row.
        played: the columns of the eight frames of a clip, in playing order.
        directions: of its rows, from the top.
    """

    name: str
    first_row: int
    columns: int
    played: tuple[int, ...]
    directions: tuple[str, ...] = DIRECTIONS

    @property
    def cycle(self) -> tuple[int, ...]:
        """The columns that a game plays, in order: all but the one of walking that stands."""
        return tuple(range(self.name == "walk", self.columns))


ACTIONS = (
    SheetAction("spellcast", 0, 7, (0, 1, 2, 3, 4, 5, 4, 6)),
    SheetAction("thrust", 4, 8, (0, 1, 2, 3, 4, 5, 6, 7)),
    SheetAction("walk", 8, 9, (8, 1, 2, 3, 4, 5, 6, 7)),  # column 0 stands
    SheetAction("slash", 12, 6, (0, 1, 2, 3, 4, 5, 4, 0)),
    SheetAction("shoot", 16, 13, (0, 2, 4, 6, 8, 9, 10, 12)),
    SheetAction("hurt", 20, 6, (0, 1, 2, 3, 4, 5, 5, 5), ("front",)),
)


@dataclass(frozen=True)
class SheetRow:
    """One row of a sheet: an action in one direction.

    Attributes:
        action: what is done.
        direction: "back", "left", "front" or "right".
    """

    action: SheetAction
    direction: str

    @property
    def key(self) -> str:
        """The name of the row, such as "walk, front"."""
        return f"{self.action.name}, {self.direction}"

    @property
    def number(self) -> int:
        """The row of the sheet, from 0 at the top."""
        return self.action.first_row + self.action.directions.index(self.direction)


# All 21 rows, from the top.
ROWS = tuple(SheetRow(action, direction) for action in ACTIONS for direction in action.directions)
# The Sprites benchmark has walking, casting and slashing to the front, left and right, and calls
# casting by another name.
_BENCHMARK_NAMES = {"walk": "walk", "spellcast": "spellcard", "slash": "slash"}
# The nine rows of the benchmark by the names of its actions, such as "spellcard, left".
BENCHMARK_ROWS = {
    f"{_BENCHMARK_NAMES[row.action.name]}, {row.direction}": row
    for row in ROWS
    if row.action.name in _BENCHMARK_NAMES and row.direction != "back"
}
# The rows whose clips a data set has, by its name.
LEARNED_ROWS = {
    "sprites": frozenset(row.key for row in BENCHMARK_ROWS.values()),
    "lpc": frozenset(row.key for row in ROWS),
}


def pack_pixels(pixels: np.ndarray) -> np.ndarray:
    """RGBA bytes (..., 4) as one number for each pixel, with shape (...)."""
    packed: np.ndarray = np.ascontiguousarray(pixels).view(np.uint32)[..., 0]
    return packed


def unpack_pixels(packed: np.ndarray) -> np.ndarray:
    """The reverse of `pack_pixels`."""
    return np.ascontiguousarray(packed).view(np.uint8).reshape(*packed.shape, 4)


def split_cells(sheet: np.ndarray) -> np.ndarray:
    """Cuts rows of a sheet into cells: (R * 64, N * 64, C) -> (R, N, 64, 64, C)."""
    height, width, channels = sheet.shape
    rows, columns = height // CELL_SIDE, width // CELL_SIDE
    return sheet.reshape(rows, CELL_SIDE, columns, CELL_SIDE, channels).swapaxes(1, 2)


def join_cells(cells: np.ndarray) -> np.ndarray:
    """Puts cells together again: (R, N, 64, 64, C) -> (R * 64, N * 64, C)."""
    rows, columns, height, width, channels = cells.shape
    return cells.swapaxes(1, 2).reshape(rows * height, columns * width, channels)
