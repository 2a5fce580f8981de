"""Completing sheets with the shipped decoder: what stays, what is drawn, and how sure it is."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from rwae.data import lpc
from rwae.errors import CheckpointError, ClipError
from rwae.evaluation import guesses
from rwae.evaluation import sheets as evaluation
from rwae.files.checkpoint import weights_digest
from rwae.files.sheet_layout import ROWS, join_cells, pack_pixels
from rwae.sheets import Sheet, complete, parse_sheet
from rwae.sheets.copying import load_decoder
from rwae.sheets.guess import (
    MODEL_FOLDER,
    Guesser,
    copy_nearest,
    load_walks,
    save_walks,
    shipped_guesser,
)
from rwae.sheets.sources import TARGETS

WALK = {row.direction: row.number for row in ROWS if row.action.name == "walk"}
SLASH = {row.direction: row.number for row in ROWS if row.action.name == "slash"}


def walking(*directions: str) -> Sheet:
    """Rows of walking in a few colours; a transparent pixel of each cell hides another colour."""
    draws = np.random.default_rng(0)
    cells = np.zeros((21, 13, 64, 64, 4), np.uint8)
    for direction in directions:
        blocks = draws.integers(0, 256, (9, 10, 6, 3), np.uint8)
        cells[WALK[direction], :9, 20:60, 20:44, :3] = blocks.repeat(4, 1).repeat(4, 2)
        cells[WALK[direction], :9, 20:60, 20:44, 3] = 255
        cells[WALK[direction], :9, 0, 0] = 9, 8, 7, 0
    return parse_sheet(join_cells(cells))


def colours(cells: np.ndarray) -> set[tuple[int, ...]]:
    return set(map(tuple, cells[cells[..., 3] > 0].tolist()))


def test_given_cells_stay_and_no_colour_is_new() -> None:
    sheet = walking("front", "left")
    done = complete(sheet, ["slash, front", "hurt, front"], guess=False)
    assert np.array_equal(done.sheet.cells[sheet.given], sheet.cells[sheet.given])
    assert colours(done.sheet.cells) <= colours(sheet.cells)
    assert done.made[SLASH["front"], :6].all()
    assert done.made[-1].sum() == 4, "the last two need the walk to the back as well"


def test_a_sheet_is_always_completed_in_the_same_way() -> None:
    first, second = (complete(walking("front"), ["slash, front"]) for _ in range(2))
    assert np.array_equal(first.sheet.cells, second.sheet.cells)
    assert np.array_equal(first.confidence, second.confidence)


def test_a_direction_without_any_cell_is_guessed_as_a_draft() -> None:
    sheet = walking("front", "left", "right")
    wanted = ["walk, back", "slash, back"]
    done = complete(sheet, wanted)
    for rows in (WALK, SLASH):
        columns = ROWS[rows["back"]].action.columns
        assert done.drafts[rows["back"], :columns].all()
        assert (done.sheet.cells[rows["back"], :columns, ..., 3] > 0).any((1, 2)).all()
    assert colours(done.sheet.cells) <= colours(sheet.cells)
    assert np.array_equal(complete(sheet, wanted).sheet.cells, done.sheet.cells)


def test_a_guessed_pixel_lies_near_in_another_direction() -> None:
    frame = torch.zeros(3, 64, 64)
    frame[:, 20:40, 20:40] = torch.tensor([0.9, 0.1, 0.1])[:, None, None]
    red, blue = (pack_pixels(np.array([[*rgb, 255]], np.uint8))[0] for rgb in
                 ((240, 0, 0), (0, 0, 240)))  # fmt: skip
    cells = np.zeros((1, 64, 64), np.uint32)
    cells[0, 20:40, 20:30], cells[0, 20:40, 30:40] = red, blue
    drawn = copy_nearest(frame, cells)
    assert (drawn[20:40, 20:36] == red).all(), "up to six pixels away"
    assert (drawn[20:40, 36:40] == blue).all(), "no red lies near"
    assert not drawn[:20].any()


def test_without_a_guess_a_direction_without_any_cell_stays_missing() -> None:
    done = complete(walking("front"), ["slash, back"], guess=False)
    assert not done.made.any()
    cells = done.report()["rows"]["slash, back"]
    assert {cell["status"] for cell in cells} == {"missing"}


def test_walks_are_kept_for_one_model(tmp_path: Path) -> None:
    guesser = shipped_guesser()
    assert isinstance(guesser, Guesser)
    assert guesser.walks.weights == weights_digest(MODEL_FOLDER)
    save_walks(tmp_path / "w.npz", guesser.walks)
    assert torch.equal(load_walks(tmp_path / "w.npz").walking, guesser.walks.walking)
    (tmp_path / "w.npz").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(CheckpointError, match="missing or damaged"):
        load_walks(tmp_path / "w.npz")


def test_left_is_drawn_from_right_as_a_draft() -> None:
    sheet = walking("right")
    done = complete(sheet, ["walk, left", "slash, left"])
    assert done.drafts[WALK["left"], :9].all()
    assert done.drafts[SLASH["left"], :6].all()
    mirrored = sheet.cells[WALK["right"], 3][:, ::-1]
    shown = mirrored[..., 3] > 0
    assert np.array_equal(done.sheet.cells[WALK["left"], 3][shown], mirrored[shown])


def test_a_corrected_cell_counts_as_given() -> None:
    sheet = complete(walking("front"), ["slash, front"]).sheet
    mine = np.full((64, 64, 4), 255, np.uint8)
    again = complete(sheet.with_cell(SLASH["front"], 2, mine), ["slash, front"])
    assert np.array_equal(again.sheet.cells[SLASH["front"], 2], mine)
    assert not again.made.any()


def test_an_unknown_row_is_told() -> None:
    with pytest.raises(ClipError, match="There is no row 'fly, front'"):
        complete(walking("front"), ["fly, front"])


def test_progress_grows_to_one_and_may_stop_the_work() -> None:
    told: list[float] = []
    complete(walking("front"), ["slash, front"], told.append)
    assert told == sorted(told)
    assert told[-1] == 1

    def stop(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        complete(walking("front"), ["slash, front"], stop)


def test_the_shipped_decoder_knows_every_cell_but_those_of_walking() -> None:
    assert set(load_decoder().tables) == set(TARGETS)


def test_characters_of_new_shapes_are_drawn_better_than_by_simple_programs(
    real_data: Callable[[str], Path],
) -> None:
    found = evaluation.measure(real_data("lpc"), "validation", 1, load_decoder(), neighbours=20)
    right = np.array([one.right.sum(1) / one.counted.sum(1) for one in found])
    standing, nearest, flow, ours, oracle = right.mean(0)
    assert max(standing, nearest) < flow < ours < oracle
    assert ours > 0.85
    assert all(one.outside == 0 for one in found)


def test_the_table_names_every_program(real_data: Callable[[str], Path]) -> None:
    found = evaluation.measure(real_data("lpc"), "combinations", 1, load_decoder(), neighbours=2)
    lines = evaluation.table(found).splitlines()
    assert [line.split("|")[1].strip() for line in lines[2:]] == list(evaluation.PROGRAMS)
    assert lpc.novelties("combinations") == ("nothing",)


def test_a_guess_is_nearer_than_another_direction(real_data: Callable[[str], Path]) -> None:
    wardrobe = lpc.Wardrobe(lpc.read_layers(real_data("lpc")))
    (character,) = lpc.draw_characters(wardrobe, "validation", 1)
    guesser = shipped_guesser()
    assert guesser is not None
    other, guess = guesses.measure(guesser, lpc.draw_sheet(character), ("left", "right"))
    assert (guess[:2] / guess[2] > other[:2] / other[2]).all()
