"""Identity along a sweep: all pairs count, and a model that changes who it shows is found out."""

import pytest
import torch
from evaluation_doubles import FACTORS, UNIT, Copying, Perfect, Reader, labelled

from rwae import Codes
from rwae.evaluation.run import score_model
from rwae.evaluation.scores.sweep import BLENDS, blend, kept, sweep


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def certain(classes: torch.Tensor, sure: float = 1.0) -> list[torch.Tensor]:
    """Answers that give the named classes (N, 3) a probability, and the next one the rest."""
    answers = []
    for factor, column in zip(FACTORS, classes.unbind(1), strict=True):
        one = torch.eye(len(factor.values), dtype=torch.float64)[column]
        answers.append(sure * one + (1 - sure) * one.roll(1, -1))
    return answers


def test_all_pairs_of_motions_of_a_character_count(generator: torch.Generator) -> None:
    classes = torch.stack([torch.randint(n, (20,), generator=generator) for n in (3, 2, 4)], 1)
    found = kept(certain(classes), 4, FACTORS)
    pairs = [
        ((m[i] == m[j])[:2].tolist())
        for m in classes.unflatten(0, (5, 4))
        for i in range(4)
        for j in range(i)
    ]
    assert found["identity"] == pytest.approx(sum(a and b for a, b in pairs) / 30)
    assert found["factors"]["shape"] == pytest.approx(sum(a for a, _ in pairs) / 30)
    assert found["factors"]["colour"] == pytest.approx(sum(b for _, b in pairs) / 30)
    assert found["sure"] == 1
    assert found["sure_identity"] == found["identity"]


def test_pairs_that_the_judge_is_not_sure_of_are_told_apart() -> None:
    """The first character is seen clearly and stays; the second is unclear and changes."""
    classes = torch.tensor([[0, 0, 0], [0, 0, 1], [1, 0, 0], [2, 1, 0]])
    clear, unclear = certain(classes), certain(classes, 0.8)
    answers = [torch.cat([c[:2], u[2:]]) for c, u in zip(clear, unclear, strict=True)]
    found = kept(answers, 2, FACTORS)
    assert (found["identity"], found["sure"], found["sure_identity"]) == (0.5, 0.5, 1)
    assert "sure_identity" not in kept(unclear, 2, FACTORS)


def test_a_perfect_model_keeps_who_while_the_motion_varies() -> None:
    found = sweep(Perfect(), Reader(), 3, seeded(), characters=40)
    for part in found.values():
        assert part["identity"] == 1
        assert part["factors"] == {"shape": 1, "colour": 1}
        assert part["motion_entropy"]["motion"] > 1


def test_a_model_whose_motion_carries_who_is_found_out() -> None:
    found = sweep(Copying(), Reader(), 3, seeded(), characters=200)
    assert found["drawn"]["identity"] == pytest.approx(1 / 6, abs=0.05)
    assert found["drawn"]["factors"]["colour"] == pytest.approx(1 / 2, abs=0.06)


def test_a_model_that_cannot_encode_is_scored_by_what_it_draws() -> None:
    class Drawing(Perfect):
        encodes = False

        def encode(self, *_: torch.Tensor) -> Codes:
            raise AssertionError("it cannot")

    clips = labelled(4)
    found = score_model(Drawing(), clips, Reader(), seeded(), clips, clips)
    assert set(found) == {"clips", "unconditional", "sweep"}
    assert found["sweep"]["drawn"]["identity"] == 1
    assert found["unconditional"]["nearest"]["drawn"] < 1e-6


def test_a_blend_goes_from_one_motion_to_the_other_in_equal_steps() -> None:
    a, b = (
        Codes(torch.zeros(2, 1), torch.full((2, 3, 1), v), torch.eye(2)[[k, k]])
        for k, v in enumerate((0.0, float(UNIT)))
    )
    line = blend(a, b)
    assert line.dynamic.shape == (2 * BLENDS, 3, 1)
    steps = line.dynamic[:BLENDS, 0, 0].diff()
    assert torch.allclose(steps, torch.full((BLENDS - 1,), UNIT / (BLENDS - 1)))
    assert torch.equal(line.action[0], a.action[0])
    assert torch.equal(line.action[-1], b.action[-1])
