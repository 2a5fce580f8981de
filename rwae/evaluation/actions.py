"""Weak supervision: whether the inferred actions are the true ones under other names.

A weakly supervised model knows how many actions there are and not which clip shows which. Its
action k is the cluster of the clips whose likeliest action is k.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from rwae.classifiers import Judge
from rwae.codes import Codes, Factor
from rwae.errors import ConfigError
from rwae.evaluation.tasks import LabelledCodes, entropy, judge_rendered
from rwae.files.metrics import (
    CLUSTER_NMI,
    DRAWN_ACTION,
    INFERRED_ACTION_CONFIDENCE,
    INFERRED_ACTIONS,
    INFERRED_ACTIONS_USED,
    PURITY,
)
from rwae.files.scores import Scores
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
    """The one-to-one assignment of clusters to classes with which most clips agree.

    Dynamic programming over the sets of classes that are taken: exact, and quick for up to a
    dozen classes.

    Args:
        counts: with shape (A, K).

    Returns:
        The class of each of the A clusters, or None for a cluster without a class.
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
    # Of equally good assignments, the one with the fewest clusters without a class.
    return max(best.values(), key=lambda found: (found[0], -found[1].count(None)))[1]


def score_clusters(known: LabelledCodes, factors: Sequence[Factor]) -> Scores:
    """How well the inferred actions agree with each dynamic factor.

    Args:
        known: codes of N clips, with actions (N, A).
        factors: what the label columns mean.

    Returns:
        The details hold the counts of `contingency` for each dynamic factor.
    """
    probabilities = inferred_actions(known.codes).cpu()
    confidence, clusters = probabilities.max(1)
    actions = probabilities.shape[1]
    counts = {
        factor.name: contingency(clusters, known.labels[:, column], (actions, len(factor.values)))
        for column, factor in enumerate(factors)
        if not factor.static
    }
    return Scores(
        {
            INFERRED_ACTIONS: actions,
            INFERRED_ACTIONS_USED: len(clusters.unique()),
            INFERRED_ACTION_CONFIDENCE: float(confidence.double().mean()),
            PURITY: {name: purity(table) for name, table in counts.items()},
            CLUSTER_NMI: {
                name: normalised_mutual_information(table) for name, table in counts.items()
            },
        },
        {"action counts": {name: table.tolist() for name, table in counts.items()}},
    )


def score_drawn_actions(
    model: CodeModel,
    judge: Judge,
    validation: LabelledCodes,
    frames: int,
    generator: torch.Generator,
) -> Scores:
    """Draws clips of every action and asks the judge whether they show one true class.

    Which class an action should show is decided on validation clips (see `assignment`), so the
    draws have no part in it. The score is the share of the draws of the assigned actions in which
    the judge names the assigned class.

    Args:
        model: weakly supervised.
        judge: its dynamic factors are those that the actions are compared with.
        validation: codes with actions.
        frames: of a clip.
        generator: source of the draws; 32 for each action.

    Returns:
        The details hold the name of each action's class for each dynamic factor; None for an
        action without a class.
    """
    clusters = inferred_actions(validation.codes).argmax(1).cpu()
    actions = inferred_actions(validation.codes).shape[1]
    answers = [
        judge_rendered(
            model, judge, model.sample(DRAWS_EACH, frames=frames, action=k, generator=generator)
        )
        for k in range(actions)
    ]
    agreement = {}
    classes = {}
    for column, factor in enumerate(judge.factors):
        if factor.static:
            continue
        counts = contingency(clusters, validation.labels[:, column], (actions, len(factor.values)))
        assigned = assignment(counts)
        right = [
            answers[k][column].argmax(-1) == wanted
            for k, wanted in enumerate(assigned)
            if wanted is not None
        ]
        agreement[factor.name] = float(torch.cat(right).double().mean())
        classes[factor.name] = [None if k is None else factor.values[k] for k in assigned]
    return Scores({DRAWN_ACTION: agreement}, {"classes of the actions": classes})


def inferred_actions(codes: Codes) -> Tensor:
    """The probability of each action, (N, A); ConfigError if the model infers none."""
    if codes.action is None:
        raise ConfigError("These codes have no action: only a weakly supervised model infers one.")
    return codes.action
