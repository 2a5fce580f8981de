"""Bright blobs that stand apart from each other: the first objects that a model sees."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from rwae.models.objects.boxes import look

FAINT = 0.015  # mean light of a box below which nothing stands in it


def blobs(grey: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Finds K blobs in frames: peaks of the smoothed light, each centred on the light around.

    Args:
        grey: frames in [0, 1], with shape (N, S, S).
        count: K.

    Returns:
        The places of boxes with half of the frame's side around them, with shape (N, K, 2), and
        how far the nearest two are apart, the larger of x and y in pixels, with shape (N,); 0 if
        there are fewer than K blobs.
    """
    side = grey.shape[-1] // 2
    smooth = blur_matrix(side, grey)
    light = smooth @ grey @ smooth.T
    axis = torch.arange(side, device=grey.device)
    found = []
    for _ in range(count):
        peak = light.flatten(1).argmax(1)[:, None]
        rows, columns = peak // side, peak % side
        found.append(torch.cat([columns, rows], 1).to(grey.dtype))
        covered = ((axis - rows).abs() <= side // 2)[:, :, None]
        light = light * ~(covered & ((axis - columns).abs() <= side // 2)[:, None])
    places = centre(grey, centre(grey, torch.stack(found, 1)))
    full = (look(grey, places).mean((-1, -2)) >= FAINT).all(1)
    ways = (places.unsqueeze(2) - places.unsqueeze(1)).abs().amax(-1)
    ways = ways + 4 * side * torch.eye(count, device=grey.device)
    return places, ways.flatten(1).amin(1) * full


def centre(grey: Tensor, places: Tensor) -> Tensor:
    """Moves boxes at (N, K, 2) so that the light in each has its centre in the middle."""
    boxes = look(grey, places)
    axis = torch.arange(boxes.shape[-1], dtype=boxes.dtype, device=boxes.device)
    axis = axis - axis.mean()
    total = boxes.sum((-1, -2)).clamp_min(1e-3)
    off = torch.stack([(boxes.sum(-2) * axis).sum(-1), (boxes.sum(-1) * axis).sum(-1)], -1)
    return (places + off / total[..., None]).clamp(-2, boxes.shape[-1] + 2)


def blur_matrix(side: int, like: Tensor) -> Tensor:
    """Weights (S/2, S) of a triangle as wide as a box around the middle of each box."""
    pixel = torch.arange(2 * side, dtype=like.dtype, device=like.device)
    middle = torch.arange(side, dtype=like.dtype, device=like.device)[:, None] + (side - 1) / 2
    return F.relu(1 - (pixel - middle).abs() / (side / 2))
