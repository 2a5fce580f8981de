"""What the page may ask of the server: plain functions of one model's studio and a request.

Gradio calls them directly, past its queue, and so can anyone. Each checks its request, keeps
nothing, and answers with JSON values: what was asked for, or {"error": one plain sentence}.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from rwae.editing.studio import Studio
from rwae.errors import ClipError, RWAEError
from rwae.files import filmstrip, video
from rwae.ui import boot, logs, requests, takeaway
from rwae.ui.about import about_model
from rwae.ui.comparing import carrier
from rwae.ui.judging import judge_codes
from rwae.ui.pictures import picture, to_json
from rwae.ui.shelf import Shelf

Answer = dict[str, Any]
MAX_UPLOAD = 20 * 2**20  # bytes


def decode_codes(studio: Studio, request: Any) -> Answer:
    """Renders clips.

    Args:
        studio: the model.
        request: {"clips": [{"static": [...], "dynamic": [[...], ...]}, ...], "exact": bool}.

    Returns:
        {"sheet": picture with a row for each clip and a column for each frame, as a data
        address, "ms": what decoding took}. Exact sheets are PNG, the others JPEG.
    """
    request = requests.mapping(request, "clips")
    codes = requests.codes(request["clips"], studio.model.config)
    start = time.perf_counter()
    clips = studio.decode(codes)
    spent = 1000 * (time.perf_counter() - start)
    kind = "png" if request.get("exact") is True else "jpeg"
    return {"sheet": picture(clips, kind), "ms": round(spent, 1)}


def sample_codes(studio: Studio, request: Any) -> Answer:
    """Draws clips from the priors.

    Args:
        studio: the model.
        request: {"seed": int, "clips": int, "frames": int, "temperature": float}, and for a
            weakly supervised model "action": its number from 0 on, or null for any.

    Returns:
        {"clips": codes}. The action itself is not among them: the model finds it in the motion.
    """
    request = requests.mapping(request, "seed", "clips", "frames", "temperature")
    count = requests.whole(request["clips"], "number of clips", 1, requests.MAX_CLIPS)
    action = request.get("action")
    if action is not None:
        action = requests.whole(action, "action", 0, requests.MAX_ACTION)
    codes = studio.sample(
        count,
        seed=requests.whole(request["seed"], "seed", 0, requests.MAX_SEED),
        frames=requests.whole(request["frames"], "number of frames", 1, requests.MAX_FRAMES),
        temperature=requests.number(request["temperature"], "temperature", 0.0, 2.0),
        action=action,
    )
    return {"clips": to_json(codes)}


def extend_codes(studio: Studio, request: Any) -> Answer:
    """Goes on from one clip with a likely motion.

    Args:
        studio: the model.
        request: {"clip": {"static", "dynamic"}, "frames": how many more, "seed": int}.

    Returns:
        {"clips": the codes of the longer clip}.
    """
    request = requests.mapping(request, "clip", "frames", "seed")
    codes = requests.codes([request["clip"]], studio.model.config)
    room = requests.MAX_FRAMES - codes.dynamic.shape[1]
    if room < 1:
        raise ClipError(f"The clip already has {requests.MAX_FRAMES} frames, which is the limit.")
    more = requests.whole(request["frames"], "number of frames", 1, requests.MAX_FRAMES)
    seed = requests.whole(request["seed"], "seed", 0, requests.MAX_SEED)
    return {"clips": to_json(studio.extend(codes, min(more, room), seed=seed))}


def encode_clip(studio: Studio, request: Any) -> Answer:
    """Reads an uploaded file and infers its codes. The file is gone before the answer leaves.

    Args:
        studio: the model.
        request: what Gradio makes of a form: `files` holds one (name, bytes).

    Returns:
        {"clips": codes, "fed": the very frames that the model saw, as a data address, "rule":
        which frames, part and size these are, in words}.
    """
    files = getattr(request, "files", None)
    if not files or len(files) != 1:
        raise ClipError("No file came along: choose one video, GIF or image strip.")
    return encode_bytes(studio, files[0][1])


def encode_bytes(studio: Studio, data: bytes) -> Answer:
    """Infers the codes of a file's content; the answer is that of `encode_clip`."""
    if not 0 < len(data) <= MAX_UPLOAD:
        raise ClipError(
            f"The file has {len(data) / 2**20:.1f} MB: it needs to have something in it, and at "
            f"most {MAX_UPLOAD // 2**20} MB."
        )
    # The visitor's file name is never used: only the content says what the file is.
    clip = video.read_clip(data)
    config = studio.model.config
    x = video.to_frames(clip, config.frames, config.frame_size)[None]
    return {
        "clips": to_json(studio.encode(x)),
        "fed": picture(filmstrip.to_bytes(x), "png"),
        "rule": video.fitting_rule(clip, config.frames, config.frame_size),
    }


def open_model(studio: Studio, _request: Any) -> Answer:
    """Shows a model: its sizes and facts, and its examples with their pictures.

    Args:
        studio: the model.

    Returns:
        See `rwae.ui.boot.opened`.
    """
    return boot.opened(studio)


def find_directions(studio: Studio, _request: Any) -> Answer:
    """Finds the directions in which codes are moved: a second or two for the first who asks.

    Args:
        studio: the model.

    Returns:
        See `rwae.ui.boot.directions`.
    """
    return boot.directions(studio)


ALL = (
    *(
        open_model,
        find_directions,
        about_model,
        decode_codes,
        sample_codes,
        extend_codes,
        encode_clip,
        judge_codes,
    ),
    *(takeaway.export_clip, takeaway.read_codes),
)


def public(shelf: Shelf) -> list[Callable[[Any], Answer]]:
    """The functions above, each with every error turned into a sentence.

    Every request may name its model with the key "model"; the first of the shelf answers one
    that does not.
    """
    return [_guarded(shelf, function) for function in (*ALL, carrier(shelf))]


def _guarded(shelf: Shelf, function: Callable[[Studio, Any], Answer]) -> Callable[[Any], Answer]:
    def answer(request: Any = None) -> Answer:
        try:
            return function(shelf.find(requests.model_name(request)), request)
        except RWAEError as error:
            return {"error": str(error)}
        except Exception as error:  # the last border: logged here, told a visitor in words
            logs.failed(function.__name__, error)
            return {"error": "The server failed at this request: try another value."}

    answer.__name__ = function.__name__
    return answer
