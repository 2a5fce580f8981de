"""What is measured of a model's domain: background, place of the figure, limits."""

from pathlib import Path

import pytest
import torch

from rwae import data
from rwae.evaluation.domain import find_background, find_figure, main, measure_domain
from rwae.files.domain import FigureBox, read_domain
from rwae.models.registry import build_model
from rwae.training.presets import SMALL_MODEL


def frames_with_a_box(left: int, top: int, right: int, bottom: int) -> torch.Tensor:
    frames = torch.full((5, 3, 3, 32, 32), 0.2)
    frames[..., top:bottom, left:right] = 0.9
    return frames


def test_the_background_is_the_colour_of_the_corners() -> None:
    assert find_background(frames_with_a_box(4, 5, 20, 30)) == (51, 51, 51)
    assert find_background(torch.rand(5, 3, 3, 32, 32)) is None


def test_the_box_holds_the_figure() -> None:
    frames = frames_with_a_box(4, 5, 20, 30)
    assert find_figure(frames, (51, 51, 51)) == FigureBox(4, 5, 20, 30)


def test_a_figure_that_wanders_has_no_place() -> None:
    frames = torch.cat([frames_with_a_box(n, n, n + 8, n + 8) for n in range(0, 24, 4)])
    assert find_figure(frames, (51, 51, 51)) is None


def test_most_clips_are_known_by_the_limits_of_others() -> None:
    torch.manual_seed(0)
    domain, known = measure_domain(
        build_model(SMALL_MODEL), data.load("figures", "test"), "figures"
    )
    assert list(domain.errors) == sorted(domain.errors)
    assert domain.errors[0] < domain.typical_error < domain.error_limit <= domain.errors[-1]
    assert known > 0.9


def test_the_command_says_what_it_lacks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build_model(SMALL_MODEL).save_pretrained(tmp_path)
    assert main([str(tmp_path)]) == 2
    assert "training.json" in capsys.readouterr().err
    assert read_domain(tmp_path, "") is None
