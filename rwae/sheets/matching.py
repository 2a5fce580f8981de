"""Finds where the parts of a body went: which given cells show what a target cell shows.

The body that a layer is drawn for is known in the given cells and in the target cell. Where a
neighbourhood of the target cell looks like one of a given cell, the layer probably does so too.
Two pixels agree if their colours are equal, so all recolours of a body are matched in one way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from rwae.files.sheet_layout import CELL_SIDE
from rwae.sheets.sources import MARGIN, REACH, Source, padded

MOVES = 2 * REACH + 1  # that a pixel may make along one axis
# Pixels in the windows in which agreement is counted: 1 x 1, 3 x 3, 7 x 7, and four overlapping
# windows of 7 x 7 that together are 13 x 13.
WINDOW_PIXELS = (1, 9, 49, 196)
_MARGIN = 6  # pixels that the largest window reaches
# Each window counts alike but the pixel itself, which counts half; a shorter move is better.
_WEIGHTS = (882, 196, 36, 9)
_MOVE_COST = 18
_MASK_WINDOW = 3  # pixels around a layer that a rigid shift compares as well
_DISTANCE = np.abs(np.arange(-REACH, REACH + 1))


@dataclass(frozen=True)
class Box:
    """A part of a cell: rows top to bottom - 1 and columns left to right - 1."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width, in pixels."""
        return self.bottom - self.top, self.right - self.left


