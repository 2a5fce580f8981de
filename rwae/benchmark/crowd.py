"""Load test: many visitors who drag a slider without a pause, some of whom also upload clips.

    python -m rwae.benchmark.crowd                        # 1, 10, 50 and 200 visitors
    python -m rwae.benchmark.crowd runs/mine --visitors 5 20 --seconds 10
    python -m rwae.benchmark.crowd --markdown             # the table of docs/BENCHMARKS.md
    python -m rwae.benchmark.crowd --local --visitors 200 1000   # whose browsers decode
    python -m rwae.benchmark.crowd --processes 2          # apps side by side share the visitors

Each visitor has a clip of its own and asks as the page does: one request at a time, the next when
the answer is there. Every few seconds it rests, and asks for the exact clip and the stills beside
the sliders. One visitor in five uploads a clip between moves. At the end each visitor asks for the
exact picture of its last codes, which is compared with what these codes decode to.

With --local the visitors come one after the other. Each fetches the decoder, and asks for nothing
more but its uploads: what its browser computes is not part of the load.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import torch

from rwae.benchmark.report import Table, as_markdown, as_text, quantile
from rwae.benchmark.server import Server, running_server
from rwae.codes import Codes
from rwae.editing.studio import Studio
from rwae.errors import RWAEError
from rwae.files import filmstrip, video
from rwae.runtime import serve_with_one_thread

UPLOADER_EVERY = 5  # one visitor in so many also uploads
UPLOAD_SHARE = 0.1  # of the requests of such a visitor
UPLOAD_PAUSE = 30.0  # mean seconds between two uploads of one whose browser decodes
KEPT_SECONDS = 2.0  # that an idle connection is used again: the server ends it after five
DRAG_SECONDS = 3.0  # between two rests
STILLS = 65  # beside the sliders of Explore: five of each of 13 sliders
ANSWER_SECONDS = 60.0  # the longest that a visitor waits for an answer
MOVE_SECONDS = 1 / 60  # between two moves of a slider
SETTLE_SECONDS = 25.0  # between the end of a crowd and the look at the memory
SERVER_ROUTE = "/gradio_api/component_server"  # where the page calls functions of the server
CROWD_COLUMNS = [
    "visitors", "served", "in a second", "refused", "lost", "half within", "95% within", "cores",
    "pictures mixed up", "memory before", "at most", "after", "files left",
]  # fmt: skip


@dataclass
class CrowdLog:
    """The outcomes of the requests of a crowd.

    Attributes:
        served: how many requests were served.
        seconds: of each that is timed: of all, or with --local until the decoder has come.
        refused: how many requests got an error message or an error status.
        lost: how many requests got no answer.
        mixed_up: how many visitors got a picture that is not that of their codes.
        peak: the most memory that the server held, in bytes.
    """

    served: int = 0
    seconds: list[float] = field(default_factory=list)
    refused: int = 0
    lost: int = 0
    mixed_up: int = 0
    peak: float = 0.0

    def add(self, other: CrowdLog) -> None:
        """Adds what another part of the crowd met."""
        self.served += other.served
        self.seconds += other.seconds
        self.refused += other.refused
        self.lost += other.lost
        self.mixed_up += other.mixed_up
        self.peak += other.peak

    def within(self, share: float) -> str:
        """The time within which a share of the served requests was answered."""
        if not self.seconds:
            return "-"
        return f"{1000 * quantile(self.seconds, share):.0f} ms"


class Visitor:
    """One who drags a slider, with codes that no other visitor has."""

    def __init__(
        self, number: int, studio: Studio, client: httpx.AsyncClient, component: int, upload: bytes
    ) -> None:
        """Draws the codes of the visitor's clip.

        Args:
            number: of the visitor; the seed of all that it does.
            studio: the model that the server has as well.
            client: how it reaches the server.
            component: number of the component of the page whose functions are called.
            upload: the file that it uploads, if it is one who does.
        """
        self.studio, self.client, self.file = studio, client, upload
        self.random = random.Random(number)
        generator = torch.Generator().manual_seed(number)
        self.codes = studio.model.sample(1, generator=generator).to("cpu")
        self.address = {"session_hash": f"visitor{number}", "component_id": component}
        self.uploads = number % UPLOADER_EVERY == 0

    async def stay(self, end: float, log: CrowdLog) -> None:
        """Drags until a moment of the monotonic clock, then checks the last picture."""
        rest = time.monotonic() + self.random.uniform(0, DRAG_SECONDS)
        while time.monotonic() < end:
            if time.monotonic() > rest:
                await self.ask(log, exact=True)
                await self.ask_stills(log)
                rest = time.monotonic() + DRAG_SECONDS
            self.move()
            if self.uploads and self.random.random() < UPLOAD_SHARE:
                await self.upload(log)
            else:
                await self.ask(log, exact=False)
            await asyncio.sleep(MOVE_SECONDS)
        if shown := await self.ask(log, exact=True):
            data = base64.b64decode(shown["sheet"].split(",", 1)[1])
            log.mixed_up += not self.shows_own_codes(data)

    def move(self) -> None:
        """Moves the slider of the first number of the static code."""
        static = self.codes.static.clone()
        static[0, 0] = self.random.uniform(-2, 2)
        self.codes = Codes(static, self.codes.dynamic)

    def shows_own_codes(self, data: bytes) -> bool:
        """Whether a PNG is the picture of this visitor's codes, up to one grey level."""
        with tempfile.TemporaryDirectory(prefix="rwae-bench-") as folder:
            path = Path(folder) / "shown.png"
            path.write_bytes(data)
            shown = video.read_image(path)[..., :3].astype(int)
        expected = filmstrip.sheet(self.studio.decode(self.codes))
        return shown.shape == expected.shape and bool(np.abs(shown - expected).max() <= 1)

    async def ask(self, log: CrowdLog, exact: bool) -> dict[str, Any] | None:
        """Asks for the picture of the codes."""
        clip = {
            "static": self.codes.static[0].tolist(),
            "dynamic": self.codes.dynamic[0].tolist(),
        }
        data = {"clips": [clip], "exact": exact}
        return await self.send(log, json=self.address | {"fn_name": "decode_codes", "data": data})

    async def ask_stills(self, log: CrowdLog) -> None:
        """Asks for the stills beside the sliders: one frame of as many moved static codes."""
        drawn = torch.rand(STILLS, 1, generator=torch.Generator().manual_seed(0)) * 4 - 2
        static = self.codes.static.repeat(STILLS, 1)
        static[:, :1] = drawn
        frame = self.codes.dynamic[0, :1].tolist()
        clips = [{"static": code, "dynamic": frame} for code in static.tolist()]
        data = {"clips": clips, "exact": True}
        await self.send(log, json=self.address | {"fn_name": "decode_codes", "data": data})

    async def upload(self, log: CrowdLog, timed: bool = True) -> None:
        """Sends a clip as a file."""
        file = ("clip.png", self.file, "image/png")
        fields = self.address | {"fn_name": "encode_clip"}
        await self.send(log, timed, data=fields, files={"file": file})

    async def send(
        self, log: CrowdLog, timed: bool = True, **request: Any
    ) -> dict[str, Any] | None:
        """Sends a request and notes what became of it; None if it was refused or lost."""
        begin = time.monotonic()
        try:
            response = await self.client.post(SERVER_ROUTE, **request)
        except httpx.HTTPError:
            log.lost += 1
            return None
        answer: dict[str, Any] = {"error": "refused"}
        if response.status_code == httpx.codes.OK:
            answer = response.json()
        if "error" in answer:
            log.refused += 1
            return None
        log.served += 1
        if timed:
            log.seconds.append(time.monotonic() - begin)
        return answer


