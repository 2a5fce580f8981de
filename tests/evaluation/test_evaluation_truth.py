"""Swaps against the clips that they should show, and programs that learn nothing."""

import numpy as np
import pytest
import torch
from evaluation_doubles import Copying, Perfect, Reader, labelled

from rwae.codes import Factor
from rwae.data.clips import Clips
from rwae.data.moving_mnist import MovingDigits
from rwae.evaluation.programs import (
    COMPOSITE,
    COPY_INPUT,
    HISTOGRAM,
    NEAREST,
    SAME_CHARACTER,
    composite,
    match_histograms,
    score_programs,
)
from rwae.evaluation.run import score_model, score_model_errors
from rwae.evaluation.tasks import bootstrap_interval, recording_groups, swap_partners
from rwae.evaluation.truth import squared_errors, true_swaps
from rwae.files.metrics import FRAME_ERROR, SWAP, SWAP_ERROR, SWAP_RATIO, UNSEEN


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def flags() -> Clips:
    """Three characters, each of one colour, in two actions: a bar that moves right or down."""
    frames, labels = [], []
    for who in range(3):
        for how in range(2):
            x = torch.zeros(4, 3, 32, 32)
            for t in range(4):
                at = 8 + 4 * t
                part = x[t, who]
                (part[:, at : at + 4] if how == 0 else part[at : at + 4]).fill_(1)
            frames.append(x)
            labels.append((who, how))
    return Clips(
        (255 * torch.stack(frames)).byte(),
        torch.tensor(labels),
        (Factor("who", ("a", "b", "c"), True), Factor("how", ("right", "down"), False)),
    )


def test_the_true_clip_has_the_character_of_a_and_the_action_of_b() -> None:
    clips = flags()
    partner = swap_partners(clips.labels, clips.factors, seeded())
    truth = true_swaps(clips, partner)
    assert truth is not None
    shown = truth(torch.arange(6))[:, 0]
    where = (shown[:, None] == clips.batch(torch.arange(6))).flatten(2).all(2).long().argmax(1)
    assert torch.equal(clips.labels[where, 0], clips.labels[:, 0])
    assert torch.equal(clips.labels[where, 1], clips.labels[partner, 1])


def test_a_data_set_that_lacks_a_true_clip_has_no_error_of_swaps() -> None:
    labels = torch.tensor([(0, 0), (1, 1), (2, 0), (2, 1), (3, 0), (3, 1)])
    factors = (Factor("who", ("a", "b", "c", "d"), True), Factor("how", ("x", "y"), False))
    clips = Clips(torch.zeros(6, 2, 3, 8, 8, dtype=torch.uint8), labels, factors)
    assert true_swaps(clips, torch.tensor([1, 0, 5, 4, 3, 2])) is None
    assert SWAP_ERROR not in score_programs(clips, None, seeded())[COPY_INPUT]


def test_the_error_is_summed_over_a_frame_and_the_nearest_truth_counts() -> None:
    x = torch.zeros(1, 2, 3, 4, 4)
    truth = torch.stack([x + 0.5, x + 0.1], 1)
    assert float(squared_errors(x, truth)) == pytest.approx(0.01)


def test_a_perfect_model_swaps_without_an_error_and_a_copying_one_does_not() -> None:
    clips = labelled(2)
    perfect = score_model(Perfect(), clips, Reader(), seeded())
    copying = score_model(Copying(), clips, Reader(), seeded())
    copy = score_programs(clips, Reader(), seeded())[COPY_INPUT]
    assert perfect.number(SWAP_ERROR) == 0
    assert copying.number(SWAP_ERROR) == copy.number(SWAP_ERROR) > 1
    model = Perfect()
    model.eval()
    alone = score_model_errors(model, clips, seeded())
    assert all(perfect.values[metric] == value for metric, value in alone.values.items())


def test_the_ratio_is_that_to_the_reconstruction() -> None:
    scores = score_programs(labelled(2), None, seeded())
    same, copy = scores[SAME_CHARACTER], scores[COPY_INPUT]
    errors = [same.number(metric) for metric in (SWAP_ERROR, FRAME_ERROR)]
    assert same.number(SWAP_RATIO) == pytest.approx(errors[0] / errors[1])
    assert same.number(SWAP_RATIO) == pytest.approx(1, abs=0.1), "why a ratio alone says nothing"
    assert SWAP_RATIO not in copy, "a copy has no error to divide by"


