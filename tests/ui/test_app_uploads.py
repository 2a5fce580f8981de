"""What a visitor brings of a known character is known, however it was saved."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from clip_files import animation, movie
from conftest import Form
from known import known_clip, on_white, placed, resized

from rwae.data import sprites
from rwae.editing.studio import Studio
from rwae.files import filmstrip, installation, video
from rwae.files.sheet_layout import BENCHMARK_ROWS, SHEET_COLUMNS, SHEET_ROWS, join_cells
from rwae.ui.endpoints import page_functions
from rwae.ui.loaded_models import LoadedModels

WALK = "walk, front"
ALLOWED = 1.5  # times the error of the plain clip


@pytest.fixture(scope="module")
def encode() -> Callable[[bytes], dict[str, Any]]:
    """Sends a file to the shipped Sprites model, as the page does."""
    models = LoadedModels([Studio.load(installation.checkpoints() / "sprites")])
    server = {function.__name__: function for function in page_functions(models)}
    return lambda content: server["encode_clip"](Form([("a file", content)]))


def strip(clip: np.ndarray) -> bytes:
    return video.encode_image(filmstrip.sheet(clip[None]), "png")


def gif(folder: Path, clip: np.ndarray) -> bytes:
    """An animation whose colours are exact."""
    return animation(folder / "a.webp", clip, [100] * len(clip)).read_bytes()


def film(folder: Path, clip: np.ndarray, order: np.ndarray) -> bytes:
    """A film of frames in an order, four times as large as they are."""
    large = clip.repeat(4, 1).repeat(4, 2)
    return movie(folder / "a.mp4", large[order], "mp4v").read_bytes()


def sheet(clip: np.ndarray) -> bytes:
    cells = np.zeros((SHEET_ROWS, SHEET_COLUMNS, 64, 64, 4), np.uint8)
    row = BENCHMARK_ROWS[WALK]
    cells[row.number, list(row.action.played), ..., :3] = clip
    cells[row.number, list(row.action.played), ..., 3] = 255 * (clip.max(-1) > 0)
    return video.encode_image(join_cells(cells), "png")


WAYS: dict[str, Callable[[Path, np.ndarray], bytes]] = {
    "on white": lambda folder, clip: gif(folder, on_white(clip)),
    "4 pixels aside": lambda folder, clip: gif(folder, np.roll(clip, 4, 2)),
    "at 75 %": lambda folder, clip: gif(folder, placed(resized(clip, 48), 64, 64, 8, 8)),
    "at 75 %, single pixels": lambda folder, clip: gif(
        folder, placed(resized(clip, 48, cv2.INTER_NEAREST), 64, 64, 10, 3)
    ),
    "as a picture of 48 x 48": lambda _, clip: strip(resized(clip, 48)),
    "in 5 frames": lambda _, clip: strip(clip[[0, 1, 3, 4, 6]]),
    "slowly in 12 s": lambda folder, clip: film(folder, clip, np.arange(360) * 8 // 360),
    "again and again for 12 s": lambda folder, clip: film(folder, clip, np.arange(360) // 4 % 8),
    "in a sheet": lambda _, clip: sheet(clip),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_character_that_the_model_draws_is_known(
    encode: Callable[[bytes], dict[str, Any]], tmp_path: Path, way: str
) -> None:
    fit = encode(WAYS[way](tmp_path, known_clip(2)))["fit"]
    assert fit["error"] <= ALLOWED * fit["typical"]


@pytest.mark.slow
def test_real_characters_are_drawn_about_as_well_as_from_the_plain_clip(
    encode: Callable[[bytes], dict[str, Any]], sprites_folder: Path, tmp_path: Path
) -> None:
    clips = sprites.load(sprites_folder, "test")
    walks = clips.frames[clips.labels[:, -1] == sprites.ACTION_NAMES.index(WALK)][:300:100]
    plain = np.zeros(3)
    found = {way: np.zeros(3) for way in WAYS}
    for number, walk in enumerate(walks.movedim(2, -1).numpy()):
        plain[number] = encode(strip(walk))["fit"]["error"]
        for way, save in WAYS.items():
            found[way][number] = encode(save(tmp_path, walk))["fit"]["error"]
    for way, errors in found.items():
        assert errors.mean() <= ALLOWED * plain.mean(), (way, errors, plain)
