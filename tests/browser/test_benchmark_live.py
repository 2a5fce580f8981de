"""The benchmark of the page: it drives all three pages, and tells right from wrong."""

from pathlib import Path

import numpy as np
import pytest
from serving import browser_path, small_checkpoint

from rwae.benchmark.live import __main__ as command
from rwae.benchmark.live.__main__ import (
    LIVE_PAGES,
    LiveRecord,
    is_right,
    live_table,
    where_table,
)

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")


def test_every_page_shows_the_last_value_and_ours_leaves_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    browser_path()
    monkeypatch.setattr(command, "DRAG_SECONDS", 1.0)
    monkeypatch.setattr(command, "SLIDER_VALUES", (2.0, -2.0))
    model = small_checkpoint(tmp_path / "model")
    assert command.main([str(model), "--rounds", "1", "--device", "cpu", "--markdown"]) == 0
    rows = {
        cells[0]: cells[1:]
        for line in capsys.readouterr().out.splitlines()
        if (cells := [cell.strip() for cell in line.split("|")[1:-1]])
    }
    assert rows["last picture right"] == ["1 of 1"] * len(LIVE_PAGES)
    assert float(rows["pictures a second"][0].split()[0]) > 0
    assert all(0 < float(cell.split()[0]) < 60_000 for cell in rows["until all frames are"])
    assert 0 < float(rows["page opened, clip shown"][0].split()[0]) < 60_000
    ours, usual, raw = map(int, rows["files left a visit"])
    assert ours == raw == 0
    assert usual > 0, "gr.Video writes a file for every move"


def test_another_picture_is_not_right() -> None:
    ours, usual, _ = LIVE_PAGES
    shown = np.full((8, 8, 3), 100, np.uint8)
    assert is_right(ours, shown, shown + 1)
    assert not is_right(ours, shown, shown + 2)
    assert is_right(usual, shown, shown + 9)
    assert not is_right(usual, shown, shown + 40)


def test_the_table_shows_medians_with_quartiles() -> None:
    def record(times: list[float]) -> LiveRecord:
        return LiveRecord(times, times, times, times, [True] * 5, [0] * 5)

    ours, theirs = record([20.0, 10.0, 30.0, 20.0, 900.0]), record([40.0] * 5)
    rows = live_table([ours, theirs, theirs])
    cells = {row[0]: row[1] for row in rows}
    assert cells["a move until it is seen"] == "20 ms (20 to 30)"
    assert cells["pictures a second"] == "20 (20 to 30)"
    assert rows[3][2] == "0.50 (0.50 to 0.75)"


def test_where_a_clip_is_decoded_is_compared_on_each_line() -> None:
    server = LiveRecord([], [120.0], [200.0], [20.0], [True], [0], [31])
    browser = LiveRecord([], [20.0], [50.0], [40.0], [True], [0], [0])
    rows = {row[0]: row[1:] for row in where_table({"far": (server, browser)})}
    assert rows["far: a move until it is seen"][0] == "120 ms (120 to 120)"
    assert rows["far: a move until it is seen"][2].startswith("0.17")
    assert rows["far: pictures a second"][2].startswith("2.00")
    assert rows["far: requests in a drag, at most"][:2] == ["31", "0"]


@pytest.mark.slow
def test_on_a_slow_line_a_clip_moves_long_before_the_page_can_be_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    browser_path()
    model = small_checkpoint(tmp_path / "model")
    assert command.main([str(model), "--rounds", "1", "--device", "cpu", "--slow"]) == 0
    rows = capsys.readouterr().out.splitlines()[-4:]
    moves, ready = (float(row.split(" s ")[0].split()[-1]) for row in rows[:2])
    assert moves < 6
    assert moves < ready
    assert int(rows[2].split()[-1]) < 50, "requests, most of which are Gradio's own"


@pytest.mark.slow
def test_a_page_that_is_one_file_is_measured_without_a_network(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    browser_path()
    monkeypatch.setattr(command, "DRAG_SECONDS", 0.5)
    monkeypatch.setattr(command, "SLIDER_VALUES", (2.0, -2.0))
    model = small_checkpoint(tmp_path / "model")
    assert command.main([str(model), "--rounds", "1", "--device", "cpu", "--file"]) == 0
    out = capsys.readouterr().out
    assert "1 of 1" in out
    assert "decoder ready" in out
