"""Identity along a sweep: all pairs count, and a model that changes who it shows scores low."""

import pytest
import torch
from evaluation_doubles import FACTORS, UNIT, Copying, Perfect, Reader, labelled

from rwae import Codes
from rwae.evaluation.run import score_model
from rwae.evaluation.sweep import BLENDS, blend_motions, score_pairs, score_sweep
from rwae.files.metrics import BLEND, NEAREST_DRAWN, RECONSTRUCTION, SWEEP, UNCONDITIONAL


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
    found = score_pairs(SWEEP, certain(classes), 4, FACTORS)
    pairs = [
        ((m[i] == m[j])[:2].tolist())
        for m in classes.unflatten(0, (5, 4))
        for i in range(4)
        for j in range(i)
    ]
    assert found.number(SWEEP.identity) == pytest.approx(sum(a and b for a, b in pairs) / 30)
    assert found.number(SWEEP.agreement, "shape") == pytest.approx(sum(a for a, _ in pairs) / 30)
    assert found.number(SWEEP.agreement, "colour") == pytest.approx(sum(b for _, b in pairs) / 30)
    assert found.number(SWEEP.sure) == 1
    assert found.number(SWEEP.sure_identity) == found.number(SWEEP.identity)


def test_pairs_with_a_sure_judge_are_also_counted_alone() -> None:
    """The first character is seen clearly and stays; the second is unclear and changes."""
    classes = torch.tensor([[0, 0, 0], [0, 0, 1], [1, 0, 0], [2, 1, 0]])
    clear, unclear = certain(classes), certain(classes, 0.8)
    answers = [torch.cat([c[:2], u[2:]]) for c, u in zip(clear, unclear, strict=True)]
    found = score_pairs(SWEEP, answers, 2, FACTORS)
    assert [found.number(m) for m in (SWEEP.identity, SWEEP.sure, SWEEP.sure_identity)] == [
        0.5,
        0.5,
        1,
    ]
    assert SWEEP.sure_identity not in score_pairs(SWEEP, unclear, 2, FACTORS)


def test_a_perfect_model_keeps_who_while_the_motion_varies() -> None:
    found = score_sweep(Perfect(), Reader(), 3, seeded(), characters=40)
    for part in (SWEEP, BLEND):
        assert found.number(part.identity) == 1
        assert found.values[part.agreement] == {"shape": 1, "colour": 1}
        assert found.number(part.motion_entropy, "motion") > 1


def test_a_model_whose_motion_carries_who_scores_low() -> None:
    found = score_sweep(Copying(), Reader(), 3, seeded(), characters=200)
    assert found.number(SWEEP.identity) == pytest.approx(1 / 6, abs=0.05)
    assert found.number(SWEEP.agreement, "colour") == pytest.approx(1 / 2, abs=0.06)


def test_a_model_that_cannot_encode_is_scored_by_what_it_draws() -> None:
    class Drawing(Perfect):
        encodes = False

        def encode(self, *_: torch.Tensor) -> Codes:
            raise AssertionError("it cannot")

    clips = labelled(4)
    found = score_model(Drawing(), clips, Reader(), seeded(), clips, clips)
    assert UNCONDITIONAL.inception_score in found
    assert RECONSTRUCTION.joint not in found
    assert found.number(SWEEP.identity) == 1
    assert found.number(NEAREST_DRAWN) < 1e-6


def test_a_blend_goes_from_one_motion_to_the_other_in_equal_steps() -> None:
    a, b = (
        Codes(torch.zeros(2, 1), torch.full((2, 3, 1), v), torch.eye(2)[[k, k]])
        for k, v in enumerate((0.0, float(UNIT)))
    )
    line = blend_motions(a, b)
    assert line.dynamic.shape == (2 * BLENDS, 3, 1)
    steps = line.dynamic[:BLENDS, 0, 0].diff()
    assert torch.allclose(steps, torch.full((BLENDS - 1,), UNIT / (BLENDS - 1)))
    assert torch.equal(line.action[0], a.action[0])
    assert torch.equal(line.action[-1], b.action[-1])
