"""Stochastic Moving MNIST (SM-MNIST; Denton and Fergus, ICML 2018), made on demand.

Two MNIST digits, enlarged to 32 x 32 pixels, move over 64 x 64 pixels, each with a velocity of
-4 to 4 pixels a frame in x and in y. A digit that has left the frame is put back at the wall and
draws a new velocity away from it. Where digits overlap, their values add up and are clipped.

No clip is stored: clip number n of a split is a function of (seed, split, n), so that a training
split of 60,000 clips needs no memory, and the same numbers give the same clips everywhere.

The digits are those of MNIST (Y. LeCun, C. Cortes and C. Burges), read from its gzip IDX files;
`python -m rwae.data.download mnist` fetches them.
"""

from __future__ import annotations

import dataclasses
import gzip
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.lib.stride_tricks import as_strided
from torch import Tensor

from rwae.codes import Factor
from rwae.data.clips import SPLITS, require_split
from rwae.errors import DataError

MNIST_FILES = {
    "train": ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
    "test": ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
}
MNIST_SIDE = 28
DIGIT_CLASSES = 10

FRAME_SIDE = 64
BOX_SIDE = 32  # of an enlarged digit
CLIP_FRAMES = 15
DIGITS = 2
MAX_SPEED = 4  # pixels a frame, in x and in y
MAX_OFFSET = FRAME_SIDE - BOX_SIDE - 1  # of a box, as in the authors' code
CLASS_PAIRS = [(a, b) for a in range(DIGIT_CLASSES) for b in range(a, DIGIT_CLASSES)]
FACTORS = (Factor("digits", tuple(f"{a} and {b}" for a, b in CLASS_PAIRS), True),)

# Of each split: the part of MNIST, which of its digits (the last 5,000 of the training part are
# held out for "validation"), and the number of clips.
SPLIT_DIGITS = {
    "train": ("train", slice(0, 55_000), 60_000),
    "validation": ("train", slice(55_000, 60_000), 1_000),
    "test": ("test", slice(0, 10_000), 1_000),
}


