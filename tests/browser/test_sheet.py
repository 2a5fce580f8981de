"""The Sheet tab in a real browser, on a desktop and on a phone, with a shipped model."""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import ROOT
from serving import running
from visiting import DROP, Visit, playwright, visiting

from rwae.files import video
from rwae.files.sheet_layout import ROWS, join_cells

TAB = ".rw-sprites"
CELLS = sum(row.action.columns for row in ROWS)
GIVEN = 66  # cells of nine rows, which the model draws
# What a finger would miss: controls that are less than 44 pixels high.
SMALL_CONTROLS = """tab => [...document.querySelectorAll(`${tab} button, ${tab} select`)]
    .filter(node => node.checkVisibility() && node.getBoundingClientRect().height < 43.5)
    .map(node => node.outerHTML.slice(0, 90))"""
OWN = np.random.default_rng(0).integers(0, 256, (64, 64, 4), np.uint8)
REST = 1500  # ms after which a page has kept its sheet
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    cache = tmp_path_factory.mktemp("cache")
    with running([ROOT / "checkpoints" / "sprites"], cache) as app, visiting(app) as visit:
        visit.page.goto(f"{visit.address}#sheet")
        part(visit, "example").wait_for()
        yield visit


def part(visit: Visit, name: str) -> "playwright.Locator":
    return visit.page.locator(f"{TAB} [data-part={name}]")


def drop(visit: Visit, name: str, content: bytes) -> None:
    visit.page.evaluate(DROP, [TAB, name, list(content)])


def cell(visit: Visit, row: str, number: int) -> "playwright.Locator":
    """The button of a cell, counted from 1."""
    return visit.page.locator(f"{TAB} button[aria-label^='{row}, cell {number}:']")


def status(visit: Visit, row: str, number: int) -> str | None:
    return cell(visit, row, number).get_attribute("data-status")


def count(visit: Visit, *states: str) -> int:
    found = ", ".join(f"{TAB} button[data-status={state}]" for state in states)
    return visit.page.locator(found).count()


def complete_all(visit: Visit) -> None:
    part(visit, "all").click()
    visit.page.wait_for_selector(f"{TAB} [data-part=offer]:visible [data-part=all]:disabled")


def survives_a_reload(visit: Visit) -> None:
    """Also what was drawn and corrected, and a correction can be taken back."""

    def states() -> list[str | None]:
        nodes = visit.page.locator(f"{TAB} button[data-status]")
        found: list[str | None] = nodes.evaluate_all("all => all.map(one => one.dataset.status)")
        return found

    before = states()
    visit.page.wait_for_function("sessionStorage.getItem('rw-sheet').includes('corrected')")
    visit.page.wait_for_timeout(REST)
    visit.page.once("dialog", lambda dialog: dialog.accept())
    visit.page.reload()
    visit.until(lambda: states() == before)
    cell(visit, "thrust, front", 4).click()
    part(visit, "celltools").locator("[data-part=back]").click()
    assert status(visit, "thrust, front", 4) != "corrected"
    files = [{"name": "own.png", "mimeType": "image/png", "buffer": png(OWN)}]
    part(visit, "cellfile").set_input_files(files)
    visit.until(lambda: states() == before)
    complete_all(visit)
    assert states() == before


def save(visit: Visit, kind: str) -> bytes:
    with visit.page.expect_download() as coming:
        visit.page.locator(f"{TAB} [data-kind={kind}]").click()
    return Path(coming.value.path()).read_bytes()


def in_width(visit: Visit) -> bool:
    width = visit.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    return bool(width[0] <= width[1])


def png(pixels: np.ndarray) -> bytes:
    return video.encode_image(pixels, "png")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_sheet_is_opened_completed_corrected_and_saved(
    visit: Visit, size: dict[str, int]
) -> None:
    page = visit.page
    page.set_viewport_size(size)
    part(visit, "example").click()
    visit.until(lambda: count(visit, "given") == GIVEN)
    assert in_width(visit)
    before = visit.pixels(f"{TAB} [data-part=player]")
    visit.until(lambda: bool((visit.pixels(f"{TAB} [data-part=player]") != before).any()))
    given = video.read_picture(save(visit, "sheet"))

    # One row, and then all.
    page.get_by_role("button", name="Play thrust, front").click()
    part(visit, "one").click()
    visit.until(lambda: count(visit, "drawn", "draft") == 8)
    complete_all(visit)
    drawn = count(visit, "drawn", "draft")
    assert drawn + count(visit, "missing") == CELLS - GIVEN
    assert drawn >= 63, "all but the back, of which nothing is given, and hurt, which turns"
    playwright.expect(part(visit, "summary")).to_contain_text(f"{drawn} cells drawn")

    # What was drawn can be hidden again.
    page.locator(f"{TAB} [data-shown=given]").click()
    assert count(visit, "missing") == CELLS - GIVEN
    page.locator(f"{TAB} [data-shown=whole]").click()

    # A cell is painted over, and counts as given.
    cell(visit, "thrust, front", 2).click()
    part(visit, "paint").click()
    box = page.locator(".rw-painter [data-part=canvas]").bounding_box()
    page.locator(".rw-painter-swatch").nth(1).click()
    page.mouse.click(box["x"] + 2, box["y"] + 2)
    page.locator(".rw-painter [data-part=use]").click()
    assert status(visit, "thrust, front", 2) == "corrected"
    # Another is taken away, and a third is a file.
    cell(visit, "thrust, front", 3).click()
    part(visit, "clear").click()
    assert status(visit, "thrust, front", 3) == "missing"
    cell(visit, "thrust, front", 4).click()
    files = [{"name": "own.png", "mimeType": "image/png", "buffer": png(OWN)}]
    part(visit, "cellfile").set_input_files(files)
    visit.until(lambda: status(visit, "thrust, front", 4) == "corrected")
    complete_all(visit)
    visit.until(lambda: status(visit, "thrust, front", 3) in ("drawn", "draft"))
    assert count(visit, "corrected") == 2
    assert in_width(visit)
    if size == DESKTOP:
        survives_a_reload(visit)
    if size == PHONE:
        assert visit.page.evaluate(SMALL_CONTROLS, TAB) == []

    whole = video.read_picture(save(visit, "sheet"))
    there = given[..., 3] > 0
    assert np.array_equal(whole[there], given[there])
    assert np.array_equal(whole[6 * 64 : 7 * 64, 3 * 64 : 4 * 64], OWN)
    painted = whole[6 * 64, 64]
    assert painted[3] == 255
    with zipfile.ZipFile(io.BytesIO(save(visit, "engine"))) as engine:
        tags = json.loads(engine.read("sheet.json"))["meta"]["frameTags"]
        assert "thrust-front" in [tag["name"] for tag in tags]
        assert b"thrust, front: 1, 3, 5, 6, 7, 8" in engine.read("CREDITS.txt")


