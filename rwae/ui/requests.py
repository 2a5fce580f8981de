"""Checks what a browser sends. Anyone can call the server, so nothing is taken on trust."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from rwae.codes import Codes
from rwae.config import ModelConfig
from rwae.errors import CodesError
from rwae.files.numeric import is_number

LIMIT = 10.0  # largest absolute value of a number in a code; encoded clips stay below 5
MAX_FRAMES = 64
MAX_CLIPS = 80  # the stills beside the sliders of Explore are one request
MAX_TOTAL = 512  # frames in one request, all clips together
MAX_PIXELS = 2**23  # in one request: fewer frames of more than 128 pixels
MAX_SEED = 2**31 - 1
MAX_ACTION = 63  # of any model; how many one has, it knows itself


def mapping(value: Any, *keys: str) -> dict[str, Any]:
    """Checks that a value is an object that holds at least these keys."""
    if not isinstance(value, dict) or not set(keys) <= set(value):
        raise CodesError(f"The request needs to be an object with {', '.join(keys)}.")
    return value


def whole(value: Any, name: str, low: int, high: int) -> int:
    """Checks a whole number in [low, high]."""
    # A float like 3.0 is what a browser may make of 3; a bool is an int to Python.
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise CodesError(f"The {name} needs to be a whole number between {low} and {high}.")
    return value


def number(value: Any, name: str, low: float, high: float) -> float:
    """Checks a finite number in [low, high]."""
    if not is_number(value, low, high):
        raise CodesError(f"The {name} needs to be a number between {low:g} and {high:g}.")
    return float(value)


def model_name(request: Any) -> str | None:
    """The name of the model that a request is about, None if it names none.

    It stands among the keys of an object, or among the fields of the form that a file comes in.
    """
    fields = request if isinstance(request, dict) else getattr(request, "data", None)
    name = fields.get("model") if isinstance(fields, dict) else None
    if name is not None and not isinstance(name, str):
        raise CodesError("The model of a request needs to be a name.")
    return name


def most_frames(config: ModelConfig) -> int:
    """How many frames of a model one request may hold."""
    return min(MAX_TOTAL, MAX_PIXELS // config.frame_size**2)


def codes(clips: Any, config: ModelConfig) -> Codes:
    """Turns a list of {static, dynamic} into codes.

    Args:
        clips: at most `MAX_CLIPS` objects, all with the same number of frames.
        config: the sizes that the model needs.

    Raises:
        CodesError: if a size, type or value is wrong, or there are too many frames.
    """
    if not isinstance(clips, list) or not 1 <= len(clips) <= MAX_CLIPS:
        raise CodesError(f"A request needs between 1 and {MAX_CLIPS} clips in a list.")
    frames = [len(d) if isinstance(d := mapping(c, "static", "dynamic")["dynamic"], list) else 0
              for c in clips]  # fmt: skip
    if len(set(frames)) != 1 or not 1 <= frames[0] <= MAX_FRAMES:
        raise CodesError(
            f"Every clip needs the same number of frames, between 1 and {MAX_FRAMES}."
        )
    if sum(frames) > most_frames(config):
        raise CodesError(
            f"The clips have {sum(frames)} frames together: {most_frames(config)} are allowed at "
            "once."
        )
    static = [_row(clip["static"], config.static_size, "static code") for clip in clips]
    dynamic = [
        [_row(row, config.dynamic_size, "dynamic code") for row in clip["dynamic"]]
        for clip in clips
    ]
    return Codes(_tensor(static), _tensor(dynamic))


def _row(values: Any, size: int, name: str) -> list[float]:
    """Checks one list of `size` finite numbers in [-LIMIT, LIMIT]."""
    if not isinstance(values, list) or len(values) != size:
        raise CodesError(f"A {name} of this model needs to be a list of {size} numbers.")
    for value in values:
        if not is_number(value, -LIMIT, LIMIT):
            raise CodesError(
                f"A {name} holds a value that is no number between {-LIMIT:g} and {LIMIT:g}."
            )
    return values


def _tensor(values: list) -> Tensor:
    return torch.tensor(values, dtype=torch.float32)
