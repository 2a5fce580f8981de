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

from collections.abc import Iterator
from itertools import chain

import cv2
import numpy as np
from pixels import shrink, to_rgb
from protocol import RecordKind, Refused, check_size

MAX_DECODED_PIXELS = 2**26  # of an animation that are in memory at once, as RGBA bytes
HEAD_BYTES = 4096  # at the start of a file, from which kind and size of a picture are read
_PNG, _JPEG, _BMP = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"BM"

Frames = Iterator[tuple[np.ndarray, float]]


def decode_frames(name: str, max_frames: int) -> Frames:
    """Reads the frames of a file; its content decides how.

    Args:
        name: of the file.
        max_frames: frames that the clip may have. A longer one yields more, for the caller to
            refuse.

    Yields:
        Each frame as RGB bytes (H, W, 3), shrunk, and the time in milliseconds at which it
        appears.

    Raises:
        Refused: if the file is not a clip, damaged or too large.
    """
    with open(name, "rb") as file:
        head = file.read(HEAD_BYTES)
    if not _is_picture(head):
        return read_video(name)
    found = _read_picture(name, head, max_frames)
    try:
        first = next(found)
    except Refused as refusal:
        # Of a GIF that breaks off, FFmpeg reads the frames before.
        if refusal.kind != RecordKind.BAD_PICTURE or not _is_gif(head):
            raise
        return read_video(name)
    return chain([first], found)


def read_video(name: str) -> Frames:
    """Reads a video or a GIF by FFmpeg, one frame at a time.

    Rotation marks are applied. A file that breaks off gives the frames before. Yields and raises
    what `decode_frames` does.
    """
    # An absolute path, so that no name is ever taken for an address.
    video = cv2.VideoCapture(os.path.abspath(name), cv2.CAP_FFMPEG)
    try:
        if not video.isOpened():
            raise Refused(RecordKind.NO_VIDEO)
        # Before the first frame is decoded, which is when the memory would be taken.
        check_size(video.get(cv2.CAP_PROP_FRAME_WIDTH), video.get(cv2.CAP_PROP_FRAME_HEIGHT))
        while (grabbed := video.read())[0]:
            check_size(grabbed[1].shape[1], grabbed[1].shape[0])
            yield to_rgb(shrink(grabbed[1])), video.get(cv2.CAP_PROP_POS_MSEC)
    except cv2.error as error:
        raise Refused(RecordKind.BAD_VIDEO) from error
    finally:
        video.release()


def _is_picture(head: bytes) -> bool:
    """Whether a file that begins like this is a PNG, JPEG, BMP, WebP or GIF."""
    return head.startswith((_PNG, _JPEG, _BMP)) or _is_webp(head) or _is_gif(head)


def _is_gif(head: bytes) -> bool:
    return head.startswith((b"GIF87a", b"GIF89a"))


def _is_webp(head: bytes) -> bool:
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


def _read_picture(name: str, head: bytes, max_frames: int) -> Frames:
    """Reads the frames of an animation (GIF, WebP, PNG), or of a strip.

    Transparent pixels become black. In a strip, all times are 0.
    """
    size = _moving_size(head)
    if size is None:
        yield from _split_strip(_read_still(name, head))
        return
    check_size(*size)
    # A small file may hold a million frames of one pixel: one more than allowed is enough.
    step = min(max_frames + 1, MAX_DECODED_PIXELS // (size[0] * size[1]))
    yield from _read_moving(name, max(2, step))


def _moving_size(head: bytes) -> tuple[int, int] | None:
    """Width and height of a picture that may be an animation; None for any other."""
    if _is_gif(head):
        return int.from_bytes(head[6:8], "little"), int.from_bytes(head[8:10], "little")
    if _is_webp(head) and head[12:16] == b"VP8X" and head[20:21] and head[20] & 2:
        # Stored less one, in 24 bits each.
        width, height = head[24:27], head[27:30]
        return int.from_bytes(width, "little") + 1, int.from_bytes(height, "little") + 1
    if head.startswith(_PNG) and b"acTL" in head.split(b"IDAT")[0]:
        return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
    return None


def _read_moving(name: str, step: int) -> Frames:
    """Reads an animation `step` frames at a time, so that a long one does not fill memory."""
    start, time = 0, 0.0
    while part := list(_read_animation(name, start, step)):
        if start == 0 and len(part) == 1:
            yield from _split_strip(part[0][0])
            return
        for image, duration in part:
            yield shrink(to_rgb(image)), time
            time += duration
        start += step
    if not start:
        raise Refused(RecordKind.BAD_PICTURE)


def _read_animation(name: str, start: int, count: int) -> Frames:
    """Some frames of an animation, as decoded, each with its duration."""
    try:
        _, animation = cv2.imreadanimation(name, start, count)
    except cv2.error as error:
        raise Refused(RecordKind.BAD_PICTURE) from error
    yield from zip(animation.frames, animation.durations, strict=False)


def _read_still(name: str, head: bytes) -> np.ndarray:
    # IMREAD_COLOR applies a camera's rotation mark, IMREAD_UNCHANGED keeps alpha and 16 bits.
    how = cv2.IMREAD_COLOR if head.startswith(_JPEG) else cv2.IMREAD_UNCHANGED
    try:
        image = cv2.imread(name, how)
    except cv2.error:  # more pixels than OpenCV may read
        image = None
    if image is None:
        raise Refused(RecordKind.BAD_PICTURE)
    return image


def _split_strip(image: np.ndarray) -> Frames:
    height, width = image.shape[:2]
    if width % height:
        raise Refused(RecordKind.NO_STRIP, width, height)
    check_size(height, height)
    for left in range(0, width, height):
        yield shrink(to_rgb(image[:, left : left + height])), 0.0
