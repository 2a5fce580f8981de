"""What requests and answers hold: checks of JSON values that come in, and JSON values to send.

Anyone can call the server, so every value of a request is checked for type, size and range.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rwae.codes import Codes
from rwae.config import ModelConfig
from rwae.errors import ClipError, CodesError
from rwae.files import filmstrip, video
from rwae.files.jsonfile import is_number
from rwae.uploads.assess import Fit
from rwae.uploads.choices import Choices

MAX_UPLOAD_BYTES = 20 * 2**20  # of a file that the page sends as a form
MAX_ENCODED_BYTES = 4 * 2**20  # of a file that a program sends as base64 text
MAX_CODE_VALUE = 10.0  # absolute value of a number in a code; encoded clips stay below 5
MAX_CLIP_FRAMES = 64  # frames of one clip
MAX_REQUEST_CLIPS = 80  # clips in one request: the stills beside the sliders of Explore
MAX_REQUEST_FRAMES = 512  # frames in one request, of all clips together
MAX_REQUEST_WORK = 2**22  # of decoding in one request, see `_frame_work`; two seconds of a core
USUAL_DECODER_WIDTH = 128
MAX_SEED = 2**31 - 1
MAX_ACTION = 63  # of any model; the model checks how many it has
MAX_CHOICES_TEXT = 1000  # characters of the choices beside a file
MAX_FRAME_NUMBER = 2**31 - 1  # of a frame in a file
MAX_ROW_KEY = 40  # characters of the name of a row of a sprite sheet
FIT_DECIMALS = 2  # of an error and a ratio
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
    files = uploaded_files(form)
    return files[0] if len(files) == 1 else None


def uploaded_files(form: Any) -> list[bytes]:
    """The content of each file of a form, see `uploaded_file`; none if there is no form."""
    return [content for _, content in getattr(form, "files", None) or ()]


def requested_choices(form: Any) -> Choices:
    """The choices of the form that a file comes in; those that it leaves out have their defaults.

    Args:
        form: as Gradio reads it: `data["choices"]` is the text of a JSON object.

    Raises:
        CodesError: if the text is no such object.
    """
    value = json_field(form, "choices", MAX_CHOICES_TEXT, verbs=("need", "are"))
    return Choices() if value is None else choices_from_json(value)


def json_field(
    form: Any, name: str, longest: int, verbs: tuple[str, str] = ("needs", "is")
) -> Any:
    """What a field of a form says as the text of JSON; None if the form has no such field.

    Args:
        form: as Gradio reads it.
        name: of the field.
        longest: characters that the text may have.
        verbs: that go with the name in a sentence.

    Raises:
        CodesError: if it is no JSON, or too long.
    """
    data = getattr(form, "data", None)
    text = data.get(name) if isinstance(data, dict) else None
    if text is None:
        return None
    need, be = verbs
    if not isinstance(text, str) or len(text) > longest:
        raise CodesError(
            f"The {name} {need} to be the text of a JSON object of at most {longest} characters."
        )
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise CodesError(f"The {name} {be} no JSON: send the text of an object.") from None


def choices_from_json(value: Any) -> Choices:
    """Turns an object, each of whose keys may be left out, into choices; see `Choices`.

    Raises:
        CodesError: if a key is unknown, or a value is of another kind or out of its range.
    """
    value = require_object(value)
    unknown = set(value) - {field.name for field in fields(Choices)}
    if unknown:
        known = ", ".join(field.name for field in fields(Choices))
        raise CodesError(f"The choices hold an unknown key: they may have {known}.")
    given = {key: _CHOICES[key](entry) for key, entry in value.items() if entry is not None}
    choices = Choices(**given)
    if choices.first is not None and choices.last is not None and choices.last < choices.first:
        raise CodesError(
            f"The last frame, {choices.last}, comes before the first, {choices.first}: choose a "
            "later one."
        )
    return choices


def _require_switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise CodesError("A choice that is switched on or off needs to be true or false.")
    return value


def _require_background(value: Any) -> str:
    if value not in ("auto", "keep"):
        raise CodesError('The choice of the background needs to be "auto" or "keep".')
    return str(value)


def _require_row(value: Any) -> str:
    if not isinstance(value, str) or len(value) > MAX_ROW_KEY:
        raise CodesError("The row of a sprite sheet needs to be named by its key.")
    return value


def _require_box(value: Any) -> tuple[float, ...]:
    """Checks left, top, right and bottom of a box that is not empty, in shares of a picture."""
    inside = isinstance(value, list) and len(value) == 4
    if not inside or not all(is_number(share, 0.0, 1.0) for share in value):
        raise CodesError("The crop needs to be left, top, right and bottom, each from 0 to 1.")
    left, top, right, bottom = (float(share) for share in value)
    if left >= right or top >= bottom:
        raise CodesError(
            "The crop is empty: its right side needs to be beyond its left, and its bottom "
            "below its top."
        )
    return left, top, right, bottom


def _require_frame_number(value: Any) -> int:
    return require_integer(value, "number of a frame", 0, MAX_FRAME_NUMBER)


# How the value of each choice is checked.
_CHOICES: dict[str, Callable[[Any], Any]] = {
    "background": _require_background,
    "align": _require_switch,
    "repeat": _require_switch,
    "first": _require_frame_number,
    "last": _require_frame_number,
    "crop": _require_box,
    "row": _require_row,
}


def max_request_frames(config: ModelConfig) -> int:
    """How many frames of a model one request may hold: one clip, and more if they are little work.

    Args:
        config: of the model.
    """
    return max(config.frames, min(MAX_REQUEST_FRAMES, int(MAX_REQUEST_WORK / _frame_work(config))))


def _frame_work(config: ModelConfig) -> float:
    """The work of decoding a frame, in pixels of a decoder of the usual width."""
    width = max(config.decoder_width, 2 * config.late_film_width) / USUAL_DECODER_WIDTH
    return config.frame_size**2 * max(1.0, width**2)


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


def fit_to_json(fit: Fit, clip: int = 0) -> dict[str, Any] | None:
    """How well a model draws one of the clips, as JSON values; None if nobody measured it.

    Returns:
        {"error", "typical": median error of held-out clips, "ratio": of the two, "known": whether
        the model draws the clip as well as those, "sentence"}.
    """
    if fit.typical is None or fit.known is None or fit.ratio is None:
        return None
    return {
        "error": round(float(fit.error[clip]), FIT_DECIMALS),
        "typical": round(fit.typical.typical_error, FIT_DECIMALS),
        "ratio": round(float(fit.ratio[clip]), FIT_DECIMALS),
        "known": bool(fit.known[clip]),
        "sentence": fit.sentence(clip),
    }


def sheet_url(clips: np.ndarray, kind: str, quality: int | None = None) -> str:
    """Clips as one picture in a data URL, with a row for each clip and a column for each frame.

    Args:
        clips: bytes with shape (B, T, H, W, 3).
        kind: "png" or "jpeg".
        quality: of a JPEG, up to 100; the usual one if None.
    """
    return data_url(video.encode_image(filmstrip.sheet(clips), kind, quality), f"image/{kind}")


def data_url(content: bytes, media_type: str) -> str:
    """The content of a file as a data URL; the media type is one such as "image/png"."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"


def decode_base64(text: Any) -> bytes:
    """The content of a file that came as base64 text or as a data URL.

    Raises:
        ClipError: if it is anything else, or has more than `MAX_ENCODED_BYTES` bytes.
    """
    if not isinstance(text, str):
        raise ClipError("The file needs to be text: the base64 of a video, GIF or image strip.")
    # A data URL begins with a media type, which is not used.
    text = "".join((text.partition(",")[2] if text.startswith("data:") else text).split())
    if len(text) > MAX_ENCODED_BYTES * 4 // 3 + 4:
        raise ClipError(
            f"The file has {len(text) * 3 / 4 / 2**20:.1f} MB: at most "
            f"{MAX_ENCODED_BYTES // 2**20} MB are taken here. Shorten it, or shrink its frames."
        )
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ClipError(
            "The file is not base64 text: encode the bytes of a video, GIF or image strip."
        ) from None
