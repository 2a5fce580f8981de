"""The browser decodes by itself: the same bits as the kernel gives elsewhere, and no requests."""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from conftest import ROOT
from kernel_host import Host
from serving import RunningApp
from visiting import DROP, Visit, playwright, visiting
from watching import CELLS, EXPLORE, LANES, exact

from rwae.editing.studio import Studio
from rwae.files import filmstrip, video
from rwae.models.kernel import KERNEL, pack
from rwae.ui import encoding

BADGE = ".rw-where"
# Drags the first slider of who for some milliseconds, with a move for each frame of the screen.
DRAG = """async (milliseconds) => {
    const input = document.querySelector('.rw-knob input');
    const start = performance.now();
    while (performance.now() - start < milliseconds) {
        input.value = (2 * Math.sin((performance.now() - start) / 300)).toFixed(2);
        input.dispatchEvent(new Event('input', { bubbles: true }));
        await new Promise(requestAnimationFrame);
    }
    input.dispatchEvent(new Event('change', { bubbles: true }));
}"""
CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
FILE = "a file"
BY_ITSELF = ""  # no script: the page chooses


@pytest.fixture(scope="module")
def visit(models_app: RunningApp) -> Iterator[Visit]:
    with visiting(models_app, CAMERA, script=BY_ITSELF) as visit:
        yield visit


@contextmanager
def calls(visit: Visit) -> Iterator[list[str]]:
    """Collects the names of the functions of the server that the page calls; `FILE` for a file."""
    found: list[str] = []

    def note(request) -> None:
        if "component_server" in request.url:
            is_file = "multipart" in request.headers["content-type"]
            found.append(FILE if is_file else json.loads(request.post_data)["fn_name"])

    visit.page.on("request", note)
    yield found
    visit.page.remove_listener("request", note)


def show(visit: Visit, app: RunningApp, model: str, says: str = "in your browser") -> None:
    """Opens the page with a model, and waits until the badge says where it is decoded."""
    visit.studio = Studio.load(app.folders[model], "cpu")
    visit.page.goto(f"{visit.address}/?model={model}")
    visit.model_arrived(model)
    visit.page.wait_for_selector(f"{LANES} .rw-point")
    playwright.expect(visit.page.locator(BADGE)).to_contain_text(says)
    visit.rest(EXPLORE)
    visit.page.wait_for_timeout(600)  # the stills beside the sliders


def test_a_drag_asks_the_server_for_nothing_and_ends_with_the_kernels_own_bits(
    visit: Visit, models_app: RunningApp
) -> None:
    show(visit, models_app, "plain")
    with calls(visit) as asked:
        visit.page.evaluate(DRAG, 1500)
        visit.rest(EXPLORE)
        visit.page.wait_for_timeout(600)
    assert asked == []
    codes, model = visit.codes("explore"), visit.studio.model
    drawn = Host(pack(model), model.config.frame_size).decode(codes)[0, ..., :3]
    assert np.array_equal(visit.pixels(CELLS), drawn)
    assert exact(visit)


@pytest.mark.parametrize("model", ["weak", "rival"])
def test_other_kinds_of_models_are_decoded_by_the_browser_too(
    visit: Visit, models_app: RunningApp, model: str
) -> None:
    show(visit, models_app, model)
    with calls(visit) as asked:
        visit.page.evaluate(DRAG, 100)
        visit.rest(EXPLORE)
    assert asked == []
    assert exact(visit)


def test_swap_and_compare_are_drawn_by_the_browser(visit: Visit, models_app: RunningApp) -> None:
    show(visit, models_app, "plain")
    with calls(visit) as asked:
        visit.open_tab("Swap")
        visit.page.wait_for_selector("#rw-swap .rw-stage[aria-busy=false]")
        visit.page.locator("#rw-swap [data-clips='5']").click()
        visit.page.wait_for_selector("#rw-swap .rw-stage[aria-busy=false]")
    assert "decode_codes" not in asked
    visit.open_tab("Compare")
    visit.page.wait_for_selector("#rw-compare .rw-stage[aria-busy=false]")
    look = visit.page.locator("#rw-compare [data-part=looks] input").first
    look.press("Home")  # each model asks for its directions once
    visit.rest("#rw-compare")
    with calls(visit) as asked:
        look.press("End")
        visit.rest("#rw-compare")
    assert asked == []


def drop(visit: Visit, name: str, content: bytes) -> None:
    visit.page.evaluate(DROP, [".rw-explore", name, list(content)])
    visit.page.wait_for_selector(".rw-yours[aria-busy=false] [data-part=where]:not(:empty)")


