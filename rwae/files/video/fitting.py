"""Fits clips of any length and size to the frames that a model needs."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from rwae.errors import ClipError
from rwae.files.video.decoder.pixels import STILL_SIDE, shrink

# How pictures may have been shrunk before they came here.
_SHRINKING = (
    cv2.INTER_NEAREST, cv2.INTER_NEAREST_EXACT, cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC
)  # fmt: skip


def to_frames(clip: np.ndarray, frames: int, side: int) -> Tensor:
    """Fits a clip to a model: T frames evenly in time, the middle square, the model's size.

    The size is changed as by `resize_frames`.

    Args:
        clip: RGB bytes with shape (N, H, W, 3).
        frames: T.
        side: height and width of the model's frames, in pixels.

    Returns:
        Frames in [0, 1] with shape (T, 3, side, side).

    Raises:
        ClipError: if the clip has fewer than T frames.
    """
    if len(clip) < frames:
        raise ClipError(
            f"The clip has {len(clip)} frames, the model needs {frames}: record a longer one."
        )
    chosen = even_choice(len(clip), frames)
    square = min(clip.shape[1:3])
    top, left = (clip.shape[1] - square) // 2, (clip.shape[2] - square) // 2
    fitted = resize_frames(clip[chosen, top : top + square, left : left + square], side)
    return torch.from_numpy(fitted).movedim(-1, -3).float().div(255)


def resize_frames(frames: np.ndarray, side: int) -> np.ndarray:
    """Changes the size of square frames, so that pixel art comes back as well as it can.

    Shrinking averages areas. Where that would blur pixels that are plain repetitions, as in pixel
    art at 150 %, one of each is taken. Enlarging by a whole factor repeats pixels, and by another
    is bicubic.

    Args:
        frames: bytes with shape (N, H, H, C).
        side: height and width of the result.

    Returns:
        Bytes with shape (N, side, side, C).
    """
    now = frames.shape[1]
    if now == side:
        return frames
    if now < side:
        return _resized(frames, side, cv2.INTER_CUBIC if side % now else cv2.INTER_NEAREST)
    if now % side:
        single = _resized(frames, side, cv2.INTER_NEAREST_EXACT)
        for how in (cv2.INTER_NEAREST, cv2.INTER_NEAREST_EXACT):
            if np.array_equal(_resized(single, now, how), frames):
                return single
    return _resized(frames, side, cv2.INTER_AREA)


def shrink_like(large: np.ndarray, small: np.ndarray) -> np.ndarray:
    """Shrinks frames as others may have been shrunk, whose way nobody knows.

    The frames are shrunk in each usual way, and the result that is nearest to the others counts.

    Args:
        large: bytes with shape (N, H, H, 3).
        small: bytes with shape (N, h, h, 3), h <= H.

    Returns:
        Bytes with shape (N, h, h, 3).
    """
    side = small.shape[1]
    if side == large.shape[1]:
        return large
    shrunk = [_resized(large, side, how) for how in _SHRINKING]
    return min(shrunk, key=lambda one: float(np.square(one.astype(np.float32) - small).sum()))


def _resized(frames: np.ndarray, side: int, how: int) -> np.ndarray:
    return np.stack([cv2.resize(frame, (side, side), interpolation=how) for frame in frames])


def scale_frames(frames: np.ndarray, factor: float) -> np.ndarray:
    """Shrinks bytes (N, H, W, C) by a factor of at most 1, averaging areas."""
    if factor == 1:
        return frames
    height, width = (max(1, round(factor * size)) for size in frames.shape[1:3])
    how = cv2.INTER_AREA
    return np.stack([cv2.resize(frame, (width, height), interpolation=how) for frame in frames])


def thumbnails(clip: np.ndarray) -> np.ndarray:
    """Shrinks RGB bytes (N, H, W, 3) until no side exceeds `STILL_SIDE` pixels."""
    return np.stack([shrink(frame, STILL_SIDE) for frame in clip])


def frames_in_words(count: int, frames: int) -> str:
    """Which of `count` frames are taken, such as "Every 3rd of 22 frames"."""
    if frames == 1:
        return f"The first of {count} frames"
    if count == frames:
        return f"All {count} frames"
    steps = set(np.diff(even_choice(count, frames)).tolist())
    if len(steps) > 1:
        return f"{frames} of {count} frames, evenly from the first to the last"
    step = steps.pop()
    # In English 2nd, 3rd, 22nd, but 11th, 12th, 13th.
    ending = {1: "st", 2: "nd", 3: "rd"}.get(step % 10 if step % 100 // 10 != 1 else 0, "th")
    return f"Every {step}{ending} of {count} frames"


def even_choice(count: int, frames: int) -> np.ndarray:
    """The numbers of `frames` out of `count` frames, evenly in time."""
    return np.linspace(0, count - 1, frames).round().astype(int)
