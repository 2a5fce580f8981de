"""Fits any clip to a model by stated rules, each of which a person can undo.

    row         of a sprite sheet one row is played, in the order in which games play its cells
    trim        only the frames from the first to the last that were chosen are taken
    thin        of many frames as many as the model needs are taken, evenly in time
    repeat      few frames are shown for longer
    crop        the chosen part, or the middle square, is taken
    background  a figure on a plain ground is put onto the model's background
    align       a figure that is out of place, or too small or large, is put into its place

The last two need a model that knows its background and the place of its figures
(`rwae.files.domain`). A clip that such a model knows is left as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from rwae.errors import ClipError
from rwae.files import filmstrip, video
from rwae.files.sheet_layout import CELL_SIDE, LEARNED_ROWS
from rwae.files.video import Footage
from rwae.models.base import CodeModel
from rwae.uploads import sheets
from rwae.uploads.alignment import Redraw, picture_error
from rwae.uploads.assess import Fit, is_known, local_difference
from rwae.uploads.choices import Choices, Step
from rwae.uploads.figure import Fitted, Fitting
from rwae.uploads.loops import find_round


@dataclass(frozen=True)
class Row:
    """A row of a sprite sheet that holds something.

    Attributes:
        key: by which the row is chosen, such as "walk, front".
        action: such as "walk".
        direction: such as "front"; None if nobody knows.
        trained: whether the model learned from such rows.
        x: of a trained row: frames in [0, 1] with shape (T, 3, S, S); else None.
    """

    key: str
    action: str
    direction: str | None
    trained: bool
    x: Tensor | None


@dataclass(frozen=True)
class Prepared:
    """A clip as a model expects it.

    Attributes:
        x: frames in [0, 1] with shape (T, 3, S, S).
        steps: what was done, in order.
        rule: a sentence that sums up which frames and which part of them x shows.
        given: the same part in the size in which it came: bytes with shape (T, n, n, 3).
        first: number of the first frame that was taken, from 0 on.
        last: number of the last one.
        rows: of a sprite sheet; None for any other clip.
        row: key of the row that was taken.
    """

    x: Tensor
    steps: tuple[Step, ...]
    rule: str
    given: np.ndarray
    first: int
    last: int
    rows: tuple[Row, ...] | None = None
    row: str | None = None

    def assess(self, fit: Fit) -> Fit:
        """How well a model draws the clip in the size in which it came.

        A clip that came smaller than the model's frames cannot show all that a redrawing shows.
        So the redrawing is shrunk to that size before the two are compared.

        Args:
            fit: of x alone, as of `rwae.assess`.
        """
        side = self.x.shape[-1]
        if self.given.shape[1] >= side:
            return fit
        redrawn = filmstrip.to_bytes(fit.redrawn)[0]
        alike = video.resize_frames(video.shrink_like(redrawn, self.given), side)
        error = torch.tensor([picture_error(redrawn, self.given, side)])
        difference = local_difference(self.x[None], filmstrip.from_bytes(alike[None]))
        known = is_known(fit.typical, error, difference)
        return replace(fit, error=error, difference=difference, known=known)


def prepare(
    clip: np.ndarray | Footage,
    model: CodeModel,
    choices: Choices | None = None,
    *,
    redraw: Redraw | None = None,
) -> Prepared:
    """Makes of any clip what a model expects.

    Args:
        clip: RGB bytes (N, H, W, 3) as of `rwae.read_clip`; RGBA with colours as they look on
            black; a picture (H, W, 4) of a sprite sheet; or footage of a file.
        model: for which the clip is prepared.
        choices: which rules are applied; all that help by default.
        redraw: encodes and decodes clips (1, T, 3, S, S); the model itself by default.

    Raises:
        ClipError: if the model has no encoder, no frame was chosen, or the clip cannot be read as
            a sprite sheet.
    """
    choices = choices or Choices()
    footage = clip if isinstance(clip, Footage) else Footage.of(clip)
    fitting = Fitting(model, redraw or (lambda x: model.decode(model.encode(x))), choices)
    rows = _find_rows(footage, model)
    if rows is not None:
        return _prepare_row(rows, fitting)
    chosen = _choose_frames(footage, choices, model.config.frames)
    fitted = fitting.fit(footage.frames[chosen.indices], (footage.width, footage.height))
    numbers = footage.numbers[chosen.indices]
    return Prepared(
        fitted.x,
        (*chosen.steps, *fitted.steps),
        f"{chosen.words}, {fitted.part}",
        fitted.given,
        int(numbers.min()),
        int(numbers.max()),
    )


def _find_rows(footage: Footage, model: CodeModel) -> list[sheets.FoundRow] | None:
    """The rows of a sprite sheet; None if the footage is none."""
    if footage.sheet is not None:
        return sheets.find_rows(footage.sheet)
    shape = footage.frames.shape[1:]
    if footage.is_strip and learned_rows(model) and shape == (CELL_SIDE, CELL_SIDE, 4):
        return sheets.find_single_row(footage.frames) or None
    return None


def learned_rows(model: CodeModel) -> frozenset[str]:
    """The keys of the rows of a sprite sheet that a model learned from."""
    domain = model.domain
    if domain is None or model.config.frame_size != CELL_SIDE:
        return frozenset()
    return LEARNED_ROWS.get(domain.dataset, frozenset())


def _prepare_row(found: list[sheets.FoundRow], fitting: Fitting) -> Prepared:
    """Prepares the chosen row, and the others that the model learned from in the same way."""
    row = sheets.choose_row(found, fitting.choices.row)
    learned = learned_rows(fitting.model)
    frames = fitting.model.config.frames

    def fit(one: sheets.FoundRow) -> Fitted:
        return fitting.fit(one.frames[spread(len(one.frames), frames)], (CELL_SIDE, CELL_SIDE))

    fitted = fit(row)
    rows = []
    for one in found:
        # A row that stands alone says no direction: it may be any that the benchmark has.
        known = one.key in learned if one.direction else bool(learned) and one.in_benchmark
        x = (fitted if one is row else fit(one)).x if known else None
        rows.append(Row(one.key, one.action, one.direction, known, x))
    text = f"Of the sprite sheet the row {row.key} is played."
    return Prepared(
        fitted.x,
        (Step("row", text), *fitted.steps),
        f"The row {row.key} of the sprite sheet, {fitted.part}",
        fitted.given,
        0,
        len(row.frames) - 1,
        tuple(rows),
        row.key,
    )


def spread(count: int, frames: int) -> np.ndarray:
    """Which of `count` frames are shown at each of `frames` times: evenly, or each for longer."""
    if count >= frames:
        return video.even_choice(count, frames)
    return np.arange(frames) * count // frames


@dataclass(frozen=True)
class _Chosen:
    """Which frames of footage are taken, the steps that say why, and the same in short words."""

    indices: np.ndarray
    steps: tuple[Step, ...]
    words: str


def _choose_frames(footage: Footage, choices: Choices, frames: int) -> _Chosen:
    """Chooses the T frames that a model needs.

    Raises:
        ClipError: if none of the frames was chosen.
    """
    low, high = _chosen_range(footage, choices)
    inside = np.flatnonzero((footage.numbers >= low) & (footage.numbers <= high))
    if not len(inside):
        raise ClipError(
            f"The clip has {footage.count} frames, and none of them is from {low} to {high}: "
            f"choose frames from 0 to {footage.count - 1}."
        )
    steps: list[Step] = []
    thinned: list[Step] = []
    repeats: list[str] = []
    if choices.first is not None or choices.last is not None:
        text = f"The frames {low + 1} to {high + 1} of {footage.count} are taken."
        steps.append(Step("trim", text))
    else:
        if not footage.complete:
            text = f"The file is long: its first {footage.count} frames were read."
            steps.append(Step("trim", text))
        inside, high, repeats = _one_round(footage, choices, inside, high)
    count = high - low + 1
    words = video.frames_in_words(count, frames) if count >= frames else f"The {count} frames"
    if len(inside) >= frames:
        if count > frames:
            thinned = [Step("thin", f"Taken: {words[0].lower()}{words[1:]}.")]
        inside = inside[video.even_choice(len(inside), frames)]
    else:
        held = spread(len(inside), frames)
        if not choices.repeat:
            held = np.arange(frames) % len(inside)
        played = " ".join(str(number + 1) for number in held)
        how = "are shown for longer" if choices.repeat else "are played again from the first"
        repeats.append(f"Its {len(inside)} frames {how}, as the model needs {frames}: {played}.")
        inside = inside[held]
    if repeats:
        steps.append(Step("repeat", " ".join(repeats), choices.repeat))
    return _Chosen(inside, (*steps, *thinned), words)


def _one_round(
    footage: Footage, choices: Choices, inside: np.ndarray, high: int
) -> tuple[np.ndarray, int, list[str]]:
    """One round of a clip that repeats itself, its last number, and what to say of it."""
    length = find_round(footage.frames[inside])
    if length is None:
        return inside, high, []
    count = int(footage.numbers[inside[length]] - footage.numbers[inside[0]])
    text = f"The clip repeats itself after {count} of its {footage.count} frames"
    if not choices.repeat:
        return inside, high, [f"{text}, and all of it is taken."]
    last = int(footage.numbers[inside[0]]) + count - 1
    return inside[:length], last, [f"{text}: one round is taken."]


def _chosen_range(footage: Footage, choices: Choices) -> tuple[int, int]:
    """The numbers of the first and the last frame that may be taken."""
    low = 0 if choices.first is None else choices.first
    high = footage.count - 1 if choices.last is None else min(choices.last, footage.count - 1)
    return low, high
