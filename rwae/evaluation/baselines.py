"""Scores of two programs that disentangle nothing.

A metric that one of them passes does not measure disentanglement. Both show real clips, so the
clips are judged once, and the answers are reused for every task.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from rwae.classifiers import CLIPS_AT_ONCE, Judge
from rwae.data.clips import ClipSource
from rwae.evaluation.sweep import SWEPT_MOTIONS, score_pairs, swept_characters
from rwae.evaluation.tasks import judge_clips, score_answers, score_error, swap_partners
from rwae.files.metrics import (
    PRIOR_DYNAMIC,
    PRIOR_STATIC,
    RECONSTRUCTION,
    SWAP,
    SWEEP,
    UNCONDITIONAL,
)
from rwae.files.scores import Scores

COPY_INPUT = "copy the input"
SAME_CHARACTER = "always the same character"


def score_baselines(
    clips: ClipSource, judge: Judge, generator: torch.Generator
) -> dict[str, Scores]:
    """Scores both programs; the keys are COPY_INPUT and SAME_CHARACTER.

    "Copy the input" shows the clip that it was given; in a swap, the clip that gives the motion.
    Its reconstruction says how good the judge is on real clips. "Always the same character" shows
    one character with the motion of that clip. In a motion sweep, each motion is that of a random
    clip.

    Args:
        clips: those on which the model is scored.
        judge: the same as for the model.
        generator: with the seed of the model's, so that the pairs of the swaps are the same.
    """
    partner = swap_partners(clips.labels, clips.factors, generator)
    real = judge_clips(judge, clips)
    characters = swept_characters(len(clips))
    swept = torch.randint(len(clips), (characters * SWEPT_MOTIONS,), generator=generator)
    scores = {}
    for name, shown in (
        (COPY_INPUT, torch.arange(len(clips))),
        (SAME_CHARACTER, same_character(clips)),
    ):
        shown_clips = {
            RECONSTRUCTION: shown,
            SWAP: shown[partner],
            PRIOR_STATIC: shown,
            PRIOR_DYNAMIC: shown,
            UNCONDITIONAL: shown,
        }
        answers = {task: [a[which] for a in real] for task, which in shown_clips.items()}
        moved = [a[shown[swept]] for a in real]
        error = 0.0
        for chosen in torch.arange(len(clips)).split(CLIPS_AT_ONCE):
            difference = clips.batch(chosen) - clips.batch(shown[chosen])
            error += float(difference.square().double().sum())
        scores[name] = (
            score_answers(answers, clips.labels, partner, clips.factors)
            | score_pairs(SWEEP, moved, SWEPT_MOTIONS, clips.factors)
            | score_error(error / len(clips) / math.prod(clips.shape), clips)
        )
    return scores


def same_character(clips: ClipSource) -> Tensor:
    """For each clip, the number of one that shows the first character with the same motion.

    A motion that the first character does not have is shown by whoever comes first with it.

    Returns:
        With shape (N,).
    """
    static = torch.tensor([factor.static for factor in clips.factors])
    first = (clips.labels[:, static] == clips.labels[0, static]).all(1)
    # Clips of the first character come first, so that the search below prefers them.
    order = torch.cat([first.nonzero()[:, 0], (~first).nonzero()[:, 0]])
    _, motion = clips.labels[:, ~static].unique(dim=0, return_inverse=True)
    example: dict[int, int] = {}
    for number in order.tolist():
        example.setdefault(int(motion[number]), number)
    return torch.tensor([example[int(m)] for m in motion])
