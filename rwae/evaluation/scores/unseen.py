"""Swaps into combinations of who and how it moves that no training clip shows.

Where a few people each do a few things, a swap of two clips mostly ends in a combination that was
filmed and trained. Here both codes are those of training clips and only their combination is new:
what a model that learned its clips by heart cannot draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from rwae.classifiers import Judge
from rwae.codes import Factor
from rwae.data.clips import ClipSource
from rwae.evaluation.codes.analysis import encode
from rwae.evaluation.scores.render import judge_codes
from rwae.evaluation.scores.tasks import judged
from rwae.models.base import CodeModel


def unseen_swaps(
    model: CodeModel,
    judge: Judge,
    clips: ClipSource,
    training: ClipSource,
    generator: torch.Generator,
) -> dict[str, Any]:
    """Scores the combinations of the test clips, made of the codes of training clips.

    Args:
        model: one that can encode.
        judge: it names who and how.
        clips: of combinations that were not trained.
        training: the training clips.
        generator: chooses among the training clips.

    Returns:
        What `scores.tasks.judged` returns; empty where the data set has no such combinations.
    """
    donors = find_donors(clips.labels, training.labels, clips.factors, generator)
    if donors is None:
        return {}
    chosen, place = torch.cat(donors).unique(return_inverse=True)
    codes = encode(model, training, chosen)
    who, how = place.chunk(2)
    answers = judge_codes(model, judge, codes[how].with_static(codes.static[who]))
    return judged(answers, clips.labels, clips.factors, "all")


def find_donors(
    wanted: Tensor, training: Tensor, factors: Sequence[Factor], generator: torch.Generator
) -> tuple[Tensor, Tensor] | None:
    """For each combination a training clip of the same who, and another of the same motion.

    Args:
        wanted: labels of the combinations, with shape (N, F).
        training: labels of the training clips, with shape (M, F).
        factors: what the columns mean.
        generator: chooses among the clips that fit.

    Returns:
        The numbers of both clips, each with shape (N,), or None if a combination is among the
        training clips, or one of its two halves is not.
    """
    static = torch.tensor([factor.static for factor in factors])
    same = wanted[:, None] == training
    who, how = same[..., static].all(-1), same[..., ~static].all(-1)
    if (who & how).any() or not (who.any(1) & how.any(1)).all():
        return None
    return tuple(
        torch.multinomial(fits.double(), 1, generator=generator)[:, 0] for fits in (who, how)
    )
