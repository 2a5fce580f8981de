"""The kinds of files that a clip can be saved as, each made of the codes on the page."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

from rwae.classifiers import has_judge, judge_of, trained_on
from rwae.codes import Codes
from rwae.editing.sprite_sheet import (
    ACTION_FRAMES,
    ACTIONS,
    CELL_SIDE,
    Motions,
    draw_sheet,
    find_motions,
)
from rwae.editing.studio import Studio
from rwae.errors import CheckpointError, ClipError, CodesError
from rwae.files import filmstrip, video
from rwae.files.codes_file import pack_codes

DATASET = "sprites"  # whose models can fill a sprite sheet
ABOUT_SHEETS = (
    "The sheet shows walking, casting and slashing from the left, the front and the right; its "
    "other cells are empty. It follows art of the Liberated Pixel Cup (CC-BY-SA 3.0 or GPL 3.0): "
    "name it where you use the sheet."
)


@dataclass(frozen=True)
class Order:
    """What to make a file of.

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


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes:
        ending: of its name.
        media: its type, as a browser calls it.
        make: turns an order into the bytes of the file, and a sentence about it or none.
    """

    ending: str
    media: str
    make: Callable[[Order], tuple[bytes, str | None]]


def _gif(order: Order) -> tuple[bytes, None]:
    clip = order.studio.decode(order.codes)[0]
    return video.encode_gif(clip, fps=order.fps, scale=order.scale), None


def _video(kind: str, order: Order) -> tuple[bytes, None]:
    clip = order.studio.decode(order.codes)[0]
    return video.encode_video(clip, kind, fps=order.fps, scale=order.scale), None


def _strip(order: Order) -> tuple[bytes, None]:
    return video.encode_image(filmstrip.sheet(order.studio.decode(order.codes)), "png"), None


def _codes(order: Order) -> tuple[bytes, None]:
    codes = Codes(order.codes.static, order.codes.dynamic)  # the model infers an action from them
    return pack_codes(codes, order.studio.name, order.studio.weights), None


def _sheet(order: Order) -> tuple[bytes, str]:
    if not fills_sheets(order.studio):
        raise ClipError(
            f"{order.studio.card.title} did not learn from sprite sheets and cannot fill one: "
            "choose another kind of file."
        )
    motions = _sheet_motions(order.studio)
    if isinstance(motions, str):
        raise CodesError(motions)
    clips, wrong = motions.perform(order.studio, order.codes.static[0])
    doubt = f" The judge does not recognise: {'; '.join(wrong)}." if wrong else ""
    return video.encode_image(draw_sheet(clips), "png"), ABOUT_SHEETS + doubt


KINDS = {
    "gif": Kind("clip.gif", "image/gif", _gif),
    "webm": Kind("clip.webm", "video/webm", functools.partial(_video, "webm")),
    "mp4": Kind("clip.mp4", "video/mp4", functools.partial(_video, "mp4")),
    "strip": Kind("strip.png", "image/png", _strip),
    "sheet": Kind("sheet.png", "image/png", _sheet),
    "codes": Kind("codes.safetensors", "application/octet-stream", _codes),
}


def kinds(studio: Studio) -> list[str]:
    """The kinds of files that a model's clips can be saved as."""
    return [kind for kind in KINDS if kind != "sheet" or fills_sheets(studio)]


def fills_sheets(studio: Studio) -> bool:
    """Whether a model's examples are real actions of sprite sheets, and a judge can name them."""
    config = studio.model.config
    fits = (config.frame_size, config.frames) == (CELL_SIDE, ACTION_FRAMES)
    learned = studio.model.encodes and trained_on(studio.folder) == DATASET
    return fits and learned and has_judge(studio.folder)


@functools.cache
def _sheet_motions(studio: Studio) -> Motions | str:
    """The motions of a sprite sheet, or why there are none: seconds for the first who asks."""
    try:
        return find_motions(studio, judge_of(studio.folder), ACTIONS)
    except (CheckpointError, CodesError) as error:
        return str(error)
