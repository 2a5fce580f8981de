"""From an uploaded file to codes, and to what the page says and shows of the file.

`encode_clip` reads the file (`rwae.files.video`), fits the clip to the model
(`rwae.uploads.prepare`) and infers its codes (`Studio.encode`). The server keeps nothing of it: to
change a choice the page sends the file again.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from rwae.editing.studio import Studio
from rwae.errors import ClipError
from rwae.files import filmstrip, video
from rwae.ui.payloads import (
    MAX_UPLOAD_BYTES,
    codes_to_json,
    data_url,
    requested_choices,
    sheet_url,
    uploaded_file,
)
from rwae.uploads.choices import Choices
from rwae.uploads.prepare import Prepared, prepare


def encode_clip(studio: Studio, form: Any) -> dict[str, Any]:
    """Reads an uploaded file and infers its codes.

    Args:
        studio: the model.
        form: as Gradio reads it: `files` holds one (name, bytes), and `data["choices"]` may hold
            the text of `rwae.ui.payloads.choices_from_json`.

    Returns:
        See `encode_bytes`.

    Raises:
        CodesError: if a choice is none.
        ClipError: if there is not exactly one file, or as from `encode_bytes`.
    """
    choices = requested_choices(form)
    content = uploaded_file(form)
    if content is None:
        raise ClipError("No file came along: choose one video, GIF or image strip.")
    return encode_bytes(studio, content, choices)


def encode_bytes(studio: Studio, content: bytes, choices: Choices | None = None) -> dict[str, Any]:
    """Infers the codes of a clip from the content of its file.

    Args:
        studio: the model.
        content: of the file.
        choices: how the clip is fitted to the model.

    Returns:
        {"clips": codes,
        "given": data URL of the frames that the model was given,
        "redrawn": data URL of the same, as the model draws them,
        "fit": how well it draws them, or None if it does not say,
        "rule": a sentence that says which frames, part and size were given,
        "steps": for each rule {"key", "text": a sentence, "on": whether it was applied},
        "source": {"frames", "width", "height": of the file, "stills": data URL of small
        pictures of the whole file side by side, "columns": how many, "first", "last": numbers of
        the frames that were taken, "crop": the part that was chosen, or None},
        "rows": of a sprite sheet, or None, "row": key of the one that was taken, or None,
        "palette": the colours of the given frames if they are few, or None,
        "better": models that draw the clip better}

    Raises:
        ClipError: if the file is empty, too large or cannot be read, or the model has no encoder.
    """
    choices = choices or Choices()
    if not 0 < len(content) <= MAX_UPLOAD_BYTES:
        raise ClipError(
            f"The file has {len(content) / 2**20:.1f} MB: it needs to have something in it, and "
            f"at most {MAX_UPLOAD_BYTES // 2**20} MB."
        )
    studio.require_encoder()
    footage = video.Footage.of(video.read_clip(content))
    prepared = prepare(footage, studio.model, choices, redraw=studio.redraw)
    codes = studio.encode(prepared.x[None])
    return {
        "clips": codes_to_json(codes),
        "given": _strip_url(prepared.x),
        "redrawn": sheet_url(studio.decode(codes), "png"),
        "fit": None,
        "rule": prepared.rule,
        "steps": [{"key": step.key, "text": step.text, "on": step.on} for step in prepared.steps],
        "source": _describe_source(footage, prepared, choices),
        "rows": _describe_rows(prepared),
        "row": prepared.row,
        "palette": None,
        "better": [],
    }


def _strip_url(x: Tensor) -> str:
    """Frames in [0, 1] with shape (T, 3, S, S) side by side in a PNG, as a data URL."""
    return sheet_url(filmstrip.to_bytes(x[None]), "png")


def _describe_rows(prepared: Prepared) -> list[dict[str, Any]] | None:
    if prepared.rows is None:
        return None
    return [
        {
            "key": row.key,
            "action": row.action,
            "direction": row.direction,
            "trained": row.trained,
            "given": None if row.x is None else _strip_url(row.x),
        }
        for row in prepared.rows
    ]


def _describe_source(
    footage: video.Footage, prepared: Prepared, choices: Choices
) -> dict[str, Any]:
    picture = video.encode_image(filmstrip.sheet(footage.stills[None]), "jpeg")
    return {
        "frames": footage.count,
        "width": footage.width,
        "height": footage.height,
        "stills": data_url(picture, "image/jpeg"),
        "columns": len(footage.stills),
        "first": prepared.first,
        "last": prepared.last,
        "crop": choices.crop,
    }
