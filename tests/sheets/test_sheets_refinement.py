"""The refinement of unsure pixels by messages from the pixels around."""

from pathlib import Path

import numpy as np
import pytest

from rwae.sheets.copying import CopyingDecoder, load_decoder, save_decoder
from rwae.sheets.perceptron import Scorer
from rwae.sheets.refinement import (
    FEATURES,
    NEIGHBOURS,
    Refinement,
    is_first,
    messages,
    posture_of,
)
from rwae.training.refinement import fit

SURE, HALF = 0.96, 0.5
HURT_ROW = 20
OUTSIDE = 3  # the number of a pixel outside a figure of three
LEFT, RIGHT = 3, 4  # of the eight neighbours


@pytest.fixture
def listening() -> Refinement:
    """Adds up how likely the two pixels beside find what a choice would bring to them."""
    listens = np.zeros((FEATURES, 1), np.float32)
    listens[[7 + LEFT, 7 + RIGHT]] = 1
    one, nothing = np.ones((1, 1), np.float32), np.zeros(1, np.float32)
    return Refinement(Scorer((listens, one, 9 * one), (nothing, nothing, nothing)))


def row_of_three() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Three pixels in a row. The one in the middle is unsure, the others are of colour 7.

    Choice 1 of the middle one (colour 5) would bring colour 6 to both, choice 2 (colour 8) 7.
    """
    belief = np.zeros((3, 9), np.float32)
    extended = np.zeros((3, 9, 9), np.uint32)
    near = np.full((3, 8), OUTSIDE)
    near[0, RIGHT], near[2, LEFT] = 1, 1
    near[1, [LEFT, RIGHT]] = 0, 2
    belief[[0, 2], 1], extended[[0, 2], 1] = SURE, 7
    belief[1, [1, 2]] = HALF, HALF - 0.1
    extended[1, 1], extended[1, 2] = 6, 7
    extended[1, [1, 2], 0] = 5, 8
    return belief, extended, near


def test_a_choice_that_fits_its_neighbours_is_likelier(listening: Refinement) -> None:
    belief, extended, near = row_of_three()
    refined = listening.refine(belief, extended, near)
    assert refined[1].argmax() == 2
    assert np.array_equal(refined[[0, 2]], belief[[0, 2]]), "the others are sure"


def test_equal_colours_share_a_probability(listening: Refinement) -> None:
    belief, extended, near = row_of_three()
    extended[1, 4], belief[1, 4] = extended[1, 2], belief[1, 2]
    refined = listening.refine(belief, extended, near)[1]
    assert refined[2] == refined[4] > belief[1, 2]
    assert refined[is_first(extended[1:2, :, 0])[0]].sum() <= 1


def test_colours_are_only_compared(listening: Refinement) -> None:
    belief, extended, near = row_of_three()
    other = np.where(extended > 0, extended * 1009 + 3, 0)
    assert np.array_equal(
        listening.refine(belief, extended, near), listening.refine(belief, other, near)
    )


def test_messages_go_both_ways() -> None:
    belief, extended, near = row_of_three()
    extended[[0, 2], 1, 1:] = 8  # what the neighbours' choices would bring to the middle
    seen = messages(belief, extended, near, np.array([1]))[0]
    given, taken = seen[:, 7 : 7 + NEIGHBOURS], seen[:, 7 + NEIGHBOURS :]
    assert given[2, [LEFT, RIGHT]] == pytest.approx(SURE)
    assert given[1, [LEFT, RIGHT]].max() == 0
    assert taken[2, [LEFT, RIGHT]] == pytest.approx(SURE)
    assert taken[1, [LEFT, RIGHT]].max() == 0


def test_a_figure_without_unsure_pixels_stays(listening: Refinement) -> None:
    belief, extended, near = row_of_three()
    belief[1, 1] = SURE
    assert np.array_equal(listening.refine(belief, extended, near), belief)


def test_the_network_learns_what_to_listen_to() -> None:
    """One of the messages tells which choice is right; all others are noise."""
    draws = np.random.default_rng(0)
    seen = draws.random((2000, 9, FEATURES)).astype(np.float32)
    right = np.arange(9) == seen[:, :, 10].argmax(1)[:, None]
    network = fit(seen, np.ones_like(right), right, epochs=60)
    chosen = network.scorer.scores(seen).argmax(1)
    assert right[np.arange(2000), chosen].mean() > 0.6, "by chance 0.11"


def test_it_goes_along_in_the_file(listening: Refinement, tmp_path: Path) -> None:
    save_decoder(tmp_path / "d.npz", CopyingDecoder({}, {"falling": listening}))
    again = load_decoder(tmp_path / "d.npz").refinements
    assert list(again) == ["falling"]
    name = "scorer"
    found, kept = again["falling"].scorer.arrays(name), listening.scorer.arrays(name)
    assert all(np.array_equal(found[key], kept[key]) for key in kept)


def test_a_figure_that_falls_has_a_network_of_its_own() -> None:
    assert posture_of(HURT_ROW) == "falling"
    assert {posture_of(row) for row in range(HURT_ROW)} == {"upright"}
