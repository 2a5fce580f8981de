"""Weizmann human actions (Gorelick et al., PAMI 2007), as MoCoGAN publishes them.

Nine people perform four actions before a wall: real people, in strips of 64 x 64 frames at 50
frames a second. `python -m rwae.data.download weizmann` fetches them.

A clip is a window of ten frames, every third of a recording. It spans 28 frames or 0.56 seconds:
that is about one cycle of a wave and of a jumping jack, and half of a bend, the way down or up.

Every recording comes twice, the second time mirrored to the last pixel, so the two are never in
different splits. People 0, 1, 3 and 6 wear other clothes in the jumping jack than elsewhere, and
these recordings stay in the training split: no look is ever new, only its combination with an
action.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from rwae.codes import Factor
from rwae.data.clips import Clips
from rwae.errors import DataError
from rwae.files.video import read_image

SIDE = 64
FRAMES = 10
STRIDE = 3  # frames of the recording from one frame of a clip to the next
HOP = 2  # frames from the beginning of one clip to that of the next
SPAN = (FRAMES - 1) * STRIDE + 1
PEOPLE = 9
NEWCOMER = 8
ACTIONS = ("one-hand wave", "two-hand wave", "jumping jack", "bend")
FOLDERS = (0, 1, 3, 4)  # of each action; the publishers left out the number 2
PLACES = (1, 0, 2, 3)  # of each action among the recordings of a person
FACTORS = (
    Factor("person", tuple(f"person {number}" for number in range(PEOPLE)), True),
    Factor("action", ACTIONS, False),
)
SPLITS = ("train", "validation", "test", "newcomer", "judge", "judge_test")


def part(person: int, action: int) -> str:
    """The split that a combination of person and action belongs to, by a fixed rule.

    Person p never performs action p // 2 (modulo 4) in training: that is the test split, eight
    combinations. Of each odd p the action before that one is the validation split, four
    combinations. The other twenty train, five for each action and two or three for each person.
    Person 8 is in none of them: a newcomer.
    """
    if person == NEWCOMER:
        return "newcomer"
    held_out = person // 2
    if action == held_out:
        return "test"
    return "validation" if person % 2 and action == (held_out - 1) % 4 else "train"


def combinations(split: str) -> list[tuple[int, int]]:
    """The pairs (person, action) of a split.

    The judge of the evaluation is an instrument and no model: it learns from "judge", the
    splits train, validation and newcomer without one action of the newcomer, and is checked on
    "judge_test", one action of each of the nine people, which it has never seen them perform.

    Raises:
        DataError: if the split is unknown.
    """
    if split not in SPLITS:
        raise DataError(f"Weizmann has no split {split!r}: choose one of {', '.join(SPLITS)}.")
    everything = [(person, action) for person in range(PEOPLE) for action in range(len(ACTIONS))]
    if split.startswith("judge"):
        return [(p, a) for p, a in everything if (a == p // 2 % 4) == (split == "judge_test")]
    return [pair for pair in everything if part(*pair) == split]


def takes(folder: Path, person: int, action: int) -> tuple[Path, Path]:
    """The files of a recording: as it was filmed, and mirrored."""
    first = 8 * person + 2 * PLACES[action]
    plain, mirrored = (folder / str(FOLDERS[action]) / f"{first + m:08d}.jpg" for m in (0, 1))
    return plain, mirrored


def read(path: Path) -> np.ndarray:
    """Reads a recording: RGB bytes with shape (N, 3, 64, 64).

    Raises:
        DataError: if the file is missing, is no strip of such frames, or is too short.
    """
    strip = read_image(path)
    height, width = strip.shape[:2]
    if height != SIDE or width % SIDE or width < SPAN * SIDE:
        raise DataError(
            f"The strip {path} has {width} x {height} pixels: it needs at least {SPAN} frames of "
            f"{SIDE} x {SIDE} side by side. Fetch it again."
        )
    frames = strip[..., :3].reshape(SIDE, width // SIDE, SIDE, 3)
    return frames.transpose(1, 3, 0, 2)


def windows(recording: np.ndarray) -> np.ndarray:
    """All clips of a recording (N, ...), one every HOP frames: an array (clips, 10, ...)."""
    begin = np.arange(0, len(recording) - SPAN + 1, HOP)
    return recording[begin[:, None] + STRIDE * np.arange(FRAMES)]


def load(folder: Path, split: str) -> Clips:
    """Cuts the recordings of a split into clips.

    Args:
        folder: holds 0/, 1/, 3/ and 4/ with 18 strips each.
        split: "train", "validation", "test", "newcomer", "judge" or "judge_test"; see `part`
            and `combinations`.

    Raises:
        DataError: if a strip is missing or broken, or the split is unknown.
    """
    frames, labels = [], []
    for person, action in combinations(split):
        for path in takes(folder, person, action):
            frames.append(torch.from_numpy(windows(read(path))))
            labels += [(person, action)] * len(frames[-1])
    recordings = len(combinations(split))
    return Clips(torch.cat(frames), torch.tensor(labels), FACTORS, recordings)
