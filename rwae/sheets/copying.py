"""The copying decoder: chooses for each pixel of a missing cell where to copy it from.

Each pixel of a target cell has eight candidates, which are pixels of the cells of walking, and a
ninth choice, to be transparent. Small decision trees choose. Their questions are all of one kind:
are two given pixels of the same colour? So no tree knows a colour, and any palette works. Where
the trees are unsure, `rwae.sheets.refinement` asks what lies around and what moves along.

`rwae.training.copying` finds candidates and trees from many characters. No pixel of theirs is
kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from rwae.files import installation
from rwae.files.archives import read_archive, write_archive
from rwae.files.sheet_layout import CELL_SIDE
from rwae.sheets.matching import box_sum
from rwae.sheets.perceptron import scorer_from
from rwae.sheets.refinement import (
    AROUND,
    POSTURES,
    Doubts,
    Opinion,
    Refinement,
    find_doubts,
    posture_of,
)
from rwae.sheets.regions import find_regions
from rwae.sheets.sources import MARGIN, TARGETS, padded, sources_of, standing_cell

CellOf = Callable[[int, int], np.ndarray]  # the colours of a cell, by its row and column
CANDIDATES = 8
CHOICES = CANDIDATES + 1  # choice 0 is to be transparent, choice k + 1 is candidate k
TREES = 3
DEPTH = 5  # most questions from the root of a tree to a leaf
# The pixel itself, and 24 neighbours up to seven pixels away: rows and columns from the pixel.
OFFSETS = (
    (0, 0),
    *(
        (step * dy, step * dx)
        for step in (1, 3, 7)
        for dy in (-1, 0, 1)
        for dx in (-1, 0, 1)
        if dy or dx
    ),
)
_FARTHEST = 7
STEPS = ((0, 0), *AROUND)  # to a pixel itself and to the eight that touch it
# Pixels of the figure that stands still: what two of them have in common tells what is worn.
ANCHORS = tuple((y, x) for y in range(13, 63, 4) for x in (20, 24, 28, 32, 36, 40, 44))
# A question compares two slots. The slots of a pixel are the candidates of its neighbourhood, the
# anchors, and one that is transparent.
_FIRST_ANCHOR = len(OFFSETS) * CANDIDATES
_TRANSPARENT = _FIRST_ANCHOR + len(ANCHORS)
SLOTS = _TRANSPARENT + 1
REFERENCE_CELLS = TARGETS[5:136:10]  # of all actions but the fall: how familiar is a figure?
DEFAULT_FILE = installation.checkpoints() / "sheets" / "copying.npz"


def _pairs_among(first: int, count: int) -> list[tuple[int, int]]:
    """Each slot of a group with the transparent one, and with each later one of the group."""
    group = range(first, first + count)
    return [(a, _TRANSPARENT) for a in group] + [(a, b) for a in group for b in group if a < b]


# All questions: about a pixel's own candidates, about those of each neighbour, about anchors.
_GROUPS = [
    _pairs_among(CANDIDATES * n, CANDIDATES) for n in range(len(OFFSETS))
] + [_pairs_among(_FIRST_ANCHOR, len(ANCHORS))]  # fmt: skip
QUESTIONS = np.array([pair for group in _GROUPS for pair in group], np.uint16)
OWN_QUESTIONS = len(_GROUPS[0])
LOCAL_QUESTIONS = OWN_QUESTIONS * len(OFFSETS)  # the questions about anchors come after these
LEVELS = 15  # of the probabilities in a leaf
# Of the pixels of which trees and regions are surest, so many are right on held-out shapes.
MOST_CONFIDENCE = 0.985
# Crumbs are left off: of 142 pixels of validation characters, 141 were transparent in truth.
CRUMB_WINDOW = 5
MOST_CRUMBS = 8  # pixels in the window around one


@dataclass(frozen=True)
class CellTable:
    """What is known of one target cell.

    Attributes:
        pixels: row and column of each pixel that any character shows, with shape (P, 2).
        candidates: number of the source, and the pixel's offset in it, with shape (P, 8, 3).
        sizes: number of nodes of each tree, with shape (P, 3).
        nodes: of all trees, each in preorder, with shape (M,). An inner node holds the number of
            a question. A leaf holds the probabilities that choices are right, see `pack_leaf`.
        right: distance from an inner node to the child for "yes", with shape (M,); 0 at a leaf.
            The child for "no" is the next node.
    """

    pixels: np.ndarray
    candidates: np.ndarray
    sizes: np.ndarray
    nodes: np.ndarray
    right: np.ndarray


@dataclass(frozen=True)
class CopiedCell:
    """A drawn cell.

    Attributes:
        colours: packed RGBA, with shape (64, 64); 0 is transparent.
        confidence: the probability that each of them is right, with shape (64, 64).
    """

    colours: np.ndarray
    confidence: np.ndarray


class CopyingDecoder:
    """Draws missing cells of a sheet of which the rows of walking are given.

    Attributes:
        tables: by row and column.
        refinements: of unsure pixels, by posture; where there is none, the trees are trusted.
    """

    def __init__(
        self,
        tables: Mapping[tuple[int, int], CellTable],
        refinements: Mapping[str, Refinement] | None = None,
    ) -> None:
        self.tables = dict(tables)
        self.refinements = dict(refinements or {})

    def familiarity(self, colours: np.ndarray) -> float:
        """How sure the trees are of a figure, in [0, 1]: the mean over its pixels in some cells.

        Args:
            colours: see `draw`.
        """
        sure = total = 0.0
        for cell in REFERENCE_CELLS:
            if cell in self.tables:
                opinion = ask_trees(self.tables[cell], *cell, _cells_of(colours))
                shown = 1 - opinion.belief[:, 0]
                sure += float(shown @ opinion.belief.max(1))
                total += float(shown.sum())
        return sure / total if total else 0.0

    def draw(
        self, colours: np.ndarray, row: int, column: int, familiarity: float | None = None
    ) -> CopiedCell:
        """Draws one cell.

        Args:
            colours: packed RGBA of the sheet with shape (21, 13, 64, 64); 0 is transparent.
            row: of the cell.
            column: of the cell.
            familiarity: of the figure, which is the same for all cells of a sheet.
        """
        if familiarity is None:
            familiarity = self.familiarity(colours)
        table = self.tables[row, column]
        opinion = ask_trees(table, row, column, _cells_of(colours))
        drawn = CopiedCell(
            np.zeros((CELL_SIDE, CELL_SIDE), colours.dtype),
            np.ones((CELL_SIDE, CELL_SIDE), np.float32),
        )
        _set(drawn, opinion.pixels, *elect(opinion.colours, opinion.belief))
        if refinement := self.refinements.get(posture_of(row)):
            doubts = ask_regions(table, row, column, _cells_of(colours), opinion)
            refined = refinement.refine(doubts, familiarity)
            _set(drawn, doubts.pixels, *elect(doubts.colours, refined))
        crumbs = find_crumbs(drawn.colours > 0)
        drawn.colours[crumbs], drawn.confidence[crumbs] = 0, MOST_CONFIDENCE
        return drawn

    def choices(self, colours: np.ndarray, row: int, column: int) -> tuple[np.ndarray, np.ndarray]:
        """What each pixel of a cell chooses from, and what the trees believe of it.

        Args:
            colours: see `draw`; any numbers do, of which 0 is transparent.
            row: of the cell.
            column: of the cell.

        Returns:
            The choices with shape (P, 9), the first of which is transparent, and the probability
            that each is right, by each tree, with shape (P, 3, 9).
        """
        cell_of = _cells_of(colours)
        leaves, extended = see(self.tables[row, column], row, column, cell_of, STEPS[:1])
        return extended[:, :, 0], leaves


def _cells_of(colours: np.ndarray) -> CellOf:
    def cell_of(row: int, column: int) -> np.ndarray:
        cell: np.ndarray = colours[row, column]
        return cell

    return cell_of


def _set(cell: CopiedCell, pixels: np.ndarray, chosen: np.ndarray, share: np.ndarray) -> None:
    """Sets the colours of some pixels (P, 2) of a cell, and how probable they are."""
    y, x = pixels.T.astype(np.int64)
    cell.colours[y, x] = chosen
    cell.confidence[y, x] = np.minimum(share, MOST_CONFIDENCE)


def ask_trees(table: CellTable, row: int, column: int, cell_of: CellOf) -> Opinion:
    """What the trees of a cell believe together; the arguments are those of `see`."""
    leaves, extended = see(table, row, column, cell_of)
    choices = extended[:, :, 0]
    return Opinion(table.pixels, believe(choices, leaves, choices), extended)


def ask_regions(
    table: CellTable, row: int, column: int, cell_of: CellOf, opinion: Opinion
) -> Doubts:
    """The pixels of a cell that are in doubt after its trees were asked; see `ask_trees`."""
    sources = sources_of(row, column)
    regions = find_regions(
        table.pixels, table.candidates, sources, cell_of, opinion.colours, opinion.belief
    )
    return find_doubts(opinion, regions)


def see(
    table: CellTable,
    row: int,
    column: int,
    cell_of: CellOf,
    steps: Sequence[tuple[int, int]] = STEPS,
) -> tuple[np.ndarray, np.ndarray]:
    """What each tree of a cell believes, and what is seen of its pixels.

    Args:
        table: see `candidate_values`, as are the row and the column.
        cell_of: gives the colours of a cell of walking of one character, with shape (64, 64).
        steps: see `extended_values`.

    Returns:
        The probability that a choice is right, by each tree, with shape (P, 3, 9); and the colour
        at each step from each choice in its source, with shape (P, 9, S).
    """
    near = neighbours(table.pixels)
    extended = extended_values(table, row, column, cell_of, steps)
    slots = slots_of(extended[:, :, 0], near, anchor_values(row, cell_of))
    extended = np.concatenate([np.zeros_like(extended[:, :1]), extended], 1)
    return _leaves_of(table, slots), extended


def candidate_values(table: CellTable, row: int, column: int, cell_of: CellOf) -> np.ndarray:
    """The colours of the candidates.

    Args:
        table: of the target cell.
        row: of the target cell.
        column: of the target cell.
        cell_of: gives the colours of a cell of walking, with shape (64, 64, ...).

    Returns:
        With shape (P, 8, ...).
    """
    return extended_values(table, row, column, cell_of, STEPS[:1])[:, :, 0]


def extended_values(
    table: CellTable,
    row: int,
    column: int,
    cell_of: CellOf,
    steps: Sequence[tuple[int, int]] = STEPS,
) -> np.ndarray:
    """The colours of the candidates and of the pixels beside them in their sources.

    Args:
        table: see `candidate_values`, as are the row, the column and `cell_of`.
        steps: rows and columns from a candidate to what is read, at most one each.

    Returns:
        With shape (P, 8, S, ...) for S steps.
    """
    pixels = table.pixels.astype(np.int64)
    dy, dx = np.array(steps).T
    result: np.ndarray | None = None
    for number, source in enumerate(sources_of(row, column)):
        cell = padded(cell_of(source.row, source.column), source)
        if result is None:
            shape = (*table.candidates.shape[:2], len(steps), *cell.shape[2:])
            result = np.zeros(shape, cell.dtype)
        pixel, candidate = np.nonzero(table.candidates[..., 0] == number)
        place = pixels[pixel] + table.candidates[pixel, candidate, 1:] + MARGIN
        result[pixel, candidate] = cell[place[:, :1] + dy, place[:, 1:] + dx]
    assert result is not None
    return result


def anchor_values(row: int, cell_of: CellOf) -> np.ndarray:
    """The colours of the anchors of a row's target cells, with shape (A, ...)."""
    y, x = np.array(ANCHORS).T
    values: np.ndarray = cell_of(*standing_cell(row))[y, x]
    return values


