"""The log of the app, and the thread that looks after it and the temporary files.

The log is one line of JSON for each refusal or failure, on the error stream. A line says what
happened and where in the program. It holds nothing of the visitor: no address, name, path or
number that they sent, and no message of an exception, which may quote these. Lines that would
repeat within a minute are counted, and one line says how many there were: a scanner that asks for
thousands of unknown paths adds one line a minute.
"""

from __future__ import annotations

import ctypes
import json
import logging
import os
import sys
import threading
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

from gradio import queueing, routes

from rwae.errors import ClipError
from rwae.files import video
from rwae.files.video.decoder.sandbox import Wall
from rwae.ui.temporary_folder import TemporaryFolder

INTERVAL = 60.0  # seconds between two lines that sum up what was repeated
REPAIR_INTERVAL = 2.0  # seconds between two looks at the folder for temporary files
TRACE_DEPTH = 6  # places in the program that a line about a failure names, the innermost first
_SET_DUMPABLE = 4  # PR_SET_DUMPABLE of <linux/prctl.h>
_LOGGER = logging.getLogger("rwae.ui")
_repeated: dict[str, int] = {}  # how often each line of the current minute was repeated
_repeated_lock = threading.Lock()


def start() -> TemporaryFolder:
    """Sets up the log and the temporary folder, and starts the thread that looks after both.

    On Linux, other processes of the same user can no longer read the memory and the environment
    of this one: no debugger can be attached, and no core is dumped.

    Returns:
        The folder.

    Raises:
        RWAEError: if there is no place for the folder.
    """
    # Gradio's queue would print errors with all that a caller sent.
    quiet = SimpleNamespace(print_exc=lambda: log_failure("queue", sys.exc_info()[1]))
    queueing.traceback = quiet  # type: ignore[attr-defined, assignment]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_DUMPABLE, 0, 0, 0, 0)
    folder = TemporaryFolder()
    # When they were imported, Gradio's routes remembered another, in which they make folders.
    routes.DEFAULT_TEMP_DIR = os.environ["GRADIO_TEMP_DIR"]  # type: ignore[attr-defined]
    threading.Thread(target=_run, args=(folder,), name="housekeeping", daemon=True).start()
    return folder


def _run(folder: TemporaryFolder) -> None:
    check_decoder()
    summed_up = time.monotonic()
    while not folder.closed:
        look_after(folder)
        if time.monotonic() - summed_up > INTERVAL:
            log_repeated()
            summed_up = time.monotonic()
        time.sleep(REPAIR_INTERVAL)


def look_after(folder: TemporaryFolder) -> None:
    """Makes the folder for temporary files again if it has vanished, and removes old files."""
    try:
        if folder.repair():
            _log("repaired", what="folder for temporary files")
    except OSError as error:
        log_failure("folder for temporary files", error)
    folder.remove_old(time.monotonic())


def check_decoder() -> None:
    """Logs if no file can be read here, or if this system does not confine the decoder."""
    with video.DecoderProcess() as decoder:
        try:
            decoder.read(b"", 2)  # is refused, but by a process that runs
        except ClipError as error:
            if decoder.walls is None:
                _log("failed", function="decoder", error=getattr(error, "__notes__", []))
                return
        missing = [wall.name for wall in Wall if wall not in (decoder.walls or Wall(0))]
    if missing:
        _log("unconfined", function="decoder", missing=missing)


def log_refusal(status: int, route: str, reason: str) -> None:
    """Logs a request that was refused.

    Args:
        status: of the answer, by the numbers of HTTP.
        route: one of the app's own, or "other": the path that a visitor asked for is not logged.
        reason: a few words.
    """
    _log("refused", status=status, route=route, reason=reason)


def log_failure(function: str, error: BaseException | None) -> None:
    """Logs an unexpected error by its type and its places in the program, without its message.

    Args:
        function: the function or route of the server that was asked.
        error: what it raised.
    """
    trace = traceback.extract_tb(error.__traceback__ if error else None)[-TRACE_DEPTH:]
    places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(trace)]
    _log("failed", function=function, error=type(error).__name__, places=places)


def log_repeated() -> None:
    """Logs once how often each line was repeated since the last call, and starts anew."""
    with _repeated_lock:
        repeated = dict(_repeated)
        _repeated.clear()
    for line, times in repeated.items():
        if times:
            _write(json.loads(line) | {"repeated": times})


def _log(event: str, **facts: object) -> None:
    """Writes a line, or only counts it if the same line was written since `log_repeated`."""
    line = json.dumps({"event": event} | facts)
    with _repeated_lock:
        is_new = line not in _repeated
        _repeated[line] = 0 if is_new else _repeated[line] + 1
    if is_new:
        _write(json.loads(line))


def _write(facts: dict[str, object]) -> None:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    _LOGGER.warning(json.dumps({"time": now} | facts))
