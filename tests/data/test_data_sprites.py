"""Sprites: composed by the rules of the benchmark, from made and from real sheets."""

import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from rwae.data import sprites
from rwae.data.clips import SPLITS
from rwae.errors import DataError

SHEETS = [f"{part}/{kind}.png" for part in sprites.SHEET_PARTS for kind in range(6)] + [
    "shoes/1.png"
]
REAL = {  # SHA-256 of the frames, as a slow reference that blended every pixel made them
    "validation": "f104eb5afaf1cabfa0d456895e0e70747c9f26c7aadbc496b9a6fbd33e909273",
    "test": "a12ed1ede684f3887cbaa378b540aef81f8b983417e1cca39cd525fa601e0c4a",
}


@pytest.fixture(scope="module")
def painted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of small blots, a third of them translucent."""
    folder = tmp_path_factory.mktemp("sheets")
    draws = np.random.default_rng(0)
    for name in SHEETS:
        sheet = np.zeros((21 * 64, 13 * 64, 4), np.uint8)
        rows, columns = draws.integers(0, [[21 * 64], [13 * 64]], (2, 20_000))
        sheet[rows, columns, :3] = draws.integers(0, 256, (20_000, 3))
        sheet[rows, columns, 3] = draws.choice([255, 255, 90], 20_000)
        (folder / name).parent.mkdir(exist_ok=True)
        cv2.imwrite(str(folder / name), sheet)
    return folder


@pytest.fixture(scope="module")
def composed(painted: Path) -> sprites.Clips:
    return sprites.load(painted, "validation")


def reference_frame(folder: Path, character: int, row: int, column: int) -> np.ndarray:
    """One cell of a character, rounded to the nearest byte after each part: (64, 64, 3)."""
    body, bottom, top, hair = sprites.attributes(character)
    names = [f"body/{body}", f"bottomwear/{bottom}", f"topwear/{top}", f"hair/{hair}", "shoes/1"]
    canvas = np.zeros((64, 64, 3))
    for name in names:
        sheet = cv2.imread(str(folder / f"{name}.png"), cv2.IMREAD_UNCHANGED)
        cell = sheet[row * 64 : row * 64 + 64, column * 64 : column * 64 + 64].astype(float)
        alpha = cell[..., 3:] / 255
        canvas = np.floor(cell[..., 2::-1] * alpha + canvas * (1 - alpha) + 0.5)
    return canvas


@pytest.mark.parametrize(
    ("clip", "frame", "row", "column"),
    [
        (0, 0, 10, 8),  # walk to the front begins with cell 138
        (0, 1, 10, 1),  # and goes on with 131
        (7, 7, 13, 0),  # slash to the left ends as it began: 169
        (9 * 40 + 5, 7, 3, 6),  # spellcard to the right ends with cell 45
    ],
)
def test_a_frame_is_composited_of_the_parts(
    painted: Path, composed: sprites.Clips, clip: int, frame: int, row: int, column: int
) -> None:
    character = int(sprites.characters("validation")[clip // 9])
    expected = reference_frame(painted, character, row, column)
    found = composed.frames[clip, frame].movedim(0, -1).numpy()
    assert expected.max() > 0
    assert np.array_equal(found, expected)


def test_labels_name_the_character_and_the_action(composed: sprites.Clips) -> None:
    assert composed.frames.shape == (900, 8, 3, 64, 64)
    assert composed.frames.dtype == torch.uint8
    assert composed.frames.is_contiguous()
    character = int(sprites.characters("validation")[3])
    assert composed.labels[3 * 9 + 4].tolist() == [*sprites.attributes(character), 4]
    assert sprites.FACTORS[-1].values[4] == "spellcard, left"
    digits = sprites.attributes(character)
    assert np.ravel_multi_index(digits, (6, 6, 6, 6)) == character


def test_splits_share_no_character() -> None:
    everyone = np.concatenate([sprites.characters(split) for split in SPLITS])
    assert [len(sprites.characters(split)) for split in SPLITS] == [900, 100, 296]
    assert sorted(everyone) == list(range(1296))


def test_a_missing_sheet_and_one_of_the_wrong_size_are_named(
    painted: Path, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=r"body.0\.png"):
        sprites.load(tmp_path, "test")
    for name in SHEETS:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).symlink_to(painted / name)
    (tmp_path / "hair/3.png").unlink()
    cv2.imwrite(str(tmp_path / "hair/3.png"), np.zeros((64, 64, 4), np.uint8))
    with pytest.raises(DataError, match=r"hair.3\.png has 64 x 64 pixels: it needs 832 x 1344"):
        sprites.load(tmp_path, "test")


@pytest.mark.parametrize("split", REAL)
def test_the_real_clips_are_the_known_ones(sprites_folder: Path, split: str) -> None:
    clips = sprites.load(sprites_folder, split)
    assert hashlib.sha256(clips.frames.numpy().tobytes()).hexdigest() == REAL[split]
    # The crop of the preset, rows 8 to 63 and columns 4 to 59, loses nothing.
    outside = clips.frames.clone()
    outside[..., 8:, 4:60] = 0
    assert not outside.any()
