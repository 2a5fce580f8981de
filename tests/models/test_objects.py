"""The model of objects: each part of its codes belongs to one object."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from rwae.codes import Codes
from rwae.config import ModelConfig
from rwae.errors import ClipError, ConfigError
from rwae.models.objects import ObjectRWAE
from rwae.models.registry import build_model, load

SMALL = ModelConfig(
    family="objects",
    frame_size=32,
    crop_size=32,
    frames=5,
    static_size=12,
    dynamic_size=4,
    static_width=12,
    dynamic_width=8,
    decoder_width=8,
    hidden_size=16,
    prior_components=3,
)


@pytest.fixture
def model() -> ObjectRWAE:
    torch.manual_seed(0)
    return build_model(SMALL).eval()


@pytest.fixture
def codes(generator: torch.Generator) -> Codes:
    static = torch.randn(3, 12, generator=generator)
    return Codes(static, torch.rand(3, 5, 4, generator=generator) - 0.5)


def test_shapes(model: ObjectRWAE, codes: Codes) -> None:
    x = model.decode(codes)
    assert x.shape == (3, 5, 3, 32, 32)
    assert 0 <= x.min() <= x.max() <= 1
    again = model.encode(x)
    assert again.static.shape == (3, 12)
    assert again.dynamic.shape == (3, 5, 4)
    drawn = model.sample(2, frames=9, generator=torch.Generator().manual_seed(0))
    assert drawn.dynamic.shape == (2, 9, 4)
    assert model.extend(drawn, 3, torch.Generator().manual_seed(0)).dynamic.shape == (2, 12, 4)


def test_the_order_of_the_objects_means_nothing(model: ObjectRWAE, codes: Codes) -> None:
    def turned(z: Tensor) -> Tensor:
        return z.unflatten(-1, (2, -1)).flip(-2).flatten(-2)

    other = Codes(turned(codes.static), turned(codes.dynamic))
    assert torch.allclose(model.decode(codes), model.decode(other), atol=1e-6)


def test_a_part_of_the_static_code_changes_its_object_only(
    model: ObjectRWAE, codes: Codes
) -> None:
    sprites = model.decoder.sprites(codes.static)
    changed = codes.static.clone()
    changed[:, :6] += 1
    after = model.decoder.sprites(changed)
    assert torch.equal(after[:, 1], sprites[:, 1])
    assert not torch.allclose(after[:, 0], sprites[:, 0])


def test_a_dynamic_code_moves_its_object(model: ObjectRWAE, codes: Codes) -> None:
    scale = model.decoder.scale
    right = scale.positions(codes.dynamic).round()
    right[..., 1, 0] = 40  # the second object leaves the frame
    right[..., 0, :] = 5
    here = model.decode(Codes(codes.static, scale.codes(right)))
    right[..., 0, :] += torch.tensor([3, 2])
    there = model.decode(Codes(codes.static, scale.codes(right)))
    assert torch.allclose(there[..., 2:, 3:], here[..., :-2, :-3], atol=1e-4)


def test_a_checkpoint_comes_back_as_the_same_class(
    model: ObjectRWAE, codes: Codes, tmp_path: Path
) -> None:
    model.save_pretrained(tmp_path)
    back = load(tmp_path)
    assert isinstance(back, ObjectRWAE)
    assert torch.equal(back.decode(codes), model.decode(codes))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"dynamic_size": 5}, "two dynamic numbers for each"),
        ({"static_size": 13}, "a multiple of that number"),
        ({"crop_size": 24}, "multiple of 32"),
        ({"actions": 3}, "no setting actions"),
        ({"learned_noise": True}, "no setting learned_noise"),
        ({"late_film_width": 8}, "no setting late_film_width"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        ObjectRWAE(ModelConfig.from_dict({**SMALL.to_dict(), **settings}))


def test_a_clip_of_another_size_is_refused(model: ObjectRWAE) -> None:
    with pytest.raises(ClipError, match="32"):
        model.encode(torch.zeros(1, 5, 3, 48, 48))


def test_descent_explains_a_clip_better_and_each_by_itself(
    model: ObjectRWAE, codes: Codes
) -> None:
    grey = model.decode(codes).mean(2)
    positions = model.decoder.scale.positions(codes.dynamic)
    start = codes.static + 0.5
    fitted = model.fit_static(grey, start, positions)

    def error(static: Tensor) -> Tensor:
        drawn = model.decode(Codes(static, codes.dynamic)).mean(2)
        return (drawn - grey).square().flatten(1).sum(1)

    assert (error(fitted) < 0.8 * error(start)).all()
    assert not fitted.requires_grad
    alone = model.fit_static(grey[1:2], start[1:2], positions[1:2])
    assert torch.allclose(alone, fitted[1:2], atol=1e-4)


def test_clips_can_be_encoded_in_inference_mode(model: ObjectRWAE, codes: Codes) -> None:
    x = model.decode(codes)
    with torch.inference_mode():
        quick = model.encode(x.clone())
    assert torch.allclose(quick.static, model.encode(x).static, atol=1e-5)
