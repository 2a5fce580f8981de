"""Finds directions of the static code that give a clip one value of one attribute.

The first guess uses labels alone. The codes are explained as a sum of one vector for each value
of each static factor, by least squares; the vector of a value, less the mean of its factor's, is
the way from a typical clip to one with this value. What goes with the other factors is taken off
by the fit, also where the values do not come equally often together.

The guess is the best there is where the values of a factor lie like the corners of a simplex, each
as far from all others. Where more values lie in fewer dimensions, one may hide between the others.
Then the vector is refined: clips moved along it are rendered, and shown to the judge, which should
name the new value and, of the other static factors, what the labels say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from rwae.classifiers import Judge
from rwae.codes import Codes, Factor
from rwae.models.base import CodeModel

FURTHEST = 3.0  # standard deviations, the end of the app's sliders
REFINED_FROM = 2.0  # where a refined direction should have arrived
STEPS = 80
BATCH = 24
RATE = 0.05


@dataclass(frozen=True)
class Labelled:
    """The codes of clips whose labels are known.

    Attributes:
        codes: of N clips, on the CPU.
        labels: class numbers, with shape (N, F).
    """

    codes: Codes
    labels: Tensor


@dataclass(frozen=True)
class Direction:
    """Which way to move a static code, and how far it is; see `rwae.editing.named.Named`.

    Attributes:
        mean: the origin, with shape (D,).
        read: reads the coordinate, whose deviation over the clips is one, with shape (D,).
        write: what one unit adds to the code, with shape (D,); read @ write is one.
    """

    mean: Tensor
    read: Tensor
    write: Tensor

    def coordinate(self, static: Tensor) -> Tensor:
        """How far codes (N, D) are, with shape (N,)."""
        return (static - self.mean) @ self.read

    def move(self, static: Tensor, to: float | Tensor) -> Tensor:
        """Moves codes (N, D) forward to a coordinate; those that are beyond it stay."""
        missing = (to - self.coordinate(static)).clamp_min(0)
        return static + missing[:, None] * self.write

    def along(self, write: Tensor) -> Direction:
        """The same coordinate, reached another way: `write` of any length."""
        return Direction(self.mean, self.read, write / (self.read @ write))


def effects(known: Labelled, factors: Sequence[Factor]) -> list[Tensor]:
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


def refine(
    model: CodeModel,
    judge: Judge,
    known: Labelled,
    start: Direction,
    target: tuple[int, int],
    generator: torch.Generator,
) -> Direction:
    """Turns a direction by gradient descent, so that the judge sees what it should.

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
    optimizer = torch.optim.Adam([write], RATE)
    for _ in range(STEPS):
        chosen = others[torch.randint(len(others), (BATCH,), generator=generator)]
        frame = torch.randint(known.codes.dynamic.shape[1], (BATCH,), generator=generator)
        to = torch.empty(BATCH).uniform_(REFINED_FROM, FURTHEST, generator=generator)
        wanted = known.labels[chosen].clone()
        wanted[:, column] = value
        codes = known.codes[chosen]
        codes = Codes(
            codes.static, codes.dynamic[torch.arange(BATCH), frame][:, None], codes.action
        )
        seen = render(model, codes.with_static(start.along(write).move(codes.static, to)))
        loss = sum(
            F.cross_entropy(logits.cpu(), wanted[:, k])
            for k, (factor, logits) in enumerate(zip(judge.factors, judge(seen), strict=True))
            if factor.static
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return start.along(write.detach())


def render(model: CodeModel, codes: Codes) -> Tensor:
    """As `CodeModel.decode`, but gradients pass through it."""
    codes = codes.to(model.device)
    return model.uncrop(model.decoder(codes.static, codes.dynamic, codes.action))