def test_digits_of_one_clip_stand_at_the_places_of_another_in_either_order() -> None:
    images = np.random.default_rng(0).integers(0, 256, (9, 28, 28)).astype(np.uint8)
    clips = MovingDigits(images, np.arange(9), count=12, stream=0, frames=3)
    some = torch.arange(12)
    itself = clips.swapped(some, some)
    assert torch.equal(itself[:, 0], clips.batch(some))
    assert not torch.equal(itself[:, 1], clips.batch(some))
    truth = true_swaps(clips, some.roll(1))
    assert truth is not None
    exchanged = clips.swapped(some, some.roll(1)).flip(1)
    assert float(squared_errors(exchanged[:, 0], truth(some)).sum()) == 0
    assert float(squared_errors(clips.batch(some), truth(some)).min()) > 0


def test_the_composite_has_the_still_part_of_a_and_the_motion_of_b() -> None:
    a, b = torch.rand(2, 1, 4, 3, 8, 8, generator=seeded()) / 4 + 0.375
    made = composite(a, b)
    assert torch.allclose(made.mean(1), a.mean(1), atol=1e-6)
    assert torch.allclose(made.diff(dim=1), b.diff(dim=1), atol=1e-6)
    assert torch.allclose(composite(a, a), a, atol=1e-6)


def test_histograms_are_matched_as_by_sorting_where_all_values_differ() -> None:
    generator = np.random.default_rng(0)
    values = [generator.permutation(256)[:96].reshape(2, 8, 6) for _ in range(6)]
    a, b = (torch.from_numpy(np.stack(part, 1)[None]) for part in (values[:3], values[3:]))
    matched = (255 * match_histograms(a / 255, b / 255)).round().long()
    for channel in range(3):
        source, target = a[0, :, channel].flatten(), b[0, :, channel].flatten()
        expected = torch.empty_like(target)
        expected[target.argsort()] = source.sort().values
        assert torch.equal(matched[0, :, channel].flatten(), expected)


def test_a_black_background_stays_black() -> None:
    clips = flags().batch(torch.tensor([0, 3]))
    matched = match_histograms(clips[:1], clips[1:])
    assert torch.equal(matched[0, :, 0] > 0.5, clips[1, :, 1] > 0.5) or float(matched.max()) == 0
    assert float(matched.mean()) < 0.1


def test_every_program_is_judged_and_only_those_that_show_real_clips_stand_for_draws() -> None:
    clips = labelled(2)
    found = score_programs(clips, Reader(), seeded(), training=labelled(1))
    assert set(found) == {COPY_INPUT, SAME_CHARACTER, COMPOSITE, HISTOGRAM, NEAREST}
    assert all({SWAP.joint, SWAP_ERROR} <= set(scores.values) for scores in found.values())
    # Nothing moves in these clips, so the composite is clip A, and the histogram that of A.
    assert found[COMPOSITE].number(SWAP.accuracy, "motion") < 0.5
    assert found[HISTOGRAM].number(SWAP.joint) == found[COMPOSITE].number(SWAP.joint)
    # The nearest clip of a training set with all combinations is what the composite shows.
    assert found[NEAREST].number(FRAME_ERROR) == 0
    assert UNSEEN.joint not in found[COPY_INPUT]


def test_swaps_into_unseen_combinations_are_those_of_training_clips() -> None:
    everything = labelled(1)
    held_out = torch.tensor([0, 5, 10, 15])
    known = torch.tensor([n for n in range(len(everything)) if n not in held_out])
    clips, training = (
        Clips(
            everything.frames[part],
            everything.labels[part],
            everything.factors,
            torch.arange(len(part)) // 2,
        )
        for part in (held_out, known)
    )
    found = score_programs(clips, Reader(), seeded(), training)
    assert found[COPY_INPUT].number(UNSEEN.accuracy, "motion") == 1
    assert found[COPY_INPUT].number(UNSEEN.joint) == 0
    assert found[COPY_INPUT].number(UNSEEN.interval.high) == 0
    assert SWAP.interval.low in found[SAME_CHARACTER]


def test_an_interval_over_recordings_is_wider_than_one_over_clips() -> None:
    groups = torch.arange(8).repeat_interleave(40)
    right = groups < 6
    low, high = bootstrap_interval(right, [groups])
    clips_low, clips_high = bootstrap_interval(right, [torch.arange(320)])
    assert low < 0.55 < 0.7 < clips_low < 0.75 < clips_high < 0.8 < high
    twice = bootstrap_interval(right, [groups, groups.roll(40)])
    assert twice[1] - twice[0] > high - low
    assert bootstrap_interval(torch.ones(320).bool(), [groups]) == (1.0, 1.0)


def test_a_group_is_a_combination_and_clips_that_are_recordings_have_none() -> None:
    clips = labelled(2)
    assert recording_groups(clips) is None
    cut = Clips(clips.frames, clips.labels, clips.factors, torch.arange(48) % 24)
    groups = recording_groups(cut)
    assert groups is not None
    assert torch.equal(groups[:24], groups[24:])
    assert len(groups.unique()) == 24
