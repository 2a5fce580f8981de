"""The Sheet tab on the server: sheets that are read, completed as a job, and saved."""

import base64
import io
import json
import time
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from conftest import Form

from rwae.editing.studio import Studio
from rwae.errors import RWAEError
from rwae.files import installation, video
from rwae.files.sheet_layout import ROWS, join_cells
from rwae.ui import completing, jobs
from rwae.ui.api import Api
from rwae.ui.endpoints import page_functions
from rwae.ui.loaded_models import LoadedModels

Served = dict[str, Callable[[Any], dict[str, Any]]]
WALK = [row for row in ROWS if row.action.name == "walk"]
CELLS = sum(row.action.columns for row in ROWS)


@pytest.fixture
def picture() -> np.ndarray:
    """Four rows of walking, and one below the 21 rows; transparent pixels have colours, too."""
    draws = np.random.default_rng(0)
    cells = np.zeros((23, 13, 64, 64, 4), np.uint8)
    cells[..., ::4, ::4, :3] = draws.integers(0, 256, (23, 13, 16, 16, 3))
    for row in ROWS:
        cells[row.number, row.action.columns :] = 0
    for row in WALK:
        cells[row.number, : row.action.columns, 16:48, 20:44, 3] = 255
    cells[22, :2, 10:20, 10:20, 3] = 128
    return join_cells(cells)


def png(pixels: np.ndarray) -> bytes:
    return video.encode_image(pixels, "png")


def form(content: bytes, **request: Any) -> Form:
    return Form([("a file", content)], {"request": json.dumps(request)} if request else {})


def unpacked(text: str) -> np.ndarray:
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), np.uint8).reshape(-1, 832, 4)


def packed(pixels: np.ndarray) -> bytes:
    return zlib.compress(pixels.tobytes())


def content(answer: dict[str, Any]) -> bytes:
    return base64.b64decode(answer["data"].partition(",")[2])


def finish(server: Served, job: str) -> dict[str, Any]:
    for _ in range(2400):
        state = server["complete_state"]({"job": job})
        if state.get("done") or state.get("error"):
            return state
        time.sleep(0.05)
    raise AssertionError("the job does not end")


def test_a_layer_is_completed_where_its_body_is(server: Served, picture: np.ndarray) -> None:
    slash = np.s_[14 * 64 : 15 * 64, :64]
    body = picture.copy()
    body[slash] = picture[10 * 64 : 11 * 64, :64]
    layer = picture.copy()
    layer[: 21 * 64, :, 3][np.arange(21 * 64) % 64 >= 24] = 0

    def started(*pictures: np.ndarray) -> str:
        files = [("a file", packed(one)) for one in pictures]
        return server["complete_start"](Form(files, {"request": '{"rows": null}'}))["job"]

    state = finish(server, started(layer, body))
    assert state["report"]["drawn"] == 1
    assert unpacked(state["pixels"])[slash][16:24, 24:40, 3].all()
    assert "more rows" in finish(server, started(layer, layer))["error"]
    nothing = Form([], {"request": '{"rows": null}'})
    assert "No file" in server["complete_start"](nothing)["error"]


def test_a_sheet_is_opened_completed_and_saved_with_the_given_bytes(
    server: Served, picture: np.ndarray
) -> None:
    opened = server["open_sheet"](form(png(picture)))
    assert opened["below"] == ["idle"]
    assert opened["row"] is None
    pixels = unpacked(opened["pixels"])
    assert np.array_equal(pixels, picture)

    job = server["complete_start"](form(packed(pixels), rows=None))["job"]
    state = finish(server, job)
    whole = unpacked(state["pixels"])
    opaque = np.zeros_like(picture[..., 3], bool)
    for row in WALK:
        opaque[row.number * 64 : row.number * 64 + 64, : row.action.columns * 64] = True
    opaque[21 * 64 :] = True
    assert np.array_equal(whole[opaque], picture[opaque])
    report = state["report"]
    assert report["drawn"] == CELLS - 36
    confidence = zlib.decompress(base64.b64decode(state["confidence"]))
    sure = np.frombuffer(confidence, np.uint8).reshape(21, 13, 64, 64)
    assert (sure[8:12, :9] == 255).all(), "what is given"
    assert not sure[8:12, 9:].any()
    assert {cell["status"] for cell in report["rows"]["walk, left"]} == {"given"}

    saved = {
        kind: content(server["save_sheet"](form(packed(whole), kind=kind, fps=8, drawn=[0, 260])))
        for kind in completing.KINDS
    }
    assert np.array_equal(video.read_picture(saved["sheet"]), whole)
    with zipfile.ZipFile(io.BytesIO(saved["frames"])) as frames:
        assert len(frames.namelist()) == CELLS
        first = video.read_picture(frames.read("walk-back/frame-01.png"))
        assert np.array_equal(first, picture[8 * 64 : 9 * 64, :64])
    with zipfile.ZipFile(io.BytesIO(saved["engine"])) as engine:
        data = json.loads(engine.read("sheet.json"))
        assert engine.read("CREDITS.txt") == saved["credits"]
    assert len(data["meta"]["frameTags"]) == len(ROWS)
    assert len(data["frames"]) == CELLS - len(WALK), "standing is not played"
    assert data["meta"]["size"] == {"w": 832, "h": 23 * 64}
    assert b"spellcast, back: 1" in saved["credits"]
    assert b"hurt, front: 1" in saved["credits"]
    assert b"Authors:" in saved["credits"]


