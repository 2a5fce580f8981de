"""The refinement: a small network that sees what lies around a pixel, and what moves with it.

The trees of a pixel know nothing of the answers of other trees, but a garment is copied in one
piece. So each pixel in doubt gets four choices more, from the moves that agree best with what the
trees believe of its surroundings (`rwae.sheets.regions`). And each choice gets messages from the
eight pixels that touch it, as in belief propagation (Pearl, 1982): how likely is the colour that
this choice would bring to the neighbour, if it were copied along? And how likely are those choices
of the neighbour that would bring this colour here? A network weighs the messages. It sees
probabilities and no colours, and it is the same for all pixels, cells and characters; figures that
fall have one of their own. Its weights come from shapes that the trees did not see in training
(`rwae.training.refinement`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rwae.files.sheet_layout import CELL_SIDE, ROWS
from rwae.sheets.perceptron import Scorer
from rwae.sheets.regions import BEST, REGION_FEATURES, Regions

# A pixel is in doubt where a region offers another colour than the trees, where their likeliest
# colour is not likelier than `SURE`, or not by more than `LEAD` likelier than any other: two
# choices may have had one colour on all known shapes.
SURE = 0.9
LEAD = 0.5
# What the trees' answer counts in a refined one: little for a figure that the trees are unsure of,
# which wears strange shapes, and nearly half for one that is as familiar as known shapes.
STRANGE, FAMILIAR = 0.94, 0.97
LEAST_SHARE, MOST_SHARE = 0.25, 0.48
# To the eight pixels that touch a pixel.
AROUND = tuple((dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if dy or dx)
NEIGHBOURS = len(AROUND)
FEATURES = 7 + 2 * NEIGHBOURS + REGION_FEATURES + 2
POSTURES = ("upright", "falling")


def posture_of(row: int) -> str:
    """The posture of a row's figures: what falls is turned and torn, so neighbours tell less."""
    return POSTURES[ROWS[row].action.name == "hurt"]


@dataclass(frozen=True)
class Opinion:
    """What the trees of a cell believe of its pixels.

    Attributes:
        pixels: row and column of each, with shape (P, 2).
        belief: probability that the colour of each choice is right, with shape (P, 9).
        extended: the colour of each choice, and those that it would bring to the pixels around,
            with shape (P, 9, 9); the first choice is to be transparent. See
            `rwae.sheets.copying.extended_values`.
    """

    pixels: np.ndarray
    belief: np.ndarray
    extended: np.ndarray

    @property
    def colours(self) -> np.ndarray:
        """Of the choices, with shape (P, 9)."""
        colours: np.ndarray = self.extended[:, :, 0]
        return colours


@dataclass(frozen=True)
class Doubts:
    """The pixels of which a network is asked, Q of them.

    Attributes:
        pixels: row and column of each, with shape (Q, 2).
        colours: of the choices of the trees and of those that regions offer, shape (Q, 13).
        belief: of the trees in each, with the same shape.
        features: what the network sees of each, with shape (Q, 13, 31).
    """

    pixels: np.ndarray
    colours: np.ndarray
    belief: np.ndarray
    features: np.ndarray


@dataclass(frozen=True)
class Refinement:
    """The network of one posture.

    Attributes:
        scorer: of the choices, which takes `FEATURES` numbers of each.
    """

    scorer: Scorer

    def refine(self, doubts: Doubts, familiarity: float) -> np.ndarray:
        """The probability that each choice is right, with shape (Q, 13).

        Equal colours of a pixel have equal probabilities.

        Args:
            doubts: of a cell.
            familiarity: of the figure, in [0, 1]; see `rwae.sheets.copying.CopyingDecoder`.
        """
        score = self.scorer.scores(doubts.features)
        same = doubts.colours[:, :, None] == doubts.colours[:, None]
        score = np.where(same, score[:, None], -np.inf).max(2)
        likelihood = np.exp(score - score.max(1, keepdims=True, initial=-np.inf))
        total = (likelihood * is_first(doubts.colours)).sum(1, keepdims=True)
        share = np.interp(familiarity, (STRANGE, FAMILIAR), (LEAST_SHARE, MOST_SHARE))
        refined: np.ndarray = share * doubts.belief + (1 - share) * likelihood / total
        return refined


