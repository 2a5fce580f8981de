"""The tasks: bounds and identities of the scores, fair pairs, and combinations never trained."""

import math

import pytest
import torch
from evaluation_doubles import FACTORS, labelled

from rwae.codes import Factor
from rwae.errors import DataError
from rwae.evaluation.tasks import (
    AnswersError,
    answer_statistics,
    entropy,
    find_donors,
    score_task,
    swap_labels,
    swap_partners,
)
from rwae.files.metrics import PRIOR_DYNAMIC, PRIOR_STATIC, SWAP, UNCONDITIONAL


def answers(clips: int, classes: int, generator: torch.Generator) -> torch.Tensor:
    return torch.randn(clips, classes, generator=generator, dtype=torch.float64).softmax(-1)


def test_entropy_of_certainty_is_0_and_of_an_even_guess_log_k() -> None:
    p = torch.tensor([[1.0, 0, 0, 0], [0.25, 0.25, 0.25, 0.25], [0.5, 0.5, 0, 0]])
    assert entropy(p).tolist() == pytest.approx([0, math.log(4), math.log(2)])


def test_inception_score_is_exp_of_the_difference_of_entropies(generator: torch.Generator) -> None:
    found = answer_statistics(answers(50, 9, generator))
    difference = found.marginal_entropy - found.conditional_entropy
    assert found.inception_score == pytest.approx(math.exp(difference), rel=1e-12)


@pytest.mark.parametrize("wrong", [math.nan, 0.5])
def test_answers_that_are_no_probabilities_are_refused(wrong: float) -> None:
    p = torch.eye(3, dtype=torch.float64)
    p[0, 0] = wrong
    with pytest.raises(AnswersError, match="no probabilities"):
        answer_statistics(p)


def test_inception_score_against_a_plain_loop(generator: torch.Generator) -> None:
    p = answers(7, 3, generator)
    mean = [sum(row[k] for row in p.tolist()) / 7 for k in range(3)]
    divergence = (
        sum(q * math.log(q / mean[k]) for row in p.tolist() for k, q in enumerate(row)) / 7
    )
    assert answer_statistics(p).inception_score == pytest.approx(math.exp(divergence))


def test_inception_score_has_its_bounds() -> None:
    sure_and_even = torch.eye(9, dtype=torch.float64).repeat(4, 1)
    assert answer_statistics(sure_and_even).inception_score == pytest.approx(9)
    always_the_same = torch.eye(9, dtype=torch.float64)[:1].repeat(30, 1)
    assert answer_statistics(always_the_same).inception_score == pytest.approx(1)
    never_sure = torch.full((30, 9), 1 / 9, dtype=torch.float64)
    assert answer_statistics(never_sure).inception_score == pytest.approx(1)
    assert answer_statistics(never_sure).confidence == pytest.approx(1 / 9)


def test_pairs_differ_in_character_and_motion_and_use_every_clip_once() -> None:
    clips = labelled()
    for seed in range(5):
        generator = torch.Generator().manual_seed(seed)
        partner = swap_partners(clips.labels, FACTORS, generator)
        assert sorted(partner.tolist()) == list(range(len(clips)))
        a, b = clips.labels, clips.labels[partner]
        assert bool((a[:, :2] != b[:, :2]).any(1).all())
        assert bool((a[:, 2] != b[:, 2]).all())


def test_pairs_follow_from_the_seed() -> None:
    labels = labelled().labels
    one, same, other = (
        swap_partners(labels, FACTORS, torch.Generator().manual_seed(seed)) for seed in (3, 3, 4)
    )
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_one_character_alone_cannot_be_paired(generator: torch.Generator) -> None:
    labels = torch.tensor([[0, 0, 0], [0, 0, 1], [0, 0, 2]])
    with pytest.raises(DataError, match="evaluate on more clips"):
        swap_partners(labels, FACTORS, generator)


def test_a_swap_wants_who_of_one_and_motion_of_the_other() -> None:
    a, b = torch.tensor([[2, 1, 0]]), torch.tensor([[0, 0, 3]])
    assert swap_labels(a, b, FACTORS).tolist() == [[2, 1, 3]]


def test_only_kept_factors_count_and_joint_needs_all_of_them() -> None:
    wanted = torch.tensor([[0, 0, 0], [1, 1, 1], [2, 0, 2], [0, 1, 3]])
    shown = wanted.clone()
    shown[0, 0] = 1  # wrong shape
    shown[1, 2] = 0  # wrong motion
    p = [torch.eye(len(f.values), dtype=torch.float64)[shown[:, n]] for n, f in enumerate(FACTORS)]
    tasks = (SWAP, PRIOR_DYNAMIC, PRIOR_STATIC, UNCONDITIONAL)
    joint = [score_task(task, p, wanted, FACTORS).number(task.joint) for task in tasks]
    assert joint == [0.5, 0.75, 0.75, None]
    kept = score_task(PRIOR_DYNAMIC, p, wanted, FACTORS)
    accuracy = [kept.number(PRIOR_DYNAMIC.accuracy, factor.name) for factor in FACTORS]
    assert accuracy == [0.75, 1, None]


# Swaps into combinations that were never trained.

PEOPLE = (Factor("person", ("a", "b", "c"), True), Factor("action", ("x", "y", "z"), False))
TRAINED = torch.tensor([[0, 0], [0, 1], [1, 1], [1, 2], [2, 2], [2, 0]])
HELD_OUT = torch.tensor([[0, 2], [1, 0], [2, 1], [0, 2]])


def test_each_half_comes_from_a_clip_that_shows_it(generator: torch.Generator) -> None:
    who, how = find_donors(HELD_OUT, TRAINED, PEOPLE, generator)
    assert (TRAINED[who, 0] == HELD_OUT[:, 0]).all()
    assert (TRAINED[how, 1] == HELD_OUT[:, 1]).all()
    assert (TRAINED[who, 1] != HELD_OUT[:, 1]).all(), "the combination itself was never trained"


def test_all_clips_that_fit_are_chosen_from(generator: torch.Generator) -> None:
    who, _ = find_donors(HELD_OUT[:1].expand(60, 2), TRAINED, PEOPLE, generator)
    assert set(who.tolist()) == {0, 1}


@pytest.mark.parametrize("wanted", [[0, 1], [3, 0], [0, 3]], ids=["trained", "newcomer", "new"])
def test_combinations_with_a_trained_pair_or_an_unknown_half_are_not_scored(
    wanted: list[int], generator: torch.Generator
) -> None:
    labels = torch.cat([HELD_OUT, torch.tensor([wanted])])
    assert find_donors(labels, TRAINED, PEOPLE, generator) is None
