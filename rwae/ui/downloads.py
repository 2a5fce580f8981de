"""The files that a visitor saves: the clip on the page in several formats, and codes read back.

Every file is made from the codes in the request and sent as bytes in the answer; nothing is kept.
Decoding waits for its turn with the model, like any other request. Encoding of the file, which
takes longer, does not hold the model.
"""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from rwae.classifiers import Judge, has_judge, judge_of, trained_on
from rwae.codes import Codes
from rwae.editing.sprite_sheet import (
    SHEET_ACTIONS,
    Motions,
    draw_sheet,
    find_motions,
    with_transparency,
)
from rwae.editing.studio import Studio
from rwae.errors import ClipError, CodesError
from rwae.files import filmstrip, video
from rwae.files.codes_file import pack_codes, unpack_saved_codes
from rwae.files.game_files import credits_text, frame_files, pack_zip, sheet_data
from rwae.files.jsonfile import is_number
from rwae.files.palette import MOST_COLOURS, reduce_palette, snap
from rwae.files.sheet_layout import BENCHMARK_ROWS, CELL_SIDE, CLIP_FRAMES
from rwae.runtime import turn
from rwae.ui.loaded_models import LoadedModels
from rwae.ui.payloads import (
    MAX_REQUEST_FRAMES,
    codes_from_json,
    data_url,
    requested_model,
    require_integer,
    require_number,
    require_object,
    sheet_url,
    uploaded_file,
)

MAX_FRAME_SIDE = 1024  # pixels of an enlarged frame
MAX_CLIP_PIXELS = 2**23  # of all frames of an enlarged clip: four seconds of a core as a GIF
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
FEW_COLOURS = "few"  # in a request, in place of a palette
FEW_COLOURS_COUNT = 32  # about as many as a cell of a sprite sheet has
MAX_PEERS = 4  # models side by side in a comparison
_download_slots = threading.BoundedSemaphore(CONCURRENT_DOWNLOADS)


@dataclass(frozen=True)
class Download:
    """What a file is made of.

    Attributes:
        studio: the model.
        codes: of one clip, or of several that move side by side.
        columns: of the grid in which several clips stand.
        fps: frames a second.
        scale: whole factor by which frames are enlarged.
        palette: the colours that the frames are brought to, with shape (K, 3); `FEW_COLOURS` for
            the best few of the clip; None for all colours.
        transparent: whether the background of a model that has a black one is left out.
    """

    studio: Studio
    codes: Codes
    columns: int
    fps: float
    scale: int
    palette: np.ndarray | str | None
    transparent: bool

    @property
    def side(self) -> int:
        """Pixels of a frame that is not enlarged."""
        return self.studio.model.config.frame_size

    def finish(self, frames: np.ndarray) -> np.ndarray:
        """RGB bytes (..., 3) in the colours of the file, as RGBA bytes if it is transparent."""
        coloured = frames
        if isinstance(self.palette, np.ndarray):
            coloured = snap(frames, self.palette)
        elif self.palette == FEW_COLOURS:
            flat = frames.reshape(-1, *frames.shape[-3:])
            coloured = snap(frames, reduce_palette(flat, FEW_COLOURS_COUNT))
        if not self.transparent:
            return coloured
        # What is transparent is told by the frames as drawn: a dark outline may become black.
        alpha = with_transparency(frames)[..., 3:]
        return np.concatenate([coloured * (alpha > 0), alpha], -1)

    def frames(self) -> np.ndarray:
        """The clips side by side as bytes with shape (T, H, W, 3 or 4)."""
        clips = self.finish(self.studio.decode(self.codes))
        return filmstrip.tile_clips(clips, self.columns)


