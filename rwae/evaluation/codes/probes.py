"""What can be read from a code: small classifiers from codes to labels.

A probe sees codes, never pictures, so it also finds what the decoder ignores. All factors are
probed in all codes: who should be readable in the static code and how it moves in the dynamic
codes; what is readable elsewhere has leaked. Which of the two a number is follows from
`Factor.static`.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from rwae.codes import Codes, Factor

HIDDEN = 64
STEPS = 120
CHECK_EVERY = 10
RATE = 0.02
DECAY = 0.1


@dataclass(frozen=True)
class Coded:
    """The codes of some clips and what is known about these.

    Attributes:
        codes: of N clips.
        labels: class numbers, with shape (N, F).
    """

    codes: Codes
    labels: Tensor


class Probes(nn.Module):
    """One classifier for each of F factors, all trained at once and none sharing a number.

    Args:
        inputs: D, numbers that a probe sees.
        classes: K, the largest number of classes of a factor; those that a factor lacks never
            win, since no label asks for them.
        factors: F.
        hidden: units of the one hidden layer; 0 for a linear probe.
        generator: source of the first weights.
    """

    def __init__(
        self, inputs: int, classes: int, factors: int, hidden: int, generator: torch.Generator
    ) -> None:
        super().__init__()
        sizes = [inputs, hidden, classes] if hidden else [inputs, classes]
        self.weights = nn.ParameterList(
            torch.randn(factors, a, b, generator=generator) / a**0.5
            for a, b in itertools.pairwise(sizes)
        )
        self.biases = nn.ParameterList(torch.zeros(factors, 1, b) for b in sizes[1:])

    def forward(self, x: Tensor) -> Tensor:
        """Logits with shape (F, N, K) for inputs (N, D)."""
        x = x.expand(len(self.weights[0]), *x.shape)
        for number, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            x = torch.baddbmm(bias, torch.relu(x) if number else x, weight)
        return x


def probe(
    fit: tuple[Tensor, Tensor],
    choose: tuple[Tensor, Tensor],
    held_out: tuple[Tensor, Tensor],
    hidden: int,
    generator: torch.Generator,
) -> Tensor:
    """Trains a probe for every factor and says how often each is right.

    Cross-entropy with a little weight decay, Adam on the full batch, inputs whitened. Each
    factor's probe is taken at the step at which it was best on the clips for choosing.

    Args:
        fit: inputs (N, D) and class numbers (N, F) to train on.
        choose: others to choose the step by.
        held_out: others that the result is about.
        hidden: units of the hidden layer; 0 for a linear probe.
        generator: source of the first weights.

    Returns:
        The share of held-out clips that are named rightly, with shape (F,).
    """
    inputs = whiten(*(x.flatten(1).float() for x, _ in (fit, choose, held_out)))
    wanted = [labels.T for _, labels in (fit, choose, held_out)]
    classes = 1 + int(max(labels.max() for labels in wanted))
    probes = Probes(inputs[0].shape[1], classes, len(wanted[0]), hidden, generator)
    optimizer = torch.optim.AdamW(probes.parameters(), lr=RATE, weight_decay=DECAY)
    best = torch.full((len(wanted[0]),), -1.0)
    found = torch.zeros(len(wanted[0]))
    for step in range(1, STEPS + 1):
        logits = probes(inputs[0]).transpose(1, 2)
        loss = nn.functional.cross_entropy(logits, wanted[0], reduction="none").mean(1).sum()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        if step % CHECK_EVERY == 0:
            chosen, shown = (_right(probes, inputs[k], wanted[k]) for k in (1, 2))
            found = torch.where(chosen > best, shown, found)
            best = torch.maximum(chosen, best)
    return found


def whiten(fit: Tensor, *others: Tensor) -> list[Tensor]:
    """Gives the inputs (N, D) unit variance in every direction, as measured on the first.

    What leaks into a code lies in directions of little variance; without this a probe of few
    steps does not find it, and the leak looks smaller than it is.
    """
    mean = fit.mean(0)
    centred = (fit - mean).double()
    variances, directions = torch.linalg.eigh(centred.T @ centred / len(fit))
    scales = variances.clamp_min(1e-9 * float(variances.max()) + 1e-12).sqrt()
    return [(x - mean) @ (directions / scales).float() for x in (fit, *others)]


@torch.no_grad()
def _right(probes: Probes, x: Tensor, wanted: Tensor) -> Tensor:
    return (probes(x).argmax(-1) == wanted).float().mean(1)


def views(codes: Codes, generator: torch.Generator) -> dict[str, Tensor]:
    """What the probes look at, by name, each with shape (N, D).

    static: z_c.
    dynamic: z_1:T, the whole sequence.
    frame: z_t of one frame, drawn for each clip.
    """
    clips, frames, _ = codes.dynamic.shape
    t = torch.randint(frames, (clips,), generator=generator)
    frame = codes.dynamic[torch.arange(clips), t.to(codes.dynamic.device)]
    return {"static": codes.static, "dynamic": codes.dynamic.flatten(1), "frame": frame}


def probe_codes(
    fit: Coded, choose: Coded, held_out: Coded, factors: Sequence[Factor], seed: int
) -> dict[str, Any]:
    """The matrix of all factors in all codes.

    Args:
        fit: training clips, on which the probes are trained.
        choose: validation clips, on which the step to stop at is chosen.
        held_out: clips that the accuracies are about.
        factors: what the label columns mean.
        seed: of the first weights and of the frames for `views`.

    Returns:
        By the name of the view (see `views`), by "linear" and "nonlinear" (64 hidden units), by
        the factor's name: the accuracy on the held-out clips, in [0, 1].
    """
    generator = torch.Generator().manual_seed(seed)
    parts = [(views(part.codes, generator), part.labels) for part in (fit, choose, held_out)]
    names = [factor.name for factor in factors]
    return {
        view: {
            kind: dict(
                zip(
                    names,
                    probe(*((seen[view], labels) for seen, labels in parts), hidden, generator)
                    .double()
                    .tolist(),
                    strict=True,
                )
            )
            for kind, hidden in (("linear", 0), ("nonlinear", HIDDEN))
        }
        for view in parts[0][0]
    }


def chance(fit: Tensor, held_out: Tensor, factors: Sequence[Factor]) -> Mapping[str, float]:
    """How often the commonest class of the training clips is right on the held-out ones.

    Args:
        fit: class numbers with shape (N, F).
        held_out: class numbers with shape (M, F).
        factors: what the columns mean.
    """
    return {
        factor.name: float((held_out[:, column] == fit[:, column].mode().values).double().mean())
        for column, factor in enumerate(factors)
    }
