"""What a visitor takes away: the clip on the page as a file, and codes that come back from one.

Everything is made from the codes that the request holds, and nothing stays: files are bytes in
the answer. Decoding waits for its turn with the model like any other request; encoding, which
takes longer, does not keep the model.
"""

from __future__ import annotations

import base64
import re
import threading
from typing import Any

from rwae.codes import Codes
from rwae.editing.studio import Studio
from rwae.errors import ClipError, CodesError
from rwae.files.codes_file import unpack_saved_codes
from rwae.runtime import turn
from rwae.ui.files import KINDS, Order, kinds
from rwae.ui.payloads import (
    codes_from_json,
    require_integer,
    require_number,
    require_object,
    sheet_url,
    uploaded_file,
)

MAX_SIDE = 1024  # pixels of an enlarged frame
MAX_PIXELS = 2**24  # of an enlarged clip: 64 frames of 512 x 512
FPS = (1.0, 30.0)
AT_ONCE = 2  # files that are made at the same time
WAIT = 20.0  # seconds that a visitor waits for the turn
BUSY = "Other visitors are saving clips right now: try again in a moment."
_turns = threading.BoundedSemaphore(AT_ONCE)


def export_clip(studio: Studio, request: Any) -> dict[str, Any]:
    """Makes a file of a clip.

    Args:
        studio: the model.
        request: {"clip": {"static", "dynamic"}, "kind": one of `files.kinds`, and for what moves
            "fps": frames a second, "scale": whole factor of enlargement}. Strip, sheet and codes
            have neither: they hold the model's own pixels or numbers.

    Returns:
        {"data": the file as a data address, "name": what to call it, "note": a sentence or null}.
    """
    request = require_object(request, "clip", "kind")
    kind = KINDS.get(request["kind"]) if isinstance(request["kind"], str) else None
    if kind is None:
        raise ClipError(f"The kind of file needs to be one of {', '.join(kinds(studio))}.")
    codes = codes_from_json([request["clip"]], studio.model.config)
    fps = require_number(request.get("fps", 8), "number of frames a second", *FPS)
    order = Order(studio, codes, fps, _scale(request.get("scale", 1), codes, studio))
    with turn(_turns, WAIT, BUSY):
        data, note = kind.make(order)
    address = f"data:{kind.media};base64,{base64.b64encode(data).decode('ascii')}"
    return {"data": address, "name": f"{_plain(studio.name)}-{kind.ending}", "note": note}


def read_codes(studio: Studio, form: Any) -> dict[str, Any]:
    """Reads codes that were saved with `export_clip`.

    Args:
        studio: the model.
        form: as Gradio reads it: `files` holds one (name, bytes).

    Returns:
        {"clips": codes, "sheet": their exact picture as a data address}. The numbers are those
        of the file to the last digit, so that they decode to the same pixels.
    """
    content = uploaded_file(form)
    if content is None:
        raise CodesError("No file came along: choose one that was saved here as codes.")
    codes = unpack_saved_codes(content, studio.name, studio.weights)
    studio.model.check(codes)
    parts = [part.double().tolist() for part in (codes.static, codes.dynamic)]
    clips = [{"static": s, "dynamic": d} for s, d in zip(*parts, strict=True)]
    codes = codes_from_json(clips, studio.model.config)
    return {"clips": clips, "sheet": sheet_url(studio.decode(codes), "png")}


def _scale(value: Any, codes: Codes, studio: Studio) -> int:
    """Checks the factor by which a clip is enlarged."""
    side, frames = studio.model.config.frame_size, codes.dynamic.shape[1]
    scale = require_integer(value, "enlargement", 1, max(1, MAX_SIDE // side))
    if scale > 1 and frames * (scale * side) ** 2 > MAX_PIXELS:
        raise ClipError(
            f"The clip has {frames} frames, which is too many at {scale * side} x {scale * side} "
            "pixels: choose a smaller size."
        )
    return scale


def _plain(name: str) -> str:
    """A model's name as a part of a file name."""
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-") or "model"
