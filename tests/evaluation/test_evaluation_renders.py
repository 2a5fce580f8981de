"""Swaps against their true renders."""

import pytest
import torch

from rwae import RWAE
from rwae.codes import Factor
from rwae.data.clips import Clips
from rwae.errors import DataError
from rwae.evaluation.renders import draw_pairs, measure_renders, renders_table


def flags(missing: bool = False) -> Clips:
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
    count = len(frames) - missing
    return Clips(
        (255 * torch.stack(frames[:count])).byte(),
        torch.tensor(labels[:count]),
        (Factor("who", ("a", "b", "c"), True), Factor("how", ("right", "down"), False)),
    )


def test_the_true_render_has_the_character_of_a_and_the_action_of_b() -> None:
    clips = flags()
    a, b, true = draw_pairs(clips, 50)
    assert torch.equal(clips.labels[true, 0], clips.labels[a, 0])
    assert torch.equal(clips.labels[true, 1], clips.labels[b, 1])


def test_a_data_set_without_every_render_is_refused() -> None:
    with pytest.raises(DataError, match="true render of every swap"):
        draw_pairs(flags(missing=True), 50)


def test_copies_are_right_where_they_have_the_wanted_character_and_action(tiny: RWAE) -> None:
    clips = flags()
    a, b, true = draw_pairs(clips, 40)
    errors = measure_renders(tiny, clips, 40)
    assert torch.equal(errors["copy of A"] == 0, a == true)
    assert torch.equal(errors["copy of B"] == 0, b == true)
    assert (errors["reconstruction"] > 0).all()


def test_the_table_gives_the_ratio_to_the_reconstruction() -> None:
    table = renders_table(
        {"reconstruction": torch.tensor([2.0, 4.0]), "this model": torch.tensor([6.0, 6.0])}
    )
    assert "| this model, swap | 6.0 ± 0.0 | 2.00 |" in table
