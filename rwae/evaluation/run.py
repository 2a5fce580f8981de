"""Runs a model through every test of disentanglement and judges what it renders."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from rwae.codes import Codes
from rwae.data.clips import Clips
from rwae.evaluation.judge import CHUNK, Judge, join
from rwae.evaluation.nearest import nearest_distances, shrink
from rwae.evaluation.scores import pairing, score_answers
from rwae.model import RWAE

DRAWS = 512


def score_model(
    model: RWAE,
    clips: Clips,
    judge: Judge,
    generator: torch.Generator,
    training: Clips | None = None,
) -> dict[str, Any]:
    """Scores a model on labelled clips that it was not trained on.

    Codes are posterior means, inferred once for each clip. Each entry but the first holds what
    `scores.judged` returns, over all N clips unless it says otherwise:

        clips: N.
        reconstruction: static and dynamic codes of the same clip; all factors are kept. Also
            squared_error, the mean over frames, channels and pixels of the whole frame, and
            squared_error_per_frame, the same summed over the channels and pixels of a frame.
        swap: static code of clip A, dynamic codes of clip B (see `scores.pairing`); right is
            who A is and how B moves.
        prior_static: dynamic codes of a clip, static code drawn from N(0, I); the motion is kept.
        prior_motion: static code of a clip, dynamic codes drawn from the prior; all static
            factors are kept.
        unconditional: both drawn, 512 clips (fewer if N is less); nothing is kept. With
            `training`, also nearest: see `nearest.nearest_distances`.

    Args:
        model: it is put into evaluation mode for the while.
        clips: for example the validation split.
        judge: a judge of the same factors.
        generator: source of all randomness: the pairing, then the draws.
        training: the training clips, for the distance to the nearest of them.

    Returns:
        Nested dictionaries of numbers that JSON can hold.
    """
    mode = model.training
    model.eval()
    try:
        return _score(model, clips, judge, generator, training)
    finally:
        model.train(mode)


def _score(
    model: RWAE, clips: Clips, judge: Judge, generator: torch.Generator, training: Clips | None
) -> dict[str, Any]:
    partner = pairing(clips.labels, clips.factors, generator)
    drawn = model.sample(len(clips), frames=clips.frames.shape[1], generator=generator)
    codes, reconstructed, error = _reconstruct(model, clips, judge)
    unconditional, small = _judge(model, drawn[:DRAWS], judge, keep=training is not None)
    asked = {
        "swap": Codes(codes.static, codes.dynamic[partner]),
        "prior_static": Codes(drawn.static, codes.dynamic),
        "prior_motion": Codes(codes.static, drawn.dynamic),
    }
    answers = {task: _judge(model, wanted, judge)[0] for task, wanted in asked.items()}
    answers |= {"reconstruction": reconstructed, "unconditional": unconditional}
    scores = {"clips": len(clips)}
    scores |= score_answers(answers, clips.labels, partner, clips.factors)
    scores["reconstruction"] |= squared_error(error, clips)
    if small is not None and training is not None:
        scores["unconditional"]["nearest"] = nearest_distances(small, clips, training)
    return scores


def squared_error(mean: float, clips: Clips) -> dict[str, float]:
    """Both ways to state the error: the mean over all numbers of a clip, and the frame's sum."""
    size = clips.frames[0, 0].numel()
    return {"squared_error": mean, "squared_error_per_frame": mean * size}


def _reconstruct(model: RWAE, clips: Clips, judge: Judge) -> tuple[Codes, list[Tensor], float]:
    """Encodes every clip once: its codes, the judge's answers to what they render, the error."""
    static, dynamic, answers, error = [], [], [], 0.0
    for chosen in torch.arange(len(clips)).split(CHUNK):
        x = clips.batch(chosen).to(model.device)
        codes = model.encode(x)
        rendered = model.decode(codes)
        static.append(codes.static)
        dynamic.append(codes.dynamic)
        answers.append(judge.probabilities(rendered))
        error += float((rendered - x).square().flatten(1).mean(1).cpu().double().sum())
    return Codes(torch.cat(static), torch.cat(dynamic)), join(answers), error / len(clips)


def _judge(
    model: RWAE, codes: Codes, judge: Judge, keep: bool = False
) -> tuple[list[Tensor], Tensor | None]:
    """Renders codes and judges them: the answers, and on request the clips themselves, shrunk."""
    answers, small = [], []
    for chosen in torch.arange(len(codes)).split(CHUNK):
        rendered = model.decode(codes[chosen])
        answers.append(judge.probabilities(rendered))
        if keep:
            small.append(shrink(rendered).cpu())
    return join(answers), torch.cat(small) if keep else None
