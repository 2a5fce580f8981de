"""What programs send to the endpoints and get from them: codes, files as text, pictures."""

from __future__ import annotations

import base64
import binascii
import math
from typing import Any, Literal, TypedDict, get_args

import numpy as np

from rwae.editing.studio import Studio
from rwae.errors import ClipError, CodesError
from rwae.files import video
from rwae.ui import requests
from rwae.ui.pictures import address, picture

MAX_FILE = 4 * 2**20  # bytes of a clip; as many such texts may wait as the queue takes calls

MAX_MOVING = 16  # clips in one moving picture
WIDEST = 1024  # pixels of a moving picture, where whole factors allow it

Picture = Literal["none", "png", "gif", "webm"]
KINDS = get_args(Picture)


class Clip(TypedDict):
    """The codes of a clip: numbers for who, and for each frame numbers for how it moves."""

    static: list[float]
    dynamic: list[list[float]]


class Clips(TypedDict):
    """What every endpoint answers that is about clips."""

    model: str
    clips: list[Clip]
    picture: str | None


class Model(TypedDict):
    """What a program needs to know of a model."""

    name: str
    title: str
    about: str
    encodes: bool
    frames: int
    frame_size: int
    static_size: int
    dynamic_size: int
    actions: int
    examples: int
    parameters: int


def answer(name: str, studio: Studio, clips: list[Clip], kind: Any) -> Clips:
    """An answer; its picture shows the very numbers that the answer holds."""
    if not isinstance(kind, str) or kind not in KINDS:
        raise CodesError(f"The picture needs to be one of {', '.join(KINDS)}.")
    if kind in ("gif", "webm") and len(clips) > MAX_MOVING:
        raise CodesError(
            f"There are {len(clips)} clips, and at most {MAX_MOVING} fit into a moving picture: "
            "ask for a png, or for fewer clips."
        )
    shown = None
    if kind != "none":
        shown = _picture(studio.decode(requests.codes(clips, studio.model.config)), kind)
    return {"model": name, "clips": clips, "picture": shown}


def _picture(clips: np.ndarray, kind: str) -> str:
    """Clips of bytes (B, T, H, W, 3) as a data address."""
    if kind == "png":
        return picture(clips, "png")
    frames = side_by_side(clips)
    scale = max(1, min(4, WIDEST // frames.shape[2]))
    if kind == "gif":
        return address(video.encode_gif(frames, scale=scale), "image/gif")
    return address(video.encode_video(frames, "webm", scale=scale), "video/webm")


def side_by_side(clips: np.ndarray) -> np.ndarray:
    """Clips (B, T, H, W, 3) as one that shows all at once, in a square of rows and columns.

    Returns:
        Bytes with shape (T, rows * H, columns * W, 3); places without a clip are black.
    """
    count, frames, height, width, channels = clips.shape
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    tiles = np.zeros((rows * columns, frames, height, width, channels), clips.dtype)
    tiles[:count] = clips
    grid = tiles.reshape(rows, columns, frames, height, width, channels)
    return grid.transpose(2, 0, 3, 1, 4, 5).reshape(
        frames, rows * height, columns * width, channels
    )


def clip_bytes(text: Any) -> bytes:
    """What base64 text, or a data address, stands for.

    Raises:
        ClipError: if it is anything else, or too long.
    """
    if not isinstance(text, str):
        raise ClipError("The file needs to be text: the base64 of a video, GIF or image strip.")
    # An address names the kind of its content first, which nobody here relies on.
    text = "".join((text.partition(",")[2] if text.startswith("data:") else text).split())
    if len(text) > MAX_FILE * 4 // 3 + 4:
        raise ClipError(
            f"The file has {len(text) * 3 / 4 / 2**20:.1f} MB: at most {MAX_FILE // 2**20} MB are "
            "taken here. Shorten it, or shrink its frames."
        )
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ClipError(
            "The file is not base64 text: encode the bytes of a video, GIF or image strip."
        ) from None


def describe(name: str, studio: Studio) -> Model:
    """A model as /models lists it."""
    config = studio.model.config
    return {
        "name": name,
        "title": studio.card.title,
        "about": studio.card.about,
        "encodes": studio.model.encodes,
        "frames": config.frames,
        "frame_size": config.frame_size,
        "static_size": config.static_size,
        "dynamic_size": config.dynamic_size,
        "actions": config.actions,
        "examples": len(studio.examples),
        "parameters": studio.model.num_parameters,
    }
