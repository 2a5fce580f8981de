"""Drives the app in headless Chromium beside two simpler pages, in turns.

    python -m rwae.benchmark.live                     # the shipped model
    python -m rwae.benchmark.live runs/mine --device cuda --rounds 10
    python -m rwae.benchmark.live --markdown          # the table of docs/BENCHMARKS.md
    python -m rwae.benchmark.live --slow              # how the app opens on a slow line
    python -m rwae.benchmark.live --where             # decoding by the server and in the browser
    python -m rwae.benchmark.live --file              # a page that is one file, without a network

The latency is the time from a move of the slider to another picture on the screen, from rest,
while the clip is paused: first of the frame that is shown, then of the frame that is drawn last.
A drag lasts three seconds, with one move for each frame of the screen; different pictures are
counted. The simpler pages are gr.Slider.change to gr.Video, and raw RGBA bytes over a plain route.
All have the same model and the same machine, and take turns: read the ratios.
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rwae.benchmark.live.browser import (
    FAR_LINE,
    Line,
    LivePage,
    drag,
    latencies,
    open_browser,
    opening_time,
    slow_down,
    slow_opening,
    visit,
)
from rwae.benchmark.live.rivals import SliderClip
from rwae.benchmark.report import Quartiles, Table, as_markdown, as_text
from rwae.benchmark.server import Server, running_server
from rwae.errors import RWAEError
from rwae.ui.standalone import standalone_page

if TYPE_CHECKING:
    from playwright.sync_api import Browser

DRAG_SECONDS = 3.0
SLIDER_VALUES = (-2.0, 2.0, -1.0, 1.0, 0.0)  # standard deviations
VIDEO_ERROR = 12.0  # mean absolute error of a picture, of 255, that a lossy video may have

# Shows the main directions, one of which the slider of every page moves, and stops the clip.
PAUSE = """
document.querySelector('.rw-explore [data-part=whohasnames] + button').click();
document.querySelector('.rw-explore .rw-cell').click();
"""
BY_SERVER = LivePage(
    title="this app",
    program=("app.py", "--model"),
    slider=".rw-explore [data-part=whomain] .rw-knob input",
    picture=".rw-explore [data-part=edited]",
    last=".rw-explore .rw-filmstrip canvas",
    pause=PAUSE,
    script="localStorage['rwae-decoding'] = 'server'",
)
IN_BROWSER = dataclasses.replace(
    BY_SERVER,
    title="in the browser",
    script="localStorage['rwae-decoding'] = 'browser'",
    ready="document.querySelector('.rw-where').textContent.includes('in your browser')",
)
ON_DISK = dataclasses.replace(
    BY_SERVER,
    title="one file",
    script="",
    ready="document.querySelector('.rw-badge')?.textContent.includes('in your browser')",
    on_disk=True,
)
LINES = {"this machine": None, "60 ms away at 20 Mbit/s": FAR_LINE}
LIVE_PAGES = (
    BY_SERVER,
    LivePage(
        title="gr.Slider to gr.Video",
        program=("-m", "rwae.benchmark.live.rivals", "video"),
        slider="input[type=range]",
        picture="video",
        last="video",
        exact=False,
        empty=True,
    ),
    LivePage(
        title="raw RGBA, plain route",
        program=("-m", "rwae.benchmark.live.rivals", "raw"),
        slider="input[type=range]",
        picture="canvas",
        last="canvas:last-of-type",
    ),
)


@dataclass
class LiveRecord:
    """What was measured of a page, round by round.

    Attributes:
        opening: milliseconds from asking for the page to a picture; empty for a page without one.
        latency: median milliseconds of a move until the frame that is shown has changed.
        whole: the same, until the frame that is drawn last has changed.
        pictures: in a second of the drag.
        right: whether the last picture was that of the last value.
        files: left on the disk by the round.
        requests: of the drag, by the page to the server.
    """

    opening: list[float] = field(default_factory=list)
    latency: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    pictures: list[float] = field(default_factory=list)
    right: list[bool] = field(default_factory=list)
    files: list[int] = field(default_factory=list)
    requests: list[int] = field(default_factory=list)


def parse_live_options(words: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        "python -m rwae.benchmark.live",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("checkpoint", nargs="?", default="checkpoints/sprites")
    parser.add_argument("--rounds", type=int, choices=range(1, 101), default=5, metavar="N")
    parser.add_argument("--device", help="cuda, mps or cpu; the best there is by default")
    parser.add_argument(
        "--slow",
        action="store_true",
        help="only open the app, at 400 kbit/s and with round trips of 200 ms",
    )
    parser.add_argument(
        "--where",
        action="store_true",
        help="the app alone, decoding by the server and in the browser, near and far",
    )
    parser.add_argument(
        "--file",
        action="store_true",
        help="a page that is one file, from the disk and without a network",
    )
    parser.add_argument("--markdown", action="store_true", help="print the table in Markdown")
    return parser.parse_args(words)


def is_right(live: LivePage, shown: np.ndarray, expected: np.ndarray) -> bool:
    """Whether a picture is the expected one; one of a video may differ by `VIDEO_ERROR`."""
    difference = np.abs(shown.astype(int) - expected)
    return bool(difference.max() <= 1 if live.exact else difference.mean() <= VIDEO_ERROR)


def measure_pages(clip: SliderClip, options: argparse.Namespace) -> list[LiveRecord]:
    """Starts a server for each page, and visits the pages in turns."""
    device = ["--device", options.device] if options.device else []
    records = [LiveRecord() for _ in LIVE_PAGES]
    with ExitStack() as stack:
        browser = stack.enter_context(open_browser())
        servers = [
            stack.enter_context(running_server([*live.program, options.checkpoint, *device]))
            for live in LIVE_PAGES
        ]
        for number in range(options.rounds):
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
            for live, server, record in zip(LIVE_PAGES, servers, records, strict=True):
                measure_visit(clip, live, server, record, browser)
    return records


def measure_slow_line(options: argparse.Namespace) -> Table:
    """Opens the app on a slow line, each time with an empty cache."""
    device = ["--device", options.device] if options.device else []
    ours = LIVE_PAGES[0]
    program = [*ours.program, options.checkpoint, *device]
    openings = []
    with running_server(program) as server:
        for _ in range(options.rounds):
            with open_browser() as browser:
                openings.append(slow_opening(browser, ours, server.address))
    moves, ready = ([getattr(o, name) / 1000 for o in openings] for name in ("moves", "ready"))
    return [
        ["400 kbit/s, 200 ms", ours.title],
        ["page opened, clip moves", Quartiles.of(moves).text(" s", digits=1)],
        ["page opened, sliders are there", Quartiles.of(ready).text(" s", digits=1)],
        ["requests until then, at most", f"{max(o.requests for o in openings)}"],
        ["received until then, at most", f"{max(o.received for o in openings) / 1000:.0f} KB"],
    ]


def measure_where(clip: SliderClip, options: argparse.Namespace) -> Table:
    """Visits the app over each line, with the server and the browser as decoders in turns."""
    device = ["--device", options.device] if options.device else []
    pages = BY_SERVER, IN_BROWSER
    records = {name: (LiveRecord(), LiveRecord()) for name in LINES}
    with (
        open_browser() as browser,
        running_server([*BY_SERVER.program, options.checkpoint, *device]) as server,
    ):
        for number in range(options.rounds):
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
            for name, line in LINES.items():
                for live, record in zip(pages, records[name], strict=True):
                    measure_visit(clip, live, server, record, browser, line)
    return where_table(records)


def measure_file(clip: SliderClip, options: argparse.Namespace) -> Table:
    """Opens the model as a page that is one file, from the disk, and moves its slider."""
    side = clip.studio.model.config.frame_size
    record, ready = LiveRecord(), []
    with tempfile.TemporaryDirectory(prefix="rwae-") as folder, open_browser() as browser:
        path = Path(folder) / "page.html"
        path.write_text(standalone_page(clip.studio), "utf-8")
        address = path.as_uri()
        for number in range(options.rounds):
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
            record.opening.append(opening_time(browser, ON_DISK, address, side))
            ready.append(opening_time(browser, ON_DISK, address, side, ON_DISK.ready))
            measure_moves(clip, ON_DISK, address, record, browser)
        size = path.stat().st_size / 1e6
    measured = {
        "page opened, clip shown": record.opening,
        "page opened, decoder ready": ready,
        "a move until it is seen": record.latency,
        "until all frames are": record.whole,
    }
    return [
        ["without a network", ON_DISK.title],
        ["size", f"{size:.2f} MB"],
        *([title, Quartiles.of(times).text(" ms", digits=0)] for title, times in measured.items()),
        ["pictures a second", Quartiles.of(record.pictures).text("", digits=0)],
        ["last picture right", f"{sum(record.right)} of {len(record.right)}"],
    ]


def where_table(records: Mapping[str, tuple[LiveRecord, LiveRecord]]) -> Table:
    """For each line some rows: by the server, in the browser, and the ratio of the two."""
    table = [["", "by the server", "in the browser", "browser / server"]]
    for line, pair in records.items():
        for title, unit, of in (
            ("a move until it is seen", " ms", lambda record: record.latency),
            ("until all frames are", " ms", lambda record: record.whole),
            ("pictures a second", "", lambda record: record.pictures),
        ):
            server, browser = map(of, pair)
            cells = [Quartiles.of(values).text(unit, digits=0) for values in (server, browser)]
            ratio = Quartiles.of_ratios(browser, server).text()
            table.append([f"{line}: {title}", *cells, ratio])
        requests = [f"{max(record.requests)}" for record in pair]
        table.append([f"{line}: requests in a drag, at most", *requests, ""])
        right = [f"{sum(record.right)} of {len(record.right)}" for record in pair]
        table.append([f"{line}: last picture right", *right, ""])
    return table


def measure_visit(
    clip: SliderClip,
    live: LivePage,
    server: Server,
    record: LiveRecord,
    browser: Browser,
    line: Line | None = None,
) -> None:
    """One visit to a page, see `measure_moves`, and the files that it leaves."""
    files_before = server.files
    if not live.empty:
        side = clip.studio.model.config.frame_size
        record.opening.append(opening_time(browser, live, server.address, side))
    measure_moves(clip, live, server.address, record, browser, line)
    record.files.append(server.files - files_before)


def measure_moves(
    clip: SliderClip,
    live: LivePage,
    address: str,
    record: LiveRecord,
    browser: Browser,
    line: Line | None = None,
) -> None:
    """Single moves from rest, then a drag; over a line once the page is open."""
    side = clip.studio.model.config.frame_size
    asked: list[str] = []
    with visit(browser, live, address, side) as page:
        if line is not None:
            slow_down(page, line)
        record.latency.append(statistics.median(latencies(page, SLIDER_VALUES)))
        record.whole.append(statistics.median(latencies(page, SLIDER_VALUES, whole=True)))
        page.on("request", lambda request: asked.append(request.url))
        pictures, value, shown = drag(page, DRAG_SECONDS)
    record.requests.append(sum("component_server" in url for url in asked))
    record.pictures.append(pictures)
    record.right.append(is_right(live, shown, clip.render(value)[0]))


def live_table(records: Sequence[LiveRecord]) -> Table:
    """A column for each page, ours first; times, rates and ratios are medians with quartiles."""
    ours = records[0]

    def measured(values: Callable[[LiveRecord], list[float]], unit: str = "") -> list[str]:
        return [
            Quartiles.of(values(record)).text(unit, digits=0) if values(record) else ""
            for record in records
        ]

    def ratios(values: Callable[[LiveRecord], list[float]]) -> list[str]:
        rivals = records[1:]
        return ["", *(Quartiles.of_ratios(values(ours), values(r)).text() for r in rivals)]

    return [
        ["", *(live.title for live in LIVE_PAGES)],
        ["page opened, clip shown", *measured(lambda record: record.opening, " ms")],
        ["a move until it is seen", *measured(lambda record: record.latency, " ms")],
        ["our time / theirs", *ratios(lambda record: record.latency)],
        ["until all frames are", *measured(lambda record: record.whole, " ms")],
        ["our time / theirs", *ratios(lambda record: record.whole)],
        ["pictures a second", *measured(lambda record: record.pictures)],
        ["ours / theirs", *ratios(lambda record: record.pictures)],
        ["last picture right", *(f"{sum(r.right)} of {len(r.right)}" for r in records)],
        ["files left a visit", *(f"{statistics.mean(r.files):.0f}" for r in records)],
    ]


def main(words: list[str] | None = None) -> int:
    """Measures, and prints the table."""
    options = parse_live_options(words)
    try:
        if options.slow:
            table = measure_slow_line(options)
        elif options.file:
            table = measure_file(SliderClip(options.checkpoint, options.device), options)
        elif options.where:
            table = measure_where(SliderClip(options.checkpoint, options.device), options)
        else:
            clip = SliderClip(options.checkpoint, options.device)
            table = live_table(measure_pages(clip, options))
    except RWAEError as error:
        print(error, file=sys.stderr)
        return 2
    print((as_markdown if options.markdown else as_text)(table))
    return 0


if __name__ == "__main__":
    sys.exit(main())
