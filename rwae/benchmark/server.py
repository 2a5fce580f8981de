"""A server of this project in a process of its own, for benchmarks and tests."""

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
from pathlib import Path
from typing import IO

from rwae.errors import RWAEError
from rwae.files import installation

START_SECONDS = 180.0  # the longest wait for a first answer; most of it is loading libraries
STOP_SECONDS = 30.0  # the longest wait after SIGTERM, before the process is killed


@dataclass(frozen=True)
class Server:
    """A server that answers.

    Attributes:
        address: such as http://127.0.0.1:7860.
        process: where it runs.
        folder: where it writes temporary files.
    """

    address: str
    process: subprocess.Popen[bytes]
    folder: Path

    @property
    def files(self) -> int:
        """How many temporary files it has left on the disk."""
        return sum(path.is_file() for path in self.folder.rglob("*"))

    @property
    def memory(self) -> float:
        """The resident memory of the process, in bytes; not a number where there is no /proc."""
        try:
            pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        except OSError:
            return float("nan")
        return float(int(pages) * os.sysconf("SC_PAGE_SIZE"))

    @property
    def cpu(self) -> float:
        """The seconds of processor time of the process; not a number where there is no /proc."""
        try:
            times = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            return float("nan")
        return (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def running_server(
    program: Sequence[str],
    folder: Path | None = None,
    root: Path = installation.ROOT,
    environment: Mapping[str, str] | None = None,
    log: Path | None = None,
) -> Iterator[Server]:
    """Runs `python PROGRAM --port N`, yields when it answers, and stops it at the end.

    Args:
        program: a file or a module, and the words of its command line.
        folder: where it writes temporary files; by default one that is removed at the end.
        root: its working directory.
        environment: variables in addition to those of this process.
        log: a file for what it prints; by default a temporary one.

    Raises:
        RWAEError: if it ends, or does not answer within `START_SECONDS`; the message contains what
            it printed.
    """
    with ExitStack() as stack:
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rwae-bench-")))
        # It prints into a file, because a pipe that nobody reads fills up and stops the program.
        printed: IO[str]
        if log is None:
            printed = stack.enter_context(tempfile.TemporaryFile("w+"))
        else:
            printed = stack.enter_context(open(log, "w+"))
        variables = {
            "TMPDIR": str(folder),
            "GRADIO_TEMP_DIR": str(folder / "gradio"),
            "GRADIO_ANALYTICS_ENABLED": "False",
        }
        port = free_port()
        process = subprocess.Popen(
            [sys.executable, *program, "--port", str(port)],
            cwd=root,
            env={**os.environ, **variables, **(environment or {})},
            stdout=printed,
            stderr=subprocess.STDOUT,
        )
        stack.callback(stop, process)
        server = Server(f"http://127.0.0.1:{port}", process, folder)
        if not _answers(server):
            printed.seek(0)
            raise RWAEError(
                f"The server `python {' '.join(program)}` did not answer within "
                f"{START_SECONDS:.0f} seconds. It printed: {printed.read().strip()}"
            )
        yield server


def free_port() -> int:
    """The number of a port on which nothing listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _answers(server: Server) -> bool:
    """Waits for a first answer; false if the process ends or `START_SECONDS` pass before it."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and server.process.poll() is None:
        try:
            urllib.request.urlopen(server.address, timeout=5).close()
        except OSError:
            time.sleep(0.2)
        else:
            return True
    return False


def stop(process: subprocess.Popen[bytes]) -> float:
    """Ends a process by SIGTERM, or at last by force; the seconds until it has ended."""
    begin = time.monotonic()
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    return time.monotonic() - begin
