"""What an operator can ask of a running app: whether it is ready, and counts of what happened.

`/healthz` answers as long as the process lives. `/readyz` answers with 200 if the app does its
work: it decodes a frame and writes a file. `/metrics` has counts in the text format of
Prometheus, for those who send the token of the variable `TOKEN_VARIABLE`; without the variable
there is nothing at this address. The counts hold nothing of visitors: labels are routes and
functions of the app.
"""

from __future__ import annotations

import asyncio
import hmac
import os
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from rwae.codes import Codes
from rwae.editing.studio import Studio
from rwae.errors import RWAEError
from rwae.ui import housekeeping

HEALTH_PATH, READY_PATH, METRICS_PATH = "/healthz", "/readyz", "/metrics"
PATHS = (HEALTH_PATH, READY_PATH, METRICS_PATH)
TOKEN_VARIABLE = "RWAE_METRICS_TOKEN"
READY_SECONDS = 10.0  # that an answer of `/readyz` is repeated
READY_TIMEOUT = 10.0  # seconds after which the app counts as not ready
WRITTEN_BYTES = 2**16  # of the file that is written
READY = "ready"
NOTHING_HERE = "There is nothing at this address."

ANSWERED, REFUSED, FAILED = "answered", "refused", "failed"  # how a call may end

# Name, type and description of each metric, in the order in which they are told.
METRICS = (
    ("rwae_requests_total", "counter", "Requests by route and status of the answer."),
    ("rwae_calls_total", "counter", "Calls of functions, and how they ended."),
    ("rwae_call_seconds_total", "counter", "Seconds in these functions."),
    ("rwae_open_requests", "gauge", "Requests that are open."),
    ("rwae_page_calls", "gauge", "Calls of the page that wait or are being answered."),
    ("rwae_forms", "gauge", "Files of the page that wait or are being read."),
    ("rwae_body_bytes", "gauge", "Bytes of requests in memory."),
    ("rwae_queued_calls", "gauge", "Calls of programs that wait."),
    ("rwae_unread_bytes", "gauge", "Bytes of answers that nobody has fetched."),
    ("rwae_jobs", "gauge", "Jobs of some seconds that wait or run."),
    ("process_cpu_seconds_total", "counter", "Seconds of processor time."),
    ("process_resident_memory_bytes", "gauge", "Resident memory."),
    ("process_open_fds", "gauge", "Open files and connections."),
    ("process_threads", "gauge", "Threads."),
)

Labels = tuple[tuple[str, str], ...]


class Answer(NamedTuple):
    """An answer to an operator: status of HTTP, text and media type."""

    status: int
    text: str
    media_type: str = "text/plain; charset=utf-8"


