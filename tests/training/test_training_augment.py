"""Augmentation of clips and the weight of each pixel in the error."""

import pytest
import torch

from rwae.training import augment
from rwae.training.augment import (
    JITTER_GAIN,
    JITTER_PIXELS,
    error_weight,
    jitter,
    saliency_map,
)


def test_photometric_augment_keeps_black_and_the_range_and_hides_the_brightness(
    generator: torch.Generator,
) -> None:
    x = torch.zeros(64, 2, 3, 8, 8)
    x[:32, ..., 4:], x[32:, ..., 4:] = 0.3, 0.8
    seen = augment.photometric_augment(x, generator)
    assert seen.shape == x.shape
    assert not seen[..., :4].any()
    assert seen.min() >= 0
    assert seen.max() <= 1
    bright = seen[..., 4:].flatten(1).mean(1)
    assert bright.std() > 0.15
    dark_looks_brighter = (bright[:32] > bright[32:]).float().mean()
    assert 0.25 < dark_looks_brighter < 0.75
    assert torch.equal(seen[:, :, 0], seen[:, :, 1])


def test_hflip_flips_about_half_of_the_frames(generator: torch.Generator) -> None:
    x = torch.arange(8.0).expand(100, 2, 3, 4, 8)
    flipped = augment.hflip(x, generator)[..., 0].flatten(2)[:, :, 0] == 7
    assert 0.35 < flipped.float().mean() < 0.65


def test_chosen_frames_differ_within_a_clip_and_are_taken(generator: torch.Generator) -> None:
    chosen = augment.choose_frames(torch.zeros(50, 6), 3, generator)
    assert all(len(set(row.tolist())) == 3 for row in chosen)
    assert set(chosen.flatten().tolist()) == set(range(6))
    x = torch.arange(300).view(50, 6)
    assert torch.equal(augment.take_frames(x, chosen), x.gather(1, chosen))


def test_jitter_is_the_same_for_all_frames_of_a_clip(generator: torch.Generator) -> None:
    frame = torch.rand(1, 1, 3, 20, 24, generator=generator)
    x = jitter(frame.expand(6, 4, -1, -1, -1), generator)
    assert x.shape == (6, 4, 3, 20, 24)
    assert torch.equal(x, x[:, :1].expand_as(x))
    assert (x[0] - x[1]).abs().mean() > 0.01
    assert x.min() >= 0
    assert x.max() <= 1


def test_jitter_moves_a_clip_by_a_few_whole_pixels(generator: torch.Generator) -> None:
    x = torch.zeros(200, 2, 3, 20, 24)
    x[..., 10, 12] = 1
    moved = jitter(x, generator).mean((1, 2))
    rows, columns = moved.amax(2).argmax(1) - 10, moved.amax(1).argmax(1) - 12
    down, across = JITTER_PIXELS
    assert set(rows.tolist()) == set(range(-down, down + 1))
    assert set(columns.tolist()) == set(range(-across, across + 1))
    light = moved.flatten(1).sum(1)
    assert light.min() >= 1 - JITTER_GAIN
    assert light.max() <= 1


def test_jitter_keeps_black_and_depends_on_the_generator_alone(generator: torch.Generator) -> None:
    assert jitter(torch.zeros(3, 2, 3, 8, 8), generator).sum() == 0
    x = torch.rand(3, 2, 3, 8, 8)
    one, same = (jitter(x, torch.Generator().manual_seed(7)) for _ in range(2))
    assert torch.equal(one, same)


@pytest.mark.parametrize("share", [0.0, 1.0, 3.0])
def test_what_moves_has_more_weight_and_the_mean_is_one(share: float) -> None:
    x = torch.full((2, 6, 3, 8, 8), 0.4)
    x[0, ::2, :, :4] = 0.6  # half of the first clip flickers, the second stands still
    weight = error_weight(x, share)
    assert weight.shape == (2, 1, 8, 8)
    assert torch.allclose(weight.mean((2, 3)), torch.ones(2, 1))
    assert torch.allclose(weight[1], torch.ones(1, 8, 8))
    assert float(weight[0, 0, 0, 0] / weight[0, 0, 7, 7]) == pytest.approx(1 + 2 * share)


def test_what_stands_out_has_more_weight_with_saliency() -> None:
    x = torch.full((4, 6, 3, 12, 12), 0.4)
    x[0, :, :, 3:8, 3:8] = 0.8  # only the first clip shows something there, and it does not move
    x[:, ::2, :, :, 11] = 0.6
    for saliency in (False, True):
        weight = error_weight(x, 1.0, saliency)
        assert torch.allclose(weight.mean((2, 3)), torch.ones(4, 1))
        assert weight[0, 0, 5, 11] > weight[0, 0, 0, 5]
        assert bool(weight[0, 0, 5, 5] > 1.5 * weight[0, 0, 0, 5]) is saliency


def test_a_tint_has_no_saliency(generator: torch.Generator) -> None:
    scene = 0.1 + 0.5 * torch.rand(1, 1, 3, 12, 12, generator=generator)
    tints = 0.8 + 0.4 * torch.rand(5, 1, 3, 1, 1, generator=generator)
    assert saliency_map(scene * tints.expand(-1, 4, -1, -1, -1)).abs().max() < 1e-5
