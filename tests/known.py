"""Characters that the shipped Sprites model knows: clips that it decodes itself."""

import functools

import cv2
import numpy as np

from rwae import load
from rwae.codes import Codes
from rwae.editing.studio import farthest_point_sample
from rwae.files import checkpoint, filmstrip, installation
from rwae.models.base import CodeModel

FOLDER = installation.checkpoints() / "sprites"
DARK = 10  # of 255: what is darker belongs to the background


@functools.cache
def sprites_model() -> CodeModel:
    """The shipped model."""
    return load(FOLDER)


@functools.cache
def gallery() -> Codes:
    codes = checkpoint.read_gallery(FOLDER, checkpoint.weights_digest(sprites_model()))
    return codes[farthest_point_sample(codes, 8)]


def known_clip(number: int) -> np.ndarray:
    """A character that moves, on black: bytes (8, 64, 64, 3)."""
    clip = filmstrip.to_bytes(sprites_model().decode(gallery()[[number]]))[0]
    return np.where(clip.max(-1, keepdims=True) >= DARK, clip, 0).astype(np.uint8)


def on_white(clip: np.ndarray) -> np.ndarray:
    """The same on white: the background around and inside the figure."""
    return np.where(clip.max(-1, keepdims=True) > 0, clip, 255).astype(np.uint8)


def resized(clip: np.ndarray, side: int, how: int = cv2.INTER_AREA) -> np.ndarray:
    return np.stack([cv2.resize(frame, (side, side), interpolation=how) for frame in clip])


def placed(clip: np.ndarray, height: int, width: int, top: int, left: int) -> np.ndarray:
    """A clip somewhere in a larger black picture."""
    out = np.zeros((len(clip), height, width, 3), np.uint8)
    out[:, top : top + clip.shape[1], left : left + clip.shape[2]] = clip
    return out
