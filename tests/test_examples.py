"""The example programs run as their docstrings and docs/ say."""

from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import TINY

from examples import rivals, swap
from examples.swap_grid import GAP, choose_clips, render_grid
from rwae import RWAE, Codes, write_clip
from rwae.editing.studio import Studio
from rwae.files import filmstrip, video


@pytest.fixture
def model(tiny: RWAE, tmp_path: Path) -> Path:
    tiny.save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def test_four_combinations_of_two_clips() -> None:
    a, b = 1.0, 2.0
    codes = Codes(torch.tensor([[a], [b]]), torch.tensor([[[a]], [[b]]]))
    combined = swap.combine(codes)
    assert combined.static.flatten().tolist() == [a, a, b, b]
    assert combined.dynamic.flatten().tolist() == [a, b, a, b]


def test_four_clips_are_laid_out_two_by_two() -> None:
    a, b, c, d = clips = torch.rand(4, 5, 3, 8, 8)
    tiled = swap.tile(clips)
    assert tiled.shape == (5, 3, 16, 16)
    assert torch.equal(tiled[..., :8, :8], a)
    assert torch.equal(tiled[..., :8, 8:], b)
    assert torch.equal(tiled[..., 8:, :8], c)
    assert torch.equal(tiled[..., 8:, 8:], d)


def test_swap_draws_two_clips_and_writes_their_combinations(model: Path, tmp_path: Path) -> None:
    out = tmp_path / "swap.png"
    assert swap.main(["--model", str(model), "--out", str(out), "--seed", "3"]) == 0
    drawn = RWAE.from_pretrained(model)
    codes = drawn.sample(2, generator=torch.Generator().manual_seed(3))
    expected = filmstrip.to_bytes(swap.tile(drawn.decode(swap.combine(codes))))
    shown = video.read_clip(out)  # each pixel is repeated four times
    assert np.array_equal(shown[:, ::4, ::4], expected)


def test_swap_reads_two_files_and_writes_a_moving_picture(model: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name in ("a.gif", "b.gif"):
        write_clip(tmp_path / name, rng.integers(0, 256, (TINY.frames, 8, 8, 3), np.uint8))
    clips, out = (str(tmp_path / "a.gif"), str(tmp_path / "b.gif")), tmp_path / "swap.gif"
    assert swap.main(["--model", str(model), "--clips", *clips, "--out", str(out)]) == 0
    assert video.read_clip(out).shape == (TINY.frames, *[2 * 4 * TINY.frame_size] * 2, 3)


def test_rivals_swap_what_the_first_model_drew(model: Path) -> None:
    tiny = RWAE.from_pretrained(model)
    a, b = torch.rand(2, 3, 4, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    shown = rivals.columns([tiny], a, b)
    assert torch.equal(shown[2], tiny.decode(tiny.encode(b).with_static(tiny.encode(a).static)))
    picture = rivals.arrange(shown)
    assert picture.shape == (4, 3, 3 * 32, 4 * 32 + GAP)
    assert torch.equal(picture[:, :, 32:64, :32], a[1])
    assert torch.equal(picture[:, :, 64:, -32:], shown[3][2])


@pytest.mark.parametrize("out", ["missing/swap.png", "swap.jpg"])
def test_swap_says_where_it_cannot_write(
    model: Path, tmp_path: Path, out: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert swap.main(["--model", str(model), "--out", str(tmp_path / out)]) == 2
    said = capsys.readouterr()
    assert out in said.err
    assert said.out == ""


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
