"""Ghosts: how they are made of real frames, that a detector learns them, and what they count."""

from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from rwae.classifiers import FILMED, Judge, make_judge
from rwae.classifiers.ghosts import GhostDetector, smoothed
from rwae.codes import Factor
from rwae.data.clips import Clips
from rwae.errors import ConfigError, DataError
from rwae.evaluation.judges import training
from rwae.evaluation.judges.impossible import (
    KINDS,
    Ghosts,
    Moments,
    disguise,
    gaussian_blur,
    is_visible,
)
from rwae.evaluation.tasks import score_task
from rwae.files.metrics import SWAP, UNCONDITIONAL

FACTORS = (Factor("who", ("a", "b"), True), Factor("how", ("left", "right"), False))


def dancers() -> Clips:
    """Two people in other clothes, each with an arm that moves to one side or the other."""
    labels = torch.cartesian_prod(torch.arange(2), torch.arange(2)).repeat(4, 1)
    frames = torch.full((16, 6, 3, 64, 64), 200, dtype=torch.uint8)
    for n, (who, how) in enumerate(labels.tolist()):
        for t in range(6):
            top, side = 10 + 5 * t + n // 4, 8 if how else 36
            frames[n, t, :, 20 + 4 * who :, 26:38] = 30
            frames[n, t, who, 24:, 26:38] = 120
            frames[n, t, :, top : top + 5, side : side + 20] = 40
    return Clips(frames, labels, FACTORS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_differs_visibly_from_the_frames_it_is_made_of(
    kind: str, generator: torch.Generator
) -> None:
    made = Ghosts(dancers()).make(kind, 9, generator)
    assert made.shape == (9, 3, 64, 64)
    assert 0 <= float(made.amin()) <= float(made.amax()) <= 1
    real = dancers().batch(torch.arange(16)).flatten(0, 1)
    for frame in made:
        nearest = (real - frame).abs().mean((1, 2, 3)).amin()
        assert float(nearest) > 1e-4


def test_a_composite_is_that_of_the_program(generator: torch.Generator) -> None:
    x = torch.rand(2, 5, 3, 16, 16, generator=generator)
    a, b = x.unbind(0)
    one = [t[None] for t in (a[0], b[3], a[2], a.mean(0), b.mean(0))]
    made = KINDS["composite"].make(Moments(*one), generator)
    assert torch.allclose(made[0], (a.mean(0) + b[3] - b.mean(0)).clamp(0, 1))


def test_what_cannot_be_seen_is_no_ghost(generator: torch.Generator) -> None:
    x = torch.rand(3, 3, 32, 32, generator=generator)
    patched = x.clone()
    patched[1, :, :8, :8] = 1 - patched[1, :, :8, :8].round()
    assert is_visible(patched, [x]).tolist() == [False, True, False]
    still = Clips(
        torch.full((8, 4, 3, 64, 64), 90, dtype=torch.uint8), dancers().labels[:8], FACTORS
    )
    with pytest.raises(DataError, match="no ghosts of the kind two poses"):
        Ghosts(still).make("two poses", 2, generator)


def test_a_blur_keeps_the_mean_and_spreads_a_point_by_its_deviation() -> None:
    x = torch.zeros(1, 1, 41, 41)
    x[..., 20, 20] = 1
    blurred = gaussian_blur(x, 2.0)
    offsets = torch.arange(41.0) - 20
    assert float(blurred.sum()) == pytest.approx(1, abs=1e-4)
    assert float((blurred.sum(2) * offsets**2).sum()) == pytest.approx(4, rel=0.05)
    assert torch.equal(gaussian_blur(x, 0.0), x)


def test_disguised_frames_keep_their_size_and_the_seed_decides() -> None:
    x = smoothed(dancers().batch(torch.arange(16))[:, 0])
    one, same, other = (disguise(x, torch.Generator().manual_seed(s)) for s in (0, 0, 1))
    assert one.shape == x.shape == (16, 3, 32, 32)
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_a_detector_learns_to_tell_ghosts_from_real_frames(generator: torch.Generator) -> None:
    clips = dancers()
    others = set(KINDS) - {"two people"}
    detector = training.fit_ghost_detector(clips, 0, steps=60, without=others)
    ghosts = Ghosts(clips)
    real, made = ghosts.real_frames(24, generator), ghosts.make("two people", 24, generator)
    called = [float((detector(smoothed(x)) > 0).float().mean()) for x in (real, made)]
    assert called[1] > called[0] + 0.3


def test_the_seed_of_a_detector_decides_and_the_global_state_is_left_alone() -> None:
    state = torch.random.get_rng_state()
    others = set(KINDS) - {"half blend"}
    one, same, other = (
        training.fit_ghost_detector(dancers(), seed, steps=2, without=others).state_dict()
        for seed in (0, 0, 1)
    )
    assert torch.equal(state, torch.random.get_rng_state())
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["summary.1.weight"], other["summary.1.weight"])


