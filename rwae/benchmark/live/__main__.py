"""Drives the app in headless Chromium beside the usual way and the floor, in turns.

    python -m rwae.benchmark.live                     # the shipped model
    python -m rwae.benchmark.live runs/mine --device cuda --rounds 10
    python -m rwae.benchmark.live --markdown          # the README's table

Latency is the time from a move of the slider to another picture on the screen, from rest, while
the clip is paused: of the frame that is shown, and of the frame that comes last. A drag lasts
three seconds, with one move for each frame of the screen; different pictures are counted. The
usual way is gr.Slider.change to gr.Video, the floor raw RGBA bytes over a plain route. All have
the same model and the same machine, and take turns: read the ratios.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field

import numpy as np

from rwae.benchmark.live.browser import browser, drag, latency, opening, visit
from rwae.benchmark.live.contenders import CONTENDERS, Contender
from rwae.benchmark.live.task import Task
from rwae.benchmark.report import markdown, text
from rwae.benchmark.served import Served, served
from rwae.benchmark.timing import Times, ratio
from rwae.errors import RWAEError

SECONDS = 3.0  # of a drag
MOVES = (-2.0, 2.0, -1.0, 1.0, 0.0)
LOSSY = 12.0  # mean absolute difference of two pictures, of 255, that a video may make


@dataclass
class Record:
    """What was seen of a contender, round by round.

    Attributes:
        opened: milliseconds from asking for the page to a picture, if it shows one by itself.
        latency: median milliseconds of a move, until the shown frame is another one.
        whole: the same, until all frames are.
        pictures: in a second of the drag.
        right: whether the last picture was that of the last value.
        files: left on the disk by the whole round.
    """

    opened: list[float] = field(default_factory=list)
    latency: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    pictures: list[float] = field(default_factory=list)
    right: list[bool] = field(default_factory=list)
    files: list[int] = field(default_factory=list)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m rwae.benchmark.live",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("checkpoint", nargs="?", default="checkpoints/sprites")
    parser.add_argument("--rounds", type=int, choices=range(2, 101), default=5, metavar="N")
    parser.add_argument("--device", help="cuda, mps or cpu; the best there is by default")
    parser.add_argument("--markdown", action="store_true", help="print the README's table")
    return parser.parse_args(arguments)


def is_right(contender: Contender, shown: np.ndarray, expected: np.ndarray) -> bool:
    """Whether a picture is the expected one; a video may be as far off as `LOSSY`."""
    difference = np.abs(shown.astype(int) - expected)
    return bool(difference.max() <= 1 if contender.exact else difference.mean() <= LOSSY)


def measure(task: Task, options: argparse.Namespace) -> list[Record]:
    """Lets the contenders take turns."""
    where = ["--device", options.device] if options.device else []
    records = [Record() for _ in CONTENDERS]
    with ExitStack() as stack:
        opened = stack.enter_context(browser())
        servers = [
            stack.enter_context(served([*contender.program, options.checkpoint, *where]))
            for contender in CONTENDERS
        ]
        for number in range(options.rounds):
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
            for contender, server, record in zip(CONTENDERS, servers, records, strict=True):
                take_turn(task, contender, server, record, opened)
    return records


def take_turn(
    task: Task, contender: Contender, server: Served, record: Record, opened: object
) -> None:
    """One visit: moves from rest, then a drag."""
    before = server.files
    side = task.studio.model.config.frame_size
    if not contender.waiting:
        record.opened.append(opening(opened, contender, server.address, side))
    with visit(opened, contender, server.address, side) as page:
        record.latency.append(statistics.median(latency(page, MOVES)))
        record.whole.append(statistics.median(latency(page, MOVES, whole=True)))
        pictures, value, shown = drag(page, SECONDS)
    record.pictures.append(pictures)
    record.right.append(is_right(contender, shown, task.clip(value)[0]))
    record.files.append(server.files - before)


def table(records: list[Record]) -> list[list[str]]:
    """A column for each contender, ours first; ratios are medians with quartiles."""
    ours = records[0]

    def typical(of: str, unit: str) -> list[str]:
        values = [getattr(record, of) for record in records]
        return [f"{statistics.median(seen):.0f}{unit}" if seen else "" for seen in values]

    def compared(of: str) -> list[str]:
        mine = Times(tuple(getattr(ours, of)))
        return ["", *(str(ratio(mine, Times(tuple(getattr(r, of))))) for r in records[1:])]

    return [
        ["", *(contender.title for contender in CONTENDERS)],
        ["page opened, clip shown", *typical("opened", " ms")],
        ["a move until it is seen", *typical("latency", " ms")],
        ["our time / theirs", *compared("latency")],
        ["until all frames are", *typical("whole", " ms")],
        ["our time / theirs", *compared("whole")],
        ["pictures a second", *typical("pictures", "")],
        ["ours / theirs", *compared("pictures")],
        ["last picture right", *(f"{sum(r.right)} of {len(r.right)}" for r in records)],
        ["files left a visit", *(f"{statistics.mean(r.files):.0f}" for r in records)],
    ]


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    try:
        task = Task(options)
        records = measure(task, options)
    except RWAEError as error:
        print(error, file=sys.stderr)
        return 2
    print((markdown if options.markdown else text)(table(records)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
