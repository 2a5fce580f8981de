"""What the Sheet tab asks of the server: sheets that are read, completed and saved.

The server keeps no sheet for longer than its job lasts. The page holds the exact pixels, and sends
them as RGBA bytes compressed by zlib: browsers cannot read a PNG without changing the colours of
translucent pixels. Only files from elsewhere are decoded, in a process of their own.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from rwae.editing.studio import Studio
from rwae.errors import ClipError, CodesError, RWAEError
from rwae.files import video
from rwae.files.game_files import completion_credits, frame_files, pack_zip, sheet_data
from rwae.files.sheet_layout import CELL_SIDE, ROWS, SHEET_COLUMNS, SHEET_ROWS, SHEET_SIZE
from rwae.files.video import MAX_SHEET_PIXELS
from rwae.sheets import Sheet, complete, complete_layer, parse_body, parse_sheet
from rwae.ui import downloads
from rwae.ui.jobs import Job, Jobs, State
from rwae.ui.loaded_models import LoadedModels
from rwae.ui.payloads import (
    MAX_ROW_KEY,
    MAX_SEED,
    data_url,
    json_field,
    require_integer,
    require_number,
    require_object,
    uploaded_file,
    uploaded_files,
)

BUSY = "Other visitors' sheets are being completed: try again in a minute."
FAILED = "The server failed to complete this sheet: try other rows."
NO_FILE = "No file came along: choose one picture."
MAX_REQUEST_TEXT = 8000  # characters of what a request says beside the pixels
EXAMPLE_COLOURS = downloads.FEW_COLOURS  # as few as art of this kind has

Answer = dict[str, Any]
# A function for the page: of a model, which none of these needs, and a request.
Endpoint = Callable[[Studio, Any], Answer]


class Completing:
    """The jobs of all visitors that complete sheets, and what belongs to them."""

    def __init__(self, models: LoadedModels) -> None:
        self._models = models
        self._jobs = Jobs("complete", BUSY, FAILED)

    def endpoints(self) -> tuple[Endpoint, ...]:
        """The functions that the page calls, by their names."""
        return (
            open_sheet,
            open_cell,
            self.example_sheet,
            self.complete_start,
            self.complete_state,
            self.complete_cancel,
            self.save_sheet,
        )

    def example_sheet(self, _studio: Studio, request: Any) -> Answer:
        """A sheet that a model drew, of which rows are missing.

        Args:
            request: {"number": of one of the model's examples, of which the first is 0}.

        Returns:
            As `open_sheet`.

        Raises:
            RWAEError: if no model draws sheets.
        """
        number = require_integer(
            require_object(request, "number")["number"], "number", 0, MAX_SEED
        )
        studio = downloads.sheet_model(self._models)
        if studio is None:
            raise RWAEError("No model here draws sprite sheets: open a sheet of yours.")
        codes = studio.examples[[number % len(studio.examples)]]
        download = downloads.Download(
            studio, codes, columns=1, fps=1, scale=1, palette=EXAMPLE_COLOURS, transparent=True
        )
        picture, _ = downloads.draw_sprite_sheet(download)
        return _describe_sheet(parse_sheet(picture))

    def complete_start(self, _studio: Studio, form: Any) -> Answer:
        """Begins to complete a sheet.

        Args:
            form: as Gradio reads it: `files` holds (name, packed pixels) of the sheet and, if
                that shows a layer alone, of the body, and `data["request"]` the text of {"rows":
                keys of the wanted rows, or null for all}.

        Returns:
            {"job": its name, "queued": how many wait before it}.

        Raises:
            ClipError: if the pixels are no sheet, or a row is unknown.
            RWAEError: if too many sheets wait to be completed.
        """
        self._jobs.require_room()
        rows = _requested_rows(_request_of(form, "rows")["rows"])
        files = uploaded_files(form)
        if not 1 <= len(files) <= 2:
            raise ClipError(NO_FILE)
        sheet, body = parse_sheet(_unpack(files[0])), None
        if len(files) > 1:
            body = parse_body(_unpack(files[1]))
        return self._jobs.start(partial(_complete, sheet, body, rows), {"part": 0.0})

    def complete_state(self, _studio: Studio, request: Any) -> Answer:
        """Says how far a job is.

        Args:
            request: {"job": its name}.

        Returns:
            {"part": of the work that is done, "queued": how many wait before it, "done",
            "cancelled"}; when it is done "pixels": of the completed sheet, packed, "confidence":
            for each pixel of each cell, cell by cell, a byte from 0 to 255, packed, and "report":
            see `rwae.sheets.Completion.report`. "error" is a sentence if it failed.
        """
        return self._jobs.tell(request)

    def complete_cancel(self, _studio: Studio, request: Any) -> Answer:
        """Stops a job: {"job": its name}. Nothing of it is kept."""
        self._jobs.cancel(request)
        return {}

    def save_sheet(self, _studio: Studio, form: Any) -> Answer:
        """Makes a file of a sheet.

        Args:
            form: as Gradio reads it: `files` holds one (name, packed pixels), and
                `data["request"]` the text of {"kind": a key of `KINDS`, "fps": frames a second,
                "drawn": the numbers of the cells that were drawn, counted row by row from 0 on,
                "example": whether a model drew the given ones, see `example_sheet`}.

        Returns:
            {"data": the file as a data URL, "name": what its name ends with}.

        Raises:
            ClipError: if the pixels are no sheet.
            CodesError: if anything else is not as above.
        """
        request = _request_of(form, "kind", "fps", "drawn")
        kind = request["kind"]
        if not isinstance(kind, str) or kind not in KINDS:
            raise CodesError(f"The kind of file needs to be one of {', '.join(KINDS)}.")
        fps = require_number(request["fps"], "number of frames a second", *downloads.FPS_RANGE)
        studio = downloads.sheet_model(self._models) if request.get("example") is True else None
        model = studio.card.title if studio else None
        saved = SavedSheet(_packed_sheet(form), fps, _require_cells(request["drawn"]), model)
        name, media_type, make = KINDS[kind]
        return {"data": data_url(make(saved), media_type), "name": name}

    def complete(
        self, content: bytes, body: bytes | None, rows: Any, single_row: Any
    ) -> tuple[bytes, Answer]:
        """Completes a sheet, and returns when it is done.

        Args:
            content: of a file that someone sends.
            body: of the file of the body if the sheet shows a layer alone.
            rows: keys of the wanted rows, or None for all.
            single_row: of a picture of one row: which one it is, or None.

        Returns:
            The sheet as a PNG, and the report.

        Raises:
            ClipError: if a file is no sheet, or a row is unknown, or the body does not fit.
            RWAEError: if too many sheets wait to be completed.
        """
        self._jobs.require_room()
        sheet = parse_sheet(video.read_picture(content), _requested_row(single_row))
        below = None if body is None else parse_body(video.read_picture(body))
        work = partial(_complete, sheet, below, _requested_rows(rows))
        state = self._jobs.run(work, {"part": 0.0})
        pixels = _unpack(base64.b64decode(state["pixels"]))
        return video.encode_image(pixels, "png"), state["report"]


def _complete(sheet: Sheet, body: Sheet | None, rows: Collection[str] | None, job: Job) -> State:
    """Completes a sheet, or a layer on its body, and returns the last state of its job."""

    def report(part: float) -> None:
        job.stop_if_unwanted()
        job.state = job.state | {"part": round(float(part), 3)}

    if body is None:
        done = complete(sheet, rows, report)
    else:
        done = complete_layer(sheet, body, rows, report)
    return {
        "pixels": _packed_text(done.sheet.picture),
        "confidence": _packed_text((255 * done.confidence).round().astype(np.uint8)),
        "report": done.report(),
    }


def open_sheet(_studio: Studio, form: Any) -> Answer:
    """Reads a sheet.

    Args:
        form: as Gradio reads it: `files` holds one (name, content of a picture), and
            `data["request"]` may hold the text of {"row": of a picture of one row which one it
            is, or null}.

    Returns:
        {"pixels": RGBA bytes of the sheet in the layout of 832 x 1344 pixels or more, compressed
        by zlib, as base64 text, "height": in pixels, "below": names of the rows under the 21,
        "row": of a picture of one row its key, or null}.

    Raises:
        ClipError: if the file cannot be read or is no sheet.
    """
    row = _requested_row(_request_of(form).get("row"))
    picture = video.read_picture(_content_of(form))
    sheet = parse_sheet(picture, row)
    single = len(picture) == CELL_SIDE
    return _describe_sheet(sheet) | {"row": _first_given_row(sheet) if single else None}


def open_cell(_studio: Studio, form: Any) -> Answer:
    """Reads a picture for one cell.

    Args:
        form: as Gradio reads it: `files` holds one (name, content of a picture).

    Returns:
        {"pixels": its 64 x 64 pixels, packed as in `open_sheet`}.

    Raises:
        ClipError: if the file cannot be read or has another size.
    """
    picture = video.read_picture(_content_of(form))
    height, width = picture.shape[:2]
    if (width, height) != (CELL_SIDE, CELL_SIDE):
        raise ClipError(
            f"The picture has {width} x {height} pixels: a cell has {CELL_SIDE} x {CELL_SIDE}. "
            "Cut it to that size."
        )
    return {"pixels": _packed_text(picture)}


@dataclass(frozen=True)
class SavedSheet:
    """What a file is made of.

    Attributes:
        sheet: with all cells that are shown.
        fps: frames a second.
        drawn: which cells were drawn, with shape (21, 13).
        model: title of the model that drew the given cells, or None.
    """

    sheet: Sheet
    fps: float
    drawn: np.ndarray
    model: str | None


def _make_png(saved: SavedSheet) -> bytes:
    return video.encode_image(saved.sheet.picture, "png")


def _make_frames(saved: SavedSheet) -> bytes:
    """All cells as pictures, in a folder for each row."""
    files: dict[str, bytes] = {}
    for row, columns in _tracks(saved.sheet, whole=True):
        cells = saved.sheet.cells[row.number, columns]
        folder = f"{row.action.name}-{row.direction}"
        files |= {f"{folder}/{name}": png for name, png in frame_files(cells).items()}
    return pack_zip(files)


def _make_engine_files(saved: SavedSheet) -> bytes:
    size = SHEET_SIZE[0], len(saved.sheet.picture)
    return pack_zip(
        {
            "sheet.png": _make_png(saved),
            "sheet.json": sheet_data(_tracks(saved.sheet), saved.fps, size).encode(),
            "CREDITS.txt": _make_credits(saved),
        }
    )


def _make_credits(saved: SavedSheet) -> bytes:
    cells = {row.key: (np.flatnonzero(saved.drawn[row.number]) + 1).tolist() for row in ROWS}
    return completion_credits(cells, saved.model).encode()


KINDS: dict[str, tuple[str, str, Callable[[SavedSheet], bytes]]] = {
    "sheet": ("sheet.png", "image/png", _make_png),
    "frames": ("frames.zip", "application/zip", _make_frames),
    "engine": ("engine.zip", "application/zip", _make_engine_files),
    "credits": ("CREDITS.txt", "text/plain", _make_credits),
}


def _tracks(sheet: Sheet, whole: bool = False) -> list[tuple[Any, list[int]]]:
    """The rows that hold anything, each with its filled columns in playing order.

    Args:
        sheet: of which they are.
        whole: whether the column in which a walking figure stands is among them.
    """
    tracks = []
    for row in ROWS:
        order = range(row.action.columns) if whole else row.action.cycle
        columns = [column for column in order if sheet.given[row.number, column]]
        if columns:
            tracks.append((row, columns))
    return tracks


def _describe_sheet(sheet: Sheet) -> Answer:
    picture = sheet.picture
    return {
        "pixels": _packed_text(picture),
        "height": len(picture),
        "below": sheet.rows_below,
        "row": None,
    }


def _first_given_row(sheet: Sheet) -> str:
    return next(row.key for row in ROWS if sheet.given[row.number].any())


def _request_of(form: Any, *keys: str) -> dict[str, Any]:
    """The object beside the file of a form; an empty one if there is none.

    Raises:
        CodesError: if it is no JSON object with these keys, or too long.
    """
    value = json_field(form, "request", MAX_REQUEST_TEXT)
    return require_object({} if value is None else value, *keys)


def _requested_row(value: Any) -> str | None:
    if value is not None and (not isinstance(value, str) or len(value) > MAX_ROW_KEY):
        raise CodesError('A row needs to be named by its key, such as "walk, front".')
    return value


def _requested_rows(value: Any) -> list[str] | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) > len(ROWS):
        raise CodesError("The rows need to be a list of their keys, or null for all.")
    return [row for row in map(_requested_row, value) if row is not None]


def _require_cells(value: Any) -> np.ndarray:
    """Turns numbers of cells, counted row by row, into a mask with shape (21, 13)."""
    count = SHEET_ROWS * SHEET_COLUMNS
    if not isinstance(value, list) or len(value) > count:
        raise CodesError("The drawn cells need to be a list of their numbers.")
    mask = np.zeros(count, bool)
    mask[[require_integer(cell, "number of a cell", 0, count - 1) for cell in value]] = True
    return mask.reshape(SHEET_ROWS, SHEET_COLUMNS)


def _content_of(form: Any) -> bytes:
    content = uploaded_file(form)
    if content is None:
        raise ClipError(NO_FILE)
    return content


def _packed_sheet(form: Any) -> Sheet:
    return parse_sheet(_unpack(_content_of(form)))


def _unpack(content: bytes) -> np.ndarray:
    """Pixels of a whole sheet from compressed bytes: RGBA with shape (H, 832, 4).

    Raises:
        ClipError: if they are no such pixels.
    """
    row = CELL_SIDE * SHEET_SIZE[0] * 4
    reader = zlib.decompressobj()
    try:
        data = reader.decompress(content, 4 * MAX_SHEET_PIXELS)
    except zlib.error:
        data = b""
    if not reader.eof or len(data) % row or len(data) < SHEET_ROWS * row:
        raise ClipError("The pixels of the sheet are damaged: open the sheet once more.")
    return np.frombuffer(data, np.uint8).reshape(-1, SHEET_SIZE[0], 4)


def _packed_text(pixels: np.ndarray) -> str:
    """The reverse of `_unpack`, as base64 text."""
    return base64.b64encode(zlib.compress(pixels.tobytes())).decode("ascii")
