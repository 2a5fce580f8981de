"""The frames of a file: a video, an animation, or a strip of square frames."""

from __future__ import annotations

import os

# OpenCV reads these when it is loaded, and when it opens a video. No picture of more pixels is
# decoded. FFmpeg opens files only, no addresses, and these formats only: no playlists, lists of
# files or patterns of names.
os.environ["OPENCV_IO_MAX_IMAGE_PIXELS"] = str(2**25)
os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = (
    "protocol_whitelist;file|format_whitelist;mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,gif"
)
os.environ["OPENCV_FFMPEG_THREADS"] = "1"

import math
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain

import complaints
import cv2
import numpy as np
from pixels import JPEG, reading_mode, stretch
from protocol import MAX_DECODED_SIDE, MAX_SHEET_PIXELS, RecordKind, Refused, check_size
from tracks import with_shown_track

MAX_DECODED_PIXELS = 2**26  # of an animation that are in memory at once, as RGBA bytes
FIRST_PIXELS = 2**24  # of an animation that are decoded before it is known how long they take
HEAD_BYTES = 4096  # at the start of a file, from which kind and size of a picture are read
CELL_SIDE = 64  # pixels of a cell of a sprite sheet
MIN_SHEET_ROWS = 4  # of cells, in a picture that is no strip
LEAST_DURATION, DEFAULT_DURATION = 10, 100  # milliseconds
MAX_ASPECT = 8.0  # of a pixel; a file that claims more is damaged
_PNG, _BMP = b"\x89PNG\r\n\x1a\n", b"BM"
_AV1 = cv2.VideoWriter.fourcc(*"av01"), cv2.VideoWriter.fourcc(*"AV01")

# What a picture is (a frame, or a sprite sheet), how to decode it, and the time in milliseconds at
# which it appears. A picture that nobody asks for is not converted, which saves time.
Decoded = tuple[RecordKind, Callable[[], np.ndarray], float]
Frames = Iterator[Decoded]


class OutOfTime(Exception):  # noqa: N818 - what was read until then is of use
    """The next frames of an animation would take longer than there is time."""


def decode_frames(content: bytes, max_frames: int, deadline: float = math.inf) -> Frames:
    """Reads the frames of a file; its content decides how.

    Args:
        content: of the file.
        max_frames: frames that are of use at once. A longer clip yields more.
        deadline: the processor time of this process, in seconds, that no further frames of an
            animation are to exceed.

    Yields:
        Each frame, or a sprite sheet alone. The pictures are as OpenCV decodes them: grey, BGR or
        BGRA, of 8 or 16 bits. Each has to be asked for before the next one is.

    Raises:
        Refused: if the file is not a clip, damaged or too large.
        OutOfTime: if there is no time for the next frames.
    """
    head = content[:HEAD_BYTES]
    if not _is_picture(head):
        return read_video(content)
    found = _read_picture(content, max_frames, deadline)
    try:
        first = next(found)
    except Refused as refusal:
        # Of a GIF that breaks off, FFmpeg reads the frames before.
        if refusal.kind != RecordKind.BAD_PICTURE or not _is_gif(head):
            raise
        return read_video(content)
    return chain([first], found)


def read_picture(content: bytes) -> np.ndarray:
    """Reads a picture that does not move, as OpenCV decodes it; see `decode_frames`.

    Raises:
        Refused: if the file is something else, damaged or too large.
    """
    head = content[:HEAD_BYTES]
    if not _is_picture(head) or _moving_size(head) is not None:
        raise Refused(RecordKind.NO_PICTURE)
    image = _read_still(content)
    height, width = image.shape[:2]
    if height * width > MAX_SHEET_PIXELS or max(height, width) > MAX_DECODED_SIDE:
        raise Refused(RecordKind.LARGE_PICTURE, width, height)
    return image


def read_video(content: bytes) -> Frames:
    """Reads a video or a GIF by FFmpeg, one frame at a time.

    Of several video tracks, the one that is marked as shown is read. Rotation marks and the shape
    of pixels are applied. A file that breaks off gives the frames
    before. Yields and raises what `decode_frames` does.
    """
    # FFmpeg gets no name, so it takes none for an address. OpenCV reads from `source` without
    # holding it.
    source = with_shown_track(content)
    video = cv2.VideoCapture(source, cv2.CAP_FFMPEG, [])
    try:
        if not video.isOpened():
            raise Refused(RecordKind.NO_VIDEO)
        # Before the first frame is decoded, which is when the memory would be taken.
        check_size(video.get(cv2.CAP_PROP_FRAME_WIDTH), video.get(cv2.CAP_PROP_FRAME_HEIGHT))
        aspect = _pixel_aspect(video)

        def take() -> np.ndarray:
            done, image = video.retrieve()
            # It hands out pictures that it could not convert, and says so by a print alone.
            if b"interlaced" in complaints.printed():
                raise Refused(RecordKind.INTERLACED)
            if not done:
                raise Refused(RecordKind.BAD_VIDEO)
            check_size(image.shape[1], image.shape[0])
            stretched: np.ndarray = stretch(image, aspect)
            return stretched

        number = 0
        while video.grab():
            yield RecordKind.FRAME, take, video.get(cv2.CAP_PROP_POS_MSEC)
            number += 1
        if not number and int(video.get(cv2.CAP_PROP_FOURCC)) in _AV1:
            raise Refused(RecordKind.AV1)
    except cv2.error as error:
        raise Refused(RecordKind.BAD_VIDEO) from error
    finally:
        video.release()


