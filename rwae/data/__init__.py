"""Data sets: labelled clips, found by their name."""

from __future__ import annotations

from pathlib import Path

from rwae.codes import Factor
from rwae.data.catalogue import DATA_SETS, DataSet
from rwae.data.clips import Clips, ClipSource
from rwae.errors import DataError

NAMES = tuple(DATA_SETS)

__all__ = ["DATA_SETS", "NAMES", "ClipSource", "Clips", "DataSet", "Factor", "describe", "load"]


def describe(name: str) -> DataSet:
    """What is known of a data set; raises DataError if there is none of this name."""
    if name not in DATA_SETS:
        raise DataError(f"There is no data set {name!r}: choose one of {', '.join(NAMES)}.")
    return DATA_SETS[name]


def load(name: str, split: str, folder: str | Path | None = None) -> ClipSource:
    """Loads a split of a data set.

    Args:
        name: one of NAMES. "figures" is drawn and needs no folder, "folder" is any folder of
            clips.
        split: "train", "validation" or "test", which share no clip; some data sets have more.
        folder: where the files of the data set are.

    Raises:
        DataError: if the name or the split is unknown, or the files are missing or broken.
    """
    known = describe(name)
    if split not in known.splits:
        raise DataError(
            f"The data set {name} has no split {split!r}: choose one of {', '.join(known.splits)}."
        )
    if known.needs_folder and (folder is None or not Path(folder).is_dir()):
        raise DataError(_no_folder(name, folder))
    return known.load(Path(folder or ""), split)


def _no_folder(name: str, folder: str | Path | None) -> str:
    """What to do about a folder that was not named or is not there."""
    files = DATA_SETS[name].download
    fetch = f"download it first with `python -m rwae.data.download {files} --out data/{files}`"
    if folder is not None:
        return f"There is no folder {folder}: " + (f"{fetch}." if files else "name another.")
    return (
        f"The data set {name} is read from a folder, but none was named: name it with --data DIR"
        + (f", or {fetch}." if files else ".")
    )
