"""Boxes in frames: cutting them out, putting them in, and where they are.

A box is a square with half of the frame's side. Its place is the offset (x, y) of its first pixel
from the frame's, in pixels, x to the right and y downwards, whole or not. All is differentiable
in pictures and places.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from rwae.config import ModelConfig


def shift(offset: Tensor, frame: int) -> Tensor:
    """Matrices that move a line of frame/2 pixels to an offset, by linear interpolation.

        m_pi = max(0, 1 - |p - offset - i|)

    Args:
        offset: in pixels, whole or not, with shape (...).
        frame: number of pixels of the line that it is put into.

    Returns:
        With shape (..., frame, frame/2), differentiable in the offset.
    """
    pixel = torch.arange(frame, dtype=offset.dtype, device=offset.device)[:, None]
    return (1 - (pixel - offset[..., None, None] - pixel[: frame // 2].T).abs()).clamp_min(0)


def put(sprites: Tensor, places: Tensor) -> Tensor:
    """Puts sprites (..., S/2, S/2) into empty frames (..., S, S) at their places (..., 2)."""
    x, y = (shift(offset, 2 * sprites.shape[-1]) for offset in places.unbind(-1))
    return y @ sprites @ x.transpose(-1, -2)


def look(grey: Tensor, places: Tensor) -> Tensor:
    """Cuts the boxes at K places (N, K, 2) out of frames (N, S, S): (N, K, S/2, S/2)."""
    x, y = (shift(offset, grey.shape[-1]) for offset in places.unbind(-1))
    return y.transpose(-1, -2) @ grey.unsqueeze(1) @ x


def overlay(sprites: Tensor, places: Tensor) -> Tensor:
    """Frames of K sprites whose light adds up and is clipped at 1.

    Args:
        sprites: with shape (..., K, S/2, S/2).
        places: with shape (..., K, 2).

    Returns:
        With shape (..., S, S).
    """
    return put(sprites, places).sum(-3).clamp(max=1)


class Scale:
    """Places in pixels to dynamic codes and back; uniform places get a variance of one."""

    def __init__(self, config: ModelConfig) -> None:
        self.objects = config.dynamic_size // 2
        self.middle = config.crop_size / 4
        self.unit = config.crop_size / 2 / math.sqrt(12)

    def codes(self, places: Tensor) -> Tensor:
        """(..., K, 2) in pixels -> (..., K * 2)."""
        return ((places - self.middle) / self.unit).flatten(-2)

    def places(self, codes: Tensor) -> Tensor:
        """(..., K * 2) -> (..., K, 2) in pixels."""
        return codes.unflatten(-1, (self.objects, 2)) * self.unit + self.middle


def nearest_way(places: Tensor) -> Tensor:
    """The way from each object to the one nearest to it, with shape (..., K, 2); 0 if K = 1."""
    count = places.shape[-2]
    if count == 1:
        return torch.zeros_like(places)
    ways = places.unsqueeze(-3) - places.unsqueeze(-2)  # from object i to j, (..., i, j, 2)
    itself = torch.eye(count, dtype=torch.bool, device=places.device)
    nearest = ways.square().sum(-1).masked_fill(itself, math.inf).argmin(-1)
    return ways.gather(-2, nearest[..., None, None].expand(*nearest.shape, 1, 2)).squeeze(-2)


def fit_places(grey: Tensor, sprites: Tensor, places: Tensor, rounds: int) -> Tensor:
    """Moves sprites to where they explain the frames best, from places that are nearly right.

    Each round is a Gauss-Newton step on the squared error, for each object by itself, on the
    pixels of its box (Lucas and Kanade, IJCAI 1981): with J = -(ds/dx, ds/dy) the change of the
    frame when the sprite s moves, and r what the frame has more than all sprites together,

        p <- p + (J'J + I)^-1 J'r, by at most one pixel to each side.

    Args:
        grey: clips, with shape (B, T, S, S).
        sprites: of each clip, with shape (B, K, S/2, S/2).
        places: to start from, with shape (B, T, K, 2).
        rounds: number of steps.

    Returns:
        Places with the same shape.
    """
    slope = torch.stack([-torch.gradient(sprites, dim=d)[0] for d in (-1, -2)], 2).flatten(3)
    unit = torch.eye(2, dtype=slope.dtype, device=slope.device)
    solve = torch.linalg.solve(slope @ slope.transpose(-1, -2) + unit, slope)  # (B, K, 2, pixels)
    shown = sprites.unsqueeze(1).expand(-1, places.shape[1], -1, -1, -1)
    for _ in range(rounds):
        rest = grey - overlay(shown, places)
        boxes = look(rest.flatten(0, 1), places.flatten(0, 1)).unflatten(0, places.shape[:2])
        step = torch.einsum("bkdp,btkp->btkd", solve, boxes.flatten(-2))
        places = places + step.clamp(-1, 1)
    return places
