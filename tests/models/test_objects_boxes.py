"""Boxes are pasted, cut out and fitted to a fraction of a pixel."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from rwae.config import ModelConfig
from rwae.models.objects.boxes import (
    PositionScale,
    cut_boxes,
    fit_positions,
    offset_to_nearest,
    overlay,
    paste,
)


def blob(side: int = 16, seed: int = 0) -> Tensor:
    """Two smooth sprites (1, 2, side, side) that are dark at the edge."""
    axis = torch.arange(side) - (side - 1) / 2
    draw = torch.rand(2, 2, generator=torch.Generator().manual_seed(seed))
    wide = (3 + 6 * draw)[:, :, None]
    bumps = torch.exp(-(axis**2) / wide)
    return (0.9 * bumps[:, 0, :, None] * bumps[:, 1, None, :])[None]


def test_whole_offsets_copy_the_pixels() -> None:
    sprites, positions = torch.rand(2, 3, 8, 8), torch.tensor([[0.0, 0], [5, 2], [8, 8]])
    frames = paste(sprites, positions.expand(2, 3, 2))
    for k, (x, y) in enumerate(positions.int().tolist()):
        expected = torch.zeros(2, 16, 16)
        expected[:, y : y + 8, x : x + 8] = sprites[:, k]
        assert torch.equal(frames[:, k], expected)
        assert torch.equal(
            cut_boxes(frames[:, k], positions[None, k : k + 1])[:, 0], sprites[:, k]
        )


def test_offsets_between_pixels_interpolate() -> None:
    sprite = blob()[:, :1]
    between = paste(sprite, torch.tensor([[[4.25, 7.0]]]))
    left, right = (paste(sprite, torch.tensor([[[x, 7.0]]])) for x in (4.0, 5.0))
    assert torch.allclose(between, 0.75 * left + 0.25 * right, atol=1e-6)


def test_what_lies_outside_the_frame_is_cut_off() -> None:
    frame = paste(torch.ones(1, 8, 8), torch.tensor([[-4.0, 12.0]]))[0]
    assert frame.sum() == 4 * 4
    assert frame[12:, :4].sum() == 16


def test_overlapping_sprites_add_up_and_are_clipped() -> None:
    sprites = torch.stack([torch.full((8, 8), 0.4), torch.full((8, 8), 0.8)])
    frame = overlay(sprites, torch.tensor([[0.0, 0.0], [4.0, 0.0]]))
    assert frame[0, [0, 4, 8, 12]].tolist() == pytest.approx([0.4, 1.0, 0.8, 0.0])


def test_uniform_positions_have_codes_with_a_variance_of_one() -> None:
    scale = PositionScale(ModelConfig(family="objects", static_size=6, dynamic_size=6))
    positions = 32 * torch.rand(5000, 3, 2, generator=torch.Generator().manual_seed(0))
    codes = scale.codes(positions)
    assert codes.shape == (5000, 6)
    assert codes.mean().abs() < 0.02
    assert codes.var().item() == pytest.approx(1, abs=0.02)
    assert torch.allclose(scale.positions(codes), positions, atol=1e-4)


def test_the_nearest_object_is_found() -> None:
    positions = torch.tensor([[0.0, 0], [10, 0], [12, 1]])
    assert offset_to_nearest(positions).tolist() == [[10, 0], [2, 1], [-2, -1]]
    assert offset_to_nearest(positions[:1]).tolist() == [[0, 0]]


def test_positions_are_fitted_to_a_tenth_of_a_pixel() -> None:
    sprites = blob()
    truth = torch.tensor([[[3.3, 5.0], [12.0, 9.7]], [[8.0, 8.5], [10.0, 12.0]]])[None]
    grey = overlay(sprites.unsqueeze(1).expand(-1, 2, -1, -1, -1), truth)
    near = truth + torch.tensor([[1.2, -0.8], [-1.0, 1.1]])
    fitted = fit_positions(grey, sprites, near, rounds=8)
    assert (fitted - truth).abs().max() < 0.1
    assert torch.allclose(fit_positions(grey, sprites, truth, rounds=1), truth, atol=1e-4)
