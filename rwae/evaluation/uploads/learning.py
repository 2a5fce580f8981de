"""How well a learned character is drawn in actions that nobody gave.

Three walks are given: to the front, left and right. Casting and slashing are judged: the static
code is the learned one, the dynamic codes are those that the model infers from a clip of another
character in that action, and the result is compared with the true render of the character.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from rwae.codes import Codes
from rwae.data import sprites
from rwae.data.clips import Clips
from rwae.evaluation.tables import pipe_table
from rwae.evaluation.uploads.strangers import (
    EVERY_PART,
    OTHER_BODY,
    PART_TITLES,
    PARTS,
    STRANGER_KINDS,
    draw_strangers,
    read_strangers,
    render_actions,
)
from rwae.models.base import CodeModel
from rwae.uploads.adapt import adapt
from rwae.uploads.assess import squared_error

ACTIONS = len(sprites.ACTION_NAMES)
GIVEN = slice(0, 3)  # the walks
ASKED = slice(3, ACTIONS)  # the other six clips
OTHERS = 8  # known characters that each copy is asked to draw
KNOWN = "known characters"


@dataclass(frozen=True)
class Learned:
    """One character.

    Attributes:
        kind: which part is strange.
        untuned: mean error of the asked clips, drawn by the original.
        learned: the same, drawn by the copy.
        others_before: mean error of known characters, drawn by the original from their codes.
        others_after: the same, drawn by the copy.
        seconds: that the learning took on one core.
    """

    kind: str
    untuned: float
    learned: float
    others_before: float
    others_after: float
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
    for kind, number, x in _characters(folder, split, count, clips):
        # Characters far from this one give the motion, and are asked for afterwards.
        first = (number * 17 + 5) % (len(clips) // ACTIONS - OTHERS)
        others = clips.batch(torch.arange(first * ACTIONS, (first + OTHERS) * ACTIONS))
        found.append(_measure(model, known, kind, x, others))
        report(found[-1])
    return found


def _characters(
    folder: Path, split: str, count: int, clips: Clips
) -> Iterator[tuple[str, int, Tensor]]:
    """Kind, number and the nine clips of each character."""
    strangers = read_strangers(folder, split)
    for kind in STRANGER_KINDS:
        drawn = draw_strangers(strangers, split, kind, count)
        yield from ((kind, n, render_actions(character)) for n, character in enumerate(drawn))
    last = len(clips) // ACTIONS
    for n in range(count):
        yield KNOWN, n, clips.batch(torch.arange((last - n - 1) * ACTIONS, (last - n) * ACTIONS))


def _measure(model: CodeModel, known: Codes, kind: str, x: Tensor, others: Tensor) -> Learned:
    """Learns one character.

    Args:
        model: the original.
        known: codes of its gallery.
        kind: which part is strange.
        x: the nine clips of the character.
        others: the nine clips of each of some known characters, of which the first moves.
    """
    motion = model.encode(others[:ACTIONS][ASKED])
    given = model.encode(x[GIVEN]).static.mean(0, keepdim=True)
    start = time.process_time()
    learned = adapt(model, x[GIVEN], known=known)
    seconds = time.process_time() - start
    codes = model.encode(others)
    return Learned(
        kind,
        _error(model, motion.with_static(given.expand(len(motion), -1)), x[ASKED]),
        _error(
            learned.model, motion.with_static(learned.codes.static[:1].expand(6, -1)), x[ASKED]
        ),
        _error(model, codes, others),
        _error(learned.model, codes, others),
        seconds,
    )


def _error(model: CodeModel, codes: Codes, x: Tensor) -> float:
    return float(squared_error(x, model.decode(codes)).mean())


def learning_table(found: list[Learned]) -> str:
    """A Markdown table: a row for each kind, then all kinds with one strange part together."""
    head = ("strange", "characters", "untuned", "learned", "known ones before", "after", "CPU s")
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

    return (
        title,
        str(len(part)),
        mean_and_spread([one.untuned for one in part]),
        mean_and_spread([one.learned for one in part]),
        mean([one.others_before for one in part]),
        mean([one.others_after for one in part]),
        f"{float(torch.tensor([one.seconds for one in part]).quantile(0.5)):.1f}",
    )
