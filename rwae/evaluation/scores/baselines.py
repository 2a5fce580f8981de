"""Two models that disentangle nothing, and what the scores say of them.

A score that one of them passes cannot see disentanglement. They show real clips, so that these
are judged once and looked up for every task.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from rwae.classifiers import CHUNK, Judge
from rwae.data.clips import ClipSource
from rwae.evaluation.judges.factors import judge_clips
from rwae.evaluation.scores.pairing import pairing
from rwae.evaluation.scores.sweep import MOTIONS, how_many, kept
from rwae.evaluation.scores.tasks import TASKS, score_answers, squared_error

COPY = "copy the input"
SAME = "always the same character"


def score_baselines(clips: ClipSource, judge: Judge, generator: torch.Generator) -> dict[str, Any]:
    """Scores both baselines; the keys are COPY and SAME, the values as from `score_model`.

    "Copy the input" shows the clip that it was given: in a swap the one that gives the motion.
    Its reconstruction says how good the judge is on real clips. "Always the same character"
    shows one character, whoever it was asked for, with the motion of that clip. Where the motion
    is swept, each motion is that of a random clip.

    Args:
        clips: those on which the model is scored.
        judge: the same as for the model.
        generator: with the seed of the model's, so that the pairs of the swaps are the same.
    """
    partner = pairing(clips.labels, clips.factors, generator)
    real = judge_clips(judge, clips)
    characters = how_many(len(clips))
    swept = torch.randint(len(clips), (characters * MOTIONS,), generator=generator)
    scores = {}
    for name, shown in ((COPY, torch.arange(len(clips))), (SAME, same_character(clips))):
        numbers = dict.fromkeys(TASKS, shown)
        numbers["swap"] = shown[partner]
        answers = {task: [a[which] for a in real] for task, which in numbers.items()}
        moved = kept([a[shown[swept]] for a in real], MOTIONS, clips.factors)
        error = sum(
            float((clips.batch(chosen) - clips.batch(shown[chosen])).square().double().sum())
            for chosen in torch.arange(len(clips)).split(CHUNK)
        )
        scores[name] = {"clips": len(clips)}
        scores[name] |= score_answers(answers, clips.labels, partner, clips.factors)
        scores[name]["sweep"] = {"drawn": moved}
        scores[name]["reconstruction"] |= squared_error(
            error / len(clips) / math.prod(clips.shape), clips
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
    example = {}
    for number in order.tolist():
        example.setdefault(int(motion[number]), number)
    return torch.tensor([example[int(m)] for m in motion])
