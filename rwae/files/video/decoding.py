"""Runs `rwae.files.video.decoder`, the isolated process that decodes clips.

The process has no secret in its environment, bounded memory and time, and pipes for the content
of files and for their frames. It can open no file itself. Everything that comes through the pipe
is checked again. If the process fails or takes too long, it is ended, and the app goes on.
"""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from rwae.errors import ClipError
from rwae.files.video.decoder.pixels import KEPT_SIDE
from rwae.files.video.decoder.protocol import (
    CHANNELS,
    HEADER,
    MAX_DECODED_SIDE,
    MAX_SHEET_PIXELS,
    MAX_STILLS,
    RecordKind,
)
from rwae.files.video.decoder.sandbox import Wall
from rwae.files.video.fitting import even_choice, thumbnails
from rwae.files.video.footage import MAX_SHOWN_STILLS, Footage

PROGRAM = Path(__file__).parent / "decoder"
MAX_KEPT_FRAMES = 128  # of a clip of any length: twice as many as the longest clip of a model
# Seconds of processor time, and the frames that may take the most. A longer clip has more in
# proportion. An upload, of which a part is read, has the least: with its start less than five.
LEAST_CPU_SECONDS, MOST_CPU_SECONDS = 4, 20
TIMED_FRAMES = 300
MAX_FILE_BYTES = 2**29  # the file and what is made of it have to fit into the process
CLOCK_FACTOR = 6  # times as long by the clock, for a machine that has other things to do
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
    RecordKind.AV1: "The video is AV1, which cannot be read here: save it as H.264 or VP9.",
    RecordKind.INTERLACED: "The video is interlaced, which cannot be read here: save it as "
    "progressive video, for example as MP4.",
    RecordKind.NO_PICTURE: "The file is no still picture: save it as PNG.",
    RecordKind.LARGE_PICTURE: "The picture has {} x {} pixels, which is too large for a sprite "
    "sheet of cells of 64 x 64.",
    RecordKind.TOO_HEAVY: "The file takes too much memory to read: save the clip in a smaller "
    "size.",
}
_SLOW = "The file takes too long to read: cut the clip, or save it in a smaller size."
_BROKEN = "The file cannot be read: save it again, for example as MP4."
_LEFT = "Nobody waits for the clip any more."
_UNABLE = "This server cannot read files: tell whoever runs it."
_SINGLE = (
    "The file holds a single frame: a clip needs at least two. Choose a video, an animated GIF, "
    "or a picture with square frames side by side."
)
_SIZES = "The frames of the clip differ in size: save it again, for example as MP4."


class Asker:
    """Someone who waits for what is decoded, and may leave before it is.

    Attributes:
        left: whether they have left.
    """

    def __init__(self) -> None:
        self.left = False
        self._changing = threading.Lock()
        self._stops: list[Callable[[], None]] = []

    @contextmanager
    def asks(self) -> Iterator[None]:
        """What is decoded inside, also in threads that copy the context, is for this asker."""
        before = _asker.set(self)
        try:
            yield
        finally:
            _asker.reset(before)

    def leave(self) -> None:
        """Ends what is being decoded for this asker, and what would be decoded later."""
        with self._changing:
            self.left = True
            stops = list(self._stops)
        for stop in stops:
            stop()

    @contextmanager
    def ending(self, stop: Callable[[], None]) -> Iterator[None]:
        """Calls `stop` if the asker leaves inside.

        Raises:
            ClipError: if they have left before.
        """
        with self._changing:
            if self.left:
                raise ClipError(_LEFT)
            self._stops.append(stop)
        try:
            yield
        finally:
            with self._changing:
                self._stops.remove(stop)


_asker: ContextVar[Asker | None] = ContextVar("asker", default=None)


