"""Weak supervision: names of actions are arbitrary, and no score may depend on them."""

import itertools
import math

import pytest
import torch
from evaluation_doubles import UNIT, Perfect, Reader, labelled

from rwae import Codes
from rwae.evaluation import actions
from rwae.evaluation.run import score_model
from rwae.files.metrics import (
    CLUSTER_NMI,
    DRAWN_ACTION,
    INFERRED_ACTIONS,
    INFERRED_ACTIONS_USED,
    PURITY,
)

RENAMED = torch.tensor([2, 0, 3, 1])  # the action that the double calls class k


class Weak(Perfect):
    """Names the motion by an arbitrary number, and draws it by that number."""

    def encode(self, x: torch.Tensor) -> Codes:
        codes = super().encode(x)
        motion = (codes.dynamic[:, 0, 0] * 255 / UNIT).round().long()
        return Codes(codes.static, codes.dynamic, torch.eye(4)[RENAMED[motion]])

    def sample(
        self, clips: int, *, frames: int, generator: torch.Generator, action: int | None = None
    ) -> Codes:
        drawn = super().sample(clips, frames=frames, generator=generator)
        motion = (drawn.dynamic[:, 0, 0] * 255 / UNIT).round().long()
        if action is not None:
            motion = torch.full_like(motion, int((action == RENAMED).nonzero()))
            drawn = Codes(drawn.static, (motion * UNIT / 255)[:, None, None].expand(-1, frames, 1))
        return Codes(drawn.static, drawn.dynamic, torch.eye(4)[RENAMED[motion]])


def test_a_right_clustering_scores_fully_whatever_its_names() -> None:
    found = score_model(
        Weak(), labelled(4), Reader(), torch.Generator().manual_seed(0), None, labelled(2)
    )
    assert found.number(INFERRED_ACTIONS) == found.number(INFERRED_ACTIONS_USED) == 4
    assert found.number(PURITY, "motion") == 1
    assert found.number(CLUSTER_NMI, "motion") == pytest.approx(1)
    assert found.number(DRAWN_ACTION, "motion") == 1
    named = found.details["classes of the actions"]["motion"]
    assert [named[k] for k in RENAMED] == ["left", "right", "up", "down"]


def test_a_model_that_ignores_the_action_scores_chance() -> None:
    class Deaf(Weak):
        def sample(
            self, clips: int, *, frames: int, generator: torch.Generator, **_: int
        ) -> Codes:
            return super().sample(clips, frames=frames, generator=generator)

    found = score_model(
        Deaf(), labelled(4), Reader(), torch.Generator().manual_seed(0), None, labelled(2)
    )
    assert found.number(DRAWN_ACTION, "motion") == pytest.approx(1 / 4, abs=0.12)


def test_a_model_without_actions_has_no_such_scores() -> None:
    clips = labelled(2)
    found = score_model(Perfect(), clips, Reader(), torch.Generator().manual_seed(0), None, clips)
    assert INFERRED_ACTIONS not in found


def test_the_contingency_against_a_plain_loop(generator: torch.Generator) -> None:
    a, y = (torch.randint(n, (50,), generator=generator) for n in (3, 5))
    expected = torch.zeros(3, 5).long()
    for i, j in zip(a.tolist(), y.tolist(), strict=True):
        expected[i, j] += 1
    assert torch.equal(actions.contingency(a, y, (3, 5)), expected)


def test_purity_and_mutual_information_of_known_tables() -> None:
    counts = torch.tensor([[3, 1], [0, 4]])
    assert actions.purity(counts) == pytest.approx(7 / 8)
    h_a, h_y = math.log(2), -(3 / 8 * math.log(3 / 8) + 5 / 8 * math.log(5 / 8))
    joint = -sum(p * math.log(p) for p in (3 / 8, 1 / 8, 1 / 2))
    expected = 2 * (h_a + h_y - joint) / (h_a + h_y)
    assert actions.normalised_mutual_information(counts) == pytest.approx(expected)
    assert actions.normalised_mutual_information(torch.ones(3, 4)) == pytest.approx(0, abs=1e-9)
    assert actions.normalised_mutual_information(torch.tensor([[5, 0], [0, 0]])) == 0


@pytest.mark.parametrize("size", [(4, 4), (3, 5), (5, 3)])
def test_the_assignment_is_the_best_of_all(
    size: tuple[int, int], generator: torch.Generator
) -> None:
    for _ in range(5):
        counts = torch.randint(20, size, generator=generator)
        found = actions.assignment(counts)
        taken = [k for k in found if k is not None]
        assert len(set(taken)) == len(taken) == min(size)
        got = sum(int(counts[a, k]) for a, k in enumerate(found) if k is not None)
        wide = counts if size[0] <= size[1] else counts.T
        best = max(
            sum(int(wide[a, k]) for a, k in enumerate(order))
            for order in itertools.permutations(range(wide.shape[1]), wide.shape[0])
        )
        assert got == best


def test_an_empty_cluster_is_still_assigned_a_class() -> None:
    """Its draws count against a model that uses fewer actions than there are."""
    assert sorted(actions.assignment(torch.tensor([[5, 4, 0], [0, 0, 0], [0, 0, 0]]))) == [0, 1, 2]
