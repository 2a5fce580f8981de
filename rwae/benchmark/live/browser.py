"""What a visitor would see: pictures that change while a slider moves, in headless Chromium."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from rwae.benchmark.live.contenders import Contender
from rwae.errors import RWAEError

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
PATIENCE = 60_000  # milliseconds
QUIET = 700  # milliseconds without another picture: the page is at rest
# A page's slider and pictures. `pixels` are those of a frame; a video is drawn to see it.
TOOLS = """({ slider, picture, last, side }) => {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const frame = () => new Promise(requestAnimationFrame);
  const bench = window.bench = {
    set(value, done) {
      const input = document.querySelector(slider);
      input.value = value;
      input.dispatchEvent(new Event("input", { bubbles: true }));
      if (done) input.dispatchEvent(new Event("change", { bubbles: true }));
    },
    // Of a row of frames, those of the one at its end.
    pixels(where = picture) {
      const shown = document.querySelector(where);
      if (!shown || (shown.tagName === "VIDEO" && shown.readyState < 2)) return null;
      const edge = shown.videoHeight || shown.height;
      const left = (shown.videoWidth || shown.width) - edge;
      context.drawImage(shown, left, 0, edge, edge, 0, 0, side, side);
      return context.getImageData(0, 0, side, side).data;
    },
    // A short name of the picture; the same while a video is being loaded.
    name(before, where = picture) {
      const data = bench.pixels(where);
      if (!data) return before;
      let sum = 0;
      for (let n = 0; n < data.length; n += 1) sum = (Math.imul(sum, 31) + data[n]) | 0;
      return sum;
    },
    // Whether there is a picture, and not just a black place for one.
    shown() {
      const data = bench.pixels();
      return data !== null && data.some((value, n) => n % 4 < 3 && value > 0);
    },
    // The milliseconds from a move of the slider to another picture, of the shown frame or of the
    // one that comes last.
    async move(value, all) {
      const where = all ? last : picture;
      const before = bench.name(0, where);
      const start = performance.now();
      bench.set(value, true);
      while (bench.name(before, where) === before) {
        if (performance.now() - start > 15000) return null;
        await frame();
      }
      return performance.now() - start;
    },
    async rest(quiet) {
      let [shown, since] = [bench.name(0), performance.now()];
      while (performance.now() - since < quiet) {
        await frame();
        const now = bench.name(shown);
        if (now !== shown) [shown, since] = [now, performance.now()];
      }
    },
    // Pictures in a drag that lasts some seconds, one move for each frame of the screen.
    async drag(seconds) {
      let [shown, pictures, value] = [bench.name(0), 0, 0];
      const start = performance.now();
      for (let now = start; now - start < 1000 * seconds; now = performance.now()) {
        value = (2.8 * Math.sin((now - start) / 400)).toFixed(2);
        bench.set(value, false);
        await frame();
        const seen = bench.name(shown);
        if (seen !== shown) [shown, pictures] = [seen, pictures + 1];
      }
      bench.set(value, true);
      return { pictures, value: Number(value) };
    },
  };
}"""


def find_browser() -> str | None:
    """The path of the browser of this machine, if it has one."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


@contextmanager
def browser() -> Iterator[Browser]:
    """Headless Chromium.

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
    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield opened
        finally:
            opened.close()


def opening(opened: Browser, contender: Contender, address: str, side: int) -> float:
    """The milliseconds from asking for a page until a picture of the clip is on it."""
    page = opened.new_page()
    page.set_default_timeout(PATIENCE)
    try:
        page.add_init_script(f"({TOOLS})({json.dumps(_places(contender, side))})")
        page.goto(address, wait_until="commit")
        page.wait_for_function("bench.shown()")
        return page.evaluate("performance.now()")
    finally:
        page.close()


def _places(contender: Contender, side: int) -> dict[str, str | int]:
    places = {name: getattr(contender, name) for name in ("slider", "picture", "last")}
    return places | {"side": side}


@contextmanager
def visit(opened: Browser, contender: Contender, address: str, side: int) -> Iterator[Page]:
    """Opens a contender's page, and waits until its slider makes pictures.

    Args:
        side: height and width of a frame, in pixels.
    """
    page = opened.new_page()
    page.set_default_timeout(PATIENCE)
    try:
        page.goto(address)
        page.wait_for_selector(contender.slider)
        page.evaluate(TOOLS, _places(contender, side))
        if contender.still:
            page.evaluate(contender.still)
        for value in (1.0, -1.0, 1.5):  # a first call also loads what later ones find loaded
            page.evaluate("value => bench.set(value, true)", value)
            page.evaluate("quiet => bench.rest(quiet)", QUIET)
        page.wait_for_function("bench.pixels() !== null")
        yield page
    finally:
        page.close()


def latency(page: Page, values: Sequence[float], whole: bool = False) -> list[float]:
    """The milliseconds from each of some moves, at rest in between, to another picture.

    Args:
        page: a visited one.
        values: of the slider.
        whole: whether the last frame has to be another one, and not just the shown one.

    Raises:
        RWAEError: if the picture does not change within 15 seconds.
    """
    found = []
    for value in values:
        taken = page.evaluate("([value, whole]) => bench.move(value, whole)", [value, whole])
        if taken is None:
            raise RWAEError(f"A move of the slider to {value} changed nothing within 15 seconds.")
        found.append(taken)
        page.evaluate("quiet => bench.rest(quiet)", QUIET)
    return found


def drag(page: Page, seconds: float) -> tuple[float, float, np.ndarray]:
    """Drags the slider up and down.

    Returns:
        Pictures per second, the last value, and the picture at rest, as bytes (side, side, 3).
    """
    done = page.evaluate("seconds => bench.drag(seconds)", seconds)
    page.evaluate("quiet => bench.rest(quiet)", QUIET)
    data = np.array(page.evaluate("[...bench.pixels()]"), np.uint8)
    side = int((len(data) / 4) ** 0.5)
    return done["pictures"] / seconds, done["value"], data.reshape(side, side, 4)[..., :3]
