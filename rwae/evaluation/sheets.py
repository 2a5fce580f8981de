"""Measures how well missing cells of sprite sheets are drawn, against their true renders.

    python -m rwae.evaluation.sheets --data data/lpc

draws characters whose sheets are known, takes all cells but those of walking away, completes the
sheets, and compares. The rows of the table are programs:

    standing copy      each cell shows the figure standing, in the direction of its row
    nearest character  the same cell of the training character whose walk is most alike
    fixed flow         each pixel is copied from the one place that is right most often
    copying decoder    `rwae.sheets.complete`
    oracle             each pixel is right if any of its candidates is
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
from rwae.files.sheet_layout import (
    CELL_SIDE,
    ROWS,
    SHEET_COLUMNS,
    pack_pixels,
    unpack_pixels,
)
from rwae.sheets.complete import DRAFT_CONFIDENCE, complete, shipped_decoder
from rwae.sheets.copying import CopyingDecoder, candidate_values, load_decoder
from rwae.sheets.sheet import Sheet
from rwae.sheets.sources import TARGETS, WALK_ROWS, standing_cell

PROGRAMS = ("standing copy", "nearest character", "fixed flow", "copying decoder", "oracle")
OURS = PROGRAMS.index("copying decoder")
NEIGHBOURS = 500


@dataclass(frozen=True)
class Drawn:
    """What the programs make of one character.

    Attributes:
        novelty: what no training character wears; see `rwae.data.lpc.novelties`.
        right: exactly right pixels of each cell, with shape (5 programs, 142 cells).
        counted: pixels that the cell or its truth shows, with the same shape.
        squared: squared error of each cell, summed over pixels and colours in [0, 1], same shape.
        outside: colours that the completed sheet has and the given cells have not.
        expected: the confidence of the copying decoder in each cell, with shape (142,).
        seconds: that completing took.
    """

    novelty: str
    right: np.ndarray
    counted: np.ndarray
    squared: np.ndarray
    outside: int
    expected: np.ndarray
    seconds: float


def measure(
    data: Path,
    split: str,
    count: int,
    decoder: CopyingDecoder,
    report: Callable[[Drawn], None] | None = None,
    neighbours: int = NEIGHBOURS,
) -> list[Drawn]:
    """Completes the sheets of characters of a split.

    Args:
        data: folder of the data set.
        split: "validation", "test" or "combinations".
        count: characters of each novelty.
        decoder: that is measured.
        report: is told of each character.
        neighbours: training characters among which the nearest is looked for.
    """
    wardrobe = lpc.Wardrobe(lpc.read_layers(data))
    known = lpc.draw_characters(wardrobe, "train", neighbours)
    walks = np.stack([_walk_of(character) for character in known])
    novelties = lpc.novelties(split)
    found = []
    for n, character in enumerate(lpc.draw_characters(wardrobe, split, count * len(novelties))):
        distance = np.array([_distance(walk, _walk_of(character)) for walk in walks])
        nearest = known[int(distance.argmin())]
        one = _measure(character, nearest, decoder, novelties[n % len(novelties)])
        found.append(one)
        if report is not None:
            report(one)
    return found


def _measure(
    character: lpc.Character, nearest: lpc.Character, decoder: CopyingDecoder, novelty: str
) -> Drawn:
    truth = lpc.draw_sheet(character)
    given = np.zeros_like(truth)
    given[list(WALK_ROWS)] = truth[list(WALK_ROWS)]
    sheet = Sheet(unpack_pixels(given), np.zeros((0, SHEET_COLUMNS * CELL_SIDE, 4), np.uint8))
    start = time.perf_counter()
    completion = complete(sheet, decoder=decoder)
    seconds = time.perf_counter() - start
    drawn = pack_pixels(completion.sheet.cells)
    other = lpc.draw_sheet(nearest)
    right, counted, squared = [], [], []
    for row, column in TARGETS:
        true = truth[row, column]
        flow, oracle = _flow_and_oracle(decoder, given, true, row, column)
        cells = (given[standing_cell(row)], other[row, column], flow, drawn[row, column], oracle)
        shown = [(cell > 0) | (true > 0) for cell in cells]
        right.append([((c == true) & s).sum() for c, s in zip(cells, shown, strict=True)])
        counted.append([s.sum() for s in shown])
        squared.append([_distance(unpack_pixels(c), unpack_pixels(true)) for c in cells])
    return Drawn(
        novelty,
        np.array(right, np.float64).T,
        np.array(counted, np.float64).T,
        np.array(squared, np.float64).T,
        len(np.setdiff1d(drawn, given)),
        np.array([completion.cell_confidence[cell] for cell in TARGETS]),
        seconds,
    )


def _flow_and_oracle(
    decoder: CopyingDecoder, given: np.ndarray, true: np.ndarray, row: int, column: int
) -> tuple[np.ndarray, np.ndarray]:
    """A cell by the first candidate of each pixel, and by whichever is right, if one is."""
    table = decoder.tables[row, column]
    values = candidate_values(table, row, column, lambda r, c: given[r, c])
    y, x = table.pixels.T.astype(np.int64)
    flow, oracle = np.zeros_like(true), np.zeros_like(true)
    flow[y, x] = values[:, 0]
    possible = (values == true[y, x][:, None]).any(1) | (true[y, x] == 0)
    oracle[y, x] = np.where(possible, true[y, x], values[:, 0])
    return flow, oracle


def _walk_of(character: lpc.Character) -> np.ndarray:
    """The cells of walking as bytes with shape (36, 64, 64, 4)."""
    return unpack_pixels(np.concatenate([lpc.render_cells(character, row) for row in WALK_ROWS]))


def _distance(a: np.ndarray, b: np.ndarray) -> float:
    """The squared error of RGB bytes (..., 4), scaled to [0, 1] and summed."""
    difference = a[..., :3].astype(np.int32) - b[..., :3]
    return float(np.square(difference).sum(dtype=np.float64)) / 255**2


def table(found: Sequence[Drawn]) -> str:
    """A Markdown table: exact pixels in per cent, as mean and spread over the characters."""
    novelties = list(dict.fromkeys(one.novelty for one in found))
    hurt = np.array([ROWS[row].action.name == "hurt" for row, _ in TARGETS])
    head = [f"exact, % (n = {len(found)})", *novelties, "mean", "hurt", "squared error"]
    rows = [head]
    for number, program in enumerate(PROGRAMS):
        shares = {
            novelty: [
                100 * one.right[number].sum() / one.counted[number].sum()
                for one in found
                if one.novelty == novelty
            ]
            for novelty in novelties
        }
        fallen = np.mean(
            [100 * o.right[number, hurt].sum() / o.counted[number, hurt].sum() for o in found]
        )
        means = [np.mean(values) for values in shares.values()]
        rows.append(
            [
                program,
                *(f"{np.mean(values):.1f} ± {np.std(values):.1f}" for values in shares.values()),
                f"{np.mean(means):.1f}",
                f"{fallen:.1f}",
                f"{np.mean([one.squared[number].mean() for one in found]):.1f}",
            ]
        )
    return pipe_table(rows)


def by_action(found: Sequence[Drawn]) -> str:
    """A Markdown table of the copying decoder by action, in per cent.

    What is exactly right, what it expected, which cells it marks as drafts, and what is right in
    these and in the other cells.
    """
    actions = list(dict.fromkeys(ROWS[row].action.name for row, _ in TARGETS))
    right = np.stack([one.right[OURS] for one in found])
    counted = np.stack([one.counted[OURS] for one in found])
    expected = np.stack([one.expected for one in found])
    draft = expected < DRAFT_CONFIDENCE

    def exact(chosen: np.ndarray) -> str:
        total = counted[chosen].sum()
        return f"{100 * right[chosen].sum() / total:.1f}" if total else "-"

    rows = [["action", "exact", "expected", "drafts", "exact in drafts", "exact in others"]]
    for action in actions:
        chosen = np.zeros_like(draft)
        chosen[:, [ROWS[row].action.name == action for row, _ in TARGETS]] = True
        rows.append(
            [
                action,
                exact(chosen),
                f"{100 * expected[chosen].mean():.1f}",
                f"{100 * draft[chosen].mean():.1f}",
                exact(chosen & draft),
                exact(chosen & ~draft),
            ]
        )
    return pipe_table(rows)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m rwae.evaluation.sheets",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the data set lpc")
    parser.add_argument("--decoder", type=Path, help="file of a copying decoder; the shipped one")
    parser.add_argument("--split", choices=lpc.LPC_SPLITS[1:], default="test")
    parser.add_argument("--characters", type=int, default=12, help="of each novelty")
    options = parser.parse_args(arguments)

    def report(one: Drawn) -> None:
        share = 100 * one.right[OURS].sum() / one.counted[OURS].sum()
        print(f"{one.novelty}: {share:.1f} % in {one.seconds:.1f} s", file=sys.stderr, flush=True)

    try:
        runtime.use_threads(1)
        decoder = load_decoder(options.decoder) if options.decoder else shipped_decoder()
        found = measure(options.data, options.split, options.characters, decoder, report)
    except RWAEError as error:
        print(error, file=sys.stderr)
        return 2
    print(table(found), by_action(found), sep="\n\n")
    seconds = np.median([one.seconds for one in found])
    print(f"\n{seconds:.1f} s a sheet (median); colours outside: {sum(o.outside for o in found)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
