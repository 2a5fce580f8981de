"""Whether a model only repeats its training clips: the distance to the nearest of them."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from rwae.data.clips import ClipSource
from rwae.evaluation.tasks import spaced
from rwae.files.metrics import (
    NEAREST_DRAWN,
    NEAREST_DRAWN_LEAST,
    NEAREST_REAL,
    NEAREST_REAL_LEAST,
)
from rwae.files.scores import Scores

BLOCK = 4  # side of the square of pixels that is averaged
COMPARED_AT_ONCE = 256  # training clips


def average_blocks(x: Tensor) -> Tensor:
    """Averages blocks of 4 x 4 pixels: (B, T, C, H, W) -> (B, T * C * H/4 * W/4)."""
    small = F.avg_pool2d(x.flatten(0, 1), BLOCK)
    return small.reshape(len(x), -1)


def small_clips(clips: ClipSource, chosen: Tensor) -> Tensor:
    """Real clips by their numbers (N,), as `average_blocks` returns them: (N, D)."""
    return torch.cat(
        [average_blocks(clips.batch(part)) for part in chosen.split(COMPARED_AT_ONCE)]
    )


def nearest(clips: Tensor, training: Tensor) -> tuple[Tensor, Tensor]:
    """Finds for each of N vectors the nearest of M others by the squared error, a mean over D.

    Args:
        clips: with shape (N, D).
        training: with shape (M, D).

    Returns:
        min over m of |a_n - b_m|^2 / D = (|a|^2 - 2 a.b + |b|^2) / D, and the m where it is; both
        with shape (N,).
    """
    best = torch.full((len(clips),), torch.inf)
    where = torch.zeros(len(clips), dtype=torch.long)
    own = clips.square().sum(1, keepdim=True)
    for number, part in enumerate(training.split(COMPARED_AT_ONCE)):
        square, index = (own - 2 * clips @ part.T + part.square().sum(1)).min(1)
        where = torch.where(square < best, number * COMPARED_AT_ONCE + index, where)
        best = torch.minimum(best, square)
    return best.clamp_min(0) / clips.shape[1], where


def score_nearest(small: Tensor, real: ClipSource, training: ClipSource) -> Scores:
    """Compares how close drawn clips and real unseen clips come to the training clips.

    The distance is the squared error, a mean over all frames, to the nearest training clip, on
    frames averaged over 4 x 4 pixels. A model that only repeats its training clips comes much
    closer to them than real unseen clips do.

    Args:
        small: drawn clips as `average_blocks` returns them, with shape (N, D).
        real: unseen clips; as many as were drawn are used, evenly spaced.
        training: the clips that the model was trained on.
    """
    unseen = small_clips(real, spaced(len(real), len(small)))
    known = small_clips(training, torch.arange(len(training)))
    drawn, seen = nearest(small, known)[0], nearest(unseen, known)[0]
    return Scores(
        {
            NEAREST_DRAWN: float(drawn.mean()),
            NEAREST_DRAWN_LEAST: float(drawn.amin()),
            NEAREST_REAL: float(seen.mean()),
            NEAREST_REAL_LEAST: float(seen.amin()),
        }
    )
