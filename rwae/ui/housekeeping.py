"""The log of the app and its folder for temporary files: neither grows while the app runs.

The log is one line of JSON for each refusal or failure, on the error stream. A line says what
happened and where in the program. It holds nothing of the visitor: no address, name, path or
number that they sent, and no message of an exception, which may quote these. Lines that would
repeat within a minute are counted, and one line says how many there were: a scanner that asks for
thousands of unknown paths adds one line a minute.

Nothing of the app needs to stay on the disk for longer than a request. What a killed process or a
broken connection leaves behind is removed by its age.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import shutil
import sys
import tempfile
import threading
import time
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

from gradio import queueing

from rwae.errors import RWAEError

INTERVAL = 60.0  # seconds between two rounds of `_run`
MAX_FILE_AGE = 600.0  # seconds that a temporary file may stay: no request takes that long
TRACE_DEPTH = 6  # places in the program that a line about a failure names, the innermost first
_FOLDER_PREFIX = "rwae-studio-"
_LOGGER = logging.getLogger("rwae.ui")
_repeated: dict[str, int] = {}  # how often each line of the current minute was repeated
_repeated_lock = threading.Lock()


def start() -> Path:
    """Sets up the log and the temporary folder, and starts the thread that looks after both.

    Returns:
        The folder, which only this user can read. Temporary files of this process go there.
    """
    # Gradio's queue would print errors with all that a caller sent.
    quiet = SimpleNamespace(print_exc=lambda: log_failure("queue", sys.exc_info()[1]))
    queueing.traceback = quiet  # type: ignore[attr-defined, assignment]
    folder = create_temporary_folder()
    threading.Thread(target=_run, args=(folder,), name="housekeeping", daemon=True).start()
    return folder


def _run(folder: Path) -> None:
    while folder.is_dir():
        with suppress(OSError):
            os.utime(folder)  # shows other processes that this app runs
        remove_old_files(folder, time.time())
        time.sleep(INTERVAL)
        log_repeated()


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


def create_temporary_folder() -> Path:
    """Makes a folder for temporary files of this process, which is removed when it ends.

    Folders of earlier apps that were killed are removed as well.

    Raises:
        RWAEError: if no such folder can be made, as on a disk that is read-only.
    """
    try:
        parent = Path(tempfile.gettempdir())
        remove_abandoned_folders(parent, time.time())
        folder = Path(tempfile.mkdtemp(prefix=_FOLDER_PREFIX, dir=parent))
    except OSError as error:
        raise RWAEError(
            f"There is no folder for temporary files ({error.strerror}): name one that can be "
            "written by the variable TMPDIR."
        ) from error
    tempfile.tempdir = str(folder)
    os.environ["GRADIO_TEMP_DIR"] = str(folder / "gradio")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def remove_abandoned_folders(parent: Path, now: float) -> None:
    """Removes the folders of apps that no longer run.

    Args:
        parent: where these folders are.
        now: the time, in seconds since 1970. A running app touches its folder every `INTERVAL`.
    """
    for folder in parent.glob(f"{_FOLDER_PREFIX}*"):
        with suppress(OSError):
            status = folder.lstat()
            own = not hasattr(os, "getuid") or status.st_uid == os.getuid()
            old = now - status.st_mtime > MAX_FILE_AGE
            if own and old and folder.is_dir() and not folder.is_symlink():
                shutil.rmtree(folder, ignore_errors=True)


def remove_old_files(folder: Path, now: float) -> None:
    """Removes what has not changed for `MAX_FILE_AGE` seconds, except for the folder itself.

    Args:
        folder: where to look, also in its subfolders. Links are removed and not followed.
        now: the time, in seconds since 1970.
    """
    for root, folders, files in os.walk(folder, topdown=False):
        for name in (*files, *folders):
            path = Path(root) / name
            with suppress(OSError):  # removed meanwhile, or a folder that is not empty
                if now - path.lstat().st_mtime > MAX_FILE_AGE:
                    is_folder = path.is_dir() and not path.is_symlink()
                    path.rmdir() if is_folder else path.unlink()
