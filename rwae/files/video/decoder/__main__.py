"""Answers each line of its input with the frames of one file, see `protocol`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

import cv2
import films
import numpy as np
import pictures
import rights
from protocol import FILE, Kind, Refused, header


def clip(most: int) -> Iterator[tuple[np.ndarray, float]]:
    """The frames of the file, whatever it turns out to be, each with its time.

    There may be more than the `most` that are wanted.
    """
    with open(FILE, "rb") as file:
        head = file.read(pictures.HEAD)
    if not pictures.is_picture(head):
        return films.frames(FILE)
    found = pictures.frames(FILE, head, most)
    try:
        first = next(found)
    except Refused as refusal:
        # Of a GIF that breaks off, FFmpeg reads the frames before.
        if refusal.kind != Kind.BAD_PICTURE or not pictures.is_gif(head):
            raise
        return films.frames(FILE)
    return chain([first], found)


def answer(most: int, out: BinaryIO) -> None:
    """Writes the records of the file in the current folder."""
    try:
        for number, (frame, time) in enumerate(clip(most)):
            if number == most:
                raise Refused(Kind.TOO_LONG, most)
            out.write(header(Kind.FRAME, *frame.shape[:2], time))
            out.write(frame.tobytes())
        out.write(header(Kind.END))
    except Refused as refusal:
        out.write(header(refusal.kind, *refusal.numbers))
    except MemoryError:
        out.write(header(Kind.TOO_HEAVY))
    except (cv2.error, OSError):
        out.write(header(Kind.BAD_VIDEO))
    out.flush()


def main() -> None:
    """Serves until the input ends, which it also does when the app dies."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints does not belong among the frames
    cv2.setNumThreads(1)
    rights.give_up()
    for line in sys.stdin.buffer:
        job = json.loads(line)
        os.chdir(job["folder"])
        rights.allow_time(job["seconds"])
        answer(job["most"], out)
        os.chdir(os.sep)  # so that the folder can be removed


if __name__ == "__main__":
    main()
