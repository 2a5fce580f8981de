"""Whether the character stays while the motion is swept.

A static code is drawn from its prior and kept; the dynamic codes change. Nothing is encoded, so
any model with `sample` and `decode` can be scored. The paper makes the point with pictures,
against MoCoGAN, which changes the digit along such a sweep; the numbers are ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from rwae.classifiers import Judge
from rwae.codes import Codes, Factor
from rwae.evaluation.scores.render import judge_codes
from rwae.evaluation.scores.tasks import entropy
from rwae.models.base import CodeModel

CHARACTERS, FEWEST = 96, 24
MOTIONS = 4
BLENDS = 4  # positions between two motions, both ends included
SURE = 0.9  # probability from which on the judge's answer is taken to be sure
BLENDED = 40  # characters whose first two motions are blended


def pairs(values: Tensor) -> tuple[Tensor, Tensor]:
    """Both ends of all pairs of motions of a character: (M, K, ...) -> two of (M, P, ...)."""
    motions = values.shape[1]
    first, second = torch.triu_indices(motions, motions, offset=1)
    return values[:, first], values[:, second]


def kept(
    probabilities: Sequence[Tensor], motions: int, factors: Sequence[Factor]
) -> dict[str, Any]:
    """The scores of a sweep.

    Args:
        probabilities: the judge's answers, (M * K, C) for each factor, K motions in a row for
            each of M characters.
        motions: K.
        factors: in the order of the answers; at least one is static.

    Returns:
        identity: the share of pairs of motions of a character in which all static factors agree.
        factors: the same for each static factor alone, by its name.
        sure: the share of those pairs in which the judge gives every static factor at least 0.9
            both times. A drawn character may lie between two that exist; then the judge's name
            changes more easily than the picture.
        sure_identity: identity among the sure pairs; left out if there are none.
        motion_entropy: H(y) of each dynamic factor over all clips, in nats, by its name: near
            zero if the motions hardly differ, so that to keep the identity is no merit.
    """
    who = [(f.name, p.max(-1)) for f, p in zip(factors, probabilities, strict=True) if f.static]
    named = torch.stack([found.indices for _, found in who], -1).unflatten(0, (-1, motions))
    sure = torch.stack([found.values for _, found in who], -1).unflatten(0, (-1, motions))
    one, other = pairs(named)
    same, clear = one == other, torch.stack(pairs((sure >= SURE).all(-1))).all(0)
    agree = same.all(-1)
    scores: dict[str, Any] = {
        "identity": float(agree.double().mean()),
        "factors": {n: float(same[..., k].double().mean()) for k, (n, _) in enumerate(who)},
        "sure": float(clear.double().mean()),
    }
    if bool(clear.any()):
        scores["sure_identity"] = float(agree[clear].double().mean())
    scores["motion_entropy"] = {
        factor.name: float(entropy(answer.mean(0)))
        for factor, answer in zip(factors, probabilities, strict=True)
        if not factor.static
    }
    return scores


def how_many(clips: int) -> int:
    """Characters to draw beside so many clips: an eighth, but 24 to 96, and no more than clips."""
    return min(clips, CHARACTERS, max(FEWEST, clips // 8))


def sweep(
    model: CodeModel,
    judge: Judge,
    frames: int,
    generator: torch.Generator,
    characters: int,
) -> dict[str, Any]:
    """Sweeps the motion of drawn characters.

    Args:
        model: with `sample` and `decode`.
        judge: with at least one static factor.
        frames: of a clip.
        generator: source of the draws.
        characters: M, static codes that are drawn.

    Returns:
        drawn: `kept` over 4 motions from the prior for each character.
        blended: `kept` for 40 of the characters, over 4 blends (1 - s) a + s b of two motions a
            and b from the prior, s from 0 to 1 in equal steps.
    """
    who = model.sample(characters, frames=frames, generator=generator).static
    how = model.sample(characters * MOTIONS, frames=frames, generator=generator)
    drawn = how.with_static(who.repeat_interleave(MOTIONS, 0))
    some = min(BLENDED, characters)
    first = torch.arange(some, device=who.device) * MOTIONS
    mixed = blend(how[first], how[first + 1]).with_static(who[:some].repeat_interleave(BLENDS, 0))
    return {
        "drawn": kept(judge_codes(model, judge, drawn), MOTIONS, judge.factors),
        "blended": kept(judge_codes(model, judge, mixed), BLENDS, judge.factors),
    }


def blend(a: Codes, b: Codes) -> Codes:
    """BLENDS codes for each of B, on the line from a to b, in a row: (B * BLENDS, ...)."""

    def line(one: Tensor, other: Tensor) -> Tensor:
        share = torch.linspace(0, 1, BLENDS, device=one.device)
        share = share.view(-1, *[1] * (one.ndim - 1))
        return torch.lerp(one[:, None], other[:, None], share).flatten(0, 1)

    action = None if a.action is None or b.action is None else line(a.action, b.action)
    return Codes(line(a.static, b.static), line(a.dynamic, b.dynamic), action)