@dataclass(frozen=True)
class ComparisonDownload(Download):
    """What a file is made of that shows several models side by side, one block for each.

    Attributes:
        parts: what each model shows, with the enlargement of its clips; the frames are those of
            all together, so `scale` is 1.
        titled: whether the title of each model stands over its block.
    """

    parts: tuple[Download, ...]
    titled: bool

    def frames(self) -> np.ndarray:
        """The blocks side by side as bytes with shape (T, H, W, 3 or 4)."""
        blocks = [part.frames().repeat(part.scale, 1).repeat(part.scale, 2) for part in self.parts]
        longest = np.arange(max(len(block) for block in blocks))
        # Clips of fewer frames begin again, as on the page.
        blocks = [block[longest % len(block)] for block in blocks]
        if self.titled:
            titles = [part.studio.card.title for part in self.parts]
            blocks = video.with_titles(blocks, titles)
        height = max(block.shape[1] for block in blocks)
        below = [((0, 0), (0, height - block.shape[1]), (0, 0), (0, 0)) for block in blocks]
        return np.concatenate([np.pad(*pair) for pair in zip(blocks, below, strict=True)], 2)


@dataclass(frozen=True)
class FileFormat:
    """A kind of file.

    Attributes:
        ending: of the file's name.
        media_type: such as "image/gif".
        make: the content of the file, and a sentence for the visitor or None.
        moving: whether it shows frames that can be enlarged.
        many: whether it can hold several clips.
        picture: whether what it shows can be of several models.
        alpha: whether it can be transparent.
        work: of a pixel, in those of a GIF.
    """

    ending: str
    media_type: str
    make: Callable[[Download], tuple[bytes, str | None]]
    moving: bool = True
    many: bool = True
    picture: bool = True
    alpha: bool = True
    work: int = 1


def export_clip(studio: Studio, request: Any) -> dict[str, Any]:
    """Makes a file of a clip, or of several that move side by side.

    Args:
        studio: the model.
        request: {"clip": {"static", "dynamic"}, or "clips": a list of them with "columns": of
            the grid, "kind": a key of `FORMATS`}; for a moving picture "fps": frames a second,
            and "scale": whole factor of enlargement; and "palette": a list of colours
            [red, green, blue] as bytes, "few" for the best few of the clip, or null, and
            "transparent": whether the background is left out.

    Returns:
        {"data": the file as a data URL, "name": what to call it, "note": a sentence or null}.

    Raises:
        CodesError: if the codes or a setting are not in their range.
        ClipError: if the format is unknown or not for this model, or the file gets too large.
        RWAEError: if too many files are being made.
    """
    request = require_object(request, "kind")
    file_format = _require_format(request["kind"], available_formats(studio))
    download = _parse_download(studio, request, file_format)
    return _make_file(download, file_format, file_stem(studio))


def file_stem(studio: Studio) -> str:
    """How the names of a model's files begin, without the token of a copy: that is for a visit."""
    name = (studio.original or studio).name
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-") or "model"


def export_comparison(models: LoadedModels, request: Any) -> dict[str, Any]:
    """Makes a picture of what several models show side by side, each under its title.

    Args:
        models: all models.
        request: {"peers": [{"model": name, "clips": codes}], "columns": of the grid in which the
            clips of each model stand}, and the rest as for `export_clip`.

    Returns:
        As `export_clip`.

    Raises:
        CodesError: if there are not 1 to 4 models, or their codes or a setting are not in range.
        ClipError: if the format is unknown or no picture, or the file gets too large.
        RWAEError: if there is no such model, or too many files are being made.
    """
    request = require_object(request, "kind", "peers")
    pictures = [kind for kind, one in FORMATS.items() if one.picture]
    file_format = _require_format(request["kind"], pictures)
    if not file_format.picture:
        raise ClipError("This kind of file holds one model's clips: open one in Explore first.")
    peers = request["peers"]
    if not isinstance(peers, list) or not 1 <= len(peers) <= MAX_PEERS:
        raise CodesError(f"A comparison is of 1 to {MAX_PEERS} models.")
    shared = {key: value for key, value in request.items() if key not in ("clip", "peers")}
    parts = []
    for peer in peers:
        clips = require_object(peer, "model", "clips")["clips"]
        studio = models.find(requested_model(peer))
        parts.append(_parse_download(studio, shared | {"clips": clips}, file_format))
    longest = max(part.codes.dynamic.shape[1] for part in parts)
    areas = [len(part.codes) * (part.scale * part.side) ** 2 for part in parts]
    frames = longest * sum(len(part.codes) for part in parts)
    too_large = file_format.work * longest * sum(areas) > MAX_CLIP_PIXELS
    if too_large or frames > MAX_REQUEST_FRAMES:
        raise ClipError(
            "The picture of all models gets too large: choose a smaller size or fewer clips."
        )
    first = parts[0]
    whole = ComparisonDownload(
        **vars(replace(first, scale=1)), parts=tuple(parts), titled=first.scale > 1
    )
    return _make_file(whole, file_format, "comparison")


