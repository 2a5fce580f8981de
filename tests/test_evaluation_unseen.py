"""Swaps into combinations that were never trained: which clips give their codes, and the score."""

import pytest
import torch

from rwae.codes import Factor
from rwae.evaluation.scores.unseen import find_donors

FACTORS = (Factor("person", ("a", "b", "c"), True), Factor("action", ("x", "y", "z"), False))
TRAINED = torch.tensor([[0, 0], [0, 1], [1, 1], [1, 2], [2, 2], [2, 0]])
HELD_OUT = torch.tensor([[0, 2], [1, 0], [2, 1], [0, 2]])


def test_each_half_comes_from_a_clip_that_shows_it(generator: torch.Generator) -> None:
    who, how = find_donors(HELD_OUT, TRAINED, FACTORS, generator)
    assert (TRAINED[who, 0] == HELD_OUT[:, 0]).all()
    assert (TRAINED[how, 1] == HELD_OUT[:, 1]).all()
    assert (TRAINED[who, 1] != HELD_OUT[:, 1]).all(), "the combination itself was never trained"


def test_all_clips_that_fit_are_chosen_from(generator: torch.Generator) -> None:
    who, _ = find_donors(HELD_OUT[:1].expand(60, 2), TRAINED, FACTORS, generator)
    assert set(who.tolist()) == {0, 1}


@pytest.mark.parametrize("wanted", [[0, 1], [3, 0], [0, 3]], ids=["trained", "newcomer", "new"])
def test_it_is_left_out_where_it_has_no_meaning(
    wanted: list[int], generator: torch.Generator
) -> None:
    labels = torch.cat([HELD_OUT, torch.tensor([wanted])])
    assert find_donors(labels, TRAINED, FACTORS, generator) is None
