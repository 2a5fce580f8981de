"""Figures: disjoint splits, balanced labels, reproducible clips, and figures inside the frame."""

import numpy as np
import pytest
import torch

from rwae.data import Clips, figures
from rwae.data.clips import SPLITS
from rwae.errors import DataError


@pytest.fixture(scope="module")
def clips() -> Clips:
    return figures.load("validation")


def test_splits_share_no_character_and_cover_all() -> None:
    everyone = np.concatenate([figures.character_classes(split) for split in SPLITS])
    assert [len(figures.character_classes(split)) for split in SPLITS] == [96, 32, 32]
    assert len(np.unique(everyone, axis=0)) == 160


@pytest.mark.parametrize("pair", [(0, 1), (0, 2), (1, 2)])
def test_training_holds_every_pair_of_static_values(pair: tuple[int, int]) -> None:
    sizes = [len(figures.FACTORS[column].values) for column in pair]
    found = np.unique(figures.character_classes("train")[:, list(pair)], axis=0)
    assert len(found) == sizes[0] * sizes[1]


def test_shapes_and_balance(clips: Clips) -> None:
    assert clips.frames.shape == (512, 8, 3, 64, 64)
    assert clips.frames.dtype == torch.uint8
    assert clips.labels.shape == (512, 4)
    assert set(clips.labels[:, 3].bincount().tolist()) == {64}


def test_the_same_seed_draws_the_same_clips(clips: Clips) -> None:
    assert torch.equal(clips.frames, figures.load("validation").frames)
    other = figures.load("validation", seed=1)
    assert torch.equal(clips.labels, other.labels)
    assert not torch.equal(clips.frames, other.frames)


def test_no_figure_leaves_the_frame(clips: Clips) -> None:
    # A figure that is cut off by the edge would lose light against its other frames.
    light = clips.frames.sum((2, 3, 4), dtype=torch.float64)
    assert float((light.amin(1) / light.amax(1)).min()) > 0.96


def test_a_clip_shows_what_its_labels_say(clips: Clips) -> None:
    x = clips.frames.double()
    mass = x.sum(2)
    rows = torch.arange(64.0, dtype=torch.float64)[:, None] - 31.5
    columns = rows.T
    total = mass.sum((2, 3))
    centre = torch.stack([(mass * columns).sum((2, 3)), (mass * rows).sum((2, 3))], -1)
    centre = centre / total[..., None]
    step = centre.roll(-1, 1) - centre
    turn = (centre[..., 0] * step[..., 1] - centre[..., 1] * step[..., 0]).sum(1)
    motion = clips.labels[:, 3]
    names = figures.FACTORS[3].values
    assert bool((turn[motion == names.index("circle, clockwise")] > 1000).all())
    assert bool((turn[motion == names.index("circle, anticlockwise")] < -1000).all())
    still = centre[motion == names.index("sway, sideways"), :, 1]
    assert float(still.std(1).max()) < 0.2
    red = clips.labels[:, 1] == figures.FACTORS[1].values.index("red")
    share = x.sum((1, 3, 4)) / x.sum((1, 2, 3, 4))[:, None]
    assert float(share[red, 0].min()) > 0.6


def test_an_unknown_split_is_refused() -> None:
    with pytest.raises(DataError, match="choose one of train, validation, test"):
        figures.load("dev")
