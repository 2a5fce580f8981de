"""MNIST as it is published: gzip files in the IDX format (Y. LeCun, C. Cortes and C. Burges).

An IDX file begins with two zero bytes, the type of a number (8: a byte without sign), the number
of dimensions and the size of each as a big-endian 32-bit integer; the bytes follow.
"""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import numpy as np

from rwae.errors import DataError

FILES = {
    "train": ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
    "test": ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
}
SIDE = 28
CLASSES = 10


def read_idx(path: Path) -> np.ndarray:
    """Reads one gzip IDX file of bytes.

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
    images, classes = (folder / name for name in FILES[part])
    pixels, labels = read_idx(images), read_idx(classes)
    if pixels.ndim != 3 or pixels.shape[1:] != (SIDE, SIDE):
        raise _broken(images, f"it holds {pixels.shape}, not images of {SIDE} x {SIDE} pixels")
    if labels.shape != pixels.shape[:1] or labels.max(initial=0) >= CLASSES:
        raise _broken(classes, f"it does not hold a digit for each of {len(pixels)} images")
    return pixels, labels.astype(np.int64)


def _broken(path: Path, reason: str) -> DataError:
    return DataError(f"The file {path} cannot be used ({reason}): fetch it again.")