def neighbours(pixels: np.ndarray) -> np.ndarray:
    """The numbers of the pixels at `OFFSETS` from each of some pixels (P, 2), with shape (P, 25).

    A place that is none of these pixels has the number P.
    """
    y, x = pixels.T.astype(np.int64) + _FARTHEST
    side = CELL_SIDE + 2 * _FARTHEST
    grid = np.full((side, side), len(pixels))
    grid[y, x] = np.arange(len(pixels))
    return np.stack([grid[y + dy, x + dx] for dy, dx in OFFSETS], 1)


def slots_of(values: np.ndarray, near: np.ndarray, anchors: np.ndarray) -> np.ndarray:
    """What the questions of each pixel compare.

    Args:
        values: the colours of the candidates, with shape (P, 8, ...).
        near: see `neighbours`, with shape (Q, 25), for some of the pixels.
        anchors: see `anchor_values`, with shape (A, ...).

    Returns:
        Colours with shape (Q, S, ...); S = `SLOTS`.
    """
    outside = np.concatenate([values, np.zeros_like(values[:1])])
    local = outside[near].reshape(len(near), _FIRST_ANCHOR, *values.shape[2:])
    same = np.broadcast_to(anchors, (len(near), *anchors.shape))
    return np.concatenate([local, same, np.zeros_like(same[:, :1])], 1)


