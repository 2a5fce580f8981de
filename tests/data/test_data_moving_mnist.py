"""SM-MNIST: read from IDX files, and moved by the rules of its authors."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from rwae.data import moving_mnist
from rwae.data.moving_mnist import (
    BOX_SIDE,
    CLASS_PAIRS,
    MAX_OFFSET,
    MNIST_FILES,
    MovingDigits,
    enlarge,
    random_integers,
    read_digits,
    read_idx,
)
from rwae.errors import DataError


def write_idx(path: Path, numbers: np.ndarray) -> None:
    head = struct.pack(f">BBBB{numbers.ndim}I", 0, 0, 8, numbers.ndim, *numbers.shape)
    path.write_bytes(gzip.compress(head + numbers.astype(np.uint8).tobytes(), 1))


def painted(digits: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Bright squares in place of digits, with their classes."""
    images = np.zeros((digits, 28, 28), np.uint8)
    images[:, 6:22, 6:22] = 200
    return images, np.arange(digits) % 10


@pytest.fixture
def clips() -> MovingDigits:
    return MovingDigits(*painted(), count=500, stream=0)


def test_idx_files_are_read_back(tmp_path: Path) -> None:
    images, classes = painted()
    for name, numbers in zip(MNIST_FILES["test"], (images, classes), strict=True):
        write_idx(tmp_path / name, numbers)
    read, labels = read_digits(tmp_path, "test")
    assert np.array_equal(read, images)
    assert np.array_equal(labels, classes)


def test_a_bad_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "some.gz"
    with pytest.raises(DataError, match=r"some.gz is missing: name the folder"):
        read_idx(path)
    path.write_bytes(b"no gzip file")
    with pytest.raises(DataError, match=r"some.gz cannot be used \(Not a gzipped file"):
        read_idx(path)
    write_idx(path, painted()[0])
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"some.gz cannot be used"):
        read_idx(path)
    content = gzip.decompress(whole)
    for broken in (content[:-1], content[:3], b"\1" + content[1:], b""):
        path.write_bytes(gzip.compress(broken))
        with pytest.raises(DataError, match=r"some.gz cannot be used"):
            read_idx(path)


def test_images_and_labels_must_belong_together(tmp_path: Path) -> None:
    images, classes = painted()
    first, second = (tmp_path / name for name in MNIST_FILES["train"])
    write_idx(first, images)
    for wrong in (classes[:-1], classes + 5):
        write_idx(second, wrong)
        with pytest.raises(DataError, match="does not hold a digit for each of 40 images"):
            read_digits(tmp_path, "train")
    write_idx(first, images[:, :20])
    with pytest.raises(DataError, match="not images of 28 x 28 pixels"):
        read_digits(tmp_path, "train")


def test_a_clip_is_a_function_of_its_number(clips: MovingDigits) -> None:
    several = clips.batch(torch.tensor([7, 300, 7]))
    assert several.shape == (3, 15, 3, 64, 64)
    assert several.dtype == torch.float32
    assert torch.equal(several[0], several[2])
    assert torch.equal(several[1], clips.batch(torch.tensor([300]))[0])
    assert not torch.equal(several[0], several[1])
    other = MovingDigits(*painted(), count=500, stream=1)
    assert not torch.equal(several, other.batch(torch.tensor([7, 300, 7])))
    with pytest.raises(IndexError):
        clips.batch(torch.tensor([500]))


def test_frames_show_two_boxes_at_their_centres(clips: MovingDigits) -> None:
    chosen = torch.arange(20)
    truth = clips.truth(chosen)
    box = enlarge(painted(1)[0])[0].astype(int)
    for clip, frames in zip(truth.centres, clips.batch(chosen), strict=True):
        for centres, frame in zip(clip, frames, strict=True):
            expected = np.zeros((64, 64), int)
            for x, y in (centres - (BOX_SIDE - 1) / 2).int().tolist():
                expected[y : y + BOX_SIDE, x : x + BOX_SIDE] += box
            light = (frame * 255).round().int().numpy()
            assert (light == np.minimum(expected, 255)).all()


def test_labels_name_the_two_digits(clips: MovingDigits) -> None:
    classes = clips.truth(torch.arange(len(clips))).classes
    named = torch.tensor([CLASS_PAIRS[label] for label in clips.labels[:, 0]])
    assert torch.equal(named, classes.sort(1).values)
    assert clips.factors[0].values[clips.labels[0, 0]] == "{} and {}".format(*named[0].tolist())


def test_digits_move_straight_and_turn_at_a_wall(clips: MovingDigits) -> None:
    positions = clips.truth(torch.arange(len(clips))).centres.numpy() - (BOX_SIDE - 1) / 2
    assert positions.min() == 0
    assert positions.max() == MAX_OFFSET
    speed = np.diff(positions, axis=1)
    assert np.abs(speed).max() == 4
    turned = (np.diff(speed, axis=1) != 0).any(-1)
    at_wall = ((positions == 0) | (positions == MAX_OFFSET)).any(-1)
    # A change of velocity is seen around the frame in which the digit stands at the wall.
    assert (at_wall[:, 1:-1] | at_wall[:, 2:])[turned].all()
    assert turned.mean() > 0.1


def test_draws_are_uniform_and_do_not_repeat() -> None:
    numbers = np.arange(50_000)
    drawn = random_integers(3, numbers, 0, 2, -4, 5)
    counts = np.bincount(drawn.ravel() + 4, minlength=9)
    assert np.abs(counts / drawn.size - 1 / 9).max() < 0.004
    assert abs(np.corrcoef(drawn.T)[0, 1]) < 0.02
    wide = random_integers(3, numbers, 0, 4, 0, 2**40)
    assert len(np.unique(wide)) == wide.size
    assert np.array_equal(random_integers(3, numbers[5:6], 1, 1, 0, 2**40), wide[5:6, 1:2])


def test_an_unknown_split_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="choose one of train, validation, test"):
        moving_mnist.load(tmp_path, "holdout")


def test_no_digit_is_in_two_splits(real_data: Callable[[str], Path]) -> None:
    train, validation, test = (
        moving_mnist.load(real_data("mnist"), s) for s in ("train", "validation", "test")
    )
    assert (len(train), len(validation), len(test)) == (60_000, 1_000, 1_000)
    assert [len(part.images) for part in (train, validation, test)] == [55_000, 5_000, 10_000]
    assert not np.shares_memory(train.images[-1], validation.images[0])
    assert len({part.stream for part in (train, validation, test)}) == 3
    shares = np.bincount(train.truth(torch.arange(20_000)).classes.ravel()) / 40_000
    assert np.abs(shares - np.bincount(train.classes) / 55_000).max() < 0.01
