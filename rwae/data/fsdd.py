"""The Free Spoken Digit Dataset: six speakers say ten digits, fifty times each, at 8 kHz.

`python -m rwae.data.download fsdd` fetches it. Of each speaker and digit the recordings 0 to 4 are
"test", as its authors have it; of their training part 5 to 9 are "validation" here and 10 to 49
"train". So all six speakers are known from training: this stands in for TIMIT, whose test speakers
are not. The first 0.64 seconds of a recording are a clip (six of a hundred are longer); see
`rwae.data.speech`.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import torch

from rwae.data import speech
from rwae.data.clips import Clips
from rwae.data.sound import read_sound
from rwae.errors import DataError
from rwae.factors import Factor

SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
FACTORS = (
    Factor("speaker", SPEAKERS, True),
    Factor("digit", tuple(str(digit) for digit in range(10)), False),
)
SPLITS = {"train": range(10, 50), "validation": range(5, 10), "test": range(5)}
LARGEST = 1 << 20  # bytes of a recording; the largest has 37 kB
_NAME = re.compile(r"([0-9])_([a-z]+)_([0-9]+)\.wav")


def load(folder: Path, split: str) -> Clips:
    """Reads the recordings of a split, in the order of their names.

    Args:
        folder: holds the zip as it was fetched, or the WAV files, also in a folder recordings/.
        split: "train" (2,400 clips), "validation" (300) or "test" (300).

    Raises:
        DataError: if nothing is there, a file is broken, or the split is unknown.
    """
    if split not in SPLITS:
        raise DataError(f"FSDD has no split {split!r}: choose one of {', '.join(SPLITS)}.")
    frames, labels = [], []
    for name, content in _recordings(folder, split):
        digit, speaker, _ = _NAME.fullmatch(name).groups()
        frames.append(speech.clips(*read_sound(content, name))[:1])
        labels.append((SPEAKERS.index(speaker), int(digit)))
    if not frames:
        raise DataError(
            f"The folder {folder} holds no recording of the split {split}: fetch the data again "
            "with python -m rwae.data.download fsdd."
        )
    return Clips(speech.grey(frames), torch.tensor(labels), FACTORS)


def _wanted(name: str, split: str) -> bool:
    found = _NAME.fullmatch(name)
    return bool(found) and found[2] in SPEAKERS and int(found[3]) in SPLITS[split]


def _recordings(folder: Path, split: str) -> Iterator[tuple[str, bytes]]:
    """The names and bytes of the WAV files of a split, from the folder or from its zip."""
    if files := [path for path in folder.rglob("*.wav") if _wanted(path.name, split)]:
        yield from ((path.name, path.read_bytes()) for path in sorted(files))
        return
    for archive in sorted(folder.glob("*.zip")):
        try:
            with zipfile.ZipFile(archive) as file:
                inside = {Path(info.filename).name: info for info in file.infolist()}
                for name in sorted(name for name in inside if _wanted(name, split)):
                    if inside[name].file_size > LARGEST:
                        raise zipfile.BadZipFile(f"{name} is too large")
                    yield name, file.read(inside[name])
        except (zipfile.BadZipFile, zlib.error, OSError, RuntimeError) as error:
            raise DataError(
                f"The archive {archive} is damaged ({error}): delete it and fetch it again with "
                "python -m rwae.data.download fsdd."
            ) from error
        return