def test_the_shares_that_are_called_ghosts_are_of_every_kind_sharp_and_blurred() -> None:
    torch.manual_seed(0)
    shares = training.ghost_shares(GhostDetector().eval(), dancers(), count=2)
    assert set(shares) == {n + b for n in ("real", *KINDS) for b in ("", ", blurred")}
    assert set(shares.values()) <= {n / 8 for n in range(9)}


def test_the_threshold_lets_nearly_all_clips_of_a_stranger_pass() -> None:
    torch.manual_seed(0)
    detector = GhostDetector().eval()
    clips = dancers()
    training.calibrate(detector, clips)
    x = clips.batch(torch.arange(16))
    sharp = detector.of_clips(x)
    blurred = detector.of_clips(gaussian_blur(x.flatten(0, 1), training.DECODER_BLUR).view_as(x))
    both = torch.cat([sharp, blurred])
    assert int((both > 0).sum()) == 1, "one of 32 is above the 99 % quantile"


def test_a_judge_that_sees_ghosts_answers_so_after_its_factors(
    generator: torch.Generator, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    judge = make_judge(FACTORS, apart=True, ghosts=True).eval()
    assert judge.answered == (*FACTORS, FILMED)
    x = torch.rand(3, 4, 3, 64, 64, generator=generator)
    answers = judge.probabilities(x)
    assert [tuple(a.shape) for a in answers] == [(3, 2)] * 3
    assert isinstance(judge.ghosts, GhostDetector)
    each = torch.stack([judge.ghosts(smoothed(clip)).mean().sigmoid() for clip in x])
    assert torch.allclose(answers[2][:, 1].float(), each, atol=1e-5)
    judge.save(tmp_path)
    loaded = Judge.load(tmp_path)
    assert torch.allclose(loaded.probabilities(x)[2], answers[2], atol=1e-5)


def test_no_ghost_is_right() -> None:
    sure = F.one_hot(torch.tensor([0, 0, 1, 1]), 2).double()
    filmed = torch.tensor([[0.9, 0.1], [0.4, 0.6], [0.6, 0.4], [0.0, 1.0]]).double()
    wanted = torch.tensor([[0, 0], [0, 0], [1, 1], [0, 1]])
    scores = score_task(SWAP, [sure, sure, filmed], wanted, FACTORS)
    assert scores.number(SWAP.joint) == 0.5
    assert scores.number(SWAP.accuracy, "who") == 0.75
    assert scores.number(SWAP.filmed) == 0.5
    drawn = score_task(UNCONDITIONAL, [sure, sure, filmed], wanted, FACTORS)
    assert drawn.number(UNCONDITIONAL.filmed) == 0.5
    without = score_task(SWAP, [sure, sure], wanted, FACTORS)
    assert SWAP.filmed not in without
    assert without.number(SWAP.joint) == 0.75


def test_a_judge_that_sees_no_ghosts_is_not_measured_without_some() -> None:
    with pytest.raises(ConfigError, match="figures sees no ghosts"):
        training.without_kinds("figures", None, 0, ["composite"])
