"""Finds the square of a picture in which a figure stands as a model expects it.

A model draws every figure where those of its data set stand. So what it draws of a clip, even of
one that is out of place, says where the clip should be: the square is moved and scaled until the
clip lies on its own redrawing, and the clip is redrawn from there. A few rounds of this find the
place to a fraction of a pixel. The first guess is the box around the figure.

The steps within a round are those of Gauss and Newton for the squared difference (Lucas and
Kanade, 1981), with three unknowns: the side of the square and its place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from rwae.files import video
from rwae.files.domain import FigureBox

Redraw = Callable[[Tensor], Tensor]
# Each round compares outlines or colours, blurred by so many pixels to either side.
_ROUNDS = ((True, 2), (True, 1), (False, 1), (False, 0))
_STEPS = 4  # of Gauss and Newton in a round
_MAX_GROWTH, _MAX_MOVE = 0.08, 2.0  # of one step: a share of the side, and pixels of the model
_TRUST = 1.3  # a square larger or smaller than the guess by more is not believed
_SAME_SIDE = 0.04  # a side that differs by less from a whole multiple of the model's is that
VISIBLE = 24  # of 255: what differs from the ground by more belongs to the figure
_SPECK = 0.02  # of the largest region: smaller ones do not belong to the figure


@dataclass(frozen=True)
class Square:
    """A square of a picture, in pixels; parts of it may lie outside the picture."""

    left: int
    top: int
    side: int

    def cut(self, frames: np.ndarray, ground: tuple[int, int, int]) -> np.ndarray:
        """Cuts the square out of frames.

        Args:
            frames: bytes with shape (T, H, W, 3).
            ground: colour of what lies outside the picture.

        Returns:
            Bytes with shape (T, side, side, 3).
        """
        height, width = frames.shape[1:3]
        out = np.empty((len(frames), self.side, self.side, 3), np.uint8)
        out[:] = ground
        top, bottom = max(self.top, 0), min(self.top + self.side, height)
        left, right = max(self.left, 0), min(self.left + self.side, width)
        if top < bottom and left < right:
            part = frames[:, top:bottom, left:right]
            out[:, top - self.top : bottom - self.top, left - self.left : right - self.left] = part
        return out

    def paste(
        self, part: np.ndarray, size: tuple[int, int], ground: tuple[int, int, int]
    ) -> np.ndarray:
        """Puts a square back to where it was cut out of frames.

        Args:
            part: bytes with shape (T, side, side, 3).
            size: height H and width W of the frames.
            ground: colour of what lies outside the square.

        Returns:
            Bytes with shape (T, H, W, 3).
        """
        inverse = Square(-self.left, -self.top, max(size))
        return inverse.cut(part, ground)[:, : size[0], : size[1]]


def middle_square(height: int, width: int) -> Square:
    """The largest square in the middle of a picture."""
    side = min(height, width)
    return Square((width - side) // 2, (height - side) // 2, side)


def align(
    frames: np.ndarray,
    ground: tuple[int, int, int],
    box: FigureBox,
    side: int,
    redraw: Redraw,
) -> Square | None:
    """Finds the square in which a figure stands as a model expects it.

    Args:
        frames: bytes with shape (T, H, W, 3) on the model's background.
        ground: the colour of the background.
        box: where the model expects the figure.
        side: of the model's frames, in pixels.
        redraw: encodes and decodes clips (1, T, 3, side, side) in [0, 1].

    Returns:
        The square, or None if there is no figure or nothing like it is found.
    """
    guess = _guess(frames, ground, box, side)
    if guess is None:
        return None
    # Twice the model's resolution is enough to find the place.
    shrinking = max(1.0, guess[0] / (2 * side))
    colour = torch.tensor(ground, dtype=torch.float32).div(255).view(1, 3, 1, 1)
    y = _to_tensor(video.scale_frames(frames, 1 / shrinking)) - colour
    place = guess / shrinking
    redrawn = None
    for outline, blur in _ROUNDS:
        redrawn = redraw((_sample(y, place, side) + colour).clamp(0, 1)[None])[0]
        place = _register(y, redrawn - colour, place, outline, blur)
    found = place * shrinking
    if redrawn is None or not _plausible(found, guess):
        return None
    return _best_square(frames, ground, found, side, redraw)


def figure_box(frames: np.ndarray, ground: tuple[int, int, int]) -> tuple[int, ...] | None:
    """Left, top, right and bottom (one beyond) of all that differs from the ground; None if none.

    Args:
        frames: bytes with shape (T, H, W, 3).
        ground: the colour of the background.
    """
    mask = video.large_regions(np.any(_figure(frames, ground), axis=0), _SPECK)
    rows, columns = (np.flatnonzero(np.any(mask, axis=axis)) for axis in (1, 0))
    if not len(rows):
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _figure(frames: np.ndarray, ground: tuple[int, int, int]) -> np.ndarray:
    mask: np.ndarray = np.abs(frames.astype(np.int16) - ground).max(-1) > VISIBLE
    return mask


def _guess(
    frames: np.ndarray, ground: tuple[int, int, int], box: FigureBox, side: int
) -> np.ndarray | None:
    """Side, left and top of a square by the figure's height, feet and middle.

    The middle is the median of all its pixels, which an outstretched arm hardly moves.
    """
    found = figure_box(frames, ground)
    if found is None:
        return None
    scale = (found[3] - found[1]) / max(1.0, box.bottom - box.top)
    columns = _figure(frames, ground).sum((0, 1)).cumsum()
    middle = float(np.searchsorted(columns, columns[-1] / 2)) + 0.5
    left = middle - scale * (box.left + box.right) / 2
    return np.array([scale * side, left, found[3] - scale * box.bottom])


def _to_tensor(frames: np.ndarray) -> Tensor:
    return torch.from_numpy(frames).movedim(-1, 1).float() / 255


def _sample(y: Tensor, place: np.ndarray, side: int) -> Tensor:
    """The square at a place (side, left, top) of frames (T, 3, H, W), with `side` pixels a side.

    Outside the picture lie zeros.
    """
    height, width = y.shape[-2:]
    along = (torch.arange(side) + 0.5) / side * float(place[0])
    across = (along + float(place[1])) / width * 2 - 1
    down = (along + float(place[2])) / height * 2 - 1
    grid = torch.stack(torch.meshgrid(down, across, indexing="ij")[::-1], -1)
    grid = grid[None].expand(len(y), -1, -1, -1)
    return F.grid_sample(y, grid, padding_mode="zeros", align_corners=False)


def _register(
    y: Tensor, target: Tensor, place: np.ndarray, outline: bool, blur: int
) -> np.ndarray:
    """Moves and scales a square of y (T, 3, H, W) until it lies on a target (T, 3, S, S)."""

    def view(place: np.ndarray) -> Tensor:
        return _blurred(_sample(y, place, target.shape[-1]), outline, blur).flatten()

    wanted = _blurred(target, outline, blur).flatten()
    for _ in range(_STEPS):
        unit = place[0] / target.shape[-1]
        # Growth about the middle, a move across, and a move down.
        ways = np.array([[1, -0.5, -0.5], [0, unit, 0], [0, 0, unit]])
        ways[0] *= place[0]
        step = np.array([0.01, 0.5, 0.5])
        slopes = torch.stack(
            [
                (view(place + h * way) - view(place - h * way)) / (2 * h)
                for h, way in zip(step, ways, strict=True)
            ],
            1,
        )
        square = slopes.T @ slopes
        damped = square + torch.diag(square.diag()) * 1e-3 + 1e-6 * torch.eye(3)
        change = torch.linalg.solve(damped, slopes.T @ (wanted - view(place))).numpy()
        bound = np.array([_MAX_GROWTH, _MAX_MOVE, _MAX_MOVE])
        place = place + change.astype(np.float64).clip(-bound, bound) @ ways
    return place


def _blurred(x: Tensor, outline: bool, blur: int) -> Tensor:
    """Frames (T, 3, H, W) less the ground, or their soft outline, averaged over squares."""
    if outline:
        x = (x.abs().amax(1, keepdim=True) * 4).clamp(0, 1)
    return F.avg_pool2d(x, 2 * blur + 1, 1, blur) if blur else x


def _plausible(found: np.ndarray, guess: np.ndarray) -> bool:
    sized = 1 / _TRUST < found[0] / guess[0] < _TRUST
    moved = np.abs(found[1:] + found[0] / 2 - guess[1:] - guess[0] / 2).max()
    return bool(np.isfinite(found).all() and sized and moved < guess[0] / 4)


def _best_square(
    frames: np.ndarray,
    ground: tuple[int, int, int],
    found: np.ndarray,
    side: int,
    redraw: Redraw,
) -> Square:
    """The square of whole pixels at or beside a place that is most like its redrawing."""
    snapped = max(1, round(found[0] / side)) * side
    is_whole = abs(found[0] / snapped - 1) <= _SAME_SIDE
    whole = snapped if is_whole else round(found[0])
    left, top = (round(value + (found[0] - whole) / 2) for value in found[1:])
    first = Square(left, top, whole)
    x = video.resize_frames(first.cut(frames, ground), side)
    redrawn = redraw(_to_tensor(x)[None])[0].clamp(0, 1).mul(255).round().byte()
    target = redrawn.movedim(1, -1).numpy()
    sides = (0,) if is_whole else (0, -1, 1)
    repeats = snapped // side if is_whole else 1

    def rank(square: Square) -> tuple[float, float]:
        given = square.cut(frames, ground)
        return _grid_error(given, repeats), picture_error(target, given, side)

    squares = (
        Square(left + across, top + down, max(2, whole + growth))
        for growth, across, down in product(sides, (0, -1, 1), (0, -1, 1))
    )
    return min(squares, key=rank)


def _grid_error(given: np.ndarray, repeats: int) -> float:
    """How far frames are from blocks of `repeats` x `repeats` equal pixels: whole grey levels.

    Pixel art that was enlarged by a whole factor lies on such a grid in one place alone.
    """
    if repeats == 1:
        return 0.0
    blocks = given[:, ::repeats, ::repeats].repeat(repeats, 1).repeat(repeats, 2)
    return float(np.abs(given.astype(np.int16) - blocks).mean().round())


def picture_error(redrawn: np.ndarray, given: np.ndarray, side: int) -> float:
    """The error of a redrawing at the clip's own resolution, or at the model's if that is lower.

    Args:
        redrawn: bytes with shape (T, side, side, 3).
        given: the square that was given, bytes with shape (T, n, n, 3).
        side: of the model's frames.

    Returns:
        The squared error in [0, 1] units, summed over a frame of the model.
    """
    small = given if given.shape[1] <= side else video.resize_frames(given, side)
    difference = video.shrink_like(redrawn, small).astype(np.float32) - small
    per_frame = np.square(difference).sum((1, 2, 3)).mean()
    return float(per_frame * (side / small.shape[1]) ** 2 / 255**2)
