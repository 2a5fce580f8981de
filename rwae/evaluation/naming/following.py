"""Follows a direction from clips it was not fitted to, and asks the judge what became of them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from rwae.classifiers import Judge
from rwae.codes import Codes
from rwae.evaluation.naming.fitting import FURTHEST, Direction
from rwae.evaluation.scores.render import judge_codes
from rwae.models.base import CodeModel

NEAREST, GAP = 1.0, 0.5  # standard deviations: where one looks first, and how far one goes on


@dataclass(frozen=True)
class Outcome:
    """What became of the clips that did not show a value before.

    Attributes:
        tested: how many these were.
        reached: how many the judge saw with the value, 3 standard deviations along or earlier.
        pure: in how many of those nothing else had changed when it did so first: the judge
            named all other factors, static and dynamic, as before the move.
    """

    tested: int
    reached: int
    pure: int

    @property
    def reach(self) -> float:
        """The share of the tested clips that got the value; 0 if none was tested."""
        return self.reached / self.tested if self.tested else 0.0

    @property
    def selectivity(self) -> float:
        """The share of the reached clips in which all else stayed; 0 if none was reached."""
        return self.pure / self.reached if self.reached else 0.0

    @property
    def success(self) -> float:
        """The share of the tested clips that got the value and kept all else."""
        return self.reach * self.selectivity


@dataclass(frozen=True)
class Seen:
    """Clips, and what the judge sees in them.

    Attributes:
        codes: of N clips, on the CPU.
        values: the likeliest of each factor, with shape (N, F).
    """

    codes: Codes
    values: Tensor


def look(model: CodeModel, judge: Judge, codes: Codes) -> Seen:
    """Renders codes and asks the judge."""
    answers = judge_codes(model, judge, codes)
    return Seen(codes, torch.stack([answer.argmax(-1) for answer in answers], 1))


def follow(
    model: CodeModel,
    judge: Judge,
    before: Seen,
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
    tested, reached, pure = len(todo), 0, 0
    here = direction.coordinate(before.codes.static)
    for to in torch.arange(NEAREST, FURTHEST + GAP / 2, GAP).tolist():
        moved = todo[here[todo] < to]
        if not len(moved):
            continue
        some = before.codes[moved]
        after = look(model, judge, some.with_static(direction.move(some.static, to))).values
        hit = after[:, column] == value
        changed = (after != before.values[moved]).sum(1)
        reached += int(hit.sum())
        # A clip that reached the value has changed in its factor, and should have in no other.
        pure += int((hit & (changed == 1)).sum())
        todo = todo[~torch.isin(todo, moved[hit])]
    return Outcome(tested, reached, pure)
