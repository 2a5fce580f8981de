"""Trains the judge that names every factor of a clip; see `rwae.classifiers`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from rwae import data
from rwae.classifiers import CHUNK, Judge, join, make_judge
from rwae.data.clips import ClipSource
from rwae.errors import ConfigError
from rwae.evaluation.judges.cards import write_card
from rwae.evaluation.judges.fitting import disturb, fit, seeded

BATCH = 32


def train(clips: ClipSource, epochs: int, seed: int, apart: bool = False) -> Judge:
    """Fits a judge by cross-entropy, summed over the factors.

    The same seed gives the same judge on the same machine and number of threads.

    Args:
        clips: real training clips with their labels; at least 32.
        epochs: passes over them.
        seed: of the weights, the order of the clips and the disturbances.
        apart: which kind of judge; see `rwae.classifiers.ApartJudge`.

    Raises:
        ConfigError: if there are too few clips.
    """
    if len(clips) < BATCH:
        raise ConfigError(
            f"There are {len(clips)} clips to train a judge on: it needs at least {BATCH}."
        )
    judge = seeded(lambda: make_judge(clips.factors, apart), seed)
    generator = torch.Generator().manual_seed(seed)
    each = len(clips) // BATCH

    def batches() -> Iterator[Tensor]:
        for _ in range(epochs):
            order = torch.randperm(len(clips), generator=generator)
            yield from order[: each * BATCH].split(BATCH)

    def loss(chosen: Tensor) -> Tensor:
        answers = judge(disturb(clips.batch(chosen), generator))
        wanted = clips.labels[chosen].unbind(1)
        errors = [F.cross_entropy(a, w) for a, w in zip(answers, wanted, strict=True)]
        return torch.stack(errors).sum()

    return fit(judge, batches(), epochs * each, loss)


def judge_clips(judge: Judge, clips: ClipSource) -> list[Tensor]:
    """The judge's answers to real clips: p(value | clip), (N, K) for each factor."""
    chunks = torch.arange(len(clips)).split(CHUNK)
    return join(judge.probabilities(clips.batch(chosen)) for chosen in chunks)


def accuracies(judge: Judge, clips: ClipSource) -> dict[str, float]:
    """The share of real clips in which each factor is named rightly, by the factor's name."""
    answers = judge_clips(judge, clips)
    return {
        factor.name: float((answer.argmax(-1) == label).double().mean())
        for factor, answer, label in zip(
            clips.factors, answers, clips.labels.unbind(1), strict=True
        )
    }


def make(folder: Path, dataset: str, source: Path | None, seed: int = 0) -> Judge:
    """Trains a judge and saves it with its card; what is returned is read back from the files.

    Args:
        folder: of the judge.
        dataset: its name; `DataSet.judge_splits` says which splits are for judges.
        source: folder of the data set, if it needs one.
        seed: of the training.

    Raises:
        ConfigError: if the data set has no such judge, or its clips carry no label.
        DataError: if the data set cannot be read.
    """
    known = data.describe(dataset)
    if known.judge_splits is None:
        raise ConfigError(
            f"The data set {dataset} has no judge that names factors: python -m rwae.evaluation "
            "measures it in another way."
        )
    first, second = known.judge_splits
    training, unseen = (data.load(dataset, split, source) for split in known.judge_splits)
    if not training.factors:
        raise ConfigError(
            f"The clips of {dataset} carry no label, so no judge can learn from them: put them "
            "into folders that say who is seen."
        )
    judge = train(training, known.judge_epochs, seed, known.judge_apart)
    judge.save(folder)
    found = accuracies(judge.folded(), unseen)
    write_card(
        folder,
        dataset,
        "A small classifier that names every factor of a clip.",
        f'{len(training):,} real clips of the split "{first}"',
        f"Seed {seed}, {known.judge_epochs} epochs, batches of {BATCH}",
        f'{len(unseen):,} real clips of the split "{second}"',
        {name: f"{share:.2%}" for name, share in found.items()},
        seed,
    )
    return Judge.load(folder)
