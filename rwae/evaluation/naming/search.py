"""The best direction for each value of each static factor, and which of them are worth offering.

Directions are fitted to training clips. Everything that is chosen is chosen on validation clips:
whether a refined direction replaces the first guess, and whether the direction is offered. The
figures that are shown come from test clips, which choose nothing, and where there is a second
judge, from that one: a direction refined with a judge might please this judge alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from rwae.classifiers import Judge
from rwae.codes import Codes, Factor
from rwae.editing.named import Name, Named
from rwae.errors import ConfigError
from rwae.evaluation.naming.fitting import Direction, Labelled, effects, first_guess, refine
from rwae.evaluation.naming.following import Outcome, Seen, follow, look
from rwae.models.base import CodeModel

LEAST_REACH, LEAST_SELECTIVITY = 0.5, 0.8  # what a direction needs to be offered
GOOD = 0.95  # a first guess that succeeds as often as this is not refined


@dataclass(frozen=True)
class Found:
    """What was found for one value.

    Attributes:
        factor: the attribute.
        value: what it should become, without the name of the attribute.
        direction: the best that was found.
        refined: whether it is a refined one.
        chosen: what it does to the validation clips.
        shown: what it does to the test clips.
    """

    factor: str
    value: str
    direction: Direction
    refined: bool
    chosen: Outcome
    shown: Outcome

    @property
    def offered(self) -> bool:
        """Whether it is worth a slider."""
        return self.chosen.reach >= LEAST_REACH and self.chosen.selectivity >= LEAST_SELECTIVITY


def search(
    model: CodeModel,
    judge: Judge,
    held_out: Judge,
    training: Labelled,
    validation: Codes,
    test: Codes,
    seed: int,
) -> Iterator[Found]:
    """Looks for one direction for each value of each static factor, and yields what it found.

    Args:
        model: in evaluation mode.
        judge: of the same factors as the labels; directions are refined and chosen with it.
        held_out: of the same factors; says what the directions do to the test clips.
        training: clips to fit to.
        validation: clips to choose by.
        test: clips for the figures.
        seed: of the refinement.

    Raises:
        ConfigError: if there are fewer than two static factors: there is nothing to keep.
    """
    columns = [column for column, factor in enumerate(judge.factors) if factor.static]
    if len(columns) < 2:
        known = ", ".join(judge.factors[column].name for column in columns) or "none"
        raise ConfigError(
            f"The static factors of these clips are {known}: a direction that changes one "
            "attribute and keeps the others needs two or more. Name another data set."
        )
    chosen, shown = look(model, judge, validation), look(model, held_out, test)
    for column, vectors in zip(columns, effects(training, judge.factors), strict=True):
        factor = judge.factors[column]
        for value, vector in enumerate(vectors):
            guess = first_guess(training.codes.static, vector)
            if guess is None:
                continue
            target = column, value
            best, outcome = _best(model, judge, training, chosen, guess, target, seed)
            measured = follow(model, held_out, shown, best, target)
            name = factor.name, plain(factor, value)
            yield Found(*name, best, best is not guess, outcome, measured)


def _best(
    model: CodeModel,
    judge: Judge,
    training: Labelled,
    chosen: Seen,
    guess: Direction,
    target: tuple[int, int],
    seed: int,
) -> tuple[Direction, Outcome]:
    """The first guess, or the refined direction if it does better on the clips for choosing."""
    first = follow(model, judge, chosen, guess, target)
    if first.success >= GOOD:
        return guess, first
    generator = torch.Generator().manual_seed(seed)
    refined = refine(model, judge, training, guess, target, generator)
    second = follow(model, judge, chosen, refined, target)
    return (refined, second) if second.success > first.success else (guess, first)


def plain(factor: Factor, value: int) -> str:
    """A value without the name of its factor: "3" for "hair 3"."""
    text = factor.values[value]
    return text.removeprefix(factor.name).strip() or text


def named(found: Sequence[Found]) -> Named:
    """The directions that are offered."""
    offered = [one for one in found if one.offered]
    mean = found[0].direction.mean
    none = torch.zeros(0, len(mean))
    return Named(
        mean,
        torch.stack([one.direction.read for one in offered]) if offered else none,
        torch.stack([one.direction.write for one in offered]) if offered else none,
        tuple(
            Name(one.factor, one.value, round(one.shown.selectivity, 4), round(one.shown.reach, 4))
            for one in offered
        ),
    )
