"""Archives of NumPy arrays that ship with the project: written in one step, read with care."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from rwae.errors import CheckpointError
from rwae.files.checkpoint import atomic


def write_archive(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Writes arrays by their names as one compressed archive."""
    with atomic(path) as unfinished, unfinished.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


@contextmanager
def read_archive(path: Path, purpose: str) -> Iterator[dict[str, np.ndarray]]:
    """The arrays of an archive by their names, while they are made into what they stand for.

    Args:
        path: of the archive.
        purpose: what the project does with it, such as "from which sheets are completed".

    Raises:
        CheckpointError: if the file is missing or damaged, also where an array that is asked for
            inside is missing or has another shape.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        yield arrays
    except (OSError, ValueError, KeyError, IndexError, EOFError, BadZipFile) as error:
        raise CheckpointError(
            f"The file {path}, {purpose}, is missing or damaged: fetch the project again."
        ) from error
