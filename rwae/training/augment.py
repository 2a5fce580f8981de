"""What the two posteriors are shown in training, so that each code learns its own part only.

None of it uses a label. All functions take frames in [0, 1] and draw from a `torch.Generator`.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def choose_frames(clips: int, frames: int, count: int, generator: torch.Generator) -> Tensor:
    """Draws `count` different frame numbers for each clip, with shape (clips, count)."""
    order = torch.rand(clips, frames, generator=generator, device=generator.device).argsort(1)
    return order[:, :count]


def take_frames(x: Tensor, chosen: Tensor) -> Tensor:
    """Picks frames from x (B, T, ...) by their numbers (B, N): a tensor (B, N, ...)."""
    clips = torch.arange(len(x), device=x.device).unsqueeze(1)
    return x[clips, chosen.to(x.device)]


def hflip(x: Tensor, generator: torch.Generator) -> Tensor:
    """Flips each frame of x (B, T, C, H, W) left to right with probability one half."""
    flip = torch.rand(x.shape[:2], generator=generator, device=generator.device) < 0.5
    return torch.where(flip.to(x.device)[:, :, None, None, None], x.flip(-1), x)


def photometric_augment(x: Tensor, generator: torch.Generator) -> Tensor:
    """Shows each clip of x (B, T, 3, H, W) in grey, under a light and through a film of its own.

    Three draws for each clip: weights of the colours (uniform on the simplex), a tone curve
    (linear between random heights at 1/4, 1/2, 3/4 and 1, so that dark may become light), and a
    smooth light (4 x 4 random gains in [0.4, 1.6], enlarged). Shapes and their motion remain;
    how bright a part is, and so which of several clothes it is, does not. Black stays black.
    """
    clips, size = len(x), tuple(x.shape[-2:])
    draw = torch.rand(clips, 23, generator=generator, device=generator.device).to(x.device)
    weights = -draw[:, :3].clamp_min(1e-6).log()
    weights = weights / weights.sum(1, keepdim=True)
    grey = torch.einsum("btchw,bc->bthw", x, weights)

    heights = F.pad(0.1 + 0.9 * draw[:, 3:7], (1, 0))
    rises = heights.diff(dim=1)[:, :, None, None, None]
    toned = sum(rises[:, k] * (4 * grey - k).clamp(0, 1) for k in range(4))

    gains = (0.4 + 1.2 * draw[:, 7:]).view(clips, 1, 4, 4)
    light = F.interpolate(gains, size, mode="bilinear", align_corners=True)
    return (toned * light).clamp(0, 1).unsqueeze(2).expand_as(x)
