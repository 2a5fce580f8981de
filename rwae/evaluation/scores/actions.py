"""Weak supervision: whether the inferred actions are the true ones under other names.

A weakly supervised model knows how many actions there are and not which clip shows which. Its
action k is the cluster of the clips whose likeliest action is k.
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

DRAWS_EACH = 32


def contingency(clusters: Tensor, classes: Tensor, size: tuple[int, int]) -> Tensor:
    """How many clips are in cluster a and class k: two (N,) become counts of shape (A, K)."""
    flat = torch.bincount(clusters * size[1] + classes, minlength=size[0] * size[1])
    return flat.view(size)


def purity(counts: Tensor) -> float:
    """The share of clips that are of the commonest class of their cluster.

    Several clusters may have the same commonest class. Counts have shape (A, K).
    """
    return float(counts.amax(1).sum() / counts.sum())


def normalised_mutual_information(counts: Tensor) -> float:
    """I(a; y) / ((H(a) + H(y)) / 2) for counts (A, K): the arithmetic mean of both entropies.

    0 if cluster and class are independent, 1 if they determine each other. Where neither varies
    it is 0 by convention.
    """
    joint = counts.double() / counts.sum()
    rows, columns = entropy(joint.sum(1)), entropy(joint.sum(0))
    shared = rows + columns - entropy(joint.flatten())
    return float((2 * shared / (rows + columns).clamp_min(1e-12)).clamp(0, 1))


def assignment(counts: Tensor) -> list[int | None]:
    """The one-to-one assignment of clusters to classes that the most clips agree with.

    Dynamic programming over the sets of classes that are taken: exact, and quick for up to a
    dozen classes.

    Args:
        counts: with shape (A, K).

    Returns:
        The class of each of the A clusters, or None for one that is left over.
    """
    best: dict[int, tuple[int, list[int | None]]] = {0: (0, [])}
    for row in counts.tolist():
        longer = {taken: (agree, [*chosen, None]) for taken, (agree, chosen) in best.items()}
        for taken, (agree, chosen) in best.items():
            for k, count in enumerate(row):
                with_k = taken | 1 << k
                known = longer.get(with_k, (-1, []))[0]
                if with_k != taken and agree + count > known:
                    longer[with_k] = (agree + count, [*chosen, k])
        best = longer
    # Of equally good ones, that which leaves the fewest clusters over.
    return max(best.values(), key=lambda found: (found[0], -found[1].count(None)))[1]


def clusters_against(codes: Codes, labels: Tensor, factors: Sequence[Factor]) -> dict[str, Any]:
    """How well the inferred actions agree with each dynamic factor.

    Args:
        codes: of N clips, with actions (N, A).
        labels: class numbers of the clips, with shape (N, F).
        factors: what the columns mean.

    Returns:
        actions: A.
        used: actions that are the likeliest one of some clip.
        confidence: the mean probability of the likeliest action.
        factors: by name, the counts (A, K) from `contingency`, `purity` and
            `normalised_mutual_information`.
    """
    sure, clusters = codes.action.cpu().max(1)
    actions = codes.action.shape[1]
    scores = {}
    for column, factor in enumerate(factors):
        if not factor.static:
            counts = contingency(clusters, labels[:, column], (actions, len(factor.values)))
            scores[factor.name] = {
                "counts": counts.tolist(),
                "purity": purity(counts),
                "normalised_mutual_information": normalised_mutual_information(counts),
            }
    return {
        "actions": actions,
        "used": len(clusters.unique()),
        "confidence": float(sure.double().mean()),
        "factors": scores,
    }


def chosen_actions(
    model: CodeModel,
    judge: Judge,
    validation: tuple[Codes, Tensor],
    frames: int,
    generator: torch.Generator,
) -> dict[str, Any]:
    """Draws clips of every action and asks the judge whether they show one true class.

    Which class an action should show is decided on validation clips (see `assignment`), so the
    draws have no part in it.

    Args:
        model: weakly supervised.
        judge: its dynamic factors are those that the actions are compared with.
        validation: codes with actions, and class numbers (N, F).
        frames: of a clip.
        generator: source of the draws; 32 for each action.

    Returns:
        By the name of each dynamic factor, agreement: the share of the draws of the assigned
        actions in which the judge names the class that was assigned; and classes: the name of
        each action's class, or None for an action that is left over.
    """
    codes, labels = validation
    actions = codes.action.shape[1]
    answers = [
        judge_codes(
            model, judge, model.sample(DRAWS_EACH, frames=frames, action=k, generator=generator)
        )
        for k in range(actions)
    ]
    scores = {}
    for column, factor in enumerate(judge.factors):
        if factor.static:
            continue
        clusters = codes.action.argmax(1).cpu()
        counts = contingency(clusters, labels[:, column], (actions, len(factor.values)))
        meant = assignment(counts)
        right = [
            answers[k][column].argmax(-1) == wanted
            for k, wanted in enumerate(meant)
            if wanted is not None
        ]
        scores[factor.name] = {
            "agreement": float(torch.cat(right).double().mean()),
            "classes": [None if wanted is None else factor.values[wanted] for wanted in meant],
        }
    return scores