class LocalVisitor(Visitor):
    """One whose browser decodes, once it has the kernel and the weights."""

    async def stay(self, end: float, log: CrowdLog) -> None:
        """Comes at some time, fetches the decoder, and then uploads clips at the most."""
        await asyncio.sleep(self.random.uniform(0, max(0.0, end - time.monotonic())))
        begin = time.monotonic()
        request = self.address | {"fn_name": "find_decoder", "data": {}}
        found = await self.send(log, timed=False, json=request)
        whole = found is not None and "weights" in found
        if found is not None and whole:
            for part in ("kernel", "weights"):
                whole = await self.fetch(found[part]) and whole
        if whole:
            log.seconds.append(time.monotonic() - begin)
        else:
            log.lost += 1
        while self.uploads:
            pause = self.random.uniform(0, 2 * UPLOAD_PAUSE)
            if time.monotonic() + pause > end:
                break
            await asyncio.sleep(pause)
            await self.upload(log, timed=False)

    async def fetch(self, address: str) -> bool:
        """Fetches a file, compressed as browsers do; false if it does not come."""
        try:
            headers = {"Accept-Encoding": "gzip"}
            async with self.client.stream("GET", f"/{address}", headers=headers) as answer:
                async for _ in answer.aiter_raw():
                    pass
        except httpx.HTTPError:
            return False
        return answer.status_code == httpx.codes.OK


