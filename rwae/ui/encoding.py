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
from rwae.files.palette import palette_of
from rwae.ui.loaded_models import LoadedModels
from rwae.ui.payloads import (
    MAX_UPLOAD_BYTES,
    codes_to_json,
    data_url,
    fit_to_json,
    requested_choices,
    sheet_url,
    uploaded_file,
)
from rwae.uploads.choices import Choices
from rwae.uploads.gathering import Gathered, gather, lacking_rows
from rwae.uploads.prepare import Prepared, prepare

CLEARLY_BETTER = 0.5  # a model that draws a clip with so much of another's ratio is proposed
USABLE_RATIO = 3.0  # a model that draws a clip worse than so many times its own is never proposed


def encode_clip(models: LoadedModels, studio: Studio, form: Any) -> dict[str, Any]:
    """Reads an uploaded file and infers its codes.

    Args:
        models: among which others may draw the clip better.
        studio: the model.
        form: as Gradio reads it: `files` holds one (name, bytes), and `data["choices"]` may hold
            the text of `rwae.ui.payloads.choices_from_json`.

    Returns:
        What `encode_bytes` says, and "better": [{"name", "title", "ratio"}] of the models that
        draw the clip clearly better, if this one does not know it.

    Raises:
        CodesError: if a choice is none.
        ClipError: if there is not exactly one file, or as from `encode_bytes`.
    """
    choices = requested_choices(form)
    footage = read_form(studio, form, choices)
    answer = describe_upload(studio, footage, choices)
    return answer | {"better": _find_better(models, studio, footage, choices, answer["fit"])}


def read_form(studio: Studio, form: Any, choices: Choices) -> video.Footage:
    """Reads the one file of a form for a model.

    Raises:
        ClipError: if there is not exactly one file, or as from `read_upload`.
    """
    content = uploaded_file(form)
    if content is None:
        raise ClipError("No file came along: choose one video, GIF or image strip.")
    return read_upload(studio, content, choices)


def read_upload(studio: Studio, content: bytes, choices: Choices) -> video.Footage:
    """Reads the content of a file for a model.

    Raises:
        ClipError: if the file is empty, too large or cannot be read, or the model has no encoder.
    """
    if not 0 < len(content) <= MAX_UPLOAD_BYTES:
        raise ClipError(
            f"The file has {len(content) / 2**20:.1f} MB: it needs to have something in it, and "
            f"at most {MAX_UPLOAD_BYTES // 2**20} MB."
        )
    studio.require_encoder()
    return video.read_footage(content, first=choices.first, last=choices.last)


def gather_upload(studio: Studio, content: bytes) -> Gathered:
    """All that the content of a file shows of a character.

    Raises:
        ClipError: as from `read_upload`.
    """
    footage = read_upload(studio, content, Choices())
    return gather(footage, studio.model, redraw=studio.redraw)


def describe_upload(studio: Studio, footage: video.Footage, choices: Choices) -> dict[str, Any]:
    """Fits footage to a model and infers its codes.

    Returns:
        {"clips": codes,
        "given": data URL of the frames that the model was given,
        "redrawn": data URL of the same, as the model draws them,
        "fit": how well it draws them, see `fit_to_json`,
        "rule": a sentence that says which frames, part and size were given,
        "steps": for each rule {"key", "text": a sentence, "on": whether it was applied},
        "source": {"frames", "width", "height": of the file, "stills": data URL of small
        pictures of the whole file side by side, "columns": how many, "first", "last": numbers of
        the frames that were taken, "crop": the part that was chosen, or None},
        "rows": of a sprite sheet, or None, "row": key of the one that was taken, or None,
        "lacking": number of rows that the model knows and the sheet lacks,
        "palette": the colours of the given frames if they are few, or None}

    Raises:
        ClipError: if the choices leave no frame, or the footage is no sprite sheet.
    """
    prepared = prepare(footage, studio.model, choices, redraw=studio.redraw)
    fit = prepared.assess(studio.assess(prepared.x[None]))
    return {
        "clips": codes_to_json(fit.codes),
        "given": strip_url(prepared.x),
        "redrawn": strip_url(fit.redrawn[0]),
        "fit": fit_to_json(fit),
        "rule": prepared.rule,
        "steps": [{"key": step.key, "text": step.text, "on": step.on} for step in prepared.steps],
        "source": _describe_source(footage, prepared, choices),
        "rows": _describe_rows(prepared),
        "row": prepared.row,
        "lacking": len(lacking_rows(footage, studio.model, prepared, choices)),
        "palette": _few_colours(prepared.x),
    }


def _find_better(
    models: LoadedModels,
    studio: Studio,
    footage: video.Footage,
    choices: Choices,
    fit: dict[str, Any] | None,
) -> list[dict[str, Any]]:
    """Models of other data sets that draw a clip clearly better: the first of each data set."""
    if fit is None or fit["known"]:
        return []
    domain = studio.model.domain
    tried = {domain.dataset} if domain else set()
    better = []
    for name, other in models.studios.items():
        known = other.model.domain
        if known is None or known.dataset in tried or not other.model.encodes:
            continue
        tried.add(known.dataset)
        prepared = prepare(footage, other.model, choices, redraw=other.redraw)
        ratio = prepared.assess(other.assess(prepared.x[None])).ratio
        if ratio is not None and float(ratio) < min(CLEARLY_BETTER * fit["ratio"], USABLE_RATIO):
            title = other.card.title
            better.append({"name": name, "title": title, "ratio": round(float(ratio), 2)})
    return sorted(better, key=lambda one: one["ratio"])


def strip_url(x: Tensor) -> str:
    """Frames in [0, 1] with shape (T, 3, S, S) side by side in a PNG, as a data URL."""
    return sheet_url(filmstrip.to_bytes(x[None]), "png")


def _few_colours(x: Tensor) -> list[list[int]] | None:
    """The colours of frames in [0, 1], (T, 3, S, S), as RGB bytes; None if they are many."""
    colours = palette_of(filmstrip.to_bytes(x[None])[0])
    return None if colours is None else colours.tolist()


def _describe_rows(prepared: Prepared) -> list[dict[str, Any]] | None:
    if prepared.rows is None:
        return None
    return [
        {
            "key": row.key,
            "action": row.action,
            "direction": row.direction,
            "trained": row.trained,
            "given": None if row.x is None else strip_url(row.x),
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
