"""Data sets of labelled clips, by name; see docs/DATA.md."""

from __future__ import annotations

from pathlib import Path

from rwae.data.catalogue import DATA_SETS, DataSet
from rwae.data.clips import Clips, ClipSource, require_split
from rwae.errors import DataError

NAMES = tuple(DATA_SETS)

__all__ = ["DATA_SETS", "NAMES", "ClipSource", "Clips", "DataSet", "describe", "load"]


def describe(name: str) -> DataSet:
    """The entry of a data set in the catalogue; raises DataError if there is none."""
    if name not in DATA_SETS:
        raise DataError(f"There is no data set {name!r}: choose one of {', '.join(NAMES)}.")
    return DATA_SETS[name]


def load(name: str, split: str, folder: str | Path | None = None) -> ClipSource:
    """Loads a split of a data set.

    Args:
        name: one of NAMES. "figures" is drawn and needs no folder; "folder" is any folder of
            clips.
        split: "train", "validation" or "test", which share no clip; some data sets have more.
        folder: with the files of the data set.

    Raises:
        DataError: if the name or the split is unknown, or the files are missing or broken.
    """
    known = describe(name)
    require_split(f"The data set {name}", split, known.splits)
    if known.needs_folder and (folder is None or not Path(folder).is_dir()):
        raise DataError(_missing_folder(name, folder))
    return known.load(Path(folder or ""), split)


def _missing_folder(name: str, folder: str | Path | None) -> str:
    """A message for a folder that was not named or does not exist."""
    files = DATA_SETS[name].download
    fetch = f"download it first with `python -m rwae.data.download {files} --out data/{files}`"
    if folder is not None:
        return f"There is no folder {folder}: " + (f"{fetch}." if files else "name another.")
    return (
        f"The data set {name} is read from a folder, but none was named: name it with --data DIR"
        + (f", or {fetch}." if files else ".")
    )
