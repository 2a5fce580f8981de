"""Pictures: strips of square frames side by side, and those that move."""

from __future__ import annotations

import os

# Read by OpenCV when it is loaded: no picture of more pixels is decoded.
os.environ["OPENCV_IO_MAX_IMAGE_PIXELS"] = str(2**25)

from collections.abc import Iterator

import cv2
import numpy as np
from pixels import shrink, to_rgb
from protocol import Kind, Refused, check_size

AT_ONCE = 2**26  # pixels of a moving picture that are in memory at once, as RGBA bytes
HEAD = 4096  # bytes from which the kind and size of a picture are told
_PNG, _JPEG, _BMP = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"BM"

Frames = Iterator[tuple[np.ndarray, float]]


def is_picture(head: bytes) -> bool:
    """Whether a file that begins like this is a PNG, JPEG, BMP, WebP or GIF."""
    return head.startswith((_PNG, _JPEG, _BMP)) or _is_webp(head) or is_gif(head)


def is_gif(head: bytes) -> bool:
    """Whether a file that begins like this is a GIF."""
    return head.startswith((b"GIF87a", b"GIF89a"))


def frames(name: str, head: bytes, most: int) -> Frames:
    """Reads the frames of a picture.

    One that moves (GIF, WebP, PNG) has its own; one that does not is a strip.

    Args:
        name: of the file.
        head: its first `HEAD` bytes.
        most: frames that are wanted; of one that moves, no more than one beyond is decoded.

    Yields:
        Each frame as RGB bytes (H, W, 3), shrunk, transparent pixels put on black, and the time
        in milliseconds at which it appears, which in a strip is nought.

    Raises:
        Refused: if it is damaged, too large, or a still picture that is no strip.
    """
    size = _moving_size(head)
    if size is None:
        yield from _strip(_still(name, head))
        return
    check_size(*size)
    # A million frames of one pixel fit into a file: those that it takes to refuse it are enough.
    yield from _moving(name, max(2, min(most + 1, AT_ONCE // (size[0] * size[1]))))


def _is_webp(head: bytes) -> bool:
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


def _moving_size(head: bytes) -> tuple[int, int] | None:
    """Width and height of a picture that may move, None of one that cannot."""
    if is_gif(head):
        sizes = head[6:8], head[8:10]
    elif _is_webp(head) and head[12:16] == b"VP8X" and head[20:21] and head[20] & 2:
        # Stored less one, in 24 bits each.
        return tuple(int.from_bytes(head[at : at + 3], "little") + 1 for at in (24, 27))
    elif head.startswith(_PNG) and b"acTL" in head.split(b"IDAT")[0]:
        return tuple(int.from_bytes(head[at : at + 4], "big") for at in (16, 20))
    else:
        return None
    return tuple(int.from_bytes(size, "little") for size in sizes)


def _moving(name: str, step: int) -> Frames:
    """Reads a moving picture some frames at a time, lest a long one fill the memory."""
    start, time = 0, 0.0
    while part := list(_part(name, start, step)):
        if start == 0 and len(part) == 1:
            yield from _strip(part[0][0])
            return
        for image, lasts in part:
            yield shrink(to_rgb(image)), time
            time += lasts
        start += step
    if not start:
        raise Refused(Kind.BAD_PICTURE)


def _part(name: str, start: int, count: int) -> Frames:
    """Some frames of a moving picture, as decoded, each with how long it lasts."""
    try:
        _, animation = cv2.imreadanimation(name, start, count)
    except cv2.error as error:
        raise Refused(Kind.BAD_PICTURE) from error
    yield from zip(animation.frames, animation.durations, strict=False)


def _still(name: str, head: bytes) -> np.ndarray:
    # The one heeds a camera's rotation mark, the other keeps alpha and 16 bits.
    how = cv2.IMREAD_COLOR if head.startswith(_JPEG) else cv2.IMREAD_UNCHANGED
    try:
        image = cv2.imread(name, how)
    except cv2.error:  # more pixels than OpenCV may read
        image = None
    if image is None:
        raise Refused(Kind.BAD_PICTURE)
    return image


def _strip(image: np.ndarray) -> Frames:
    height, width = image.shape[:2]
    if width % height:
        raise Refused(Kind.NO_STRIP, width, height)
    check_size(height, height)
    for left in range(0, width, height):
        yield shrink(to_rgb(image[:, left : left + height])), 0.0
