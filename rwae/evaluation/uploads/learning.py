"""How well a learned character is drawn in actions that nobody gave.

Three walks are given: to the front, left and right. Casting and slashing are judged: the static
code is the learned one, the dynamic codes are those that the model infers from a clip of another
character in that action, and the result is compared with the true render of the character.

A character is learned twice: from the three clips alone, and from three rows of a sprite sheet,
whose other actions the sheet decoder drafts (`rwae.uploads.gathering`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from rwae.codes import Codes
from rwae.data import lpc, sprites
from rwae.evaluation.tables import pipe_table
from rwae.evaluation.uploads.strangers import (
    ACTION_ROWS,
    EVERY_PART,
    OTHER_BODY,
    PART_TITLES,
    PARTS,
    STRANGER_KINDS,
    draw_strangers,
    read_strangers,
    render_actions,
)
from rwae.files.sheet_layout import ROWS, join_cells, unpack_pixels
from rwae.files.video import Footage
from rwae.models.base import CodeModel
from rwae.uploads.adapt import adapt
from rwae.uploads.assess import squared_error
from rwae.uploads.gathering import draft_rows

ACTIONS = len(sprites.ACTION_NAMES)
GIVEN = slice(0, 3)  # the walks
ASKED = slice(3, ACTIONS)  # the other six clips
ASKED_ROWS = tuple(ROWS[number] for number in ACTION_ROWS[ASKED])
OTHERS = 8  # known characters that each copy is asked to draw
KNOWN = "known characters"


@dataclass(frozen=True)
class Learned:
    """One character.

    Attributes:
        kind: which part is strange.
        untuned: mean error of the asked clips, drawn by the original.
        others: mean error of known characters, drawn by the original from their codes.
        from_clips: what the three clips alone gave.
        from_sheet: what the three rows of a sheet gave.
    """

    kind: str
    untuned: float
    others: float
    from_clips: Outcome
    from_sheet: Outcome


@dataclass(frozen=True)
class Outcome:
    """A copy that learned a character.

    Attributes:
        learned: mean error of the asked clips.
        others: mean error of known characters, drawn from their codes.
        seconds: that the learning took on one core, with the drafts.
    """

    learned: float
    others: float
    seconds: float


def measure_learning(
    model: CodeModel,
    known: Codes,
    folder: Path,
    split: str,
    count: int,
    report: Callable[[Learned], None] = lambda _: None,
) -> list[Learned]:
    """Learns characters one after the other.

    Args:
        model: of the Sprites benchmark.
        known: its gallery.
        folder: with the data sets "sprites" and "lpc".
        split: "validation", on which choices are made, or "test".
        count: number of characters of each kind.
        report: is called after each.

    Raises:
        DataError: if a data set is missing.
    """
    clips = sprites.load(folder / "sprites", split)
    found = []
    for kind, number, character in _characters(folder, split, count):
        # Characters far from this one give the motion, and are asked for afterwards.
        first = (number * 17 + 5) % (len(clips) // ACTIONS - OTHERS)
        others = clips.batch(torch.arange(first * ACTIONS, (first + OTHERS) * ACTIONS))
        found.append(_measure(model, known, kind, character, others))
        report(found[-1])
    return found


def _characters(folder: Path, split: str, count: int) -> Iterator[tuple[str, int, lpc.Character]]:
    """Kind and number of each character, and the character."""
    strangers = read_strangers(folder, split)
    for kind in STRANGER_KINDS:
        drawn = draw_strangers(strangers, split, kind, count)
        yield from ((kind, n, character) for n, character in enumerate(drawn))
    for n in range(count):
        yield KNOWN, n, strangers.known(int(sprites.characters(split)[-1 - n]))


def _measure(
    model: CodeModel, known: Codes, kind: str, character: lpc.Character, others: Tensor
) -> Learned:
    """Learns one character.

    Args:
        model: the original.
        known: codes of its gallery.
        kind: which part is strange.
        character: who is learned.
        others: the nine clips of each of some known characters, of which the first moves.
    """
    x, sheet = render_actions(character), lpc.draw_sheet(character, ACTION_ROWS[GIVEN])
    motion = model.encode(others[:ACTIONS][ASKED])
    codes = model.encode(others)

    def error(copy: CodeModel, static: Tensor) -> float:
        return _error(copy, motion.with_static(static.expand(len(motion), -1)), x[ASKED])

    def learn(footage: Footage | None) -> Outcome:
        start = time.process_time()
        drafts = list(draft_rows(footage, model, ASKED_ROWS).values()) if footage else []
        learned = adapt(
            model, x[GIVEN], drafts=torch.stack(drafts) if drafts else None, known=known
        )
        seconds = time.process_time() - start
        return Outcome(
            error(learned.model, learned.codes.static[:1]),
            _error(learned.model, codes, others),
            seconds,
        )

    return Learned(
        kind,
        error(model, model.encode(x[GIVEN]).static.mean(0, keepdim=True)),
        _error(model, codes, others),
        learn(None),
        learn(Footage.of_sheet(join_cells(unpack_pixels(sheet)))),
    )


def _error(model: CodeModel, codes: Codes, x: Tensor) -> float:
    return float(squared_error(x, model.decode(codes)).mean())


def learning_table(found: list[Learned]) -> str:
    """A Markdown table: a row for each kind, then all kinds with one strange part together."""
    head = (
        *("strange", "characters", "untuned", "learned from clips", "from a sheet"),
        *("known ones", "after clips", "after a sheet", "CPU s, clips", "CPU s, sheet"),
    )
    rows: list[tuple[str, ...]] = [head]
    for kind in PARTS:
        rows.append(_row(PART_TITLES[kind], [one for one in found if one.kind == kind]))
    rows.append(_row("one part, mean", [one for one in found if one.kind in PARTS]))
    rows.append(_row(OTHER_BODY, [one for one in found if one.kind == OTHER_BODY]))
    rows.append(_row(EVERY_PART, [one for one in found if one.kind == EVERY_PART]))
    rows.append(_row("none", [one for one in found if one.kind == KNOWN]))
    return pipe_table([list(row) for row in rows])


def _row(title: str, part: list[Learned]) -> tuple[str, ...]:
    def mean_and_spread(values: list[float]) -> str:
        numbers = torch.tensor(values)
        return f"{float(numbers.mean()):.1f} ± {float(numbers.std()):.1f}"

    def mean(values: list[float]) -> str:
        return f"{sum(values) / len(values):.1f}"

    def median(values: list[float]) -> str:
        return f"{float(torch.tensor(values).quantile(0.5)):.1f}"

    clips, sheets = [one.from_clips for one in part], [one.from_sheet for one in part]
    return (
        title,
        str(len(part)),
        mean_and_spread([one.untuned for one in part]),
        mean_and_spread([one.learned for one in clips]),
        mean_and_spread([one.learned for one in sheets]),
        mean([one.others for one in part]),
        mean([one.others for one in clips]),
        mean([one.others for one in sheets]),
        median([one.seconds for one in clips]),
        median([one.seconds for one in sheets]),
    )
