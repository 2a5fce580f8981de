"""The fit of a model to clips: known, strange in one part, or strange as a whole."""

import dataclasses

import pytest
import torch

from rwae import ModelConfig, assess, load
from rwae.errors import ClipError
from rwae.files import checkpoint, installation
from rwae.models.base import CodeModel
from rwae.models.mocogan import MoCoGAN
from rwae.uploads.assess import WINDOW, local_difference, squared_error


@pytest.fixture(scope="module")
def model() -> CodeModel:
    return load(installation.checkpoints() / "sprites")


@pytest.fixture(scope="module")
def drawn(model: CodeModel) -> torch.Tensor:
    """Clips of training characters as the model draws them, which it therefore knows."""
    gallery = checkpoint.read_gallery(installation.checkpoints() / "sprites")
    return model.decode(gallery[:60:10])


def test_a_clip_is_compared_with_its_reconstruction(model: CodeModel, drawn: torch.Tensor) -> None:
    fit = assess(model, drawn)
    assert torch.equal(fit.redrawn, model.decode(fit.codes))
    by_hand = [
        ((a - b) ** 2).sum((1, 2, 3)).mean() for a, b in zip(drawn, fit.redrawn, strict=True)
    ]
    assert torch.allclose(fit.error, torch.stack(by_hand), rtol=1e-4)
    assert fit.known is not None
    assert fit.known.all()
    assert torch.allclose(fit.ratio * fit.typical.typical_error, fit.error)


def test_a_part_in_another_colour_is_told(model: CodeModel, drawn: torch.Tensor) -> None:
    """The trousers of a figure become blue, which changes few pixels."""
    strange = drawn.clone()
    legs = strange[..., 48:58, 26:38]
    legs[:] = torch.where(legs.amax(2, keepdim=True) > 0.1, legs.flip(2) * 0.2 + 0.1, legs)
    legs[:, :, 2] = torch.where(legs.amax(2) > 0.05, 0.9, 0.0)
    fit = assess(model, strange)
    assert not fit.known.any()


def test_a_clip_from_elsewhere_is_told_with_how_much_worse_it_is(model: CodeModel) -> None:
    noise = torch.rand(1, 8, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    fit = assess(model, noise)
    assert not fit.known.any()
    assert f"{float(fit.ratio):.0f} times worse" in fit.sentence()


def test_an_offset_in_one_window_has_the_size_of_that_window() -> None:
    x = torch.zeros(1, 4, 3, 32, 32)
    moved = x.clone()
    moved[..., 10 : 10 + WINDOW, 10 : 10 + WINDOW] = 0.5
    assert torch.allclose(local_difference(x, moved), torch.tensor([WINDOW**2 * 3 * 0.25]))
    assert torch.allclose(squared_error(x, moved), torch.tensor([WINDOW**2 * 3 * 0.25]))


def test_what_changes_sign_over_time_is_no_difference() -> None:
    x = torch.full((1, 4, 3, 32, 32), 0.5)
    flicker = x + torch.tensor([1.0, -1.0, 1.0, -1.0]).view(1, 4, 1, 1, 1) * 0.2
    assert float(local_difference(x, flicker)) < 1e-6


def test_a_model_that_nobody_measured_gives_no_verdict(
    model: CodeModel, drawn: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "domain", None)
    fit = assess(model, drawn[:1])
    assert fit.known is None
    assert fit.ratio is None
    assert "measured" in fit.sentence()


def test_a_model_without_an_encoder_is_named() -> None:
    config = dataclasses.replace(ModelConfig(), family="mocogan")
    with pytest.raises(ClipError, match="encode"):
        assess(MoCoGAN(config), torch.zeros(1, 8, 3, 64, 64))
