"""Measures how well the walk in a direction of which nothing is given is guessed.

    python -m rwae.evaluation.guesses --data data/lpc

Some directions are taken from the sheets of characters, whose walks in the others are given. The
guess is compared with the true cells, beside a program that shows the walk in another direction:

    exact     of the pixels that the figure or its truth shows, those of the right colour
    mask      of the same pixels, those that both show: intersection over union
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from tqdm import tqdm

from rwae import runtime
from rwae.data import lpc
from rwae.errors import RWAEError
from rwae.evaluation.tables import pipe_table
from rwae.files.sheet_layout import ROWS
from rwae.sheets.guess import Guesser, guess_walking, shipped_guesser
from rwae.sheets.sources import WALK, WALK_ROWS

# What is taken away, and the direction that the other program shows.
HIDDEN = {("back",): "front", ("front",): "back", ("left", "right"): "front"}
CHARACTERS = 24
_ROWS = {ROWS[number].direction: number for number in WALK_ROWS}


def measure(guesser: Guesser, sheet: np.ndarray, hidden: tuple[str, ...]) -> np.ndarray:
    """Guesses some directions of a character.

    Args:
        guesser: that draws.
        sheet: packed colours with shape (21, 13, 64, 64).
        hidden: a key of `HIDDEN`.

    Returns:
        Pixels that are exactly right, that both show, and that count, with shape (2 programs, 3).
    """
    trust = np.zeros(sheet.shape[:2])
    trust[list(WALK_ROWS), : WALK.columns] = 1
    rows = [_ROWS[direction] for direction in hidden]
    trust[rows] = 0
    colours = np.where(trust[..., None, None] > 0, sheet, 0)
    guess_walking(colours, trust, guesser)
    true = sheet[rows]
    other = np.broadcast_to(sheet[_ROWS[HIDDEN[hidden]]], true.shape)
    return np.stack([_compare(other, true), _compare(colours[rows], true)])


def _compare(drawn: np.ndarray, true: np.ndarray) -> np.ndarray:
    counted = (drawn > 0) | (true > 0)
    both = (drawn > 0) & (true > 0)
    return np.array([(both & (drawn == true)).sum(), both.sum(), counted.sum()])


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m rwae.evaluation.guesses",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the data set lpc")
    parser.add_argument("--split", choices=("validation", "test"), default="test")
    parser.add_argument("--characters", type=int, default=CHARACTERS)
    options = parser.parse_args(arguments)
    try:
        runtime.use_threads(1)
        wardrobe = lpc.Wardrobe(lpc.read_layers(options.data))
        characters = lpc.draw_characters(wardrobe, options.split, options.characters)
        print(table(characters))
    except RWAEError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def table(characters: list[lpc.Character]) -> str:
    """A Markdown table of all that is hidden, for the shipped guesser."""
    guesser = shipped_guesser()
    if guesser is None:
        raise RWAEError("The model that guesses is not there: fetch checkpoints/lpc.")
    sheets = [lpc.draw_sheet(one) for one in tqdm(characters, unit="character")]
    head = "other direction", "guess"
    rows = [
        ["missing", "given", *(f"{who}, {what}" for who in head for what in ("exact", "mask"))]
    ]
    for hidden in HIDDEN:
        found = np.array([measure(guesser, sheet, hidden) for sheet in sheets])
        shares = 100 * found[..., :2] / found[..., 2:]
        mean, spread = shares.mean(0).ravel(), shares.std(0, ddof=1).ravel()
        given = [direction for direction in _ROWS if direction not in hidden]
        numbers = [f"{m:.1f} ± {s:.1f}" for m, s in zip(mean, spread, strict=True)]
        rows.append([", ".join(hidden), ", ".join(given), *numbers])
    return pipe_table(rows)


if __name__ == "__main__":
    sys.exit(main())
