"""Scores on SM-MNIST: are the digits kept, and do they go where they should?"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from rwae.classifiers import DigitsFound, DigitsJudge
from rwae.classifiers.digits import DIGIT_CLIPS_AT_ONCE
from rwae.codes import Codes
from rwae.data.moving_mnist import MovingDigits, Truth
from rwae.errors import ConfigError
from rwae.evaluation.tasks import PAIRING_ROUNDS, score_error
from rwae.files.metrics import (
    DIGITS_PRIOR_DYNAMIC,
    DIGITS_PRIOR_STATIC,
    DIGITS_REAL,
    DIGITS_RECONSTRUCTION,
    DIGITS_SWAP,
    DigitTask,
)
from rwae.files.scores import Scores
from rwae.models.base import CodeModel


def score_digits(
    model: CodeModel, clips: MovingDigits, judge: DigitsJudge, generator: torch.Generator
) -> Scores:
    """Scores a model on clips that it was not trained on.

    What is measured:

    - `DIGITS_REAL`: the clips themselves: how good the judge is, and the floor of every position
      error.
    - `DIGITS_RECONSTRUCTION` and the squared error: both codes of a clip.
    - `DIGITS_SWAP`: the digits of clip A at the places of clip B, which shows other digits.
    - `DIGITS_PRIOR_DYNAMIC`: static code of a clip, dynamic codes from the prior; digits are kept.
    - `DIGITS_PRIOR_STATIC`: static code from N(0, I), dynamic codes of a clip; places are kept.

    Args:
        model: it is put into evaluation mode for the while.
        clips: for example the validation split.
        judge: of SM-MNIST.
        generator: source of all randomness: the pairs, then the draws.

    Raises:
        ConfigError: if the model has no encoder.
    """
    if not model.encodes:
        raise ConfigError(
            f"The scores of SM-MNIST need codes of clips, and a model of the family "
            f"{model.family} has no encoder: score one that has."
        )
    mode = model.training
    model.eval()
    try:
        return _score_digit_tasks(model, clips, judge, generator)
    finally:
        model.train(mode)


def _score_digit_tasks(
    model: CodeModel, clips: MovingDigits, judge: DigitsJudge, generator: torch.Generator
) -> Scores:
    partner = partners_of_other_digits(clips.labels[:, 0], generator)
    drawn = model.sample(len(clips), frames=clips.frames, generator=generator)
    real, truth = find_in_real_clips(judge, clips)
    codes, error = _encode(model, clips)

    def found(wanted: Codes) -> DigitsFound:
        chunks = torch.arange(len(wanted)).split(DIGIT_CLIPS_AT_ONCE)
        return find_digits(judge, (model.decode(wanted[chosen]) for chosen in chunks))

    shown, placed = truth.classes, truth.centres
    return (
        compare_digits(DIGITS_REAL, real, shown, placed)
        | compare_digits(DIGITS_RECONSTRUCTION, found(codes), shown, placed)
        | score_error(error, clips)
        | compare_digits(
            DIGITS_SWAP,
            found(Codes(codes.static, codes.dynamic[partner])),
            shown,
            placed[partner],
        )
        | compare_digits(
            DIGITS_PRIOR_DYNAMIC, found(Codes(codes.static, drawn.dynamic)), classes=shown
        )
        | compare_digits(
            DIGITS_PRIOR_STATIC, found(Codes(drawn.static, codes.dynamic)), centres=placed
        )
    )


def score_digits_copy(
    clips: MovingDigits, judge: DigitsJudge, generator: torch.Generator
) -> Scores:
    """The scores of a program that shows the clip that it was given, in a swap clip B.

    Args:
        clips: those on which the model is scored.
        judge: of SM-MNIST.
        generator: with the seed of the model's, so that the pairs of the swaps are the same.
    """
    partner = partners_of_other_digits(clips.labels[:, 0], generator)
    real, truth = find_in_real_clips(judge, clips)
    shown, placed = truth.classes, truth.centres
    return (
        compare_digits(DIGITS_RECONSTRUCTION, real, shown, placed)
        | score_error(0.0, clips)
        | compare_digits(DIGITS_SWAP, real[partner], shown, placed[partner])
        | compare_digits(DIGITS_PRIOR_DYNAMIC, real, classes=shown)
        | compare_digits(DIGITS_PRIOR_STATIC, real, centres=placed)
    )


def compare_digits(
    task: DigitTask,
    found: DigitsFound,
    classes: Tensor | None = None,
    centres: Tensor | None = None,
) -> Scores:
    """Compares what the judge found with what should be there; digits have no order.

    Args:
        task: which clips these are.
        found: in N clips.
        classes: that should be shown, with shape (N, 2), if that is asked.
        centres: where the digits should be, with shape (N, T, 2, 2), if that is asked. Which of
            the two found digits is which is decided once a clip, for the smaller error.
    """
    seen = found.classes
    steady = found.frames.argmax(-1) == found.followed[:, None]
    scores = Scores({task.steady: float(steady.double().mean())})
    if classes is not None:
        straight = (seen == classes).sum(-1)
        crossed = (seen == classes.flip(-1)).sum(-1)
        right = torch.maximum(straight, crossed).double()
        pair = float((right == 2).double().mean())
        scores |= Scores({task.pair: pair, task.digit: float(right.mean() / 2)})
    if centres is not None:
        error = torch.stack(
            [(found.centres - c).norm(dim=-1).mean((1, 2)) for c in (centres, centres.flip(2))]
        )
        scores |= Scores({task.position_error: float(error.amin(0).double().mean())})
    return scores


def find_digits(judge: DigitsJudge, batches: Iterable[Tensor]) -> DigitsFound:
    """What the judge finds in several batches of clips."""
    return DigitsFound.cat(judge.find(x) for x in batches)


def find_in_real_clips(judge: DigitsJudge, clips: MovingDigits) -> tuple[DigitsFound, Truth]:
    """What the judge finds in real clips, and what is there."""
    everything = torch.arange(len(clips))
    batches = (clips.batch(chosen) for chosen in everything.split(DIGIT_CLIPS_AT_ONCE))
    return find_digits(judge, batches), clips.truth(everything)


def _encode(model: CodeModel, clips: MovingDigits) -> tuple[Codes, float]:
    """The posterior means of every clip, and the mean squared error of what they render."""
    parts, error = [], 0.0
    for chosen in torch.arange(len(clips)).split(DIGIT_CLIPS_AT_ONCE):
        x = clips.batch(chosen).to(model.device)
        codes = model.encode(x)
        parts.append(codes)
        rendered = model.decode(codes)
        error += float((rendered - x).square().flatten(1).mean(1).cpu().double().sum())
    return Codes.cat(parts), error / len(clips)


def partners_of_other_digits(labels: Tensor, generator: torch.Generator) -> Tensor:
    """For each clip the number of a random one that shows other digits, with shape (N,)."""
    partner = torch.arange(len(labels))
    for _ in range(PAIRING_ROUNDS):
        same = (labels[partner] == labels).nonzero()[:, 0]
        if not len(same):
            break
        partner[same] = torch.randint(len(labels), (len(same),), generator=generator)
    return partner
