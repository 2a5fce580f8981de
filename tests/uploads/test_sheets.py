"""Sprite sheets that someone brings: whole, one action, or a single row."""

import numpy as np
import pytest
from known import known_clip, sprites_model
from sheets_of_clips import sheet, transparent

from rwae import RWAE
from rwae.errors import ClipError
from rwae.files import filmstrip
from rwae.files.sheet_layout import ROWS, join_cells
from rwae.files.video import Footage
from rwae.uploads import sheets
from rwae.uploads.choices import Choices
from rwae.uploads.prepare import prepare


def frames_of(prepared: object) -> np.ndarray:
    return filmstrip.to_bytes(prepared.x[None])[0]


def test_a_whole_sheet_plays_the_walk_to_the_front_and_any_row_that_is_chosen() -> None:
    picture = sheet("slash, left", "walk, front", "shoot, back")
    prepared = prepare(picture, sprites_model())
    assert prepared.row == "walk, front"
    assert np.array_equal(frames_of(prepared), known_clip(1))
    assert [step.key for step in prepared.steps] == ["row"]
    found = {row.key: row for row in prepared.rows}
    assert set(found) == {"slash, left", "walk, front", "shoot, back"}
    assert [row.trained for row in prepared.rows] == [True, True, False]
    assert found["shoot, back"].x is None
    assert found["slash, left"].x.shape == prepared.x.shape
    other = prepare(picture, sprites_model(), Choices(row="shoot, back"))
    assert other.row == "shoot, back"
    assert not np.array_equal(frames_of(other), frames_of(prepared))


def test_without_a_walk_the_first_row_that_the_model_learned_from_is_played() -> None:
    assert prepare(sheet("thrust, back", "slash, right"), sprites_model()).row == "slash, right"
    assert prepare(sheet("thrust, back", "shoot, left"), sprites_model()).row == "thrust, back"


def test_another_model_plays_rows_that_it_did_not_learn_from(tiny: RWAE) -> None:
    prepared = prepare(sheet("walk, front"), tiny)
    assert prepared.x.shape == (4, 3, 32, 32)
    assert [row.trained for row in prepared.rows] == [False]


def test_four_rows_are_one_action() -> None:
    cells = np.zeros((4, 9, 64, 64, 4), np.uint8)
    cells[:] = transparent(known_clip(0))[[0, 1, 2, 3, 4, 5, 6, 7, 0]]
    rows = sheets.find_rows(join_cells(cells))
    ways = ("back", "left", "front", "right")
    assert [row.key for row in rows] == [f"walk, {way}" for way in ways]
    assert [row.in_benchmark for row in rows] == [False, True, True, True]


@pytest.mark.parametrize(("count", "action"), [(9, "walk"), (7, "spellcast"), (6, "slash")])
@pytest.mark.parametrize("columns", [None, 13])
def test_a_single_row_is_known_by_the_number_of_its_cells(
    count: int, action: str, columns: int | None
) -> None:
    cells = np.zeros((columns or count, 64, 64, 4), np.uint8)
    cells[:count] = transparent(known_clip(0))[np.arange(count) % 8]
    rows = sheets.find_single_row(cells)
    assert [row.key for row in rows] == [action, sheets.ALL_CELLS]
    played = next(row.action.played for row in ROWS if row.action.name == action)
    assert np.array_equal(rows[0].frames, cells[list(played)])
    assert np.array_equal(rows[1].frames, cells[:count])


def test_a_single_row_can_be_played_as_it_is() -> None:
    cells = transparent(known_clip(0))[[3, 1, 2, 3, 4, 5, 6, 7, 0]]
    footage = Footage(cells, np.arange(9), 9, 64, 64, cells[:1, ..., :3], is_strip=True)
    prepared = prepare(footage, sprites_model())
    assert prepared.row == "walk"
    assert np.array_equal(frames_of(prepared), known_clip(0))
    asis = prepare(footage, sprites_model(), Choices(row=sheets.ALL_CELLS))
    assert np.array_equal(frames_of(asis)[0], known_clip(0)[3])


def test_a_strip_of_as_many_frames_as_the_model_has_is_played_in_order() -> None:
    cells = transparent(known_clip(0))
    footage = Footage(cells, np.arange(8), 8, 64, 64, cells[:1, ..., :3], is_strip=True)
    prepared = prepare(footage, sprites_model())
    assert prepared.rows is None
    assert np.array_equal(frames_of(prepared), known_clip(0))


@pytest.mark.parametrize("size", [(128, 832), (1344, 833), (1345, 832)])
def test_a_picture_that_is_no_sheet_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(ClipError):
        sheets.find_rows(np.full((*size, 4), 255, np.uint8))


def test_an_empty_sheet_and_a_row_that_is_not_there_are_refused() -> None:
    with pytest.raises(ClipError):
        prepare(np.zeros((1344, 832, 4), np.uint8), sprites_model())
    with pytest.raises(ClipError, match="walk, front"):
        prepare(sheet("walk, front"), sprites_model(), Choices(row="slash, left"))
