"""Soak test: minutes of work of every kind for a server with all models, and a look at what stays.

    python -m rwae.benchmark.soak                       # 16 minutes; 0 says that nothing stays
    python -m rwae.benchmark.soak --minutes 2 --rest 20 --markdown
    python -m rwae.benchmark.soak runs/mine --programs 3

Some programs at once draw, swap, encode good and odd clips, ask for examples, move codes as the
page does and fetch its files. Others leave: before the answer, in the middle of an upload, or
without ever asking for the answer. Then nobody asks, and the server has time to tidy up. What it
holds is told at the start, after some minutes (warm) and at the end. Then SIGTERM stops it.

The exit status is 1 if an answer was lost, if the memory at the end is above `MEMORY_GROWTH` times
that when warm, if it has more open files, threads, child processes or temporary files than at the
start, if it takes longer than `STOP_SECONDS` to stop, or if it leaves anything behind.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx

from rwae.benchmark.crowd import ANSWER_SECONDS, KEPT_SECONDS, SERVER_ROUTE, explore_component
from rwae.benchmark.report import Table, as_markdown, as_text
from rwae.benchmark.server import Server, running_server, stop
from rwae.errors import RWAEError
from rwae.ui.monitoring import METRICS_PATH, TOKEN_VARIABLE

API_ROUTE = "/gradio_api/call/v2"
MEMORY_GROWTH = 1.1  # at the end, over that when warm
STOP_SECONDS = 3.0  # until the server has ended after SIGTERM
WARM_SHARE, MAX_WARM_SECONDS = 0.25, 180.0  # of the time, until the server counts as warm
LEAVE_SECONDS = 0.3  # the longest until one leaves in the middle of a call
MOVING_FORMATS = ("gif", "webm")
CALL_COLUMNS = ["calls", "number", "answered", "refused", "left by the caller", "lost"]
STATE_COLUMNS = [
    "what the server holds", "memory", "open files", "threads", "child processes",
    "temporary files",
]  # fmt: skip
ANSWERED, REFUSED, LEFT, LOST = "answered", "refused", "left", "lost"


class Refused(Exception):  # noqa: N818 - an answer, and no error of this program
    """The server refused a call in words."""


class State(NamedTuple):
    """What a server holds: bytes of memory, and numbers of the rest."""

    memory: float
    open_files: float
    threads: float
    children: float
    files: float

    def row(self, name: str) -> list[str]:
        """A row of a table."""
        return [name, f"{self.memory / 2**20:.0f} MB", *(f"{number:.0f}" for number in self[1:])]


@dataclass
class SoakLog:
    """What became of the calls.

    Attributes:
        outcomes: how often each kind of call had each outcome.
        complaints: of calls that were lost, one for each kind and reason.
    """

    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    complaints: set[str] = field(default_factory=set)

    def table(self) -> Table:
        """A row for each kind of call, and one for all."""
        kinds = sorted({kind for kind, _ in self.outcomes})
        rows = [[self.outcomes[kind, one] for one in (ANSWERED, REFUSED, LEFT, LOST)]
                for kind in kinds]  # fmt: skip
        rows.append([sum(column) for column in zip(*rows, strict=True)] if rows else [0] * 4)
        return [
            CALL_COLUMNS,
            *([kind, f"{sum(row)}", *map(str, row)]
              for kind, row in zip([*kinds, "all"], rows, strict=True)),
        ]  # fmt: skip

    @property
    def lost(self) -> int:
        """How many calls got no answer."""
        return sum(number for (_, outcome), number in self.outcomes.items() if outcome == LOST)


class Program:
    """One who calls the server, in turn in every way."""

    def __init__(self, number: int, client: httpx.AsyncClient, component: int, log: SoakLog):
        """Draws nothing yet.

        Args:
            number: of the program; the seed of what it chooses.
            client: how it reaches the server.
            component: number of the component of the page whose functions are called.
            log: where the outcomes go.
        """
        self.random = random.Random(number)
        self.client, self.component, self.log = client, component, log
        self.session = f"soak{number}"
        self.models: list[dict[str, Any]] = []

    async def work(self, end: float) -> None:
        """Calls without a pause until a moment of the monotonic clock."""
        self.models = await self.call("models")
        kinds: dict[str, Callable[[], Awaitable[str]]] = {
            "/sample": self.draw,
            "/examples": self.ask_for_examples,
            "/swap": self.swap,
            "/encode of a good clip": self.encode,
            "/encode of an odd clip": self.encode_odd,
            "moves of the page": self.move,
            "upload of the page": self.upload,
            "the page and its files": self.open_page,
            "an answer that is not fetched": self.leave_answer,
            "a call that is left": self.leave_call,
            "an upload that is cut off": self.cut_upload,
        }
        while time.monotonic() < end:
            # In turn, so that a short run has all of them.
            for kind in self.random.sample(sorted(kinds), len(kinds)):
                if time.monotonic() < end:
                    await self.note(kind, kinds[kind])

    async def note(self, kind: str, act: Callable[[], Awaitable[str]]) -> None:
        """Does one thing, and notes its outcome."""
        try:
            outcome = await act()
        except Refused:
            outcome = REFUSED
        except (httpx.HTTPError, OSError, KeyError, ValueError) as error:
            outcome = LOST
            self.log.complaints.add(f"{kind}: {type(error).__name__} {str(error)[:200]}")
        self.log.outcomes[kind, outcome] += 1

    # The programs' endpoints

    async def call(self, name: str, **arguments: Any) -> Any:
        """Calls an endpoint, and waits for its answer.

        Raises:
            Refused: if the answer is a sentence.
        """
        address = await self.begin(name, **arguments)
        answer = await self.client.get(address)
        answer.raise_for_status()
        event = re.fullmatch(r"event: (\w+)\ndata: (.*)\n*", answer.text.split("\n\n")[-2])
        if event is None:
            raise ValueError(f"the answer is {answer.text[:99]!r}")
        value = json.loads(event[2])
        if event[1] == "complete":
            return value[0]
        raise Refused(value)

    async def begin(self, name: str, **arguments: Any) -> str:
        """Begins a call, and returns the address of its answer."""
        answer = await self.client.post(f"{API_ROUTE}/{name}", json=arguments)
        if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            raise Refused(answer.text)
        answer.raise_for_status()
        return f"{API_ROUTE}/{name}/{answer.json()['event_id']}"

    def choose_model(self, encodes: bool = False) -> str:
        """The name of one of the models."""
        names = [model["name"] for model in self.models if model["encodes"] or not encodes]
        return str(self.random.choice(names))

    async def draw_clip(self, picture: str = "none", encodes: bool = False) -> dict[str, Any]:
        """A clip of the prior of one of the models, by a new seed."""
        seed, model = self.random.randrange(2**20), self.choose_model(encodes)
        drawn: dict[str, Any] = await self.call("sample", seed=seed, picture=picture, model=model)
        return drawn

    async def draw(self) -> str:
        drawn = await self.draw_clip(self.random.choice(("png", *MOVING_FORMATS)))
        return _check(drawn["picture"].startswith("data:"))

    async def ask_for_examples(self) -> str:
        answer = await self.call("examples", model=self.choose_model())
        return _check(len(answer["clips"]) > 0)

    async def swap(self) -> str:
        drawn = await self.draw_clip()
        (who,) = drawn["clips"]
        examples = await self.call("examples", model=drawn["model"])
        motion = self.random.choice(examples["clips"])
        picture = self.random.choice(("png", *MOVING_FORMATS))
        swapped = await self.call(
            "swap", who=who, motion=motion, picture=picture, model=drawn["model"]
        )
        return _check(swapped["clips"][0]["static"] == who["static"])

    async def encode(self) -> str:
        drawn = await self.draw_clip(self.random.choice(("png", *MOVING_FORMATS)), encodes=True)
        answer = await self.call("encode", file=drawn["picture"], model=drawn["model"])
        return _check(len(answer["clips"]) == 1)

    async def encode_odd(self) -> str:
        content = await self.odd_clip()
        text = base64.b64encode(content).decode()
        with suppress(Refused):  # which is an answer here; of a torn file the beginning is read
            await self.call("encode", file=text, model=self.choose_model(encodes=True))
        return ANSWERED

    async def odd_clip(self) -> bytes:
        """Noise, text, or a clip that is torn or damaged."""
        drawn = await self.draw_clip(self.random.choice(MOVING_FORMATS))
        good = base64.b64decode(drawn["picture"].partition(",")[2])
        damaged = bytearray(good)
        for place in self.random.choices(range(len(good)), k=20):
            damaged[place] = self.random.randrange(256)
        cut = good[: self.random.randrange(len(good))]
        head = good[:64] + self.random.randbytes(2**14)
        noise = self.random.randbytes(2**16)
        return self.random.choice((cut, bytes(damaged), head, noise, b"no clip"))

    # The page

    async def ask(self, function: str, data: dict[str, Any]) -> dict[str, Any]:
        """Calls a function of the page."""
        facts = {"session_hash": self.session, "component_id": self.component}
        return await self._page_answer(json={**facts, "fn_name": function, "data": data})

    async def _page_answer(self, **request: Any) -> dict[str, Any]:
        answer = await self.client.post(SERVER_ROUTE, **request)
        if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            raise Refused(answer.text)
        answer.raise_for_status()
        value: dict[str, Any] = answer.json()
        if "error" in value:
            raise Refused(value["error"])
        return value

    async def move(self) -> str:
        drawn = await self.draw_clip()
        (clip,) = drawn["clips"]
        for exact in (False, False, True):
            clip["static"][0] = self.random.uniform(-2, 2)
            request = {"clips": [clip], "exact": exact, "model": drawn["model"]}
            answer = await self.ask("decode_codes", request)
        return _check(answer["sheet"].startswith("data:image/"))

    async def upload(self) -> str:
        drawn = await self.draw_clip("webm", encodes=True)
        file = ("clip", base64.b64decode(drawn["picture"].partition(",")[2]), "video/webm")
        fields = {
            "session_hash": self.session,
            "component_id": str(self.component),
            "fn_name": "encode_clip",
            "model": drawn["model"],
        }
        answer = await self._page_answer(data=fields, files={"file": file})
        return _check(len(answer["clips"]) > 0)

    async def open_page(self) -> str:
        page = await self.client.get("/")
        page.raise_for_status()
        files = set(re.findall(r'(?:src|href)="\.?/?((?:page-files|assets)/[^"]+)"', page.text))
        found = await self.ask("find_decoder", {"model": self.choose_model()})
        files |= {found[part] for part in ("kernel", "weights") if part in found}
        for file in sorted(files):
            async with self.client.stream("GET", f"/{file.lstrip('/')}") as answer:
                answer.raise_for_status()
                async for _ in answer.aiter_raw():
                    pass
        return _check(len(files) > 0)

    # Those who leave

    async def leave_answer(self) -> str:
        await self.begin("sample", seed=self.random.randrange(2**20), picture="gif", count=4)
        return LEFT

    async def leave_call(self) -> str:
        acts = (self.draw, self.upload, self.move, self.encode_odd, self.open_page)
        with suppress(TimeoutError):
            async with asyncio.timeout(self.random.uniform(0, LEAVE_SECONDS)):
                await self.random.choice(acts)()
        return LEFT

    async def cut_upload(self) -> str:
        address = urlsplit(str(self.client.base_url))
        _, wire = await asyncio.open_connection(address.hostname, address.port)
        wire.write(
            f"POST {SERVER_ROUTE} HTTP/1.1\r\nHost: soak\r\nContent-Length: 99999\r\n"
            "Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\nContent-Disposition: "
            'form-data; name="file"; filename="a"\r\n\r\n'.encode()
            + self.random.randbytes(2**12)
        )
        await wire.drain()
        wire.close()
        return LEFT


def _check(right: bool) -> str:
    """That an answer holds what it should; one that does not counts as lost."""
    return ANSWERED if right else LOST


async def drive(server: Server, programs: int, seconds: float, log: SoakLog) -> None:
    """Lets some programs work at once, for some seconds."""
    component = explore_component(server)
    limits = httpx.Limits(keepalive_expiry=KEPT_SECONDS)
    end = time.monotonic() + seconds
    async with httpx.AsyncClient(
        base_url=server.address, timeout=ANSWER_SECONDS, limits=limits, trust_env=False
    ) as client:
        await asyncio.gather(
            *(Program(number, client, component, log).work(end) for number in range(programs))
        )


def look(server: Server, token: str) -> State:
    """What the server holds now, by its own counts and by the system's.

    A call comes first: pools of threads let go of those that were idle when they are used again.
    """
    facts = {"session_hash": "soak", "component_id": explore_component(server)}
    call = {**facts, "fn_name": "find_decoder", "data": {}}
    httpx.post(f"{server.address}{SERVER_ROUTE}", json=call, trust_env=False).raise_for_status()
    headers = {"Authorization": f"Bearer {token}", "Connection": "close"}
    answer = httpx.get(f"{server.address}{METRICS_PATH}", headers=headers, trust_env=False)
    open_files = re.search(r"^process_open_fds (\d+)", answer.text, re.MULTILINE)
    number = int(open_files[1]) if open_files else 0
    threads: list[Path] = []
    children: list[str] = []
    with suppress(OSError):  # there is no /proc
        threads = list(Path(f"/proc/{server.process.pid}/task").iterdir())
        children = [
            child for thread in threads for child in (thread / "children").read_text().split()
        ]
    return State(server.memory, number, len(threads), len(children), server.files)


def broken_bounds(start: State, warm: State, end: State, log: SoakLog) -> list[str]:
    """A sentence for each bound that was not kept."""
    complaints = sorted(log.complaints)
    if log.lost:
        complaints.append(f"{log.lost} answers were lost.")
    if end.memory > MEMORY_GROWTH * warm.memory:
        complaints.append(f"The memory grew by {end.memory / warm.memory - 1:.0%} since warm.")
    for name, before, after in zip(State._fields[1:], start[1:], end[1:], strict=True):
        if after > before:
            what = name.replace("_", " ")
            complaints.append(f"There were {before:.0f} {what} at the start, and now {after:.0f}.")
    return complaints


def measure(options: argparse.Namespace) -> tuple[list[Table], list[str]]:
    """Runs the test; the tables to print, and what was not kept."""
    seconds, log, token = 60 * options.minutes, SoakLog(), f"{random.getrandbits(128):x}"
    warm_seconds = min(WARM_SHARE * seconds, MAX_WARM_SECONDS)
    models = [word for model in options.models for word in ("--model", model)]
    device = ["--device", options.device] if options.device else []
    with tempfile.TemporaryDirectory(prefix="rwae-bench-") as name:
        folder = Path(name)
        with running_server(
            ["app.py", *models, *device], folder, environment={TOKEN_VARIABLE: token}
        ) as server:
            time.sleep(min(options.rest, 5))
            start = look(server, token)
            later = []
            for length in (warm_seconds, seconds - warm_seconds):
                asyncio.run(drive(server, options.programs, length, log))
                time.sleep(options.rest)
                later.append(look(server, token))
            stopped = stop(server.process)
        left = sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
    warm, end = later
    complaints = broken_bounds(start, warm, end, log)
    if stopped > STOP_SECONDS:
        complaints.append(f"The server took {stopped:.1f} s to stop.")
    if left:
        complaints.append(f"It left {', '.join(left)}.")
    names = ("at the start", "warm", "at the end")
    states = zip(names, (start, warm, end), strict=True)
    held = [STATE_COLUMNS, *(state.row(name) for name, state in states)]
    ended = [["the end", "seconds", "left behind"], ["SIGTERM", f"{stopped:.2f}", f"{len(left)}"]]
    return [log.table(), held, ended], complaints


def parse_soak_options(words: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        "python -m rwae.benchmark.soak",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("models", nargs="*", help="of the server; all that came with the app")
    parser.add_argument("--minutes", type=float, default=16.0, help="of work; 16 by default")
    parser.add_argument(
        "--rest",
        type=float,
        default=75.0,
        help="seconds without work before a look; 75 by default",
    )
    parser.add_argument("--programs", type=int, default=4, help="at once; 4 by default")
    parser.add_argument("--device", help="cuda, mps or cpu; the best there is by default")
    parser.add_argument("--markdown", action="store_true", help="print the tables in Markdown")
    options = parser.parse_args(words)
    if options.minutes <= 0 or options.programs < 1 or options.rest < 0:
        parser.error("a soak needs more than 0 minutes, a program and no negative rest")
    return options


def main(words: list[str] | None = None) -> int:
    """Runs the test, and prints what it found; 1 if a bound was not kept."""
    options = parse_soak_options(words)
    try:
        tables, complaints = measure(options)
    except RWAEError as error:
        print(error, file=sys.stderr)
        return 2
    show = as_markdown if options.markdown else as_text
    print("\n\n".join(map(show, tables)))
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
