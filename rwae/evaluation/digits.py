"""Scores on SM-MNIST: are the digits kept, and do they go where they should?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor

from rwae.classifiers import DigitsFound, DigitsJudge
from rwae.classifiers.digits import DIGIT_CLIPS_AT_ONCE
from rwae.codes import Codes
from rwae.data.clips import ClipSource
from rwae.data.moving_mnist import MovingDigits, Truth
from rwae.errors import ConfigError
from rwae.evaluation.programs import DRAWING, nearest_finder, programs
from rwae.evaluation.tasks import PAIRING_ROUNDS
from rwae.evaluation.truth import measure, own_clips, score_errors, true_swaps
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

Shown = Iterator[tuple[Tensor, Tensor]]  # numbers of clips, and what is shown for them


def score_digits(
    model: CodeModel, clips: MovingDigits, judge: DigitsJudge | None, generator: torch.Generator
) -> Scores:
    """Scores a model on clips that it was not trained on.

    What is measured:

    - `DIGITS_REAL`: the clips themselves: how good the judge is, and the floor of every position
      error.
    - `DIGITS_RECONSTRUCTION` and the squared error: both codes of a clip.
    - `DIGITS_SWAP` and its squared error: the digits of clip A at the places of clip B, which
      shows other digits.
    - `DIGITS_PRIOR_DYNAMIC`: static code of a clip, dynamic codes from the prior; digits are kept.
    - `DIGITS_PRIOR_STATIC`: static code from N(0, I), dynamic codes of a clip; places are kept.

    Args:
        model: it is put into evaluation mode for the while.
        clips: for example the validation split.
        judge: of SM-MNIST; without one, only errors are measured.
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
    model: CodeModel, clips: MovingDigits, judge: DigitsJudge | None, generator: torch.Generator
) -> Scores:
    partner = partners_of_other_digits(clips.labels[:, 0], generator)
    parts: list[Codes] = []

    def reconstructed() -> Shown:
        for chosen in torch.arange(len(clips)).split(DIGIT_CLIPS_AT_ONCE):
            parts.append(model.encode(clips.batch(chosen).to(model.device)))
            yield chosen, model.decode(parts[-1])

    def shown(wanted: Codes) -> Shown:
        for chosen in torch.arange(len(wanted)).split(DIGIT_CLIPS_AT_ONCE):
            yield chosen, model.decode(wanted[chosen])

    ask = judge.find if judge is not None else None
    drawn = model.sample(len(clips), frames=clips.frames, generator=generator)
    same, error = measure(reconstructed(), own_clips(clips), ask)
    codes = Codes.cat(parts)
    swap = Codes(codes.static, codes.dynamic[partner])
    swapped, swap_error = measure(shown(swap), true_swaps(clips, partner), ask)
    scores = score_errors(error or 0.0, swap_error, clips)
    if judge is None:
        return scores
    real, truth = find_in_real_clips(judge, clips)
    classes, centres = truth.classes, truth.centres
    moved, _ = measure(shown(Codes(codes.static, drawn.dynamic)), None, judge.find)
    new, _ = measure(shown(Codes(drawn.static, codes.dynamic)), None, judge.find)
    return (
        scores
        | compare_digits(DIGITS_REAL, real, classes, centres)
        | _compare_pair(same, swapped, partner, truth)
        | compare_digits(DIGITS_PRIOR_DYNAMIC, DigitsFound.cat(moved), classes=classes)
        | compare_digits(DIGITS_PRIOR_STATIC, DigitsFound.cat(new), centres=centres)
    )


def score_digit_programs(
    clips: MovingDigits,
    judge: DigitsJudge | None,
    generator: torch.Generator,
    training: ClipSource | None = None,
) -> dict[str, Scores]:
    """Scores the programs that learn nothing; see `rwae.evaluation.programs`.

    Args:
        clips: those on which the model is scored.
        judge: of SM-MNIST; without one, only errors are measured.
        generator: with the seed of the model's, so that the pairs of the swaps are the same.
        training: the training clips, for the nearest one.
    """
    everything = torch.arange(len(clips))
    partner = partners_of_other_digits(clips.labels[:, 0], generator)
    truth = clips.truth(everything)
    ask = judge.find if judge is not None else None
    found = {}
    for program in programs(clips, nearest_finder(training) if training is not None else None):
        redrawn, error = measure(program.show(everything, everything), own_clips(clips), ask)
        swapped, swap_error = measure(
            program.show(everything, partner), true_swaps(clips, partner), ask
        )
        scores = score_errors(error or 0.0, swap_error, clips)
        if judge is not None:
            scores |= _compare_pair(redrawn, swapped, partner, truth)
            if program.name in DRAWING:
                real = DigitsFound.cat(redrawn)
                scores |= compare_digits(DIGITS_PRIOR_DYNAMIC, real, classes=truth.classes)
                scores |= compare_digits(DIGITS_PRIOR_STATIC, real, centres=truth.centres)
        found[program.name] = scores
    return found


def _compare_pair(
    redrawn: Sequence[DigitsFound],
    swapped: Sequence[DigitsFound],
    partner: Tensor,
    truth: Truth,
) -> Scores:
    """The scores of reconstructions and swaps, given what the judge found in them."""
    return compare_digits(
        DIGITS_RECONSTRUCTION, DigitsFound.cat(redrawn), truth.classes, truth.centres
    ) | compare_digits(
        DIGITS_SWAP, DigitsFound.cat(swapped), truth.classes, truth.centres[partner]
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


def partners_of_other_digits(labels: Tensor, generator: torch.Generator) -> Tensor:
    """For each clip the number of a random one that shows other digits, with shape (N,)."""
    partner = torch.arange(len(labels))
    for _ in range(PAIRING_ROUNDS):
        same = (labels[partner] == labels).nonzero()[:, 0]
        if not len(same):
            break
        partner[same] = torch.randint(len(labels), (len(same),), generator=generator)
    return partner
