"""Clips as pictures: T frames side by side in a strip, B strips below one another in a sheet."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def to_bytes(x: Tensor) -> np.ndarray:
    """Turns clips (B, T, 3, H, W) in [0, 1] into bytes with shape (B, T, H, W, 3)."""
    rounded = (x.clamp(0, 1) * 255).round().to(torch.uint8)
    return rounded.movedim(-3, -1).contiguous().cpu().numpy()


def from_bytes(clips: np.ndarray) -> Tensor:
    """Turns bytes (B, T, H, W, 3) into clips (B, T, 3, H, W) in [0, 1]: undoes `to_bytes`."""
    return torch.from_numpy(clips).movedim(-1, -3).float() / 255


def sheet(clips: np.ndarray) -> np.ndarray:
    """Lays clips out as one picture: a row for each clip, a column for each frame.

    Args:
        clips: bytes with shape (B, T, H, W, 3).

    Returns:
        Bytes with shape (B * H, T * W, 3).
    """
    rows, columns, height, width, channels = clips.shape
    return clips.swapaxes(1, 2).reshape(rows * height, columns * width, channels)


def tile_clips(clips: np.ndarray, columns: int) -> np.ndarray:
    """Puts clips side by side in rows, as one clip; a place without a clip is 0.

    Args:
        clips: bytes with shape (B, T, H, W, C).
        columns: number of clips in a row.

    Returns:
        Bytes with shape (T, rows * H, columns * W, C).
    """
    count, frames, height, width, channels = clips.shape
    rows = -(-count // columns)
    tiles = np.zeros((rows * columns, frames, height, width, channels), clips.dtype)
    tiles[:count] = clips
    grid = tiles.reshape(rows, columns, frames, height, width, channels)
    return grid.transpose(2, 0, 3, 1, 4, 5).reshape(
        frames, rows * height, columns * width, channels
    )
