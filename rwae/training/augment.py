"""Augmentation of clips, and the weight of each pixel in the reconstruction error.

The static posterior gets a few random frames, some of them flipped; the dynamic posterior gets the
clip in grey with a random tone curve and light. For data sets of few recordings, `jitter` changes
the whole clip, also as the target of the decoder. Nothing here uses a label, and none of it is
from the paper. All clips are in [0, 1]; randomness comes from a `torch.Generator`.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

# Of `jitter`: a colour channel is multiplied by 1 - GAIN to 1 + GAIN, values are raised to a power
# of 2^-GAMMA to 2^GAMMA, and a clip is moved by at most so many pixels down and across.
JITTER_GAIN = 0.08
JITTER_GAMMA = 0.1
JITTER_PIXELS = (2, 4)


def choose_frames(x: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Draws `count` different frame numbers for each clip of x (B, T, ...): (B, count)."""
    order = torch.rand(x.shape[:2], generator=generator, device=generator.device).argsort(1)
    return order[:, :count]


def take_frames(x: Tensor, chosen: Tensor) -> Tensor:
    """Takes frames from x (B, T, ...) by their numbers (B, N): a tensor (B, N, ...)."""
    clips = torch.arange(len(x), device=x.device).unsqueeze(1)
    return x[clips, chosen.to(x.device)]


def hflip(x: Tensor, generator: torch.Generator) -> Tensor:
    """Flips each frame of x (B, T, C, H, W) left to right with probability one half."""
    flip = torch.rand(x.shape[:2], generator=generator, device=generator.device) < 0.5
    return torch.where(flip.to(x.device)[:, :, None, None, None], x.flip(-1), x)


def photometric_augment(x: Tensor, generator: torch.Generator) -> Tensor:
    """Makes each clip grey, with a random tone curve and a random light.

    Three draws for each clip: weights of the colours (uniform on the simplex), a tone curve
    (linear between random heights at 1/4, 1/2, 3/4 and 1, so that dark may become bright), and a
    smooth light (4 x 4 random gains in [0.4, 1.6], enlarged). Shapes and motion remain, but the
    brightness of a part no longer tells clothes apart. Black stays black.

    Args:
        x: with shape (B, T, 3, H, W).
        generator: source of the randomness.

    Returns:
        With the same shape; the three channels are equal.
    """
    clips, size = len(x), tuple(x.shape[-2:])
    draw = torch.rand(clips, 23, generator=generator, device=generator.device).to(x.device)
    weights = -draw[:, :3].clamp_min(1e-6).log()
    weights = weights / weights.sum(1, keepdim=True)
    grey = torch.einsum("btchw,bc->bthw", x, weights)

    heights = F.pad(0.1 + 0.9 * draw[:, 3:7], (1, 0))
    rises = heights.diff(dim=1)[:, :, None, None, None]
    toned = torch.zeros_like(grey)
    for k in range(4):
        toned = toned + rises[:, k] * (4 * grey - k).clamp(0, 1)

    gains = (0.4 + 1.2 * draw[:, 7:]).view(clips, 1, 4, 4)
    light = F.interpolate(gains, size, mode="bilinear", align_corners=True)
    return (toned * light).clamp(0, 1).unsqueeze(2).expand_as(x)


def jitter(x: Tensor, generator: torch.Generator) -> Tensor:
    """Gives each clip a random tint, tone and offset, the same for all of its frames.

    Values are raised to a random power, the colours multiplied by random gains, and the clip moved
    by a whole number of pixels; what enters the frame repeats its border. The posteriors and the
    target of the decoder share it, so z_c learns tints between those of the data, and the position
    of the camera says nothing of the person.

    Args:
        x: with shape (B, T, 3, H, W).
        generator: source of the randomness.

    Returns:
        With the same shape.
    """
    draw = torch.rand(len(x), 6, generator=generator, device=generator.device).to(x.device)
    power = 2 ** (JITTER_GAMMA * (2 * draw[:, 3] - 1))
    gain = 1 + JITTER_GAIN * (2 * draw[:, :3] - 1)
    # The gradient of a power is infinite at 0, but no gradient passes through the data.
    toned = (x ** power.view(-1, 1, 1, 1, 1) * gain.view(-1, 1, 3, 1, 1)).clamp(0, 1)

    height, width = x.shape[-2:]
    down, across = JITTER_PIXELS
    padded = F.pad(toned.flatten(1, 2), (across, across, down, down), mode="replicate")
    choices = torch.tensor([2 * down + 1, 2 * across + 1], device=x.device)
    offsets = (draw[:, 4:] * choices).long().tolist()
    moved = [
        clip[:, top : top + height, left : left + width]
        for clip, (top, left) in zip(padded, offsets, strict=True)
    ]
    return torch.stack(moved).view_as(x)


def error_weight(x: Tensor, share: float, saliency: bool = False) -> Tensor:
    """The weight of each pixel in the reconstruction error: more where the clip moves.

    w is proportional to 1 + share * s / mean(s), with s the standard deviation of a pixel over
    time, averaged over the colours; the mean of w over a frame is 1. If moving parts are small, an
    unweighted error is mostly that of the background.

    With `saliency` w is proportional to 1 + share * (s / mean(s) + o / mean(o)) / 2, with o from
    `saliency_map`.

    Args:
        x: clips, with shape (B, T, 3, H, W), T >= 2.
        share: at 1, half of all weight goes to pixels in proportion to their motion; 0 gives
            every pixel the same weight.
        saliency: whether half of that share goes to `saliency_map`, as parts that do not move
            matter too, such as the legs of a person who waves.

    Returns:
        Weights with shape (B, 1, H, W).
    """
    # The formula of x.std(1), which reads memory in long strides and takes longer.
    variance = (x - x.mean(1, keepdim=True)).square().sum(1) / (x.shape[1] - 1)
    importance = mean_normalised(variance.sqrt().mean(1, keepdim=True))
    if saliency:
        importance = (importance + mean_normalised(saliency_map(x))) / 2
    weight = 1 + share * importance
    return weight / weight.mean((2, 3), keepdim=True)


def saliency_map(x: Tensor) -> Tensor:
    """How far each pixel of a clip is from the mean of its batch at the same position.

    Each clip (B, T, 3, H, W) is divided by its mean colour, made grey and averaged over 3 x 3
    pixels, with black around the frame; the absolute difference to the mean over all frames of
    all clips is then averaged over time, to the shape (B, 1, H, W).
    """
    toned = (x / x.mean((1, 3, 4), keepdim=True).clamp_min(0.1)).mean(2)
    toned = F.avg_pool2d(toned, 3, 1, 1)
    return (toned - toned.mean((0, 1))).abs().mean(1, keepdim=True)


def mean_normalised(maps: Tensor) -> Tensor:
    """Maps (B, 1, H, W) divided by their means, or by 0.001 if the mean is smaller."""
    return maps / maps.mean((2, 3), keepdim=True).clamp_min(1e-3)
