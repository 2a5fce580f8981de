"""Scores a model on a data set: which clips, which judge and which metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Tensor

from rwae import data
from rwae.classifiers import CLIPS_AT_ONCE, DigitsJudge, Judge, join_answers
from rwae.codes import Codes, Factor
from rwae.data.clips import ClipSource
from rwae.data.moving_mnist import MovingDigits
from rwae.errors import DataError
from rwae.evaluation.actions import score_clusters, score_drawn_actions
from rwae.evaluation.digits import score_digit_programs, score_digits
from rwae.evaluation.judges.training import DIGITS_DATASET, find_or_train, judge_folder
from rwae.evaluation.nearest import average_blocks, score_nearest
from rwae.evaluation.probes import score_codes
from rwae.evaluation.programs import score_programs
from rwae.evaluation.sweep import score_sweep, swept_characters
from rwae.evaluation.tasks import (
    LabelledCodes,
    encode_clips,
    judge_rendered,
    recording_groups,
    rendered,
    score_answers,
    score_task,
    score_unseen_swaps,
    swap_partners,
)
from rwae.evaluation.truth import measure, own_clips, score_errors, true_swaps
from rwae.files.metrics import (
    PRIOR_DYNAMIC,
    PRIOR_STATIC,
    RECONSTRUCTION,
    SWAP,
    UNCONDITIONAL,
    Task,
)
from rwae.files.scores import JudgeId, ScoredRun, ScoreFile, Scores, Training
from rwae.models.base import CodeModel


def score_checkpoint(
    model: CodeModel,
    training: Training,
    dataset: str,
    split: str,
    source: Path | None = None,
    judge: Path | None = None,
    seed: int = 0,
    name: str = "this model",
    judged: bool = True,
) -> ScoreFile:
    """Scores a model, and programs that learn nothing, on a data set.

    Args:
        model: the model.
        training: how its weights were trained.
        dataset: a name of `rwae.data`. SM-MNIST has a judge and metrics of its own.
        split: which part is scored. Probes and actions are always chosen on the validation part.
        source: folder of the data set, if it needs one.
        judge: folder of the judge; that of the data set by default.
        seed: of the pairs and the draws. The same seed gives the same numbers.
        name: of the model.
        judged: whether a judge is asked; without one, only errors in pixels are measured.

    Raises:
        RWAEError: if the data or the judge is missing or broken.
    """
    clips = data.load(dataset, split, source)
    folder = judge or judge_folder(dataset, source) if judged else None

    def generator() -> torch.Generator:
        return torch.Generator().manual_seed(seed)

    if dataset == DIGITS_DATASET:
        training_clips = data.load(dataset, "train", source)
        scores, baselines = _score_moving_digits(model, clips, training_clips, folder, generator)
        factors: tuple[Factor, ...] = ()
    else:
        scores, baselines = _score_named_factors(model, dataset, clips, source, folder, generator)
        factors = clips.factors
    groups = {metric.group for part in (scores, *baselines.values()) for metric in part.values}
    by = JudgeId.of_folder(folder) if folder else None
    return ScoreFile(
        dataset=dataset,
        split=split,
        seed=seed,
        clips=len(clips),
        recordings=clips.recordings,
        factors=factors,
        judges={group.key: by for group in groups if group.judged and by},
        runs=(ScoredRun(training, scores),),
        baselines=baselines,
        name=name,
    )


def _score_named_factors(
    model: CodeModel,
    dataset: str,
    clips: ClipSource,
    source: Path | None,
    judge_at: Path | None,
    generator: Callable[[], torch.Generator],
) -> tuple[Scores, dict[str, Scores]]:
    """The scores of the model and of the programs, where a judge names factors."""
    require_both_labels(dataset, clips)
    if judge_at is None:
        errors = score_model_errors(model, clips, generator())
        return errors, score_programs(clips, None, generator())
    training, validation = (data.load(dataset, part, source) for part in ("train", "validation"))
    judge = find_or_train(judge_at, dataset, training, source).to(model.device)
    scores = score_model(model, clips, judge, generator(), training, validation)
    return scores, score_programs(clips, judge, generator(), training)


def _score_moving_digits(
    model: CodeModel,
    clips: ClipSource,
    training: ClipSource,
    judge_at: Path | None,
    generator: Callable[[], torch.Generator],
) -> tuple[Scores, dict[str, Scores]]:
    """The scores of the model and of the programs on SM-MNIST."""
    if not isinstance(clips, MovingDigits):
        raise DataError(
            f"The clips are {type(clips).__name__}: the scores of SM-MNIST need MovingDigits."
        )
    judge = DigitsJudge.load(judge_at).to(model.device) if judge_at else None
    scores = score_digits(model, clips, judge, generator())
    return scores, score_digit_programs(clips, judge, generator(), training)


def require_both_labels(dataset: str, clips: ClipSource) -> None:
    """Raises DataError unless the clips are labelled by who they show and by how it moves."""
    for static, what in ((True, "who a clip shows"), (False, "how it moves")):
        if not any(factor.static is static for factor in clips.factors):
            known = ", ".join(factor.name for factor in clips.factors) or "nothing"
            raise DataError(
                f"The clips of {dataset} are labelled by {known}: a judge needs to learn {what} "
                "as well. Put them into folders WHO/HOW/, or look at the sheets of the training."
            )


def score_model(
    model: CodeModel,
    clips: ClipSource,
    judge: Judge,
    generator: torch.Generator,
    training: ClipSource | None = None,
    validation: ClipSource | None = None,
) -> Scores:
    """Scores a model on labelled clips that it was not trained on.

    Codes are posterior means, inferred once for each clip. What is measured:

    - `RECONSTRUCTION` and the squared error: static and dynamic codes of the same clip.
    - `SWAP`: static code of clip A, dynamic codes of clip B (see `tasks.swap_partners`), and its
      squared error where the data set holds the true clip (see `truth.true_swaps`).
    - `PRIOR_STATIC`: static code drawn from N(0, I), dynamic codes of a clip. This is the
      published protocol.
    - `PRIOR_DYNAMIC`: static code of a clip, dynamic codes drawn from the prior.
    - `UNCONDITIONAL`: both drawn, as many clips as there are; with `training` also their distance
      to the nearest training clip.
    - `SWEEP` and `BLEND`: see `sweep.score_sweep`.
    - for a weakly supervised model the inferred actions; see `actions`.
    - with `training`, `UNSEEN`, where combinations of known halves were held out.
    - with `training` and `validation`, probes and mutual information; see `probes.score_codes`.

    A model that cannot encode gets what needs no codes of clips.

    Args:
        model: it is put into evaluation mode for the while.
        clips: for example the test split.
        judge: a judge of the same factors.
        generator: source of all randomness: the pairs, then the draws.
        training: the training clips.
        validation: clips by which the probes are stopped and the actions are named.
    """
    mode = model.training
    model.eval()
    try:
        return _score_model(model, clips, judge, generator, training, validation)
    finally:
        model.train(mode)


def _score_model(
    model: CodeModel,
    clips: ClipSource,
    judge: Judge,
    generator: torch.Generator,
    training: ClipSource | None,
    validation: ClipSource | None,
) -> Scores:
    frames = clips.shape[0]
    partner = swap_partners(clips.labels, clips.factors, generator)
    drawn = model.sample(len(clips), frames=frames, generator=generator)
    codes = None
    scores = Scores()
    if model.encodes:
        codes, scores = _score_encoded(model, clips, judge, drawn, partner)
    scores |= _score_draws(model, clips, judge, drawn, training)
    scores |= score_sweep(model, judge, frames, generator, swept_characters(len(clips)))
    if codes is None:
        return scores
    if codes.action is not None:
        scores |= score_clusters(LabelledCodes(codes, clips.labels), clips.factors)
        if validation is not None:
            inferred = encode_clips(model, validation, torch.arange(len(validation)))
            known = LabelledCodes(inferred, validation.labels)
            scores |= score_drawn_actions(model, judge, known, frames, generator)
    if training is not None and validation is not None:
        scores |= score_codes(model, clips, codes, training, validation, generator)
    if training is not None:
        scores |= score_unseen_swaps(model, judge, clips, training, generator)
    return scores


def score_model_errors(model: CodeModel, clips: ClipSource, generator: torch.Generator) -> Scores:
    """The squared errors of reconstructions and swaps, which need no judge.

    Args:
        model: one that can encode, in evaluation mode.
        clips: for example the test split.
        generator: of the pairs.
    """
    partner = swap_partners(clips.labels, clips.factors, generator)
    return _reconstruct_and_swap(model, clips, None, partner)[2]


def _score_encoded(
    model: CodeModel, clips: ClipSource, judge: Judge, drawn: Codes, partner: Tensor
) -> tuple[Codes, Scores]:
    """Encodes the clips, and scores the four tasks that start from their codes."""
    codes, answers, errors = _reconstruct_and_swap(model, clips, judge, partner)
    answers |= {
        PRIOR_STATIC: judge_rendered(model, judge, codes.with_static(drawn.static)),
        PRIOR_DYNAMIC: judge_rendered(model, judge, drawn.with_static(codes.static)),
    }
    groups = recording_groups(clips)
    return codes, errors | score_answers(answers, clips.labels, partner, clips.factors, groups)


def _reconstruct_and_swap(
    model: CodeModel, clips: ClipSource, judge: Judge | None, partner: Tensor
) -> tuple[Codes, dict[Task, list[Tensor]], Scores]:
    """Encodes every clip once: codes, the judge's answers, and the errors of both tasks."""
    parts: list[Codes] = []

    def reconstructed() -> Iterator[tuple[Tensor, Tensor]]:
        for chosen in torch.arange(len(clips)).split(CLIPS_AT_ONCE):
            parts.append(model.encode(clips.batch(chosen).to(model.device)))
            yield chosen, model.decode(parts[-1])

    ask = judge.probabilities if judge is not None else None
    same, error = measure(reconstructed(), own_clips(clips), ask)
    codes = Codes.cat(parts)
    swaps = rendered(model, codes[partner].with_static(codes.static))
    swapped, swap_error = measure(swaps, true_swaps(clips, partner), ask)
    answers = {}
    if judge is not None:
        answers = {RECONSTRUCTION: join_answers(same), SWAP: join_answers(swapped)}
    return codes, answers, score_errors(error or 0.0, swap_error, clips)


def _score_draws(
    model: CodeModel, clips: ClipSource, judge: Judge, drawn: Codes, training: ClipSource | None
) -> Scores:
    """Scores clips with both codes from the prior: are they clear, varied and new?"""
    answers, small = [], []
    for part in torch.arange(len(drawn)).split(CLIPS_AT_ONCE):
        rendered = model.decode(drawn[part])
        answers.append(judge.probabilities(rendered))
        small.append(average_blocks(rendered).cpu())
    scores = score_task(UNCONDITIONAL, join_answers(answers), clips.labels, clips.factors)
    if training is not None:
        scores |= score_nearest(torch.cat(small), clips, training)
    return scores
