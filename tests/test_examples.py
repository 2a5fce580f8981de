"""The example programs run as their docstrings and docs/ say."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import ROOT, TINY

from examples.swap import combine
from examples.swap_grid import GAP, choose_clips, render_grid
from rwae import RWAE, Codes
from rwae.editing.studio import Studio
from rwae.files import filmstrip, video


@pytest.fixture
def model(tiny: RWAE, tmp_path: Path) -> Path:
    tiny.save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def run_swap(*options: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "examples.swap", *map(str, options)],
        cwd=ROOT,
        text=True,
        capture_output=True,
        timeout=120,
        check=False,
    )


def test_four_combinations_of_two_clips() -> None:
    a, b = 1.0, 2.0
    codes = Codes(torch.tensor([[a], [b]]), torch.tensor([[[a]], [[b]]]))
    combined = combine(codes)
    assert combined.static.flatten().tolist() == [a, a, b, b]
    assert combined.dynamic.flatten().tolist() == [a, b, a, b]


@pytest.mark.slow
def test_swap_draws_two_clips_and_writes_their_combinations(model: Path, tmp_path: Path) -> None:
    done = run_swap("--model", model, "--out", tmp_path / "swap.png", "--seed", "3")
    assert done.returncode == 0, done.stderr
    drawn = RWAE.from_pretrained(model)
    codes = drawn.sample(2, generator=torch.Generator().manual_seed(3))
    expected = filmstrip.sheet(filmstrip.to_bytes(drawn.decode(combine(codes))))
    shown = video.read_image(tmp_path / "swap.png")[..., :3].astype(int)
    assert shown.shape == expected.shape
    assert np.abs(shown - expected).max() <= 1


@pytest.mark.slow
def test_swap_reads_two_files_and_writes_a_moving_picture(model: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name in ("a.gif", "b.gif"):
        clip = rng.integers(0, 256, (TINY.frames, 8, 8, 3), np.uint8)
        video.write_clip(tmp_path / name, clip)
    clips = (tmp_path / "a.gif", tmp_path / "b.gif")
    done = run_swap("--model", model, "--clips", *clips, "--out", tmp_path / "swap.gif")
    assert done.returncode == 0, done.stderr
    shown = video.read_clip(tmp_path / "swap.gif")
    assert shown.shape == (TINY.frames, *[2 * 4 * TINY.frame_size] * 2, 3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("out", "complaint"),
    [("missing/swap.png", "No such file"), ("swap.jpg", "end in .gif or .png")],
)
def test_swap_says_where_it_cannot_write(
    model: Path, tmp_path: Path, out: str, complaint: str
) -> None:
    done = run_swap("--model", model, "--out", tmp_path / out)
    assert done.returncode == 2
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr


def test_swap_grid_combines_every_character_with_every_motion(studio: Studio) -> None:
    who, motion = choose_clips(studio, 2, 3)
    grid = render_grid(studio, who, motion)
    side = studio.model.config.frame_size
    first = side + GAP
    assert grid.shape == (studio.model.config.frames, first + 2 * side, first + 3 * side, 3)
    combined = studio.decode(motion[[2]].with_static(who[[1]].static))[0]
    assert np.array_equal(grid[:, first + side :, first + 2 * side :], combined)
    assert np.array_equal(grid[:, first : first + side, :side], studio.decode(who[[0]])[0])
    assert np.array_equal(grid[:, :side, first : first + side], studio.decode(motion[[0]])[0])
