"""Named directions as they are kept: read back as written, and refused in words otherwise."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from rwae import RWAE, Codes
from rwae.editing.named_directions import (
    DirectionName,
    NamedDirections,
    read_named_directions,
    write_named_directions,
)
from rwae.editing.studio import Studio
from rwae.errors import CheckpointError
from rwae.files import checkpoint
from rwae.ui import page_data


def some(size: int) -> NamedDirections:
    """Three directions in a plane, so that they cannot be independent."""
    turns = torch.tensor([0.0, 2.1, 4.2])
    write = torch.zeros(3, size)
    write[:, 0], write[:, 1] = turns.cos(), turns.sin()
    names = tuple(DirectionName("hair", colour, 0.9, 0.75) for colour in ("red", "green", "blue"))
    return NamedDirections(torch.full((size,), 0.25), 2 * write, write / 2, names)


@pytest.fixture
def folder(tiny: RWAE, tmp_path: Path) -> Path:
    """A checkpoint with named directions."""
    config = tiny.config
    tiny.save_pretrained(tmp_path)
    dynamic = torch.randn(20, config.frames, config.dynamic_size)
    checkpoint.write_gallery(tmp_path, Codes(torch.randn(20, config.static_size), dynamic))
    write_named_directions(tmp_path, some(config.static_size), {"dataset": "none", "clips": 7})
    return tmp_path


def test_directions_are_read_as_they_were_written(folder: Path) -> None:
    expected, found = some(6), read_named_directions(folder, 6)
    assert found.names == expected.names
    for part in ("mean", "read", "write"):
        assert torch.allclose(getattr(found, part), getattr(expected, part), atol=1e-6)
    assert json.loads((folder / "directions.json").read_text())["clips"] == 7


def test_other_weights_remove_them_and_the_same_weights_keep_them(
    tiny: RWAE, folder: Path
) -> None:
    tiny.save_pretrained(folder)
    assert Studio.load(folder, "cpu").named_directions
    gallery = checkpoint.read_gallery(folder)
    RWAE(tiny.config).save_pretrained(folder)
    checkpoint.write_gallery(folder, gallery)
    assert not (folder / checkpoint.DIRECTIONS_FILE).exists()
    assert Studio.load(folder, "cpu").named_directions is None


def test_a_move_ends_where_it_was_told_to() -> None:
    named, codes = some(6), torch.randn(5, 6)
    moved = named.move(codes, 1, 2.0)
    assert torch.allclose(named.coordinates(moved)[:, 1], torch.full((5,), 2.0), atol=1e-5)
    assert torch.equal(moved[:, 2:], codes[:, 2:])
    # Three directions in a plane: more of one is less of the others.
    shift = (named.coordinates(moved) - named.coordinates(codes))[:, [0, 2]]
    forward = (2.0 - named.coordinates(codes)[:, [1]]).sign()
    assert bool((shift * forward < 0).all())


def test_the_app_gets_them_with_the_other_directions(folder: Path) -> None:
    found = page_data.directions_data(Studio.load(folder, "cpu"))["named"]
    assert set(found) == {"mean", "read", "write", "names"}
    assert found["names"][2] == {
        "factor": "hair",
        "value": "blue",
        "selectivity": 0.9,
        "reach": 0.75,
    }
    assert len(found["read"]) == len(found["write"]) == 3
    json.dumps(found, allow_nan=False)


def test_without_the_file_nothing_is_named(folder: Path) -> None:
    (folder / "directions.json").unlink()
    studio = Studio.load(folder, "cpu")
    assert studio.named_directions is None
    assert "named" not in page_data.directions_data(studio)


def test_a_file_in_which_nothing_was_good_enough_names_nothing(folder: Path) -> None:
    none = torch.zeros(0, 6)
    write_named_directions(folder, NamedDirections(torch.zeros(6), none, none, ()), {})
    assert read_named_directions(folder, 6) is None


def test_directions_of_other_weights_are_refused(folder: Path, tiny: RWAE) -> None:
    path = folder / checkpoint.DIRECTIONS_FILE
    measured = path.read_bytes()
    with torch.no_grad():
        next(tiny.parameters()).add_(1)
    tiny.save_pretrained(folder)
    checkpoint.write_gallery(folder, checkpoint.read_gallery(folder))
    path.write_bytes(measured)  # as if it was copied there
    with pytest.raises(CheckpointError, match=r"measured on other weights.*naming, or remove it"):
        Studio.load(folder, "cpu")


def put(*path: str | int, value: Any) -> Callable[[dict[str, Any]], None]:
    """Sets one entry of the file."""

    def change(content: dict[str, Any]) -> None:
        for key in path[:-1]:
            content = content[key]
        content[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (put("mean", value=[0.0] * 5), "the 6 numbers of this model's codes"),
        (put("mean", value="abcdef"), "the 6 numbers"),
        (put("names", 0, "read", 2, value=float("nan")), "something else than numbers"),
        (put("names", 0, "read", 2, value=10**400), "something else than numbers"),
        (put("names", 0, "write", 2, value=True), "something else than numbers"),
        (put("names", 0, "write", 0, value=9.0), "product of read and write"),
        (put("names", 1, "selectivity", value=1.5), "from 0 to 1"),
        (put("names", 1, "reach", value="all"), "from 0 to 1"),
        (put("names", 1, "value", value="x" * 61), "a text of 1 to 60"),
        (put("names", 1, "factor", value=3), "a text of 1 to 60"),
        (put("names", 1, value=[]), "holds no named directions"),
        (put("names", value={}), "not a list of at most 128"),
        (lambda content: content.pop("weights"), "it has no 'weights'"),
        (lambda content: content["names"][0].pop("read"), "it has no 'read'"),
    ],
)
def test_a_broken_file_is_refused_in_words(
    folder: Path, change: Callable[[dict[str, Any]], None], told: str
) -> None:
    path = folder / "directions.json"
    content = json.loads(path.read_text("utf-8"))
    change(content)
    path.write_text(json.dumps(content), "utf-8")
    with pytest.raises(CheckpointError, match=told):
        read_named_directions(folder, 6)


@pytest.mark.parametrize("text", ["", "[]", "null", "{", "[" * 100_000, " " * 2**20 + "{}"])
def test_a_file_that_is_none_is_refused_in_words(folder: Path, text: str) -> None:
    (folder / "directions.json").write_text(text, "utf-8")
    with pytest.raises(CheckpointError, match="holds no named directions of this model"):
        read_named_directions(folder, 6)


def test_the_width_of_the_model_decides(folder: Path) -> None:
    with pytest.raises(CheckpointError, match="the 7 numbers"):
        read_named_directions(folder, 7)
