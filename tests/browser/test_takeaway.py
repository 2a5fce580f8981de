"""Saving the clip on the page and opening it again, in a real browser."""

import base64
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from serving import RunningApp
from visiting import DROP, Visit, close, visiting
from watching import CELLS

from rwae.files import video

# Plays a video to its end: how it ended, its seconds, and its width.
PLAY = """async ([media, data]) => {
    const video = Object.assign(document.createElement('video'), { muted: true });
    const ended = new Promise((done) => {
        video.onended = () => done(['ended', video.duration, video.videoWidth]);
        video.onerror = () => done([video.error.message]);
    });
    video.src = `data:${media};base64,${data}`;
    video.play().catch(() => {});
    return ended;
}"""
STAGE = ".rw-explore .rw-stage"


@pytest.fixture(scope="module")
def visit(small_app: RunningApp) -> Iterator[Visit]:
    with visiting(small_app) as visit:
        visit.page.wait_for_selector(CELLS)
        visit.rest(".rw-explore")
        yield visit


def save(visit: Visit, name: str) -> tuple[str, bytes]:
    """Chooses an entry of the menu; the name and the content of the file that came."""
    visit.page.locator(".rw-take summary").click()
    with visit.page.expect_download() as coming:
        visit.page.locator(".rw-take-kind", has=visit.page.locator(f"b:text-is('{name}')")).click()
    return coming.value.suggested_filename, Path(coming.value.path()).read_bytes()


def told(visit: Visit) -> str:
    return visit.page.locator(".rw-explore > .rw-left > .rw-message").text_content()


def failed(visit: Visit) -> bool:
    """Whether the page tells of something that went wrong."""
    line = visit.page.locator(".rw-explore > .rw-left > .rw-message")
    return line.get_attribute("data-failed") is not None


def move_a_slider(visit: Visit, key: str) -> None:
    visit.page.locator("[data-part=whomain] input[type=range]").first.focus()
    for _ in range(8):
        visit.page.keyboard.press(key)
    visit.rest(".rw-explore")


def test_each_kind_of_file_shows_the_clip_on_the_page(visit: Visit) -> None:
    shown = visit.pixels(CELLS).astype(np.uint8)
    name, strip = save(visit, "PNG strip")
    assert name == "small-strip.png"
    assert close(video.read_clip(strip).astype(int), shown)
    assert told(visit) == "small-strip.png is saved."
    assert not failed(visit)
    large = shown.repeat(8, 1).repeat(8, 2).astype(int)
    for kind, most in (("GIF", 1.5), ("WebM", 3), ("MP4", 3)):
        name, data = save(visit, kind)
        assert name == f"small-clip.{kind.lower()}"
        read = video.read_clip(data)
        assert read.shape == large.shape, "enlarged to 256 pixels"
        assert np.abs(read - large).mean() < most


def test_a_page_for_a_class_is_saved(visit: Visit) -> None:
    name, page = save(visit, "This page for a class")
    assert name == "small-page.html"
    assert page.startswith(b"<!doctype html>")


@pytest.mark.parametrize("kind", ["WebM", "MP4"])
def test_a_video_plays_to_its_end_in_a_browser(visit: Visit, kind: str) -> None:
    _, data = save(visit, kind)
    sent = [f"video/{kind.lower()}", base64.b64encode(data).decode()]
    assert visit.page.evaluate(PLAY, sent) == ["ended", 4 / 8, 256]


def test_the_sliders_change_the_file_and_saved_codes_bring_the_clip_back(visit: Visit) -> None:
    move_a_slider(visit, "ArrowRight")
    _, before = save(visit, "PNG strip")
    kept, held = visit.pixels(CELLS), visit.codes("explore")
    name, codes = save(visit, "Codes")
    assert name == "small-codes.safetensors"

    move_a_slider(visit, "ArrowLeft")
    _, after = save(visit, "PNG strip")
    assert before != after
    assert close(video.read_clip(after), visit.pixels(CELLS))

    visit.page.locator(".rw-take summary").click()
    with visit.page.expect_file_chooser() as chooser:
        visit.page.get_by_role("button", name="Open codes").click()
    chooser.value.set_files({"name": name, "mimeType": "", "buffer": codes})
    visit.until(lambda: told(visit) == "small-codes.safetensors is open.")
    visit.rest(".rw-explore")
    assert np.array_equal(visit.pixels(CELLS), kept)
    again = visit.codes("explore")
    assert torch.equal(again.static, held.static)
    assert torch.equal(again.dynamic, held.dynamic)


def test_a_file_is_opened_where_it_is_dropped_and_a_bad_one_is_told(visit: Visit) -> None:
    _, codes = save(visit, "Codes")
    kept = visit.pixels(CELLS)
    move_a_slider(visit, "ArrowRight")
    visit.page.evaluate(DROP, [STAGE, "mine.safetensors", list(codes)])
    visit.until(lambda: told(visit) == "mine.safetensors is open.")
    visit.rest(".rw-explore")
    assert np.array_equal(visit.pixels(CELLS), kept)
    visit.page.evaluate(DROP, [STAGE, "photo.safetensors", [1, 2, 3]])
    visit.until(lambda: "holds no codes" in told(visit))
    assert failed(visit)
    visit.page.evaluate(DROP, [STAGE, "photo.jpg", [1, 2, 3]])
    visit.until(lambda: "no video" in told(visit) or "is no" in told(visit))
    assert failed(visit)
    visit.page.evaluate(DROP, [STAGE, "large.safetensors", 2**20 + 1])
    visit.until(lambda: "a file of codes at most 1 MB" in told(visit))
    assert np.array_equal(visit.pixels(CELLS), kept)


def test_the_menu_is_worked_by_the_keyboard_and_closes(visit: Visit) -> None:
    page, menu = visit.page, visit.page.locator(".rw-take")
    page.locator(".rw-take summary").focus()
    page.keyboard.press("Enter")
    assert menu.get_attribute("open") is not None
    seen = []
    for _ in range(11):
        page.keyboard.press("Tab")
        label = "e => e.getAttribute('aria-label') || e.querySelector('b').textContent"
        seen.append(page.locator(":focus").evaluate(label))
    kinds = ["GIF", "WebP", "APNG", "WebM", "MP4", "PNG strip", "PNG frames", "Codes"]
    kinds.append("This page for a class")
    assert seen == ["Size of moving pictures, in pixels", *kinds, "Open codes"]
    page.keyboard.press("Escape")
    assert menu.get_attribute("open") is None
    assert page.evaluate("document.activeElement.textContent") == "Save"
    page.keyboard.press("Enter")
    page.locator(".rw-stage").click(position={"x": 5, "y": 5})
    assert menu.get_attribute("open") is None


def test_the_menu_fits_on_a_phone(visit: Visit) -> None:
    page = visit.page
    page.set_viewport_size({"width": 390, "height": 844})
    page.locator(".rw-take summary").click()
    box = page.locator(".rw-take .rw-menu").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": 1280, "height": 900})


def test_nothing_was_left_behind_and_nothing_went_wrong(visit: Visit) -> None:
    assert not [path for path in visit.cache.rglob("*") if path.is_file()]
    assert visit.complaints == []
    assert visit.hosts <= {"127.0.0.1", ""}