def _require_format(kind: Any, known: Sequence[str]) -> FileFormat:
    """The format of a name, of those that are known."""
    if not isinstance(kind, str) or kind not in FORMATS:
        raise ClipError(f"The kind of file needs to be one of {', '.join(known)}.")
    return FORMATS[kind]


def _make_file(download: Download, file_format: FileFormat, name: str) -> dict[str, Any]:
    """Makes a file when it is its turn; the answer of `export_clip`."""
    busy = "Other visitors are saving clips right now: try again in a moment."
    with turn(_download_slots, DOWNLOAD_TIMEOUT, busy):
        content, note = file_format.make(download)
    return {
        "data": data_url(content, file_format.media_type),
        "name": f"{name}-{file_format.ending}",
        "note": note,
    }


def _parse_download(studio: Studio, request: dict[str, Any], kind: FileFormat) -> Download:
    """Checks what a request asks of a file."""
    clips = [request["clip"]] if "clip" in request else request.get("clips")
    codes = codes_from_json(clips, studio.model.config)
    if len(codes) > 1 and not kind.many:
        raise ClipError("This kind of file holds one clip: open one of them in Explore first.")
    columns = require_integer(request.get("columns", 1), "number of columns", 1, len(codes))
    transparent = request.get("transparent", False)
    if not isinstance(transparent, bool):
        raise CodesError("Whether the background is left out needs to be true or false.")
    return Download(
        studio,
        codes,
        columns,
        require_number(request.get("fps", DEFAULT_FPS), "number of frames a second", *FPS_RANGE),
        _require_scale(request.get("scale", 1), studio, codes, columns, kind),
        _require_palette(request.get("palette")),
        transparent and kind.alpha and draws_sprites(studio),
    )


def _require_palette(value: Any) -> np.ndarray | str | None:
    """Checks a list of colours, or the word for the best few."""
    if value is None or value == FEW_COLOURS:
        return FEW_COLOURS if value else None
    colours = value if isinstance(value, list) else []
    bytes_alone = all(
        isinstance(colour, list)
        and len(colour) == 3
        and all(isinstance(part, int) and is_number(part, 0, 255) for part in colour)
        for colour in colours
    )
    if not 1 <= len(colours) <= MOST_COLOURS or not bytes_alone:
        raise CodesError(
            f"The palette needs to be a list of 1 to {MOST_COLOURS} colours, each three whole "
            f'numbers from 0 to 255, or "{FEW_COLOURS}".'
        )
    return np.array(colours, np.uint8)


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
    sheets = fills_sprite_sheets(studio)
    return [key for key in FORMATS if key not in SHEET_FORMATS or sheets]


def draws_sprites(studio: Studio) -> bool:
    """Whether a model draws figures on black, which can be cut out, in the few colours of art."""
    domain = studio.model.domain
    return domain is not None and domain.figure is not None and domain.background == (0, 0, 0)


def fills_sprite_sheets(studio: Studio) -> bool:
    """Whether a model learned from sprite sheets and a judge can name its actions."""
    config = studio.model.config
    fits = (config.frame_size, config.frames) == (CELL_SIDE, CLIP_FRAMES)
    learned = studio.model.encodes and trained_on(studio.folder) == SHEET_DATASET
    return fits and learned and has_judge(studio.folder)


def sheet_model(models: LoadedModels) -> Studio | None:
    """The first model that can fill a sprite sheet."""
    return next((one for one in models.studios.values() if fills_sprite_sheets(one)), None)


