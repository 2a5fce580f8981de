"""The scores as laws: bounds, the identity of the inception score, and fair pairs."""

import math

import pytest
import torch
from evaluation_doubles import FACTORS, labelled

from rwae.errors import DataError
from rwae.evaluation.scores import pairing
from rwae.evaluation.scores import tasks as scores


def answers(clips: int, classes: int, generator: torch.Generator) -> torch.Tensor:
    return torch.randn(clips, classes, generator=generator, dtype=torch.float64).softmax(-1)


def test_entropy_of_certainty_is_0_and_of_an_even_guess_log_k() -> None:
    p = torch.tensor([[1.0, 0, 0, 0], [0.25, 0.25, 0.25, 0.25], [0.5, 0.5, 0, 0]])
    assert scores.entropy(p).tolist() == pytest.approx([0, math.log(4), math.log(2)])


def test_inception_score_is_exp_of_the_difference_of_entropies(generator: torch.Generator) -> None:
    found = scores.spread(answers(50, 9, generator))
    difference = found["marginal_entropy"] - found["conditional_entropy"]
    assert found["inception_score"] == pytest.approx(math.exp(difference), rel=1e-12)


@pytest.mark.parametrize("wrong", [math.nan, 0.5])
def test_answers_that_are_no_probabilities_are_refused(wrong: float) -> None:
    p = torch.eye(3, dtype=torch.float64)
    p[0, 0] = wrong
    with pytest.raises(scores.AnswersError, match="no probabilities"):
        scores.spread(p)


def test_inception_score_against_a_plain_loop(generator: torch.Generator) -> None:
    p = answers(7, 3, generator)
    mean = [sum(row[k] for row in p.tolist()) / 7 for k in range(3)]
    divergence = (
        sum(q * math.log(q / mean[k]) for row in p.tolist() for k, q in enumerate(row)) / 7
    )
    assert scores.spread(p)["inception_score"] == pytest.approx(math.exp(divergence))


def test_inception_score_has_its_bounds() -> None:
    sure_and_even = torch.eye(9, dtype=torch.float64).repeat(4, 1)
    assert scores.spread(sure_and_even)["inception_score"] == pytest.approx(9)
    always_the_same = torch.eye(9, dtype=torch.float64)[:1].repeat(30, 1)
    assert scores.spread(always_the_same)["inception_score"] == pytest.approx(1)
    never_sure = torch.full((30, 9), 1 / 9, dtype=torch.float64)
    assert scores.spread(never_sure)["inception_score"] == pytest.approx(1)
    assert scores.spread(never_sure)["confidence"] == pytest.approx(1 / 9)


def test_pairs_differ_in_character_and_motion_and_use_every_clip_once() -> None:
    clips = labelled()
    for seed in range(5):
        generator = torch.Generator().manual_seed(seed)
        partner = pairing.pairing(clips.labels, FACTORS, generator)
        assert sorted(partner.tolist()) == list(range(len(clips)))
        a, b = clips.labels, clips.labels[partner]
        assert bool((a[:, :2] != b[:, :2]).any(1).all())
        assert bool((a[:, 2] != b[:, 2]).all())


def test_pairs_follow_from_the_seed() -> None:
    labels = labelled().labels
    one, same, other = (
        pairing.pairing(labels, FACTORS, torch.Generator().manual_seed(seed)) for seed in (3, 3, 4)
    )
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_one_character_alone_cannot_be_paired(generator: torch.Generator) -> None:
    labels = torch.tensor([[0, 0, 0], [0, 0, 1], [0, 0, 2]])
    with pytest.raises(DataError, match="evaluate on more clips"):
        pairing.pairing(labels, FACTORS, generator)


def test_a_swap_wants_who_of_one_and_motion_of_the_other() -> None:
    a, b = torch.tensor([[2, 1, 0]]), torch.tensor([[0, 0, 3]])
    assert pairing.swapped(a, b, FACTORS).tolist() == [[2, 1, 3]]


def test_only_kept_factors_count_and_joint_needs_all_of_them() -> None:
    wanted = torch.tensor([[0, 0, 0], [1, 1, 1], [2, 0, 2], [0, 1, 3]])
    shown = wanted.clone()
    shown[0, 0] = 1  # wrong shape
    shown[1, 2] = 0  # wrong motion
    p = [torch.eye(len(f.values), dtype=torch.float64)[shown[:, n]] for n, f in enumerate(FACTORS)]
    joint = {
        k: scores.judged(p, wanted, FACTORS, k).get("joint")
        for k in ("all", "static", "dynamic", "none")
    }
    assert joint == {"all": 0.5, "static": 0.75, "dynamic": 0.75, "none": None}
    kept = scores.judged(p, wanted, FACTORS, "static")["factors"]
    assert kept["shape"]["accuracy"] == 0.75
    assert kept["colour"]["accuracy"] == 1
    assert "accuracy" not in kept["motion"]
