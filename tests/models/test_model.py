"""The public API: encode, decode, sample, extend, swap, save and load."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import TINY

from rwae import RWAE, Codes, load
from rwae.editing.studio import swap
from rwae.errors import ClipError, CodesError, ConfigError
from rwae.models.base import LARGEST_CODE
from rwae.models.mocogan import MoCoGAN


@pytest.fixture
def x(generator: torch.Generator) -> torch.Tensor:
    return torch.rand(2, 4, 3, 32, 32, generator=generator)


def test_shapes_and_ranges(tiny: RWAE, x: torch.Tensor) -> None:
    codes = tiny.encode(x)
    assert codes.static.shape == (2, 6)
    assert codes.dynamic.shape == (2, 4, 4)
    x_hat = tiny.decode(codes)
    assert x_hat.shape == x.shape
    assert x_hat.min() >= 0
    assert x_hat.max() <= 1
    assert not codes.static.requires_grad
    assert not x_hat.requires_grad


def test_encoding_is_deterministic(tiny: RWAE, x: torch.Tensor) -> None:
    one, two = tiny.encode(x), tiny.encode(x)
    assert torch.equal(one.static, two.static)
    assert torch.equal(one.dynamic, two.dynamic)


def test_the_networks_use_the_crop_alone_and_the_rest_stays_black(
    tiny: RWAE, x: torch.Tensor
) -> None:
    outside = x.clone()
    outside[..., :4, :] = 1 - outside[..., :4, :]
    outside[..., 26:] = 1 - outside[..., 26:]
    assert torch.equal(tiny.encode(x).static, tiny.encode(outside).static)
    x_hat = tiny.decode(tiny.encode(x))
    assert not x_hat[..., :4, :].any()
    assert not x_hat[..., :2].any()
    assert x_hat[..., 4:28, 2:26].all()
    torch.testing.assert_close(tiny.crop(tiny.uncrop(tiny.crop(x))), tiny.crop(x))


def test_swapping_twice_is_the_identity(tiny: RWAE, x: torch.Tensor) -> None:
    a, b = tiny.encode(x[:1]), tiny.encode(x[1:])
    once = Codes(a.static, b.dynamic), Codes(b.static, a.dynamic)
    twice = Codes(once[0].static, once[1].dynamic)
    assert torch.equal(tiny.decode(twice), tiny.decode(a))


def test_codes_pick_clips_and_decode_alone_as_in_a_batch(tiny: RWAE, x: torch.Tensor) -> None:
    codes = tiny.encode(x)
    torch.testing.assert_close(tiny.decode(codes[1:]), tiny.decode(codes)[1:])
    torch.testing.assert_close(tiny.encode(x[1:]).static, codes.static[1:])


def test_samples_repeat_by_seed_and_may_be_longer_than_the_training_clips(tiny: RWAE) -> None:
    one = tiny.sample(3, frames=9, generator=torch.Generator().manual_seed(5))
    two = tiny.sample(3, frames=9, generator=torch.Generator().manual_seed(5))
    assert torch.equal(one.dynamic, two.dynamic)
    assert one.dynamic.shape == (3, 9, 4)
    assert tiny.sample(2).dynamic.shape == (2, TINY.frames, 4)
    assert tiny.decode(one).shape == (3, 9, 3, 32, 32)


def test_static_samples_are_standard_normal(tiny: RWAE, generator: torch.Generator) -> None:
    static = tiny.sample(5000, frames=1, generator=generator).static
    torch.testing.assert_close(torch.cov(static.T), torch.eye(6), rtol=0, atol=0.1)


@pytest.mark.parametrize(("clips", "frames"), [(0, 4), (2, 0), (2, -1)])
def test_sampling_no_clip_or_frame_is_refused(tiny: RWAE, clips: int, frames: int) -> None:
    with pytest.raises(CodesError, match="at least 1"):
        tiny.sample(clips, frames=frames)


def test_extending_keeps_the_given_codes(tiny: RWAE, x: torch.Tensor, generator) -> None:
    codes = tiny.encode(x)
    longer = tiny.extend(codes, 3, generator)
    assert longer.dynamic.shape == (2, 7, 4)
    assert torch.equal(longer.dynamic[:, :4], codes.dynamic)


@pytest.mark.parametrize(
    ("shape", "said"),
    [((2, 4, 3, 64, 64), "3, 32, 32"), ((4, 3, 32, 32), "B, T"), ((2, 0, 3, 32, 32), "B, T")],
)
def test_a_clip_of_another_shape(tiny: RWAE, shape: tuple[int, ...], said: str) -> None:
    with pytest.raises(ClipError, match=said):
        tiny.encode(torch.zeros(shape))


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan"), float("inf")])
def test_a_clip_outside_its_range(tiny: RWAE, x: torch.Tensor, value: float) -> None:
    x[0, 0, 0, 0, 0] = value
    with pytest.raises(ClipError, match=r"\[0, 1\]"):
        tiny.encode(x)


def test_a_clip_of_bytes(tiny: RWAE) -> None:
    with pytest.raises(ClipError, match="255"):
        tiny.encode(torch.zeros(1, 4, 3, 32, 32, dtype=torch.uint8))


def test_codes_of_another_model(tiny: RWAE) -> None:
    with pytest.raises(CodesError, match="another model"):
        tiny.decode(Codes(torch.zeros(1, 7), torch.zeros(1, 4, 4)))
    with pytest.raises(CodesError, match="another model"):
        tiny.decode(Codes(torch.zeros(1, 6), torch.zeros(1, 0, 4)))


@pytest.mark.parametrize("part", ["static", "dynamic"])
def test_codes_that_are_not_finite(tiny: RWAE, part: str) -> None:
    codes = Codes(torch.zeros(1, 6), torch.zeros(1, 4, 4))
    getattr(codes, part)[0, 0] = float("nan")
    with pytest.raises(CodesError, match="finite"):
        tiny.decode(codes)


def test_codes_whose_parts_do_not_belong_together() -> None:
    with pytest.raises(CodesError, match="same number"):
        Codes(torch.zeros(1, 6), torch.zeros(2, 4, 4))
    with pytest.raises(CodesError, match="dynamic part"):
        Codes(torch.zeros(1, 6), torch.zeros(1, 4))


@pytest.fixture
def weak() -> RWAE:
    """A small weakly supervised model that tells three actions apart."""
    torch.manual_seed(0)
    return RWAE(dataclasses.replace(TINY, actions=3)).eval()


def test_a_weakly_supervised_model_infers_the_action_from_the_dynamic_codes(
    weak: RWAE, generator: torch.Generator
) -> None:
    codes = weak.encode(torch.rand(4, 4, 3, 32, 32, generator=generator))
    assert codes.action.shape == (4, 3)
    torch.testing.assert_close(codes.action.sum(1), torch.ones(4))
    torch.testing.assert_close(
        codes.action, weak.action_posterior(codes.dynamic).probabilities.detach()
    )
    inferred = weak.decode(Codes(codes.static, codes.dynamic))
    torch.testing.assert_close(inferred, weak.decode(codes))


def test_prior_and_decoder_depend_on_the_action(weak: RWAE, generator: torch.Generator) -> None:
    codes = weak.sample(5, action=2, generator=generator)
    assert codes.action.argmax(1).tolist() == [2] * 5
    other = torch.eye(3)[torch.zeros(5, dtype=torch.long)]
    assert not torch.allclose(
        weak.decode(codes), weak.decode(Codes(codes.static, codes.dynamic, other))
    )
    priors = [weak.prior(codes.dynamic, a).means for a in (codes.action, other)]
    assert not torch.allclose(*priors)
    longer = weak.extend(codes, 2, generator)
    assert longer.dynamic.shape[1] == 6
    assert longer.action.argmax(1).tolist() == [2] * 5


def test_actions_are_drawn_evenly_by_default(weak: RWAE, generator: torch.Generator) -> None:
    counts = weak.sample(300, generator=generator).action.sum(0)
    assert all(60 < count < 140 for count in counts.tolist())


def test_an_action_that_is_not_there_is_refused_in_words(weak: RWAE, tiny: RWAE) -> None:
    with pytest.raises(CodesError, match="action is 3: for this model it needs a number from 0"):
        weak.sample(1, action=3)
    with pytest.raises(CodesError, match="to be left out"):
        tiny.sample(1, action=0)
    codes = tiny.sample(1)
    with pytest.raises(CodesError, match="2 actions apart: this model knows none"):
        tiny.decode(Codes(codes.static, codes.dynamic, torch.ones(1, 2)))


def test_codes_with_an_action_stay_together() -> None:
    action = torch.eye(3)
    codes = Codes(torch.zeros(3, 2), torch.zeros(3, 4, 2), action)
    torch.testing.assert_close(codes[[2, 0]].action, action[[2, 0]])
    torch.testing.assert_close(codes.with_static(torch.ones(3, 2)).action, action)
    assert len(Codes.cat([codes, codes])) == 6
    with pytest.raises(CodesError, match="one row for each of the 3 clips"):
        Codes(torch.zeros(3, 2), torch.zeros(3, 4, 2), action[:2])
    with pytest.raises(CodesError, match="Only some"):
        Codes.cat([codes, Codes(codes.static, codes.dynamic)])


def test_load_finds_the_class_and_a_wrong_class_is_refused(tiny: RWAE, tmp_path: Path) -> None:
    tiny.save_pretrained(tmp_path / "rwae")
    assert type(load(tmp_path / "rwae")) is RWAE
    rival = MoCoGAN(dataclasses.replace(TINY, family="mocogan"))
    rival.save_pretrained(tmp_path / "rival")
    assert type(load(tmp_path / "rival")) is MoCoGAN
    with pytest.raises(ConfigError, match="family mocogan, not rwae"):
        RWAE.from_pretrained(tmp_path / "rival")


@pytest.mark.parametrize("given", [None, 3, np.zeros((1, 4, 3, 32, 32), np.float32)])
def test_a_clip_that_is_no_tensor_is_refused_in_words(tiny: RWAE, given: Any) -> None:
    with pytest.raises(ClipError, match=f"{type(given).__name__}: it needs to be a torch.Tensor"):
        tiny.encode(given)


@pytest.mark.parametrize("given", [None, 3, torch.zeros(1, 6), np.zeros((1, 6))])
def test_what_is_no_codes_is_refused_in_words(tiny: RWAE, given: Any) -> None:
    for action in (tiny.decode, lambda codes: tiny.extend(codes, 2)):
        with pytest.raises(CodesError, match=r"need to be rwae\.Codes"):
            action(given)
    for pair in ((given, tiny.sample(1)), (tiny.sample(1), given)):
        with pytest.raises(CodesError, match=r"needs two rwae\.Codes"):
            swap(*pair)


@pytest.mark.parametrize("part", ["static", "dynamic", "action"])
def test_a_part_of_codes_that_is_no_tensor_is_named(part: str) -> None:
    parts: dict[str, Any] = {"static": torch.zeros(1, 6), "dynamic": torch.zeros(1, 4, 4)}
    with pytest.raises(CodesError, match=f"The {part} part of codes is ndarray"):
        Codes(**(parts | {part: np.zeros((1, 6))}))


def test_codes_of_whole_numbers_are_refused_and_of_another_precision_are_decoded(
    tiny: RWAE,
) -> None:
    codes = tiny.sample(2)
    with pytest.raises(CodesError, match=r"torch\.int64"):
        tiny.decode(Codes(codes.static.long(), codes.dynamic))
    double = Codes(codes.static.double(), codes.dynamic.double())
    assert torch.equal(tiny.decode(double), tiny.decode(codes))


@pytest.mark.parametrize("value", [1e30, -1e30, float("inf")])
@pytest.mark.parametrize("part", ["static", "dynamic"])
def test_codes_too_large_to_be_decoded_are_refused(tiny: RWAE, part: str, value: float) -> None:
    codes = tiny.sample(1)
    getattr(codes, part)[0, 0] = value
    with pytest.raises(CodesError, match="too large"):
        tiny.decode(codes)


def test_the_largest_codes_decode_to_finite_pixels(tiny: RWAE, generator: torch.Generator) -> None:
    codes = tiny.sample(16, generator=generator)
    largest = Codes(LARGEST_CODE * codes.static.sign(), LARGEST_CODE * codes.dynamic.sign())
    assert bool(tiny.decode(largest).isfinite().all())


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -0.1, 1e30, None, "1"])
def test_a_temperature_outside_its_range_is_refused(tiny: RWAE, value: Any) -> None:
    with pytest.raises(CodesError, match="temperature"):
        tiny.sample(1, temperature=value)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"clips": 2.5}, "number of clips is 2.5"),
        ({"clips": "2"}, "number of clips is '2'"),
        ({"clips": True}, "number of clips is True"),
        ({"clips": 1, "frames": 2.0}, "number of frames is 2.0"),
        ({"clips": 1, "generator": 3}, "generator is int"),
        ({"clips": 1, "action": 1.0}, "action is 1.0"),
    ],
)
def test_an_argument_of_sample_of_another_type_is_named(
    weak: RWAE, arguments: dict[str, Any], named: str
) -> None:
    with pytest.raises(CodesError, match=named):
        weak.sample(**arguments)


def test_a_device_that_is_not_there_is_refused_in_words(tiny: RWAE, tmp_path: Path) -> None:
    tiny.save_pretrained(tmp_path)
    for device in ("cuda:99", "warp"):
        for read in (load, RWAE.from_pretrained):
            with pytest.raises(ConfigError, match=f"{device}.*choose one of"):
                read(tmp_path, device=device)
    assert load(tmp_path, device=torch.device("cpu")).device.type == "cpu"
