"""Tries all input that is made to do harm, and tells what it costs: time, memory, files left.

    make hostile                   # all kinds
    python tests/hostile.py clips codes

The input is that of the tests (`hostile_inputs`). Each file is read as the app reads it, and each
body is sent to an app of its own. Files need to be read or refused in words, and bodies to be
answered with 4xx; anything else counts as an exception. The command ends with 1 if there was one,
or if a file stayed.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import sys
import tempfile
import time
import traceback
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COLUMNS = [
    "kind", "inputs", "refused in words", "read", "exceptions", "files left",
    "processor time at most", "growth of memory at most",
]  # fmt: skip
BASE = "rwae-hostile-"


class NotRefused(Exception):  # noqa: N818 - of the input, and no error of the program
    """The server failed at a request, took it, or did not answer."""


@dataclass
class Cost:
    """What the inputs of a kind cost.

    Attributes:
        refused: how many were refused in words.
        read: how many were read after all.
        exceptions: what else came of one, by the name of the input.
        files: that stayed.
        seconds: of processor time, the most for one input.
        memory: bytes by which the process grew at most for one input.
    """

    refused: int = 0
    read: int = 0
    exceptions: list[str] = field(default_factory=list)
    files: int = 0
    seconds: float = 0.0
    memory: float = 0.0

    def row(self, kind: str) -> list[str]:
        """A row of the table."""
        count = self.refused + self.read + len(self.exceptions)
        numbers = (count, self.refused, self.read, len(self.exceptions), self.files)
        costs = (f"{self.seconds:.2f} s", f"{self.memory / 2**20:.0f} MB")
        return [kind, *map(str, numbers), *costs]


def own_seconds() -> float:
    """Processor time of this process and of those that it has started and seen end."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + used.ru_utime + used.ru_stime


def own_memory(peak: bool = False) -> float:
    """Resident memory of this process, or the most since it was asked for; 0 without /proc."""
    with suppress(OSError):
        words = Path("/proc/self/status").read_text().split()
        found = int(words[words.index("VmHWM:" if peak else "VmRSS:") + 1]) * 2.0**10
        if not peak:
            Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
        return found
    return 0.0


def measure(cost: Cost, name: str, read: Callable[[], object], *refusals: type[Exception]) -> None:
    """Reads an input in this process, and adds what it cost."""
    before, seconds = own_memory(), own_seconds()
    try:
        read()
    except refusals:
        cost.refused += 1
    except Exception:
        cost.exceptions.append(f"{name}: {traceback.format_exc()}")
    else:
        cost.read += 1
    cost.seconds = max(cost.seconds, own_seconds() - seconds)
    cost.memory = max(cost.memory, own_memory(peak=True) - before)


@contextmanager
def counting_files(cost: Cost) -> Iterator[None]:
    """Has temporary files go to a folder of their own, and counts those that stay there."""
    before = tempfile.tempdir
    with tempfile.TemporaryDirectory(prefix=BASE) as name:
        tempfile.tempdir = name
        try:
            yield
        finally:
            tempfile.tempdir = before
            cost.files += sum(1 for _ in Path(name).rglob("*"))


def try_clips() -> Cost:
    """Clips, as the page reads an upload."""
    cost = Cost()
    with tempfile.TemporaryDirectory(prefix=BASE) as name:
        folder = Path(name)
        film = movie(folder / "good.avi", square())
        for kind, text in ELSEWHERE.items():
            led = text.replace("{film}", str(film)).replace("{web}", "http://127.0.0.1:9")
            with counting_files(cost):
                measure(cost, kind, lambda led=led: video.read_footage(led.encode()), ClipError)
        built = {kind: build(folder) for kind, (build, _) in LARGE.items()}
        built |= {f"{kind}, {n}": clip for kind in TORN
                  for n, clip in enumerate(torn_clips(folder, kind))}  # fmt: skip
        built |= {"wide webp": wide_webp(folder, 99), "wide gif": tiny_gif(400, 4096)}
        for kind, clip in built.items():
            with counting_files(cost):
                measure(cost, kind, lambda clip=clip: video.read_footage(clip), ClipError)
    return cost


def try_codes() -> Cost:
    """Files of codes, as the page opens them."""
    cost, model = Cost(), build_model(TINY)
    weights = weights_digest(model)
    about = {"format_version": "1", "model": "sprites", "weights": weights}
    with tempfile.TemporaryDirectory(prefix=BASE) as name:
        files = {kind: save(parts, about) for kind, parts in HOSTILE_TENSORS.items()}
        files |= {kind: build(Path(name) / "marker") for kind, build in HOSTILE_BYTES.items()}
        for kind, content in files.items():

            def read(content: bytes = content) -> None:
                model.check(unpack_saved_codes(content, "sprites", weights))

            with counting_files(cost):
                measure(cost, kind, read, CodesError)
        cost.files += (Path(name) / "marker").exists()
    return cost