class BodyMatch:
    """How well each place of the given cells agrees with each pixel of a target cell.

    Attributes:
        sources: the given cells, S of them.
        box: the part of the target cell that is compared.
        counts: how many pixels agree in each window, for each move, source and pixel of the box,
            with shape (21, 21, S, h, w).
        best: of each source the move that agrees best, with shape (S, h, w), as its number of 441.
        score: how well it agrees, with the same shape.
    """

    def __init__(
        self, target: np.ndarray, sources: Sequence[Source], cells: np.ndarray, box: Box
    ) -> None:
        """Compares a body with itself.

        Args:
            target: colours of the body in the target cell, with shape (64, 64); 0 is transparent.
            sources: the given cells.
            cells: colours of the body in these, with shape (S, 64, 64), see `source_cells`.
            box: the part of the target cell.
        """
        self.sources, self.box = tuple(sources), box
        height, width = box.shape
        m = _MARGIN
        around = slice(box.top, box.bottom + 2 * m), slice(box.left, box.right + 2 * m)
        wanted = pad(target[None], m)[0][around]
        given = pad(cells, m + REACH)[
            :,
            box.top : box.bottom + 2 * (m + REACH),
            box.left : box.right + 2 * (m + REACH),
        ]
        shape = len(cells), height, width
        self.counts = [np.empty((MOVES, MOVES, *shape), np.uint8) for _ in WINDOW_PIXELS]
        self.best = np.zeros(shape, np.int16)
        self.score = np.full(shape, np.iinfo(np.int16).min, np.int16)
        for down in range(MOVES):
            for right in range(MOVES):
                part = given[:, down : down + height + 2 * m, right : right + width + 2 * m]
                windows = _count_windows((part == wanted).view(np.uint8), height, width)
                score = np.full(
                    shape, -_MOVE_COST * (_DISTANCE[down] + _DISTANCE[right]), np.int16
                )
                for count, window, weight in zip(self.counts, windows, _WEIGHTS, strict=True):
                    count[down, right] = window
                    score += window * np.int16(weight)
                better = score > self.score
                np.copyto(self.score, score, where=better)
                self.best[better] = down * MOVES + right

    def agreement(self, places: np.ndarray, pixels: np.ndarray) -> np.ndarray:
        """The share of pixels that agree in each window.

        Args:
            places: number of the source and the move, with shape (P, C, 3).
            pixels: row and column in the target cell, with shape (P, 2), inside the box.

        Returns:
            With shape (P, C, 4).
        """
        source, down, right = np.moveaxis(places, -1, 0)
        y, x = (pixels - [self.box.top, self.box.left]).T[:, :, None]
        index = down + REACH, right + REACH, source, y, x
        shares = [
            c[index] / np.float32(n) for c, n in zip(self.counts, WINDOW_PIXELS, strict=True)
        ]
        return np.stack(shares, -1)

    def nearest(self, pixels: np.ndarray, count: int) -> np.ndarray:
        """The places that agree best with some pixels (P, 2), at most one of each source.

        Returns:
            Number of the source and the move, the best first, with shape (P, count, 3).
        """
        y, x = (pixels - [self.box.top, self.box.left]).T
        score, move = self.score[:, y, x], self.best[:, y, x].astype(np.int64)
        order = np.argsort(-score, 0, kind="stable")[:count]
        move = np.take_along_axis(move, order, 0)
        places = np.stack([order, move // MOVES - REACH, move % MOVES - REACH], -1)
        return places.swapaxes(0, 1)

    def rigid_shift(self, shown: np.ndarray) -> tuple[tuple[int, int, int], float]:
        """The one source and move under which the body agrees best where a layer lies.

        Args:
            shown: whether the layer shows a pixel in each source, with shape (S, 64, 64).

        Returns:
            The number of the source, the move down and right, and the share that agrees.
        """
        near = box_sum(pad(shown.astype(np.uint8), REACH), _MASK_WINDOW) > 0
        size = near.sum((1, 2))
        height, width = self.box.shape
        part = near.view(np.uint8)[
            :,
            self.box.top : self.box.bottom + 2 * REACH,
            self.box.left : self.box.right + 2 * REACH,
        ]
        windows = sliding_window_view(part, (height, width), (1, 2))
        agreed = np.empty((len(near), MOVES, MOVES))
        for down in range(MOVES):
            for right in range(MOVES):
                both = windows[:, down, right] & self.counts[0][down, right]
                agreed[:, down, right] = both.sum((1, 2), dtype=np.int32)
        share = agreed / np.maximum(size, 1)[:, None, None]
        cost = 1e-4 * (_DISTANCE[:, None] + _DISTANCE)
        score = np.where(size[:, None, None] > 0, share - cost, -1.0)
        best = np.unravel_index(int(score.argmax()), score.shape)
        source, down, right = (int(number) for number in best)
        return (source, down - REACH, right - REACH), float(share[best])


def source_cells(sheet: np.ndarray, sources: Sequence[Source]) -> np.ndarray:
    """The cells of some sources, turned and moved as the sources are.

    Args:
        sheet: with shape (21, 13, 64, 64).
        sources: S of them.

    Returns:
        With shape (S, 64, 64).
    """
    inner = slice(MARGIN, -MARGIN)
    cells = [padded(sheet[source.row, source.column], source)[inner, inner] for source in sources]
    return np.stack(cells)


def pad(cells: np.ndarray, width: int) -> np.ndarray:
    """Cells (S, H, W) with `width` empty pixels on each side."""
    return np.pad(cells, ((0, 0), (width, width), (width, width)))


def box_sum(values: np.ndarray, side: int) -> np.ndarray:
    """Sums over windows of side x side pixels around each pixel; values (..., H, W) end in 0."""
    result = values
    for axis in (-2, -1):
        length = result.shape[axis]
        widths = [(0, 0)] * result.ndim
        widths[axis] = side // 2, side // 2
        padded = np.moveaxis(np.pad(result, widths), axis, 0)
        total = padded[:length].copy()
        for step in range(1, side):
            total += padded[step : step + length]
        result = np.moveaxis(total, 0, axis)
    return result


def box_around(pixels: np.ndarray) -> Box:
    """The smallest box around some pixels (P, 2), P > 0."""
    (top, left), (bottom, right) = pixels.min(0).tolist(), pixels.max(0).tolist()
    return Box(top, left, min(bottom + 1, CELL_SIDE), min(right + 1, CELL_SIDE))


def _count_windows(same: np.ndarray, height: int, width: int) -> tuple[np.ndarray, ...]:
    """How many pixels of each window agree, with shapes (S, h, w).

    Args:
        same: 0 or 1, with shape (S, h + 12, w + 12).
        height: h.
        width: w.
    """
    m = _MARGIN
    three = same[:, :-2] + same[:, 1:-1]
    three += same[:, 2:]
    small = three[:, m - 1 : m - 1 + height, m - 1 : m + width + 1]
    small = small[:, :, :-2] + small[:, :, 1:-1] + small[:, :, 2:]
    seven = three[:, :-4] + three[:, 3:-1]  # rows 0 to 5 of 7
    seven += same[:, 6:]
    medium = seven[:, :, :-6] + seven[:, :, 1:-5]
    for step in range(2, 7):
        medium += seven[:, :, step : step + medium.shape[2]]
    large = medium[:, :-6, :-6] + medium[:, :-6, 6:]
    large += medium[:, 6:, :-6]
    large += medium[:, 6:, 6:]
    inner = medium[:, 3 : 3 + height, 3 : 3 + width]
    return same[:, m:-m, m:-m], small, inner, large
