"""The benchmark of the page: that it drives all three pages, and tells right from wrong."""

from pathlib import Path

import numpy as np
import pytest
from serving import browser_path, small_checkpoint

from rwae.benchmark.live import __main__ as command
from rwae.benchmark.live.contenders import CONTENDERS

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")


def test_every_page_shows_the_last_value_and_ours_leaves_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    browser_path()
    monkeypatch.setattr(command, "SECONDS", 0.5)
    monkeypatch.setattr(command, "MOVES", (2.0, -2.0))
    model = small_checkpoint(tmp_path / "model")
    assert command.main([str(model), "--rounds", "2", "--device", "cpu", "--markdown"]) == 0
    rows = {
        cells[0]: cells[1:]
        for line in capsys.readouterr().out.splitlines()
        if (cells := [cell.strip() for cell in line.split("|")[1:-1]])
    }
    assert rows["last picture right"] == ["2 of 2"] * len(CONTENDERS)
    assert float(rows["pictures a second"][0]) > 0
    assert all(
        0 < float(time.removesuffix(" ms")) < 60_000 for time in rows["until all frames are"]
    )
    assert 0 < float(rows["page opened, clip shown"][0].removesuffix(" ms")) < 60_000
    ours, usual, floor = map(int, rows["files left a visit"])
    assert ours == floor == 0
    assert usual > 0, "the usual way writes a video for every move"


def test_another_picture_is_not_right() -> None:
    ours, usual, _ = CONTENDERS
    shown = np.full((8, 8, 3), 100, np.uint8)
    assert command.is_right(ours, shown, shown + 1)
    assert not command.is_right(ours, shown, shown + 2)
    assert command.is_right(usual, shown, shown + 9)
    assert not command.is_right(usual, shown, shown + 40)
