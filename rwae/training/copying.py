"""Finds the candidates and the decision trees of the copying decoder (`rwae.sheets.copying`).

    python -m rwae.training.copying --data data/lpc --out runs/copying
    python -m rwae.training.copying --data data/lpc --out runs/copying --package copying.npz

Training characters are drawn as whole sheets. For each pixel of a target cell, eight candidates
are found by greedy cover: each next candidate has the right colour for as many as possible of the
characters for which no earlier one has it. Then decision trees learn which choice is right, from
what two given pixels have in common (Breiman, 2001: a random forest of few and small trees, each
of which sees some of the questions). Each cell is saved when it is done, and the same command goes
on with the others.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from rwae.data import lpc
from rwae.errors import RWAEError
from rwae.files.sheet_layout import CELL_SIDE, ROWS
from rwae.sheets.copying import (
    CANDIDATES,
    DEPTH,
    LOCAL_QUESTIONS,
    OWN_QUESTIONS,
    QUESTIONS,
    TREES,
    CellTable,
    CopyingDecoder,
    anchor_values,
    candidate_values,
    load_decoder,
    neighbours,
    pack_leaf,
    save_decoder,
    slots_of,
)
from rwae.sheets.refinement import Refinement
from rwae.sheets.sources import MARGIN, REACH, TARGETS, padded, sources_of
from rwae.training import refinement

CHARACTERS = 640
COVERED_CHARACTERS = 384  # at most, of which the candidates are found; a multiple of 64
ASKED_NEARBY = 96  # questions about neighbours that a tree may ask, and
ASKED_OF_ANCHORS = 192  # about anchors; it may ask all about the pixel's own candidates
EASY = 0.99  # a choice that is right for so many characters needs no tree
LEAST_GAIN = 1.0  # fall of the squared error of a split, summed over its characters
LEAST_CHARACTERS = 6  # on each side of a split
PRIOR_CHARACTERS = 2.0  # by which a leaf is drawn towards the mean of all characters
PIXELS_AT_ONCE = 16
REFINEMENTS_FILE = "refinements.npz"


class Sheets:
    """The sheets of some characters as numbers of colours, which are only compared.

    Attributes:
        cells: by row and column, bytes with shape (64, 64, N) for N characters; 0 is transparent.
            Each character counts its own colours. From the 256th on the numbers repeat.
    """

    def __init__(self, characters: Sequence[lpc.Character]) -> None:
        rows = [np.zeros((r.action.columns, CELL_SIDE, CELL_SIDE, len(characters)), np.uint8)
                for r in ROWS]  # fmt: skip
        for n, character in enumerate(tqdm(characters, unit="character")):
            drawn = [lpc.render_cells(character, row) for row in range(len(ROWS))]
            colours = np.unique(np.concatenate([cells.ravel() for cells in drawn]))
            for row, cells in zip(rows, drawn, strict=True):
                number = np.searchsorted(colours, cells)
                row[..., n] = np.where(cells == 0, 0, (number - 1) % 255 + 1)
        self.cells = {
            (number, column): cell
            for number, row in enumerate(rows)
            for column, cell in enumerate(row)
        }

    def cell(self, row: int, column: int) -> np.ndarray:
        """The numbers of a cell, with shape (64, 64, N)."""
        return self.cells[row, column]


def find_candidates(sheets: Sheets, row: int, column: int) -> tuple[np.ndarray, np.ndarray]:
    """The pixels that any character shows in a cell, and the candidates of each.

    Returns:
        `CellTable.pixels` and `CellTable.candidates`.
    """
    target = sheets.cell(row, column)
    pixels = np.argwhere(target.any(2))
    (top, left), (bottom, right) = pixels.min(0), pixels.max(0) + 1
    covered = min(target.shape[2] // 64 * 64, COVERED_CHARACTERS)
    target = np.ascontiguousarray(target[top:bottom, left:right, :covered])
    opaque = target > 0
    chosen = np.ravel_multi_index(tuple((pixels - [top, left]).T), target.shape[:2])

    def packed(flags: np.ndarray) -> np.ndarray:
        """Flags (h, w, N) of the characters as bits, with shape (N / 64, P)."""
        bits = np.packbits(flags, axis=-1).view(np.uint64)
        return np.ascontiguousarray(bits.reshape(-1, bits.shape[-1])[chosen].T)

    sources = sources_of(row, column)
    steps = range(-REACH, REACH + 1)
    options = np.array(
        [(s, dy, dx) for s in range(len(sources)) for dy in steps for dx in steps], np.int8
    )
    right_for = np.empty((covered // 64, len(options), len(pixels)), np.uint64)
    place = 0
    for source in sources:
        cell = sheets.cell(source.row, source.column)[..., :covered]
        cell = padded(cell, source)
        for dy in steps:
            for dx in steps:
                part = cell[
                    top + dy + MARGIN : bottom + dy + MARGIN,
                    left + dx + MARGIN : right + dx + MARGIN,
                ]
                right_for[:, place] = packed((part == target) & opaque)
                place += 1
    return pixels.astype(np.uint8), options[greedy_cover(right_for, packed(opaque))]


def greedy_cover(right_for: np.ndarray, needed: np.ndarray) -> np.ndarray:
    """Chooses options for each pixel; each next one serves the most characters not yet served.

    When all are served, a second cover begins. Of options that serve as many, the one is taken
    that is right for more characters in all.

    Args:
        right_for: for which characters an option is right, as bits, with shape (W, M, P).
        needed: the characters that show the pixel, with shape (W, P).

    Returns:
        The numbers of the options, with shape (P, 8).
    """
    each = np.arange(right_for.shape[2])
    total = sum(np.bitwise_count(word).astype(np.float32) for word in right_for)
    left = needed.copy()
    chosen = np.zeros((len(each), CANDIDATES), np.int64)
    for k in range(CANDIDATES):
        gain = total * np.float32(1e-3)
        for word, open_word in zip(right_for, left, strict=True):
            gain += np.bitwise_count(word & open_word)
        for before in range(k):
            gain[chosen[:, before], each] = -1
        chosen[:, k] = best = gain.argmax(0)
        left &= ~right_for[:, best, each]
        done = ~left.any(0)
        left[:, done] = needed[:, done]
    return chosen


def grow_trees(
    table: CellTable, sheets: Sheets, row: int, column: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Learns the trees of a cell.

    Args:
        table: of the cell, of which pixels and candidates are read.
        sheets: of the training characters.
        row: of the cell.
        column: of the cell.
        seed: fixes which questions and characters a tree sees.

    Returns:
        The question of each inner node of complete binary trees, -1 where a node has no children,
        with shape (P, 3, 2^D - 1); and the probabilities of the choices in their leaves, with
        shape (P, 3, 2^D, 9).
    """
    values = candidate_values(table, row, column, sheets.cell)
    anchors = anchor_values(row, sheets.cell)
    near = neighbours(table.pixels)
    y, x = table.pixels.T.astype(np.int64)
    target = sheets.cell(row, column)[y, x]
    right = np.concatenate([(target == 0)[:, None], values == target[:, None]], 1)
    share = right.mean(2, dtype=np.float32)
    questions = np.full((len(target), TREES, 2**DEPTH - 1), -1)
    leaves = np.repeat(share[:, None, None], TREES, 1).repeat(2**DEPTH, 2)
    hard = np.flatnonzero(share.max(1) < EASY)
    generator = np.random.default_rng([seed, row, column])
    for first in range(0, len(hard), PIXELS_AT_ONCE):
        pixels = hard[first : first + PIXELS_AT_ONCE]
        slots = slots_of(values, near[pixels], anchors)
        answer = torch.from_numpy(right[pixels]).float()
        for tree in range(TREES):
            asked = np.stack([choose_questions(generator) for _ in pixels])
            weight = generator.poisson(1.0, (len(pixels), 1, answer.shape[2]))
            questions[pixels, tree], leaves[pixels, tree] = grow(
                slots, answer, asked, torch.from_numpy(weight).float()
            )
    return questions, leaves


