"""The refinement of pixels in doubt: by messages from around, and by what moves along."""

from pathlib import Path

import numpy as np
import pytest

from rwae.sheets.copying import CopyingDecoder, load_decoder, save_decoder
from rwae.sheets.perceptron import Scorer
from rwae.sheets.refinement import (
    FEATURES,
    NEIGHBOURS,
    Doubts,
    Opinion,
    Refinement,
    find_doubts,
    is_first,
    posture_of,
)
from rwae.sheets.regions import OFFERS, WINDOWS, Regions, common_moves, find_regions
from rwae.sheets.sources import Source
from rwae.training.refinement import FOLDS, fit

SURE, HALF = 0.96, 0.5
HURT_ROW = 20
LEFT, RIGHT = 3, 4  # of the eight neighbours
Y, X = 30, 30  # of the pixel in the middle
CHOICES = 9 + OFFERS


def listening(*features: int) -> Refinement:
    """Adds up some features of each choice."""
    listens = np.zeros((FEATURES, 1), np.float32)
    listens[list(features)] = 1
    one, nothing = np.ones((1, 1), np.float32), np.zeros(1, np.float32)
    return Refinement(Scorer((listens, one, 9 * one), (nothing, nothing, nothing)))


HEARS_BESIDE = (7 + LEFT, 7 + RIGHT)  # how likely the pixels beside find what it brings them


def row_of_three() -> Opinion:
    """Three pixels in a row. The one in the middle is unsure, the others are of colour 7.

    Choice 1 of the middle one (colour 5) would bring colour 6 to both, choice 2 (colour 8) 7.
    """
    belief = np.zeros((3, 9), np.float32)
    extended = np.zeros((3, 9, 9), np.uint32)
    belief[[0, 2], 1], extended[[0, 2], 1] = SURE, 7
    belief[1, [1, 2]] = HALF, HALF - 0.1
    extended[1, 1], extended[1, 2] = 6, 7
    extended[1, [1, 2], 0] = 5, 8
    return Opinion(np.array([(Y, X - 1), (Y, X), (Y, X + 1)]), belief, extended)


def one_move(row: list[int]) -> Regions:
    """A single move that shows some colours from the pixel left of the middle on."""
    colours = np.zeros((1, 66, 66), np.uint32)
    colours[0, Y + 1, X : X + len(row)] = row
    return Regions(colours, np.full((len(WINDOWS), 1, 64, 64), HALF))


AS_BELIEVED = [7, 0, 7]  # the trees believe in both sevens


def doubts_of_three(moved: list[int] = AS_BELIEVED) -> Doubts:
    return find_doubts(row_of_three(), one_move(moved))


def test_a_choice_that_fits_its_neighbours_is_likelier() -> None:
    doubts = doubts_of_three()
    assert doubts.pixels.tolist() == [[Y, X]], "of the others the trees are sure"
    assert listening(*HEARS_BESIDE).refine(doubts, 1)[0].argmax() == 2


def test_the_trees_count_less_for_a_strange_figure() -> None:
    doubts = doubts_of_three()
    refinement = listening(*HEARS_BESIDE)
    familiar, strange = (refinement.refine(doubts, f)[0] for f in (0.99, 0.9))
    assert familiar[1] - strange[1] == pytest.approx((0.48 - 0.25) * HALF, abs=1e-3)


def test_equal_colours_share_a_probability() -> None:
    doubts = doubts_of_three([7, 8, 7])
    refined = listening(*HEARS_BESIDE).refine(doubts, 1)[0]
    assert refined[2] == refined[9], "the move shows the colour of choice 2"
    assert refined[is_first(doubts.colours)[0]].sum() <= 1


def test_colours_are_only_compared() -> None:
    opinion = row_of_three()
    other = np.where(opinion.extended > 0, opinion.extended * 1009 + 3, 0)
    recoloured = Opinion(opinion.pixels, opinion.belief, other)
    moved = one_move([c * 1009 + 3 if c else 0 for c in AS_BELIEVED])
    plain, changed = doubts_of_three(), find_doubts(recoloured, moved)
    assert np.array_equal(plain.features, changed.features)
    assert not np.array_equal(plain.colours, changed.colours)


def test_messages_go_both_ways() -> None:
    opinion = row_of_three()
    opinion.extended[[0, 2], 1, 1:] = 8  # what the neighbours' choices would bring to the middle
    seen = find_doubts(opinion, one_move(AS_BELIEVED)).features[0]
    given, taken = seen[:, 7 : 7 + NEIGHBOURS], seen[:, 7 + NEIGHBOURS : 7 + 2 * NEIGHBOURS]
    assert given[2, [LEFT, RIGHT]] == pytest.approx(SURE)
    assert given[1, [LEFT, RIGHT]].max() == 0
    assert taken[2, [LEFT, RIGHT]] == pytest.approx(SURE)
    assert taken[1, [LEFT, RIGHT]].max() == 0


