"""Figures: a procedural data set that needs no file.

160 characters (a shape, a colour and a size) move along eight paths over a black background, in
clips of 8 frames of 64 x 64 pixels. A path closes after 8 frames. The position on the path at the
start, the brightness and the exact size are random in each clip and not labelled. The set is small
enough for tests and for a training of two minutes. It is not a benchmark.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from rwae.codes import Factor
from rwae.data.clips import Clips, require_split

FRAME_SIDE = 64
CLIP_FRAMES = 8
TAKES = 2  # of each motion of each character
Curve = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
Distance = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]

COLOURS = {
    "red": (232, 48, 40),
    "orange": (240, 136, 24),
    "yellow": (236, 224, 56),
    "green": (48, 176, 72),
    "cyan": (64, 216, 224),
    "blue": (48, 88, 232),
    "violet": (176, 72, 216),
    "white": (240, 240, 240),
}
RADII = {"tiny": 6.5, "small": 8.5, "medium": 11.0, "large": 14.0}

# The signed distance in pixels from (x, y) to the edge of a shape with radius r, negative inside.
# Outside a corner it is a lower bound, which makes no difference at the edge.
SHAPES: dict[str, Distance] = {
    "bar": lambda x, y, r: np.maximum(np.abs(x) - 0.45 * r, np.abs(y) - r),
    "ring": lambda x, y, r: np.abs(np.hypot(x, y) - 0.75 * r) - 0.25 * r,
    "square": lambda x, y, r: np.maximum(np.abs(x), np.abs(y)) - 0.85 * r,
    "triangle": lambda x, y, r: (
        np.maximum(0.866 * np.abs(x) - 0.5 * (y - 0.28 * r), y - 0.28 * r) - 0.56 * r
    ),
    "cross": lambda x, y, r: np.minimum(
        np.maximum(np.abs(x) - r, np.abs(y) - 0.25 * r),
        np.maximum(np.abs(x) - 0.25 * r, np.abs(y) - r),
    ),
}

# The centre (x to the right, y downwards) in pixels from the middle of the frame, at a phase in
# radians. The largest figure stays inside the frame on every path.
CURVES: dict[str, Curve] = {
    "circle, clockwise": lambda p: (17 * np.cos(p), 17 * np.sin(p)),
    "circle, anticlockwise": lambda p: (17 * np.cos(p), -17 * np.sin(p)),
    "eight, forwards": lambda p: (17 * np.sin(p), 11 * np.sin(2 * p)),
    "eight, backwards": lambda p: (17 * np.sin(p), -11 * np.sin(2 * p)),
    "bounce, on the floor": lambda p: (0 * p, 17 - 34 * np.abs(np.sin(p))),
    "bounce, on the ceiling": lambda p: (0 * p, 34 * np.abs(np.sin(p)) - 17),
    "sway, sideways": lambda p: (17 * np.sin(p), 0 * p),
    "sway, up and down": lambda p: (0 * p, 17 * np.sin(p)),
}
FACTORS = (
    Factor("shape", tuple(SHAPES), True),
    Factor("colour", tuple(COLOURS), True),
    Factor("size", tuple(RADII), True),
    Factor("motion", tuple(CURVES), False),
)
# Of each split: the remainders, modulo 5, of the sum of a character's three class numbers.
SPLIT_REMAINDERS = {"train": (2, 3, 4), "validation": (1,), "test": (0,)}


def character_classes(split: str) -> np.ndarray:
    """Shape, colour and size of each character in a split, with shape (characters, 3).

    The sum of the three class numbers, modulo 5, decides: 96 characters go to "train", 32 to
    "validation" and 32 to "test". No character is in two splits, and every pair of values, such
    as a blue square, is in the training split with some third value.

    Raises:
        DataError: if the split is unknown.
    """
    require_split("Figures", split)
    sizes = [len(factor.values) for factor in FACTORS if factor.static]
    everything = np.indices(sizes).reshape(len(sizes), -1).T
    return everything[np.isin(everything.sum(1) % 5, SPLIT_REMAINDERS[split])]


def load(split: str, seed: int = 0) -> Clips:
    """Draws the clips of a split: two takes of each motion of each of its characters.

    Args:
        split: "train" (1,536 clips), "validation" (512) or "test" (512).
        seed: fixes what is random in each clip.

    Raises:
        DataError: if the split is unknown.
    """
    characters = character_classes(split)
    labels = np.concatenate(
        [
            np.repeat(characters, len(CURVES) * TAKES, axis=0),
            np.tile(np.repeat(np.arange(len(CURVES)), TAKES), len(characters))[:, None],
        ],
        axis=1,
    )
    draws = np.random.default_rng([seed, *SPLIT_REMAINDERS[split]])
    begin = draws.uniform(0, 2 * np.pi, len(labels))
    light, scale = draws.uniform([0.85, 0.95], [1.0, 1.05], (len(labels), 2)).T.astype(np.float32)
    frames = np.zeros((len(labels), CLIP_FRAMES, 3, FRAME_SIDE, FRAME_SIDE), np.uint8)
    for shape, distance in enumerate(SHAPES.values()):
        chosen = np.flatnonzero(labels[:, 0] == shape)
        frames[chosen] = _draw(distance, *(v[chosen] for v in (labels, begin, light, scale)))
    return Clips(torch.from_numpy(frames), torch.from_numpy(labels), FACTORS)


def _draw(
    distance: Distance, labels: np.ndarray, begin: np.ndarray, light: np.ndarray, scale: np.ndarray
) -> np.ndarray:
    """Draws clips of one shape: bytes (N, 8, 3, 64, 64).

    Args:
        distance: of the shape.
        labels: with shape (N, 4).
        begin: phase of the first frame in radians, with shape (N,).
        light: brightness in [0, 1], with shape (N,).
        scale: factor of the radius, with shape (N,).
    """
    phase = begin[:, None] + 2 * np.pi * np.arange(CLIP_FRAMES) / CLIP_FRAMES
    paths = np.array([curve(phase) for curve in CURVES.values()])
    centre = paths[labels[:, 3], :, np.arange(len(labels))].astype(np.float32)
    radius = (np.array(list(RADII.values()), np.float32)[labels[:, 2]] * scale)[
        :, None, None, None
    ]
    colour = np.array(list(COLOURS.values()), np.float32)[labels[:, 1]] * light[:, None]
    pixel = np.arange(FRAME_SIDE, dtype=np.float32) - (FRAME_SIDE - 1) / 2
    x = pixel - centre[:, 0, :, None, None]
    y = pixel[:, None] - centre[:, 1, :, None, None]
    # A pixel is covered by the share that its distance to the edge leaves inside.
    cover = np.clip(0.5 - distance(x, y, radius), 0, 1)
    frames: np.ndarray = np.round(cover[:, :, None] * colour[:, None, :, None, None])
    return frames.astype(np.uint8)
