"""Whether the character is kept while the motion is swept.

A static code is drawn from its prior and kept; the dynamic codes change. Nothing is encoded, so
any model with `sample` and `decode` can be scored. The paper shows such sweeps as pictures, in
which MoCoGAN changes the digit; the numbers are ours.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from rwae.classifiers import Judge
from rwae.codes import Codes, Factor
from rwae.evaluation.tasks import entropy, judge_rendered, split_answers
from rwae.files.metrics import BLEND, SWEEP, Sweep
from rwae.files.scores import Scores
from rwae.models.base import CodeModel

MOST_CHARACTERS, FEWEST_CHARACTERS = 96, 24
SWEPT_MOTIONS = 4
BLENDS = 4  # positions between two motions, both ends included
SURE_PROBABILITY = 0.9  # probability from which on the judge counts as sure
BLENDED_CHARACTERS = 40  # characters whose first two motions are blended


def motion_pairs(values: Tensor) -> tuple[Tensor, Tensor]:
    """Both ends of all pairs of motions of a character: (M, K, ...) -> two of (M, P, ...)."""
    motions = values.shape[1]
    first, second = torch.triu_indices(motions, motions, offset=1)
    return values[:, first], values[:, second]


def score_pairs(
    metrics: Sweep, probabilities: Sequence[Tensor], motions: int, factors: Sequence[Factor]
) -> Scores:
    """Scores the pairs of motions of each character.

    A drawn character may lie between two that exist; then the judge's name for it changes more
    easily than the picture. So the pairs are also counted in which the judge gives every static
    factor at least SURE_PROBABILITY both times; `sure_identity` is left out if there are none.

    Args:
        metrics: those of the drawn or of the blended motions.
        probabilities: the judge's answers, (M * K, C) for each factor, K motions in a row for
            each of M characters; whether they show ghosts is not read.
        motions: K.
        factors: in the order of the answers; at least one is static.
    """
    answers = list(zip(factors, split_answers(probabilities, factors)[0], strict=True))
    who = [(factor.name, answer.max(-1)) for factor, answer in answers if factor.static]
    values = torch.stack([best.indices for _, best in who], -1).unflatten(0, (-1, motions))
    confidences = torch.stack([best.values for _, best in who], -1).unflatten(0, (-1, motions))
    one, other = motion_pairs(values)
    same = one == other
    sure = torch.stack(motion_pairs((confidences >= SURE_PROBABILITY).all(-1))).all(0)
    identity = same.all(-1)
    scores = Scores(
        {
            metrics.identity: float(identity.double().mean()),
            metrics.agreement: {
                name: float(same[..., k].double().mean()) for k, (name, _) in enumerate(who)
            },
            metrics.sure: float(sure.double().mean()),
            metrics.motion_entropy: {
                factor.name: float(entropy(answer.mean(0)))
                for factor, answer in answers
                if not factor.static
            },
        }
    )
    if bool(sure.any()):
        scores |= Scores({metrics.sure_identity: float(identity[sure].double().mean())})
    return scores


def swept_characters(clips: int) -> int:
    """Characters to draw beside so many clips: an eighth, but 24 to 96, and no more than clips."""
    return min(clips, MOST_CHARACTERS, max(FEWEST_CHARACTERS, clips // 8))


def score_sweep(
    model: CodeModel,
    judge: Judge,
    frames: int,
    generator: torch.Generator,
    characters: int,
) -> Scores:
    """Sweeps the motion of drawn characters.

    For each character 4 motions are drawn from the prior (`SWEEP`). For 40 of the characters two
    of the motions a and b are blended to (1 - s) a + s b, with s from 0 to 1 in 4 equal steps
    (`BLEND`).

    Args:
        model: with `sample` and `decode`.
        judge: with at least one static factor.
        frames: of a clip.
        generator: source of the draws.
        characters: M, static codes that are drawn.
    """
    who = model.sample(characters, frames=frames, generator=generator).static
    how = model.sample(characters * SWEPT_MOTIONS, frames=frames, generator=generator)
    drawn = how.with_static(who.repeat_interleave(SWEPT_MOTIONS, 0))
    some = min(BLENDED_CHARACTERS, characters)
    first = torch.arange(some, device=who.device) * SWEPT_MOTIONS
    blended = blend_motions(how[first], how[first + 1])
    blended = blended.with_static(who[:some].repeat_interleave(BLENDS, 0))
    return score_pairs(
        SWEEP, judge_rendered(model, judge, drawn), SWEPT_MOTIONS, judge.factors
    ) | score_pairs(BLEND, judge_rendered(model, judge, blended), BLENDS, judge.factors)


def blend_motions(a: Codes, b: Codes) -> Codes:
    """BLENDS codes for each of B, on the line from a to b, in a row: (B * BLENDS, ...)."""

    def line(one: Tensor, other: Tensor) -> Tensor:
        share = torch.linspace(0, 1, BLENDS, device=one.device)
        share = share.view(-1, *[1] * (one.ndim - 1))
        return torch.lerp(one[:, None], other[:, None], share).flatten(0, 1)

    action = None if a.action is None or b.action is None else line(a.action, b.action)
    return Codes(line(a.static, b.static), line(a.dynamic, b.dynamic), action)
