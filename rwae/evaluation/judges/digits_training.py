"""Trains the judge of SM-MNIST on real training frames; see `rwae.evaluation.judges.digits`."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from rwae import data
from rwae.data.moving_mnist import MovingDigits
from rwae.evaluation.judges.cards import write_card
from rwae.evaluation.judges.digits import CENTRE, PLACES, DigitsJudge, cut
from rwae.evaluation.judges.digits_found import agreement, judge_real
from rwae.evaluation.judges.fitting import disturb, fit, seeded

STEPS, BATCH = 3000, 64
SHIFT = 1.5  # pixels by which a box misses its digit at most, in training


def single_frames(clips: MovingDigits) -> MovingDigits:
    """Clips of one frame each, more than training needs, so that no two are of one motion."""
    return dataclasses.replace(clips, frames=1, count=STEPS * BATCH)


def target(places: Tensor) -> Tensor:
    """One half for the place of each box: (N, 2, 2) whole offsets (x, y) -> (N, 32 * 32)."""
    number = (places[..., 1] * PLACES + places[..., 0]).long()
    half = torch.full(number.shape, 0.5)
    return torch.zeros(len(number), PLACES**2).scatter_add_(1, number, half)


def train(clips: MovingDigits, seed: int = 0, steps: int = STEPS) -> DigitsJudge:
    """Fits both networks by cross-entropy.

    The reader sees boxes that miss the digit by up to 1.5 pixels to each side; both see small
    disturbances, so that a faint blur does not decide.

    Args:
        clips: the training split.
        seed: of the weights, the shifts and the disturbances.
        steps: of 64 frames each.
    """
    clips = single_frames(clips)
    judge = seeded(DigitsJudge, seed)
    generator = torch.Generator().manual_seed(seed)

    def loss(chosen: Tensor) -> Tensor:
        known = clips.truth(chosen)
        places = known.centres[:, 0] - CENTRE
        grey = disturb(clips.batch(chosen)[:, :, :1], generator).squeeze(1)
        moved = SHIFT * (2 * torch.rand(places.shape, generator=generator) - 1)
        boxes = cut(grey.squeeze(1), places + moved).flatten(0, 1).unsqueeze(1)
        found = F.cross_entropy(judge.locator(grey).flatten(1), target(places))
        return found + F.cross_entropy(judge.reader(boxes), known.classes.flatten())

    return fit(judge, torch.arange(steps * BATCH).split(BATCH), steps, loss)


def make(folder: Path, dataset: str, source: Path | None, seed: int = 0) -> DigitsJudge:
    """Trains a judge and saves it with its card; what is returned is read back from the file.

    Args:
        folder: of the judge.
        dataset: "moving_mnist".
        source: folder of the MNIST files.
        seed: of the training.

    Raises:
        DataError: if MNIST cannot be read.
    """
    train(data.load(dataset, "train", source), seed).save(folder)
    judge = DigitsJudge.load(folder)
    test = data.load(dataset, "test", source)
    found, known = judge_real(judge, test)
    scores = agreement(found, known.classes, known.centres)
    write_card(
        folder,
        dataset,
        "Two small networks that find both digits in every frame and name them.",
        f'{STEPS * BATCH:,} frames with the 55,000 digits of the split "train"',
        f"Seed {seed}, {STEPS:,} steps of {BATCH} frames",
        f'{len(test):,} real clips of {test.frames} frames of the split "test"',
        {
            "both digits": f"{scores['pair']:.2%}",
            "digits": f"{scores['digit']:.2%}",
            "a found digit is off its place by": f"{scores['position_error']:.2f} pixels",
        },
        seed,
    )
    return judge
