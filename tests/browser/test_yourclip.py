"""A visitor's own clip in a real browser, on a desktop and on a phone, with a shipped model."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import ROOT
from serving import running
from visiting import DROP, Visit, playwright, visiting

from rwae.files import video

PANEL = ".rw-yours"
STAGE = ".rw-explore .rw-stage"
PASTE = """([name, bytes]) => {
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File([new Uint8Array(bytes)], name));
    const how = { clipboardData, bubbles: true, cancelable: true };
    document.body.dispatchEvent(new ClipboardEvent('paste', how));
}"""
SHEET_ROWS = (9, 10, 11)  # walk left, front and right in the 13 x 21 layout


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    cache = tmp_path_factory.mktemp("cache")
    with running([ROOT / "checkpoints" / "sprites"], cache) as app, visiting(app) as visit:
        visit.page.wait_for_selector(f"{STAGE}[aria-busy=false]")
        yield visit


@pytest.fixture(scope="module")
def clip(visit: Visit) -> np.ndarray:
    """A clip that the model knows: bytes (T, S, S, 3)."""
    return visit.studio.decode(visit.studio.examples[[0]])[0]


@pytest.fixture(scope="module")
def white(clip: np.ndarray) -> bytes:
    """The clip on a white ground, as a GIF."""
    ground = (clip.max(-1, keepdims=True) < 24) * np.uint8(255)
    return video.encode_gif(np.maximum(clip, ground), fps=8, scale=1)


@pytest.fixture(scope="module")
def strange(clip: np.ndarray) -> bytes:
    """A figure in colours that the model does not know, as a GIF."""
    return video.encode_gif(np.ascontiguousarray(clip[..., [1, 2, 0]]), fps=8, scale=1)


def lpc_sheet(clip: np.ndarray) -> bytes:
    """A sprite sheet with the clip in each of `SHEET_ROWS`, as a PNG."""
    sheet = np.zeros((1344, 832, 4), np.uint8)
    for row in SHEET_ROWS:
        for n in range(9):
            cell = sheet[64 * row : 64 * row + 64, 64 * n : 64 * n + 64]
            cell[..., :3] = clip[n % 8][..., ::-1]
            cell[..., 3] = (clip[n % 8].max(-1) > 24) * 255
    return cv2.imencode(".png", sheet)[1].tobytes()


def phone(visit: Visit, on: bool) -> None:
    size = {"width": 390, "height": 844} if on else {"width": 1280, "height": 900}
    visit.page.set_viewport_size(size)
    visit.page.wait_for_timeout(100)


def drop(visit: Visit, name: str, content: bytes, where: str = STAGE) -> None:
    visit.page.evaluate(DROP, [where, name, list(content)])


def arrived(visit: Visit, name: str) -> None:
    """Waits until the report is about a file."""
    visit.page.wait_for_selector(f"{PANEL}[aria-busy=false] [data-part=name]:has-text('{name}')")


def fit(visit: Visit) -> str | None:
    return visit.page.locator(f"{PANEL} [data-part=fit]").get_attribute("data-fit")


def given(visit: Visit) -> np.ndarray:
    return visit.pixels(f"{PANEL} [data-part=given]")[0]


def reread(visit: Visit) -> None:
    visit.page.wait_for_timeout(80)
    visit.page.wait_for_selector(f"{PANEL}[aria-busy=false]")
    visit.page.wait_for_timeout(80)


def test_the_controls_of_both_codes_are_near(visit: Visit) -> None:
    """Before anything is opened: in sight on a laptop, and few steps away for the keyboard."""
    page = visit.page
    page.set_viewport_size({"width": 1440, "height": 900})
    lanes = page.locator("[data-part=motionmain] .rw-field")
    playwright.expect(lanes.nth(2)).to_be_in_viewport(ratio=1)
    slider = "document.activeElement.matches('.rw-knob input')"
    page.evaluate("document.activeElement.blur()")
    steps = 0
    while not page.evaluate(slider):
        page.keyboard.press("Tab")
        steps += 1
        assert steps <= 25, "of which the switch of the header is one"
    page.evaluate("document.activeElement.blur()")
    phone(visit, False)


@pytest.mark.parametrize("on_phone", [False, True])
def test_a_dropped_gif_opens_as_the_clip_and_its_ground_can_be_kept(
    visit: Visit, white: bytes, on_phone: bool
) -> None:
    phone(visit, on_phone)
    drop(visit, f"white{on_phone}.gif", white)
    arrived(visit, f"white{on_phone}")
    assert fit(visit) == "known"
    assert not given(visit)[0, 0].any(), "the white ground is black"
    box = visit.page.locator(f"{PANEL} [data-step=background]")
    playwright.expect(box).to_be_checked()
    box.click()
    visit.until(lambda: bool((given(visit)[0, 0] > 200).all()))
    assert fit(visit) == "unknown"
    visit.page.locator(".rw-explore [aria-label=Pause]").click()
    visit.until(lambda: np.array_equal(visit.pixels("[data-part=original]")[0], given(visit)))
    visit.page.locator(".rw-explore [aria-label=Play]").click()
    playwright.expect(box).not_to_be_checked()
    box.click()
    visit.until(lambda: not given(visit)[0, 0].any())
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= (
        390 if on_phone else 1280
    )
    phone(visit, False)


def test_frames_and_a_part_are_chosen_by_the_keyboard(visit: Visit) -> None:
    visit.page.locator(f"{PANEL} [data-part=cut] summary").click()
    visit.page.get_by_role("slider", name="First frame").focus()
    visit.page.keyboard.press("ArrowRight")
    visit.page.wait_for_selector(f"{PANEL} [data-step=trim]")
    before = given(visit)
    corner = visit.page.get_by_role("button", name="top left corner: arrow keys move it")
    corner.focus()
    for _ in range(4):
        visit.page.keyboard.press("ArrowDown")
    visit.page.wait_for_selector(f"{PANEL} [data-step=crop]")
    reread(visit)
    assert given(visit).shape == before.shape
    visit.page.locator(f"{PANEL} [data-step=trim]").click()
    visit.page.wait_for_selector(f"{PANEL} [data-step=trim]", state="detached")


def test_a_part_is_chosen_by_dragging(visit: Visit) -> None:
    asked: list[str] = []
    visit.page.on("request", lambda r: "component_server" in r.url and asked.append(r.url))
    corner = visit.page.get_by_role("button", name="bottom right corner: arrow keys move it")
    corner.scroll_into_view_if_needed()
    at = corner.bounding_box()
    visit.page.mouse.move(at["x"] + 8, at["y"] + 8)
    visit.page.mouse.down()
    visit.page.mouse.move(at["x"] - 30, at["y"] - 20, steps=4)
    visit.page.mouse.up()
    visit.until(lambda: len(asked) >= 1)
    reread(visit)
    assert corner.bounding_box()["x"] < at["x"] - 20


def test_a_pasted_clip_is_opened(visit: Visit, strange: bytes) -> None:
    visit.page.evaluate(PASTE, ["pasted.gif", list(strange)])
    arrived(visit, "pasted")
    assert fit(visit) == "unknown"


def test_a_character_is_learned_saved_forgotten_and_opened_again(
    visit: Visit, tmp_path: Path
) -> None:
    page = visit.page
    page.locator(f"{PANEL} [data-part=start]").click()
    page.locator(f"{PANEL} [data-part=cancel]").click()
    playwright.expect(page.locator(f"{PANEL} [data-part=said]")).to_contain_text("Cancelled")
    page.locator(f"{PANEL} [data-part=start]").click()
    page.wait_for_selector(".rw-header[data-model^='sprites~']")
    page.wait_for_selector(f"{PANEL} [data-part=save]")
    visit.until(lambda: fit(visit) is not None)
    visit.until(lambda: visit.pixels("[data-part=original]")[0].any())
    with page.expect_download() as download:
        page.locator(f"{PANEL} [data-part=save]").click()
    saved = tmp_path / "mine.safetensors"
    download.value.save_as(saved)
    page.locator(f"{PANEL} [data-part=forget]").click()
    page.wait_for_selector(".rw-header[data-model='sprites']")
    arrived(visit, "pasted")
    assert page.locator(".rw-entry").count() == 1
    drop(visit, saved.name, saved.read_bytes())
    page.wait_for_selector(".rw-header[data-model^='sprites~']")
    page.wait_for_selector(f"{PANEL} [data-part=forget]")
    address = page.url
    page.reload()
    page.wait_for_selector(".rw-header[data-model^='sprites~']")
    assert page.url == address
    page.locator(f"{PANEL} [data-part=forget]").click()
    page.wait_for_selector(".rw-header[data-model='sprites']")
    assert "~" not in page.url
    page.goto(address)
    page.wait_for_selector(".rw-header[data-model='sprites']")
    said = page.locator(".rw-header [data-part=message]")
    playwright.expect(said).to_contain_text("no longer here")
    assert "~" not in page.url
    page.wait_for_selector(f"{STAGE}[aria-busy=false]")


@pytest.mark.parametrize("on_phone", [False, True])
def test_a_row_of_a_sheet_is_chosen_from_a_grid(
    visit: Visit, clip: np.ndarray, on_phone: bool
) -> None:
    phone(visit, on_phone)
    drop(visit, f"sheet{on_phone}.png", lpc_sheet(clip))
    arrived(visit, f"sheet{on_phone}")
    rows = visit.page.locator(f"{PANEL} .rw-sheet-row")
    assert rows.count() == len(SHEET_ROWS)
    other = visit.page.locator(f"{PANEL} .rw-sheet-row[aria-pressed=false]").first
    key = other.get_attribute("aria-label")
    other.click()
    pressed = visit.page.locator(f"{PANEL} .rw-sheet-row[aria-pressed=true]")
    playwright.expect(pressed).to_have_attribute("aria-label", key)
    chosen = visit.page.locator(f"{PANEL} .rw-learn-clip input:checked")
    assert chosen.count() == len(SHEET_ROWS) + 1
    lacking = visit.page.locator(f"{PANEL} .rw-learn-drafts")
    playwright.expect(lacking).to_contain_text("6 rows that the sheet lacks")
    teach = visit.page.locator(f"{PANEL} [data-part=teach]")
    if teach.get_attribute("open") is None:  # as the model knows the clip
        teach.locator("summary").click()
    visit.page.locator(f"{PANEL} [data-part=start]").click()
    visit.page.locator(f"{PANEL} [data-part=cancel]").click()
    playwright.expect(visit.page.locator(f"{PANEL} [data-part=said]")).to_contain_text("Cancelled")
    phone(visit, False)


def test_compare_gives_no_verdict_on_a_clip_that_the_model_does_not_know(
    visit: Visit, white: bytes, strange: bytes
) -> None:
    visit.open_tab("Compare")
    verdict = visit.page.locator(".rw-compare [data-part=verdict]").first
    playwright.expect(verdict).not_to_be_empty()
    drop(visit, "strange.gif", strange, ".rw-compare .rw-stage")
    playwright.expect(verdict).to_have_attribute("data-state", "unclear")
    playwright.expect(visit.page.locator(".rw-compare .rw-readout li")).to_have_count(0)
    drop(visit, "white.gif", white, ".rw-compare .rw-stage")
    visit.page.wait_for_selector(".rw-compare .rw-readout li[data-state=kept]")


def test_swap_and_compare_report_on_a_clip_as_explore_does(
    visit: Visit, white: bytes, clip: np.ndarray
) -> None:
    """Each undoes a step of the reading, takes other frames, and shows the rows of a sheet."""
    for tab, where in (("Swap", "[data-slot=A]"), ("Compare", ".rw-compare")):
        visit.open_tab(tab)
        report = visit.page.locator(f"{where} .rw-report")
        fitted = report.locator("[data-part=fit]")
        drop(visit, f"{tab}.gif", white, where)
        playwright.expect(fitted).to_have_attribute("data-fit", "known")
        box = report.locator("[data-step=background]")
        playwright.expect(box).to_be_checked()
        box.click()
        playwright.expect(fitted).to_have_attribute("data-fit", "unknown")
        playwright.expect(box).not_to_be_checked()
        report.locator("[data-part=cut] summary").click()
        report.get_by_role("slider", name="First frame").press("ArrowRight")
        playwright.expect(report.locator("[data-step=trim]")).to_be_checked()
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= 1280
        drop(visit, f"{tab}.png", lpc_sheet(clip), where)
        playwright.expect(report.locator(".rw-sheet-row")).to_have_count(len(SHEET_ROWS))
        other = report.locator(".rw-sheet-row[aria-pressed=false]").first
        key = other.get_attribute("aria-label")
        other.click()
        pressed = report.locator(".rw-sheet-row[aria-pressed=true]")
        playwright.expect(pressed).to_have_attribute("aria-label", key)
        visit.page.locator(f"{where} .rw-thumb").first.click()
        playwright.expect(report).to_be_hidden()


def test_nothing_went_wrong(visit: Visit) -> None:
    assert visit.complaints == []
