"""Finds directions of the static code that give a clip one value of one attribute.

The first guess uses labels alone. Least squares explain the codes as a sum of one vector for each
value of each static factor. The vector of a value, less the mean of its factor's vectors, leads
from a typical clip to one with this value. The fit removes the effect of the other factors, also
where some values occur together more often than others.

The guess is the best direction if the values of a factor lie like the corners of a simplex, each
as far from all others. If more values lie in fewer dimensions, one may lie between the others.
Then the vector is refined: clips moved along it are rendered, and a judge says whether they show
the new value, and the labelled values of the other static factors.

Directions are fitted to training clips. Everything that is chosen is chosen on validation clips:
whether a refined direction replaces the first guess, and whether the direction is offered. The
reported figures come from test clips, which choose nothing, and where there is a second judge,
from that judge, since a direction that was refined with one judge may convince this judge alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from rwae.classifiers import Judge
from rwae.codes import Codes, Factor
from rwae.editing.named_directions import DirectionName, NamedDirections
from rwae.errors import ConfigError
from rwae.evaluation.tasks import LabelledCodes, judge_rendered, split_answers
from rwae.models.base import CodeModel

FURTHEST = 3.0  # standard deviations, the end of the app's sliders
REFINED_FROM = 2.0  # where a refined direction should have arrived
FIRST_POSITION = 1.0  # standard deviations, the first position that is judged
POSITION_STEP = 0.5  # standard deviations, from one judged position to the next
REFINE_STEPS = 80
REFINED_CLIPS = 24
REFINE_LEARNING_RATE = 0.05
LEAST_REACH, LEAST_SELECTIVITY = 0.5, 0.8  # what a direction needs to be offered
GOOD_SUCCESS = 0.95  # a first guess that succeeds as often as this is not refined


@dataclass(frozen=True)
class Direction:
    """A direction in which static codes are moved; see `NamedDirections`.

    Attributes:
        mean: the origin, with shape (D,).
        read: reads the coordinate, whose deviation over the clips is one, with shape (D,).
        write: what one unit adds to the code, with shape (D,); read @ write is one.
    """

    mean: Tensor
    read: Tensor
    write: Tensor

    def coordinate(self, static: Tensor) -> Tensor:
        """How far codes (N, D) are along it, with shape (N,)."""
        return (static - self.mean) @ self.read

    def move(self, static: Tensor, to: float | Tensor) -> Tensor:
        """Moves codes (N, D) forward to a coordinate; codes beyond it are not moved."""
        missing = (to - self.coordinate(static)).clamp_min(0)
        return static + missing[:, None] * self.write

    def along(self, write: Tensor) -> Direction:
        """The same coordinate, reached another way: `write` of any length."""
        return Direction(self.mean, self.read, write / (self.read @ write))


def value_effects(known: LabelledCodes, factors: Sequence[Factor]) -> list[Tensor]:
    """What each value of each static factor adds to a code.

    Returns:
        For each static factor the vectors of its values, with shape (K, D), of mean zero.
    """
    static = known.codes.static.double()
    ones = [
        F.one_hot(known.labels[:, column], len(factor.values)).double()
        for column, factor in enumerate(factors)
        if factor.static
    ]
    shown = torch.cat(ones, 1)
    # Each row of `shown` sums to the number of factors, so that only differences of values are
    # determined; of all solutions "gelsd" takes the shortest.
    found = torch.linalg.lstsq(
        shown - shown.mean(0), static - static.mean(0), driver="gelsd"
    ).solution
    parts = found.split([one.shape[1] for one in ones])
    return [(part - part.mean(0)).float() for part in parts]


def first_guess(static: Tensor, effect: Tensor) -> Direction | None:
    """The direction of one effect (D,) among codes (N, D); None if it does nothing."""
    mean = static.mean(0)
    deviation = ((static - mean) @ effect).std(correction=0)
    if float(deviation) < 1e-6:
        return None
    return Direction(mean, effect / deviation, effect).along(effect)


def refine_direction(
    model: CodeModel,
    judge: Judge,
    known: LabelledCodes,
    start: Direction,
    target: tuple[int, int],
    generator: torch.Generator,
) -> Direction:
    """Turns a direction by gradient descent, so that the judge sees the wanted values.

    L = -log p(v | x) - sum_{g != f} log p(y_g | x) over the static factors g, for a single frame
    x of a training clip, moved to a coordinate between 2 and 3.

    Args:
        model: what renders.
        judge: what names the factors.
        known: training clips.
        start: the first guess.
        target: f, the column of the factor, and v, the value that it should get.
        generator: source of the batches.
    """
    column, value = target
    others = (known.labels[:, column] != value).nonzero()[:, 0]
    write = start.write.clone().requires_grad_(True)
    optimizer = torch.optim.Adam([write], REFINE_LEARNING_RATE)
    for _ in range(REFINE_STEPS):
        chosen = others[torch.randint(len(others), (REFINED_CLIPS,), generator=generator)]
        frame = torch.randint(known.codes.dynamic.shape[1], (REFINED_CLIPS,), generator=generator)
        to = torch.empty(REFINED_CLIPS).uniform_(REFINED_FROM, FURTHEST, generator=generator)
        wanted = known.labels[chosen].clone()
        wanted[:, column] = value
        codes = known.codes[chosen]
        codes = Codes(
            codes.static, codes.dynamic[torch.arange(REFINED_CLIPS), frame][:, None], codes.action
        )
        seen = render_with_gradients(
            model, codes.with_static(start.along(write).move(codes.static, to))
        )
        losses = [
            F.cross_entropy(logits.cpu(), wanted[:, k])
            for k, (factor, logits) in enumerate(zip(judge.factors, judge(seen), strict=True))
            if factor.static
        ]
        loss = sum(losses, start=torch.zeros(()))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return start.along(write.detach())


def render_with_gradients(model: CodeModel, codes: Codes) -> Tensor:
    """As `CodeModel.decode`, but gradients pass through it."""
    codes = codes.to(model.device)
    return model.uncrop(model.decoder(codes.static, codes.dynamic, codes.action))


@dataclass(frozen=True)
class Outcome:
    """What a move does to the clips that did not show a value before it.

    Attributes:
        tested: how many these were.
        reached: how many the judge saw with the value, 3 standard deviations along or earlier.
        selective: in how many of those nothing else had changed when it did so first: the judge
            named all other factors, static and dynamic, as before the move.
    """

    tested: int
    reached: int
    selective: int

    @property
    def reach(self) -> float:
        """The share of the tested clips that got the value; 0 if none was tested."""
        return self.reached / self.tested if self.tested else 0.0

    @property
    def selectivity(self) -> float:
        """The share of the reached clips in which all else stayed; 0 if none was reached."""
        return self.selective / self.reached if self.reached else 0.0

    @property
    def success(self) -> float:
        """The share of the tested clips that got the value and kept all else."""
        return self.reach * self.selectivity


@dataclass(frozen=True)
class JudgedCodes:
    """Clips, and what the judge sees in them.

    Attributes:
        codes: of N clips, on the CPU.
        values: the likeliest of each factor, with shape (N, F).
    """

    codes: Codes
    values: Tensor


def judge_values(model: CodeModel, judge: Judge, codes: Codes) -> JudgedCodes:
    """Renders codes and asks the judge."""
    answers, _ = split_answers(judge_rendered(model, judge, codes), judge.factors)
    return JudgedCodes(codes, torch.stack([answer.argmax(-1) for answer in answers], 1))


def follow_direction(
    model: CodeModel,
    judge: Judge,
    before: JudgedCodes,
    direction: Direction,
    target: tuple[int, int],
) -> Outcome:
    """Moves clips along a direction, step by step, until the judge names the new value.

    Args:
        model: what renders.
        judge: what names the factors.
        before: the clips as they are, unmoved.
        direction: where to.
        target: the column of the factor, and the value that it should get.
    """
    column, value = target
    todo = (before.values[:, column] != value).nonzero()[:, 0]
    tested, reached, selective = len(todo), 0, 0
    here = direction.coordinate(before.codes.static)
    for to in torch.arange(FIRST_POSITION, FURTHEST + POSITION_STEP / 2, POSITION_STEP).tolist():
        moved = todo[here[todo] < to]
        if not len(moved):
            continue
        some = before.codes[moved]
        after = judge_values(
            model, judge, some.with_static(direction.move(some.static, to))
        ).values
        hit = after[:, column] == value
        changed = (after != before.values[moved]).sum(1)
        reached += int(hit.sum())
        # A clip that reached the value has changed in its factor, and should have in no other.
        selective += int((hit & (changed == 1)).sum())
        todo = todo[~torch.isin(todo, moved[hit])]
    return Outcome(tested, reached, selective)


@dataclass(frozen=True)
class FoundDirection:
    """What was found for one value.

    Attributes:
        factor: the attribute.
        value: what it should become, without the name of the attribute.
        direction: the best that was found.
        refined: whether it is a refined one.
        chosen: its effect on the validation clips.
        shown: its effect on the test clips.
    """

    factor: str
    value: str
    direction: Direction
    refined: bool
    chosen: Outcome
    shown: Outcome

    @property
    def offered(self) -> bool:
        """Whether it is good enough for a slider of the app."""
        return self.chosen.reach >= LEAST_REACH and self.chosen.selectivity >= LEAST_SELECTIVITY


def search_directions(
    model: CodeModel,
    judge: Judge,
    held_out: Judge,
    training: LabelledCodes,
    validation: Codes,
    test: Codes,
    seed: int,
) -> Iterator[FoundDirection]:
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
    chosen, shown = judge_values(model, judge, validation), judge_values(model, held_out, test)
    for column, vectors in zip(columns, value_effects(training, judge.factors), strict=True):
        factor = judge.factors[column]
        for value, vector in enumerate(vectors):
            guess = first_guess(training.codes.static, vector)
            if guess is None:
                continue
            target = column, value
            best, outcome = _best(model, judge, training, chosen, guess, target, seed)
            measured = follow_direction(model, held_out, shown, best, target)
            name = factor.name, short_value(factor, value)
            yield FoundDirection(*name, best, best is not guess, outcome, measured)


def _best(
    model: CodeModel,
    judge: Judge,
    training: LabelledCodes,
    chosen: JudgedCodes,
    guess: Direction,
    target: tuple[int, int],
    seed: int,
) -> tuple[Direction, Outcome]:
    """The first guess, or the refined direction if it does better on the clips for choosing."""
    first = follow_direction(model, judge, chosen, guess, target)
    if first.success >= GOOD_SUCCESS:
        return guess, first
    generator = torch.Generator().manual_seed(seed)
    refined = refine_direction(model, judge, training, guess, target, generator)
    second = follow_direction(model, judge, chosen, refined, target)
    return (refined, second) if second.success > first.success else (guess, first)


def short_value(factor: Factor, value: int) -> str:
    """A value without the name of its factor: "3" for "hair 3"."""
    text = factor.values[value]
    return text.removeprefix(factor.name).strip() or text


def offered_directions(found: Sequence[FoundDirection]) -> NamedDirections:
    """The directions that are offered."""
    offered = [one for one in found if one.offered]
    mean = found[0].direction.mean
    none = torch.zeros(0, len(mean))
    return NamedDirections(
        mean,
        torch.stack([one.direction.read for one in offered]) if offered else none,
        torch.stack([one.direction.write for one in offered]) if offered else none,
        tuple(
            DirectionName(
                one.factor, one.value, round(one.shown.selectivity, 4), round(one.shown.reach, 4)
            )
            for one in offered
        ),
    )