def test_only_the_wanted_rows_are_drawn(server: Served, picture: np.ndarray) -> None:
    start = form(packed(picture), rows=["slash, left", "hurt, front"])
    report = finish(server, server["complete_start"](start)["job"])["report"]
    assert report["drawn"] == 12
    assert report["rows"]["thrust, left"][0]["status"] == "missing"


def test_a_job_says_how_far_it_is_and_stops_when_asked(
    server: Served, picture: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(_sheet: Any, _rows: Any, progress: Callable[[float], None]) -> None:
        while True:
            progress(0.25)
            time.sleep(0.02)

    monkeypatch.setattr(completing, "complete", slowly)
    job = server["complete_start"](form(packed(picture), rows=None))["job"]
    while server["complete_state"]({"job": job})["part"] != 0.25:
        time.sleep(0.02)
    assert server["complete_cancel"]({"job": job}) == {}
    state = finish(server, job)
    assert state["cancelled"]
    assert "pixels" not in state


def test_a_long_queue_is_refused(
    server: Served, picture: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "MAX_WAITING", 0)
    assert "try again" in server["complete_start"](form(packed(picture), rows=None))["error"]


def test_a_single_row_says_which_one_it_was_taken_for(server: Served, picture: np.ndarray) -> None:
    row = png(picture[8 * 64 : 9 * 64, : 6 * 64])
    assert server["open_sheet"](form(row))["row"] == "slash, front"
    opened = server["open_sheet"](form(row, row="walk, left"))
    assert opened["row"] == "walk, left"
    left = unpacked(opened["pixels"])[9 * 64 : 10 * 64, : 6 * 64]
    assert np.array_equal(left, picture[8 * 64 : 9 * 64, : 6 * 64])


def test_a_cell_is_read_exactly(server: Served, picture: np.ndarray) -> None:
    cell = picture[8 * 64 : 9 * 64, :64]
    data = base64.b64decode(server["open_cell"](form(png(cell)))["pixels"])
    assert zlib.decompress(data) == cell.tobytes()
    assert "64 x 64" in server["open_cell"](form(png(picture)))["error"]


def test_what_is_no_sheet_is_refused_with_a_sentence(server: Served, picture: np.ndarray) -> None:
    opaque = picture | np.array([0, 0, 0, 255], np.uint8)
    photograph = cv2.imencode(".jpg", np.zeros((600, 800, 3), np.uint8))[1].tobytes()
    film = video.encode_gif(np.stack([opaque[:64, :64, :3], opaque[64:128, :64, :3]]))
    files = {
        "damaged": png(picture)[:-200],
        "800 x 600": photograph,
        "832 x 1280": png(picture[: 20 * 64]),
        "empty": png(picture * np.array([1, 1, 1, 0], np.uint8)),
        "no transparent": png(opaque),
        "no still picture": film,
    }
    for word, data in files.items():
        answer = server["open_sheet"](form(data))
        assert word in answer["error"]
        assert answer["error"].endswith(".")


@pytest.mark.parametrize("data", [b"", b"x", zlib.compress(b"\0" * 100), zlib.compress(b"")[:-1]])
def test_damaged_pixels_are_refused(server: Served, data: bytes) -> None:
    for name in ("complete_start", "save_sheet"):
        answer = server[name](form(data, rows=None, kind="sheet", fps=8, drawn=[]))
        assert "open the sheet once more" in answer["error"]


@pytest.mark.parametrize(
    "request_", [{}, {"rows": 3}, {"rows": ["fly"]}, {"rows": [[]]}, {"rows": ["x" * 99]}]
)
def test_rows_that_are_none_are_refused(
    server: Served, picture: np.ndarray, request_: dict[str, Any]
) -> None:
    answer = server["complete_start"](form(packed(picture), **request_))
    if "job" in answer:
        answer = finish(server, answer["job"])
    assert answer["error"].endswith(".")


def test_a_model_of_sheets_draws_an_example() -> None:
    studio = Studio.load(installation.checkpoints() / "sprites")
    server = {one.__name__: one for one in page_functions(LoadedModels([studio]))}
    opened = server["example_sheet"]({"number": 3})
    cells = unpacked(opened["pixels"]).reshape(21, 64, 13, 64, 4).swapaxes(1, 2)
    assert cells[10, :9, ..., 3].any((1, 2)).all(), "it walks to the front"
    assert not cells[20].any()
    assert len(np.unique(cells.reshape(-1, 4), axis=0)) < 40, "few colours, as art has"
    request = {"kind": "credits", "fps": 8, "drawn": [], "example": True}
    given = zlib.decompress(base64.b64decode(opened["pixels"]))
    saved = content(server["save_sheet"](form(zlib.compress(given), **request))).decode()
    assert studio.card.title in saved
    assert "Authors:" not in saved


def test_without_such_a_model_there_is_no_example(server: Served) -> None:
    assert "open a sheet of yours" in server["example_sheet"]({"number": 0})["error"]


def test_a_program_completes_a_sheet(studio: Studio, picture: np.ndarray) -> None:
    api = Api(LoadedModels([studio]))
    text = base64.b64encode(png(picture)).decode()
    answer = api.complete_sheet(text, rows=["slash, back"])
    assert answer["report"]["drawn"] == 6
    whole = video.read_picture(base64.b64decode(answer["sheet"].partition(",")[2]))
    assert np.array_equal(whole[8 * 64 : 12 * 64], picture[8 * 64 : 12 * 64])
    for file, rows in (("AAAA", None), (text, ["fly"]), (text, "all")):
        with pytest.raises(RWAEError):
            api.complete_sheet(file, rows=rows)
