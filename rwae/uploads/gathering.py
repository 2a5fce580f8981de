"""All that a file shows of a character, to learn it from.

A clip shows one action. A sprite sheet shows several, and those that it lacks are drawn by the
sheet decoder (`rwae.sheets`), which copies pixels of walking. What it draws are drafts: they are
learned from, but how well a copy draws the character is judged by the given rows alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from rwae.errors import ClipError
from rwae.files import filmstrip
from rwae.files.sheet_layout import ROWS, SheetRow
from rwae.files.video import Footage
from rwae.models.base import CodeModel
from rwae.sheets import Sheet, complete, parse_sheet
from rwae.uploads.adapt import MAX_CLIPS
from rwae.uploads.alignment import Redraw
from rwae.uploads.choices import Choices
from rwae.uploads.figure import BLACK, on_colour
from rwae.uploads.prepare import Prepared, learned_rows, prepare, spread

# Of every cell of a draft: more than a filled cell of walking has, or one that is drawn from it.
LEAST_CONFIDENCE = 0.6


@dataclass(frozen=True)
class Gathered:
    """What there is to learn a character from.

    Attributes:
        prepared: the clip, or the row of a sheet, that was chosen.
        x: the given clips in [0, 1], with shape (B, T, 3, S, S): of a sheet the rows that the
            model knows, at most 16, the chosen one first.
        drafts: clips of the rows that the sheet lacks, with shape (D, T, 3, S, S), D >= 0.
    """

    prepared: Prepared
    x: Tensor
    drafts: Tensor


def gather(
    footage: Footage,
    model: CodeModel,
    choices: Choices | None = None,
    *,
    redraw: Redraw | None = None,
) -> Gathered:
    """Prepares all that a file shows of a character, and drafts of what a sheet lacks.

    Args:
        footage: of the file.
        model: that shall learn the character.
        choices: as of `rwae.uploads.prepare.prepare`.
        redraw: the same.

    Raises:
        ClipError: as from `prepare`.
    """
    prepared = prepare(footage, model, choices, redraw=redraw)
    rows = prepared.rows or ()
    given = [row.x for row in rows if row.x is not None and row.x is not prepared.x]
    lacking = lacking_rows(footage, model, prepared, choices)
    drafts = list(draft_rows(footage, model, lacking).values())
    return Gathered(
        prepared,
        torch.stack([prepared.x, *given[: MAX_CLIPS - 1]]),
        torch.stack(drafts) if drafts else prepared.x.new_zeros(0, *prepared.x.shape),
    )


def lacking_rows(
    footage: Footage, model: CodeModel, prepared: Prepared, choices: Choices | None = None
) -> list[SheetRow]:
    """The rows that a model knows and a sheet lacks.

    There are none unless the file is a sheet with a transparent ground, in whose cells the figure
    stands where the layout has it.

    Args:
        footage: of the file.
        model: that shall learn the character.
        prepared: the file as the model expects it.
        choices: by which it was prepared.
    """
    known = learned_rows(model)
    moved = any(step.key == "align" and step.on for step in prepared.steps)
    if footage.sheet is None or moved or (choices is not None and choices.crop is not None):
        return []
    try:
        sheet = parse_sheet(footage.sheet)
    except ClipError:  # such as an opaque ground: nobody can tell what is missing
        return []
    return [row for row in ROWS if row.key in known and _lacks(sheet, row)]


def draft_rows(footage: Footage, model: CodeModel, rows: Sequence[SheetRow]) -> dict[str, Tensor]:
    """Rows that a sheet lacks, as the sheet decoder draws them; unsure ones are left out.

    Args:
        footage: of the sheet.
        model: that shall learn the character.
        rows: of `lacking_rows`.

    Returns:
        Frames in [0, 1] with shape (T, 3, 64, 64), by the key of the row.
    """
    if not rows or footage.sheet is None or model.domain is None:
        return {}
    done = complete(parse_sheet(footage.sheet), [row.key for row in rows], guess=False)
    confidence = done.cell_confidence
    drafts = {}
    for row in rows:
        played = list(row.action.played)
        if confidence[row.number, played].min() < LEAST_CONFIDENCE:
            continue
        clip = on_colour(done.sheet.cells[row.number, played], model.domain.background or BLACK)
        clip = clip[spread(len(clip), model.config.frames)]
        drafts[row.key] = filmstrip.from_bytes(clip[None])[0]
    return drafts


def _lacks(sheet: Sheet, row: SheetRow) -> bool:
    """Whether a cell that a clip of the row plays is missing."""
    return bool(sheet.missing[row.number, list(row.action.played)].any())
