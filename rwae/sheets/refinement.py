"""The refinement of unsure pixels: a small network that sees what the pixels around will be.

The trees of a pixel know nothing of the answers of other trees, but a garment is copied in one
piece. So each choice of an unsure pixel gets messages from the eight pixels that touch it, as in
belief propagation (Pearl, 1982): how likely is the colour that this choice would bring to the
neighbour, if it were copied along? And how likely are those choices of the neighbour that would
bring this colour here? A network weighs the messages. It sees probabilities and no colours, and it
is the same for all pixels, cells and characters; figures that fall have one of their own. Its
weights come from shapes that the trees did not see in training (`rwae.training.refinement`). The
mean of its answer and that of the trees is better than either.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rwae.files.sheet_layout import ROWS
from rwae.sheets.perceptron import Scorer

# The trees are trusted where their likeliest colour is likelier than `SURE`, and by more than
# `LEAD` likelier than any other: two choices may have had one colour on all known shapes.
SURE = 0.9
LEAD = 0.5
NEIGHBOURS = 8
FEATURES = 7 + 2 * NEIGHBOURS
POSTURES = ("upright", "falling")


def posture_of(row: int) -> str:
    """The posture of a row's figures: what falls is turned and torn, so neighbours tell less."""
    return POSTURES[ROWS[row].action.name == "hurt"]


@dataclass(frozen=True)
class Refinement:
    """The network of one posture.

    Attributes:
        scorer: of the choices, which takes `FEATURES` numbers of each.
    """

    scorer: Scorer

    def refine(self, belief: np.ndarray, extended: np.ndarray, near: np.ndarray) -> np.ndarray:
        """The probabilities after the network has been asked about unsure pixels.

        Args:
            belief: probability that the colour of each choice is right, with shape (P, 9).
            extended: the colour of each choice and those that it would bring to the neighbours,
                with shape (P, 9, 9); see `rwae.sheets.copying.extended_values`.
            near: number of each neighbour, P for one outside the figure, with shape (P, 8).

        Returns:
            With shape (P, 9); equal colours of a pixel have equal probabilities.
        """
        unsure = find_unsure(belief, extended[:, :, 0])
        score = self.scorer.scores(messages(belief, extended, near, unsure))
        colours = extended[unsure, :, 0]
        same = colours[:, :, None] == colours[:, None]
        score = np.where(same, score[:, None], -np.inf).max(2)
        likelihood = np.exp(score - score.max(1, keepdims=True))
        total = (likelihood * is_first(colours)).sum(1, keepdims=True)
        refined = belief.copy()
        refined[unsure] = (belief[unsure] + likelihood / total) / 2
        return refined


def find_unsure(belief: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """The numbers of the pixels of which the trees are not sure.

    Args:
        belief: see `Refinement.refine`, with shape (P, 9).
        colours: of the choices, with shape (P, 9).
    """
    best = belief.argmax(1)[:, None]
    likeliest = np.take_along_axis(belief, best, 1)
    other = colours != np.take_along_axis(colours, best, 1)
    second = np.where(other, belief, 0).max(1)
    return np.flatnonzero((likeliest[:, 0] < SURE) | (likeliest[:, 0] - second < LEAD))


def messages(
    belief: np.ndarray, extended: np.ndarray, near: np.ndarray, pixels: np.ndarray
) -> np.ndarray:
    """What the network sees of each choice of some pixels.

    Args:
        belief: see `Refinement.refine`, as are `extended` and `near`.
        extended: of all pixels.
        near: of all pixels.
        pixels: numbers of the Q pixels that are asked for.

    Returns:
        With shape (Q, 9, 23).
    """
    # What lies outside the figure is transparent, and so is all that it would bring.
    belief = np.concatenate([belief, np.ones_like(belief[:1])])
    extended = np.concatenate([extended, np.zeros_like(extended[:1])])
    colours = extended[:, :, 0]
    likeliest = belief.max(1)
    mine, own = belief[pixels], colours[pixels]
    near = near[pixels]
    theirs = belief[near][:, None]  # (Q, 1, 8, 9)
    opposite = np.arange(NEIGHBOURS, 0, -1)  # of step k is step 9 - k
    brought = np.moveaxis(extended[pixels, :, 1:], 1, 2)[..., None] == colours[near][:, :, None]
    received = extended[near, :, opposite]  # (Q, 8, 9): the colour each of their choices brings
    shape = mine.shape
    alone = (
        mine,
        np.log(mine + 0.02),
        np.broadcast_to(likeliest[pixels, None], shape),
        np.broadcast_to(likeliest[near].mean(1, keepdims=True), shape),
        np.full(shape, likeliest[:-1].mean()),
        own == 0,
        (own[:, :, None] == own[:, None]).mean(2),
    )
    given = np.where(brought, belief[near][:, :, None], 0).max(3)  # (Q, 8, 9)
    taken = np.where(received[:, None] == own[:, :, None, None], theirs, 0).max(3)  # (Q, 9, 8)
    return np.concatenate(
        [np.stack(alone, -1), np.moveaxis(given, 1, 2), taken], -1, dtype=np.float32
    )


def is_first(colours: np.ndarray) -> np.ndarray:
    """Whether a choice is the first of its colour: flags with the shape of the colours (P, 9)."""
    same = colours[:, :, None] == colours[:, None]
    earlier = np.tril(np.ones(same.shape[1:], bool), -1)
    first: np.ndarray = ~(same & earlier).any(2)
    return first
