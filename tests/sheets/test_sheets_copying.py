"""The copying decoder: its candidates, its trees and its file, on figures made of blocks."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rwae.errors import CheckpointError
from rwae.sheets.copying import (
    CHOICES,
    MOST_CONFIDENCE,
    REFERENCE_CELLS,
    CopyingDecoder,
    believe,
    elect,
    find_crumbs,
    load_decoder,
    neighbours,
    pack_leaf,
    save_decoder,
    unpack_leaf,
)
from rwae.sheets.sources import MARGIN, WALK_ROWS, Source, padded, sources_of
from rwae.training.copying import find_candidates, greedy_cover, learn_cell

TARGET = (14, 0)  # slash to the front
WALK_FRONT = 10
MOVE = (-3, -3)
PLACE = (20, 24)
SIDE = 7  # of a block, in pixels
TRAINED = 128


class Blocks:
    """Figures of four blocks, whose lower left one is hidden when the arm is raised.

    In the target cell all blocks are moved, and the lower left one has the colour of the upper
    left one if both upper blocks are alike (a sleeve), and of the lower right one if not.
    """

    def __init__(self, count: int, seed: int) -> None:
        draws = np.random.default_rng(seed)
        colours = draws.integers(1, 200, (4, count)).astype(np.uint8)
        alike = draws.random(count) < 0.5
        colours[1] = np.where(alike, colours[0], colours[1])
        self.cells = {(WALK_FRONT, column): self._draw(colours, PLACE) for column in range(9)}
        changed = colours.copy()
        changed[2] = np.where(colours[0] == colours[1], colours[0], colours[3])
        self.cells[TARGET] = self._draw(changed, (PLACE[0] + MOVE[0], PLACE[1] + MOVE[1]))

    @staticmethod
    def _draw(colours: np.ndarray, place: tuple[int, int]) -> np.ndarray:
        cell = np.zeros((64, 64, colours.shape[1]), np.uint8)
        for n, colour in enumerate(colours):
            top, left = place[0] + SIDE * (n // 2), place[1] + SIDE * (n % 2)
            cell[top : top + SIDE, left : left + SIDE] = colour
        return cell

    def cell(self, row: int, column: int) -> np.ndarray:
        return self.cells[row, column]

    def sheet(self, character: int) -> np.ndarray:
        """The cells of walking of one figure: packed colours with shape (21, 13, 64, 64)."""
        sheet = np.zeros((21, 13, 64, 64), np.uint32)
        for place, cell in self.cells.items():
            if place != TARGET:
                sheet[place] = cell[..., character]
        return sheet


@pytest.fixture(scope="module")
def decoder() -> CopyingDecoder:
    return CopyingDecoder({TARGET: learn_cell(Blocks(TRAINED, 0), *TARGET)})


def test_new_figures_are_drawn_exactly(decoder: CopyingDecoder) -> None:
    """Also the block whose colour depends on what two other blocks have in common."""
    new = Blocks(20, 1)
    right = []
    for character in range(20):
        drawn = decoder.draw(new.sheet(character), *TARGET)
        true = new.cells[TARGET][..., character]
        right.append((drawn.colours == true)[true > 0].mean())
        assert not drawn.colours[true == 0].any()
    assert np.mean(right) > 0.95


def test_without_the_trees_the_hidden_block_is_guessed(decoder: CopyingDecoder) -> None:
    """The first candidate alone is wrong for many figures: the test above needs the trees."""
    new = Blocks(20, 1)
    # In the middle of the lower left block.
    y, x = PLACE[0] + MOVE[0] + 3 * SIDE // 2, PLACE[1] + MOVE[1] + SIDE // 2
    table = decoder.tables[TARGET]
    pixel = int(np.flatnonzero((table.pixels == (y, x)).all(1))[0])
    source, dy, dx = table.candidates[pixel, 0].tolist()
    copied = new.cells[WALK_FRONT, source][y + dy, x + dx]
    assert (copied == new.cells[TARGET][y, x]).mean() < 0.9


def test_a_palette_never_seen_makes_no_difference(decoder: CopyingDecoder) -> None:
    sheet = Blocks(1, 2).sheet(0)
    plain = decoder.draw(sheet, *TARGET).colours
    recoloured = np.where(sheet > 0, sheet * np.uint32(16_777_259) + np.uint32(7), 0)
    wanted = np.where(plain > 0, plain * np.uint32(16_777_259) + np.uint32(7), 0)
    assert np.array_equal(decoder.draw(recoloured, *TARGET).colours, wanted)


def test_the_cover_serves_the_characters_that_are_left() -> None:
    """Option 0 serves three characters, 1 two of those, and 2 the fourth alone."""
    right_for = np.array([0b0111, 0b0011, 0b1000], np.uint64).reshape(1, 3, 1)
    chosen = greedy_cover(
        np.concatenate([right_for, np.zeros((1, 9, 1), np.uint64)], 1),
        np.array([[0b1111]], np.uint64),
    )
    assert chosen[0, :3].tolist() == [0, 2, 1]


def test_candidates_lie_within_reach() -> None:
    pixels, candidates = find_candidates(Blocks(TRAINED, 0), *TARGET)
    assert len(pixels) == 4 * SIDE**2
    assert candidates[..., 0].max() < len(sources_of(*TARGET))
    assert np.abs(candidates[..., 1:]).max() <= 10


def test_leaves_keep_two_choices() -> None:
    probabilities = np.zeros((2, CHOICES), np.float32)
    probabilities[0, [8, 0]] = 0.6, 0.4
    probabilities[1, 3] = 1
    assert np.abs(unpack_leaf(pack_leaf(probabilities)) - probabilities).max() < 0.04


def test_a_colour_is_as_likely_as_its_likeliest_choice() -> None:
    """Two choices of one colour are right together: their probabilities are not added."""
    choices = np.array([[0, 5, 7, 7, 0, 0, 0, 0, 0]])
    leaves = np.array([[[0.1, 0.4, 0.3, 0.2, 0, 0, 0, 0, 0], [0, 0.8, 0, 0.9, 0, 0, 0, 0, 0]]])
    colour, probability = elect(choices, believe(choices, leaves, choices))
    assert colour.tolist() == [5]
    assert probability[0] == pytest.approx(0.6)
    assert elect(choices, believe(choices, leaves[:, 1:], choices))[0].tolist() == [7]


def test_neighbours_outside_the_figure_have_the_last_number() -> None:
    near = neighbours(np.array([[0, 0], [0, 1]], np.uint8))
    assert near.shape == (2, 25)
    assert set(near[0].tolist()) == {0, 1, 2}


def test_a_source_is_turned_and_moved() -> None:
    cell = 1 + np.arange(64 * 64).reshape(64, 64)
    assert padded(cell, Source(0, 0))[MARGIN, MARGIN] == cell[0, 0]
    assert padded(cell, Source(0, 0, turned=True))[MARGIN, MARGIN] == cell[63, 63]
    for down in (3, 23, -3, -23):
        moved = padded(cell, Source(0, 0, down=down))
        assert moved.shape == (64 + 2 * MARGIN, 64 + 2 * MARGIN)
        assert moved[MARGIN + down + 32, MARGIN] == cell[32, 0]
        assert (moved > 0).sum() == 64 * (64 - max(abs(down) - MARGIN, 0))


def test_a_file_holds_all_of_it(decoder: CopyingDecoder, tmp_path: Path) -> None:
    save_decoder(tmp_path / "d.npz", decoder)
    again = load_decoder(tmp_path / "d.npz")
    for name, value in vars(decoder.tables[TARGET]).items():
        assert np.array_equal(getattr(again.tables[TARGET], name), value), name


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off"])
def test_a_damaged_file_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "d.npz").write_bytes(content)
    with pytest.raises(CheckpointError, match="missing or damaged"):
        load_decoder(tmp_path / "d.npz")


def test_crumbs_lie_away_from_the_figure_and_are_small() -> None:
    shown = np.zeros((64, 64), bool)
    shown[20:40, 20:30] = True
    shown[10:20, 25] = True  # a feather, one pixel wide
    shown[30, 31] = True  # one empty pixel beside the figure
    stray = np.zeros_like(shown)
    stray[50, 50:52], stray[0, 0], stray[20:26, 34] = True, True, True
    shown[45:49, 5:9] = True  # as large as a hand
    assert np.array_equal(find_crumbs(shown | stray), stray)
    assert not find_crumbs(stray).any(), "a figure of small parts is left as it is"


def test_crumbs_are_not_drawn(decoder: CopyingDecoder) -> None:
    """The first pixel is moved below the figure, where it still copies a pixel of a block."""
    table = decoder.tables[TARGET]
    below = PLACE[0] + MOVE[0] + 2 * SIDE + 4, PLACE[1]
    pixels, candidates = table.pixels.copy(), table.candidates.copy()
    pixels[0], candidates[0] = below, (0, -8, 0)
    torn = CopyingDecoder({TARGET: replace(table, pixels=pixels, candidates=candidates)})
    sheet = Blocks(1, 3).sheet(0)
    choices, leaves = torn.choices(sheet, *TARGET)
    assert elect(choices, believe(choices, leaves, choices))[0][0] > 0
    drawn = torn.draw(sheet, *TARGET)
    assert drawn.colours[below] == 0
    assert drawn.confidence[below] == MOST_CONFIDENCE


def test_a_figure_is_less_familiar_the_less_sure_its_trees_are(decoder: CopyingDecoder) -> None:
    cell = REFERENCE_CELLS[0]
    table = decoder.tables[TARGET]
    sheet = np.zeros((21, 13, 64, 64), np.uint32)
    sheet[WALK_ROWS[0]] = Blocks(1, 3).sheet(0)[WALK_FRONT]
    known = CopyingDecoder({cell: table}).familiarity(sheet)
    unsure = pack_leaf(np.eye(CHOICES)[1] / 2)
    nodes = np.where(table.right == 0, unsure, table.nodes).astype(np.uint16)
    strange = CopyingDecoder({cell: replace(table, nodes=nodes)}).familiarity(sheet)
    assert strange == pytest.approx(0.5, abs=0.05)
    assert known > 0.8
    assert CopyingDecoder({}).familiarity(sheet) == 0