def _require_scale(
    value: Any, studio: Studio, codes: Codes, columns: int, kind: FileFormat
) -> int:
    """Checks the factor by which clips are enlarged."""
    side, frames = studio.model.config.frame_size, codes.dynamic.shape[1]
    scale = require_integer(value, "enlargement", 1, max(1, MAX_FRAME_SIDE // side))
    tiles = columns * -(-len(codes) // columns)
    if scale > 1 and kind.work * tiles * frames * (scale * side) ** 2 > MAX_CLIP_PIXELS:
        raise ClipError(
            f"The picture has {frames} frames of {tiles} clips, which is too much at "
            f"{scale * side} x {scale * side} pixels for each: choose a smaller size."
        )
    return scale


def _make_animation(kind: str, download: Download) -> tuple[bytes, None]:
    frames, fps, scale = download.frames(), download.fps, download.scale
    return video.encode_animation(frames, kind, fps=fps, scale=scale), None


def _make_video(kind: str, download: Download) -> tuple[bytes, None]:
    frames, fps, scale = download.frames(), download.fps, download.scale
    return video.encode_video(frames, kind, fps=fps, scale=scale), None


def _make_strip(download: Download) -> tuple[bytes, None]:
    return video.encode_image(filmstrip.sheet(download.frames()[None]), "png"), None


def _make_frames(download: Download) -> tuple[bytes, None]:
    return pack_zip(frame_files(download.frames(), download.scale)), None


def _make_codes(download: Download) -> tuple[bytes, None]:
    studio = download.studio
    # Without an action, which the model infers from the dynamic codes.
    codes = Codes(download.codes.static, download.codes.dynamic)
    return pack_codes(codes, studio.name, studio.weights), None


def draw_sprite_sheet(download: Download) -> tuple[np.ndarray, str]:
    """The sprite sheet of a character as RGBA bytes (1344, 832, 4), and a sentence about it.

    Raises:
        ClipError: if the model cannot fill a sheet.
        CodesError: if none of its examples shows one of the actions.
    """
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
    clips = replace(download, transparent=True).finish(clips)
    doubt = f" The judge does not recognise: {'; '.join(unrecognised)}." if unrecognised else ""
    return draw_sheet(clips), SHEET_NOTE + doubt


def _make_sprite_sheet(download: Download) -> tuple[bytes, str]:
    picture, note = draw_sprite_sheet(download)
    return video.encode_image(picture, "png"), note


def _make_engine_files(download: Download) -> tuple[bytes, str]:
    """The sprite sheet with its data for engines and its credits."""
    picture, note = _make_sprite_sheet(download)
    title = (download.studio.original or download.studio).card.title
    rows = [BENCHMARK_ROWS[name] for name in SHEET_ACTIONS]
    tracks = [(row, row.action.played) for row in rows]
    files = {
        "sheet.png": picture,
        "sheet.json": sheet_data(tracks, download.fps).encode(),
        "CREDITS.txt": credits_text(title).encode(),
    }
    return pack_zip(files), note


@functools.cache
def _sheet_motions(studio: Studio, judge: Judge) -> Motions | str:
    """The motions of a sprite sheet, or why there are none; the first call takes seconds."""
    try:
        return find_motions(studio, judge, SHEET_ACTIONS)
    except CodesError as error:
        return str(error)


FORMATS = {
    "gif": FileFormat("clip.gif", "image/gif", partial(_make_animation, "gif")),
    "webp": FileFormat("clip.webp", "image/webp", partial(_make_animation, "webp"), work=2),
    "apng": FileFormat("clip.png", "image/png", partial(_make_animation, "apng")),
    "webm": FileFormat("clip.webm", "video/webm", partial(_make_video, "webm"), alpha=False),
    "mp4": FileFormat("clip.mp4", "video/mp4", partial(_make_video, "mp4"), alpha=False),
    "strip": FileFormat("strip.png", "image/png", _make_strip, moving=False),
    "frames": FileFormat("frames.zip", "application/zip", _make_frames),
    "sheet": FileFormat(
        "sheet.png", "image/png", _make_sprite_sheet, moving=False, many=False, picture=False
    ),
    "engine": FileFormat(
        "sheet.zip", "application/zip", _make_engine_files, moving=False, many=False, picture=False
    ),
    "codes": FileFormat(
        "codes.safetensors", "application/octet-stream", _make_codes, moving=False, picture=False
    ),
}
SHEET_FORMATS = ("sheet", "engine")  # for models that can fill a sprite sheet
