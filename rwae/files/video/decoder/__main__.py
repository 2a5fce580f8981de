"""Answers each line of its input with the frames of one file, see `protocol`."""

from __future__ import annotations

import json
import os
import sys
from typing import BinaryIO

import cv2
import limits
from frames import decode_frames
from protocol import FILE, RecordKind, Refused, pack_header


def send_frames(max_frames: int, out: BinaryIO) -> None:
    """Writes the records of the file in the current folder."""
    try:
        for number, (frame, time) in enumerate(decode_frames(FILE, max_frames)):
            if number == max_frames:
                raise Refused(RecordKind.TOO_LONG, max_frames)
            out.write(pack_header(RecordKind.FRAME, *frame.shape[:2], time))
            out.write(frame.tobytes())
        out.write(pack_header(RecordKind.END))
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
    os.dup2(2, 1)  # what a library prints does not belong among the frames
    cv2.setNumThreads(1)
    limits.limit_for_good()
    for line in sys.stdin.buffer:
        job = json.loads(line)
        os.chdir(job["folder"])
        limits.allow_time(job["seconds"])
        send_frames(job["max_frames"], out)
        os.chdir(os.sep)  # so that the folder can be removed


if __name__ == "__main__":
    main()
