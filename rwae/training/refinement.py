"""Learns the refinements of the copying decoder (`rwae.sheets.refinement`).

On shapes that the trees have seen they are surer than they should be. So some shapes of the
training split are held out here once more: trees are learned without them, for a few cells, and
the network learns from characters that wear them where these trees are right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor

from rwae.data import lpc
from rwae.sheets.copying import CellOf, CellTable, ask_trees
from rwae.sheets.refinement import Refinement, find_unsure, is_first, messages
from rwae.training.scorer import fit_scorer

# Shapes of the training split that the trees do not see here.
FOLD: Mapping[str, Sequence[str]] = {
    "hair": ("bangs", "longknot", "ponytail", "shoulderr", "unkempt"),
    "torso": ("long sleeves", "tight dress"),
    "over": ("overskirt", "tabard", "vest"),
    "feet": ("plate boots",),
    "head": ("chain hood", "leather cap"),
    "arms": ("plate arms",),
}
# Some cells of each posture, of every direction and action.
CELLS = {
    "upright": ((0, 3), (2, 4), (3, 5), (5, 4), (7, 6), (13, 2), (14, 3), (17, 6), (18, 6)),
    "falling": ((20, 2), (20, 3), (20, 4), (20, 5)),
}
STRANGERS = 42  # characters that wear shapes of the fold,
KNOWN = 84  # and characters that do not: about half as many unsure pixels
HIDDEN = 24
EPOCHS = 40
BATCH = 1024
_SEED = 5


def known_layers(layers: Sequence[lpc.Layer]) -> list[lpc.Layer]:
    """The layers of shapes that the trees see."""
    return [layer for layer in layers if layer.shape not in FOLD.get(layer.kind, ())]


def draw_characters(layers: Sequence[lpc.Layer]) -> list[lpc.Character]:
    """Strangers, which wear the fold's shapes of one kind each in turn or of all, and others."""
    generator = np.random.default_rng(_SEED)
    known, whole = lpc.Wardrobe(known_layers(layers)), lpc.Wardrobe(layers)
    rounds = [*({kind: shapes} for kind, shapes in FOLD.items()), FOLD]
    strangers = [whole.draw(generator, rounds[n % len(rounds)]) for n in range(STRANGERS)]
    return [*strangers, *(known.draw(generator) for _ in range(KNOWN))]


def collect(
    table: CellTable, cell: tuple[int, int], sheet: CellOf, characters: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The messages of all unsure pixels of a cell, and which choices are right.

    Args:
        table: of the cell.
        cell: its row and column.
        sheet: gives a cell of all characters, with shape (64, 64, N).
        characters: their number N.

    Returns:
        What the network sees, with shape (Q, 9, 23), and two flags of each choice, (Q, 9): whether
        it is the first of its colour, and whether it is that and right. Pixels of which no choice
        is right are left out.
    """
    y, x = table.pixels.T.astype(np.int64)
    found = []
    for n in range(characters):
        belief, extended, near = ask_trees(table, *cell, partial(_cell_of_one, sheet, n))
        right = extended[:, :, 0] == sheet(*cell)[y, x, n, None]
        pixels = find_unsure(belief, extended[:, :, 0])
        pixels = pixels[right[pixels].any(1)]
        first = is_first(extended[pixels, :, 0])
        found.append((messages(belief, extended, near, pixels), first, right[pixels] & first))
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
        seen: see `collect`, as are the flags.
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
