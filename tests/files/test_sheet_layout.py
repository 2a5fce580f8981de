"""The layout of sprite sheets: rows, cells, and the frames of a clip."""

import numpy as np

from rwae.files.sheet_layout import (
    ACTIONS,
    BENCHMARK_ROWS,
    CLIP_FRAMES,
    ROWS,
    SHEET_COLUMNS,
    SHEET_ROWS,
    SHEET_SIZE,
    join_cells,
    split_cells,
)


def test_the_rows_of_all_actions_fill_the_sheet_in_order() -> None:
    assert [row.number for row in ROWS] == list(range(SHEET_ROWS))
    assert len({row.key for row in ROWS}) == SHEET_ROWS
    assert sum(row.action.columns for row in ROWS) == 178


def test_a_clip_plays_cells_that_its_row_has() -> None:
    for action in ACTIONS:
        assert len(action.played) == CLIP_FRAMES
        assert 0 <= min(action.played) <= max(action.played) < action.columns <= SHEET_COLUMNS


def test_the_benchmark_has_three_actions_in_three_directions() -> None:
    assert len(BENCHMARK_ROWS) == 9
    assert BENCHMARK_ROWS["spellcard, right"].key == "spellcast, right"


def test_a_cell_lies_where_its_row_and_column_say() -> None:
    width, height = SHEET_SIZE
    sheet = np.arange(height * width, dtype=np.int64).reshape(height, width, 1)
    cells = split_cells(sheet)
    assert cells.shape == (SHEET_ROWS, SHEET_COLUMNS, 64, 64, 1)
    assert np.array_equal(cells[9, 2], sheet[9 * 64 : 10 * 64, 2 * 64 : 3 * 64])
    assert np.array_equal(join_cells(cells), sheet)