def find_doubts(opinion: Opinion, regions: Regions) -> Doubts:
    """Gathers the pixels in doubt, also those outside the figure to which a region offers one.

    Args:
        opinion: of the trees.
        regions: of the same cell.
    """
    offer = regions.offer()
    rows, columns = np.mgrid[:CELL_SIDE, :CELL_SIDE]
    offered = regions.colours[offer, rows + 1, columns + 1]
    number = np.full((CELL_SIDE + 2, CELL_SIDE + 2), -1)
    y, x = opinion.pixels.T.astype(np.int64) + 1
    number[y, x] = np.arange(len(y))
    outside = np.argwhere((offered > 0).any(0) & (number[1:-1, 1:-1] < 0))
    pixels = np.concatenate([opinion.pixels, outside]).astype(np.int64)
    y, x = pixels.T
    number[y + 1, x + 1] = np.arange(len(pixels))
    number[number < 0] = len(pixels)  # the last one stands for all other pixels
    # What lies outside the figure is transparent, and so is all that it would bring.
    others = ((0, len(pixels) + 1 - len(opinion.pixels)), (0, 0))
    belief = np.pad(opinion.belief, others, constant_values=1)
    extended = np.pad(opinion.extended, (*others, (0, 0)))
    trees = extended[:-1, :, 0]
    elected = np.take_along_axis(trees, belief[:-1].argmax(1)[:, None], 1)
    doubtful = find_unsure(belief[:-1], trees)
    doubtful |= (elected != offered[::BEST, y, x].T).any(1)
    asked = np.flatnonzero(doubtful)
    y, x = y[asked], x[asked]
    steps = ((0, 0), *AROUND)
    moved = [regions.colours[offer[:, y, x].T, y[:, None] + 1 + dy, x[:, None] + 1 + dx]
             for dy, dx in steps]  # fmt: skip
    choices = np.concatenate([extended[asked], np.stack(moved, -1)], 1)
    colours, of_trees = choices[:, :, 0], extended.shape[1]
    same = colours[:, of_trees:, None] == colours[:, None, :of_trees]
    own = belief[asked]
    own = np.concatenate([own, np.where(same, own[:, None], 0).max(2)], 1)
    near = np.stack([number[y + 1 + dy, x + 1 + dx] for dy, dx in AROUND], 1)
    kinds = np.zeros((*colours.shape, 2), np.float32)
    kinds[asked >= len(opinion.pixels), :, 0] = 1
    kinds[:, of_trees:, 1] = 1
    features = [
        _messages(own, choices, asked, belief, extended, near),
        regions.features(pixels[asked], colours),
        kinds,
    ]
    return Doubts(pixels[asked], colours, own, np.concatenate(features, -1, dtype=np.float32))


def find_unsure(belief: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """Of which pixels the trees are not sure: flags with shape (P,).

    Args:
        belief: of the choices, with shape (P, 9).
        colours: of the choices, with the same shape.
    """
    best = belief.argmax(1)[:, None]
    likeliest = np.take_along_axis(belief, best, 1)
    other = colours != np.take_along_axis(colours, best, 1)
    second = np.where(other, belief, 0).max(1)
    unsure: np.ndarray = (likeliest[:, 0] < SURE) | (likeliest[:, 0] - second < LEAD)
    return unsure


def _messages(
    own: np.ndarray,
    choices: np.ndarray,
    asked: np.ndarray,
    belief: np.ndarray,
    extended: np.ndarray,
    near: np.ndarray,
) -> np.ndarray:
    """What the pixels around tell of each choice of the pixels in doubt.

    Args:
        own: the trees' belief in each, with shape (Q, C).
        choices: the colours that each has and would bring, with shape (Q, C, 9).
        asked: the numbers of the pixels in doubt, with shape (Q,).
        belief: of the trees, of all pixels and of one outside the figure: shape (P + 1, 9).
        extended: of all of these, with shape (P + 1, 9, 9).
        near: the number of each pixel around, with shape (Q, 8).

    Returns:
        With shape (Q, C, 23).
    """
    colours, likeliest = choices[:, :, 0], belief.max(1)
    theirs, their_colours = belief[near][:, None], extended[near, :, 0][:, None]
    opposite = np.arange(NEIGHBOURS, 0, -1)  # of step k is step 9 - k
    received = extended[near, :, opposite][:, None]  # (Q, 1, 8, 9): what they would bring here
    alone = (
        own,
        np.log(own + 0.02),
        np.broadcast_to(likeliest[asked, None], own.shape),
        np.broadcast_to(likeliest[near].mean(1, keepdims=True), own.shape),
        np.full(own.shape, likeliest[:-1].mean()),
        colours == 0,
        (colours[:, :, None] == colours[:, None]).mean(2),
    )
    given, taken = np.zeros((2, *own.shape, NEIGHBOURS), np.float32)
    for k in range(belief.shape[1]):
        brought = choices[:, :, 1:] == their_colours[..., k]
        np.maximum(given, np.where(brought, theirs[..., k], 0), out=given)
        brought = colours[:, :, None] == received[..., k]
        np.maximum(taken, np.where(brought, theirs[..., k], 0), out=taken)
    return np.concatenate([np.stack(alone, -1), given, taken], -1, dtype=np.float32)


def is_first(colours: np.ndarray) -> np.ndarray:
    """Whether a choice is the first of its colour: flags with the shape of the colours (P, C)."""
    same = colours[:, :, None] == colours[:, None]
    earlier = np.tril(np.ones(same.shape[1:], bool), -1)
    first: np.ndarray = ~(same & earlier).any(2)
    return first
