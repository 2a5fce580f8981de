"""How the app bears a crowd: visitors on loopback, each dragging a slider, some uploading clips.

    python -m rwae.benchmark.crowd                        # 1, 10, 50 and 200 visitors
    python -m rwae.benchmark.crowd runs/mine --visitors 5 20 --seconds 10
    python -m rwae.benchmark.crowd --markdown             # the README's table

Every visitor has a clip of its own and asks as the page does: one request at a time, the next as
soon as an answer is there. One visitor in five uploads a clip between its moves. At the end each
asks once more for the exact picture of its last codes, which nobody else's may be.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import functools
import random
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import torch

from rwae.benchmark.live.task import Task
from rwae.benchmark.report import markdown, text
from rwae.benchmark.served import Served, served
from rwae.codes import Codes
from rwae.errors import RWAEError
from rwae.files import filmstrip, video

UPLOADERS = 5  # one visitor in so many also uploads
PATIENCE = 60.0  # seconds that a visitor waits for an answer
FRAME = 1 / 60  # seconds between two moves of a hand
CALM = 25.0  # seconds after a crowd has left, before the memory is looked at
ROUTE = "/gradio_api/component_server"


@dataclass
class Log:
    """What became of the requests of a crowd.

    Attributes:
        seconds: of each request that was served.
        refused: how many got a sentence or a status instead.
        lost: how many got no answer.
        foreign: how many visitors were shown a picture that is not that of their codes.
        peak: the most memory that the server held, in bytes.
    """

    seconds: list[float] = field(default_factory=list)
    refused: int = 0
    lost: int = 0
    foreign: int = 0
    peak: float = 0.0

    def percentile(self, share: float) -> str:
        """The time within which a share of the served requests was answered."""
        if not self.seconds:
            return "-"
        return f"{1000 * float(np.quantile(self.seconds, share)):.0f} ms"


class Visitor:
    """Someone at the page.

    Attributes:
        codes: those of the clip on the page; each visitor has others.
    """

    def __init__(self, number: int, task: Task, client: httpx.AsyncClient, part: int) -> None:
        """Args: part: number of the component of the page whose functions are called."""
        self.task, self.client = task, client
        self.dice = random.Random(number)
        generator = torch.Generator().manual_seed(number)
        self.codes = task.studio.model.sample(1, generator=generator).to("cpu")
        self.call = {"session_hash": f"visitor{number}", "component_id": part}
        self.uploads = number % UPLOADERS == 0

    async def stay(self, end: float, log: Log) -> None:
        """Drags until a moment of the monotonic clock, then looks closely."""
        while time.monotonic() < end:
            self.move()
            if self.uploads and self.dice.random() < 0.1:
                await self.upload(log)
            else:
                await self.ask(log, exact=False)
            await asyncio.sleep(FRAME)  # until the hand has moved on
        if shown := await self.ask(log, exact=True):
            data = base64.b64decode(shown["sheet"].split(",", 1)[1])
            log.foreign += not self.mine(data)

    def move(self) -> None:
        """Another value on the slider."""
        static = self.codes.static.clone()
        static[0, 0] = self.dice.uniform(-2, 2)
        self.codes = Codes(static, self.codes.dynamic)

    def mine(self, data: bytes) -> bool:
        """Whether a picture is that of this visitor's codes; the page rounds these a little."""
        with tempfile.TemporaryDirectory(prefix="rwae-bench-") as folder:
            path = Path(folder) / "shown.png"
            path.write_bytes(data)
            shown = video.read_image(path)[..., :3].astype(int)
        expected = filmstrip.sheet(self.task.studio.decode(self.codes))
        return shown.shape == expected.shape and bool(np.abs(shown - expected).max() <= 1)

    async def ask(self, log: Log, exact: bool) -> dict[str, Any] | None:
        """Asks for the picture of the codes."""
        clip = {
            "static": self.codes.static[0].tolist(),
            "dynamic": self.codes.dynamic[0].tolist(),
        }
        data = {"clips": [clip], "exact": exact}
        return await self.send(log, json=self.call | {"fn_name": "decode_codes", "data": data})

    async def upload(self, log: Log) -> None:
        """Sends a clip as a file."""
        file = ("clip.png", file_of(self.task), "image/png")
        fields = self.call | {"fn_name": "encode_clip"}
        await self.send(log, data=fields, files={"file": file})

    async def send(self, log: Log, **request: Any) -> dict[str, Any] | None:
        """One request, and what became of it."""
        begin = time.monotonic()
        try:
            answer = await self.client.post(ROUTE, **request)
        except httpx.HTTPError:
            log.lost += 1
            return None
        found = answer.json() if answer.status_code == httpx.codes.OK else {"error": "refused"}
        if "error" in found:
            log.refused += 1
            return None
        log.seconds.append(time.monotonic() - begin)
        return found


