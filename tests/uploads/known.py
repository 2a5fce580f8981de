"""Characters that the shipped Sprites model knows: clips that it decodes itself."""

import functools

import cv2
import numpy as np
import torch

from rwae import load
from rwae.codes import Codes
from rwae.editing.studio import farthest_point_sample
from rwae.files import checkpoint, filmstrip, installation
from rwae.files.domain import Domain, FigureBox
from rwae.models.base import CodeModel

FOLDER = installation.checkpoints() / "sprites"
DARK = 10  # of 255: what is darker belongs to the background


@functools.cache
def sprites_model() -> CodeModel:
    """The shipped model, with what it knows, also where that was not measured."""
    model = load(FOLDER)
    box = FigureBox(17, 13, 47.5, 63.5)
    errors = tuple(float(error) for error in range(5, 17))
    model.domain = model.domain or Domain("", "sprites", 60, errors, 20.0, (0, 0, 0), box)
    return model


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


def placed(
    clip: np.ndarray, height: int, width: int, top: int, left: int, ground: int = 0
) -> np.ndarray:
    """A clip somewhere in a larger picture."""
    out = np.full((len(clip), height, width, 3), ground, np.uint8)
    out[:, top : top + clip.shape[1], left : left + clip.shape[2]] = clip
    return out


def redraw(x: torch.Tensor) -> torch.Tensor:
    """Frames (T, 3, S, S) as the model draws them."""
    model = sprites_model()
    return model.decode(model.encode(x[None]))[0]
