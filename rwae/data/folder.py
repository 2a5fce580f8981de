"""A folder of any clips: videos, GIFs, image strips, or sub-folders of frames.

    my_clips/dance.mp4                  one video, GIF or strip (square frames side by side) a clip
    my_clips/anna/dance.mp4             a folder may say who: a static label
    my_clips/anna/dancing/take1.gif     and one more how it moves: a dynamic label
    my_clips/anna/dancing/take2/07.png  pictures that are not strips: the frames of one clip

Frames are fitted as the app fits an upload: the middle square, resized to 64 x 64 pixels. A
recording is cut into pieces of 32 to 63 frames, and each gives a clip of eight frames, evenly in
time; a shorter recording gives one clip. Training needs no label; the evaluation of swaps does.

A hash of its name decides the split of a recording: 80 of a hundred are "train", ten "validation"
and ten "test". Pictures are in the natural order of their names: frame2 comes before frame10.
Hidden files and the folders that some systems add (`__MACOSX`, `@eaDir`) are skipped.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Recording:
    """A recording in the folder.

    Attributes:
        name: of its file or its folder of frames, relative to the data's folder.
        path: of the same.
        images: the files of its frames, or none if it is one file.
    """

    name: str
    path: Path
    images: tuple[Path, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the folders that it lies in."""
        return tuple(self.name.split("/")[:-1])

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


def _is_strip(path: Path) -> bool:
    """Whether an image is a strip: at least two square frames side by side."""
    height, width = read_image(path).shape[:2]
    return bool(width >= 2 * height and width % height == 0)


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
    # The first image decides whether a directory holds strips or the frames of one recording.
    if images and directory != root and not _is_strip(images[0]):
        name = directory.relative_to(root).as_posix()
        return [Recording(name, directory, images), *_files(videos, root)]
    return _files([*videos, *images], root)


def _files(paths: list[Path], root: Path) -> list[Recording]:
    return [Recording(path.relative_to(root).as_posix(), path) for path in paths]


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
    return sorted(found, key=lambda recording: recording.name)


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
    """The split of a recording, decided by a hash of its name alone.

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
    frames, labels = [], []
    chosen = [recording for recording in found if split_of(recording.name) == split]
    with DecoderProcess() as decoder:  # one for all, as its start takes longer than most clips
        for recording in chosen:
            frames.append(clips_of(recording, decoder))
            label = [
                factor.values.index(recording.labels[level])
                for factor, level in zip(known, levels, strict=True)
            ]
            labels += [label] * len(frames[-1])
    if not frames:
        raise DataError(
            f"Of the {len(found)} recordings in {folder} none falls into the split {split}, "
            "which a hash of their names decides: add more."
        )
    columns = torch.tensor(labels).view(len(labels), len(known))
    return Clips(torch.cat(frames), columns, known, cut_from=len(chosen))
