"""What a table of scores is made of: pure functions of a judge's probabilities and of labels.

Nothing here knows a data set: which factors a code should carry follows from `Factor.static`.
Probabilities come as one tensor (N, K) for each factor, in the order of the label columns.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from rwae.codes import Factor
from rwae.data.clips import ClipSource
from rwae.errors import RWAEError
from rwae.evaluation.scores.pairing import swapped

# What is rendered, and which factors it should keep.
TASKS = {
    "reconstruction": "all",
    "swap": "all",
    "prior_static": "dynamic",
    "prior_motion": "static",
    "unconditional": "none",
}


class AnswersError(RWAEError):
    """What a judge answered are no probabilities."""


def entropy(probabilities: Tensor) -> Tensor:
    """-sum_k p_k log p_k in nats: (..., K) -> (...); 0 log 0 counts as 0."""
    return -torch.special.xlogy(probabilities, probabilities).sum(-1)


def spread(probabilities: Tensor) -> dict[str, float]:
    """How sure the judge is of each clip, and how much its answers vary over all clips.

    The inception score exp(mean KL(p(y|x), p(y))), with p(y) the mean over the clips, equals
    exp(H(y) - H(y|x)). It is at most the number of classes K, and reaches it when every clip
    is judged with certainty and all classes come equally often. (Salimans et al., 2016.) It is
    computed by the first formula and checked against the second.

    A few draws cannot show all classes equally often: the entropy of N counts is (K - 1) / (2 N)
    nats too low in the mean (Miller, 1955), so N draws of nine equally likely actions, each named
    with certainty, score 8.93 for N = 512 and 8.99 for N = 2,664.

    Args:
        probabilities: p(y|x), with shape (N, K), in double precision.

    Returns:
        confidence: the mean of the largest probability, in [1/K, 1].
        inception_score: in [1, K].
        conditional_entropy: H(y|x), the mean entropy of an answer, in nats: low is sure.
        marginal_entropy: H(y), the entropy of the mean answer, in nats: high is varied.

    Raises:
        AnswersError: if an answer holds something else than numbers that sum to one.
    """
    marginal = probabilities.mean(0)
    cross = torch.special.xlogy(probabilities, marginal).sum(-1)
    score = float((-entropy(probabilities) - cross).mean().exp())
    doubt, variety = float(entropy(probabilities).mean()), float(entropy(marginal))
    sums = probabilities.sum(-1)
    if not (
        math.isclose(score, math.exp(variety - doubt), rel_tol=1e-6)
        and torch.allclose(sums, torch.ones_like(sums), atol=1e-6)
    ):
        raise AnswersError(
            f"The inception score is {score} and exp(H(y) - H(y|x)) is "
            f"{math.exp(variety - doubt)}, but they need to be equal: the judge's answers are no "
            "probabilities. Use the judge that is shipped, or train it again."
        )
    return {
        "confidence": float(probabilities.amax(-1).mean()),
        "inception_score": score,
        "conditional_entropy": doubt,
        "marginal_entropy": variety,
    }


def keeps(kept: str, factor: Factor) -> bool:
    """Whether "all", "static", "dynamic" or "none" of the factors includes this one."""
    return kept in ("all", "static" if factor.static else "dynamic")


def judged(
    probabilities: Sequence[Tensor], wanted: Tensor, factors: Sequence[Factor], kept: str
) -> dict[str, Any]:
    """The scores of one kind of clip.

    Args:
        probabilities: the judge's answers, one tensor (N, K) for each factor.
        wanted: the classes that the clips should show, with shape (N, F).
        factors: what the columns mean.
        kept: which factors the clips should keep: "all", "static", "dynamic" or "none"; the
            columns of the others are not looked at.

    Returns:
        joint: the share of clips in which every kept factor is the judge's likeliest class;
            left out if none is kept.
        factors: by name, `spread`, and the accuracy where the factor is kept.
    """
    right = torch.ones(len(probabilities[0]), dtype=torch.bool)
    scores: dict[str, Any] = {}
    for column, (factor, answer) in enumerate(zip(factors, probabilities, strict=True)):
        scores[factor.name] = spread(answer)
        if keeps(kept, factor):
            hit = answer.argmax(-1) == wanted[:, column]
            scores[factor.name] = {"accuracy": float(hit.double().mean()), **scores[factor.name]}
            right &= hit
    joint = {} if kept == "none" else {"joint": float(right.double().mean())}
    return {**joint, "factors": scores}


def score_answers(
    answers: Mapping[str, Sequence[Tensor]],
    labels: Tensor,
    partner: Tensor,
    factors: Sequence[Factor],
) -> dict[str, Any]:
    """The scores of the tasks that were judged: see `judged`, and `run.score_model`.

    Args:
        answers: by task (a key of TASKS), the judge's answers in the order of the clips.
        labels: class numbers of the clips, with shape (N, F).
        partner: the clip whose motion each clip gets in a swap, with shape (N,).
        factors: what the columns mean.
    """
    wanted = dict.fromkeys(TASKS, labels)
    wanted["swap"] = swapped(labels, labels[partner], factors)
    return {task: judged(answers[task], wanted[task], factors, TASKS[task]) for task in answers}


def squared_error(mean: float, clips: ClipSource) -> dict[str, float]:
    """Both ways to state the error: the mean over all numbers of a clip, and the frame's sum."""
    size = math.prod(clips.shape[1:])
    return {"squared_error": mean, "squared_error_per_frame": mean * size}
