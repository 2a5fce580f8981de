"""Learns the refinement of the copying decoder (`rwae.sheets.refinement`).

On shapes that the trees have seen they are surer than they should be. So some shapes of the
training split are held out here once more: trees are learned without them, for a few cells, and
the network learns from characters that wear them where these trees are right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import torch

from rwae.data import lpc
from rwae.sheets.copying import CellOf, CellTable, ask_trees
from rwae.sheets.refinement import FEATURES, Refinement, find_unsure, is_first, messages

# Shapes of the training split that the trees do not see here.
FOLD: Mapping[str, Sequence[str]] = {
    "hair": ("bangs", "longknot", "ponytail", "shoulderr", "unkempt"),
    "torso": ("long sleeves", "tight dress"),
    "over": ("overskirt", "tabard", "vest"),
    "feet": ("plate boots",),
    "head": ("chain hood", "leather cap"),
    "arms": ("plate arms",),
}
# Cells of every direction and of every action that is refined.
CELLS = ((0, 3), (2, 4), (3, 5), (5, 4), (7, 6), (13, 2), (14, 3), (17, 6), (18, 6))
STRANGERS = 42  # characters that wear shapes of the fold,
KNOWN = 84  # and characters that do not: about half as many unsure pixels
HIDDEN = 24
STEPS = 3000
BATCH = 1024
LEARNING_RATE = 3e-3
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
    seen: np.ndarray, first: np.ndarray, right: np.ndarray, seed: int = 0, steps: int = STEPS
) -> Refinement:
    """Fits the network by Adam, so that the right colours become likely.

    Args:
        seen: see `collect`, as are the flags.
        first: of each choice.
        right: of each choice.
        seed: of the first weights and the batches.
        steps: of the optimiser.
    """
    generator = torch.Generator().manual_seed(seed)
    flat = seen.reshape(-1, FEATURES)
    mean, deviation = flat.mean(0), flat.std(0) + 1e-3
    x = torch.from_numpy((seen - mean) / deviation)
    one_of, wanted = torch.from_numpy(first), torch.from_numpy(right)
    weights = [
        torch.randn(shape, generator=generator) * (2 / shape[0]) ** 0.5
        for shape in ((FEATURES, HIDDEN), (HIDDEN, HIDDEN), (HIDDEN, 1))
    ]
    biases = [torch.zeros(HIDDEN), torch.zeros(HIDDEN)]
    for parameter in (*weights, *biases):
        parameter.requires_grad_()
    optimizer = torch.optim.Adam((*weights, *biases), lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        batch = torch.randint(len(x), (BATCH,), generator=generator)
        hidden = x[batch]
        for weight, bias in zip(weights[:2], biases, strict=True):
            hidden = torch.relu(hidden @ weight + bias)
        score = (hidden @ weights[2])[..., 0].masked_fill(~one_of[batch], -1e9)
        likely = score.masked_fill(~wanted[batch], -1e9)
        loss = (score.logsumexp(1) - likely.logsumexp(1)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    first_weight, second_weight, last_weight = (one.detach().numpy() for one in weights)
    scaled = first_weight / deviation[:, None]  # takes what it sees as it is
    return Refinement(
        scaled.astype(np.float32),
        (biases[0].detach().numpy() - mean @ scaled).astype(np.float32),
        second_weight,
        biases[1].detach().numpy(),
        last_weight,
    )