def clip_of(visit: Visit, frames: int) -> np.ndarray:
    """Frames of large squares of few colours, which a GIF holds exactly: (T, S, S, 3)."""
    side, draw = visit.studio.model.config.frame_size, np.random.default_rng(4)
    squares = draw.integers(0, 256, (frames, 4, 4, 3), np.uint8)
    return squares.repeat(side // 4, 1).repeat(side // 4, 2)


def files_for_browsers(visit: Visit) -> dict[str, bytes]:
    """Files that need no fitting, by name."""
    count = visit.studio.model.config.frames
    clip, longer = clip_of(visit, count), clip_of(visit, 2 * count - 1)
    return {
        "strip.png": video.encode_image(filmstrip.sheet(clip[None]), "png"),
        "twice as large.png": video.encode_image(
            filmstrip.sheet(clip[None].repeat(2, 2).repeat(2, 3)), "png"
        ),
        "clip.gif": video.encode_gif(clip, scale=4),
        "clip.webp": video.encode_animation(longer, "webp", scale=2),
        "moving.png": video.encode_animation(longer, "apng", scale=1),
    }


def test_what_needs_no_fitting_is_read_by_the_browser_as_by_the_server(
    visit: Visit, models_app: RunningApp
) -> None:
    show(visit, models_app, "plain")
    for name, content in files_for_browsers(visit).items():
        with calls(visit) as asked:
            drop(visit, name, content)
            visit.rest(EXPLORE)
        assert FILE not in asked, name
        where = visit.page.locator(".rw-yours [data-part=where]")
        playwright.expect(where).to_contain_text("Read in your browser")
        found = visit.codes("explore")
        given = encoding.gather_upload(visit.studio, content).prepared.x
        expected = visit.studio.encode(given[None])
        assert torch.allclose(found.static[0], expected.static[0], atol=1e-4), name
        assert torch.allclose(found.dynamic[0], expected.dynamic[0], atol=1e-4), name
        shown = visit.pixels(".rw-yours [data-part=given]")[0]
        frames = filmstrip.to_bytes(given[None])[0]
        assert any(np.array_equal(shown, frame) for frame in frames), name


def files_for_the_server(visit: Visit) -> dict[str, tuple[bytes, str]]:
    """Other files, each with what the page says of its reader."""
    clip = clip_of(visit, visit.studio.model.config.frames)
    half = np.pad(clip, ((0, 0), (0, 0), (0, 4), (0, 0)))
    clear = np.concatenate([clip, np.full_like(clip[..., :1], 255)], -1)
    clear[:, 0] = 0
    return {
        "not square.gif": (video.encode_gif(half, scale=1), "it fits size"),
        "too few.webp": (video.encode_animation(clip[:-1], "webp", scale=1), "it fits size"),
        "a round.gif": (video.encode_gif(np.concatenate([clip, clip]), scale=1), "it fits size"),
        "clear.webp": (video.encode_animation(clear, "webp", scale=1), "it fits size"),
        "film.webm": (video.encode_video(clip, "webm"), "it also reads videos"),
    }


def test_all_else_is_read_by_the_server_and_the_page_says_why(
    visit: Visit, models_app: RunningApp
) -> None:
    show(visit, models_app, "plain")
    pick = visit.page.get_by_role("button", name="Upload a clip of yours")
    playwright.expect(pick).to_have_attribute("title", re.compile("stays in your browser"))
    where = visit.page.locator(".rw-yours [data-part=where]")
    for name, (content, why) in files_for_the_server(visit).items():
        with calls(visit) as asked:
            drop(visit, name, content)
            playwright.expect(visit.page.locator(".rw-yours [data-part=name]")).to_have_text(name)
            visit.rest(EXPLORE)
        assert FILE in asked, name
        playwright.expect(where).to_contain_text(why)
    visit.page.evaluate("delete window.ImageDecoder")  # as on a page that is not secure
    with calls(visit) as asked:
        drop(visit, "clip.gif", files_for_browsers(visit)["clip.gif"])
        playwright.expect(where).to_contain_text("cannot take a moving picture apart")
    assert FILE in asked


def test_the_cameras_pictures_stay_in_the_browser(visit: Visit, models_app: RunningApp) -> None:
    show(visit, models_app, "plain")
    with calls(visit) as asked:
        visit.page.get_by_role("button", name="Film a clip with the camera").first.click()
        plan = visit.page.locator(".rw-explore .rw-camera [data-part=plan]")
        playwright.expect(plan).to_contain_text("They stay in your browser.")
        visit.page.locator(".rw-explore .rw-camera [data-part=record]:enabled").click()
        visit.page.wait_for_selector(".rw-yours [data-part=where]:has-text('in your browser')")
        visit.rest(EXPLORE)
    assert set(asked) <= {"find_encoder"}
    assert exact(visit)


# Has the page's own worker draw a clip after the other; the digest of their RGBA bytes.
DRAWN_DIGEST = """async ([kernel, weights, clips, side]) => {
    const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const loaded = performance.getEntriesByType("resource").map(({ name }) => name);
    const first = loaded.find((name) => name.endsWith("/app/first.js"));
    const worker = new Worker(first.replace("app/first.js", "lib/decodeworker.js"));
    const answer = (message) => new Promise((resolve) => {
        worker.onmessage = ({ data }) => resolve(data);
        worker.postMessage(message);
    });
    await answer({ open: "m", kernel: bytes(kernel), weights: bytes(weights) });
    const drawn = [];
    for (const clip of clips) {
        for (const z of clip.dynamic.keys()) {
            const frame = { static: clip.static, dynamic: [clip.dynamic[z]] };
            const { pixels } = await answer({ decode: 1, name: "m", clips: [frame], side });
            drawn.push(...new Uint8Array(pixels));
        }
    }
    worker.terminate();
    const digest = await crypto.subtle.digest("SHA-256", Uint8Array.from(drawn));
    return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}"""


def test_chromium_gives_the_shipped_models_pictures_bit_for_bit(visit: Visit) -> None:
    studio = Studio.load(ROOT / "checkpoints" / "sprites", "cpu")
    file, codes, side = pack(studio.model), studio.examples[:2], studio.model.config.frame_size
    files = [base64.b64encode(content).decode() for content in (KERNEL.read_bytes(), file)]
    clips = zip(codes.static.tolist(), codes.dynamic.tolist(), strict=True)
    given = [{"static": who, "dynamic": motion} for who, motion in clips]
    digest = visit.page.evaluate(DRAWN_DIGEST, [*files, given, side])
    assert digest == hashlib.sha256(Host(file, side).decode(codes).tobytes()).hexdigest()


def test_a_model_that_cannot_run_there_says_so_and_stays_on_the_server(
    visit: Visit, models_app: RunningApp
) -> None:
    show(visit, models_app, "recurrent", "on the server")
    badge = visit.page.locator(BADGE)
    playwright.expect(badge).to_have_attribute(
        "title", "The frames of this model depend on each other: the server decodes."
    )
    playwright.expect(badge.locator("input")).to_be_hidden()
    visit.page.evaluate(DRAG, 50)
    visit.rest(EXPLORE)
    assert exact(visit)


def test_the_switch_turns_to_the_server_and_back_and_is_remembered(
    visit: Visit, models_app: RunningApp
) -> None:
    show(visit, models_app, "plain")
    switch = visit.page.get_by_role("switch", name="Decode in your browser")
    switch.click()
    playwright.expect(visit.page.locator(BADGE)).to_contain_text("on the server")
    visit.page.reload()
    visit.page.wait_for_selector(f"{LANES} .rw-point")
    playwright.expect(switch).not_to_be_checked()
    with calls(visit) as asked:
        visit.page.evaluate(DRAG, 50)
        visit.rest(EXPLORE)
    assert "decode_codes" in asked
    assert "find_decoder" not in asked
    switch.click()
    visit.page.evaluate(DRAG, 50)
    playwright.expect(visit.page.locator(BADGE)).to_contain_text("in your browser")


def test_a_change_of_the_model_in_the_middle_of_a_drag_shows_the_other_one(
    visit: Visit, models_app: RunningApp
) -> None:
    show(visit, models_app, "plain")
    visit.page.evaluate(f"({DRAG})(300); 0")  # goes on while the other model is chosen
    visit.session("session.choose(argument);", "large")
    visit.studio = Studio.load(models_app.folders["large"], "cpu")
    visit.model_arrived("large")
    visit.page.wait_for_timeout(300)
    visit.until(lambda: visit.has_codes("explore"))
    visit.rest(EXPLORE)
    assert exact(visit)
    assert visit.complaints == []


def answering(answer: dict) -> Callable[[playwright.Route], None]:
    """Answers requests in another way than the server does: with a part of its answer changed."""

    def handle(route: playwright.Route) -> None:
        if "headers" in answer:
            there = route.fetch()
            route.fulfill(response=there, headers=there.headers | answer["headers"])
        else:
            route.fulfill(**answer)

    return handle


FAILURES = {
    "no workers": ("window.Worker = class { constructor() { throw new Error('refused'); } }", {}),
    "torn weights": (BY_ITSELF, {"**/decoders/*.bin": {"body": "torn"}}),
    "refused by CSP": (
        BY_ITSELF,
        {"**/lib/decodeworker.js": {"headers": {"Content-Security-Policy": "script-src 'self'"}}},
    ),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_whatever_fails_the_server_decodes(
    visit: Visit, models_app: RunningApp, failure: str
) -> None:
    script, answers = FAILURES[failure]
    page = visit.page.context.browser.new_page()
    failing = Visit(page, visit.address, visit.studio, visit.cache)
    page.add_init_script(script)
    for pattern, answer in answers.items():
        page.route(pattern, answering(answer))
    page.goto(visit.address)
    page.wait_for_selector(f"{LANES} .rw-point")
    playwright.expect(page.locator(f"{BADGE} input")).to_be_hidden()
    playwright.expect(page.locator(BADGE)).to_contain_text("on the server")
    failing.studio = Studio.load(models_app.folders["plain"], "cpu")
    page.evaluate(DRAG, 50)
    failing.rest(EXPLORE)
    assert exact(failing)
    page.close()
