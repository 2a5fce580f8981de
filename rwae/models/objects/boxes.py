"""Boxes in frames: cutting them out, pasting them, and fitting their positions.

A box is a square with half of the frame's side. Its position is the offset (x, y) of its first
pixel from that of the frame, in pixels, x to the right and y downwards; it may lie between pixels.
Everything here is differentiable in images and positions. Frames are grey, with shape (..., S, S).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from rwae.config import ModelConfig


def interpolation_matrix(offset: Tensor, frame: int) -> Tensor:
    """Matrices that move a line of frame/2 pixels to an offset, by linear interpolation.

        m_pi = max(0, 1 - |p - offset - i|)

    This is one axis of the bilinear sampler of spatial transformers (Jaderberg et al., NeurIPS
    2015) for translations.

    Args:
        offset: in pixels, with shape (...).
        frame: number of pixels of the line that is written to.

    Returns:
        With shape (..., frame, frame/2), differentiable in the offset.
    """
    pixel = torch.arange(frame, dtype=offset.dtype, device=offset.device)[:, None]
    return (1 - (pixel - offset[..., None, None] - pixel[: frame // 2].T).abs()).clamp_min(0)


def paste(sprites: Tensor, positions: Tensor) -> Tensor:
    """Puts sprites (..., S/2, S/2) into black frames (..., S, S) at positions (..., 2)."""
    x, y = (interpolation_matrix(offset, 2 * sprites.shape[-1]) for offset in positions.unbind(-1))
    return y @ sprites @ x.transpose(-1, -2)


def cut_boxes(grey: Tensor, positions: Tensor) -> Tensor:
    """Cuts the boxes at K positions (N, K, 2) out of frames (N, S, S): (N, K, S/2, S/2)."""
    x, y = (interpolation_matrix(offset, grey.shape[-1]) for offset in positions.unbind(-1))
    return y.transpose(-1, -2) @ grey.unsqueeze(1) @ x


def overlay(sprites: Tensor, positions: Tensor) -> Tensor:
    """Frames of K sprites, whose values add up and are clipped at 1.

    Args:
        sprites: in [0, 1], with shape (..., K, S/2, S/2).
        positions: with shape (..., K, 2).

    Returns:
        With shape (..., S, S).
    """
    return paste(sprites, positions).sum(-3).clamp(max=1)


class PositionScale:
    """Converts positions in pixels to dynamic codes and back.

    The codes of positions that are uniform over the frame have mean 0 and variance 1.

    Attributes:
        objects: K, the number of objects.
    """

    def __init__(self, config: ModelConfig) -> None:
        self.objects = config.dynamic_size // 2
        self.middle = config.crop_size / 4
        self.unit = config.crop_size / 2 / math.sqrt(12)

    def codes(self, positions: Tensor) -> Tensor:
        """(..., K, 2) in pixels -> (..., K * 2)."""
        return ((positions - self.middle) / self.unit).flatten(-2)

    def positions(self, codes: Tensor) -> Tensor:
        """(..., K * 2) -> (..., K, 2) in pixels."""
        of_objects: Tensor = codes.unflatten(-1, (self.objects, 2))
        return of_objects * self.unit + self.middle


def offset_to_nearest(positions: Tensor) -> Tensor:
    """The vector from each object to the nearest other one, in pixels; 0 if K = 1.

    Args:
        positions: with shape (..., K, 2).

    Returns:
        With the same shape.
    """
    count = positions.shape[-2]
    if count == 1:
        return torch.zeros_like(positions)
    offsets = positions.unsqueeze(-3) - positions.unsqueeze(-2)  # from i to j, (..., i, j, 2)
    itself = torch.eye(count, dtype=torch.bool, device=positions.device)
    nearest = offsets.square().sum(-1).masked_fill(itself, math.inf).argmin(-1)
    return offsets.gather(-2, nearest[..., None, None].expand(*nearest.shape, 1, 2)).squeeze(-2)


def fit_positions(grey: Tensor, sprites: Tensor, positions: Tensor, rounds: int) -> Tensor:
    """Moves sprites so that they explain the frames better, from positions that are nearly right.

    Each round is a Gauss-Newton step on the squared error, for each object by itself, on the
    pixels of its box (Lucas and Kanade, IJCAI 1981): with J = -(ds/dx, ds/dy) the derivative of
    the frame when the sprite s moves, and r the frame less all sprites together,

        p <- p + (J'J + I)^-1 J'r, by at most one pixel in x and in y.

    Args:
        grey: clips, with shape (B, T, S, S).
        sprites: of each clip, with shape (B, K, S/2, S/2).
        positions: to start from, with shape (B, T, K, 2).
        rounds: number of steps.

    Returns:
        Positions with the same shape.
    """
    slope = torch.stack([-torch.gradient(sprites, dim=d)[0] for d in (-1, -2)], 2).flatten(3)
    unit = torch.eye(2, dtype=slope.dtype, device=slope.device)
    solve = torch.linalg.solve(slope @ slope.transpose(-1, -2) + unit, slope)  # (B, K, 2, pixels)
    repeated = sprites.unsqueeze(1).expand(-1, positions.shape[1], -1, -1, -1)
    for _ in range(rounds):
        rest = grey - overlay(repeated, positions)
        boxes = cut_boxes(rest.flatten(0, 1), positions.flatten(0, 1))
        boxes = boxes.unflatten(0, positions.shape[:2])
        step = torch.einsum("bkdp,btkp->btkd", solve, boxes.flatten(-2))
        positions = positions + step.clamp(-1, 1)
    return positions