def believe(choices: np.ndarray, leaves: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """The probability that some colours are right.

    A tree gives a colour the probability of its likeliest choice of that colour, and all trees
    together the mean of theirs.

    Args:
        choices: colours with shape (P, 9).
        leaves: probability that a choice is right, by each tree, with shape (P, 3, 9).
        colours: that are asked about, with shape (P, C).

    Returns:
        With shape (P, C).
    """
    same = choices[:, None] == colours[:, :, None]
    total = np.zeros(colours.shape, np.float32)
    for tree in np.moveaxis(leaves, 1, 0):
        total += np.where(same, tree[:, None], 0).max(2)
    mean: np.ndarray = total / leaves.shape[1]
    return mean


def elect(choices: np.ndarray, belief: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The likeliest choice of each pixel (P, 9), and its probability, both with shape (P,)."""
    best = belief.argmax(1)
    each = np.arange(len(choices))
    return choices[each, best], belief[each, best]


def find_crumbs(shown: np.ndarray) -> np.ndarray:
    """Stray pixels: small groups that have two empty pixels at least between them and the figure.

    A pixel with so many others within two pixels of it is in no small group, and neither is one
    within two pixels of such a pixel, and so on. A figure without any such pixel has no crumbs.

    Args:
        shown: which pixels are not transparent, with shape (64, 64).

    Returns:
        Flags with the same shape.
    """
    figure = shown & (box_sum(shown.view(np.uint8), CRUMB_WINDOW) > MOST_CRUMBS)
    if not figure.any():
        return figure
    while True:
        grown = shown & (box_sum(figure.view(np.uint8), CRUMB_WINDOW) > 0)
        if np.array_equal(grown, figure):
            return shown & ~figure
        figure = grown


def pack_leaf(probabilities: np.ndarray) -> np.ndarray:
    """The two likeliest choices of leaves (..., 9), and their probabilities, in 16 bits: (...)."""
    order = np.argsort(-probabilities, -1, kind="stable")[..., :2]
    levels = np.rint(np.take_along_axis(probabilities, order, -1) * LEVELS)
    first, second = np.moveaxis(order, -1, 0)
    p, q = np.moveaxis(levels.astype(np.int64), -1, 0)
    packed: np.ndarray = (first << 12 | second << 8 | p << 4 | q).astype(np.uint16)
    return packed


def unpack_leaf(packed: np.ndarray) -> np.ndarray:
    """The reverse of `pack_leaf`: probabilities with shape (..., 9)."""
    wide = packed.astype(np.int64)
    result = np.zeros((*packed.shape, CHOICES), np.float32)
    for choice, level in ((wide >> 12, wide >> 4 & 15), (wide >> 8 & 15, wide & 15)):
        share = (level / LEVELS).astype(np.float32)
        np.put_along_axis(result, choice[..., None], share[..., None], -1)
    return result


def _leaves_of(table: CellTable, slots: np.ndarray) -> np.ndarray:
    """The leaves that the trees of each pixel come to: probabilities with shape (P, 3, 9).

    Args:
        table: of the target cell.
        slots: see `slots_of`, with shape (P, S).
    """
    sizes = table.sizes.astype(np.int64)
    node = (np.cumsum(sizes) - sizes.ravel()).reshape(sizes.shape)  # the roots
    pixel = np.arange(len(sizes))[:, None]
    for _ in range(DEPTH):
        right = table.right[node].astype(np.int64)
        inner = right > 0
        a, b = np.moveaxis(QUESTIONS[np.where(inner, table.nodes[node], 0)], -1, 0)
        yes = slots[pixel, a] == slots[pixel, b]
        node = node + np.where(inner, np.where(yes, right, 1), 0)
    return unpack_leaf(table.nodes[node])


def save_decoder(path: Path, decoder: CopyingDecoder) -> None:
    """Writes the tables of all cells and the refinements as one compressed NumPy archive."""
    arrays: dict[str, np.ndarray] = {}
    keys = sorted(decoder.tables)
    for field in fields(CellTable) if keys else ():
        parts = [getattr(decoder.tables[key], field.name) for key in keys]
        arrays[field.name] = np.concatenate(parts)
    for posture, refinement in decoder.refinements.items():
        arrays |= refinement.scorer.arrays(posture)
    arrays["cells"] = np.array(keys, np.uint8).reshape(-1, 2)
    counts = [[len(decoder.tables[key].pixels), len(decoder.tables[key].nodes)] for key in keys]
    arrays["counts"] = np.array(counts, np.int32).reshape(-1, 2)
    write_archive(path, arrays)


def load_decoder(path: Path = DEFAULT_FILE) -> CopyingDecoder:
    """Reads what `save_decoder` wrote.

    Raises:
        CheckpointError: if the file is missing or damaged.
    """
    with read_archive(path, "from which sheets are completed") as arrays:
        pixels = nodes = 0
        tables = {}
        for key, (more_pixels, more_nodes) in zip(
            arrays["cells"].tolist(), arrays["counts"].tolist(), strict=True
        ):
            p, n = slice(pixels, pixels + more_pixels), slice(nodes, nodes + more_nodes)
            tables[key[0], key[1]] = CellTable(
                arrays["pixels"][p], arrays["candidates"][p], arrays["sizes"][p],
                arrays["nodes"][n], arrays["right"][n],
            )  # fmt: skip
            pixels, nodes = p.stop, n.stop
        refinements = {
            posture: Refinement(scorer_from(arrays, posture))
            for posture in POSTURES
            if any(name.startswith(posture) for name in arrays)
        }
    return CopyingDecoder(tables, refinements)