def _pixel_aspect(video: cv2.VideoCapture) -> float:
    """How many times as wide as high the pixels of a film are, as they are shown."""
    across, down = (video.get(key) for key in (cv2.CAP_PROP_SAR_NUM, cv2.CAP_PROP_SAR_DEN))
    aspect = across / down if across > 0 and down > 0 else 1.0
    # A quarter turn has been applied to the frames, but not to this.
    if video.get(cv2.CAP_PROP_ORIENTATION_META) % 180:
        aspect = 1 / aspect
    return aspect if 1 / MAX_ASPECT <= aspect <= MAX_ASPECT else 1.0


def _is_picture(head: bytes) -> bool:
    """Whether a file that begins like this is a PNG, JPEG, BMP, WebP, AVIF or GIF."""
    known = head.startswith((_PNG, JPEG, _BMP)) or _is_webp(head) or _is_gif(head)
    return known or _is_avif(head)


def _is_avif(head: bytes) -> bool:
    return head[4:8] == b"ftyp" and head[8:12] in (b"avif", b"avis")


def _is_gif(head: bytes) -> bool:
    return head.startswith((b"GIF87a", b"GIF89a"))


def _is_webp(head: bytes) -> bool:
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


def _read_picture(content: bytes, max_frames: int, deadline: float) -> Frames:
    """Reads the frames of an animation (GIF, WebP, PNG), or of a strip.

    Transparent pixels become black. In a strip, all times are 0.
    """
    size = _moving_size(content[:HEAD_BYTES])
    if size is None:
        yield from _split_strip(_read_still(content))
        return
    check_size(*size)
    yield from _read_moving(content, size[0] * size[1], max_frames, deadline)


def _moving_size(head: bytes) -> tuple[int, int] | None:
    """Width and height of a picture that may be an animation; None for any other."""
    if _is_gif(head):
        return int.from_bytes(head[6:8], "little"), int.from_bytes(head[8:10], "little")
    if _is_webp(head) and head[12:16] == b"VP8X" and head[20:21] and head[20] & 2:
        # Stored less one, in 24 bits each.
        width, height = head[24:27], head[27:30]
        return int.from_bytes(width, "little") + 1, int.from_bytes(height, "little") + 1
    if head[8:12] == b"avis" and _is_avif(head):
        # The box of the size: its name, four bytes of flags, width and height.
        at = head.find(b"ispe") + 8
        width, height = head[at : at + 4], head[at + 4 : at + 8]
        return int.from_bytes(width, "big"), int.from_bytes(height, "big")
    if head.startswith(_PNG) and b"acTL" in head.split(b"IDAT")[0]:
        return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
    return None


def _read_moving(content: bytes, pixels: int, max_frames: int, deadline: float) -> Frames:
    """Reads an animation some frames at a time, so that a long one does not fill memory.

    OpenCV decodes all frames before them again each time. So the parts become longer, and the
    last one only as long as there is time, by the time that the frames before took.
    """
    # A small file may hold a million frames of one pixel: one more than allowed is enough.
    longest = max(2, min(max_frames + 1, MAX_DECODED_PIXELS // pixels))
    step = max(2, min(longest, FIRST_PIXELS // pixels))
    start, moment = 0, 0.0
    while True:
        begin = time.process_time()
        part = list(_read_animation(content, start, step))
        seconds_each = (time.process_time() - begin) / (start + step)
        if not start and len(part) < 2:
            if not part:
                raise Refused(RecordKind.BAD_PICTURE)
            yield from _split_strip(part[0][0])
            return
        for image, duration in part:
            yield RecordKind.FRAME, partial(_same, image), moment
            # Like browsers, which show a frame of no duration for a tenth of a second.
            moment += duration if duration > LEAST_DURATION else DEFAULT_DURATION
        if len(part) < step:
            return
        part.clear()  # before there are as many others
        start += step
        room = (deadline - time.process_time()) / max(seconds_each, 1e-9) - start
        step = int(min(longest, 2 * step, room))
        if step < max(1, start / 8):
            raise OutOfTime


def _read_animation(content: bytes, start: int, count: int) -> Iterator[tuple[np.ndarray, float]]:
    """Some frames of an animation, as decoded, each with its duration."""
    try:
        _, animation = cv2.imdecodeanimation(_array(content), start, count)
    except cv2.error as error:
        raise Refused(RecordKind.BAD_PICTURE) from error
    yield from zip(animation.frames, animation.durations, strict=False)


def _read_still(content: bytes) -> np.ndarray:
    try:
        mode: int = reading_mode(content)
        image = cv2.imdecode(_array(content), mode)
    except cv2.error:  # more pixels than OpenCV may read
        image = None
    if image is None:
        raise Refused(RecordKind.BAD_PICTURE)
    return image


def _split_strip(image: np.ndarray) -> Frames:
    """The square frames of a strip, side by side, or a sprite sheet as a whole."""
    height, width = image.shape[:2]
    if width % height:
        cells = not (width % CELL_SIDE or height % CELL_SIDE)
        large = height >= MIN_SHEET_ROWS * CELL_SIDE and height * width <= MAX_SHEET_PIXELS
        if not (cells and large):
            raise Refused(RecordKind.NO_STRIP, width, height)
        yield RecordKind.SHEET, partial(_same, image), 0.0
        return
    check_size(height, height)
    for left in range(0, width, height):
        yield RecordKind.FRAME, partial(_same, image[:, left : left + height]), 0.0


def _array(content: bytes) -> np.ndarray:
    return np.frombuffer(content, np.uint8)


def _same(image: np.ndarray) -> np.ndarray:
    return image
