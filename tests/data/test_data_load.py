"""Data sets are found by name; an error names the command that helps."""

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
    with pytest.raises(DataError, match=r"'faces': choose one of sprites, figures, .*folder"):
        data.load("faces", "train")


@pytest.mark.parametrize("folder", [None, "no/such/folder"])
@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("sprites", "sprites"),
        ("moving_mnist", "mnist"),
        ("weizmann", "weizmann"),
    ],
)
def test_the_error_for_a_missing_folder_names_the_download(
    name: str, files: str, folder: str | None
) -> None:
    with pytest.raises(DataError, match=rf"rwae\.data\.download {files} --out data/{files}"):
        data.load(name, "train", folder)


@pytest.mark.parametrize("name", ["folder"])
def test_what_cannot_be_downloaded_has_to_be_named(name: str) -> None:
    with pytest.raises(DataError, match="--data DIR") as said:
        data.load(name, "train")
    assert "download" not in str(said.value)
    with pytest.raises(DataError, match="no/such/folder: name another"):
        data.load(name, "train", "no/such/folder")


@pytest.mark.parametrize("name", data.NAMES)
def test_an_unknown_split_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="choose one of train, validation, test"):
        data.load(name, "dev", tmp_path)


@pytest.mark.parametrize("name", data.NAMES)
def test_an_empty_folder_is_an_error_that_names_it(name: str, tmp_path: Path) -> None:
    if data.describe(name).needs_folder:
        with pytest.raises(DataError, match=rf"{tmp_path}"):
            data.load(name, "train", tmp_path)


@pytest.mark.parametrize("name", data.NAMES)
def test_the_entry_of_a_data_set_is_consistent(name: str) -> None:
    known = data.describe(name)
    assert known.splits[:3] == ("train", "validation", "test")
    assert set(known.judge_splits or ()) <= set(known.splits)
    assert known.licence
    assert not known.licence.endswith(".")
    assert not (known.own and known.download)


def test_sprites_are_read_from_the_folder(sprites_folder: Path) -> None:
    clips = data.load("sprites", "validation", str(sprites_folder))
    assert clips.factors == sprites.FACTORS
    assert len(clips) == 900
