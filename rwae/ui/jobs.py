"""Work that takes seconds: jobs that run one at a time, which a visitor can follow and stop.

A job has a name that nobody can guess, so it belongs to the visit that asked for it. Jobs are
bounded in number, and one that nobody asks for any more is stopped and forgotten, with all that it
was given and made.
"""

from __future__ import annotations

import queue
import secrets
import threading
import time
from collections.abc import Callable
from typing import Any

from rwae.errors import CancelledError, RWAEError
from rwae.ui import housekeeping
from rwae.ui.monitoring import COUNTS
from rwae.ui.payloads import require_object

MAX_WAITING = 4  # jobs of one kind that wait for their turn
FORGOTTEN_AFTER = 20.0  # seconds after which a job that nobody asks for is stopped
KEPT_RESULT = 120.0  # seconds that a finished job is told of

State = dict[str, Any]


class Job:
    """One piece of work.

    Attributes:
        asked: when somebody last asked for it, by the monotonic clock.
        state: JSON values that say how far it is. "done" and "cancelled" are always there.
        cancelled: whether it shall stop.
        ended: is set when it is done.
    """

    def __init__(self, work: Callable[[Job], State], state: State) -> None:
        """Prepares a job.

        Args:
            work: what is to be done; it may put newer states in the place of the job's, should
                call `stop_if_unwanted` often, and returns what the last state says.
            state: the first one.
        """
        self.work = work
        self.asked = time.monotonic()
        self.state: State = state | {"done": False, "cancelled": False}
        self.cancelled = False
        self.ended = threading.Event()

    @property
    def forgotten(self) -> bool:
        """Whether nobody has asked for it for a while."""
        return time.monotonic() - self.asked > FORGOTTEN_AFTER

    @property
    def wanted(self) -> bool:
        """Whether somebody still waits for it."""
        return not (self.cancelled or self.forgotten)

    def stop_if_unwanted(self) -> None:
        """Raises CancelledError if nobody waits for it any more."""
        if not self.wanted:
            raise CancelledError("The work was stopped: start it again.")


class Jobs:
    """The jobs of one kind, of all visitors: one thread does one after the other."""

    def __init__(self, name: str, busy: str, failed: str) -> None:
        """Begins without any job.

        Args:
            name: of the thread, and of the work in the log.
            busy: the sentence for a visitor when too many jobs wait.
            failed: the sentence for a visitor whose job met an error that nobody foresaw.
        """
        self._name, self._busy, self._failed = name, busy, failed
        self._jobs: dict[str, Job] = {}
        self._waiting: queue.Queue[Job] = queue.Queue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        COUNTS.observe("rwae_jobs", self._count_waiting, kind=name)

    def require_room(self) -> None:
        """Raises RWAEError if too many jobs wait; to be called before a request is read."""
        if self._count_waiting() >= MAX_WAITING:
            raise RWAEError(self._busy)

    def start(self, work: Callable[[Job], State], state: State) -> State:
        """Puts work at the end of the queue; the arguments are those of `Job`.

        Returns:
            {"job": its name, "queued": how many wait before it}.

        Raises:
            RWAEError: if too many jobs wait.
        """
        job = Job(work, state)
        return {"job": self._enqueue(job), "queued": self._queued_before(job)}

    def run(self, work: Callable[[Job], State], state: State) -> State:
        """Does work, and returns the last state when it is done; the arguments are those of `Job`.

        Raises:
            RWAEError: if too many jobs wait, or this one fails.
        """
        job = Job(work, state)
        name = self._enqueue(job)
        while not job.ended.wait(1):
            job.asked = time.monotonic()
        with self._lock:
            del self._jobs[name]
        if job.state["cancelled"] or "error" in job.state:
            raise RWAEError(job.state.get("error") or "The work was stopped: start it again.")
        return job.state

    def tell(self, request: Any) -> State:
        """The state of a job, with "queued": how many wait before it.

        Args:
            request: {"job": its name}.

        Raises:
            RWAEError: if it is forgotten.
        """
        job = self._find(request)
        job.asked = time.monotonic()
        return job.state | {"queued": self._queued_before(job)}

    def cancel(self, request: Any) -> None:
        """Stops a job: {"job": its name}. Nothing of it is kept."""
        self._find(request).cancelled = True

    def _enqueue(self, job: Job) -> str:
        """Puts a job at the end of the queue, and returns its name, which nobody can guess."""
        name = secrets.token_urlsafe(16)
        self._remove_old()
        with self._lock:
            self.require_room()
            self._jobs[name] = job
            self._waiting.put(job)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                self._thread.start()
        return name

    def _find(self, request: Any) -> Job:
        name = require_object(request, "job")["job"]
        job = self._jobs.get(name) if isinstance(name, str) else None
        if job is None:
            raise RWAEError("This work is over and forgotten: start it again.")
        return job

    def _count_waiting(self) -> int:
        return sum(not job.state["done"] for job in list(self._jobs.values()))

    def _queued_before(self, job: Job) -> int:
        jobs = list(self._jobs.values())
        return sum(not other.state["done"] for other in jobs[: jobs.index(job)])

    def _remove_old(self) -> None:
        with self._lock:
            for name, job in list(self._jobs.items()):
                late = time.monotonic() - job.asked > KEPT_RESULT
                if job.state["done"] and (job.forgotten or late):
                    del self._jobs[name]

    def _work(self) -> None:
        while True:
            try:
                job = self._waiting.get(timeout=KEPT_RESULT)
            except queue.Empty:
                self._remove_old()
                continue
            try:
                job.stop_if_unwanted()
                result = job.work(job)
                job.state = job.state | result | {"done": True}
            except CancelledError:
                job.state = job.state | {"done": True, "cancelled": True}
            except RWAEError as error:
                job.state = job.state | {"done": True, "error": str(error)}
            except Exception as error:  # a bug: the operator reads the details
                housekeeping.log_failure(self._name, error)
                job.state = job.state | {"done": True, "error": self._failed}
            job.ended.set()
