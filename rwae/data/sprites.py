"""The Sprites benchmark (Li and Mandt, ICML 2018), composed from its sprite sheets.

1,296 characters (body, bottomwear, topwear and hair, six variants each) perform 9 actions (walk,
cast a spell, slash; to the front, left and right) in clips of 8 frames of 64 x 64 pixels. The
sheets come from the Liberated Pixel Cup; `python -m rwae.data.download sprites` fetches them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from rwae.codes import Factor
from rwae.data.clips import Clips, require_split
from rwae.errors import DataError
from rwae.files.sheet_layout import (
    BENCHMARK_ROWS,
    CELL_SIDE,
    CLIP_FRAMES,
    SHEET_COLUMNS,
    SHEET_SIZE,
    split_cells,
)
from rwae.files.video import read_image

# What the six sheets of each part show, in our words: the benchmark has numbers alone.
VARIANT_NAMES = {
    "body": ("fair", "golden", "grey", "pale blue", "brown", "dark brown"),
    "bottomwear": (
        "white trousers",
        "golden greaves",
        "red trousers",
        "steel greaves",
        "teal trousers",
        "green trousers",
    ),
    "topwear": ("maroon", "cyan", "cream", "steel armour", "leather armour", "white jacket"),
    "hair": ("green", "blue bun", "orange", "white", "red", "purple curls"),
}
SHEET_PARTS = tuple(VARIANT_NAMES)
VARIANTS = 6  # of each part
ACTION_NAMES = tuple(
    f"{action}, {direction}"
    for action in ("walk", "spellcard", "slash")
    for direction in ("front", "left", "right")
)
FACTORS = (
    *(Factor(part, names, True) for part, names in VARIANT_NAMES.items()),
    Factor("action", ACTION_NAMES, False),
)
# Of each split: the first and the last character, after a fixed shuffle.
SPLIT_CHARACTERS = {"train": (0, 900), "validation": (900, 1000), "test": (1000, 1296)}


def cells() -> np.ndarray:
    """Numbers of the sheet's cells in the order of the frames, (9 actions, 8 frames)."""
    rows = [BENCHMARK_ROWS[name] for name in ACTION_NAMES]
    return np.array([[SHEET_COLUMNS * row.number + n for n in row.action.played] for row in rows])


def characters(split: str) -> np.ndarray:
    """Numbers of the characters in a split, each in [0, 1296).

    The benchmark's 1,000 training characters are divided into 900 for "train" and 100 for
    "validation", on which every choice is made; its 296 others are "test".

    Raises:
        DataError: if the split is unknown.
    """
    require_split("Sprites", split)
    first, last = SPLIT_CHARACTERS[split]
    return np.random.RandomState(423).permutation(VARIANTS ** len(SHEET_PARTS))[first:last]


def attributes(character: int) -> tuple[int, ...]:
    """The variants of body, bottomwear, topwear and hair of a character, each in [0, 6)."""
    return character // 216, character // 36 % 6, character // 6 % 6, character % 6


@dataclass(frozen=True)
class _Layer:
    """The visible pixels of one part in all clips of a character.

    A part covers 3 to 21 % of the pixels, so compositing only these is ten times as fast as
    blending whole frames, with the same result.

    Attributes:
        indices: of the pixels in a flattened array (9, 8, 3, 64, 64), with shape (M,).
        premultiplied: colour * alpha + 127, with shape (M,); 127 rounds the division by 255.
        transparency: 255 - alpha, with shape (M,).
    """

    indices: np.ndarray
    premultiplied: np.ndarray
    transparency: np.ndarray

    def composite_over(self, frames: np.ndarray) -> None:
        """Alpha-composites the part over opaque bytes (9, 8, 3, 64, 64), in place."""
        flat = frames.reshape(-1)
        below = flat[self.indices]
        flat[self.indices] = (self.premultiplied + below * self.transparency) // 255


def read_sheet_picture(path: Path) -> np.ndarray:
    """Reads a sheet of 13 x 21 cells as RGBA bytes, with shape (1344, 832, 4).

    Raises:
        DataError: if it is missing, no picture, or of another size.
    """
    sheet = read_image(path)
    if sheet.shape != (SHEET_SIZE[1], SHEET_SIZE[0], 4):
        raise DataError(
            f"The sheet {path} has {sheet.shape[1]} x {sheet.shape[0]} pixels: it needs "
            f"{SHEET_SIZE[0]} x {SHEET_SIZE[1]}. Fetch it again."
        )
    return sheet


def _read_layer(path: Path) -> _Layer:
    """Reads the nine actions from a sheet of 13 x 21 cells."""
    sheet = read_sheet_picture(path)
    grid = split_cells(sheet).reshape(-1, CELL_SIDE, CELL_SIDE, 4)
    pixels = np.moveaxis(grid[cells()], -1, 2).astype(np.uint16)
    alpha = np.broadcast_to(pixels[:, :, 3:], pixels[:, :, :3].shape).reshape(-1)
    indices = np.flatnonzero(alpha)
    alpha = alpha[indices]
    premultiplied = pixels[:, :, :3].reshape(-1)[indices] * alpha + 127
    return _Layer(indices, premultiplied, 255 - alpha)


def load(folder: Path, split: str) -> Clips:
    """Composes the clips of a split: nine actions of each of its characters, in this order.

    Args:
        folder: holds body/, bottomwear/, topwear/ and hair/ with 0.png to 5.png, and shoes/1.png.
        split: "train" (8,100 clips), "validation" (900) or "test" (2,664).

    Raises:
        DataError: if a sheet is missing or has another size, or the split is unknown.
    """
    chosen = characters(split)
    layers = {
        part: [_read_layer(folder / part / f"{number}.png") for number in range(VARIANTS)]
        for part in SHEET_PARTS
    }
    shoes = _read_layer(folder / "shoes" / "1.png")
    actions = len(cells())
    frames = np.zeros((len(chosen), actions, CLIP_FRAMES, 3, CELL_SIDE, CELL_SIDE), np.uint8)
    labels = np.zeros((len(chosen), actions, len(FACTORS)), np.int64)
    for clips, clip_labels, character in zip(frames, labels, chosen, strict=True):
        for part, variant in zip(SHEET_PARTS, attributes(character), strict=True):
            layers[part][variant].composite_over(clips)
        shoes.composite_over(clips)
        clip_labels[:, :-1] = attributes(character)
        clip_labels[:, -1] = np.arange(actions)
    return Clips(
        torch.from_numpy(frames).flatten(0, 1), torch.from_numpy(labels).flatten(0, 1), FACTORS
    )
