"""The files that a visitor saves: the clip on the page in several formats, and codes read back.

Every file is made from the codes in the request and sent as bytes in the answer; nothing is kept.
Decoding waits for its turn with the model, like any other request. Encoding of the file, which
takes longer, does not hold the model.
"""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from rwae.classifiers import Judge, has_judge, judge_of, trained_on
from rwae.codes import Codes
from rwae.editing.sprite_sheet import (
    SHEET_ACTIONS,
    Motions,
    draw_sheet,
    find_motions,
)
from rwae.editing.studio import Studio
from rwae.errors import ClipError, CodesError
from rwae.files import filmstrip, video
from rwae.files.codes_file import pack_codes, unpack_saved_codes
from rwae.files.sheet_layout import CELL_SIDE, CLIP_FRAMES
from rwae.runtime import turn
from rwae.ui.payloads import (
    codes_from_json,
    data_url,
    require_integer,
    require_number,
    require_object,
    sheet_url,
    uploaded_file,
)

MAX_FRAME_SIDE = 1024  # pixels of an enlarged frame
MAX_CLIP_PIXELS = 2**24  # of all frames of an enlarged clip: 64 frames of 512 x 512
FPS_RANGE = (1.0, 30.0)  # frames a second
DEFAULT_FPS = 8
CONCURRENT_DOWNLOADS = 2  # files that are made at the same time
DOWNLOAD_TIMEOUT = 20.0  # seconds that a request waits for its turn
SHEET_DATASET = "sprites"  # the models of this data set can fill a sprite sheet
SHEET_NOTE = (
    "The sheet shows walking, casting and slashing from the left, the front and the right; its "
    "other cells are empty. It follows art of the Liberated Pixel Cup (CC-BY-SA 3.0 or GPL 3.0): "
    "name it where you use the sheet."
)
_download_slots = threading.BoundedSemaphore(CONCURRENT_DOWNLOADS)


@dataclass(frozen=True)
class Download:
    """What a file is made of.

    Attributes:
        studio: the model.
        codes: of one clip.
        fps: frames a second.
        scale: whole factor by which frames are enlarged.
    """

    studio: Studio
    codes: Codes
    fps: float
    scale: int

    def frames(self) -> np.ndarray:
        """The clip as bytes with shape (T, H, W, 3)."""
        clips: np.ndarray = self.studio.decode(self.codes)
        return clips.squeeze(0)


@dataclass(frozen=True)
class FileFormat:
    """A kind of file.

    Attributes:
        ending: of the file's name.
        media_type: such as "image/gif".
        make: the content of the file, and a sentence for the visitor or None.
    """

    ending: str
    media_type: str
    make: Callable[[Download], tuple[bytes, str | None]]


def export_clip(studio: Studio, request: Any) -> dict[str, Any]:
    """Makes a file of a clip.

    Args:
        studio: the model.
        request: {"clip": {"static", "dynamic"}, "kind": a key of `FORMATS`}, and for a moving
            picture "fps": frames a second, and "scale": whole factor of enlargement. The other
            files hold the model's own pixels or numbers.

    Returns:
        {"data": the file as a data URL, "name": what to call it, "note": a sentence or null}.

    Raises:
        CodesError: if the codes, "fps" or "scale" are not in their range.
        ClipError: if the format is unknown or not for this model, or the file gets too large.
        RWAEError: if too many files are being made.
    """
    request = require_object(request, "clip", "kind")
    file_format = FORMATS.get(request["kind"]) if isinstance(request["kind"], str) else None
    if file_format is None:
        known = ", ".join(available_formats(studio))
        raise ClipError(f"The kind of file needs to be one of {known}.")
    codes = codes_from_json([request["clip"]], studio.model.config)
    fps = require_number(request.get("fps", DEFAULT_FPS), "number of frames a second", *FPS_RANGE)
    download = Download(studio, codes, fps, _require_scale(request.get("scale", 1), studio, codes))
    busy = "Other visitors are saving clips right now: try again in a moment."
    with turn(_download_slots, DOWNLOAD_TIMEOUT, busy):
        content, note = file_format.make(download)
    model = re.sub(r"[^A-Za-z0-9]+", "-", studio.name).strip("-") or "model"
    return {
        "data": data_url(content, file_format.media_type),
        "name": f"{model}-{file_format.ending}",
        "note": note,
    }