async def visit_together(
    server: Server, studio: Studio, visitors: int, seconds: float, local: bool = False
) -> CrowdLog:
    """Lets some visitors in, for some seconds: at once, or one after the other if `local`."""
    log = CrowdLog()
    kind = LocalVisitor if local else Visitor
    component = explore_component(server)
    # Made once, because the visitors share their machine with the server.
    upload = video.encode_image(filmstrip.sheet(studio.decode(studio.examples[[0]])), "png")
    limits = httpx.Limits(
        max_connections=visitors,
        max_keepalive_connections=visitors,
        keepalive_expiry=KEPT_SECONDS,
    )
    async with httpx.AsyncClient(
        base_url=server.address, timeout=ANSWER_SECONDS, limits=limits, trust_env=False
    ) as client:
        crowd = [kind(n, studio, client, component, upload) for n in range(visitors)]
        end = time.monotonic() + seconds
        watch = asyncio.create_task(note_peak(server, log))
        await asyncio.gather(*(visitor.stay(end, log) for visitor in crowd))
        watch.cancel()
    return log


async def visit_all(
    servers: Sequence[Server], studio: Studio, visitors: int, seconds: float, local: bool = False
) -> CrowdLog:
    """Shares the visitors out among servers, each of whom stays with one; see `visit_together`."""
    log, count = CrowdLog(), len(servers)
    shares = [(visitors + n) // count for n in range(count)]
    parts = zip(servers, shares, strict=True)
    crowds = [visit_together(one, studio, share, seconds, local) for one, share in parts if share]
    for part in await asyncio.gather(*crowds):
        log.add(part)
    return log


def explore_component(server: Server) -> int:
    """The number of the component that is the Explore tab, as the page finds it."""
    config = httpx.get(f"{server.address}/config", trust_env=False).json()
    for component in config["components"]:
        if component["props"].get("elem_id") == "rw-explore":
            return int(component["id"])
    raise RWAEError(f"The page at {server.address} has no Explore tab: is it this app?")


def memory_of(servers: Sequence[Server]) -> float:
    """The bytes that servers hold together."""
    return sum(server.memory for server in servers)


async def note_peak(server: Server, log: CrowdLog) -> None:
    """Notes the server's memory ten times a second until it is cancelled."""
    while True:
        log.peak = max(log.peak, server.memory)
        await asyncio.sleep(0.1)


def parse_crowd_options(words: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        "python -m rwae.benchmark.crowd",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("checkpoint", nargs="?", default="checkpoints/sprites")
    parser.add_argument("--visitors", type=int, nargs="+", default=[1, 10, 50, 200], metavar="N")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each crowd")
    parser.add_argument(
        "--local", action="store_true", help="the visitors' browsers decode by themselves"
    )
    parser.add_argument(
        "--processes", type=int, default=1, metavar="N", help="apps that share the visitors out"
    )
    parser.add_argument("--device", help="cuda, mps or cpu; the best there is by default")
    parser.add_argument("--markdown", action="store_true", help="print the table in Markdown")
    options = parser.parse_args(words)
    if min(options.visitors) < 1 or options.seconds <= 0 or options.processes < 1:
        parser.error("a crowd needs at least one visitor, one process and more than 0 seconds")
    return options


def measure_crowds(options: argparse.Namespace) -> Table:
    """A row for each crowd; they come one after the other to the same server."""
    device = ["--device", options.device] if options.device else []
    serve_with_one_thread(options.device)  # as the app does, which decodes to the same numbers
    studio = Studio.load(options.checkpoint, options.device)
    table = [CROWD_COLUMNS]
    program = ["app.py", "--model", options.checkpoint, *device]
    with ExitStack() as stack:
        servers = [stack.enter_context(running_server(program)) for _ in range(options.processes)]
        for visitors in options.visitors:
            before, cpu = memory_of(servers), sum(server.cpu for server in servers)
            crowd = visit_all(servers, studio, visitors, options.seconds, options.local)
            log = asyncio.run(crowd)
            cores = (sum(server.cpu for server in servers) - cpu) / options.seconds
            time.sleep(SETTLE_SECONDS)
            memory = [f"{held / 2**20:.0f} MB" for held in (before, log.peak, memory_of(servers))]
            table.append([
                f"{visitors}", f"{log.served}", f"{log.served / options.seconds:.0f}",
                f"{log.refused}", f"{log.lost}", log.within(0.5), log.within(0.95),
                f"{cores:.2f}",
                f"{log.mixed_up}", *memory, f"{sum(server.files for server in servers)}",
            ])  # fmt: skip
    return table


def main(words: list[str] | None = None) -> int:
    """Measures, and prints the table."""
    options = parse_crowd_options(words)
    try:
        table = measure_crowds(options)
    except RWAEError as error:
        print(error, file=sys.stderr)
        return 2
    print((as_markdown if options.markdown else as_text)(table))
    return 0


if __name__ == "__main__":
    sys.exit(main())
