"""A page that is one file, opened from the disk with the network off."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from serving import browser_path, small_checkpoint
from visiting import PATIENCE, PIXELS, Page, close, playwright

from rwae import Codes
from rwae.benchmark.live.browser import BROWSER_FLAGS
from rwae.editing.studio import Studio
from rwae.files import video
from rwae.files.codes_file import unpack_saved_codes
from rwae.ui.standalone import standalone_page

CELLS = ".rw-explore .rw-filmstrip canvas"
RESTING = ".rw-explore .rw-stage[aria-busy=false]"
# Moves the first slider of who, as a hand does.
MOVE = """value => {
    const input = document.querySelector('[data-part=whomain] input');
    input.value = value;
    for (const kind of ['input', 'change']) input.dispatchEvent(new Event(kind));
}"""


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    return Studio.load(small_checkpoint(tmp_path_factory.mktemp("models") / "small"), "cpu")


@pytest.fixture(scope="module")
def requested() -> list[str]:
    """The addresses of all that the page asks for, and what it complains of."""
    return []


@pytest.fixture(scope="module")
def page(
    studio: Studio, requested: list[str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Page]:
    file = tmp_path_factory.mktemp("page") / "page.html"
    file.write_text(standalone_page(studio), "utf-8")
    with playwright.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=browser_path(), args=BROWSER_FLAGS)
        context = browser.new_context(offline=True, accept_downloads=True)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("request", lambda request: requested.append(request.url))
        page.on("console", lambda message: requested.append(message.text))
        page.on("pageerror", lambda error: requested.append(str(error)))
        page.goto(file.as_uri())
        page.wait_for_selector(".rw-badge [data-part=speed]:has-text('in your browser')")
        yield page
        browser.close()


def shown(page: Page) -> np.ndarray:
    return np.array(page.evaluate(PIXELS, CELLS))


def save(page: Page, kind: str) -> bytes:
    page.locator(".rw-explore .rw-take summary").click()
    with page.expect_download() as coming:
        page.locator(".rw-explore .rw-take-kind", has=page.locator(f"b:text-is('{kind}')")).click()
    return Path(coming.value.path()).read_bytes()


def codes_on(page: Page, studio: Studio) -> Codes:
    return unpack_saved_codes(save(page, "Codes"), studio.name, studio.weights)


def move(page: Page, to: float) -> None:
    page.evaluate(MOVE, to)
    page.wait_for_timeout(50)
    page.wait_for_selector(RESTING)


def test_it_opens_without_a_network_and_asks_for_nothing(page: Page, requested: list[str]) -> None:
    page.wait_for_selector(RESTING)
    assert [url.split(":")[0] for url in requested] == ["file", "blob"], "itself, and its worker"


def test_a_browser_that_cannot_decode_says_so(page: Page) -> None:
    old = page.context.new_page()
    old.add_init_script("delete globalThis.DecompressionStream")
    old.goto(page.url)
    speed = old.locator(".rw-badge [data-part=speed]")
    playwright.expect(speed).to_contain_text("cannot run the decoder", timeout=PATIENCE)
    old.close()


def test_a_slider_changes_the_picture_to_what_the_model_draws(page: Page, studio: Studio) -> None:
    before = shown(page)
    move(page, 1.5)
    drawn = studio.decode(codes_on(page, studio))[0]
    after = shown(page).reshape(drawn.shape)
    assert close(after, drawn)
    assert not close(before.reshape(drawn.shape), drawn)


def test_what_is_saved_holds_what_is_shown(page: Page, studio: Studio) -> None:
    move(page, -1)
    side = studio.model.config.frame_size
    cells = shown(page).reshape(-1, side, side, 3).astype(np.uint8)
    assert np.array_equal(video.read_clip(save(page, "PNG strip")), cells)
    large = video.read_clip(save(page, "APNG"))
    factor = large.shape[1] // side
    assert np.array_equal(large, cells.repeat(factor, 1).repeat(factor, 2))


def test_saved_codes_open_again(page: Page, tmp_path: Path) -> None:
    move(page, 2)
    file = tmp_path / "mine.safetensors"
    file.write_bytes(save(page, "Codes"))
    before = shown(page)
    move(page, -2)
    page.locator(".rw-explore [data-part=takeaway] input[type=file]").set_input_files(file)
    page.wait_for_selector(".rw-message:has-text('mine.safetensors is open')")
    page.wait_for_selector(RESTING)
    assert np.array_equal(shown(page), before)


def test_a_draw_is_that_of_its_seed(page: Page, studio: Studio) -> None:
    page.emulate_media(reduced_motion="reduce")
    field = page.locator("[data-part=seedwho]")
    field.fill("7")
    field.press("Enter")
    page.wait_for_selector(RESTING)
    frames = studio.model.config.frames
    expected = studio.sample(1, seed=7, frames=frames, temperature=1.0).static
    assert torch.allclose(codes_on(page, studio).static, expected, atol=1e-4)


def test_examples_are_swapped_and_what_needs_a_server_is_not_offered(page: Page) -> None:
    for name in ("Upload", "Camera", "Longer"):
        assert page.locator(f".rw-explore button:text-is('{name}'):visible").count() == 0
    page.get_by_role("tab", name="Swap").click()
    page.wait_for_selector(".rw-swap .rw-stage[aria-busy=false]")
    assert page.locator(".rw-swap .rw-grid canvas").count() == 4
    assert page.locator(".rw-swap button:text-is('Upload'):visible").count() == 0
    page.locator(".rw-swap .rw-grid button").first.click()
    playwright.expect(page.locator(".rw-explore")).to_be_visible()
