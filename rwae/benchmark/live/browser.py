"""Drives pages in headless Chromium, and sees their pictures change while a slider moves."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rwae.errors import RWAEError

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession, Page

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
PAGE_TIMEOUT = 60_000  # milliseconds
QUIET = 700  # milliseconds without another picture: the page is at rest
WARM_UP_VALUES = (1.0, -1.0, 1.5)  # of the slider; first calls also load what later ones reuse
# Notes when the clip in the page's own HTML has moved by a frame; see rwae/ui/first_clip.py.
FIRST_MOVE = """(() => {
    const look = () => {
        const clip = document.querySelector('#rw-first i');
        const moved = clip?.getAnimations()[0]?.currentTime > 125;
        if (moved) window.firstMove = performance.now();
        else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
})()"""
PROBE = Path(__file__).with_name("probe.js")


@dataclass(frozen=True)
class Line:
    """A network.

    Attributes:
        bits: a second, in either direction.
        latency: milliseconds of a round trip.
    """

    bits: int
    latency: int


SLOW_LINE = Line(400_000, 200)
FAR_LINE = Line(20_000_000, 60)


@dataclass(frozen=True)
class LivePage:
    """A page with a slider and a clip, whose first frame is watched.

    Attributes:
        title: its column in the table.
        program: what `python` runs to serve it, before the checkpoint.
        slider: selector of the slider.
        picture: selector of the canvas or video that shows a frame.
        last: selector of what shows the frame that is drawn last, which may end a row of frames.
        pause: a script that stops a clip that plays by itself, at its first frame.
        exact: whether the last picture has to be right to the last digit but one.
        empty: whether the page shows no clip before the slider moves.
        script: what runs in the page before its own scripts.
        ready: a condition that holds once the page is as it shall be measured.
        on_disk: whether it is a file that opens without a network; its own policy forbids the
            conditions of this module, and is left out.
    """

    title: str
    program: tuple[str, ...]
    slider: str
    picture: str
    last: str
    pause: str = ""
    exact: bool = True
    empty: bool = False
    script: str = ""
    ready: str = "true"
    on_disk: bool = False


def find_browser() -> str | None:
    """The path of Chromium or Chrome on this machine, or None."""
    for name in BROWSERS:
        if path := shutil.which(name):
            return path
    return None


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Runs headless Chromium.

    Raises:
        RWAEError: if Chromium or Playwright is not there.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise RWAEError(
            "Playwright is not installed: run `pip install -r tests/requirements.txt`."
        ) from error
    path = find_browser()
    if path is None:
        raise RWAEError("There is no Chromium on the path: install it, or Google Chrome.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(BROWSER_FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def open_page(browser: Browser, live: LivePage, side: int) -> Iterator[Page]:
    """Opens an empty page that will have the functions of probe.js, whatever it loads.

    Args:
        browser: where.
        live: what will be loaded.
        side: height and width of a frame, in pixels.
    """
    page = browser.new_page(offline=live.on_disk, bypass_csp=live.on_disk)
    page.set_default_timeout(PAGE_TIMEOUT)
    places = {"slider": live.slider, "picture": live.picture, "last": live.last, "side": side}
    try:
        page.add_init_script(live.script or "true")
        page.add_init_script(f"{PROBE.read_text('utf-8')}\ninstallProbe({json.dumps(places)});")
        yield page
    finally:
        page.close()


def opening_time(
    browser: Browser, live: LivePage, address: str, side: int, until: str = "probe.shown()"
) -> float:
    """The milliseconds from asking for a page until a condition holds.

    Args:
        browser: where.
        live: the page.
        address: of the page.
        side: height and width of a frame, in pixels.
        until: the condition; by default that a picture of the clip is on the page.
    """
    with open_page(browser, live, side) as page:
        page.goto(address, wait_until="commit")
        page.wait_for_function(until)
        return float(page.evaluate("performance.now()"))


@dataclass
class Opening:
    """How a page opened on a line.

    Attributes:
        moves: milliseconds until a clip moves: until the page has drawn a frame in which the
            animation of the first clip runs.
        ready: milliseconds until its sliders are there.
        requests: answered until then, but for those of the browser's own.
        received: bytes of their answers, as they were sent.
    """

    moves: float = 0.0
    ready: float = 0.0
    requests: int = 0
    received: float = 0.0


def slow_opening(browser: Browser, live: LivePage, address: str) -> Opening:
    """Opens a page on a slow line until it can be used."""
    opening = Opening()

    def note(answer: Mapping[str, Any]) -> None:
        opening.requests += answer["encodedDataLength"] > 0  # none of what the page itself holds
        opening.received += answer["encodedDataLength"]

    with open_page(browser, live, side=1) as page:
        page.add_init_script(FIRST_MOVE)
        slow_down(page, SLOW_LINE).on("Network.loadingFinished", note)
        page.goto(address, wait_until="commit")
        page.wait_for_selector(live.slider, state="attached")  # another list may be in sight
        opening.ready = float(page.evaluate("performance.now()"))
        opening.moves = float(page.evaluate("window.firstMove ?? performance.now()"))
    return opening


def slow_down(page: Page, line: Line) -> CDPSession:
    """From here on, what the page asks for comes as over a line.

    Returns:
        What tells of requests; see the domain Network of the Chrome DevTools Protocol.
    """
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    rate = line.bits / 8
    conditions = {
        "offline": False,
        "latency": line.latency,
        "downloadThroughput": rate,
        "uploadThroughput": rate,
    }
    session.send("Network.emulateNetworkConditions", conditions)
    return session


@contextmanager
def visit(browser: Browser, live: LivePage, address: str, side: int) -> Iterator[Page]:
    """Opens a page, pauses its clip, and waits until its slider changes pictures."""
    with open_page(browser, live, side) as page:
        page.goto(address)
        page.wait_for_selector(live.slider, state="attached")
        if live.pause:
            page.evaluate(live.pause)
        for value in WARM_UP_VALUES:
            page.evaluate("value => probe.set(value, true)", value)
            page.evaluate("quiet => probe.rest(quiet)", QUIET)
        page.wait_for_function("probe.pixels() !== null")
        page.wait_for_function(live.ready)
        yield page


def latencies(page: Page, values: Sequence[float], whole: bool = False) -> list[float]:
    """The milliseconds from each of some moves, at rest in between, to another picture.

    Args:
        page: a visited one.
        values: of the slider, in standard deviations.
        whole: whether the frame that is drawn last has to change, and not the first.

    Raises:
        RWAEError: if the picture does not change within 15 seconds.
    """
    found: list[float] = []
    for value in values:
        taken = page.evaluate("([value, whole]) => probe.latency(value, whole)", [value, whole])
        if taken is None:
            raise RWAEError(
                f"The page {page.url} shows the same picture 15 seconds after its slider went to "
                f"{value}: see whether it works by hand, and whether its selectors still hold."
            )
        found.append(taken)
        page.evaluate("quiet => probe.rest(quiet)", QUIET)
    return found


def drag(page: Page, seconds: float) -> tuple[float, float, np.ndarray]:
    """Drags the slider up and down.

    Returns:
        Pictures a second, the last value, and the picture at rest as bytes (side, side, 3).
    """
    result = page.evaluate("seconds => probe.drag(seconds)", seconds)
    page.evaluate("quiet => probe.rest(quiet)", QUIET)
    data = np.array(page.evaluate("[...probe.pixels()]"), np.uint8)
    side = round((len(data) / 4) ** 0.5)
    return result["pictures"] / seconds, result["value"], data.reshape(side, side, 4)[..., :3]
