"""Turns decoded pictures into RGB bytes of a bounded size."""

from __future__ import annotations

import cv2
import numpy as np

KEPT_SIDE = 512  # pixels; larger frames are shrunk, to bound the memory


def to_rgb(image: np.ndarray) -> np.ndarray:
    """Turns what OpenCV decodes into RGB bytes (H, W, 3), transparent pixels put on black.

    Args:
        image: grey, BGR or BGRA, of 8 or 16 bits, with shape (H, W) or (H, W, channels).
    """
    if image.dtype == np.uint16:
        image = (image // 257).astype(np.uint8)
    if image.ndim == 2 or image.shape[2] == 1:
        return cv2.cvtColor(image, cv2.COLOR_GRAY2RGB)
    if image.shape[2] == 3:
        return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
    colour, alpha = image[..., 2::-1], image[..., 3:]
    if alpha.min() == 255:
        return np.ascontiguousarray(colour)
    blended: np.ndarray = (colour.astype(np.uint16) * alpha + 127) // 255
    return blended.astype(np.uint8)


def shrink(frame: np.ndarray, side: int = KEPT_SIDE) -> np.ndarray:
    """Shrinks a frame (H, W, C) until neither its height nor its width exceeds `side`."""
    height, width = frame.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return frame
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