@functools.cache
def file_of(task: Task) -> bytes:
    """The clip that visitors upload, made once: they share their machine with the server."""
    return video.encode_image(filmstrip.sheet(task.clip(0.0)[None]), "png")


async def crowd(server: Served, task: Task, count: int, seconds: float) -> Log:
    """Lets some visitors in at once, for some seconds."""
    log = Log()
    part = explore(server)
    limits = httpx.Limits(max_connections=count, max_keepalive_connections=count)
    async with httpx.AsyncClient(
        base_url=server.address, timeout=PATIENCE, limits=limits, trust_env=False
    ) as client:
        visitors = [Visitor(number, task, client, part) for number in range(count)]
        end = time.monotonic() + seconds
        watch = asyncio.create_task(remember_peak(server, log))
        await asyncio.gather(*(visitor.stay(end, log) for visitor in visitors))
        watch.cancel()
    return log


def explore(server: Served) -> int:
    """The number of the component that is the Explore tab, as the page finds it."""
    parts = httpx.get(f"{server.address}/config", trust_env=False).json()["components"]
    return next(part["id"] for part in parts if part["props"].get("elem_id") == "rw-explore")


async def remember_peak(server: Served, log: Log) -> None:
    """Looks at the server's memory until it is cancelled."""
    while True:
        log.peak = max(log.peak, server.memory)
        await asyncio.sleep(0.1)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m rwae.benchmark.crowd",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("checkpoint", nargs="?", default="checkpoints/sprites")
    parser.add_argument("--visitors", type=int, nargs="+", default=[1, 10, 50, 200], metavar="N")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each crowd")
    parser.add_argument("--device", help="cuda, mps or cpu; the best there is by default")
    parser.add_argument("--markdown", action="store_true", help="print the README's table")
    return parser.parse_args(arguments)


HEAD = [
    "visitors", "served", "in a second", "refused", "lost", "half within", "95% within",
    "pictures mixed up", "memory before", "at most", "after", "files left",
]  # fmt: skip


def measure(options: argparse.Namespace, task: Task) -> list[list[str]]:
    """A row for each crowd, one after the other before the same server."""
    where = ["--device", options.device] if options.device else []
    rows = [HEAD]
    with served(["app.py", "--model", options.checkpoint, *where]) as server:
        for count in options.visitors:
            before = server.memory
            log = asyncio.run(crowd(server, task, count, options.seconds))
            time.sleep(CALM)
            memory = [f"{held / 2**20:.0f} MB" for held in (before, log.peak, server.memory)]
            rows.append([
                f"{count}", f"{len(log.seconds)}", f"{len(log.seconds) / options.seconds:.0f}",
                f"{log.refused}", f"{log.lost}", log.percentile(0.5), log.percentile(0.95),
                f"{log.foreign}", *memory, f"{server.files}",
            ])  # fmt: skip
    return rows


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    if min(options.visitors) < 1 or options.seconds <= 0:
        print("A crowd needs at least one visitor, and more than 0 seconds.", file=sys.stderr)
        return 2
    try:
        rows = measure(options, Task(options))
    except RWAEError as error:
        print(error, file=sys.stderr)
        return 2
    print((markdown if options.markdown else text)(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
