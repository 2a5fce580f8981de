"""Answers each line of its input with the frames of one file, see `protocol`."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any, BinaryIO

sys.path += sys.argv[1:]  # folders of packages, after those of Python itself

import complaints
import cv2
import limits
import numpy as np
import sandbox
from frames import OutOfTime, decode_frames, read_picture
from pixels import STILL_SIDE, shrink, to_rgb, to_rgba, to_straight_rgba
from protocol import MAX_STILLS, RecordKind, Refused, check_size, pack_header
from thinning import Thinned

THIN_AHEAD = 2**12  # frames of an animation that are of use at once where many are left out
WORK_SHARE = 0.75  # of the processor time of a job, after which a longer file is read no further


def send_picture(out: BinaryIO, kind: RecordKind, picture: np.ndarray, moment: float = 0) -> None:
    """Writes the record of a picture."""
    out.write(pack_header(kind, *picture.shape[:2], moment))
    out.write(picture.tobytes())


def send_clip(out: BinaryIO, content: bytes, max_frames: int) -> None:
    """Writes all frames, or refuses a clip that has more than so many."""
    for number, (kind, take, moment) in enumerate(decode_frames(content, max_frames)):
        if number == max_frames:
            raise Refused(RecordKind.TOO_LONG, max_frames)
        image = take()
        if kind == RecordKind.SHEET:
            raise Refused(RecordKind.NO_STRIP, image.shape[1], image.shape[0])
        send_picture(out, RecordKind.FRAME, shrink(to_rgb(image)), moment)
    out.write(pack_header(RecordKind.END))


def send_footage(out: BinaryIO, content: bytes, job: dict[str, Any]) -> None:
    """Writes an even part of the frames of a clip of any length, and of small pictures of it."""
    deadline = time.process_time() + WORK_SHARE * job["seconds"]
    first = job["first"] or 0
    last = sys.maxsize if job["last"] is None else job["last"]
    kept: Thinned[tuple[np.ndarray, float]] = Thinned(job["max_frames"])
    stills: Thinned[np.ndarray] = Thinned(MAX_STILLS)
    end, size, count = RecordKind.END, (0, 0), 0
    try:
        frames = decode_frames(content, THIN_AHEAD, deadline)
        for number, (kind, take, moment) in enumerate(frames):
            inside = first <= number <= last and kept.wants(number - first)
            if inside or stills.wants(number):
                image = take()
                size = image.shape[0], image.shape[1]
                if kind == RecordKind.SHEET:
                    send_sheet(out, image)
                    return
                picture = shrink(to_rgba(image))
                if inside:
                    kept.add((picture, moment))
                if stills.wants(number):
                    stills.add(shrink(picture[..., :3], STILL_SIDE))
            count = number + 1
            if time.process_time() > deadline:
                raise OutOfTime
    except OutOfTime:
        end = RecordKind.PARTIAL_END
    out.write(pack_header(RecordKind.SIZE, *size))
    for picture, moment in kept.items:
        is_opaque = picture.shape[2] == 3
        send_picture(
            out, RecordKind.FRAME if is_opaque else RecordKind.ALPHA_FRAME, picture, moment
        )
    for still in stills.items:
        send_picture(out, RecordKind.STILL, still)
    out.write(pack_header(end, count, kept.every))


def send_sheet(out: BinaryIO, image: np.ndarray) -> None:
    """Writes a sprite sheet, which is not shrunk."""
    picture = to_rgba(image)
    if picture.shape[2] == 3:
        picture = np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])
    check_size(picture.shape[1], picture.shape[0])
    send_picture(out, RecordKind.SHEET, picture)
    out.write(pack_header(RecordKind.END, 1, 1))


def send_still(out: BinaryIO, content: bytes) -> None:
    """Writes a picture as it is in the file."""
    send_picture(out, RecordKind.STILL_PICTURE, to_straight_rgba(read_picture(content)))
    out.write(pack_header(RecordKind.END, 1, 1))


def answer(out: BinaryIO, job: dict[str, Any], content: bytes) -> None:
    """Writes the records of a file."""
    try:
        if job["still"]:
            send_still(out, content)
        elif job["thin"]:
            send_footage(out, content, job)
        else:
            send_clip(out, content, job["max_frames"])
    except Refused as refusal:
        out.write(pack_header(refusal.kind, *refusal.numbers))
    except MemoryError:
        out.write(pack_header(RecordKind.TOO_HEAVY))
    except (cv2.error, OSError):
        out.write(pack_header(RecordKind.BAD_VIDEO))
    out.flush()


def main() -> None:
    """Serves until the input ends, which it also does when the app dies."""
    out = os.fdopen(os.dup(1), "wb")
    complaints.listen()  # what a library prints does not belong among the frames
    cv2.setNumThreads(1)
    limits.limit_for_good()
    out.write(pack_header(RecordKind.READY, sandbox.enter()))
    out.flush()
    source = sys.stdin.buffer
    while line := source.readline():
        job = json.loads(line)
        content = source.read(job["size"])
        limits.allow_time(job["seconds"])
        answer(out, job, content)


if __name__ == "__main__":
    main()
