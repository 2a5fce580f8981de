"""Probes: small classifiers that read labels from codes.

A probe sees codes, never pictures, so it also finds information that the decoder ignores. Every
factor is probed in every code. A static factor should be readable in the static code alone, a
dynamic factor in the dynamic codes alone; a factor that is readable elsewhere has leaked.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from rwae.codes import Codes, Factor
from rwae.data.clips import ClipSource
from rwae.evaluation.information import (
    has_known_posteriors,
    infer_posteriors,
    score_information,
)
from rwae.evaluation.tasks import LabelledCodes, encode_clips, spaced
from rwae.files.metrics import CHANCE, PROBES, ProbedCodes, ProbedView, ProbeKind
from rwae.files.scores import Scores
from rwae.models.base import CodeModel

PROBE_HIDDEN = 64
PROBE_STEPS = 120
PROBE_CHECK_EVERY = 10
PROBE_LEARNING_RATE = 0.02
PROBE_WEIGHT_DECAY = 0.1
PROBE_TRAINING_CLIPS = 2304  # that the probes are trained on
PROBE_VALIDATION_CLIPS = 900  # by which they are stopped


class Probes(nn.Module):
    """One classifier for each of F factors, trained together and without shared weights.

    Args:
        inputs: D, the size of a probe's input.
        classes: K, the largest number of classes of a factor; a probe learns never to name a
            class that its factor lacks.
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


def probe_accuracies(
    fit: tuple[Tensor, Tensor],
    choose: tuple[Tensor, Tensor],
    held_out: tuple[Tensor, Tensor],
    hidden: int,
    generator: torch.Generator,
) -> Tensor:
    """Trains a probe for every factor and measures how often each is right.

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
    optimizer = torch.optim.AdamW(
        probes.parameters(), lr=PROBE_LEARNING_RATE, weight_decay=PROBE_WEIGHT_DECAY
    )
    best = torch.full((len(wanted[0]),), -1.0)
    found = torch.zeros(len(wanted[0]))
    for step in range(1, PROBE_STEPS + 1):
        logits = probes(inputs[0]).transpose(1, 2)
        loss = nn.functional.cross_entropy(logits, wanted[0], reduction="none").mean(1).sum()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        if step % PROBE_CHECK_EVERY == 0:
            chosen, shown = (_right(probes, inputs[k], wanted[k]) for k in (1, 2))
            found = torch.where(chosen > best, shown, found)
            best = torch.maximum(chosen, best)
    return found


def whiten(fit: Tensor, *others: Tensor) -> list[Tensor]:
    """Gives the inputs (N, D) unit variance in every direction, as measured on the first.

    Information that leaks into a code lies in directions of little variance. Without whitening, a
    probe of few steps does not find it, and the leak looks smaller than it is.
    """
    mean = fit.mean(0)
    centred = (fit - mean).double()
    variances, directions = torch.linalg.eigh(centred.T @ centred / len(fit))
    scales = variances.clamp_min(1e-9 * float(variances.max()) + 1e-12).sqrt()
    return [(x - mean) @ (directions / scales).float() for x in (fit, *others)]


@torch.no_grad()
def _right(probes: Probes, x: Tensor, wanted: Tensor) -> Tensor:
    answers: Tensor = probes(x).argmax(-1)
    return (answers == wanted).float().mean(1)


def probe_inputs(codes: Codes, generator: torch.Generator) -> dict[ProbedView, Tensor]:
    """What the probes read, each with shape (N, D).

    static: z_c.
    dynamic: z_1:T, the whole sequence.
    frame: z_t of one frame, drawn for each clip.
    """
    clips, frames, _ = codes.dynamic.shape
    t = torch.randint(frames, (clips,), generator=generator)
    frame = codes.dynamic[torch.arange(clips), t.to(codes.dynamic.device)]
    return {"static": codes.static, "dynamic": codes.dynamic.flatten(1), "frame": frame}


def score_probes(
    codes: ProbedCodes,
    fit: LabelledCodes,
    choose: LabelledCodes,
    held_out: LabelledCodes,
    factors: Sequence[Factor],
    seed: int,
) -> Scores:
    """Reads all factors from all codes, by linear probes and by probes with 64 hidden units.

    Args:
        codes: whether these are draws of the posteriors or their means.
        fit: training clips, on which the probes are trained.
        choose: validation clips, on which the step to stop at is chosen.
        held_out: clips that the accuracies are about.
        factors: what the label columns mean.
        seed: of the first weights and of the frames for `probe_inputs`.
    """
    generator = torch.Generator().manual_seed(seed)
    parts = [
        (probe_inputs(part.codes, generator), part.labels) for part in (fit, choose, held_out)
    ]
    names = [factor.name for factor in factors]
    kinds: dict[ProbeKind, int] = {"linear": 0, "nonlinear": PROBE_HIDDEN}
    scores = Scores()
    for view in parts[0][0]:
        for kind, hidden in kinds.items():
            first, second, third = ((inputs[view], labels) for inputs, labels in parts)
            accuracies = probe_accuracies(first, second, third, hidden, generator).double()
            by_factor = dict(zip(names, accuracies.tolist(), strict=True))
            scores |= Scores({PROBES[codes, view, kind]: by_factor})
    return scores


def chance(fit: Tensor, held_out: Tensor, factors: Sequence[Factor]) -> dict[str, float]:
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


def score_codes(
    model: CodeModel,
    clips: ClipSource,
    codes: Codes,
    training: ClipSource,
    validation: ClipSource,
    generator: torch.Generator,
) -> Scores:
    """Probes of the codes, and their mutual information with the clips.

    Probes read posterior means, which the evaluation and the app decode, and draws from the
    posteriors, which the decoder was trained on and whose noise hides some information from it.
    Draws and mutual information are left out for a model whose posteriors are not those of
    `rwae.models.networks`; mutual information also for a posterior without noise, for which it is
    infinite.

    Args:
        model: one that encodes.
        clips: those that are scored.
        codes: theirs, as the model infers them.
        training: clips on which the probes are trained, evenly spaced.
        validation: clips by which they are stopped, evenly spaced.
        generator: source of all randomness.
    """
    sources = (training, validation, clips)
    counts = (PROBE_TRAINING_CLIPS, PROBE_VALIDATION_CLIPS, len(clips))
    picked = [spaced(len(some), n) for some, n in zip(sources, counts, strict=True)]
    labels = [source.labels[which] for source, which in zip(sources, picked, strict=True)]

    def score(kind: ProbedCodes, parts: Sequence[Codes]) -> Scores:
        seed = int(torch.randint(2**31, (), generator=generator))
        fit, choose, held_out = (
            LabelledCodes(part.to("cpu"), known) for part, known in zip(parts, labels, strict=True)
        )
        return score_probes(kind, fit, choose, held_out, clips.factors, seed)

    scores = Scores({CHANCE: chance(labels[0], labels[2], clips.factors)})
    if not has_known_posteriors(model):
        means = [encode_clips(model, training, picked[0])]
        means += [encode_clips(model, validation, picked[1])]
        return scores | score("mean", [*means, codes])
    posteriors = [
        infer_posteriors(model, source, which, known)
        for source, which, known in zip(sources, picked, (None, None, codes), strict=True)
    ]
    scores |= score("mean", [part.means() for part in posteriors])
    scores |= score("draw", [part.draw(generator) for part in posteriors])
    if posteriors[2].have_density:
        scores |= score_information(posteriors[2], labels[2], clips.factors, generator)
    return scores
