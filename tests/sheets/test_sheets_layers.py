"""A layer alone on its body, with the shipped decoder: what stays, what is drawn, and how."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rwae.errors import CheckpointError, ClipError
from rwae.evaluation import layers as evaluation
from rwae.files import video
from rwae.files.sheet_layout import join_cells
from rwae.sheets import Sheet, complete_layer, parse_body, parse_sheet, read_sheet
from rwae.sheets.__main__ import main
from rwae.sheets.copying import load_decoder
from rwae.sheets.layer_decoder import (
    LayerDecoder,
    choose,
    given_beside_walking,
    load_scorers,
    save_scorers,
)
from rwae.sheets.matching import BodyMatch, Box, box_sum, source_cells
from rwae.sheets.sources import Source, sources_of

WALK, SLASH, THRUST = 10, 14, 6  # rows to the front
SKIN = np.random.default_rng(3).integers(1, 200, (44, 24, 3), np.uint8)  # no two rows alike
HAT = np.random.default_rng(4).integers(1, 200, (5, 12, 3), np.uint8)
COLUMNS = 2  # that are drawn of other rows than the walk
MOVES = {WALK: (0, 0), SLASH: (2, -1), THRUST: (1, 2)}  # of the whole figure


def figure(pixels: np.ndarray, top: int, left: int, *rows: int) -> Sheet:
    """A sheet in which some pixels lie at one place, moved with each row."""
    cells = np.zeros((21, 13, 64, 64, 4), np.uint8)
    height, width = pixels.shape[:2]
    for row in rows:
        down, right = MOVES[row]
        place = cells[
            row, : 9 if row == WALK else COLUMNS, top + down :, left + right :
        ][..., :height, :width, :]  # fmt: skip
        place[..., :3], place[..., 3] = pixels, 255
    return parse_sheet(join_cells(cells))


def body(*rows: int, skin: np.ndarray = SKIN) -> Sheet:
    return figure(skin, 16, 20, *rows)


def hat(*rows: int) -> Sheet:
    return figure(HAT, 14, 26, *rows)


def test_a_hat_moves_with_the_body_and_stays_alone() -> None:
    done = complete_layer(hat(WALK), body(WALK, SLASH))
    assert done.made.sum() == COLUMNS
    drawn, true = done.sheet.cells[SLASH, :COLUMNS], hat(WALK, SLASH).cells[SLASH, :COLUMNS]
    shown = (drawn[..., 3] > 0) | (true[..., 3] > 0)
    assert (drawn == true).all(-1)[shown].mean() > 0.9
    given = hat(WALK)
    assert np.array_equal(done.sheet.cells[given.given], given.cells[given.given])
    colours = set(map(tuple, drawn[drawn[..., 3] > 0].tolist()))
    assert colours <= {(*colour, 255) for colour in HAT.reshape(-1, 3).tolist()}
    assert done.report()["drawn"] == COLUMNS


def test_a_hat_taller_than_all_known_ones_is_whole() -> None:
    """Its top is where no known figure shows a pixel, so no place of the decoder lies there."""
    tall = np.random.default_rng(5).integers(1, 200, (14, 12, 3), np.uint8)
    top = 5
    drawn = complete_layer(figure(tall, top, 26, WALK), body(WALK, SLASH)).sheet
    true = figure(tall, top, 26, WALK, SLASH)
    known = load_decoder().tables[SLASH, 0].pixels
    beyond = true.cells[SLASH, 0, ..., 3] > 0
    beyond[known[:, 0], known[:, 1]] = False
    assert beyond.sum() > 10
    assert np.array_equal(drawn.cells[SLASH, 0][beyond], true.cells[SLASH, 0][beyond])


def test_any_recolour_of_the_body_gives_the_same_layer() -> None:
    """Also one whose colours the layer has."""
    known, order = np.unique(SKIN.reshape(-1, 3), axis=0, return_inverse=True)
    number = np.arange(len(known))
    palette = np.stack([number % 251 + 1, number // 251 + 201, number * 0], 1).astype(np.uint8)
    palette[: HAT[..., 0].size] = HAT.reshape(-1, 3)
    plain, other = (
        complete_layer(hat(WALK), body(WALK, SLASH, skin=skin)).sheet.cells
        for skin in (SKIN, palette[order].reshape(SKIN.shape))
    )
    assert np.array_equal(plain, other)


def test_other_given_rows_are_compared_as_well() -> None:
    there = np.zeros((21, 13), bool)
    there[[WALK, SLASH, THRUST], :6] = True
    found = given_beside_walking(there, THRUST, 0)
    assert {(one.row, one.column) for one in found} == {(SLASH, c) for c in range(6)} | {
        (THRUST, c) for c in range(1, 6)
    }
    done = complete_layer(hat(WALK, SLASH), body(WALK, SLASH, THRUST))
    assert done.made.sum() == COLUMNS


@pytest.mark.parametrize(
    ("below", "rows", "word"),
    [
        (body(SLASH), None, "walk, front"),
        (body(WALK), ["slash, front"], "does not cover the wanted row"),
        (body(WALK), None, "more rows"),
        (body(WALK), ["fly, front"], "There is no row"),
    ],
)
def test_a_body_that_lacks_cells_is_told(below: Sheet, rows: list[str] | None, word: str) -> None:
    with pytest.raises(ClipError, match=word) as told:
        complete_layer(hat(WALK), below, rows)
    assert str(told.value).count("\n") == 0


def test_a_body_of_another_size_is_told() -> None:
    with pytest.raises(ClipError, match=r"body cannot be used.* 800 x 600 pixels"):
        parse_body(np.zeros((600, 800, 4), np.uint8))


def test_the_command_takes_a_body(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {"hat.png": hat(WALK), "body.png": body(WALK, SLASH), "bare.png": body(WALK)}
    for name, sheet in files.items():
        (tmp_path / name).write_bytes(video.encode_image(sheet.picture, "png"))
    words = ["complete", str(tmp_path / "hat.png"), "--out", str(tmp_path / "whole.png"), "--body"]
    assert main([*words, str(tmp_path / "body.png")]) == 0
    assert capsys.readouterr().out.startswith(f"{tmp_path / 'whole.png'}: 2 cells drawn")
    assert read_sheet(tmp_path / "whole.png").given[SLASH, :COLUMNS].all()
    assert main([*words, str(tmp_path / "bare.png")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_agreement_is_counted_in_windows_and_moves_are_found() -> None:
    sheet = np.random.default_rng(0).integers(1, 9, (21, 13, 64, 64)).astype(np.uint32)
    sources = sources_of(SLASH, 0)[:2]
    sheet[SLASH, 0] = np.roll(sheet[sources[1].row, sources[1].column], (3, -4), (0, 1))
    match = BodyMatch(sheet[SLASH, 0], sources, source_cells(sheet, sources), Box(20, 20, 40, 44))
    pixels = np.array([[25, 30], [30, 27]])
    nearest = match.nearest(pixels, 2)
    assert nearest[:, 0].tolist() == [[1, -3, 4]] * 2
    shares = match.agreement(nearest, pixels)
    assert (shares[:, 0] == 1).all()
    source, down, right = nearest[0, 1].tolist()
    y, x = pixels[0]
    cell, target = sheet[sources[source].row, sources[source].column], sheet[SLASH, 0]
    window = np.s_[y - 3 : y + 4, x - 3 : x + 4]
    moved = cell[y + down - 3 : y + down + 4, x + right - 3 : x + right + 4]
    assert shares[0, 1, 2] == pytest.approx((moved == target[window]).mean())
    shown = np.zeros((2, 64, 64), bool)
    shown[1, 24:30, 30:38] = True
    assert match.rigid_shift(shown) == ((1, -3, 4), 1.0)


def test_a_source_is_compared_turned_and_moved() -> None:
    sheet = np.arange(21 * 13 * 64 * 64, dtype=np.uint32).reshape(21, 13, 64, 64)
    cells = source_cells(sheet, [Source(WALK, 0, turned=True)])
    assert cells[0, 0, 0] == sheet[WALK, 0, 63, 63]
    moved = source_cells(sheet, [Source(WALK, 0, down=20)])
    assert moved[0, 20, 0] == sheet[WALK, 0, 0, 0]
    assert box_sum(np.ones((1, 4, 4), np.uint8), 3)[0].tolist()[0] == [4, 6, 6, 4]


def test_the_layer_is_drawn_where_it_is_more_likely_than_not() -> None:
    choices = np.array([[5, 7, 7, 0], [5, 7, 7, 0]])
    colours = choose(choices, np.array([[0.4, 0.15, 0.2, 0.25], [0.2, 0.1, 0.1, 0.6]]))
    assert colours.tolist() == [5, 0]


def test_a_file_holds_both_networks(tmp_path: Path) -> None:
    scorers = load_scorers()
    save_scorers(tmp_path / "s.npz", scorers)
    features = np.random.default_rng(0).random((2, 3, len(scorers[0].weights[0])), np.float32)
    again = load_scorers(tmp_path / "s.npz")[0].probabilities(features)
    assert np.array_equal(again, scorers[0].probabilities(features))
    assert again.sum(1) == pytest.approx(1)
    (tmp_path / "s.npz").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(CheckpointError, match="missing or damaged"):
        load_scorers(tmp_path / "s.npz")


def test_layers_of_new_shapes_are_drawn_better_than_by_a_rigid_shift(
    real_data: Callable[[str], Path],
) -> None:
    decoder = LayerDecoder(load_decoder(), load_scorers())
    found = evaluation.measure(real_data("lpc"), "validation", decoder, step=96)
    hard = [one for one in found if one.hard]
    assert hard
    rigid, ours = np.sum([one.right for one in hard], 0)
    assert (ours > rigid).all()
    lines = evaluation.table(found).splitlines()
    assert lines[-1].split("|")[1].strip() in evaluation.GIVEN


def test_the_second_table_has_hard_cells_by_action() -> None:
    """A large and a small hard cell, of 100 and 10 pixels, and one that is not hard."""

    def cell(action: str, shifted: int, ours: int, size: int) -> evaluation.MeasuredCell:
        right, counted = np.array([[shifted] * 3, [ours] * 3]), np.full((2, 3), size)
        given = next(iter(evaluation.GIVEN))
        return evaluation.MeasuredCell("hair", "long", action, given, right, counted, 0.1)

    found = [cell("hurt", 50, 60, 100), cell("thrust", 5, 10, 10), cell("thrust", 10, 0, 10)]
    rows = [line.split("|")[2:-1] for line in evaluation.by_action(found).splitlines()[2:]]
    assert [[value.strip() for value in row] for row in rows] == [
        ["hurt", "1", *["50.0"] * 3, *["60.0"] * 3, *["60.0"] * 3],
        ["thrust", "1", *["50.0"] * 3, *["100.0"] * 3, *["100.0"] * 3],
        ["all", "2", *["50.0"] * 3, *["63.6"] * 3, *["80.0"] * 3],
    ]
