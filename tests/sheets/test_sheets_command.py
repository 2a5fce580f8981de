"""`python -m rwae.sheets complete`: files, exit status and one line."""

import json
from pathlib import Path

import numpy as np
import pytest

from rwae.files import video
from rwae.files.sheet_layout import ROWS, join_cells
from rwae.sheets import read_sheet
from rwae.sheets.__main__ import main

CELLS = sum(row.action.columns for row in ROWS)


@pytest.fixture
def walk(tmp_path: Path) -> Path:
    """The four rows of walking."""
    return save(tmp_path / "walk.png", rows=4)


def save(path: Path, rows: int) -> Path:
    """Writes rows of nine cells in a few colours, whose middle is opaque."""
    cells = np.zeros((rows, 9, 64, 64, 4), np.uint8)
    colours = np.random.default_rng(0).integers(0, 256, (rows, 9, 8, 6, 3), np.uint8)
    cells[..., 16:48, 20:44, :3] = colours.repeat(4, 2).repeat(4, 3)
    cells[..., 16:48, 20:44, 3] = 255
    path.write_bytes(video.encode_image(join_cells(cells), "png"))
    return path


def test_a_sheet_is_completed_and_reported(
    walk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, report = tmp_path / "whole.png", tmp_path / "report.json"
    assert main(["complete", str(walk), "--out", str(out), "--report", str(report)]) == 0
    given, whole = read_sheet(walk), read_sheet(out)
    assert np.array_equal(whole.cells[given.given], given.cells[given.given])
    assert json.loads(report.read_text())["drawn"] == CELLS - 36
    printed = capsys.readouterr().out
    assert printed.startswith(f"{out}: {CELLS - 36} cells drawn")
    assert printed.count("\n") == 1


def test_one_row_alone_is_drawn_and_a_single_row_is_named(tmp_path: Path) -> None:
    single, out = save(tmp_path / "row.png", rows=1), tmp_path / "some.png"
    words = ["--row", "slash, left", "--single-row", "walk, left"]
    assert main(["complete", str(single), "--out", str(out), *words]) == 0
    given = {row.key for row in ROWS if read_sheet(out).given[row.number].any()}
    assert given == {"walk, left", "slash, left"}


def test_a_mistake_ends_with_2_and_a_sentence(
    walk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "some.png"
    assert main(["complete", str(walk), "--out", str(out), "--row", "fly, left"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not out.exists()


def test_what_is_no_sheet_or_cannot_be_written_ends_with_2(walk: Path, tmp_path: Path) -> None:
    (tmp_path / "no.png").write_bytes(b"no picture")
    assert main(["complete", str(tmp_path / "no.png"), "--out", str(tmp_path / "a.png")]) == 2
    assert main(["complete", str(tmp_path / "gone.png"), "--out", str(tmp_path / "a.png")]) == 2
    assert main(["complete", str(walk), "--out", str(walk / "a.png")]) == 2
