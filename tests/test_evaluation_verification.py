"""The equal error rate: where it is known, and over pairs of recordings."""

import pytest
import torch
from conftest import TINY
from torch import Tensor

from rwae import RWAE
from rwae.data.clips import Clips
from rwae.errors import DataError
from rwae.evaluation.scores.verification import eer, score_verification, verify
from rwae.factors import Factor


def test_perfect_useless_and_reversed_scores() -> None:
    low, high = torch.arange(5.0), torch.arange(10.0, 17.0)
    assert eer(high, low) == 0
    assert eer(low, high) == 1
    assert eer(torch.zeros(3), torch.zeros(8)) == pytest.approx(0.5)


def test_it_is_what_counting_gives() -> None:
    # At a threshold between 2 and 3 one of four is missed and one of four is let through.
    assert eer(torch.tensor([1.0, 3, 4, 5]), torch.tensor([0.0, 1, 2, 3.5])) == pytest.approx(0.25)


def test_it_is_that_of_two_gaussians(generator: torch.Generator) -> None:
    # N(d, 1) against N(0, 1) meet at d / 2, where both errors are Phi(-d / 2).
    same = torch.randn(20000, generator=generator) + 1.5
    different = torch.randn(30000, generator=generator)
    expected = float(torch.special.ndtr(torch.tensor(-0.75)))
    assert eer(same, different) == pytest.approx(expected, abs=0.006)
    # Only the order of the scores matters.
    assert eer(same.exp(), different.exp()) == pytest.approx(eer(same, different), abs=1e-6)


def codes(generator: torch.Generator, spread: float) -> tuple[Tensor, Tensor]:
    """Codes of 6 speakers, 5 recordings each, 4 clips a recording, and the speakers (120,)."""
    speakers = torch.arange(6).repeat_interleave(20)
    centre = torch.randn(6, 8, generator=generator)
    return centre[speakers] + spread * torch.randn(120, 8, generator=generator), speakers


def test_codes_of_speakers_verify_and_noise_does_not(generator: torch.Generator) -> None:
    near, speakers = codes(generator, 0.05)
    assert verify(near, speakers) < 0.03
    noise = torch.randn(120, 8, generator=generator)
    assert 0.4 < verify(noise, speakers) < 0.6
    assert verify(7 * near, speakers) == pytest.approx(verify(near, speakers), abs=1e-9)


def test_recordings_and_time_are_averaged(generator: torch.Generator) -> None:
    far, speakers = codes(generator, 1.2)
    recordings = 100 - torch.arange(30).repeat_interleave(4)
    together = verify(far, speakers, recordings)
    assert together < verify(far, speakers)
    assert together == pytest.approx(verify(far.view(30, 4, 8), speakers[::4]), abs=1e-9)


def test_it_needs_pairs_of_both_kinds() -> None:
    with pytest.raises(DataError, match="0 pairs of one speaker and 3 of two"):
        verify(torch.rand(3, 4), torch.arange(3))
    with pytest.raises(DataError, match="3 pairs of one speaker and 0 of two"):
        verify(torch.rand(3, 4), torch.zeros(3))


@pytest.mark.parametrize("second", ["digit", "sentence"])
def test_a_model_is_scored_on_both_codes(tiny: RWAE, second: str) -> None:
    labels = torch.cartesian_prod(torch.arange(3), torch.arange(2)).repeat_interleave(2, 0)
    side = TINY.frame_size
    frames = torch.randint(0, 256, (12, 4, 3, side, side), dtype=torch.uint8)
    factors = Factor("speaker", tuple("abc"), True), Factor(second, tuple("01"), False)
    found = score_verification(tiny, Clips(frames, labels, factors))
    encoded = tiny.encode(frames.float() / 255)
    recordings = labels.unique(dim=0, return_inverse=True)[1] if second == "sentence" else None
    assert found == {
        "clips": 12,
        "static": pytest.approx(verify(encoded.static, labels[:, 0], recordings), abs=1e-6),
        "dynamic": pytest.approx(verify(encoded.dynamic, labels[:, 0], recordings), abs=1e-6),
    }
