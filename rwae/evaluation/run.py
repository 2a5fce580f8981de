"""Runs a model through every test of disentanglement and judges what it renders."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from rwae.classifiers import CHUNK, Judge, join
from rwae.codes import Codes
from rwae.data.clips import ClipSource
from rwae.evaluation.codes.analysis import analyse, encode
from rwae.evaluation.scores.actions import chosen_actions, clusters_against
from rwae.evaluation.scores.nearest import nearest_distances
from rwae.evaluation.scores.pairing import pairing
from rwae.evaluation.scores.render import judge_and_shrink, judge_codes
from rwae.evaluation.scores.sweep import how_many, sweep
from rwae.evaluation.scores.tasks import judged, score_answers, squared_error
from rwae.evaluation.scores.unseen import unseen_swaps
from rwae.models.base import CodeModel


def score_model(
    model: CodeModel,
    clips: ClipSource,
    judge: Judge,
    generator: torch.Generator,
    training: ClipSource | None = None,
    validation: ClipSource | None = None,
) -> dict[str, Any]:
    """Scores a model on labelled clips that it was not trained on.

    Codes are posterior means, inferred once for each clip. The first five entries after the
    number of clips hold what `scores.tasks.judged` returns, over all N clips unless it says
    otherwise:

        clips: N.
        reconstruction: static and dynamic codes of the same clip; all factors are kept. Also
            squared_error, the mean over frames, channels and pixels of the whole frame, and
            squared_error_per_frame, the same summed over the channels and pixels of a frame.
        swap: static code of clip A, dynamic codes of clip B (see `scores.pairing.pairing`);
            right is who A is and how B moves.
        prior_static: dynamic codes of a clip, static code drawn from N(0, I); the motion is kept.
            This is the published protocol.
        prior_motion: static code of a clip, dynamic codes drawn from the prior; all static
            factors are kept.
        unconditional: both drawn, N clips; nothing is kept. With `training`, also nearest: see
            `scores.nearest.nearest_distances`.
        sweep: see `scores.sweep.sweep`.
        actions: for a weakly supervised model, `scores.actions.clusters_against` on the clips,
            and with `validation` drawn, see `scores.actions.chosen_actions`.
        unseen: with `training`, where combinations of known halves were held out; see
            `scores.unseen.unseen_swaps`.
        probes, information: with `training` and `validation`; see `codes.analysis.analyse`.

    A model that cannot encode gets unconditional and sweep alone.

    Args:
        model: it is put into evaluation mode for the while.
        clips: for example the test split.
        judge: a judge of the same factors.
        generator: source of all randomness: the pairing, then the draws.
        training: the training clips.
        validation: clips by which the probes are stopped and the actions are named.

    Returns:
        Nested dictionaries of numbers that JSON can hold.
    """
    mode = model.training
    model.eval()
    try:
        return _score(model, clips, judge, generator, training, validation)
    finally:
        model.train(mode)


def _score(
    model: CodeModel,
    clips: ClipSource,
    judge: Judge,
    generator: torch.Generator,
    training: ClipSource | None,
    validation: ClipSource | None,
) -> dict[str, Any]:
    partner = pairing(clips.labels, clips.factors, generator)
    drawn = model.sample(len(clips), frames=clips.shape[0], generator=generator)
    scores: dict[str, Any] = {"clips": len(clips)}
    codes = None
    if getattr(model, "encodes", True):
        codes, found = _score_codes(model, clips, judge, drawn, partner)
        scores |= found
    scores["unconditional"] = _score_draws(model, clips, judge, drawn, training)
    scores["sweep"] = sweep(model, judge, clips.shape[0], generator, how_many(len(clips)))
    if codes is not None and codes.action is not None:
        scores["actions"] = clusters_against(codes, clips.labels, clips.factors)
        if validation is not None:
            known = encode(model, validation, torch.arange(len(validation))), validation.labels
            scores["actions"]["drawn"] = chosen_actions(
                model, judge, known, clips.shape[0], generator
            )
    if codes is not None and training is not None and validation is not None:
        scores |= analyse(model, clips, codes, training, validation, generator)
    if codes is not None and training is not None:
        found = unseen_swaps(model, judge, clips, training, generator)
        scores |= {"unseen": found} if found else {}
    return scores


def _score_codes(
    model: CodeModel, clips: ClipSource, judge: Judge, drawn: Codes, partner: Tensor
) -> tuple[Codes, dict[str, Any]]:
    """The four tasks that start from the codes of clips; and these codes."""
    codes, reconstructed, error = _reconstruct(model, clips, judge)
    asked = {
        "swap": codes[partner].with_static(codes.static),
        "prior_static": codes.with_static(drawn.static),
        "prior_motion": drawn.with_static(codes.static),
    }
    answers = {"reconstruction": reconstructed}
    answers |= {task: judge_codes(model, judge, wanted) for task, wanted in asked.items()}
    scores = score_answers(answers, clips.labels, partner, clips.factors)
    scores["reconstruction"] |= squared_error(error, clips)
    return codes, scores


def _score_draws(
    model: CodeModel, clips: ClipSource, judge: Judge, drawn: Codes, training: ClipSource | None
) -> dict[str, Any]:
    """Both codes from the prior: nothing is asked for but to be clear, varied and new."""
    answers, small = judge_and_shrink(model, judge, drawn)
    scores = judged(answers, clips.labels, clips.factors, "none")
    if training is not None:
        scores["nearest"] = nearest_distances(small, clips, training)
    return scores


def _reconstruct(
    model: CodeModel, clips: ClipSource, judge: Judge
) -> tuple[Codes, list[Tensor], float]:
    """Encodes every clip once: its codes, the judge's answers to what they render, the error."""
    parts, answers, error = [], [], 0.0
    for chosen in torch.arange(len(clips)).split(CHUNK):
        x = clips.batch(chosen).to(model.device)
        codes = model.encode(x)
        rendered = model.decode(codes)
        parts.append(codes)
        answers.append(judge.probabilities(rendered))
        error += float((rendered - x).square().flatten(1).mean(1).cpu().double().sum())
    return Codes.cat(parts), join(answers), error / len(clips)
