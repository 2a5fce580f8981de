"""The folder for temporary files of the app: private, locked, cleared by age and self-healing.

Nothing of the app needs to stay on the disk for longer than a request. What a killed process or a
broken connection leaves behind is removed by its age. Ages are counted by a clock that nobody
sets: neither a change of the time of day nor a machine that sleeps makes files old.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

from rwae.errors import RWAEError

if os.name == "posix":
    import fcntl

MAX_FILE_AGE = 600.0  # seconds that a temporary file may stay: no request takes that long
PREFIX = "rwae-studio-"


class TemporaryFolder:
    """A folder that only this user can read, and where the temporary files of this process go.

    While the app runs it holds a lock on the folder, which the system releases however the app
    ends. Other apps of this kind and systemd's cleaner leave a locked folder alone. Should it
    vanish all the same, `repair` makes it again.

    Attributes:
        path: of the folder. `tempfile` and Gradio are told to use it.
        closed: whether it was removed for good.
    """

    def __init__(self) -> None:
        """Makes the folder, and removes those of apps that were killed.

        Raises:
            RWAEError: if no such folder can be made, as on a disk that is read-only.
        """
        try:
            self._parent = Path(tempfile.gettempdir())
            remove_abandoned_folders(self._parent, time.time())
            self._make()
        except OSError as error:
            raise RWAEError(
                f"There is no folder for temporary files ({error.strerror}): name one that can be "
                "written by the variable TMPDIR."
            ) from error
        self._first_seen: dict[tuple[str, int], float] = {}
        self._changing = threading.Lock()
        self.closed = False
        atexit.register(self.close)

    def _make(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=self._parent))
        self._take()

    def _take(self) -> None:
        """Locks the folder, and has it used."""
        self._lock = lock_folder(self.path)
        tempfile.tempdir = str(self.path)
        os.environ["GRADIO_TEMP_DIR"] = str(self.path / "gradio")

    def repair(self) -> bool:
        """Makes the folder again if it has vanished, and says whether it had to.

        It gets its old name, which Gradio's components remember, unless someone else took it.

        Raises:
            OSError: if it cannot be made.
        """
        with self._changing:
            if self.closed or _is_private(self.path):
                return False
            self._unlock()
            with suppress(OSError):  # the name is taken
                self.path.mkdir(mode=0o700)
            if _is_private(self.path):
                self._take()
            else:
                self._make()
            return True

    def remove_old(self, now: float) -> None:
        """Removes what has not changed for `MAX_FILE_AGE` seconds, except for the folder itself.

        Links are removed and not followed.

        Args:
            now: seconds by a clock that never goes back or leaps, such as `time.monotonic`.
        """
        seen: dict[tuple[str, int], float] = {}
        for root, folders, files in os.walk(self.path, topdown=False):
            for name in (*files, *folders):
                path = Path(root) / name
                with suppress(OSError):  # removed meanwhile, or a folder that is not empty
                    state = str(path), path.lstat().st_mtime_ns
                    seen[state] = self._first_seen.get(state, now)
                    if now - seen[state] > MAX_FILE_AGE:
                        is_folder = path.is_dir() and not path.is_symlink()
                        path.rmdir() if is_folder else path.unlink()
        self._first_seen = seen

    def close(self) -> None:
        """Removes the folder for good."""
        with self._changing:
            self.closed = True
            shutil.rmtree(self.path, ignore_errors=True)
            self._unlock()
        atexit.unregister(self.close)

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def remove_abandoned_folders(parent: Path, now: float) -> None:
    """Removes the folders of apps that no longer run: those that nobody locks, and that are old.

    Args:
        parent: where these folders are.
        now: the time, in seconds since 1970.
    """
    for folder in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):
            old = now - folder.lstat().st_mtime > MAX_FILE_AGE
            if not old or not _is_private(folder):
                continue
            lock = lock_folder(folder)
            if lock is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(lock)


def lock_folder(folder: Path) -> int | None:
    """Locks a folder until the descriptor that is returned is closed; None if it is locked.

    Windows has no such locks: there it returns None, so that no folder of another app is removed.
    """
    if os.name != "posix":
        return None
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


def _is_private(folder: Path) -> bool:
    """Whether this is a folder, and no link, that this user owns and nobody else can write to."""
    try:
        status = folder.lstat()
    except OSError:
        return False
    if not folder.is_dir() or folder.is_symlink():
        return False
    return os.name != "posix" or (status.st_uid == os.getuid() and not status.st_mode & 0o022)