def read_codes(studio: Studio, form: Any) -> dict[str, Any]:
    """Reads codes that were saved with `export_clip`.

    Args:
        studio: the model.
        form: as Gradio reads it: `files` holds one (name, bytes).

    Returns:
        {"clips": codes, "sheet": their exact picture as a data URL}. The numbers are those of the
        file to the last digit, so they decode to the same pixels.

    Raises:
        CodesError: if there is not exactly one file, or its codes do not fit the model.
    """
    content = uploaded_file(form)
    if content is None:
        raise CodesError("No file came along: choose one that was saved here as codes.")
    codes = unpack_saved_codes(content, studio.name, studio.weights)
    studio.model.check(codes)
    parts = [part.double().tolist() for part in (codes.static, codes.dynamic)]
    clips = [{"static": s, "dynamic": d} for s, d in zip(*parts, strict=True)]
    codes = codes_from_json(clips, studio.model.config)  # checks the range as well
    return {"clips": clips, "sheet": sheet_url(studio.decode(codes), "png")}


def available_formats(studio: Studio) -> list[str]:
    """The keys of `FORMATS` that a model's clips can be saved as."""
    return [key for key in FORMATS if key != "sheet" or fills_sprite_sheets(studio)]


def fills_sprite_sheets(studio: Studio) -> bool:
    """Whether a model learned from sprite sheets and a judge can name its actions."""
    config = studio.model.config
    fits = (config.frame_size, config.frames) == (CELL_SIDE, CLIP_FRAMES)
    learned = studio.model.encodes and trained_on(studio.folder) == SHEET_DATASET
    return fits and learned and has_judge(studio.folder)


def _require_scale(value: Any, studio: Studio, codes: Codes) -> int:
    """Checks the factor by which a clip is enlarged."""
    side, frames = studio.model.config.frame_size, codes.dynamic.shape[1]
    scale = require_integer(value, "enlargement", 1, max(1, MAX_FRAME_SIDE // side))
    if scale > 1 and frames * (scale * side) ** 2 > MAX_CLIP_PIXELS:
        raise ClipError(
            f"The clip has {frames} frames, which is too many at {scale * side} x {scale * side} "
            "pixels: choose a smaller size."
        )
    return scale


def _make_gif(download: Download) -> tuple[bytes, None]:
    return video.encode_gif(download.frames(), fps=download.fps, scale=download.scale), None


def _make_webm(download: Download) -> tuple[bytes, None]:
    content = video.encode_video(download.frames(), "webm", fps=download.fps, scale=download.scale)
    return content, None


def _make_mp4(download: Download) -> tuple[bytes, None]:
    content = video.encode_video(download.frames(), "mp4", fps=download.fps, scale=download.scale)
    return content, None


def _make_strip(download: Download) -> tuple[bytes, None]:
    return video.encode_image(filmstrip.sheet(download.frames()[None]), "png"), None


def _make_codes(download: Download) -> tuple[bytes, None]:
    studio = download.studio
    # Without an action, which the model infers from the dynamic codes.
    codes = Codes(download.codes.static, download.codes.dynamic)
    return pack_codes(codes, studio.name, studio.weights), None


def _make_sprite_sheet(download: Download) -> tuple[bytes, str]:
    studio = download.studio
    judge = judge_of(studio.folder) if fills_sprite_sheets(studio) else None
    if judge is None:
        raise ClipError(
            f"{studio.card.title} did not learn from sprite sheets and cannot fill one: "
            "choose another kind of file."
        )
    motions = _sheet_motions(studio.original or studio, judge)
    if isinstance(motions, str):
        raise CodesError(motions)
    clips, unrecognised = motions.perform(studio, download.codes.static[0])
    doubt = f" The judge does not recognise: {'; '.join(unrecognised)}." if unrecognised else ""
    return video.encode_image(draw_sheet(clips), "png"), SHEET_NOTE + doubt


@functools.cache
def _sheet_motions(studio: Studio, judge: Judge) -> Motions | str:
    """The motions of a sprite sheet, or why there are none; the first call takes seconds."""
    try:
        return find_motions(studio, judge, SHEET_ACTIONS)
    except CodesError as error:
        return str(error)


FORMATS = {
    "gif": FileFormat("clip.gif", "image/gif", _make_gif),
    "webm": FileFormat("clip.webm", "video/webm", _make_webm),
    "mp4": FileFormat("clip.mp4", "video/mp4", _make_mp4),
    "strip": FileFormat("strip.png", "image/png", _make_strip),
    "sheet": FileFormat("sheet.png", "image/png", _make_sprite_sheet),
    "codes": FileFormat("codes.safetensors", "application/octet-stream", _make_codes),
}
