"""Learns the refinements of the copying decoder (`rwae.sheets.refinement`).

On shapes that the trees have seen they are surer than they should be. So some shapes of the
training split are held out here once more: trees are learned without them, for a few cells, and
the network learns from characters that wear them where these trees are right. This is done twice,
with other shapes and cells, since more strange shapes make a network that is better on new ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from rwae.data import lpc
from rwae.sheets.copying import CellOf, CellTable, ask_regions, ask_trees
from rwae.sheets.refinement import Refinement, is_first
from rwae.training.scorer import fit_scorer


@dataclass(frozen=True)
class Fold:
    """One time that shapes are held out.

    Attributes:
        shapes: of the training split that the trees do not see, by kind.
        cells: of which trees are learned, by posture; together they are of every direction and
            action.
    """

    shapes: Mapping[str, Sequence[str]]
    cells: Mapping[str, Sequence[tuple[int, int]]]


FOLDS = (
    Fold(
        {
            "hair": ("bangs", "longknot", "ponytail", "shoulderr", "unkempt"),
            "torso": ("long sleeves", "tight dress"),
            "over": ("overskirt", "tabard", "vest"),
            "feet": ("plate boots",),
            "head": ("chain hood", "leather cap"),
            "arms": ("plate arms",),
        },
        {
            "upright": (
                *((0, 3), (2, 4), (3, 5), (5, 4), (7, 6), (13, 2), (14, 3), (17, 6), (18, 6)),
            ),
            "falling": ((20, 2), (20, 3), (20, 4), (20, 5)),
        },
    ),
    Fold(
        {
            "hair": ("bangsshort", "loose", "parted", "swoop", "xlongknot", "princess"),
            "torso": ("plate chest", "underdress"),
            "over": ("tattered cape", "normal cape"),
            "feet": ("shoes",),
            "head": ("tiara", "metal helm"),
            "arms": ("leather shoulders",),
            "hands": ("bracers",),
        },
        {
            "upright": (
                *((0, 4), (2, 2), (3, 6), (5, 2), (7, 3), (12, 2), (13, 4), (14, 1)),
                *((16, 8), (18, 3)),
            ),
            "falling": ((20, 1), (20, 3), (20, 4), (20, 5)),
        },
    ),
)
STRANGERS = 84  # characters of a fold that wear its shapes,
KNOWN = 56  # and characters that do not: about half as many pixels in doubt
PIXELS = 120  # in doubt of a character's cell that are learned from, at most
HIDDEN = 32
EPOCHS = 12
BATCH = 1024
_SEED = 5


def known_layers(layers: Sequence[lpc.Layer], fold: Fold) -> list[lpc.Layer]:
    """The layers of shapes that the trees of a fold see."""
    return [layer for layer in layers if layer.shape not in fold.shapes.get(layer.kind, ())]


def draw_characters(layers: Sequence[lpc.Layer], fold: Fold) -> list[lpc.Character]:
    """Strangers, which wear the fold's shapes of one kind each in turn or of all, and others."""
    generator = np.random.default_rng(_SEED + FOLDS.index(fold))
    known, whole = lpc.Wardrobe(known_layers(layers, fold)), lpc.Wardrobe(layers)
    rounds = [*({kind: shapes} for kind, shapes in fold.shapes.items()), fold.shapes]
    strangers = [whole.draw(generator, rounds[n % len(rounds)]) for n in range(STRANGERS)]
    return [*strangers, *(known.draw(generator) for _ in range(KNOWN))]


def collect(
    table: CellTable, cell: tuple[int, int], sheet: CellOf, characters: int, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What the network sees of pixels in doubt of a cell, and which choices are right.

    Args:
        table: of the cell.
        cell: its row and column.
        sheet: gives a cell of all characters, with shape (64, 64, N).
        characters: their number N.
        seed: fixes which pixels are taken.

    Returns:
        The features of the choices, in half precision, with shape (Q, 13, 31), and two flags of
        each, (Q, 13): whether it is the first of its colour, and whether it is that and right.
        Pixels of which no choice is right are left out.
    """
    draws = np.random.default_rng([seed, *cell])
    found = []
    for n in range(characters):
        one = partial(_cell_of_one, sheet, n)
        doubts = ask_regions(table, *cell, one, ask_trees(table, *cell, one))
        y, x = doubts.pixels.T
        right = doubts.colours == one(*cell)[y, x, None]
        taken = draws.permutation(np.flatnonzero(right.any(1)))[:PIXELS]
        first = is_first(doubts.colours[taken])
        found.append((doubts.features[taken].astype(np.float16), first, right[taken] & first))
    seen, first, right = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return seen, first, right


def _cell_of_one(sheet: CellOf, character: int, row: int, column: int) -> np.ndarray:
    colours: np.ndarray = sheet(row, column)[..., character]
    return colours


def fit(
    seen: np.ndarray, first: np.ndarray, right: np.ndarray, seed: int = 0, epochs: int = EPOCHS
) -> Refinement:
    """Fits the network, so that the right colours become likely.

    Args:
        seen: see `collect`, as are the flags; any number of choices.
        first: of each choice.
        right: of each choice.
        seed: of the first weights and the order.
        epochs: how often each pixel is learned from.
    """

    def loss_of(scores: Tensor, pixels: np.ndarray) -> Tensor:
        scores = scores.masked_fill(~torch.from_numpy(first[pixels]), -1e9)
        likely = scores.masked_fill(~torch.from_numpy(right[pixels]), -1e9)
        return (scores.logsumexp(1) - likely.logsumexp(1)).mean()

    return Refinement(
        fit_scorer(seen, loss_of, hidden=HIDDEN, epochs=epochs, batch=BATCH, seed=seed)
    )
