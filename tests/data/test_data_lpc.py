"""Characters of the Liberated Pixel Cup: layers, their order, ramps, and splits by shape."""

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from rwae.data import lpc
from rwae.errors import DataError
from rwae.files.sheet_layout import ROWS, split_cells
from rwae.files.video import read_image

WALK_FRONT = next(row.number for row in ROWS if row.key == "walk, front")
SHEETS = (
    *("body/female/light", "body/male/dark", "legs/pants/female/red_pants_female"),
    *("legs/pants/male/teal_pants_male", "torso/tunics/female/white_tunic"),
    *("torso/gold/chest_female", "torso/gold/chest_male", "feet/shoes/male/brown_shoes_male"),
    *("hair/female/bangs/blonde2", "hair/female/jewfro/blonde2", "hair/male/bangs/blonde2"),
    *("weapons/right hand/male/spear_male", "torso/robes_female_no_th-sh/red"),
)
RAMPS = {
    "blonde2": {"#111111": "#ff0000", "#222222": "#00ff00"},
    "blue": {"#111111": "#0000ff", "#222222": "#0000fe"},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sheets of small blots, a fifth of them translucent; hair is of two colours of a ramp."""
    folder = tmp_path_factory.mktemp("lpc")
    draws = np.random.default_rng(0)
    for name in SHEETS:
        sheet = np.zeros((21 * 64, 13 * 64, 4), np.uint8)
        rows, columns = draws.integers(0, [[21 * 64], [13 * 64]], (2, 20_000))
        colours = draws.integers(0, 256, (30, 3))
        hair = np.array([[0, 0, 255], [0, 255, 0]])  # as OpenCV orders them: red and green
        choice = hair if name.startswith("hair") else colours
        sheet[rows, columns, :3] = choice[draws.integers(0, len(choice), 20_000)]
        opaque = name.startswith("hair")
        sheet[rows, columns, 3] = 255 if opaque else draws.choice([255, 255, 255, 90], 20_000)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f"{name}.png"), sheet)
    for kind in lpc.RAMP_KINDS:
        (folder / "_build" / kind).mkdir(parents=True)
        (folder / "_build" / kind / "palettes.json").write_text(json.dumps(RAMPS))
    return folder


@pytest.fixture(scope="module")
def wardrobe(folder: Path) -> lpc.Wardrobe:
    return lpc.Wardrobe(lpc.read_layers(folder))


def cell(folder: Path, name: str, row: int, column: int) -> np.ndarray:
    return split_cells(read_image(folder / f"{name}.png"))[row, column].astype(float)


def test_layers_lie_on_each_other_in_order(folder: Path, wardrobe: lpc.Wardrobe) -> None:
    """Beside a reference in floating point that blends every pixel."""
    body, legs = (
        wardrobe.find("body", "human", "male")[0],
        wardrobe.find("legs", "trousers", "male")[0],
    )
    drawn = lpc.render((body, legs), WALK_FRONT)[0]
    canvas = np.zeros((64, 64, 4))
    for name in ("body/male/dark", "legs/pants/male/teal_pants_male"):
        layer = cell(folder, name, WALK_FRONT, 8)  # a clip of walking begins with its last cell
        alpha = layer[..., 3:] / 255
        canvas = np.concatenate([layer[..., :3] * alpha, layer[..., 3:]], -1) + canvas * (
            1 - alpha
        )
    assert np.abs(drawn - canvas).max() <= 1


def test_hair_comes_in_every_ramp(wardrobe: lpc.Wardrobe) -> None:
    blonde, blue = wardrobe.find("hair", "bangs", "male")
    assert (blonde.colour, blue.colour) == ("blonde2", "blue")
    first, second = (lpc.render((layer,), WALK_FRONT) for layer in (blonde, blue))
    shown = first[..., 3] > 0
    assert np.array_equal(shown, second[..., 3] > 0)
    red = (first[..., 0] == 255) & shown
    assert (second[red] == [0, 0, 255, 255]).all()
    assert (second[shown & ~red] == [0, 0, 254, 255]).all()


def test_weapons_and_incomplete_garments_are_left_out(wardrobe: lpc.Wardrobe) -> None:
    names = {layer.name for layer in wardrobe.layers}
    assert not any("spear" in name or "robe" in name for name in names)


def test_a_folder_without_sheets_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="download"):
        lpc.read_layers(tmp_path)


def test_the_same_split_has_the_same_dressed_characters(wardrobe: lpc.Wardrobe) -> None:
    first, again = (lpc.draw_characters(wardrobe, "train", 40) for _ in range(2))
    assert first == again
    order = [lpc.KINDS.index(layer.kind) for layer in first[0]]
    assert order == sorted(order)
    for character in first:
        assert {"body", "legs", "torso"} <= {layer.kind for layer in character}
        assert len({layer.sex for layer in character if layer.sex}) == 1


def test_labels_name_what_a_clip_shows(wardrobe: lpc.Wardrobe) -> None:
    characters = lpc.draw_characters(wardrobe, "combinations", 6)
    clips = lpc.LPCClips(characters)
    assert len(clips) == 6 * 21
    assert clips.labels.shape == (len(clips), len(clips.factors))
    number = 4 * 21 + WALK_FRONT
    for factor, label in zip(clips.factors, clips.labels[number].tolist(), strict=True):
        worn = [layer.name for layer in characters[4] if layer.kind == factor.name]
        expected = "walk, front" if factor.name == "action" else (worn or ["none"])[0]
        assert factor.values[label] == expected
    x = clips.batch(torch.tensor([number]))
    assert x.shape == (1, *clips.shape)
    assert x.min() >= 0
    assert x.max() <= 1
    frames = lpc.render(characters[4], WALK_FRONT)[..., :3]
    assert np.array_equal((x[0] * 255).round().byte().movedim(1, -1).numpy(), frames)


def test_no_shape_of_validation_or_test_is_in_training(real_data: Callable[[str], Path]) -> None:
    wardrobe = lpc.Wardrobe(lpc.read_layers(real_data("lpc")))
    shapes = {
        split: {
            (layer.kind, layer.shape)
            for character in lpc.draw_characters(wardrobe, split, 120)
            for layer in character
        }
        for split in lpc.LPC_SPLITS
    }
    for split, kinds in lpc.HELD_OUT.items():
        held_out = {(kind, shape) for kind, found in kinds.items() for shape in found}
        assert held_out <= shapes[split], "each is worn"
        others = set(lpc.LPC_SPLITS) - {split}
        assert not any(held_out & shapes[other] for other in others)
