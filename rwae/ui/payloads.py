"""What requests and answers hold: checks of JSON values that come in, and JSON values to send.

Anyone can call the server, so every value of a request is checked for type, size and range.
"""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rwae.codes import Codes
from rwae.config import ModelConfig
from rwae.errors import CodesError
from rwae.files import filmstrip, video
from rwae.files.jsonfile import is_number

MAX_UPLOAD_BYTES = 20 * 2**20  # of a file that the page sends as a form
MAX_ENCODED_BYTES = 4 * 2**20  # of a file that a program sends as base64 text
MAX_CODE_VALUE = 10.0  # absolute value of a number in a code; encoded clips stay below 5
MAX_CLIP_FRAMES = 64  # frames of one clip
MAX_REQUEST_CLIPS = 80  # clips in one request: the stills beside the sliders of Explore
MAX_REQUEST_FRAMES = 512  # frames in one request, of all clips together
MAX_REQUEST_PIXELS = 2**23  # pixels in one request: fewer frames if they are larger than 128
MAX_SEED = 2**31 - 1
MAX_ACTION = 63  # of any model; the model checks how many it has
CODE_DECIMALS = 4  # of a number in a code that is sent: finer than a picture can show


def require_object(value: Any, *keys: str) -> dict[str, Any]:
    """Checks that a value is an object with at least these keys.

    Raises:
        CodesError: if it is not.
    """
    if not isinstance(value, dict) or not set(keys) <= set(value):
        raise CodesError(f"The request needs to be an object with {', '.join(keys)}.")
    return value


def require_integer(value: Any, name: str, low: int, high: int) -> int:
    """Checks a whole number in [low, high].

    Raises:
        CodesError: if it is anything else.
    """
    # A browser may send 3 as 3.0. A bool is an int in Python.
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise CodesError(f"The {name} needs to be a whole number between {low} and {high}.")
    return value


def require_number(value: Any, name: str, low: float, high: float) -> float:
    """Checks a finite number in [low, high].

    Raises:
        CodesError: if it is anything else.
    """
    if not is_number(value, low, high):
        raise CodesError(f"The {name} needs to be a number between {low:g} and {high:g}.")
    return float(value)


def requested_model(request: Any) -> str | None:
    """The name of the model that a request asks, or None if it names none.

    The name is the key "model" of an object, or a field of the form that a file comes in.

    Raises:
        CodesError: if the name is not text.
    """
    fields = request if isinstance(request, dict) else getattr(request, "data", None)
    name = fields.get("model") if isinstance(fields, dict) else None
    if name is not None and not isinstance(name, str):
        raise CodesError("The model of a request needs to be a name.")
    return name


def uploaded_file(form: Any) -> bytes | None:
    """The content of the one file of a form, or None if there is no form with exactly one file.

    Args:
        form: as Gradio reads it: `files` is a list of (name, bytes). The name is never used.
    """
    files = getattr(form, "files", None)
    return files[0][1] if files and len(files) == 1 else None


def max_request_frames(config: ModelConfig) -> int:
    """How many frames of a model one request may hold."""
    return min(MAX_REQUEST_FRAMES, MAX_REQUEST_PIXELS // config.frame_size**2)


def codes_from_json(clips: Any, config: ModelConfig) -> Codes:
    """Turns a list of {"static": [...], "dynamic": [[...], ...]} into codes.

    Args:
        clips: at most `MAX_REQUEST_CLIPS` objects, all with the same number of frames.
        config: the sizes that the model needs.

    Raises:
        CodesError: if a size, type or value is wrong, or there are too many frames.
    """
    if not isinstance(clips, list) or not 1 <= len(clips) <= MAX_REQUEST_CLIPS:
        raise CodesError(f"A request needs between 1 and {MAX_REQUEST_CLIPS} clips in a list.")
    dynamic_codes = [require_object(clip, "static", "dynamic")["dynamic"] for clip in clips]
    frames = [len(code) if isinstance(code, list) else 0 for code in dynamic_codes]
    if len(set(frames)) != 1 or not 1 <= frames[0] <= MAX_CLIP_FRAMES:
        raise CodesError(
            f"Every clip needs the same number of frames, between 1 and {MAX_CLIP_FRAMES}."
        )
    if sum(frames) > max_request_frames(config):
        raise CodesError(
            f"The clips have {sum(frames)} frames together: {max_request_frames(config)} are "
            "allowed at once."
        )
    static = [_require_code(clip["static"], config.static_size, "static code") for clip in clips]
    dynamic = [
        [_require_code(code, config.dynamic_size, "dynamic code") for code in clip]
        for clip in dynamic_codes
    ]
    return Codes(_to_tensor(static), _to_tensor(dynamic))


def _require_code(values: Any, size: int, name: str) -> list[float]:
    """Checks a list of `size` numbers in [-MAX_CODE_VALUE, MAX_CODE_VALUE]."""
    if not isinstance(values, list) or len(values) != size:
        raise CodesError(f"A {name} of this model needs to be a list of {size} numbers.")
    for value in values:
        if not is_number(value, -MAX_CODE_VALUE, MAX_CODE_VALUE):
            raise CodesError(
                f"A {name} holds a value that is no number between {-MAX_CODE_VALUE:g} and "
                f"{MAX_CODE_VALUE:g}."
            )
    return values


def _to_tensor(values: list[Any]) -> Tensor:
    return torch.tensor(values, dtype=torch.float32)


def codes_to_json(codes: Codes) -> list[dict[str, Any]]:
    """Codes as a list of {"static", "dynamic"}, rounded and within `MAX_CODE_VALUE`.

    An action is not sent: a weakly supervised model infers it from the dynamic codes, so the two
    codes alone determine every picture on the page, of a link and of a swap.
    """
    static, dynamic = (
        np.round(
            part.double().clamp(-MAX_CODE_VALUE, MAX_CODE_VALUE).numpy(), CODE_DECIMALS
        ).tolist()
        for part in (codes.static, codes.dynamic)
    )
    return [{"static": s, "dynamic": d} for s, d in zip(static, dynamic, strict=True)]


def sheet_url(clips: np.ndarray, kind: str) -> str:
    """Clips as one picture in a data URL, with a row for each clip and a column for each frame.

    Args:
        clips: bytes with shape (B, T, H, W, 3).
        kind: "png" or "jpeg".
    """
    return data_url(video.encode_image(filmstrip.sheet(clips), kind), f"image/{kind}")


def data_url(content: bytes, media_type: str) -> str:
    """The content of a file as a data URL; the media type is one such as "image/png"."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"
