"""A sheet that someone brings: which rows and cells it has, and what of it is kept."""

from pathlib import Path

import numpy as np
import pytest

from rwae.errors import ClipError
from rwae.files import video
from rwae.files.sheet_layout import ROWS, join_cells
from rwae.sheets import parse_sheet, read_sheet

KEYS = {row.key: row for row in ROWS}


def cells(rows: int, columns: int) -> np.ndarray:
    """Any RGBA cells (rows, columns, 64, 64, 4), opaque in the middle, with colours all over."""
    pixels = np.random.default_rng(rows).integers(0, 256, (rows, columns, 64, 64, 4), np.uint8)
    pixels[..., 3] = 0
    pixels[..., 16:48, 16:48, 3] = 255
    return pixels


def test_every_byte_of_a_whole_sheet_is_kept(tmp_path: Path) -> None:
    """Also what transparent pixels hide, what the layout has no cell for, and what is below."""
    picture = join_cells(cells(24, 13))
    (tmp_path / "sheet.png").write_bytes(video.encode_image(picture, "png"))
    sheet = read_sheet(tmp_path / "sheet.png")
    assert np.array_equal(sheet.picture, picture)
    assert sheet.given.sum() == sum(row.action.columns for row in ROWS)
    assert sheet.rows_below == ["climb", "idle"]


@pytest.mark.parametrize(
    ("count", "key", "expected"),
    [
        (9, None, "walk, front"),
        (13, None, "shoot, front"),
        (5, None, "walk, front"),
        (10, None, "shoot, front"),
        (6, "hurt, front", "hurt, front"),
        (6, "walk, left", "walk, left"),
    ],
)
def test_a_single_row_is_the_one_that_is_named_or_the_likeliest(
    count: int, key: str | None, expected: str
) -> None:
    row = cells(1, count)
    sheet = parse_sheet(join_cells(row), key)
    assert np.array_equal(sheet.cells[KEYS[expected].number, :count], row[0])
    assert sheet.given.sum() == count


@pytest.mark.parametrize("key", ["hurt, front", "walk, up"])
def test_a_row_that_has_no_room_is_refused(key: str) -> None:
    with pytest.raises(ClipError, match="9 cells"):
        parse_sheet(join_cells(cells(1, 9)), key)


def test_four_rows_are_the_action_with_so_many_cells() -> None:
    rows = cells(4, 7)
    sheet = parse_sheet(join_cells(rows))
    assert np.array_equal(sheet.cells[:4, :7], rows)
    with pytest.raises(ClipError, match="5 cells"):
        parse_sheet(join_cells(cells(4, 5)))


def test_what_is_no_sheet_is_refused() -> None:
    opaque = np.full((1344, 832, 4), 255, np.uint8)
    for picture, word in (
        (opaque, "no transparent"),
        (opaque * 0, "empty"),
        (opaque[:1000], "1000 pixels"),
        (opaque[:, :800], "800 x 1344"),
        (np.zeros((3456 + 4 * 192, 1536, 4), np.uint8), "larger cells.* Cut it to the 832 pixels"),
    ):
        with pytest.raises(ClipError, match=word):
            parse_sheet(picture)