class Counts:
    """Counts since the app started, and values that are looked up when somebody asks."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, Labels], float] = {}
        self._gauges: dict[tuple[str, Labels], Callable[[], float]] = {}
        self._lock = threading.Lock()

    def add(self, name: str, amount: float = 1, **labels: str) -> None:
        """Adds to the count of a metric and its labels."""
        key = name, tuple(labels.items())
        with self._lock:
            self._counts[key] = self._counts.get(key, 0) + amount

    def observe(self, name: str, value: Callable[[], float], **labels: str) -> None:
        """Has a value looked up when somebody asks; a later one takes its place."""
        self._gauges[name, tuple(labels.items())] = value

    def value(self, name: str, **labels: str) -> float:
        """What has been counted so far."""
        return self._counts.get((name, tuple(labels.items())), 0)

    def text(self) -> str:
        """All metrics in the text format of Prometheus, version 0.0.4."""
        with self._lock:
            values = dict(self._counts)
        values |= {key: value() for key, value in self._gauges.items()} | _process_values()
        lines = []
        for name, kind, about in METRICS:
            lines += [f"# HELP {name} {about}", f"# TYPE {name} {kind}"]
            for (other, labels), value in sorted(values.items()):
                if other == name:
                    told = ",".join(f'{label}="{text}"' for label, text in labels)
                    lines.append(f"{name}{{{told}}} {value:g}" if told else f"{name} {value:.15g}")
        return "\n".join(lines) + "\n"


COUNTS = Counts()  # of this process


class CallTimer:
    """Counts a call of a function at the end of the `with` block around it.

    Attributes:
        outcome: how it ended: `ANSWERED` unless the block says otherwise.
    """

    def __init__(self, function: str) -> None:
        self._function = function
        self._start = time.perf_counter()
        self.outcome = ANSWERED

    def __enter__(self) -> CallTimer:
        return self

    def __exit__(self, *_: object) -> None:
        seconds = time.perf_counter() - self._start
        COUNTS.add("rwae_calls_total", function=self._function, outcome=self.outcome)
        COUNTS.add("rwae_call_seconds_total", seconds, function=self._function)

    def fail(self, error: BaseException) -> None:
        """Notes an error that nobody foresaw, and logs it."""
        self.outcome = FAILED
        housekeeping.log_failure(self._function, error)


class Monitor:
    """Answers operators.

    Args:
        work: what a ready app can do; it raises an exception if it cannot.
    """

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._checking = asyncio.Lock()
        self._checked = float("-inf")  # by the monotonic clock
        self._complaint = ""

    async def answer(self, path: str, headers: Mapping[bytes, bytes]) -> Answer:
        """The answer to a request of one of `PATHS`; the names of headers are in lower case."""
        if path == HEALTH_PATH:
            return Answer(200, "alive")
        if path == READY_PATH:
            complaint = await self._find_complaint()
            return Answer(503, complaint) if complaint else Answer(200, READY)
        token = os.environ.get(TOKEN_VARIABLE, "")
        if not token:
            return Answer(404, NOTHING_HERE)
        given = headers.get(b"authorization", b"")
        if not hmac.compare_digest(given, f"Bearer {token}".encode()):
            return Answer(401, "The counts need the token of this server.")
        return Answer(200, COUNTS.text(), "text/plain; version=0.0.4; charset=utf-8")

    async def _find_complaint(self) -> str:
        """Why the app is not ready, or nothing. All who ask at once share one check."""
        async with self._checking:
            if time.monotonic() - self._checked > READY_SECONDS:
                self._complaint = await self._try_work()
                self._checked = time.monotonic()
            return self._complaint

    async def _try_work(self) -> str:
        try:
            async with asyncio.timeout(READY_TIMEOUT):
                await asyncio.to_thread(self._work)
        except TimeoutError:
            return f"not ready: a frame was not decoded within {READY_TIMEOUT:g} seconds"
        except RWAEError as error:
            return f"not ready: {error}"
        except OSError as error:
            return f"not ready: no file can be written ({error.strerror})"
        except Exception as error:  # the operator finds it in the log
            housekeeping.log_failure(READY_PATH, error)
            return "not ready: the log says why"
        return ""


def decode_and_write(studio: Studio) -> None:
    """Decodes a frame and writes a temporary file.

    Raises:
        RWAEError: if the model is busy.
        OSError: if no file can be written.
    """
    first = studio.examples[[0]]
    studio.decode(Codes(first.static, first.dynamic[:, :1], first.action))
    with tempfile.TemporaryFile() as file:
        file.write(bytes(WRITTEN_BYTES))


def _process_values() -> dict[tuple[str, Labels], float]:
    """What the system says of this process; only the processor time where there is no /proc."""
    values: dict[tuple[str, Labels], float] = {
        ("process_cpu_seconds_total", ()): time.process_time(),
        ("process_threads", ()): threading.active_count(),
    }
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        values["process_resident_memory_bytes", ()] = pages * os.sysconf("SC_PAGE_SIZE")
        values["process_open_fds", ()] = len(os.listdir("/proc/self/fd"))
    except OSError:
        pass
    return values
