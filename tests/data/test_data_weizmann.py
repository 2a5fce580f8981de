"""Weizmann: which combinations are held out, how recordings become clips, and the real strips."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from rwae.data import weizmann
from rwae.errors import DataError
from rwae.files.video import encode_image

SIDE = weizmann.FRAME_SIDE
DISJOINT = ("train", "validation", "test", "newcomer")


def write(folder: Path, person: int, action: int, frames: int = 40) -> None:
    """A recording whose frame n has brightness 10 * person + action and, at one pixel, n."""
    film = np.full((SIDE, frames, SIDE, 3), 10 * person + action, np.uint8)
    film[0, :, 0] = np.arange(frames)[:, None]
    for path, take in zip(
        weizmann.recording_files(folder, person, action), (film, film[:, :, ::-1]), strict=True
    ):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(encode_image(take.reshape(SIDE, frames * SIDE, 3), "png"))


def test_every_combination_is_in_one_split() -> None:
    parts = [set(weizmann.combinations(split)) for split in DISJOINT]
    assert sum(map(len, parts)) == len(set().union(*parts)) == 36
    assert [len(part) for part in parts] == [20, 4, 8, 4]


def test_each_person_and_action_of_the_test_split_is_in_training() -> None:
    train = weizmann.combinations("train")
    people, actions = zip(*train, strict=True)
    assert set(people) == set(range(8))
    assert min(people.count(person) for person in range(8)) >= 2
    assert [actions.count(action) for action in range(4)] == [5] * 4
    assert {person for person, _ in weizmann.combinations("test")} == set(range(8))
    assert {action for _, action in weizmann.combinations("test")} == set(range(4))
    # These four wear other clothes in the jumping jack, which must therefore be in training.
    assert {(person, 2) for person in (0, 1, 3, 6)} <= set(train)


def test_a_recording_and_its_mirror_image_have_consecutive_numbers(tmp_path: Path) -> None:
    names = {
        path.relative_to(tmp_path).as_posix()
        for person in range(9)
        for action in range(4)
        for path in weizmann.recording_files(tmp_path, person, action)
    }
    assert len(names) == 72
    assert [p.name for p in weizmann.recording_files(tmp_path, 1, 0)] == [
        "00000010.jpg",
        "00000011.jpg",
    ]
    assert weizmann.recording_files(tmp_path, 0, 3)[0] == tmp_path / "4" / "00000006.jpg"


def test_windows_take_every_third_frame() -> None:
    clips = weizmann.sliding_windows(np.arange(31))
    assert clips.tolist() == [list(range(begin, begin + 28, 3)) for begin in (0, 2)]


def test_recordings_become_clips_with_their_labels(tmp_path: Path) -> None:
    for person, action in weizmann.combinations("validation"):
        write(tmp_path, person, action)
    clips = weizmann.load(tmp_path, "validation")
    assert clips.frames.shape == (4 * 2 * 7, 10, 3, SIDE, SIDE)
    assert torch.equal(clips.frames[:, 0, 0, 9, 9], 10 * clips.labels[:, 0] + clips.labels[:, 1])
    assert clips.frames[0, :, 0, 0, 0].tolist() == list(range(0, 28, 3))
    assert torch.equal(clips.frames[7], clips.frames[0].flip(-1))
    assert [factor.static for factor in clips.factors] == [True, False]
    assert clips.recordings == 4, "a recording, its windows and its mirror image are one"
    assert clips.recording is not None
    assert clips.recording.tolist() == [n for n in range(4) for _ in range(14)]


@pytest.mark.parametrize("broken", ["missing", "no picture", "short", "no frames"])
def test_a_broken_strip_is_named(tmp_path: Path, broken: str) -> None:
    for person, action in weizmann.combinations("validation"):
        write(tmp_path, person, action)
    path = weizmann.recording_files(tmp_path, 3, 0)[1]
    if broken == "missing":
        path.unlink()
    elif broken == "no picture":
        path.write_bytes(b"hello")
    else:
        width = (27 if broken == "short" else 40) * SIDE + (broken == "no frames")
        path.write_bytes(encode_image(np.zeros((SIDE, width, 3), np.uint8), "png"))
    with pytest.raises(DataError, match=r"0/00000027\.jpg.*[Ff]etch it again"):
        weizmann.load(tmp_path, "validation")


def test_an_unknown_split_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="newcomer"):
        weizmann.load(tmp_path, "dev")


def test_the_real_recordings_are_mirrored_to_the_pixel(real_data: Callable[[str], Path]) -> None:
    folder = real_data("weizmann")
    for person, action in weizmann.combinations("validation"):
        plain, mirrored = (
            weizmann.read_strip(p) for p in weizmann.recording_files(folder, person, action)
        )
        assert np.array_equal(plain, mirrored[..., ::-1])
    assert len(weizmann.load(folder, "validation")) == 128
