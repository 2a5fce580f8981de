"""Finds how the parts of a figure move: a helmet, say, goes along with the head in one piece.

Each move that is common among the candidates of a cell makes a picture of the whole cell: one
given cell, shifted. Where the trees believe in its colours all over a window, the figure probably
moves so there. A pixel inside may then be copied along, even if no known figure shows it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from rwae.files.sheet_layout import CELL_SIDE
from rwae.sheets.matching import box_around, box_sum
from rwae.sheets.sources import MARGIN, REACH, Source, padded

MOVES = 32  # the most common ones of a cell
WINDOWS = (7, 13)  # pixels along a side of a window
BEST = 2  # moves that each window offers to the pixel in its middle
OFFERS = BEST * len(WINDOWS)
REGION_FEATURES = 3 * len(WINDOWS)
_RANKS = 4  # candidates of a pixel whose moves are counted
_SPAN = 2 * REACH + 1
_SHARPNESS = 20.0  # a move that agrees by 5 % less has a vote of 1 / e


@dataclass(frozen=True)
class Regions:
    """What the common moves of a cell show, M of them.

    Attributes:
        colours: under each move, with one pixel more on each side: shape (M, 66, 66).
        agreement: how far the trees believe in these colours, in [0, 1], as the mean over the
            figure's pixels in each window around a pixel, with shape (W, M, 64, 64).
    """

    colours: np.ndarray
    agreement: np.ndarray

    def offer(self) -> np.ndarray:
        """The two moves of each window that agree best: numbers with shape (4, 64, 64)."""
        best = []
        for window in self.agreement:
            left = window.copy()
            for _ in range(BEST):
                best.append(left.argmax(0))
                np.put_along_axis(left, best[-1][None], -1, 0)
        return np.stack(best)

    def features(self, pixels: np.ndarray, colours: np.ndarray) -> np.ndarray:
        """What the moves tell of some colours.

        For each window: how well the best move agrees that shows the colour, how much better
        than it the best of all moves is, and which share of the votes of moves the colour has.

        Args:
            pixels: row and column of each, with shape (Q, 2).
            colours: asked for each pixel, with shape (Q, C).

        Returns:
            With shape (Q, C, 6).
        """
        y, x = pixels.T
        shown = self.colours[:, y + 1, x + 1].T  # (Q, M)
        same = shown[:, None] == colours[:, :, None]
        found = []
        for window in self.agreement:
            agreed = window[:, y, x].T
            best = np.where(same, agreed[:, None], 0).max(2)
            most = agreed.max(1, keepdims=True)
            vote = np.exp(_SHARPNESS * (agreed - most))
            vote /= vote.sum(1, keepdims=True)
            found += [best, best - most, np.where(same, vote[:, None], 0).sum(2)]
        return np.stack(found, -1)


def find_regions(
    pixels: np.ndarray,
    candidates: np.ndarray,
    sources: Sequence[Source],
    cell_of: Callable[[int, int], np.ndarray],
    choices: np.ndarray,
    belief: np.ndarray,
) -> Regions:
    """Compares the common moves of a cell with what its trees believe.

    Args:
        pixels: row and column of each that the trees know, with shape (P, 2).
        candidates: number of the source and the move of each, with shape (P, 8, 3).
        sources: that these are numbers of.
        cell_of: gives the colours of a cell of walking, with shape (64, 64); 0 is transparent.
        choices: colours of the choices of each pixel, of which the first is 0: shape (P, 9).
        belief: the probability of each of them, with the same shape.
    """
    colours = np.stack(
        [_moved(cell_of, sources[source], down, right)
         for source, down, right in common_moves(candidates).tolist()]
    )  # fmt: skip
    inner = colours[:, 1:-1, 1:-1]
    y, x = pixels.T.astype(np.int64)
    here = inner[:, y, x]
    trust = np.zeros(here.shape, np.float32)
    for choice, share in zip(choices.T, belief.T, strict=True):
        np.maximum(trust, np.where(here == choice, share, 0), out=trust)
    weight = np.zeros((CELL_SIDE, CELL_SIDE), np.float32)
    weight[y, x] = 1 - belief[:, 0]
    weights = np.maximum(weight, inner > 0)
    believed = np.zeros(inner.shape, np.float32)
    believed[:, y, x] = trust * weights[:, y, x]
    agreement = np.zeros((len(WINDOWS), *inner.shape), np.float32)
    shown = np.argwhere(weights.any(0))
    if not len(shown):
        return Regions(colours, agreement)
    box = box_around(shown)  # nobody asks outside it
    part = slice(None), slice(box.top, box.bottom), slice(box.left, box.right)
    for window, side in zip(agreement, WINDOWS, strict=True):
        total = np.maximum(box_sum(weights[part], side), 1e-3)
        window[part] = box_sum(believed[part], side) / total
    return Regions(colours, agreement)


def common_moves(candidates: np.ndarray) -> np.ndarray:
    """The most common ones of candidates (P, 8, 3), the most common first: shape (M, 3)."""
    source, down, right = np.moveaxis(candidates[:, :_RANKS].astype(np.int64), -1, 0)
    number = (source * _SPAN + down + REACH) * _SPAN + right + REACH
    count = np.bincount(number.ravel())
    best = np.argsort(-count, kind="stable")[:MOVES]
    best = best[count[best] > 0]
    return np.stack([best // _SPAN**2, best // _SPAN % _SPAN - REACH, best % _SPAN - REACH], -1)


def _moved(
    cell_of: Callable[[int, int], np.ndarray], source: Source, down: int, right: int
) -> np.ndarray:
    """A source of which each pixel is read at a move, with one pixel around: shape (66, 66)."""
    cell = padded(cell_of(source.row, source.column), source)
    top, left, side = MARGIN - 1 + down, MARGIN - 1 + right, CELL_SIDE + 2
    return cell[top : top + side, left : left + side]
