"""The app's own folder for temporary files, which is kept empty.

Nothing of the app is meant to stay on the disk for longer than a request. What a killed process or
a broken connection leaves behind all the same is removed by its age.
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

AGE = 600.0  # seconds that a file may stay: far longer than any request takes
PAUSE = 60.0  # seconds between two looks
_PREFIX = "rwae-studio-"


def begin() -> Path:
    """Makes a folder that only this user can read, puts temporary files there, and keeps it empty.

    Folders of earlier runs that did not end in order go as well.
    """
    parent = Path(tempfile.gettempdir())
    remove_abandoned(parent, time.time())
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
    tempfile.tempdir = str(folder)
    os.environ["GRADIO_TEMP_DIR"] = str(folder / "gradio")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    threading.Thread(target=_keep, args=(folder,), name="sweep", daemon=True).start()
    return folder


def remove_abandoned(parent: Path, now: float) -> None:
    """Removes the folders of apps that no longer run: a running one touches its own."""
    for folder in parent.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            known = folder.lstat()
            own = not hasattr(os, "getuid") or known.st_uid == os.getuid()
            if own and folder.is_dir() and not folder.is_symlink() and now - known.st_mtime > AGE:
                shutil.rmtree(folder, ignore_errors=True)


def sweep(folder: Path, now: float) -> None:
    """Removes what has not changed for `AGE` seconds, the folder itself excepted.

    Args:
        folder: where to look, with all folders in it; links are removed and not followed.
        now: the time, in seconds since 1970.
    """
    for place, folders, files in os.walk(folder, topdown=False):
        for name in (*files, *folders):
            path = Path(place) / name
            with suppress(OSError):  # gone already, or a folder that is not empty
                if now - path.lstat().st_mtime > AGE:
                    is_folder = path.is_dir() and not path.is_symlink()
                    path.rmdir() if is_folder else path.unlink()


def _keep(folder: Path) -> None:
    while folder.is_dir():
        with suppress(OSError):
            os.utime(folder)
        sweep(folder, time.time())
        time.sleep(PAUSE)
