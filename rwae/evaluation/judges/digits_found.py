"""Compares what the judge of SM-MNIST finds in clips with what is there."""

from __future__ import annotations

import torch
from torch import Tensor

from rwae.data.moving_mnist import MovingDigits, Truth
from rwae.evaluation.judges.digits import CHUNK, DigitsJudge, Found


def agreement(
    found: Found, classes: Tensor | None = None, centres: Tensor | None = None
) -> dict[str, float]:
    """Compares what the judge found with what should be there; digits have no order.

    Args:
        found: in N clips.
        classes: that should be shown, with shape (N, 2), if that is asked.
        centres: where the digits should be, with shape (N, T, 2, 2), if that is asked.

    Returns:
        pair: the share of clips that show both digits and no other.
        digit: the share of digits that are shown.
        steady: the share of single frames in which a digit that is followed by its motion is read
            as over the whole clip; it falls where digits dissolve or exchange their paths.
        position_error: mean distance in pixels from a digit to its place. Which of the two found
            digits is which is decided once a clip, for the smaller error.
    """
    seen = found.classes
    steady = found.frames.argmax(-1) == found.followed[:, None]
    scores = {}
    if classes is not None:
        straight = (seen == classes).sum(-1)
        crossed = (seen == classes.flip(-1)).sum(-1)
        right = torch.maximum(straight, crossed).double()
        scores |= {"pair": float((right == 2).double().mean()), "digit": float(right.mean() / 2)}
    scores["steady"] = float(steady.double().mean())
    if centres is not None:
        error = torch.stack(
            [(found.centres - c).norm(dim=-1).mean((1, 2)) for c in (centres, centres.flip(2))]
        )
        scores["position_error"] = float(error.amin(0).double().mean())
    return scores


def judge_real(judge: DigitsJudge, clips: MovingDigits) -> tuple[Found, Truth]:
    """What the judge finds in real clips, and what is there."""
    everything = torch.arange(len(clips))
    found = Found.cat(judge.find(clips.batch(chosen)) for chosen in everything.split(CHUNK))
    return found, clips.truth(everything)