def test_a_figure_without_doubts_stays() -> None:
    opinion = row_of_three()
    opinion.belief[1, 1] = SURE
    doubts = find_doubts(opinion, one_move([7, 5, 7]))
    assert len(doubts.pixels) == 0
    assert listening(0).refine(doubts, 1).shape == (0, CHOICES)


def test_a_region_raises_a_doubt_where_the_trees_are_sure() -> None:
    doubts = find_doubts(row_of_three(), one_move([4, 5, 7]))
    assert [Y, X - 1] in doubts.pixels.tolist()
    assert doubts.colours[0, 9] == 4


def test_a_region_may_be_drawn_outside_the_known_figure() -> None:
    """A wide hat covers pixels that no known figure shows."""
    doubts = find_doubts(row_of_three(), one_move([*AS_BELIEVED, 9]))
    place = doubts.pixels.tolist().index([Y, X + 2])
    assert set(doubts.colours[place].tolist()) == {0, 9}
    assert doubts.features[place, :, -2].all(), "the network is told"
    assert not doubts.features[:place, :, -2].any()
    of_regions = doubts.features[place, :, -1].astype(bool)
    assert of_regions.tolist() == [False] * 9 + [True] * OFFERS


def test_the_move_with_which_the_trees_agree_is_offered_first() -> None:
    """All but one pixel of a block are known to move by (2, 3): so is the last one."""
    block = np.zeros((64, 64), np.uint32)
    block[20:29, 20:29] = np.arange(1, 82).reshape(9, 9)
    pixels = np.argwhere(block > 0) - (2, 3)
    candidates = np.zeros((len(pixels), 8, 3), np.int8)
    candidates[:, 0] = 0, 2, 3
    candidates[:, 1] = 0, 2, 2
    choices, belief = np.zeros((2, len(pixels), 9))
    shown = block[pixels[:, 0] + 2, pixels[:, 1] + 3]
    choices[:, 1], belief[:, 1] = shown, 1
    middle = len(pixels) // 2
    choices[middle], belief[middle] = 0, np.eye(9)[0]
    sources = (Source(8, 0),)
    regions = find_regions(pixels, candidates, sources, lambda *_: block, choices, belief)
    y, x = pixels[middle]
    first = regions.offer()[:: OFFERS // len(WINDOWS), y, x]
    assert [regions.colours[n, y + 1, x + 1] for n in first] == [shown[middle]] * len(WINDOWS)
    features = regions.features(pixels[[middle]], np.array([[shown[middle], 0]]))[0]
    best, margin, votes = features[:, 0::3], features[:, 1::3], features[:, 2::3]
    assert (best[0] > 0.9).all()
    assert (margin[0] == 0).all()
    assert (votes[0] > votes[1]).all()


def test_common_moves_are_counted_over_all_pixels() -> None:
    candidates = np.zeros((3, 8, 3), np.int8)
    candidates[:, 0], candidates[:, 1:] = (4, -10, 10), (1, 2, -3)
    assert common_moves(candidates).tolist() == [[1, 2, -3], [4, -10, 10]]


def test_the_network_learns_what_to_listen_to() -> None:
    """One of the messages tells which choice is right; all others are noise."""
    draws = np.random.default_rng(0)
    seen = draws.random((2000, 9, FEATURES)).astype(np.float32)
    right = np.arange(9) == seen[:, :, 10].argmax(1)[:, None]
    network = fit(seen, np.ones_like(right), right, epochs=60)
    chosen = network.scorer.scores(seen).argmax(1)
    assert right[np.arange(2000), chosen].mean() > 0.6, "by chance 0.11"


def test_it_goes_along_in_the_file(tmp_path: Path) -> None:
    refinement = listening(0)
    save_decoder(tmp_path / "d.npz", CopyingDecoder({}, {"falling": refinement}))
    again = load_decoder(tmp_path / "d.npz").refinements
    assert list(again) == ["falling"]
    name = "scorer"
    found, kept = again["falling"].scorer.arrays(name), refinement.scorer.arrays(name)
    assert all(np.array_equal(found[key], kept[key]) for key in kept)


def test_a_figure_that_falls_has_a_network_of_its_own() -> None:
    assert posture_of(HURT_ROW) == "falling"
    assert {posture_of(row) for row in range(HURT_ROW)} == {"upright"}


def test_the_folds_hold_out_other_shapes() -> None:
    first, second = ({(kind, s) for kind, shapes in fold.shapes.items() for s in shapes}
                     for fold in FOLDS)  # fmt: skip
    assert not first & second
    for fold in FOLDS:
        for posture, cells in fold.cells.items():
            assert {posture_of(row) for row, _ in cells} == {posture}
