"""Shows the judge what codes render, a few clips at a time."""

from __future__ import annotations

import torch
from torch import Tensor

from rwae.classifiers import CHUNK, Judge, join
from rwae.codes import Codes
from rwae.evaluation.scores.nearest import shrink
from rwae.models.base import CodeModel


def judge_codes(model: CodeModel, judge: Judge, codes: Codes) -> list[Tensor]:
    """The judge's answers to what the codes render: p(value | clip), (N, K) for each factor."""
    return join(
        judge.probabilities(model.decode(codes[part]))
        for part in torch.arange(len(codes)).split(CHUNK)
    )


def judge_and_shrink(model: CodeModel, judge: Judge, codes: Codes) -> tuple[list[Tensor], Tensor]:
    """As `judge_codes`, and the rendered clips themselves as `nearest.shrink` returns them."""
    answers, small = [], []
    for part in torch.arange(len(codes)).split(CHUNK):
        rendered = model.decode(codes[part])
        answers.append(judge.probabilities(rendered))
        small.append(shrink(rendered).cpu())
    return join(answers), torch.cat(small)
