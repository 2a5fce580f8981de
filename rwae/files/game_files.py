"""Files for game engines: frames as single pictures, a sheet with its data, and the credits.

The data of a sheet is the JSON that Aseprite writes as "hash" and that TexturePacker, Phaser,
PixiJS and the importers of Godot and Unity read: a rectangle and a duration for each frame, and
tags that name the animations.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rwae.files.sheet_layout import CELL_SIDE, SHEET_SIZE, SheetRow
from rwae.files.video import encode_image

_FIRST_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest of a zip: the same content is the same file
_ARTIST = "THE ARTIST OF THE GIVEN CELLS (please fill in)\n\nTitle:\nAuthors:\nSource:\nLicence:\n"
_ARTISTS = (
    "The sheets are works of many artists of the Liberated Pixel Cup,\n"
    "https://lpc.opengameart.org.\n"
    "The file AUTHORS.txt of the collection that they belong to names them layer by layer:\n"
    "https://github.com/jrconway3/Universal-LPC-spritesheet\n"
)


def pack_zip(files: Mapping[str, bytes]) -> bytes:
    """Files by their names as a zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, _FIRST_DATE), content)
    return buffer.getvalue()


def frame_files(frames: np.ndarray, scale: int = 1) -> dict[str, bytes]:
    """The frames of a clip as PNG files, "frame-01.png" and so on.

    Args:
        frames: RGB or RGBA bytes with shape (T, H, W, 3 or 4).
        scale: whole factor by which they are enlarged, with hard edges.
    """
    enlarged = frames.repeat(scale, 1).repeat(scale, 2)
    return {f"frame-{n:02d}.png": encode_image(one, "png") for n, one in enumerate(enlarged, 1)}


def sheet_data(
    tracks: Sequence[tuple[SheetRow, Sequence[int]]],
    fps: float,
    size: tuple[int, int] = SHEET_SIZE,
) -> str:
    """The data of a sprite sheet as JSON; the picture's file is called "sheet.png".

    Args:
        tracks: rows that hold animations, each with the columns of its frames in playing order.
        fps: frames a second.
        size: width and height of the picture in pixels.
    """
    frames: dict[str, Any] = {}
    tags: list[dict[str, Any]] = []
    cell = {"w": CELL_SIDE, "h": CELL_SIDE}
    for row, columns in tracks:
        first = len(frames)
        for number, column in enumerate(columns):
            place = {"x": column * CELL_SIDE, "y": row.number * CELL_SIDE}
            frames[f"{row.action.name}-{row.direction}-{number}"] = {
                "frame": place | cell,
                "rotated": False,
                "trimmed": False,
                "spriteSourceSize": {"x": 0, "y": 0} | cell,
                "sourceSize": cell,
                "duration": round(1000 / fps),
            }
        name = f"{row.action.name}-{row.direction}"
        tags.append({"name": name, "from": first, "to": len(frames) - 1, "direction": "forward"})
    about = {
        "app": "R-WAE Studio",
        "version": "1.0",
        "image": "sheet.png",
        "format": "RGBA8888",
        "size": {"w": size[0], "h": size[1]},
        "scale": "1",
        "frameTags": tags,
    }
    return json.dumps({"frames": frames, "meta": about}, indent=1) + "\n"


def credits_text(model: str) -> str:
    """Whom a sheet of a model of the Sprites benchmark has to name, and under which licences.

    Args:
        model: title of the model.
    """
    return (
        f"These pictures were drawn by the model {model} of R-WAE Studio.\n"
        "\n"
        "The model learned from sprite sheets of the Liberated Pixel Cup, as Yingzhen Li and\n"
        "Stephan Mandt selected them for the Sprites benchmark (2018):\n"
        "https://github.com/YingzhenLi/Sprites\n"
        "Licence of these sheets, and of these pictures: CC-BY-SA 3.0, or GPL 3.0.\n"
        "\n"
        f"{_ARTISTS}"
        "\n"
        "Keep this file beside the pictures, and share what you make of them alike.\n"
    )


def completion_credits(drawn: Mapping[str, Sequence[int]], model: str | None = None) -> str:
    """Whom a completed sheet has to name; its artist adds what nobody else knows.

    Args:
        drawn: the numbers of the drawn cells, from 1 on, by the keys of their rows.
        model: title of the model that drew the given cells, if no artist did.
    """
    given = _ARTIST if model is None else f"THE GIVEN CELLS\n\n{credits_text(model)}"
    rows = [f"  {key}: {', '.join(map(str, cells))}\n" for key, cells in drawn.items() if cells]
    listed = "".join(rows) or "  none\n"
    return (
        f"{given}"
        "\n"
        "DRAWN BY R-WAE STUDIO\n"
        "\n"
        "These cells were drawn from the pixels and colours of the given ones:\n"
        f"{listed}"
        "\n"
        "How the cells of a sheet go together was learned from sprite sheets of the Liberated\n"
        "Pixel Cup. Licence of these sheets: CC-BY-SA 3.0, or GPL 3.0.\n"
        "\n"
        f"{_ARTISTS}"
    )
