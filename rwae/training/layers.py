"""Learns the two networks of the layer decoder (`rwae.sheets.layer_decoder`).

    python -m rwae.training.layers --data data/lpc --out runs/layers --package layers.npz

The copying decoder is surer of shapes that it has learned from than of new ones, and the networks
must not rely on that. So the training shapes are dealt into three parts. For each part a copying
decoder learns some cells from characters of the other two, and the layers of the part, laid on
their body, are examples: from the walk alone, and with casting and slashing given as well. The
decoders are kept in the folder of the run, so the same command goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import itertools
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from rwae.data import lpc
from rwae.errors import RWAEError
from rwae.files.sheet_layout import ROWS
from rwae.sheets.copying import CopyingDecoder, load_decoder, save_decoder
from rwae.sheets.layer_decoder import (
    Evidence,
    gather,
    given_beside_walking,
    neighbour_features,
    save_scorers,
)
from rwae.sheets.perceptron import Scorer
from rwae.sheets.sources import TARGETS
from rwae.training.copying import Sheets, learn_cell
from rwae.training.scorer import fit_scorer

PARTS = 3
CHARACTERS = 256  # from which the decoder of a part is learned
# Cells that the decoder of a part learns, by action.
CELLS = {"spellcast": 8, "thrust": 8, "slash": 8, "shoot": 10, "hurt": 3}
GIVEN_ACTIONS = ("spellcast", "slash")
# So often a layer is an example in a cell. Most layers are of the kinds that move with the head.
SHARE = 0.6
HEAD_SHARE = {"hair": 0.15, "head": 0.2, "facial": 0.2}
# Kinds that lie on each other and serve together as one more garment.
PAIRS = (("legs", "torso"), ("torso", "over"), ("torso", "belt"), ("legs", "feet"))
PIXELS = 60  # of an example that are learned from
HIDDEN = 32
EPOCHS = 4
BATCH = 4096
UNREACHED = 0.5  # weight of a pixel whose colour no place has: any place in the layer is right


@dataclass(frozen=True)
class Example:
    """A cell of a layer with its truth.

    Attributes:
        evidence: of the cell; features are kept in half precision.
        true: the layer's colour at each of its pixels, with shape (P,).
    """

    evidence: Evidence
    true: np.ndarray


def part_of(layer: lpc.Layer, groups: Mapping[str, Sequence[str]]) -> int:
    """Which part the shape of a layer is in: shapes with alike names are in the same one."""
    kinds = sorted(groups)
    first = kinds.index(layer.kind) if len(groups[layer.kind]) < PARTS else 0
    return (first + groups[layer.kind].index(_group(layer.shape))) % PARTS


def shape_groups(layers: Iterable[lpc.Layer]) -> dict[str, list[str]]:
    """The groups of alike training shapes by kind, in the order of their names."""
    found: dict[str, set[str]] = {}
    for layer in layers:
        if lpc.is_worn(layer) and not lpc.is_held_out(layer):
            found.setdefault(layer.kind, set()).add(_group(layer.shape))
    return {kind: sorted(names) for kind, names in found.items()}


def _group(shape: str) -> str:
    return re.sub(r"\d+$|knot$|[lr]$", "", shape)


def learn_part(
    layers: Sequence[lpc.Layer], part: int, path: Path, seed: int
) -> tuple[CopyingDecoder, list[lpc.Layer]]:
    """A copying decoder that knows no shape of a part, and the layers of the part.

    Returns:
        The decoder, which is read from a file if that exists, and one layer of each shape and sex.
    """
    groups = shape_groups(layers)
    inside = [
        layer
        for layer in layers
        if lpc.is_worn(layer) and not lpc.is_held_out(layer) and part_of(layer, groups) == part
    ]
    if not path.exists():
        known = [layer for layer in layers if all(layer is not one for one in inside)]
        wardrobe = lpc.Wardrobe(known)
        sheets = Sheets(lpc.draw_characters(wardrobe, "train", CHARACTERS))
        cells = choose_cells(seed)
        tables = {cell: learn_cell(sheets, *cell, seed) for cell in tqdm(cells, unit="cell")}
        save_decoder(path, CopyingDecoder(tables))
    return load_decoder(path), list(lpc.one_of_each(inside).values())


def choose_cells(seed: int) -> list[tuple[int, int]]:
    """Some target cells of each action, in all directions."""
    draws = np.random.default_rng(seed)
    chosen: list[tuple[int, int]] = []
    for action, count in CELLS.items():
        rows = [row.number for row in ROWS if row.action.name == action]
        for row in itertools.islice(itertools.cycle(rows), count):
            left = [cell for cell in TARGETS if cell[0] == row and cell not in chosen]
            chosen.append(left[draws.integers(len(left))])
    return chosen


def examples_of(
    decoder: CopyingDecoder,
    layers: Sequence[lpc.Layer],
    bodies: Mapping[str, np.ndarray],
    seed: int,
) -> Iterator[Example]:
    """The examples of a part: its layers and pairs of them, in the cells that its decoder knows.

    Args:
        decoder: of the part.
        layers: of the part.
        bodies: colours of the body's sheet by sex, see `small_numbers`.
        seed: fixes which of the layers of a head are taken.
    """
    draws = np.random.default_rng(seed)
    garments: list[tuple[str, str, lpc.Character]] = [
        (one.kind, one.sex or "", (one,)) for one in layers
    ]
    for below, above in PAIRS:
        garments += [
            (below, a.sex or "", (a, b))
            for a in layers
            for b in layers
            if (a.kind, b.kind) == (below, above) and a.sex == b.sex and draws.random() < 0.3
        ]
    sheets = [(k, sex, small_numbers(lpc.draw_sheet(worn))) for k, sex, worn in garments]
    for row, column in tqdm(decoder.tables, unit="cell"):
        for kind, sex, sheet in sheets:
            if not sheet[row, column].any() or draws.random() >= HEAD_SHARE.get(kind, SHARE):
                continue
            more = ROWS[row].action.name not in (*GIVEN_ACTIONS, "hurt")
            for given in ((), GIVEN_ACTIONS) if more else ((),):
                yield _example(decoder, sheet, bodies[sex], (row, column), given)


def small_numbers(colours: np.ndarray) -> np.ndarray:
    """Colours of a sheet as bytes, of which 0 is transparent; from the 256th on they repeat."""
    known = np.unique(colours)
    numbers = np.searchsorted(known, colours)
    return np.where(colours == 0, 0, (numbers - 1) % 255 + 1).astype(np.uint8)


def _example(
    decoder: CopyingDecoder,
    layer: np.ndarray,
    body: np.ndarray,
    cell: tuple[int, int],
    actions: tuple[str, ...],
) -> Example:
    there = np.zeros(layer.shape[:2], bool)
    for row in ROWS:
        there[row.number, : row.action.columns] = row.action.name in actions
    evidence = gather(decoder, layer, body, *cell, given_beside_walking(there, *cell))
    evidence = replace(evidence, features=evidence.features.astype(np.float16))
    y, x = evidence.pixels.T
    return Example(evidence, layer[cell][y, x])


def choice_loss(scores: Tensor, choices: Tensor, true: Tensor) -> Tensor:
    """The negative log-likelihood of the true colour, a mean over pixels.

    Where no choice has the true colour, that of the layer being there counts, at half weight.

    Args:
        scores: of the choices, with shape (N, C).
        choices: their colours, with the same shape.
        true: colours, with shape (N,).
    """
    hit = choices == true[:, None]
    reached = hit.any(1)
    right = torch.where(reached[:, None], hit, choices > 0)
    likelihood = scores.log_softmax(1).masked_fill(~right, -30.0).logsumexp(1)
    loss = (-likelihood).clamp(max=12.0) * right.any(1)
    return torch.where(reached, loss, UNREACHED * loss).mean()


def fit(examples: Sequence[Example], more: Sequence[np.ndarray] | None, seed: int) -> Scorer:
    """Fits one network.

    Args:
        examples: whose unsure pixels are learned from.
        more: further features of each choice of each example, with shapes (P, C, G).
        seed: fixes the draw of pixels, the first weights and the order.
    """
    draws = np.random.default_rng(seed)
    parts = []
    for number, example in enumerate(examples):
        unsure = np.flatnonzero(example.evidence.unsure)
        pixels = draws.permutation(unsure)[:PIXELS]
        values = [example.evidence.features[pixels]]
        values += [] if more is None else [more[number][pixels]]
        choices = example.evidence.choices[pixels]
        parts.append((np.concatenate(values, -1), choices, example.true[pixels]))
    features, choices, true = (np.concatenate(part) for part in zip(*parts, strict=True))

    def loss_of(scores: Tensor, pixels: np.ndarray) -> Tensor:
        return choice_loss(
            scores, torch.from_numpy(choices[pixels]), torch.from_numpy(true[pixels])
        )

    return fit_scorer(features, loss_of, hidden=HIDDEN, epochs=EPOCHS, batch=BATCH, seed=seed)


def fit_both(examples: Sequence[Example], seed: int) -> tuple[Scorer, Scorer]:
    """Fits the network that scores choices, and the one that scores them again."""
    first = fit(examples, None, seed)
    more = []
    for example in tqdm(examples, unit="example"):
        evidence = example.evidence
        opinion = first.probabilities(evidence.features.astype(np.float32))
        more.append(neighbour_features(evidence, opinion).astype(np.float16))
    return first, fit(examples, more, seed)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m rwae.training.layers",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the data set lpc")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument("--package", type=Path, required=True, help="file to write")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        layers = lpc.read_layers(options.data)
        bodies = {
            sex: small_numbers(lpc.draw_sheet((body,)))
            for sex, body in lpc.plain_bodies(layers).items()
        }
        examples: list[Example] = []
        for part in range(PARTS):
            path = options.out / f"part-{part}.npz"
            decoder, worn = learn_part(layers, part, path, options.seed)
            examples += examples_of(decoder, worn, bodies, options.seed + part)
        save_scorers(options.package, fit_both(examples, options.seed))
    except RWAEError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
