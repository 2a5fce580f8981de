"""Measures how well missing cells of a layer alone are drawn, against their true cells.

    python -m rwae.evaluation.layers --data data/lpc

takes the layers of shapes that nothing was learned from, one colour each, on a human body of their
sex. Given are the cells of walking, or those and the ones of casting and slashing. The baseline is
the best rigid shift: the one given cell of the layer, moved, under which the body agrees best
where the layer lies. For both it counts, over all pixels of some cells,

    exact     of the pixels that the layer or its truth shows, those of the right colour
    mask      of the same pixels, those that both show: intersection over union
    dressed   of the pixels that body and layer show together, those of the right colour

in all cells, and in the hard ones: those in which the rigid shift has less than 90 % exact. A
second table has the hard cells by action, and also the mean over cells, in which small layers
count as much as large ones.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rwae import runtime
from rwae.data import lpc
from rwae.errors import RWAEError
from rwae.evaluation.tables import pipe_table
from rwae.files.sheet_layout import ROWS
from rwae.sheets.complete import shipped_decoder
from rwae.sheets.layer_decoder import (
    LayerDecoder,
    gather,
    given_beside_walking,
    load_scorers,
    number_colours,
)
from rwae.sheets.sources import TARGETS, WALK_ROWS

PROGRAMS = ("rigid shift", "layer decoder")
OURS = PROGRAMS.index("layer decoder")
MEASURES = ("exact", "mask", "dressed")
GIVEN = {"walk": (), "walk, cast, slash": ("spellcast", "slash")}
HARD = 0.9
STEP = 4  # of the target cells one in so many is measured


@dataclass(frozen=True)
class MeasuredCell:
    """What the programs make of one cell of a layer.

    Attributes:
        kind: of the layer.
        shape: of the layer.
        action: that the cell belongs to.
        given: a key of `GIVEN`.
        right: pixels that are right by each measure, with shape (2 programs, 3).
        counted: pixels that count, with the same shape.
        seconds: that the layer decoder took.
    """

    kind: str
    shape: str
    action: str
    given: str
    right: np.ndarray
    counted: np.ndarray
    seconds: float

    @property
    def hard(self) -> bool:
        """Whether a rigid shift is not enough."""
        return bool(self.right[0, 0] < HARD * self.counted[0, 0])


def measure(
    data: Path,
    split: str,
    decoder: LayerDecoder,
    step: int = STEP,
    report: Callable[[str], None] | None = None,
) -> list[MeasuredCell]:
    """Draws cells of the layers of a split.

    Args:
        data: folder of the data set.
        split: "validation" or "test".
        decoder: that is measured.
        step: one in so many target cells is measured.
        report: is told the name of each layer.
    """
    layers = lpc.read_layers(data)
    bodies = {
        sex: number_colours(lpc.draw_sheet((body,)))[0]
        for sex, body in lpc.plain_bodies(layers).items()
    }
    held_out = [one for one in layers if lpc.is_worn(one) and lpc.is_held_out(one, (split,))]
    found = []
    for (kind, shape, sex), layer in lpc.one_of_each(held_out).items():
        if report is not None:
            report(f"{kind}: {shape}, {sex}")
        sheet = number_colours(lpc.draw_sheet((layer,)))[0]
        for given, actions in GIVEN.items():
            for cell in TARGETS[::step]:
                action = ROWS[cell[0]].action.name
                # What stays the same with more rows is measured once.
                again = bool(actions) and (action in actions or action == "hurt")
                if sheet[cell].any() and _walk_is_there(sheet, cell[0]) and not again:
                    one = _measure(decoder, sheet, bodies[sex], cell, actions)
                    found.append(MeasuredCell(kind, shape, action, given, *one))
    return found


def _walk_is_there(sheet: np.ndarray, row: int) -> bool:
    directions = {ROWS[number].direction: number for number in WALK_ROWS}
    return bool(sheet[directions[ROWS[row].direction]].any())


def _measure(
    decoder: LayerDecoder,
    layer: np.ndarray,
    body: np.ndarray,
    cell: tuple[int, int],
    actions: Sequence[str],
) -> tuple[np.ndarray, np.ndarray, float]:
    known = np.zeros(layer.shape[:2], bool)
    for row in ROWS:
        there = row.number in WALK_ROWS or row.action.name in actions
        known[row.number, : row.action.columns] = there
    start = time.perf_counter()
    sheet = np.where(known[..., None, None], layer, 0)
    evidence = gather(decoder.copying, sheet, body, *cell, given_beside_walking(known, *cell))
    drawn = decoder.decide(evidence).colours
    seconds = time.perf_counter() - start
    counts = [_count(one, layer[cell], body[cell]) for one in (evidence.shifted, drawn)]
    right, counted = np.array(counts, np.float64).swapaxes(0, 1)
    return right, counted, seconds


def _count(drawn: np.ndarray, true: np.ndarray, body: np.ndarray) -> tuple[list[int], list[int]]:
    """Right and counted pixels of a cell by each measure, from colours with shape (64, 64)."""
    either, same = (drawn > 0) | (true > 0), drawn == true
    figure = either | (body > 0)
    right = [same & either, (drawn > 0) & (true > 0), same & figure]
    return [int(r.sum()) for r in right], [int(c.sum()) for c in (either, either, figure)]


def table(found: Sequence[MeasuredCell]) -> str:
    """A Markdown table in per cent: exact, mask and dressed, over the pixels of all cells."""
    measures = [f"{name}, {m}" for name in PROGRAMS for m in MEASURES]
    rows = [["given", "kind", "cells", "number", *measures]]
    kinds = [kind for kind in lpc.KINDS if any(one.kind == kind for one in found)]
    for given in GIVEN:
        for kind in (*kinds, "all"):
            for hard in (False, True):
                cells = [
                    one
                    for one in found
                    if one.given == given and kind in (one.kind, "all") and one.hard >= hard
                ]
                if cells:
                    right = np.sum([one.right for one in cells], 0)
                    share = 100 * right / np.sum([one.counted for one in cells], 0)
                    words = "hard" if hard else "all"
                    values = [f"{value:.1f}" for value in share.ravel()]
                    rows.append([given, kind, words, str(len(cells)), *values])
    return pipe_table(rows)


def by_action(found: Sequence[MeasuredCell]) -> str:
    """A Markdown table of the hard cells by action, in per cent: see `table`."""
    measures = [f"{name}, {m}" for name in PROGRAMS for m in MEASURES]
    means = [f"mean of cells, {m}" for m in MEASURES]
    rows = [["given", "action", "number", *measures, *means]]
    hard = [one for one in found if one.hard]
    actions = list(dict.fromkeys(one.action for one in hard))
    for given in GIVEN:
        for action in (*actions, "all"):
            cells = [o for o in hard if o.given == given and action in (o.action, "all")]
            if cells:
                right = np.array([one.right for one in cells])
                counted = np.array([one.counted for one in cells])
                pooled = 100 * right.sum(0) / counted.sum(0)
                mean = 100 * (right[:, OURS] / counted[:, OURS]).mean(0)
                values = [f"{value:.1f}" for value in (*pooled.ravel(), *mean)]
                rows.append([given, action, str(len(cells)), *values])
    return pipe_table(rows)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m rwae.evaluation.layers",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the data set lpc")
    parser.add_argument("--scorers", type=Path, help="file of networks; the shipped one")
    parser.add_argument("--split", choices=tuple(lpc.HELD_OUT), default="test")
    parser.add_argument("--step", type=int, default=STEP, help="one in so many cells is measured")
    options = parser.parse_args(arguments)

    def report(name: str) -> None:
        print(name, file=sys.stderr, flush=True)

    try:
        runtime.use_threads(1)
        scorers = load_scorers(options.scorers) if options.scorers else load_scorers()
        decoder = LayerDecoder(shipped_decoder(), scorers)
        found = measure(options.data, options.split, decoder, options.step, report)
    except RWAEError as error:
        print(error, file=sys.stderr)
        return 2
    print(table(found), by_action(found), sep="\n\n")
    print(f"\n{np.mean([one.seconds for one in found]):.2f} s a cell (mean)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