def test_a_sheet_of_ones_own_keeps_what_is_below_and_a_row_is_named(visit: Visit) -> None:
    visit.page.set_viewport_size(DESKTOP)
    cells = np.zeros((25, 13, 64, 64, 4), np.uint8)
    cells[8:12, :9, 16:48, 20:44] = (200, 120, 40, 255)
    cells[22:25, :2, 16:48, 20:44] = (1, 2, 3, 255)
    drop(visit, "hero.png", png(join_cells(cells)))
    playwright.expect(part(visit, "below")).to_contain_text("idle")
    assert count(visit, "given") == 36

    # Its body comes beside it: it plays below, and says which cells there are to draw.
    body = cells.copy()
    body[8:12, :9, 48:56, 20:44] = (90, 60, 200, 255)
    body[14, :1] = body[10, :1]
    place = f"{TAB} [data-part=bodyplace]"
    visit.page.evaluate(DROP, [place, "body.png", list(png(join_cells(body)))])
    playwright.expect(part(visit, "bodyname")).to_have_text("body.png")
    visit.page.get_by_role("button", name="Play walk, front").click()
    below = np.array([90, 60, 200])
    visit.until(lambda: bool((visit.pixels(f"{TAB} [data-part=player]") == below).all(-1).any()))
    part(visit, "all").click()
    visit.until(lambda: count(visit, "drawn", "draft") == 1)
    assert status(visit, "slash, front", 1) in ("drawn", "draft")
    part(visit, "dropbody").click()
    assert count(visit, "drawn", "draft") == 0
    drop(visit, "row.png", png(join_cells(cells[8:9, :6])))
    playwright.expect(part(visit, "singlerow")).to_have_value("slash, front")
    part(visit, "singlerow").select_option("walk, left")
    visit.until(lambda: status(visit, "walk, left", 6) == "given")
    assert count(visit, "given") == 6


def test_a_long_work_shows_how_far_it_is_and_is_cancelled(visit: Visit) -> None:
    """The server works for some seconds, which its answers here only pretend."""
    page, state = visit.page, {"part": 0.25, "queued": 0, "done": False, "cancelled": False}

    def answer(route: "playwright.Route") -> None:
        asked = route.request.post_data or ""
        if "complete_cancel" in asked:
            state.update(done=True, cancelled=True)
        if "complete_state" in asked:
            route.fulfill(json=state)
        else:
            route.continue_()

    before = count(visit, "missing")
    cell(visit, "walk, left", 2).click()
    page.route("**/component_server**", answer)
    part(visit, "all").click()
    playwright.expect(part(visit, "words")).to_have_text("25 %")
    playwright.expect(part(visit, "paint")).to_be_disabled()
    part(visit, "cancel").click()
    playwright.expect(part(visit, "message")).to_contain_text("Cancelled")
    page.unroute("**/component_server**")
    assert count(visit, "missing") == before
    playwright.expect(part(visit, "paint")).to_be_enabled()


def test_a_bad_file_is_told_and_nothing_is_lost(visit: Visit) -> None:
    complete_all(visit)
    before = count(visit, "drawn", "draft")
    assert before
    opaque = np.full((1344, 832, 4), 255, np.uint8)
    photograph = cv2.imencode(".jpg", opaque[:600, :800, :3])[1].tobytes()
    files = {"damaged": png(opaque)[:-100], "800 x 600": photograph, "empty": png(opaque * 0)}
    for word, content in files.items():
        drop(visit, "a file", content)
        told = f"{TAB} [data-part=message][data-failed]:has-text('{word}')"
        visit.page.wait_for_selector(told)
        assert count(visit, "drawn", "draft") == before, "the sheet is still there"


def test_cells_are_reached_by_the_keyboard_and_back_leads_to_the_tab_before(visit: Visit) -> None:
    page = visit.page
    page.get_by_role("button", name="Play walk, front").click()
    page.locator(f"{TAB} .rw-sprite-cell[tabindex='0']").focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowLeft"):
        page.keyboard.press(key)
    playwright.expect(part(visit, "cellname")).to_have_text("Walk, right, cell 1")
    page.keyboard.press("Tab")
    visit.open_tab("About")
    page.go_back()
    part(visit, "grid").wait_for()
    assert page.url.endswith("#sheet")


def test_nothing_went_wrong(visit: Visit) -> None:
    assert visit.complaints == []
    assert not [path for path in visit.cache.rglob("*") if path.is_file()]
