"""Fits clips of any length and size to the frames that a model needs."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from rwae.errors import ClipError
from rwae.files.video.decoder.pixels import KEPT_SIDE, shrink

THUMBNAIL_SIDE = 96  # pixels


def to_frames(clip: np.ndarray, frames: int, side: int) -> Tensor:
    """Fits a clip to a model: T frames evenly in time, the middle square, the model's size.

    Shrinking averages areas, enlarging by a whole factor repeats pixels, so that pixel art that
    was saved larger or smaller comes back exact.

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
    chosen = _chosen(len(clip), frames)
    square = min(clip.shape[1:3])
    top, left = (clip.shape[1] - square) // 2, (clip.shape[2] - square) // 2
    if square >= side:
        how = cv2.INTER_AREA
    else:
        how = cv2.INTER_NEAREST if side % square == 0 else cv2.INTER_LINEAR
    fitted = [
        cv2.resize(
            clip[n, top : top + square, left : left + square], (side, side), interpolation=how
        )
        for n in chosen
    ]
    return torch.from_numpy(np.stack(fitted)).movedim(-1, -3).float().div(255)


def thumbnails(clip: np.ndarray) -> np.ndarray:
    """Shrinks RGB bytes (N, H, W, 3) until no side exceeds `THUMBNAIL_SIDE` pixels."""
    return np.stack([shrink(frame, THUMBNAIL_SIDE) for frame in clip])


def fitting_rule(clip: np.ndarray, frames: int, side: int) -> str:
    """Says in one sentence what `to_frames` takes of a clip; the arguments are the same."""
    height, width = clip.shape[1:3]
    size = f"{width} x {height}"
    # A larger clip was shrunk to this size while it was read.
    read = f"the picture, read at {size}" if max(height, width) == KEPT_SIDE else size
    part = f"the middle square of {read}" if width != height else f"the whole of {read}"
    return f"{_frames_in_words(len(clip), frames)}, {part}, as {side} x {side}."


def _frames_in_words(count: int, frames: int) -> str:
    """Which of `count` frames are taken, such as "Every 3rd of 22 frames"."""
    if frames == 1:
        return f"The first of {count} frames"
    if count == frames:
        return f"All {count} frames"
    steps = set(np.diff(_chosen(count, frames)).tolist())
    if len(steps) > 1:
        return f"{frames} of {count} frames, evenly from the first to the last"
    step = steps.pop()
    # In English 2nd, 3rd, 22nd, but 11th, 12th, 13th.
    ending = {1: "st", 2: "nd", 3: "rd"}.get(step % 10 if step % 100 // 10 != 1 else 0, "th")
    return f"Every {step}{ending} of {count} frames"


def _chosen(count: int, frames: int) -> np.ndarray:
    """The numbers of `frames` out of `count` frames, evenly in time."""
    return np.linspace(0, count - 1, frames).round().astype(int)
