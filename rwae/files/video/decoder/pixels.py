"""Turns decoded pictures into RGB bytes of a bounded size."""

from __future__ import annotations

import cv2
import numpy as np

KEPT_SIDE = 512  # pixels; larger frames are shrunk, to bound the memory
STILL_SIDE = 96  # pixels, of the small pictures that show a whole file
JPEG = b"\xff\xd8\xff"  # how such a file begins


def reading_mode(head: bytes) -> int:
    """How OpenCV has to read a picture that begins with these bytes.

    IMREAD_COLOR applies a camera's rotation mark, IMREAD_UNCHANGED keeps alpha and 16 bits.
    """
    return cv2.IMREAD_COLOR if head.startswith(JPEG) else cv2.IMREAD_UNCHANGED


def to_rgb(image: np.ndarray) -> np.ndarray:
    """Turns what OpenCV decodes into RGB bytes (H, W, 3), transparent pixels put on black.

    Args:
        image: grey, BGR or BGRA, of 8 or 16 bits, with shape (H, W) or (H, W, channels).
    """
    return np.ascontiguousarray(to_rgba(image)[..., :3])


def to_rgba(image: np.ndarray) -> np.ndarray:
    """The same as RGBA bytes (H, W, 4) with colours as on black; RGB if no pixel is transparent.

    The arguments are those of `to_rgb`.
    """
    image = _to_bytes(image)
    if image.ndim == 2 or image.shape[2] == 1:
        return cv2.cvtColor(image, cv2.COLOR_GRAY2RGB)
    if image.shape[2] == 3:
        return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
    colour, alpha = image[..., 2::-1], image[..., 3:]
    if alpha.min() == 255:
        return np.ascontiguousarray(colour)
    blended = (colour.astype(np.uint16) * alpha + 127) // 255
    return np.concatenate([blended.astype(np.uint8), alpha], 2)


def to_straight_rgba(image: np.ndarray) -> np.ndarray:
    """The same as RGBA bytes (H, W, 4) with colours as they are in the file, seen or not.

    The arguments are those of `to_rgb`.
    """
    channels = 1 if image.ndim == 2 else image.shape[2]
    order = {1: cv2.COLOR_GRAY2RGBA, 3: cv2.COLOR_BGR2RGBA, 4: cv2.COLOR_BGRA2RGBA}[channels]
    return cv2.cvtColor(_to_bytes(image), order)


def _to_bytes(image: np.ndarray) -> np.ndarray:
    """A picture of 8 or 16 bits as one of 8 bits."""
    return (image // 257).astype(np.uint8) if image.dtype == np.uint16 else image


def shrink(frame: np.ndarray, side: int = KEPT_SIDE) -> np.ndarray:
    """Shrinks a frame (H, W, C) until neither its height nor its width exceeds `side`."""
    height, width = frame.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return frame
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(frame, size, interpolation=cv2.INTER_AREA)


def stretch(image: np.ndarray, aspect: float) -> np.ndarray:
    """Widens a picture whose pixels are `aspect` times as wide as high, so that they are square.

    A pixel that is higher than wide makes the picture higher, so that nothing is lost.
    """
    if aspect == 1:
        return image
    height, width = image.shape[:2]
    if aspect > 1:
        width = round(width * aspect)
    else:
        height = round(height / aspect)
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
