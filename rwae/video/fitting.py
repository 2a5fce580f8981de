"""Clips of any length and size become the frames that a model asks for."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from rwae.errors import ClipError


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
    chosen = np.linspace(0, len(clip) - 1, frames).round().astype(int)
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
