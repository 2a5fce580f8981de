"""What is done for data sets of few recordings: whole clips change alike, movement weighs more."""

import pytest
import torch

from rwae.training.variety import ACROSS, DOWN, GAIN, error_weight, jitter, saliency_map


def test_all_frames_of_a_clip_change_alike_and_clips_do_not(generator: torch.Generator) -> None:
    frame = torch.rand(1, 1, 3, 20, 24, generator=generator)
    x = jitter(frame.expand(6, 4, -1, -1, -1), generator)
    assert x.shape == (6, 4, 3, 20, 24)
    assert torch.equal(x, x[:, :1].expand_as(x))
    assert (x[0] - x[1]).abs().mean() > 0.01
    assert x.min() >= 0
    assert x.max() <= 1


def test_a_clip_moves_by_a_few_whole_pixels(generator: torch.Generator) -> None:
    x = torch.zeros(200, 2, 3, 20, 24)
    x[..., 10, 12] = 1
    moved = jitter(x, generator).mean((1, 2))
    rows, columns = moved.amax(2).argmax(1) - 10, moved.amax(1).argmax(1) - 12
    assert set(rows.tolist()) == set(range(-DOWN, DOWN + 1))
    assert set(columns.tolist()) == set(range(-ACROSS, ACROSS + 1))
    light = moved.flatten(1).sum(1)
    assert light.min() >= 1 - GAIN
    assert light.max() <= 1


def test_black_stays_black_and_the_generator_decides(generator: torch.Generator) -> None:
    assert jitter(torch.zeros(3, 2, 3, 8, 8), generator).sum() == 0
    x = torch.rand(3, 2, 3, 8, 8)
    one, same = (jitter(x, torch.Generator().manual_seed(7)) for _ in range(2))
    assert torch.equal(one, same)


@pytest.mark.parametrize("share", [0.0, 1.0, 3.0])
def test_what_moves_weighs_more_and_the_mean_is_one(share: float) -> None:
    x = torch.full((2, 6, 3, 8, 8), 0.4)
    x[0, ::2, :, :4] = 0.6  # half of the first clip flickers, the second stands still
    weight = error_weight(x, share)
    assert weight.shape == (2, 1, 8, 8)
    assert torch.allclose(weight.mean((2, 3)), torch.ones(2, 1))
    assert torch.allclose(weight[1], torch.ones(1, 8, 8))
    assert float(weight[0, 0, 0, 0] / weight[0, 0, 7, 7]) == pytest.approx(1 + 2 * share)


def test_what_stands_still_and_stands_out_weighs_more_where_that_is_asked_for() -> None:
    x = torch.full((4, 6, 3, 12, 12), 0.4)
    x[0, :, :, 3:8, 3:8] = 0.8  # only the first clip shows something there, and it does not move
    x[:, ::2, :, :, 11] = 0.6
    for saliency in (False, True):
        weight = error_weight(x, 1.0, saliency)
        assert torch.allclose(weight.mean((2, 3)), torch.ones(4, 1))
        assert weight[0, 0, 5, 11] > weight[0, 0, 0, 5]
        assert bool(weight[0, 0, 5, 5] > 1.5 * weight[0, 0, 0, 5]) is saliency


def test_a_tint_is_not_odd(generator: torch.Generator) -> None:
    scene = 0.1 + 0.5 * torch.rand(1, 1, 3, 12, 12, generator=generator)
    tints = 0.8 + 0.4 * torch.rand(5, 1, 3, 1, 1, generator=generator)
    assert saliency_map(scene * tints.expand(-1, 4, -1, -1, -1)).abs().max() < 1e-5
