"""A program of this project as a server in a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

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
def served(program: Sequence[str]) -> Iterator[Served]:
    """Runs `python PROGRAM --port N`, and ends it afterwards.

    Raises:
        RWAEError: if it ends, or does not answer within `PATIENCE`.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="rwae-bench-") as folder:
        places = {"TMPDIR": folder, "GRADIO_TEMP_DIR": folder, "GRADIO_ANALYTICS_ENABLED": "False"}
        process = subprocess.Popen(
            [sys.executable, *program, "--port", str(port)],
            cwd=ROOT,
            env=os.environ | places,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        server = Served(f"http://127.0.0.1:{port}", process, Path(folder))
        try:
            _await(server, " ".join(program))
            yield server
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _await(server: Served, name: str) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and server.process.poll() is None:
        try:
            urllib.request.urlopen(server.address, timeout=5).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise RWAEError(f"The server `python {name}` did not answer: start it by hand to see why.")
