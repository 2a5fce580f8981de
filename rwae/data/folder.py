"""A folder of any clips: videos, GIFs, image strips, or sub-folders of frames.

    my_clips/dance.mp4                  one video, GIF or strip (square frames side by side) a clip
    my_clips/anna/dance.mp4             a folder may say who: a static label
    my_clips/anna/dancing/take1.gif     and one more how it moves: a dynamic label
    my_clips/anna/dancing/take2/07.png  pictures that are not strips: the frames of one clip

Frames are fitted as the app fits an upload: the middle square, resized to 64 x 64 pixels. A
recording is cut into pieces of 32 to 63 frames, and each gives a clip of eight frames, evenly in
time; a shorter recording gives one clip. Training needs no label; the evaluation of swaps does.

A hash of its name decides the split of a recording: 80 of a hundred are "train", ten "validation"
and ten "test". Folders `train`, `test` and perhaps `validation` above all others are the splits
instead, and no labels. Pictures are in the natural order of their names: frame2 comes before
frame10. Hidden files and the folders that some systems add (`__MACOSX`, `@eaDir`) are skipped.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from rwae.codes import Factor
from rwae.data.clips import Clips, require_split
from rwae.errors import ClipError, DataError
from rwae.files.video import DecoderProcess, read_clip, read_frames, read_image, to_frames

FRAME_SIDE = 64
CLIP_FRAMES = 8
PIECE_FRAMES = 32  # the fewest frames of a piece of a longer recording
MAX_FRAMES = 1800  # of a recording: a minute at 30 frames a second
IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp"})
VIDEO_SUFFIXES = frozenset({".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".gif", ".webp"})
# The factors that the first and the second level of folders label, and whether they are static.
LEVELS = (("who", True), ("how", False))
# Shares of the recordings in a hundred; the rest is "test".
TRAIN_SHARE, VALIDATION_SHARE = 80, 10
# Names of the folders at the top that are splits, in lower case.
SPLIT_FOLDERS = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}
MAX_COMPLAINTS = 40  # that one message holds


@dataclass(frozen=True)
class Recording:
    """A recording in the folder.

    Attributes:
        name: of its file or its folder of frames, relative to the data's folder.
        path: of the same.
        images: the files of its frames, or none if it is one file.
        labels: the names of the folders that it lies in, except that of its split.
        split: "train", "validation" or "test".
    """

    name: str
    path: Path
    images: tuple[Path, ...]
    labels: tuple[str, ...]
    split: str

    def decode(self, decoder: DecoderProcess | None = None) -> np.ndarray:
        """Reads its frames as RGB bytes (N, H, W, 3).

        Args:
            decoder: the process that opens files; a new one for each file by default.

        Raises:
            DataError: with the name of the file that cannot be read.
        """
        if self.images:
            return read_frames(self.images)
        try:
            return read_clip(self.path, max_frames=MAX_FRAMES, decoder=decoder)
        except ClipError as error:
            raise DataError(f"The clip {self.path} cannot be used. {error}") from error


def _are_frames(images: tuple[Path, ...]) -> bool:
    """Whether the images of a folder are the frames of one recording, and not strips.

    The first one that can be read decides: it is a strip if it is square frames side by side, and
    enough of them for a clip where there are other images.
    """
    enough = CLIP_FRAMES if len(images) > 1 else 2
    for path in images:
        with suppress(DataError):  # which is said where the recording is read
            height, width = read_image(path).shape[:2]
            return bool(width < enough * height or width % height)
    return bool(images)


def natural_order(path: Path) -> tuple[list[tuple[int, str]], str]:
    """A key that sorts names by the numbers in them: frame1, frame2, frame10."""
    parts = re.split(r"([0-9]+)", path.name)
    return [(int(p), "") if p.isdecimal() else (-1, p) for p in parts], path.name


def _is_skipped(path: Path) -> bool:
    """Whether a file or folder is hidden or was added by a system, such as `.thumbnails`."""
    return path.name.startswith((".", "@")) or path.name == "__MACOSX"


def _directories(root: Path) -> list[Path]:
    """A folder and those below it that are not skipped; links are followed, each folder once."""
    found, known = [root], {root.resolve()}
    for directory in found:
        for path in sorted(directory.iterdir()):
            if path.is_dir() and not _is_skipped(path) and path.resolve() not in known:
                found.append(path)
                known.add(path.resolve())
    return found


def _recordings_in(directory: Path, root: Path) -> list[Recording]:
    """The recordings whose files lie directly in a directory."""
    files = [p for p in directory.iterdir() if p.is_file() and not _is_skipped(p)]
    files.sort(key=natural_order)
    images = tuple(p for p in files if p.suffix.lower() in IMAGE_SUFFIXES)
    videos = [p for p in files if p.suffix.lower() in VIDEO_SUFFIXES]
    if directory != root and _are_frames(images):
        return [_recording(directory, root, images), *_files(videos, root)]
    return _files([*videos, *images], root)


def _files(paths: list[Path], root: Path) -> list[Recording]:
    return [_recording(path, root) for path in paths]


def _recording(path: Path, root: Path, images: tuple[Path, ...] = ()) -> Recording:
    name = path.relative_to(root).as_posix()
    return Recording(name, path, images, tuple(name.split("/")[:-1]), split_of(name))


def recordings(root: Path) -> list[Recording]:
    """All recordings below a folder, in the order of their names.

    Raises:
        DataError: if there is none.
    """
    found = [
        recording
        for directory in _directories(root)
        for recording in _recordings_in(directory, root)
    ]
    if not found:
        raise DataError(
            f"The folder {root} holds no clip: put videos, GIFs, image strips or sub-folders of "
            "frames into it."
        )
    return _split_by_folders(sorted(found, key=lambda recording: recording.name))


def _split_by_folders(found: list[Recording]) -> list[Recording]:
    """The same recordings; if the folders at the top are splits, each in the split of its folder.

    A split that has no folder gets its share of `train`.
    """
    tops = [SPLIT_FOLDERS.get(r.labels[0].lower(), "") if r.labels else "" for r in found]
    if "" in tops or "train" not in tops:
        return found
    return [
        replace(
            recording,
            labels=recording.labels[1:],
            split=recording.split if top == "train" and recording.split not in tops else top,
        )
        for recording, top in zip(found, tops, strict=True)
    ]


def overview(root: Path) -> str:
    """How many recordings a folder holds, and which of its files are left out, in a line."""
    count = len(recordings(root))
    left_out = Counter(kind for directory in _directories(root) for kind in _left_out(directory))
    named = ", ".join(f"{number} {kind}" for kind, number in sorted(left_out.items()))
    return f"{count} recordings; left out: {named or 'nothing'}."


def _left_out(directory: Path) -> Iterator[str]:
    """The kind of each file or folder in a directory that is no recording."""
    for path in directory.iterdir():
        if _is_skipped(path):
            yield "hidden or of the system"
        elif path.is_file() and path.suffix.lower() not in IMAGE_SUFFIXES | VIDEO_SUFFIXES:
            yield path.suffix.lower() or "without an ending"


def folder_factors(found: list[Recording]) -> tuple[Factor, ...]:
    """The factors that the folders' names label: "who", "how", both or none.

    A level of folders is a label if every recording lies that deep, and not all in one folder.
    """
    levels = zip(*(recording.labels for recording in found), strict=False)
    return tuple(
        Factor(name, tuple(sorted(set(level))), static)
        for (name, static), level in zip(LEVELS, levels, strict=False)
        if len(set(level)) > 1
    )


def split_of(name: str) -> str:
    """The split of a recording where no folder says it, decided by a hash of its name alone.

    It is the same on every machine, and recordings that are added or removed do not change it.

    Args:
        name: relative to the data's folder, with forward slashes.
    """
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) % 100
    if number < TRAIN_SHARE:
        return "train"
    return "validation" if number < TRAIN_SHARE + VALIDATION_SHARE else "test"


def clips_of(recording: Recording, decoder: DecoderProcess | None = None) -> Tensor:
    """The clips of a recording, as bytes (clips, 8, 3, 64, 64).

    Raises:
        DataError: if it cannot be read or has fewer than eight frames; the message names it.
    """
    film = recording.decode(decoder)
    if len(film) < CLIP_FRAMES:
        raise DataError(
            f"The clip {recording.path} has {len(film)} frames: it needs at least {CLIP_FRAMES}. "
            "Take it out of the folder, or replace it by a longer one."
        )
    pieces = np.array_split(film, max(1, len(film) // PIECE_FRAMES))
    fitted = torch.stack([to_frames(piece, CLIP_FRAMES, FRAME_SIDE) for piece in pieces])
    return (255 * fitted).round().to(torch.uint8)


def load(folder: Path, split: str) -> Clips:
    """Reads the recordings of a split.

    Args:
        folder: see the top of this file.
        split: "train", "validation" or "test".

    Raises:
        DataError: if the folder or the split holds no clip, one cannot be read, has frames of
            several sizes or too few of them, or the split is unknown.
    """
    require_split("A folder", split)
    found = recordings(folder)
    known = folder_factors(found)
    names = [factor.name for factor in known]
    levels = [level for level, (name, _) in enumerate(LEVELS) if name in names]
    chosen = [recording for recording in found if recording.split == split]
    if not chosen:
        raise DataError(
            f"Of the {len(found)} recordings in {folder} none falls into the split {split}, "
            "which folders at the top or a hash of their names decide: add more."
        )
    frames, labels = [], []
    for recording, clips in zip(chosen, _all_clips(chosen, found), strict=True):
        frames.append(clips)
        label = [
            factor.values.index(recording.labels[level])
            for factor, level in zip(known, levels, strict=True)
        ]
        labels += [label] * len(clips)
    columns = torch.tensor(labels).view(len(labels), len(known))
    cut_of = torch.arange(len(chosen)).repeat_interleave(torch.tensor([len(f) for f in frames]))
    return Clips(torch.cat(frames), columns, known, cut_of)


def _all_clips(chosen: list[Recording], found: list[Recording]) -> list[Tensor]:
    """The clips of each chosen recording.

    Raises:
        DataError: if one cannot be used; the message names all such recordings of the folder.
    """
    clips: list[Tensor] = []
    with DecoderProcess() as decoder:  # one for all, as its start takes longer than most clips
        broken = list(_complaints(chosen, decoder, clips))
        if broken:
            # Those of other splits would stop the evaluation later.
            others = [recording for recording in found if recording not in chosen]
            broken += _complaints(others, decoder)
    if len(broken) == 1:
        raise DataError(broken[0])
    if broken:
        hidden = len(broken) - MAX_COMPLAINTS
        rest = [f"and {hidden} more"] * (hidden > 0)
        raise DataError(
            "\n".join(
                [
                    f"{len(broken)} of the {len(found)} recordings cannot be used:",
                    *broken[:MAX_COMPLAINTS],
                    *rest,
                ]
            )
        )
    return clips


def _complaints(
    asked: Iterable[Recording], decoder: DecoderProcess, clips: list[Tensor] | None = None
) -> Iterator[str]:
    """Reads recordings; yields what is wrong with each that cannot be used.

    Args:
        asked: the recordings.
        decoder: reads their files.
        clips: gets the clips of the others, if they are wanted.
    """
    for recording in asked:
        try:
            read = clips_of(recording, decoder)
        except DataError as error:
            yield str(error)
        else:
            if clips is not None:
                clips.append(read)
