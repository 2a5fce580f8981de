"""Scores on SM-MNIST: are the digits kept, and do they go where they should?"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from rwae.codes import Codes
from rwae.data.moving_mnist import MovingDigits
from rwae.errors import ConfigError
from rwae.evaluation.judges.digits import CHUNK, DigitsJudge, Found
from rwae.evaluation.judges.digits_found import agreement, judge_real
from rwae.models.base import CodeModel

ROUNDS = 100
COPY = "copy the input"
ROWS = {
    "reconstruction": "reconstruction",
    "swap": "swap: digits of one clip, places of another",
    "prior_motion": "dynamic codes from the prior: digits kept",
    "prior_static": "static code from the prior: places kept",
}
COLUMNS = {"pair": "both digits", "digit": "digits", "position_error": "off place, pixels"}


def score_digits(
    model: CodeModel, clips: MovingDigits, judge: DigitsJudge, generator: torch.Generator
) -> dict[str, Any]:
    """Scores a model on clips that it was not trained on.

    Each entry but the first holds what `agreement` returns, of what is asked:

        clips: N.
        real: the clips themselves: how good the judge is, the floor of every position error.
        reconstruction: both codes of a clip; also squared_error, the mean over all numbers, and
            squared_error_per_frame, the same summed over the channels and pixels of a frame.
        swap: the digits of clip A at the places of clip B, which shows other digits.
        prior_motion: static code of a clip, dynamic codes from the prior; digits are kept.
        prior_static: static code from N(0, I), dynamic codes of a clip; places are kept.
        copy: the same four for a program that shows the clip that it was given, in a swap B.

    Args:
        model: it is put into evaluation mode for the while.
        clips: for example the validation split.
        judge: of SM-MNIST.
        generator: source of all randomness: the pairs, then the draws.

    Returns:
        Nested dictionaries of numbers that JSON can hold.

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
        return _score(model, clips, judge, generator)
    finally:
        model.train(mode)


def _score(
    model: CodeModel, clips: MovingDigits, judge: DigitsJudge, generator: torch.Generator
) -> dict[str, Any]:
    partner = others(clips.labels[:, 0], generator)
    drawn = model.sample(len(clips), frames=clips.frames, generator=generator)
    real, truth = judge_real(judge, clips)
    codes, error = encode_all(model, clips)
    there = truth.centres[partner]

    def shown(wanted: Codes) -> Found:
        chunks = torch.arange(len(wanted)).split(CHUNK)
        return Found.cat(judge.find(model.decode(wanted[chosen])) for chosen in chunks)

    kept = {"classes": truth.classes, "centres": truth.centres}
    size = math.prod(clips.shape[1:])
    kept_by_copy = agreement(real, **kept)
    return {
        "clips": len(clips),
        "real": kept_by_copy,
        "reconstruction": {
            **agreement(shown(codes), **kept),
            "squared_error": error,
            "squared_error_per_frame": error * size,
        },
        "swap": agreement(
            shown(Codes(codes.static, codes.dynamic[partner])), truth.classes, there
        ),
        "prior_motion": agreement(shown(Codes(codes.static, drawn.dynamic)), truth.classes),
        "prior_static": agreement(
            shown(Codes(drawn.static, codes.dynamic)), centres=truth.centres
        ),
        "copy": {
            "reconstruction": {
                **kept_by_copy,
                "squared_error": 0.0,
                "squared_error_per_frame": 0.0,
            },
            "swap": agreement(real[partner], truth.classes, there),
            "prior_motion": agreement(real, truth.classes),
            "prior_static": agreement(real, centres=truth.centres),
        },
    }


def encode_all(model: CodeModel, clips: MovingDigits) -> tuple[Codes, float]:
    """The posterior means of every clip, and the mean squared error of what they render."""
    static, dynamic, error = [], [], 0.0
    for chosen in torch.arange(len(clips)).split(CHUNK):
        x = clips.batch(chosen).to(model.device)
        codes = model.encode(x)
        static.append(codes.static)
        dynamic.append(codes.dynamic)
        rendered = model.decode(codes)
        error += float((rendered - x).square().flatten(1).mean(1).cpu().double().sum())
    return Codes(torch.cat(static), torch.cat(dynamic)), error / len(clips)


def others(labels: Tensor, generator: torch.Generator) -> Tensor:
    """For each clip the number of a random one that shows other digits, with shape (N,)."""
    partner = torch.arange(len(labels))
    for _ in range(ROUNDS):
        same = (labels[partner] == labels).nonzero()[:, 0]
        if not len(same):
            break
        partner[same] = torch.randint(len(labels), (len(same),), generator=generator)
    return partner


def digits_table(scores: dict[str, Any]) -> str:
    """A Markdown table of what `score_digits` returned, with the copying program beside."""
    real = scores["real"]
    head = [f"{what} ({who})" for who in ("model", "copy") for what in COLUMNS.values()]
    lines = [
        f"| SM-MNIST, {scores['clips']:,} clips | {' | '.join(head)} |",
        f"|---|{'---:|' * len(head)}",
    ]
    for task, name in ROWS.items():
        cells = [_cell(part[task], what) for part in (scores, scores["copy"]) for what in COLUMNS]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += [
        "",
        f"The judge finds both digits of {real['pair']:.2%} of the real clips and "
        f"{real['digit']:.2%} of the digits, {real['position_error']:.2f} pixels off on average. "
        "The squared error of a reconstructed frame, summed over its channels and pixels, is "
        f"{scores['reconstruction']['squared_error_per_frame']:.1f}.",
    ]
    return "\n".join(lines)


def _cell(scores: dict[str, float], what: str) -> str:
    if what not in scores:
        return ""
    return f"{scores[what]:.2f}" if what == "position_error" else f"{scores[what]:.2%}"
