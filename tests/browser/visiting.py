"""A visit to the app in a real browser, for the tests beside this file."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
import torch
from serving import RunningApp, browser_path

from rwae import Codes
from rwae.benchmark.live.browser import BROWSER_FLAGS
from rwae.editing.studio import Studio

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
Page = playwright.Page

PATIENCE = 60_000  # milliseconds: a busy machine is slow, and not broken
AT_REST = "document.querySelector('{} .rw-stage').getAttribute('aria-busy') === 'false'"
# The squares that canvases and images show side by side, as flat lists of RGB bytes.
PIXELS = """selector => [...document.querySelectorAll(selector)].flatMap(shown => {
    let canvas = shown;
    if (shown.tagName === 'IMG') {
        canvas = document.createElement('canvas');
        canvas.width = canvas.height = Number(shown.getAttribute('width'));
        canvas.getContext('2d').drawImage(shown, 0, 0);
    }
    const { width, height } = canvas;
    return Array.from({ length: width / height }, (_, n) => {
        const { data } = canvas.getContext('2d').getImageData(n * height, 0, height, height);
        return [...data].filter((_, at) => at % 4 < 3);
    });
})"""
# Runs a body of JavaScript with the page's `session` (see rwae/ui/assets/lib/session.js).
SESSION = """async argument => {{
    const loaded = performance.getEntriesByType("resource").map(({{ name }}) => name);
    const {{ modules }} = await import(loaded.find((name) => name.endsWith("/app/first.js")));
    const {{ session }} = modules["lib/session.js"];
    {body}
}}"""
# Chooses once where the page decodes; later the page's own switch counts.
ON_THE_SERVER = "localStorage['rwae-decoding'] ??= 'server'"
# Drops a file on a part of the page: its name, and its bytes or how many there are.
DROP = """([selector, name, bytes]) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([new Uint8Array(bytes)], name));
    for (const kind of ['dragover', 'drop']) {
        const how = { dataTransfer, bubbles: true, cancelable: true };
        document.querySelector(selector).dispatchEvent(new DragEvent(kind, how));
    }
}"""


@dataclass
class Visit:
    """A page that is open, the model behind it, and what happened meanwhile."""

    page: Page
    address: str
    studio: Studio
    cache: Path
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def pixels(self, selector: str) -> np.ndarray:
        """What canvases show, as bytes (N, H, W, 3)."""
        side = self.studio.model.config.frame_size
        return np.array(self.page.evaluate(PIXELS, selector)).reshape(-1, side, side, 3)

    def rest(self, tab: str) -> None:
        """Waits until a tab shows the exact picture of its last value."""
        self.page.wait_for_timeout(50)
        self.page.wait_for_function(AT_REST.format(tab))

    def until(self, met: Callable[[], bool]) -> None:
        """Waits until a condition is met, for at most as long as the page waits for anything."""
        end = time.monotonic() + PATIENCE / 1000
        while not met():
            assert time.monotonic() < end, "it did not happen"
            self.page.wait_for_timeout(50)

    def session(self, body: str, argument: Any = None) -> Any:
        """Runs a body of JavaScript that may use the page's `session` and an `argument`."""
        return self.page.evaluate(SESSION.format(body=body), argument)

    def has_codes(self, tab: str) -> bool:
        """Whether a tab, such as "explore", shows codes yet."""
        return self.session("return session.shown.has(argument);", tab)

    def codes(self, tab: str) -> Codes:
        """The codes that a tab, such as "explore", shows."""
        shown = self.session("return session.shown.get(argument);", tab)
        shown = shown if isinstance(shown, list) else [shown]
        return Codes(*(torch.tensor([c[kind] for c in shown]) for kind in ("static", "dynamic")))

    def model_arrived(self, name: str) -> None:
        """Waits until the page shows a model."""
        self.page.wait_for_selector(f".rw-header[data-model='{name}']")

    def open_tab(self, name: str) -> None:
        self.page.get_by_role("tab", name=name).click()


@contextmanager
def visiting(
    app: RunningApp, arguments: Sequence[str] = (), script: str = ON_THE_SERVER
) -> Iterator[Visit]:
    """Opens the page of an app, which shows its first model.

    Args:
        app: a running app.
        arguments: words of the browser's command line.
        script: what runs in the page before its own scripts; by default the server decodes.
    """
    path = browser_path()
    with playwright.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=[*BROWSER_FLAGS, *arguments])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(PATIENCE)
        playwright.expect.set_options(timeout=PATIENCE)
        studio = Studio.load(next(iter(app.folders.values())), "cpu")
        visit = Visit(page, app.address, studio, app.cache)
        page.on("console", lambda m: m.type == "error" and visit.complaints.append(m.text))
        page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        page.on("request", lambda r: visit.hosts.add(urlsplit(r.url).hostname or ""))
        if script:
            page.add_init_script(script)
        page.goto(app.address)
        yield visit
        browser.close()


def close(shown: np.ndarray, expected: np.ndarray) -> bool:
    """Whether pictures are the same, up to the last digit that the page rounds away."""
    return shown.shape == expected.shape and int(np.abs(shown - expected.astype(int)).max()) <= 1
