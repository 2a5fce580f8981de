"""Runs `rwae.files.video.decoder`, the isolated process that decodes clips.

The process has no secret in its environment, a folder that holds one file alone, bounded memory
and time, and a pipe. Everything that comes through the pipe is checked again. If the process fails
or takes too long, it is ended, and the app goes on.
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
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from rwae.errors import ClipError
from rwae.files.video.decoder.pixels import KEPT_SIDE
from rwae.files.video.decoder.protocol import FILE, HEADER, MAX_DECODED_SIDE, RecordKind

PROGRAM = Path(__file__).parent / "decoder"
TIMED_FRAMES = 300  # that may take `MAX_CPU_SECONDS`; a longer clip has more in proportion
MAX_CPU_SECONDS = 20  # of processor time
CLOCK_FACTOR = 1.5  # times as long by the clock, for a machine that has other things to do
# What a program needs to start at all on some systems; no more of the environment is passed on.
_ENVIRONMENT = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "LANG")

_REFUSALS = {
    RecordKind.NO_VIDEO: "The file is no clip that can be read: save it as MP4, WebM, AVI or GIF.",
    RecordKind.BAD_PICTURE: "The picture is damaged or too large: save it again as PNG.",
    RecordKind.BAD_VIDEO: "The video is damaged or of an unknown kind: save it again, for example "
    "as MP4.",
    RecordKind.NO_STRIP: "The picture has {} x {} pixels: an image strip needs square frames side "
    "by side, so its width must be a multiple of its height.",
    RecordKind.TOO_LARGE: "The frames have {} x {} pixels: they need between 1 and "
    f"{MAX_DECODED_SIDE} on each side. Save the clip in a smaller size.",
    RecordKind.TOO_LONG: "The clip has more than {} frames: cut it to the part you want.",
    RecordKind.TOO_HEAVY: "The file takes too much memory to read: save the clip in a smaller "
    "size.",
}
_SLOW = "The file takes too long to read: cut the clip, or save it in a smaller size."
_BROKEN = "The file cannot be read: save it again, for example as MP4."
_SIZES = "The frames of the clip differ in size: save it again, for example as MP4."


class DecoderProcess:
    """A process that decodes clips, one after another.

    Each upload gets a new process, so that no file can affect the next visitor's. The files of one
    person may share a process, which saves its start of some tenths of a second.
    """

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self._process = _start_process()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input, self._output = self._process.stdin, self._process.stdout

    def __enter__(self) -> DecoderProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._input, self._output):
            with suppress(OSError):  # input that the process did not take
                pipe.close()

    def read(self, source: Path | bytes, max_frames: int) -> np.ndarray:
        """Reads a clip as RGB bytes, with shape (N, H, W, 3); see `evenly_in_time`.

        Args:
            source: a file, or its content.
            max_frames: frames that the clip may have.

        Raises:
            ClipError: if it is not a clip, is too large or long, or the process crashes or hangs.
        """
        if self._process.poll() is not None:  # an earlier file broke it
            self.close()
            self._start()
        seconds = MAX_CPU_SECONDS * max(1, math.ceil(max_frames / TIMED_FRAMES))
        with tempfile.TemporaryDirectory(prefix="rwae-", ignore_cleanup_errors=True) as folder:
            _put(source, Path(folder) / FILE)
            job = {"folder": folder, "max_frames": max_frames, "seconds": seconds}
            late = threading.Event()
            alarm = threading.Timer(CLOCK_FACTOR * seconds, self._stop, [late])
            alarm.start()
            try:
                self._input.write(json.dumps(job).encode() + b"\n")
                self._input.flush()
                found = list(self._frames(max_frames))
            except (OSError, EOFError) as error:
                raise ClipError(self._failure(late)) from error
            finally:
                alarm.cancel()
        return _join(found)

    def _stop(self, late: threading.Event) -> None:
        late.set()
        self._process.kill()

    def _frames(self, max_frames: int) -> Iterator[tuple[np.ndarray, float]]:
        """The frames that the process sends, each with its time; all of it is checked."""
        for _ in range(max_frames + 1):
            kind, height, width, time = HEADER.unpack(self._take(HEADER.size))
            if kind == RecordKind.END:
                return
            if kind in _REFUSALS:
                raise ClipError(_REFUSALS[kind].format(height, width))
            sides = range(1, KEPT_SIDE + 1)
            if kind != RecordKind.FRAME or height not in sides or width not in sides:
                raise EOFError
            data = self._take(height * width * 3)
            yield np.frombuffer(data, np.uint8).reshape(height, width, 3), time
        raise EOFError

    def _take(self, count: int) -> bytes:
        data: bytes = self._output.read(count)
        if len(data) < count:
            raise EOFError
        return data

    def _failure(self, late: threading.Event) -> str:
        """Why the process ended before its answer did."""
        self._process.kill()
        status = self._process.wait()
        overtime = sys.platform != "win32" and status == -signal.SIGXCPU
        return _SLOW if late.is_set() or overtime else _BROKEN


def _start_process() -> subprocess.Popen[bytes]:
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


def _put(source: Path | bytes, target: Path) -> None:
    """Puts a file where the process reads it, by a link or as a copy."""
    if isinstance(source, bytes):
        target.write_bytes(source)
        return
    try:
        target.symlink_to(source.resolve())
    except (OSError, NotImplementedError):  # Windows lets few make links
        shutil.copyfile(source, target)


def _join(found: list[tuple[np.ndarray, float]]) -> np.ndarray:
    """Puts frames together, evenly in time: (N, H, W, 3)."""
    frames = [frame for frame, _ in found]
    if not frames:
        raise ClipError(_REFUSALS[RecordKind.BAD_VIDEO])
    if any(frame.shape != frames[0].shape for frame in frames):
        raise ClipError(_SIZES)
    if len(frames) < 2:
        raise ClipError(
            "The file holds a single frame: a clip needs at least two. Choose a video, an "
            "animated GIF, or a picture with square frames side by side."
        )
    return np.stack([frames[n] for n in evenly_in_time([time for _, time in found])])


def evenly_in_time(times: Sequence[float]) -> np.ndarray:
    """Chooses N of the N frames of a clip so that they follow one another at an even pace.

    A model knows only the number of a frame, but phones, screen recorders and GIFs show some
    frames for longer than others. So the time from the first frame to the last is divided into N
    equal steps, and for each step the frame is taken that a viewer sees in its middle. If the pace
    is even, or nearly so, each frame is taken once. The duration of the last frame is not used.

    Args:
        times: of the N frames, in any unit. If they do not grow from frame to frame, as in strips
            and damaged files, they are ignored, and every frame is taken once.

    Returns:
        N indices, none smaller than the one before.
    """
    known = np.asarray(times, float)
    count = len(known)
    if count < 3 or not np.isfinite(known).all() or (np.diff(known) <= 0).any():
        return np.arange(count)
    step = (known[-1] - known[0]) / (count - 1)
    asked = known[0] + step * (np.arange(count) + 0.5)
    after: np.ndarray = np.searchsorted(known, asked, side="right")
    return after - 1
