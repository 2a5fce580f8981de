"""The public API: encode, decode, sample, extend, swap, save and load."""

import pytest
import torch
from conftest import TINY

from rwae import RWAE, Codes
from rwae.errors import ClipError, CodesError


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


def test_encoding_is_the_posterior_mean_and_so_repeats(tiny: RWAE, x: torch.Tensor) -> None:
    one, two = tiny.encode(x), tiny.encode(x)
    assert torch.equal(one.static, two.static)
    assert torch.equal(one.dynamic, two.dynamic)


def test_the_networks_see_the_crop_alone_and_the_rest_stays_black(
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
    one, two = (tiny.sample(3, frames=9, generator=torch.Generator().manual_seed(5)) for _ in "ab")
    assert torch.equal(one.dynamic, two.dynamic)
    assert one.dynamic.shape == (3, 9, 4)
    assert tiny.sample(2).dynamic.shape == (2, TINY.frames, 4)
    assert tiny.decode(one).shape == (3, 9, 3, 32, 32)


def test_static_samples_are_standard_normal(tiny: RWAE, generator: torch.Generator) -> None:
    static = tiny.sample(5000, frames=1, generator=generator).static
    torch.testing.assert_close(torch.cov(static.T), torch.eye(6), rtol=0, atol=0.1)


@pytest.mark.parametrize(("clips", "frames"), [(0, 4), (2, 0), (2, -1)])
def test_nothing_cannot_be_sampled(tiny: RWAE, clips: int, frames: int) -> None:
    with pytest.raises(CodesError, match="at least 1"):
        tiny.sample(clips, frames=frames)


def test_extending_keeps_what_was_there(tiny: RWAE, x: torch.Tensor, generator) -> None:
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
