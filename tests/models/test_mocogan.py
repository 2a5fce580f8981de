"""MoCoGAN: sampling, extending, saving, and what it refuses."""

import dataclasses
from pathlib import Path

import pytest
import torch
from conftest import TINY

from rwae import RWAE
from rwae.errors import CodesError, ConfigError
from rwae.models import registry
from rwae.models.mocogan import MoCoGAN

SIZES = dataclasses.replace(TINY, family="mocogan")


def seeded(number: int) -> torch.Generator:
    return torch.Generator().manual_seed(number)


@pytest.fixture
def gan() -> MoCoGAN:
    """A small model with random weights, in evaluation mode."""
    torch.manual_seed(0)
    return MoCoGAN(SIZES).eval()


def test_a_draw_has_the_shapes_of_the_other_models_and_decodes(gan: MoCoGAN) -> None:
    codes = gan.sample(3, frames=5, generator=seeded(0))
    assert codes.static.shape == (3, 6)
    assert codes.dynamic.shape == (3, 5, 4)
    x = gan.decode(codes)
    assert x.shape == (3, 5, 3, 32, 32)
    assert x.min() >= 0
    assert x.max() <= 1
    assert not gan.encodes


def test_samples_depend_on_the_generator_alone(gan: MoCoGAN) -> None:
    one, two, other = (gan.sample(2, generator=seeded(n)) for n in (1, 1, 2))
    assert torch.equal(one.dynamic, two.dynamic)
    assert torch.equal(one.static, two.static)
    assert not torch.equal(one.dynamic, other.dynamic)


def test_a_code_depends_on_its_own_noise_and_the_past_alone(gan: MoCoGAN) -> None:
    short = gan.prior.sample(2, 3, seeded(0))
    noise = torch.randn(2, 4, 4, generator=seeded(0))
    state = noise[:, 0]
    for t in range(3):
        state = gan.prior.cell(noise[:, t + 1], state)
        torch.testing.assert_close(short[:, t], state)


def test_motion_differs_at_temperature_one_and_is_one_motion_at_zero(gan: MoCoGAN) -> None:
    assert gan.sample(8, generator=seeded(0)).dynamic.std(0).min() > 0.01
    still = gan.sample(8, temperature=0.0, generator=seeded(0))
    assert torch.equal(still.dynamic[:1].expand(8, -1, -1), still.dynamic)
    assert not still.static.any()


def test_a_clip_is_extended_from_its_last_code(gan: MoCoGAN) -> None:
    codes = gan.sample(2, frames=4, generator=seeded(0))
    longer = gan.extend(codes, 3, seeded(5))
    assert torch.equal(longer.dynamic[:, :4], codes.dynamic)
    # The last code is the whole state: what came before it changes nothing.
    again = gan.extend(type(codes)(codes.static, codes.dynamic[:, 2:]), 3, seeded(5))
    assert torch.equal(longer.dynamic[:, 4:], again.dynamic[:, 2:])
    first = gan.prior.cell(torch.randn(2, 4, 4, generator=seeded(5))[:, 1], codes.dynamic[:, -1])
    torch.testing.assert_close(longer.dynamic[:, 4], first)


def test_a_swap_keeps_the_dynamic_codes(gan: MoCoGAN) -> None:
    a, b = gan.sample(1, generator=seeded(1)), gan.sample(1, generator=seeded(2))
    swapped = b.with_static(a.static)
    assert torch.equal(swapped.dynamic, b.dynamic)
    assert not torch.equal(gan.decode(swapped), gan.decode(b))


def test_a_checkpoint_loads_as_its_class(gan: MoCoGAN, tmp_path: Path) -> None:
    gan.save_pretrained(tmp_path)
    loaded = registry.load(tmp_path)
    assert isinstance(loaded, MoCoGAN)
    codes = gan.sample(2, generator=seeded(0))
    torch.testing.assert_close(loaded.decode(codes), gan.decode(codes))
    with pytest.raises(ConfigError, match="mocogan"):
        RWAE.from_pretrained(tmp_path)


def test_actions_and_codes_of_another_model_are_refused(gan: MoCoGAN, tiny: RWAE) -> None:
    with pytest.raises(ConfigError, match="without labels"):
        MoCoGAN(dataclasses.replace(SIZES, actions=3))
    codes = tiny.sample(1, generator=seeded(0))
    with pytest.raises(CodesError):
        gan.decode(type(codes)(codes.static[:, :2], codes.dynamic))
