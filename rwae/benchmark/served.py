"""A program of this project as a server in a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TextIO

from rwae.errors import RWAEError

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 180.0  # seconds until a server answers: most of it is loading libraries


@dataclass(frozen=True)
class Served:
    """A server that answers.

    Attributes:
        address: such as http://127.0.0.1:7860.
        process: where it runs.
        folder: where it writes temporary files.
    """

    address: str
    process: subprocess.Popen
    folder: Path

    @property
    def files(self) -> int:
        """How many files it has left on the disk."""
        return sum(path.is_file() for path in self.folder.rglob("*"))

    @property
    def memory(self) -> float:
        """The memory that the process holds, in bytes; not a number where there is no /proc."""
        try:
            pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        except OSError:
            return float("nan")
        return int(pages) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def served(
    program: Sequence[str],
    folder: Path | None = None,
    root: Path = ROOT,
    environment: Mapping[str, str] | None = None,
    log: Path | None = None,
) -> Iterator[Served]:
    """Runs `python PROGRAM --port N`, and ends it afterwards.

    Args:
        program: a file or a module, and the words of its command line.
        folder: where it writes temporary files; by default one that is removed afterwards.
        root: where it runs.
        environment: variables that it finds beside this process's own.
        log: a file for what it prints, if anyone wants to read it.

    Raises:
        RWAEError: if it ends, or does not answer within `PATIENCE`; the message ends with what
            it printed.
    """
    with ExitStack() as stack:
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rwae-bench-")))
        # A file and no pipe, which would fill up and stop the program.
        opening = partial(open, log) if log else tempfile.TemporaryFile
        words = stack.enter_context(opening(mode="w+"))
        places = {"TMPDIR": str(folder), "GRADIO_TEMP_DIR": str(folder / "gradio")}
        quiet = {"GRADIO_ANALYTICS_ENABLED": "False"}
        port = free_port()
        process = subprocess.Popen(
            [sys.executable, *program, "--port", str(port)],
            cwd=root,
            env={**os.environ, **places, **quiet, **(environment or {})},
            stdout=words,
            stderr=subprocess.STDOUT,
        )
        stack.callback(_end, process)
        server = Served(f"http://127.0.0.1:{port}", process, folder)
        _await(server, " ".join(program), words)
        yield server


def free_port() -> int:
    """The number of a port on which nothing listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _end(process: subprocess.Popen) -> None:
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _await(server: Served, name: str, words: TextIO) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and server.process.poll() is None:
        try:
            urllib.request.urlopen(server.address, timeout=5).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    words.seek(0)
    raise RWAEError(f"The server `python {name}` did not answer. It said: {words.read().strip()}")
