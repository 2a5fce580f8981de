"""Swaps against the clip that they should show, without a judge.

A data set that holds every character in every action also holds the true clip of every swap: the
character of clip A in the action of clip B. SM-MNIST can render it: the digits of A at the places
of B. A recording of one person in the action of another has no truth.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TypeVar

import torch
from torch import Tensor

from rwae.data.clips import ClipSource
from rwae.data.moving_mnist import MovingDigits
from rwae.evaluation.tasks import static_columns
from rwae.files.metrics import FRAME_ERROR, SQUARED_ERROR, SWAP_ERROR, SWAP_RATIO
from rwae.files.scores import Scores

# From the numbers of clips (B,) to what they should show, with shape (B, K, T, 3, H, W): K clips
# that are equally right.
Truth = Callable[[Tensor], Tensor]
Answer = TypeVar("Answer")
ROUNDING = 1e-9  # mean squared error below which a clip is the same but for rounding


def own_clips(clips: ClipSource) -> Truth:
    """The truth of a reconstruction: the clip itself."""
    return lambda chosen: clips.batch(chosen)[:, None]


def true_swaps(clips: ClipSource, partner: Tensor) -> Truth | None:
    """The truth of the swaps in which each clip A gets the motion of its partner B.

    Args:
        clips: the data set.
        partner: the numbers of the clips B, with shape (N,).

    Returns:
        None if the data set does not hold the true clip of every swap.
    """
    if isinstance(clips, MovingDigits):
        return lambda chosen: clips.swapped(chosen, partner[chosen])
    static = static_columns(clips.factors)
    who, how = (
        clips.labels[:, columns].unique(dim=0, return_inverse=True)[1].tolist()
        for columns in (static, ~static)
    )
    place = {pair: number for number, pair in enumerate(zip(who, how, strict=True))}
    found = [place.get((who[a], how[b])) for a, b in enumerate(partner.tolist())]
    numbers = [number for number in found if number is not None]
    if len(numbers) < len(found):
        return None
    true = torch.tensor(numbers)
    return lambda chosen: clips.batch(true[chosen])[:, None]


def squared_errors(x: Tensor, truth: Tensor) -> Tensor:
    """The squared error of each clip to the nearest of its true clips, a mean over all numbers.

    Args:
        x: with shape (B, T, 3, H, W).
        truth: with shape (B, K, T, 3, H, W).

    Returns:
        With shape (B,), in double precision.
    """
    errors = (x[:, None] - truth).square().flatten(2).mean(2)
    return errors.amin(1).double()


def measure(
    shown: Iterable[tuple[Tensor, Tensor]],
    truth: Truth | None,
    judge: Callable[[Tensor], Answer] | None,
) -> tuple[list[Answer], float | None]:
    """Has clips judged and compared with their truth, a few at a time.

    Args:
        shown: numbers (B,), and what is shown for them, with shape (B, T, 3, H, W).
        truth: of these clips, if there is one.
        judge: answers for a batch of clips, if there is one.

    Returns:
        The answers, and the mean squared error over all numbers of all clips.
    """
    answers, errors = [], []
    for chosen, x in shown:
        if judge is not None:
            answers.append(judge(x))
        if truth is not None:
            errors.append(squared_errors(x.cpu(), truth(chosen)))
    return answers, float(torch.cat(errors).mean()) if errors else None


def score_errors(reconstruction: float, swap: float | None, clips: ClipSource) -> Scores:
    """The squared errors of reconstruction and swap, given their means over all numbers."""
    size = math.prod(clips.shape[1:])
    scores = Scores({SQUARED_ERROR: reconstruction, FRAME_ERROR: reconstruction * size})
    if swap is not None:
        scores |= Scores({SWAP_ERROR: swap * size})
        if reconstruction > ROUNDING:
            scores |= Scores({SWAP_RATIO: swap / reconstruction})
    return scores