class DecoderProcess:
    """A process that decodes clips, one after another.

    Each upload gets a new process, so that no file can affect the next visitor's. The files of one
    person may share a process, which saves its start of some tenths of a second. On Linux it ends
    with the thread that made it.

    Attributes:
        walls: what was taken from the process before it took a file; None before it is ready,
            which it is after the first file.
    """

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self.walls: Wall | None = None
        self._process = _start_process()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._input, self._output = self._process.stdin, self._process.stdout
        self._errors = self._process.stderr

    def __enter__(self) -> DecoderProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._input, self._output, self._errors):
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
        job = {"max_frames": max_frames, "thin": False, "still": False}
        return _join(self._answer(source, job, max_frames + 1))

    def read_footage(
        self, source: Path | bytes, first: int | None = None, last: int | None = None
    ) -> Footage:
        """Reads a clip of any length, evenly in time, or a sprite sheet.

        At most `MAX_KEPT_FRAMES` frames are kept, evenly from those between two numbers. A file
        that takes long is read no further than in `WORK_SHARE` of the time that a job has; see
        `rwae.files.video.decoder`.

        Args:
            source: a file, or its content.
            first: number of the first frame that is of use, from 0 on; by default that of the
                file.
            last: number of the last one; by default that of the file.

        Raises:
            ClipError: as from `read`, or if no frame is between the two.
        """
        job: dict[str, Any] = {"max_frames": MAX_KEPT_FRAMES, "thin": True, "still": False}
        job = job | {"first": first, "last": last}
        most = MAX_KEPT_FRAMES + MAX_STILLS + 2
        return _make_footage(self._answer(source, job, most), first or 0)

    def read_picture(self, source: Path | bytes) -> np.ndarray:
        """Reads a picture as RGBA bytes, as they are in the file, with shape (H, W, 4).

        Args:
            source: a file, or its content.

        Raises:
            ClipError: if it is no still picture, is damaged or too large, or the process fails.
        """
        job = {"max_frames": 1, "thin": False, "still": True}
        picture = self._answer(source, job, 2)[0].picture
        if picture is None or picture.shape[2] != CHANNELS[RecordKind.STILL_PICTURE]:
            raise ClipError(_BROKEN)
        return picture

    def _answer(self, source: Path | bytes, job: dict[str, Any], most: int) -> list[DecodedRecord]:
        """Everything that the process sends of a file, of at most so many records."""
        if self._process.poll() is not None:  # an earlier file broke it
            self.close()
            self._start()
        seconds = LEAST_CPU_SECONDS
        if not job["thin"]:
            whole = math.ceil(MOST_CPU_SECONDS * job["max_frames"] / TIMED_FRAMES)
            seconds = max(seconds, whole)
        content = source if isinstance(source, bytes) else _content_of(source)
        late = threading.Event()
        alarm = threading.Timer(CLOCK_FACTOR * seconds, self._stop, [late])
        alarm.start()
        asker = _asker.get() or Asker()
        try:
            with asker.ending(self._process.kill):
                self._wait_until_ready()
                line = json.dumps(job | {"size": len(content), "seconds": seconds})
                self._input.write(line.encode() + b"\n")
                self._input.write(content)
                self._input.flush()
                return list(self._records(most))
        except (OSError, EOFError) as error:
            raise (ClipError(_LEFT) if asker.left else self._failure(late)) from error
        finally:
            alarm.cancel()

    def _wait_until_ready(self) -> None:
        if self.walls is None:
            kind, walls, _, _ = HEADER.unpack(self._take(HEADER.size))
            if kind != RecordKind.READY:
                raise EOFError
            self.walls = Wall(walls)

    def _stop(self, late: threading.Event) -> None:
        late.set()
        self._process.kill()

    def _records(self, most: int) -> Iterator[DecodedRecord]:
        """The records that the process sends, up to the end of the clip; all of it is checked."""
        for _ in range(most):
            kind, height, width, time = HEADER.unpack(self._take(HEADER.size))
            if kind in _REFUSALS:
                raise ClipError(_REFUSALS[kind].format(height, width))
            if kind in (RecordKind.END, RecordKind.PARTIAL_END, RecordKind.SIZE):
                yield DecodedRecord(RecordKind(kind), height, width, time)
                if kind != RecordKind.SIZE:
                    return
                continue
            sheet = kind in (RecordKind.SHEET, RecordKind.STILL_PICTURE)
            sides = range(1, (MAX_DECODED_SIDE if sheet else KEPT_SIDE) + 1)
            if kind not in CHANNELS or height not in sides or width not in sides:
                raise EOFError
            if sheet and height * width > MAX_SHEET_PIXELS:
                raise EOFError
            channels = CHANNELS[RecordKind(kind)]
            data = np.frombuffer(self._take(height * width * channels), np.uint8)
            picture = data.reshape(height, width, channels)
            yield DecodedRecord(RecordKind(kind), height, width, time, picture)
        raise EOFError

    def _take(self, count: int) -> bytes:
        data: bytes = self._output.read(count)
        if len(data) < count:
            raise EOFError
        return data

    def _failure(self, late: threading.Event) -> ClipError:
        """Why the process ended before its answer did, with a note for whoever runs the server."""
        self._process.kill()
        status = self._process.wait()
        overtime = sys.platform != "win32" and status == -signal.SIGXCPU
        if late.is_set() or overtime:
            return ClipError(_SLOW)
        if self.walls is not None:
            return ClipError(_BROKEN)
        failure = ClipError(_UNABLE)
        for line in self._errors.read().decode(errors="replace").splitlines()[-1:]:
            failure.add_note(line)
        return failure


