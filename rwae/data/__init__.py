"""Data sets: labelled clips in memory, found by their name."""

from __future__ import annotations

from pathlib import Path

from rwae.data import figures, sprites
from rwae.data.clips import Clips, Factor
from rwae.errors import DataError

NAMES = ("sprites", "figures")

__all__ = ["NAMES", "Clips", "Factor", "load"]


def load(name: str, split: str, folder: str | Path | None = None) -> Clips:
    """Loads a split of a data set.

    Args:
        name: "sprites", the benchmark, or "figures", which is drawn and needs no folder.
        split: "train", "validation" or "test"; no character is in two of them.
        folder: where the files of the data set are.

    Raises:
        DataError: if the name or the split is unknown, or the files are missing or broken.
    """
    if name not in NAMES:
        raise DataError(f"There is no data set {name!r}: choose one of {', '.join(NAMES)}.")
    if name == "figures":
        return figures.load(split)
    command = f"python -m rwae.data.download {name} --out data/{name}"
    if folder is None:
        raise DataError(
            f"The data set {name} is read from a folder, but none was named: name it with --data "
            f"DIR, or download it first with `{command}`."
        )
    if not Path(folder).is_dir():
        raise DataError(f"There is no folder {folder}: download {name} with `{command}`.")
    return sprites.load(Path(folder), split)
