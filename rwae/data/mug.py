"""MUG facial expressions (Aifanti et al., WIAMIS 2010): six emotions of 52 people.

It is licensed and cannot be handed on: name the folder that holds `001/anger/take000/img_0000.jpg`
and so on. As the peers do (S3VAE, C-DSVAE and MoCoGAN's followers), the neutral expression is left
out and frames are cut to the face and made 64 x 64; a clip is 15 frames, every second one of a
take. Two things are ours, since no detector of faces comes with OpenCV 5 and the peers drew their
split at random: frames larger than 128 pixels, of which the face fills the middle, are cut to the
middle square of 5/8 of their side (smaller frames are taken to be cut already), and a hash of the
take's name decides its split: 65 of a hundred "train", ten "validation", 25 "test". People and
emotions come in all three. No face was at hand here: look at the frames before a long training.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from rwae.data import split as splits
from rwae.data.clips import Clips
from rwae.errors import DataError
from rwae.factors import Factor
from rwae.video import read_frames, to_frames

SIDE = 64
FRAMES = 15
STRIDE = 2  # frames of the take from one frame of a clip to the next
SPAN = (FRAMES - 1) * STRIDE + 1
HOP = 15  # frames from the beginning of one clip to that of the next
NEUTRAL = 0.1  # share of a take, at each end, in which the face is still or again at rest
WHOLE = 128  # pixels; larger frames show more than the face
FACE = 5 / 8  # of the side of such a frame
EMOTIONS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise")
SPLITS = ("train", "validation", "test")
_NUMBER = re.compile(r"(\d+)\.jpe?g$", re.IGNORECASE)


def takes(folder: Path) -> list[tuple[str, str, Path]]:
    """Subject, emotion and folder of every take, in the order of their names."""
    found = folder.glob("*/*/*/")
    known = [path for path in found if path.is_dir() and path.parent.name in EMOTIONS]
    return [(p.parent.parent.name, p.parent.name, p) for p in sorted(known)]


def pictures(take: Path) -> list[Path]:
    """The frames of a take in playing order, without those at rest."""
    numbered = [(int(found[1]), p) for p in take.iterdir() if (found := _NUMBER.search(p.name))]
    frames = [path for _, path in sorted(numbered)]
    rest = int(NEUTRAL * len(frames))
    return frames[rest : len(frames) - rest]


def face(film: np.ndarray) -> np.ndarray:
    """Cuts large frames (N, H, W, 3) to the square that holds the face."""
    height, width = film.shape[1:3]
    if min(height, width) <= WHOLE:
        return film
    side = round(FACE * min(height, width))
    top, left = (height - side) // 2, (width - side) // 2
    return film[:, top : top + side, left : left + side]


def clips_of(take: Path) -> Tensor:
    """The clips of a take as bytes (clips, 15, 3, 64, 64); none if the take is too short."""
    frames = pictures(take)
    if len(frames) < SPAN:
        return torch.empty(0, FRAMES, 3, SIDE, SIDE, dtype=torch.uint8)
    film = face(read_frames(frames))
    fitted = (255 * to_frames(film, len(film), SIDE)).round().to(torch.uint8)
    begin = torch.arange(0, len(film) - SPAN + 1, HOP)
    return fitted[begin[:, None] + STRIDE * torch.arange(FRAMES)]


def load(folder: Path, split: str) -> Clips:
    """Reads the takes of a split; takes of fewer than 29 frames of expression are left out.

    Args:
        folder: see the top of this file.
        split: "train", "validation" or "test".

    Raises:
        DataError: if no take of the split is there, a frame is broken or has another size than
            the others of its take, or the split is unknown.
    """
    if split not in SPLITS:
        raise DataError(f"MUG has no split {split!r}: choose one of {', '.join(SPLITS)}.")
    found = takes(folder)
    subjects = tuple(sorted({subject for subject, _, _ in found}))
    frames, labels = [], []
    for subject, emotion, path in found:
        if splits.part(path.relative_to(folder).as_posix(), 65, 10) == split:
            frames.append(clips_of(path))
            labels += [(subjects.index(subject), EMOTIONS.index(emotion))] * len(frames[-1])
    if not labels:
        raise DataError(
            f"The folder {folder} holds no take of the split {split} such as "
            "001/anger/take000/img_0000.jpg: name the folder of the licensed MUG database."
        )
    factors = Factor("person", subjects, True), Factor("emotion", EMOTIONS, False)
    return Clips(torch.cat(frames), torch.tensor(labels), factors)
