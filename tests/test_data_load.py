"""Data sets are found by name, and what is missing is said with the command that helps."""

from pathlib import Path

import pytest
import torch

from rwae import data
from rwae.data import sprites
from rwae.errors import DataError


def test_figures_need_no_folder() -> None:
    clips = data.load("figures", "test")
    assert len(clips) == 512
    batch = clips.batch(torch.tensor([5, 2]))
    assert batch.shape == (2, 8, 3, 64, 64)
    assert torch.equal((batch * 255).round().byte(), clips.frames[[5, 2]])


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(DataError, match=r"'faces': choose one of sprites, figures"):
        data.load("faces", "train")


@pytest.mark.parametrize("folder", [None, "no/such/folder"])
def test_a_missing_folder_says_how_to_download(folder: str | None) -> None:
    with pytest.raises(DataError, match=r"python -m rwae\.data\.download sprites"):
        data.load("sprites", "train", folder)


def test_an_unknown_split_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="choose one of train, validation, test"):
        data.load("sprites", "dev", tmp_path)


def test_sprites_are_read_from_the_folder(sprites_folder: Path) -> None:
    clips = data.load("sprites", "validation", str(sprites_folder))
    assert clips.factors == sprites.FACTORS
    assert len(clips) == 900
