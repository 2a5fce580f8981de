"""Puts figures on a plain ground onto the background of a model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rwae.files import video

Colour = tuple[int, int, int]
PLAIN_SHARE = 0.7  # of the border: if so much has one colour, the ground is plain
SAME_COLOUR = 8  # of 255: colours that differ by less are the same ground
MIN_TOLERANCE, MAX_TOLERANCE = 24, 64  # of 255: what differs by less from the ground is ground
_HOLE = 64  # of 255: a hole is where the redrawing is nearer to the background than this


@dataclass(frozen=True)
class Ground:
    """The one colour behind a figure.

    Attributes:
        colour: RGB bytes.
        tolerance: how much pixels of the ground differ from it at most, by noise.
    """

    colour: Colour
    tolerance: int


def plain_ground(frames: np.ndarray) -> Ground | None:
    """Finds the colour of the ground at the border of all frames; None if it is not plain.

    Args:
        frames: bytes with shape (T, H, W, 3).
    """
    border = np.concatenate(
        [frames[:, 0], frames[:, -1], frames[:, :, 0], frames[:, :, -1]], 1
    ).reshape(-1, 3)
    colour = np.median(border, 0).astype(int)
    distance = np.abs(border - colour).max(1)
    near = distance <= MAX_TOLERANCE
    if near.mean() < PLAIN_SHARE:
        return None
    noise = 3 * float(np.quantile(distance[near], 0.95))
    tolerance = int(min(MAX_TOLERANCE, max(MIN_TOLERANCE, noise)))
    if (distance <= tolerance).mean() < PLAIN_SHARE:
        return None
    red, green, blue = colour.tolist()
    return Ground((red, green, blue), tolerance)


def is_same(first: Colour, second: Colour) -> bool:
    """Whether two colours are one ground."""
    return max(abs(a - b) for a, b in zip(first, second, strict=True)) <= SAME_COLOUR


def replace_ground(frames: np.ndarray, ground: Ground, background: Colour) -> np.ndarray:
    """Paints the ground around a figure in another colour.

    Only what is connected with the border is painted: holes, such as between two legs, may as well
    be white trousers. See `fill_holes`.

    Args:
        frames: bytes with shape (T, H, W, 3).
        ground: of these frames.
        background: the new colour.
    """
    painted = frames.copy()
    for frame, near in zip(painted, _near(frames, ground), strict=True):
        frame[video.border_regions(near)] = background
    return painted


def clean_edges(frames: np.ndarray, ground: Ground, background: Colour, width: int) -> np.ndarray:
    """Takes the old ground out of the edge of a figure, where scaling mixed the two.

    A pixel of the edge is taken for the least share of figure that explains its colour. That is
    right for dark outlines on light ground, and for light edges on dark ground.

    Args:
        frames: bytes with shape (T, H, W, 3), after `replace_ground`.
        ground: as it was before.
        background: the new colour.
        width: of the edge, in pixels.
    """
    old, new = np.array(ground.colour, np.float32), np.array(background, np.float32)
    cleaned = frames.copy()
    for frame in cleaned:
        painted = np.all(frame == background, axis=-1)
        edge = video.grow(painted, width) & ~painted
        colours = frame[edge].astype(np.float32)
        room = np.where(colours < old, old, 255 - old).clip(1)
        share = (np.abs(colours - old) / room).max(-1, keepdims=True).clip(0, 1)
        frame[edge] = (colours + (1 - share) * (new - old)).round().clip(0, 255)
    return cleaned


def fill_holes(
    frames: np.ndarray, ground: Ground, background: Colour, redrawn: np.ndarray
) -> np.ndarray:
    """Paints the holes in a figure where a model draws background.

    Args:
        frames: bytes with shape (T, H, W, 3), after `replace_ground`.
        ground: as it was before.
        background: the new colour.
        redrawn: the same frames as the model draws them, in the same size.
    """
    painted = frames.copy()
    distance = np.abs(redrawn.astype(np.int16) - background).max(-1)
    for frame, near, far in zip(painted, _near(frames, ground), distance, strict=True):
        count, labels = video.label_regions(near)
        sizes = np.bincount(labels.ravel(), minlength=count + 1)
        sums = np.bincount(labels.ravel(), far.ravel(), minlength=count + 1)
        holes = sums < _HOLE * sizes
        holes[0] = False
        frame[holes[labels]] = background
    return painted


def _near(frames: np.ndarray, ground: Ground) -> np.ndarray:
    near: np.ndarray = np.abs(frames.astype(np.int16) - ground.colour).max(-1) <= ground.tolerance
    return near
