"""Paired supervision: which clips stand in for which."""

import dataclasses

import pytest
import torch

from rwae.codes import Factor
from rwae.data import Clips
from rwae.errors import ConfigError
from rwae.training.pairing import Groups, Pairing
from rwae.training.presets import PRESETS

FACTORS = (Factor("who", ("a", "b", "c"), True), Factor("how", ("walk", "jump"), False))


def clips() -> Clips:
    """Each clip holds its own number in every pixel; two takes of each of six combinations."""
    labels = torch.tensor([[who, how] for who in range(3) for how in range(2) for _ in range(2)])
    frames = torch.arange(12, dtype=torch.uint8)[:, None, None, None, None]
    return Clips(frames.expand(-1, 2, 3, 4, 4), labels, FACTORS)


def test_partners_share_who_or_how_and_all_of_them_come_up() -> None:
    found = clips()
    generator = torch.Generator().manual_seed(0)
    indices = torch.arange(12).repeat(50)
    x = found.batch(indices)
    static, dynamic = Pairing(found.labels, FACTORS, 1.0).inputs(found, indices, x, generator)
    numbers = [(255 * part[:, 0, 0, 0, 0]).round().long() for part in (static, dynamic)]
    for column, partners in enumerate(numbers):
        assert torch.equal(found.labels[partners, column], found.labels[indices, column])
        assert len({*zip(indices.tolist(), partners.tolist(), strict=True)}) == 12 * (4, 6)[column]


def test_the_share_of_replaced_clips_is_as_asked() -> None:
    found = clips()
    indices = torch.zeros(4000, dtype=torch.int64)
    x = found.batch(indices)
    pairing = Pairing(found.labels, FACTORS, 0.25)
    static, _ = pairing.inputs(found, indices, x, torch.Generator().manual_seed(0))
    # One in four of the replaced clips is replaced by itself.
    assert 0.15 < (static != x).any((1, 2, 3, 4)).float().mean() < 0.23


def test_without_labels_of_one_kind_any_clip_may_stand_in() -> None:
    groups = Groups(torch.zeros(7, 0, dtype=torch.int64))
    drawn = groups.draw(torch.zeros(300, dtype=torch.int64), torch.Generator().manual_seed(0))
    assert set(drawn.tolist()) == set(range(7))


@pytest.mark.parametrize("share", [-0.1, 1.5, float("nan")])
def test_a_share_outside_its_range_is_refused(share: float) -> None:
    with pytest.raises(ConfigError, match="paired_share"):
        dataclasses.replace(PRESETS["figures"], paired_share=share)


def test_a_model_without_posteriors_has_no_pairs() -> None:
    with pytest.raises(ConfigError, match="mocogan"):
        dataclasses.replace(PRESETS["sprites-mocogan"], paired_share=0.5)
