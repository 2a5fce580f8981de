"""For data sets of few recordings: more looks than were filmed, and an eye for what moves.

None of it is from the paper, and none of it uses a label. What `jitter` does to a clip is done
before anything else: it is what the posteriors see and what the decoder has to render, so that
the static code learns tints in between those of the data, and where the camera stood says nothing
of who is before it.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

GAIN = 0.08  # a colour channel is multiplied by 1 - GAIN to 1 + GAIN
GAMMA = 0.1  # in powers of two: the exponent of a tone lies in 2 ** -GAMMA to 2 ** GAMMA
DOWN, ACROSS = 2, 4  # pixels by which a clip is moved at most


def jitter(x: Tensor, generator: torch.Generator) -> Tensor:
    """Gives each clip of x (B, T, 3, H, W) a tint, a tone and a place of its own.

    Values are raised to a random power, the colours multiplied by random gains, and all frames
    of the clip moved by the same number of pixels; what comes into view repeats the border.

    Args:
        x: clips in [0, 1].
        generator: source of the randomness.
    """
    draw = torch.rand(len(x), 6, generator=generator, device=generator.device).to(x.device)
    power = 2 ** (GAMMA * (2 * draw[:, 3] - 1))
    gain = 1 + GAIN * (2 * draw[:, :3] - 1)
    # The gradient of a power is infinite at 0, but no gradient goes through the data.
    toned = (x ** power.view(-1, 1, 1, 1, 1) * gain.view(-1, 1, 3, 1, 1)).clamp(0, 1)

    height, width = x.shape[-2:]
    wide = F.pad(toned.flatten(1, 2), (ACROSS, ACROSS, DOWN, DOWN), mode="replicate")
    rooms = torch.tensor([2 * DOWN + 1, 2 * ACROSS + 1], device=x.device)
    places = (draw[:, 4:] * rooms).long().tolist()
    moved = [
        clip[:, top : top + height, left : left + width]
        for clip, (top, left) in zip(wide, places, strict=True)
    ]
    return torch.stack(moved).view_as(x)


def error_weight(x: Tensor, share: float, saliency: bool = False) -> Tensor:
    """How much the error of each pixel of a clip counts: more where the clip moves.

    w is proportional to 1 + share * s / mean(s), with s the standard deviation of a pixel over
    time, averaged over the colours; the mean of w over a frame is 1. Before a still background
    the moving parts are small, and plain errors are mostly about the texture behind them. With
    `saliency` it is 1 + share * (s / mean(s) + o / mean(o)) / 2, with o from `saliency_map`.

    Args:
        x: clips, with shape (B, T, 3, H, W), T >= 2.
        share: at 1, half of all weight goes to pixels in proportion to their movement; 0 gives
            every pixel the same weight.
        saliency: whether half of that share goes to `saliency_map`: the trousers of a person who
            waves do not move, and still count.

    Returns:
        Weights with shape (B, 1, H, W).
    """
    # By hand, since x.std(1) goes through memory in long strides.
    variance = (x - x.mean(1, keepdim=True)).square().sum(1) / (x.shape[1] - 1)
    where = mean_normalised(variance.sqrt().mean(1, keepdim=True))
    if saliency:
        where = (where + mean_normalised(saliency_map(x))) / 2
    weight = 1 + share * where
    return weight / weight.mean((2, 3), keepdim=True)


def saliency_map(x: Tensor) -> Tensor:
    """How far each pixel of a clip is from what the clips of its batch show in its place.

    Each clip (B, T, 3, H, W) is divided by its mean colour, made grey and averaged over 3 x 3
    pixels, with black around the frame; the absolute difference to the mean over all frames of
    all clips is then averaged over time, to the shape (B, 1, H, W).
    """
    toned = (x / x.mean((1, 3, 4), keepdim=True).clamp_min(0.1)).mean(2)
    toned = F.avg_pool2d(toned, 3, 1, 1)
    return (toned - toned.mean((0, 1))).abs().mean(1, keepdim=True)


def mean_normalised(maps: Tensor) -> Tensor:
    """Maps (B, 1, H, W) divided by their means, unless they are all but 0."""
    return maps / maps.mean((2, 3), keepdim=True).clamp_min(1e-3)