def choose_questions(generator: np.random.Generator) -> np.ndarray:
    """The questions that one tree may ask: all about the pixel itself, and some others."""
    nearby = generator.choice(LOCAL_QUESTIONS - OWN_QUESTIONS, ASKED_NEARBY, replace=False)
    distant = generator.choice(len(QUESTIONS) - LOCAL_QUESTIONS, ASKED_OF_ANCHORS, replace=False)
    return np.concatenate(
        [np.arange(OWN_QUESTIONS), OWN_QUESTIONS + nearby, LOCAL_QUESTIONS + distant]
    )


def grow(
    slots: np.ndarray, answer: Tensor, asked: np.ndarray, weight: Tensor
) -> tuple[np.ndarray, np.ndarray]:
    """Grows one tree for each of B pixels, all levels at once.

    A split is the question that lowers the squared error of the answers most (Breiman et al.,
    1984).

    Args:
        slots: see `rwae.sheets.copying.slots_of`, with shape (B, S, N) for N characters.
        answer: which choices are right, 0 or 1, with shape (B, 9, N).
        asked: numbers of questions, with shape (B, F).
        weight: how often a character counts, with shape (B, 1, N).

    Returns:
        As `grow_trees`, for one tree of each of the pixels.
    """
    count, _, characters = answer.shape
    each = np.arange(count)[:, None]
    a, b = np.moveaxis(QUESTIONS[asked], -1, 0)
    said_yes = torch.from_numpy(slots[each, a] == slots[each, b]).float()  # (B, F, N)
    weighted = torch.cat([answer * weight, weight], 1)  # (B, 10, N)
    node = torch.zeros(count, characters, dtype=torch.int64)
    chosen = []
    for level in range(DEPTH):
        width = 2**level
        member = torch.nn.functional.one_hot(node, width).movedim(2, 1).float()  # (B, W, N)
        inside = member[:, :, None] * weighted[:, None]  # (B, W, 10, N)
        yes = torch.bmm(said_yes, inside.flatten(1, 2).mT).unflatten(2, (width, -1))
        both = inside.sum(3)[:, None]
        gain = fit_of(yes) + fit_of(both - yes) - fit_of(both)
        enough = torch.minimum(yes[..., -1], (both - yes)[..., -1]) >= LEAST_CHARACTERS
        gain, best = torch.where(enough, gain, -1.0).max(1)  # (B, W)
        split = gain > LEAST_GAIN
        chosen.append(np.where(split, np.take_along_axis(asked, best.numpy(), 1), -1))
        turn = said_yes.gather(1, best[:, :, None].expand(-1, -1, characters))
        turn = (turn * split[:, :, None]).gather(1, node[:, None])[:, 0].long()
        node = 2 * node + turn
    member = torch.nn.functional.one_hot(node, 2**DEPTH).movedim(2, 1).float() * weight
    mean = (answer * weight).sum(2) / weight.sum(2)
    sums = torch.bmm(member, answer.mT) + PRIOR_CHARACTERS * mean[:, None]
    leaves = sums / (member.sum(2, keepdim=True) + PRIOR_CHARACTERS)
    return np.concatenate(chosen, 1), leaves.numpy()


