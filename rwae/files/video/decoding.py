"""Clips are decoded in a process of their own, which has little to lose.

Decoders are large, old and fed by strangers. The one that opens a file here has no secret in its
environment, a folder that holds that file alone, bounded memory and time, and a pipe. What comes
through the pipe is checked again; if nothing comes, the process is ended, and the app lives.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

from rwae.errors import ClipError
from rwae.files.video.decoder.pixels import KEPT_SIDE
from rwae.files.video.decoder.protocol import FILE, HEADER, MAX_SIDE, Kind
from rwae.files.video.timing import evenly

PROGRAM = Path(__file__).parent / "decoder"
FRAMES = 300  # that may take `SECONDS`; a longer clip may take longer in proportion
SECONDS = 20  # of processor time
PATIENCE = 1.5  # times as long by the clock, for a machine that has other things to do
# What a program needs to start at all on some systems; no more of the environment is passed on.
_ENVIRONMENT = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "LANG")

_SENTENCES = {
    Kind.NO_VIDEO: "The file is no clip that can be read: save it as MP4, WebM, AVI or GIF.",
    Kind.BAD_PICTURE: "The picture is damaged or too large: save it again as PNG.",
    Kind.BAD_VIDEO: "The video is damaged or of an unknown kind: save it again, for example as "
    "MP4.",
    Kind.NO_STRIP: "The picture has {} x {} pixels: an image strip needs square frames side by "
    "side, so its width must be a multiple of its height.",
    Kind.TOO_LARGE: f"The frames have {{}} x {{}} pixels: they need between 1 and {MAX_SIDE} on "
    "each side. Save the clip in a smaller size.",
    Kind.TOO_LONG: "The clip has more than {} frames: cut it to the part you want.",
    Kind.TOO_HEAVY: "The file takes too much memory to read: save the clip in a smaller size.",
}
_SLOW = "The file takes too long to read: cut the clip, or save it in a smaller size."
_BROKEN = "The file cannot be read: save it again, for example as MP4."
_SIZES = "The frames of the clip differ in size: save it again, for example as MP4."


class Decoder:
    """A process that decodes clips, one after another.

    For a stranger's file it is used once, so that nobody's clip meets what another's left behind.
    The files of one person may share it, which spares them its start of some tenths of a second.
    """

    def __init__(self) -> None:
        self._process = _start()

    def __enter__(self) -> Decoder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):  # what the process no longer took
                pipe.close()

    def read(self, source: Path | bytes, most: int) -> np.ndarray:
        """Reads a clip as RGB bytes, with shape (N, H, W, 3), evenly in time (see `timing`).

        Args:
            source: a file, or what stands in one.
            most: frames that the clip may have.

        Raises:
            ClipError: if it is no clip, is too large or long, or the process dies or hangs.
        """
        if self._process.poll() is not None:  # an earlier file broke it
            self.close()
            self._process = _start()
        seconds = SECONDS * max(1, math.ceil(most / FRAMES))
        with tempfile.TemporaryDirectory(prefix="rwae-", ignore_cleanup_errors=True) as folder:
            _place(source, Path(folder) / FILE)
            job = {"folder": folder, "most": most, "seconds": seconds}
            late = threading.Event()
            alarm = threading.Timer(PATIENCE * seconds, self._end, [late])
            alarm.start()
            try:
                self._process.stdin.write(json.dumps(job).encode() + b"\n")
                self._process.stdin.flush()
                found = list(self._frames(most))
            except (OSError, EOFError) as error:
                raise ClipError(self._last_words(late)) from error
            finally:
                alarm.cancel()
        return _clip(found)

    def _end(self, late: threading.Event) -> None:
        late.set()
        self._process.kill()

    def _frames(self, most: int) -> Iterator[tuple[np.ndarray, float]]:
        """The frames that the process sends, each with its time; nothing it says is believed."""
        for _ in range(most + 1):
            kind, height, width, time = HEADER.unpack(self._take(HEADER.size))
            if kind == Kind.END:
                return
            if kind in _SENTENCES:
                raise ClipError(_SENTENCES[kind].format(height, width))
            sides = range(1, KEPT_SIDE + 1)
            if kind != Kind.FRAME or height not in sides or width not in sides:
                raise EOFError
            data = self._take(height * width * 3)
            yield np.frombuffer(data, np.uint8).reshape(height, width, 3), time
        raise EOFError

    def _take(self, count: int) -> bytes:
        data = self._process.stdout.read(count)
        if len(data) < count:
            raise EOFError
        return data

    def _last_words(self, late: threading.Event) -> str:
        """Why the process ended before its answer did."""
        self._process.kill()
        status = self._process.wait()
        overtime = status == -getattr(signal, "SIGXCPU", 0) != 0
        return _SLOW if late.is_set() or overtime else _BROKEN


def _start() -> subprocess.Popen:
    few = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    try:
        return subprocess.Popen(
            # Isolated: neither the environment nor the current folder adds modules to it.
            [sys.executable, "-I", str(PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=os.sep,
            env=few | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )
    except OSError as error:
        raise ClipError("No file can be read at the moment: try again later.") from error


def _place(source: Path | bytes, place: Path) -> None:
    """Puts a file where the process will look, under a name that leads to no other file."""
    if isinstance(source, bytes):
        place.write_bytes(source)
        return
    try:
        place.symlink_to(source.resolve())
    except (OSError, NotImplementedError):  # Windows lets few make links
        shutil.copyfile(source, place)


def _clip(found: list[tuple[np.ndarray, float]]) -> np.ndarray:
    """Puts frames together, evenly in time: (N, H, W, 3)."""
    frames = [frame for frame, _ in found]
    if not frames:
        raise ClipError(_SENTENCES[Kind.BAD_VIDEO])
    if any(frame.shape != frames[0].shape for frame in frames):
        raise ClipError(_SIZES)
    if len(frames) < 2:
        raise ClipError(
            "The file holds a single frame: a clip needs at least two. Choose a video, an "
            "animated GIF, or a picture with square frames side by side."
        )
    return np.stack([frames[n] for n in evenly([time for _, time in found])])
