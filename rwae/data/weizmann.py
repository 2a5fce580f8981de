"""Weizmann human actions (Gorelick et al., PAMI 2007), as MoCoGAN publishes them.

Nine people perform four actions in front of a wall, in strips of 64 x 64 frames at 50 frames a
second.
`python -m rwae.data.download weizmann` fetches them.

A clip is a window of ten frames, every third of a recording. It spans 28 frames or 0.56 seconds:
about one cycle of a wave and of a jumping jack, and half of a bend, down or up.

Every recording comes twice, the second time mirrored, so the two are always in the same split.
People 0, 1, 3 and 6 wear other clothes in the jumping jack than elsewhere, and these recordings
are in the training split: no appearance is new in the test split, only its combination with an
action.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from rwae.codes import Factor
from rwae.data.clips import SPLITS, Clips, require_split
from rwae.errors import DataError
from rwae.files.video import read_image

FRAME_SIDE = 64
CLIP_FRAMES = 10
STRIDE = 3  # frames of the recording from one frame of a clip to the next
HOP = 2  # frames from the beginning of one clip to that of the next
SPAN = (CLIP_FRAMES - 1) * STRIDE + 1
PEOPLE = 9
NEWCOMER = 8  # the person who is in no split but "newcomer"
ACTION_NAMES = ("one-hand wave", "two-hand wave", "jumping jack", "bend")
ACTION_FOLDERS = (0, 1, 3, 4)  # of each action; the publishers left out the number 2
ACTION_ORDER = (1, 0, 2, 3)  # the place of each action among the recordings of a person
FACTORS = (
    Factor("person", tuple(f"person {number}" for number in range(PEOPLE)), True),
    Factor("action", ACTION_NAMES, False),
)
WEIZMANN_SPLITS = (*SPLITS, "newcomer")


def split_of_pair(person: int, action: int) -> str:
    """The split that a combination of person and action belongs to, by a fixed rule.

    Action p // 2 (modulo 4) of person p is in the test split: eight combinations. For odd p the
    action before that one is in the validation split: four combinations. The other twenty are for
    training, five for each action and two or three for each person. Person 8 is in none of these
    splits, but in "newcomer".
    """
    if person == NEWCOMER:
        return "newcomer"
    held_out = person // 2
    if action == held_out:
        return "test"
    return "validation" if person % 2 and action == (held_out - 1) % 4 else "train"


def combinations(split: str) -> list[tuple[int, int]]:
    """The pairs (person, action) of a split.

    The judge of the evaluation learns from "train", and its settings were chosen on "newcomer":
    neither the validation combinations, by which models are chosen, nor the test has a part in it.

    Raises:
        DataError: if the split is unknown.
    """
    require_split("Weizmann", split, WEIZMANN_SPLITS)
    everything = [
        (person, action) for person in range(PEOPLE) for action in range(len(ACTION_NAMES))
    ]
    return [pair for pair in everything if split_of_pair(*pair) == split]


def recording_files(folder: Path, person: int, action: int) -> tuple[Path, Path]:
    """The files of a recording: as it was filmed, and mirrored."""
    number = 8 * person + 2 * ACTION_ORDER[action]
    directory = folder / str(ACTION_FOLDERS[action])
    return directory / f"{number:08d}.jpg", directory / f"{number + 1:08d}.jpg"


def read_strip(path: Path) -> np.ndarray:
    """Reads a recording: RGB bytes with shape (N, 3, 64, 64).

    Raises:
        DataError: if the file is missing, is not a strip of such frames, or is too short.
    """
    strip = read_image(path)
    height, width = strip.shape[:2]
    if height != FRAME_SIDE or width % FRAME_SIDE or width < SPAN * FRAME_SIDE:
        raise DataError(
            f"The strip {path} has {width} x {height} pixels: it needs at least {SPAN} frames of "
            f"{FRAME_SIDE} x {FRAME_SIDE} side by side. Fetch it again."
        )
    frames = strip[..., :3].reshape(FRAME_SIDE, width // FRAME_SIDE, FRAME_SIDE, 3)
    return frames.transpose(1, 3, 0, 2)


def sliding_windows(recording: np.ndarray) -> np.ndarray:
    """All clips of a recording (N, ...), one every HOP frames, with shape (clips, 10, ...)."""
    begin = np.arange(0, len(recording) - SPAN + 1, HOP)
    clips: np.ndarray = recording[begin[:, None] + STRIDE * np.arange(CLIP_FRAMES)]
    return clips


def load(folder: Path, split: str) -> Clips:
    """Cuts the recordings of a split into clips.

    Args:
        folder: holds 0/, 1/, 3/ and 4/ with 18 strips each.
        split: "train", "validation", "test" or "newcomer"; see `split_of_pair`.

    Raises:
        DataError: if a strip is missing or broken, or the split is unknown.
    """
    frames, labels, cut_of = [], [], []
    for recording, (person, action) in enumerate(combinations(split)):
        for path in recording_files(folder, person, action):
            frames.append(torch.from_numpy(sliding_windows(read_strip(path))))
            labels += [(person, action)] * len(frames[-1])
            cut_of += [recording] * len(frames[-1])
    return Clips(torch.cat(frames), torch.tensor(labels), FACTORS, torch.tensor(cut_of))