def _start_process() -> subprocess.Popen[bytes]:
    few = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    # Where this process found the packages, which may be folders that an isolated one leaves out:
    # those of the user, or of PYTHONPATH.
    folders = [str(Path(file).parents[1]) for file in (cv2.__file__, np.__file__) if file]
    try:
        return subprocess.Popen(
            # Isolated: neither the environment nor the current folder adds modules to it.
            [sys.executable, "-I", str(PROGRAM), *folders],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,  # for its start alone: then it prints for itself
            cwd=os.sep,
            env=few | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )
    except OSError as error:
        raise ClipError("No file can be read at the moment: try again later.") from error


def _content_of(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ClipError(
                f"The file {path.name} has more than {MAX_FILE_BYTES // 2**20} MB: cut the clip, "
                "or save it in a smaller size."
            )
        return path.read_bytes()
    except OSError as error:
        raise ClipError(f"The file {path.name} cannot be opened: {error.strerror}.") from error


@dataclass(frozen=True)
class DecodedRecord:
    """A record of the process, see `rwae.files.video.decoder.protocol`."""

    kind: RecordKind
    first: int
    second: int
    time: float
    picture: np.ndarray | None = None


def _join(records: list[DecodedRecord]) -> np.ndarray:
    """Puts the frames of a clip together, evenly in time: (N, H, W, 3)."""
    shown = _of_kind(records, RecordKind.FRAME)
    frames = _same_size(shown)
    return np.stack([frames[n] for n in evenly_in_time([record.time for record in shown])])


def _same_size(records: list[DecodedRecord]) -> list[np.ndarray]:
    """The pictures of at least two frames, all of one size."""
    frames = [record.picture for record in records if record.picture is not None]
    if not frames:
        raise ClipError(_REFUSALS[RecordKind.BAD_VIDEO])
    if any(frame.shape[:2] != frames[0].shape[:2] for frame in frames):
        raise ClipError(_SIZES)
    if len(frames) < 2:
        raise ClipError(_SINGLE)
    return frames


def _make_footage(records: list[DecodedRecord], first: int) -> Footage:
    """What the records of a file say; the numbers of its frames begin with `first`."""
    end = records[-1]
    shown = _of_kind(records, RecordKind.FRAME, RecordKind.ALPHA_FRAME)
    sheets = _of_kind(records, RecordKind.SHEET)
    if sheets and sheets[0].picture is not None:
        return Footage.of_sheet(sheets[0].picture)
    if end.first >= 2 and not shown:
        raise ClipError(
            f"The clip has {end.first} frames, and none of them was chosen: choose frames from 0 "
            f"to {end.first - 1}."
        )
    alone = end.first >= 2 and len(shown) == 1  # a single frame that was chosen
    frames = _same_size(2 * shown if alone else shown)
    times = [record.time for record in shown]
    order = evenly_in_time(times)
    channels = max(frame.shape[2] for frame in frames)
    size = next(iter(_of_kind(records, RecordKind.SIZE)), None)
    return Footage(
        frames=np.stack([_with_channels(frames[n], channels) for n in order]),
        numbers=first + max(1, end.second) * order,
        count=end.first,
        width=size.second if size else frames[0].shape[1],
        height=size.first if size else frames[0].shape[0],
        stills=_join_stills(records, frames[0]),
        complete=end.kind == RecordKind.END,
        is_strip=not any(times),
    )


def _of_kind(records: list[DecodedRecord], *kinds: RecordKind) -> list[DecodedRecord]:
    return [record for record in records if record.kind in kinds]


def _join_stills(records: list[DecodedRecord], frame: np.ndarray) -> np.ndarray:
    """Some of the small pictures of a file, (K, h, w, 3), or one of a frame in their place."""
    found = _of_kind(records, RecordKind.STILL)
    stills = [record.picture for record in found if record.picture is not None]
    if not stills or any(still.shape != stills[0].shape for still in stills):
        return thumbnails(frame[None, ..., :3])
    chosen = even_choice(len(stills), min(MAX_SHOWN_STILLS, len(stills)))
    return np.stack([stills[n] for n in chosen])


def _with_channels(frame: np.ndarray, channels: int) -> np.ndarray:
    """RGB or RGBA bytes with so many channels; what had no alpha is opaque."""
    if frame.shape[2] == channels:
        return frame
    return np.dstack([frame, np.full(frame.shape[:2], 255, np.uint8)])


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