@dataclass(frozen=True)
class Truth:
    """The ground truth of some clips; the order of the two digits has no meaning.

    Attributes:
        classes: 0 to 9, with shape (B, 2).
        centres: (x, y) of the centre of each digit's box in pixels, x to the right and y
            downwards, (0, 0) the middle of the first pixel; with shape (B, T, 2, 2), where the
            third dimension is that of the digits.
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
        stream: number of the random stream; each split and seed has its own.
        frames: T.
        device: that batches are on.
    """

    images: np.ndarray
    classes: np.ndarray
    count: int
    stream: int
    frames: int = CLIP_FRAMES
    device: torch.device | str = "cpu"

    factors = FACTORS

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one clip, (T, 3, H, W)."""
        return self.frames, 3, FRAME_SIDE, FRAME_SIDE

    @property
    def recordings(self) -> int:
        """Independent recordings: each clip is one."""
        return self.count

    def __len__(self) -> int:
        return self.count

    @cached_property
    def labels(self) -> Tensor:
        """The number in CLASS_PAIRS of every clip's two digits, with shape (N, 1)."""
        low, high = np.sort(self.classes[self._digits_of(np.arange(self.count))], 1).T
        return torch.from_numpy(low * DIGIT_CLASSES - low * (low - 1) // 2 + high - low)[:, None]

    def batch(self, indices: Tensor) -> Tensor:
        """The clips with these numbers as floats in [0, 1], with shape (B, T, 3, 64, 64)."""
        numbers = self._numbers(indices)
        return self._render(self._digits_of(numbers), self._positions(numbers))

    def swapped(self, shown: Tensor, placed: Tensor) -> Tensor:
        """The digits of clips A at the places of clips B, which can be dealt to them in two ways.

        Args:
            shown: the numbers of the clips A, with shape (B,).
            placed: the numbers of the clips B, with shape (B,).

        Returns:
            Both ways, floats in [0, 1] with shape (B, 2, T, 3, 64, 64).
        """
        digits = self._digits_of(self._numbers(shown))
        positions = self._positions(self._numbers(placed))
        ways = [self._render(digits, positions), self._render(digits[:, ::-1], positions)]
        return torch.stack(ways, 1)

    def _render(self, images: np.ndarray, positions: np.ndarray) -> Tensor:
        """Clips of images, by their numbers (B, 2), at offsets (B, T, 2, 2)."""
        digits = enlarge(self.images[images])
        canvas = np.zeros((len(images), self.frames, FRAME_SIDE, FRAME_SIDE), np.uint16)
        boxes = _box_views(canvas)
        clip, frame = np.ogrid[: len(images), : self.frames]
        for k in range(DIGITS):
            x, y = positions[:, :, k, 0], positions[:, :, k, 1]
            boxes[clip, frame, y, x] += digits[:, None, k]
        grey = torch.from_numpy(np.minimum(canvas, 255).astype(np.float32)) / 255
        return grey.to(self.device)[:, :, None].expand(-1, -1, 3, -1, -1)

    def truth(self, indices: Tensor) -> Truth:
        """Classes and centres of both digits of the clips with these numbers."""
        numbers = self._numbers(indices)
        centres = self._positions(numbers) + np.float32((BOX_SIDE - 1) / 2)
        classes = self.classes[self._digits_of(numbers)]
        return Truth(torch.from_numpy(classes), torch.from_numpy(centres.astype(np.float32)))

    def to(self, device: torch.device | str) -> MovingDigits:
        """The same clips, whose `batch` is on a device."""
        return dataclasses.replace(self, device=device)

    def _numbers(self, indices: Tensor) -> np.ndarray:
        numbers = indices.cpu().numpy()
        if numbers.size and not 0 <= numbers.min() <= numbers.max() < self.count:
            raise IndexError(f"The clips are numbered from 0 to {self.count - 1}.")
        return numbers

    def _random(
        self, numbers: np.ndarray, first: int, count: int, low: int, high: int
    ) -> np.ndarray:
        return random_integers(self.stream, numbers, first, count, low, high)

    def _digits_of(self, numbers: np.ndarray) -> np.ndarray:
        """Numbers of the two images that each clip shows, with shape (B, 2)."""
        return self._random(numbers, 0, DIGITS, 0, len(self.images))

    def _positions(self, numbers: np.ndarray) -> np.ndarray:
        """Offset (x, y) of each digit's box in each frame, with shape (B, T, 2 digits, 2)."""
        shape = len(numbers), DIGITS, 2
        position = self._random(numbers, 2, DIGITS * 2, 0, MAX_OFFSET + 1).reshape(shape)
        speed = self._random(numbers, 6, DIGITS * 2, -MAX_SPEED, MAX_SPEED + 1).reshape(shape)
        positions = []
        for t in range(self.frames):
            # y before x: a digit in a corner takes the velocity of its x wall, as the authors'.
            for axis in (1, 0):
                first = 10 + 8 * t + 4 * axis
                away = self._random(numbers, first, DIGITS, 1, MAX_SPEED + 1)
                along = self._random(numbers, first + 2, DIGITS, -MAX_SPEED, MAX_SPEED + 1)
                low, high = position[..., axis] < 0, position[..., axis] > MAX_OFFSET
                position[..., axis] = position[..., axis].clip(0, MAX_OFFSET)
                wall = low | high
                speed[..., axis] = np.where(wall, np.where(low, away, -away), speed[..., axis])
                speed[..., 1 - axis] = np.where(wall, along, speed[..., 1 - axis])
            positions.append(position.copy())
            position += speed
        return np.stack(positions, 1)


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
    require_split("SM-MNIST", split)
    part, chosen, count = SPLIT_DIGITS[split]
    images, classes = read_digits(Path(folder), part)
    if len(images[chosen]) < DIGITS:
        raise DataError(f"The folder {folder} has too few digits for the split {split}.")
    stream = 3 * seed + SPLITS.index(split)
    return MovingDigits(images[chosen], classes[chosen], count, stream)


def read_idx(path: Path) -> np.ndarray:
    """Reads one gzip IDX file of bytes.

    An IDX file begins with two zero bytes, the type of a number (8: an unsigned byte), the number
    of dimensions and the size of each as a big-endian 32-bit integer; the values follow.

    Raises:
        DataError: if the file is missing, no gzip file, cut short, or no IDX file of bytes.
    """
    try:
        content = gzip.decompress(path.read_bytes())
    except (OSError, EOFError, zlib.error) as error:
        if not path.is_file():
            raise DataError(
                f"The file {path} is missing: name the folder with the four gzip files of MNIST, "
                "or fetch them with `python -m rwae.data.download mnist`."
            ) from error
        raise _broken(path, str(error)) from error
    if len(content) < 4 or content[:3] != b"\0\0\x08":
        raise _broken(path, "it is no IDX file of bytes")
    dimensions = content[3]
    start = 4 + 4 * dimensions
    shape = np.frombuffer(content[4:start], ">u4").tolist()
    if len(shape) != dimensions or len(content) - start != int(np.prod(shape)):
        raise _broken(path, "its length is not the one that it states")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def read_digits(folder: Path, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Reads the images, bytes (N, 28, 28), and the classes, (N,) in 0..9, of "train" or "test".

    Raises:
        DataError: if a file is missing or broken, or the two do not belong together.
    """
    images, classes = (folder / name for name in MNIST_FILES[part])
    pixels, labels = read_idx(images), read_idx(classes)
    if pixels.ndim != 3 or pixels.shape[1:] != (MNIST_SIDE, MNIST_SIDE):
        needed = f"images of {MNIST_SIDE} x {MNIST_SIDE} pixels"
        raise _broken(images, f"it holds {pixels.shape}, not {needed}")
    if labels.shape != pixels.shape[:1] or labels.max(initial=0) >= DIGIT_CLASSES:
        raise _broken(classes, f"it does not hold a digit for each of {len(pixels)} images")
    return pixels, labels.astype(np.int64)


def _broken(path: Path, reason: str) -> DataError:
    return DataError(f"The file {path} cannot be used ({reason}): fetch it again.")


def enlarge(images: np.ndarray) -> np.ndarray:
    """Bytes (..., 28, 28) to (..., 32, 32) by linear interpolation between pixel centres."""
    source = ((np.arange(BOX_SIDE) + 0.5) * MNIST_SIDE / BOX_SIDE - 0.5).clip(0, MNIST_SIDE - 1)
    weights = (1 - np.abs(source[:, None] - np.arange(MNIST_SIDE))).clip(0).astype(np.float32)
    return np.round(weights @ images.astype(np.float32) @ weights.T).astype(np.uint16)


def random_integers(
    stream: int, numbers: np.ndarray, first: int, count: int, low: int, high: int
) -> np.ndarray:
    """Random integers in [low, high) as a function of (stream, clip number, draw), without state.

    Each is one output of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014) whose state counts the
    draws of all clips; 64 bits modulo a small range have a negligible bias.

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


def _box_views(canvas: np.ndarray) -> np.ndarray:
    """Every box of a canvas (B, T, 64, 64) as a writable view (B, T, 33, 33, 32, 32)."""
    offsets = FRAME_SIDE - BOX_SIDE + 1
    shape = (*canvas.shape[:2], offsets, offsets, BOX_SIDE, BOX_SIDE)
    return as_strided(canvas, shape, (*canvas.strides, *canvas.strides[2:]))