def try_checkpoints() -> Cost:
    """Folders of checkpoints, as the app loads them."""
    cost = Cost()
    with tempfile.TemporaryDirectory(prefix=BASE) as name:
        good = small_checkpoint(Path(name) / "good")
        changes = [(kind, CONFIG_FILE, lambda _, text=text: text)
                   for kind, text in CONFIGURATIONS.items()]  # fmt: skip
        changes += [(kind, WEIGHTS_FILE, spoil) for kind, spoil in SPOILED.items()]
        changes += [("no configuration", CONFIG_FILE, None), ("no weights", WEIGHTS_FILE, None)]
        for kind, file, change in changes:
            folder = Path(name) / "spoilt"
            shutil.copytree(good, folder)
            if change is None:
                (folder / file).unlink()
            else:
                (folder / file).write_bytes(change((good / file).read_bytes()))
            with counting_files(cost):
                measure(cost, kind, lambda folder=folder: rwae.load(folder), RWAEError)
            shutil.rmtree(folder)
    return cost


def try_bodies() -> Cost:
    """Bodies of requests, sent to an app with one small model."""
    cost = Cost()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=BASE)))
        (cache := folder / "cache").mkdir()
        program = ["app.py", "--model", str(small_checkpoint(folder / "model")), "--device", "cpu"]
        server = stack.enter_context(running_server(program, cache))
        for number, (path, body, *kind) in enumerate(BODIES):
            before, seconds = server.memory, server.cpu
            try:
                send(server.address + path, body, *kind)
                cost.refused += 1
            except (NotRefused, OSError) as error:
                cost.exceptions.append(f"body {number}, {path}: {error}")
            cost.seconds = max(cost.seconds, server.cpu - seconds)
            cost.memory = max(cost.memory, server.memory - before)
        cost.files = server.files
    return cost


def send(url: str, body: bytes, kind: str = "application/json") -> None:
    """Sends a body, which needs to be answered with 4xx and some words.

    Raises:
        NotRefused: if it is not.
    """
    request = urllib.request.Request(url, body, {"Content-Type": kind})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            raise NotRefused(f"it was answered with {answer.status}")
    except urllib.error.HTTPError as error:
        if error.code >= 500 or not error.read():
            raise NotRefused(f"it was answered with {error.code}") from None


KINDS = {
    "clips": try_clips,
    "checkpoints": try_checkpoints,
    "codes": try_codes,
    "bodies": try_bodies,
}


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("kinds", nargs="*", help=f"of {', '.join(KINDS)}; all by default")
    parser.add_argument("--markdown", action="store_true", help="print the table in Markdown")
    options = parser.parse_args()
    unknown = set(options.kinds) - set(KINDS)
    if unknown:
        parser.error(f"there is no kind {', '.join(unknown)}: choose from {', '.join(KINDS)}")
    costs = {kind: KINDS[kind]() for kind in options.kinds or KINDS}
    table = [COLUMNS, *(cost.row(kind) for kind, cost in costs.items())]
    print((as_markdown if options.markdown else as_text)(table))
    if "clips" in costs:
        decoder = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**10
        print(f"\nThe largest process of a decoder had {decoder:.0f} MB.")
    for cost in costs.values():
        for complaint in cost.exceptions:
            print(complaint, file=sys.stderr)
    return int(any(cost.exceptions or cost.files for cost in costs.values()))


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    os.environ["OMP_NUM_THREADS"] = "1"
    from clip_files import movie, square, tiny_gif, wide_webp
    from conftest import TINY
    from hostile_inputs import (
        BODIES,
        CONFIGURATIONS,
        ELSEWHERE,
        HOSTILE_BYTES,
        HOSTILE_TENSORS,
        LARGE,
        SPOILED,
        TORN,
        torn_clips,
    )
    from safetensors.torch import save
    from serving import small_checkpoint

    import rwae
    from rwae.benchmark.report import as_markdown, as_text
    from rwae.benchmark.server import running_server
    from rwae.errors import ClipError, CodesError, RWAEError
    from rwae.files import video
    from rwae.files.checkpoint import CONFIG_FILE, WEIGHTS_FILE, weights_digest
    from rwae.files.codes_file import unpack_saved_codes
    from rwae.models.registry import build_model

    sys.exit(main())