def fit_of(sums: Tensor) -> Tensor:
    """How much the means of some groups explain: sum of S_k^2 / n.

    Args:
        sums: of the answers and, last, the number of characters, with shape (..., 10).
    """
    return sums[..., :-1].square().sum(-1) / sums[..., -1].clamp(min=1e-3)


def pack_trees(
    questions: np.ndarray, leaves: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Complete trees as `sizes`, `nodes` and `right` of a `CellTable`.

    Args:
        questions: see `grow_trees`.
        leaves: see `grow_trees`.
    """
    packed = pack_leaf(leaves).tolist()
    nodes: list[int] = []
    right: list[int] = []

    def add(tree: list[int], bottom: list[int], level: int, place: int) -> None:
        question = tree[2**level - 1 + place] if level < DEPTH else -1
        if question < 0:
            # All that is below went the way of "no".
            nodes.append(bottom[place << (DEPTH - level)])
            right.append(0)
            return
        here = len(nodes)
        nodes.append(question)
        right.append(0)
        add(tree, bottom, level + 1, 2 * place)
        right[here] = len(nodes) - here
        add(tree, bottom, level + 1, 2 * place + 1)

    sizes = []
    for trees, bottoms in zip(questions.tolist(), packed, strict=True):
        for tree, bottom in zip(trees, bottoms, strict=True):
            before = len(nodes)
            add(tree, bottom, 0, 0)
            sizes.append(len(nodes) - before)
    shape = questions.shape[:2]
    return (
        np.array(sizes, np.uint8).reshape(shape),
        np.array(nodes, np.uint16),
        np.array(right, np.uint8),
    )


def learn_cell(sheets: Sheets, row: int, column: int, seed: int = 0) -> CellTable:
    """Finds candidates and trees of one target cell."""
    pixels, candidates = find_candidates(sheets, row, column)
    nothing = np.zeros(0, np.uint8)
    table = CellTable(pixels, candidates, nothing, nothing, nothing)
    questions, leaves = grow_trees(table, sheets, row, column, seed)
    return CellTable(pixels, candidates, *pack_trees(questions, leaves))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m rwae.training.copying",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the data set lpc")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument("--package", type=Path, help="file to write when all cells are learned")
    parser.add_argument("--characters", type=int, default=CHARACTERS)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    try:
        learn_all(options.data, options.out, options.characters, options.seed)
        if options.package:
            package(options.out, options.package)
    except RWAEError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def learn_all(data: Path, out: Path, count: int, seed: int) -> None:
    """Learns every cell that is not in the folder of the run yet, and then the refinements."""
    out.mkdir(parents=True, exist_ok=True)
    todo = [target for target in TARGETS if not _file_of(out, target).exists()]
    refined = (out / REFINEMENTS_FILE).exists()
    if not todo and refined:
        return
    layers = lpc.read_layers(data)
    if todo:
        sheets = Sheets(lpc.draw_characters(lpc.Wardrobe(layers), "train", count))
        for target in tqdm(todo, unit="cell"):
            table = learn_cell(sheets, *target, seed)
            save_decoder(_file_of(out, target), CopyingDecoder({target: table}))
    if not refined:
        learned = learn_refinements(layers, count, seed)
        save_decoder(out / REFINEMENTS_FILE, CopyingDecoder({}, learned))


def learn_refinements(layers: Sequence[lpc.Layer], count: int, seed: int) -> dict[str, Refinement]:
    """Learns the refinement of each posture from cells whose trees see some shapes only."""
    found: dict[str, list[tuple[np.ndarray, ...]]] = {}
    for fold in refinement.FOLDS:
        known = lpc.Wardrobe(refinement.known_layers(layers, fold))
        sheets = Sheets(lpc.draw_characters(known, "train", count))
        others = refinement.draw_characters(layers, fold)
        seen_on = Sheets(others)
        for posture, cells in fold.cells.items():
            for cell in tqdm(cells, unit="cell"):
                table = learn_cell(sheets, *cell, seed)
                examples = refinement.collect(table, cell, seen_on.cell, len(others), seed)
                found.setdefault(posture, []).append(examples)
    learned = {}
    for posture, parts in found.items():
        seen, first, right = (np.concatenate(part) for part in zip(*parts, strict=True))
        learned[posture] = refinement.fit(seen, first, right, seed)
    return learned


def package(out: Path, path: Path) -> None:
    """Puts the cells of a run and its refinements into the one file that ships."""
    tables = {}
    for target in TARGETS:
        tables.update(load_decoder(_file_of(out, target)).tables)
    save_decoder(path, CopyingDecoder(tables, load_decoder(out / REFINEMENTS_FILE).refinements))
    print(f"{path}: {len(tables)} cells, {path.stat().st_size / 1e6:.1f} MB")


def _file_of(out: Path, target: tuple[int, int]) -> Path:
    return out / f"cell-{target[0]:02d}-{target[1]:02d}.npz"


if __name__ == "__main__":
    sys.exit(main())
