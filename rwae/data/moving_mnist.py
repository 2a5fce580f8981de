"""Stochastic Moving MNIST (SM-MNIST; Denton and Fergus, ICML 2018), made on the fly.

Two MNIST digits, enlarged to 32 x 32 pixels, move over 64 x 64 pixels, each with a velocity of
-4 to 4 pixels a frame to either side. A digit that has left the frame is put back at the wall
and draws a new velocity away from it. Where digits overlap, their light adds up and is clipped.

No clip is kept: clip number n of a split is a function of (seed, split, n), so that a training
split of 60,000 clips costs no memory, and the same numbers give the same clips everywhere.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.lib.stride_tricks import as_strided
from torch import Tensor

from rwae.codes import Factor
from rwae.data.idx import CLASSES, SIDE, read_digits
from rwae.errors import DataError

FRAME, BOX, FRAMES, DIGITS = 64, 32, 15, 2
FASTEST = 4
LAST = FRAME - BOX - 1  # the largest offset of a box, as in the authors' code
PAIRS = [(a, b) for a in range(CLASSES) for b in range(a, CLASSES)]
FACTORS = (Factor("digits", tuple(f"{a} and {b}" for a, b in PAIRS), True),)

# The part of MNIST, which of its digits (the last 5,000 of the training part are held out for
# "validation"), and the number of clips.
SPLITS = {
    "train": ("train", slice(0, 55_000), 60_000),
    "validation": ("train", slice(55_000, 60_000), 1_000),
    "test": ("test", slice(0, 10_000), 1_000),
}


@dataclass(frozen=True)
class Truth:
    """What is known about some clips; the order of the two digits means nothing.

    Attributes:
        classes: 0 to 9, with shape (B, 2).
        centres: (x, y) of the centre of each digit's box in pixels, x to the right and y
            downwards, (0, 0) the middle of the first pixel; with shape (B, T, 2, 2), where the
            third dimension tells the digits.
    """

    classes: Tensor
    centres: Tensor


@dataclass(frozen=True)
class MovingDigits:
    """The clips of a split, by their number; a `rwae.data.clips.ClipSource`.

    Attributes:
        images: the digits to choose from, bytes (M, 28, 28).
        classes: their classes, with shape (M,).
        count: the number of clips.
        stream: makes the clips differ from those of another split or seed.
        frames: T.
        device: where batches are put.
    """

    images: np.ndarray
    classes: np.ndarray
    count: int
    stream: int
    frames: int = FRAMES
    device: torch.device | str = "cpu"

    factors = FACTORS

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one clip, (T, 3, H, W)."""
        return self.frames, 3, FRAME, FRAME

    @property
    def recordings(self) -> int:
        """Independent recordings: each clip is one."""
        return self.count

    def __len__(self) -> int:
        return self.count

    @cached_property
    def labels(self) -> Tensor:
        """The number in PAIRS of every clip's two digits, with shape (N, 1)."""
        low, high = np.sort(self.classes[self._chosen(np.arange(self.count))], 1).T
        return torch.from_numpy(low * CLASSES - low * (low - 1) // 2 + high - low)[:, None]

    def batch(self, indices: Tensor) -> Tensor:
        """The clips with these numbers as floats in [0, 1], with shape (B, T, 3, 64, 64)."""
        numbers = self._numbers(indices)
        digits = enlarge(self.images[self._chosen(numbers)])
        canvas = np.zeros((len(numbers), self.frames, FRAME, FRAME), np.uint16)
        windows = _windows(canvas)
        clip, frame = np.ogrid[: len(numbers), : self.frames]
        places = self._places(numbers)
        for k in range(DIGITS):
            windows[clip, frame, places[:, :, k, 1], places[:, :, k, 0]] += digits[:, None, k]
        light = torch.from_numpy(np.minimum(canvas, 255).astype(np.float32)) / 255
        return light.to(self.device)[:, :, None].expand(-1, -1, 3, -1, -1)

    def truth(self, indices: Tensor) -> Truth:
        """Classes and centres of both digits of the clips with these numbers."""
        numbers = self._numbers(indices)
        centres = self._places(numbers) + np.float32((BOX - 1) / 2)
        classes = self.classes[self._chosen(numbers)]
        return Truth(torch.from_numpy(classes), torch.from_numpy(centres.astype(np.float32)))

    def to(self, device: torch.device | str) -> MovingDigits:
        """The same clips; `batch` puts them on this device."""
        return dataclasses.replace(self, device=device)

    def _numbers(self, indices: Tensor) -> np.ndarray:
        numbers = indices.cpu().numpy()
        if numbers.size and not 0 <= numbers.min() <= numbers.max() < self.count:
            raise IndexError(f"The clips are numbered from 0 to {self.count - 1}.")
        return numbers

    def _chosen(self, numbers: np.ndarray) -> np.ndarray:
        """Which two images a clip shows, with shape (B, 2)."""
        return draw(self.stream, numbers, 0, DIGITS, 0, len(self.images))

    def _places(self, numbers: np.ndarray) -> np.ndarray:
        """Offset (x, y) of each digit's box in each frame, with shape (B, T, 2 digits, 2)."""
        both = len(numbers), DIGITS, 2
        place = draw(self.stream, numbers, 2, DIGITS * 2, 0, LAST + 1).reshape(both)
        speed = draw(self.stream, numbers, 6, DIGITS * 2, -FASTEST, FASTEST + 1).reshape(both)
        places = []
        for t in range(self.frames):
            # y before x: a digit in a corner takes the velocity of its x wall, as the authors'.
            for axis in (1, 0):
                first = 10 + 8 * t + 4 * axis
                away = draw(self.stream, numbers, first, DIGITS, 1, FASTEST + 1)
                along = draw(self.stream, numbers, first + 2, DIGITS, -FASTEST, FASTEST + 1)
                low, high = place[..., axis] < 0, place[..., axis] > LAST
                place[..., axis] = place[..., axis].clip(0, LAST)
                wall = low | high
                speed[..., axis] = np.where(wall, np.where(low, away, -away), speed[..., axis])
                speed[..., 1 - axis] = np.where(wall, along, speed[..., 1 - axis])
            places.append(place.copy())
            place += speed
        return np.stack(places, 1)


def load(folder: Path, split: str, seed: int = 0) -> MovingDigits:
    """Opens a split.

    Args:
        folder: holds the four gzip IDX files of MNIST.
        split: "train" (60,000 clips), "validation" (1,000) or "test" (1,000); no digit image is
            in two of them.
        seed: gives other clips of the same digits.

    Raises:
        DataError: if the split is unknown, or a file is missing or broken.
    """
    if split not in SPLITS:
        raise DataError(f"SM-MNIST has no split {split!r}: choose one of {', '.join(SPLITS)}.")
    part, some, count = SPLITS[split]
    images, classes = read_digits(Path(folder), part)
    if len(images[some]) < DIGITS:
        raise DataError(f"The folder {folder} has too few digits for the split {split}.")
    return MovingDigits(images[some], classes[some], count, 3 * seed + list(SPLITS).index(split))


def enlarge(images: np.ndarray) -> np.ndarray:
    """Bytes (..., 28, 28) to (..., 32, 32) by linear interpolation between pixel centres."""
    place = ((np.arange(BOX) + 0.5) * SIDE / BOX - 0.5).clip(0, SIDE - 1)
    weights = (1 - np.abs(place[:, None] - np.arange(SIDE))).clip(0).astype(np.float32)
    return np.round(weights @ images.astype(np.float32) @ weights.T).astype(np.uint16)


def draw(
    stream: int, numbers: np.ndarray, first: int, count: int, low: int, high: int
) -> np.ndarray:
    """Random integers in [low, high) as a function of (stream, clip number, draw), no state.

    Each is one output of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014) whose state counts the
    draws of all clips; reducing 64 bits modulo a small range leaves no bias that could be seen.

    Returns:
        With shape (B, count): draws number `first` to `first + count - 1` of each clip.
    """
    columns = np.arange(first, first + count, dtype=np.uint64)
    z = (numbers.astype(np.uint64)[:, None] << np.uint64(16)) + columns
    z = (z + (np.uint64(stream) << np.uint64(48)) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return low + (z % np.uint64(high - low)).astype(np.int64)


def _windows(canvas: np.ndarray) -> np.ndarray:
    """Every box of a canvas (B, T, 64, 64), writable, with shape (B, T, 33, 33, 32, 32)."""
    offsets = FRAME - BOX + 1
    shape = (*canvas.shape[:2], offsets, offsets, BOX, BOX)
    return as_strided(canvas, shape, (*canvas.strides, *canvas.strides[2:]))
