"""The Sprites benchmark (Li and Mandt, ICML 2018), composed from its sprite sheets.

1,296 characters (body, bottomwear, topwear and hair, six kinds each) perform 9 actions (walk,
cast a spell, slash; to the front, left and right) in clips of 8 frames of 64 x 64 pixels. The
sheets come from the Liberated Pixel Cup; `python -m rwae.data.download sprites` fetches them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from rwae.codes import Factor
from rwae.data.clips import Clips
from rwae.errors import DataError
from rwae.files.video import read_image

# What the six sheets of each part show, in our words: the benchmark has numbers alone.
LOOKS = {
    "body": ("fair", "golden", "grey", "pale blue", "brown", "dark brown"),
    "bottomwear": (
        *("white trousers", "golden greaves", "red trousers"),
        *("steel greaves", "teal trousers", "green trousers"),
    ),
    "topwear": ("maroon", "cyan", "cream", "steel armour", "leather armour", "white jacket"),
    "hair": ("green", "blue bun", "orange", "white", "red", "purple curls"),
}
PARTS = tuple(LOOKS)
KINDS = 6
SIDE = 64
ROWS, COLUMNS = 21, 13
FRAMES = 8
MOVES = ("walk", "spellcard", "slash")
DIRECTIONS = ("front", "left", "right")
FACTORS = (
    *(Factor(part, looks, True) for part, looks in LOOKS.items()),
    Factor("action", tuple(f"{move}, {way}" for move in MOVES for way in DIRECTIONS), False),
)
SPLITS = {"train": (0, 900), "validation": (900, 1000), "test": (1000, 1296)}


def cells() -> np.ndarray:
    """Numbers of the sheet's cells in playing order, with shape (9 actions, 8 frames)."""
    walk = [[b + 7, *range(b, b + 7)] for b in (131, 118, 144)]
    spell = [[*range(b, b + 6), b + 4, b + 6] for b in (26, 13, 39)]
    slash = [[*range(b, b + 6), b + 4, b] for b in (182, 169, 195)]
    return np.array(walk + spell + slash)


def characters(split: str) -> np.ndarray:
    """Numbers of the characters in a split, each in [0, 1296).

    The benchmark's 1,000 training characters are divided into 900 for "train" and 100 for
    "validation", on which every choice is made; its 296 others are "test".
    """
    if split not in SPLITS:
        raise DataError(f"Sprites has no split {split!r}: choose one of {', '.join(SPLITS)}.")
    first, last = SPLITS[split]
    return np.random.RandomState(423).permutation(KINDS ** len(PARTS))[first:last]


def attributes(character: int) -> tuple[int, ...]:
    """The kinds of body, bottomwear, topwear and hair that make up a character."""
    return character // 216, character // 36 % 6, character // 6 % 6, character % 6


@dataclass(frozen=True)
class _Layer:
    """The visible pixels of one part in all clips of a character.

    A part covers 3 to 21 % of the pixels, so that painting only these is ten times as fast as
    blending whole frames, with the same bytes as the result.

    Attributes:
        places: positions in a flattened array (9, 8, 3, 64, 64), with shape (M,).
        light: colour * alpha + 127, with shape (M,); 127 rounds the division by 255.
        clear: 255 - alpha, with shape (M,).
    """

    places: np.ndarray
    light: np.ndarray
    clear: np.ndarray

    def paint(self, canvas: np.ndarray) -> None:
        """Alpha-composites the part over opaque bytes (9, 8, 3, 64, 64), in place."""
        flat = canvas.reshape(-1)
        flat[self.places] = (self.light + flat[self.places] * self.clear) // 255


def _layer(path: Path) -> _Layer:
    """Reads the nine actions from a sheet of 13 x 21 cells."""
    sheet = read_image(path)
    if sheet.shape != (ROWS * SIDE, COLUMNS * SIDE, 4):
        raise DataError(
            f"The sheet {path} has {sheet.shape[1]} x {sheet.shape[0]} pixels: it needs "
            f"{COLUMNS * SIDE} x {ROWS * SIDE}. Fetch it again."
        )
    grid = sheet.reshape(ROWS, SIDE, COLUMNS, SIDE, 4).swapaxes(1, 2).reshape(-1, SIDE, SIDE, 4)
    pixels = np.moveaxis(grid[cells()], -1, 2).astype(np.uint16)
    alpha = np.broadcast_to(pixels[:, :, 3:], pixels[:, :, :3].shape).reshape(-1)
    places = np.flatnonzero(alpha)
    alpha = alpha[places]
    light = pixels[:, :, :3].reshape(-1)[places] * alpha + 127
    return _Layer(places, light, 255 - alpha)


def load(folder: Path, split: str) -> Clips:
    """Composes the clips of a split: nine actions of each of its characters, in this order.

    Args:
        folder: holds body/, bottomwear/, topwear/ and hair/ with 0.png to 5.png, and shoes/1.png.
        split: "train" (8,100 clips), "validation" (900) or "test" (2,664).

    Raises:
        DataError: if a sheet is missing or has another size, or the split is unknown.
    """
    who = characters(split)
    layers = {part: [_layer(folder / part / f"{k}.png") for k in range(KINDS)] for part in PARTS}
    shoes = _layer(folder / "shoes" / "1.png")
    actions = len(cells())
    frames = np.zeros((len(who), actions, FRAMES, 3, SIDE, SIDE), np.uint8)
    labels = np.zeros((len(who), actions, len(FACTORS)), np.int64)
    for clips, known, character in zip(frames, labels, who, strict=True):
        for part, kind in zip(PARTS, attributes(character), strict=True):
            layers[part][kind].paint(clips)
        shoes.paint(clips)
        known[:, :-1] = attributes(character)
        known[:, -1] = np.arange(actions)
    return Clips(
        torch.from_numpy(frames).flatten(0, 1), torch.from_numpy(labels).flatten(0, 1), FACTORS
    )
