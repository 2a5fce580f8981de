"""Which scores belong to which data set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from rwae import data
from rwae.data.clips import ClipSource
from rwae.errors import DataError
from rwae.evaluation.judges.digits import DigitsJudge
from rwae.evaluation.judges.places import find_or_train, place
from rwae.evaluation.run import score_model
from rwae.evaluation.scores.baselines import score_baselines
from rwae.evaluation.scores.digits import digits_table, score_digits
from rwae.evaluation.tables.codes import code_tables
from rwae.evaluation.tables.scores import table
from rwae.models.base import CodeModel

DIGITS = "moving_mnist"
Seeded = Callable[[], torch.Generator]


def require_both(dataset: str, clips: ClipSource) -> None:
    """Raises DataError unless the clips are labelled by who they show and by how it moves."""
    for static, what in ((True, "who a clip shows"), (False, "how it moves")):
        if not any(factor.static is static for factor in clips.factors):
            known = ", ".join(factor.name for factor in clips.factors) or "nothing"
            raise DataError(
                f"The clips of {dataset} are labelled by {known}: a judge needs to learn {what} "
                "as well. Put them into folders WHO/HOW/, or look at the sheets of the training."
            )


def score(
    model: CodeModel,
    dataset: str,
    split: str,
    folder: Path | None,
    judge: Path | None,
    generator: Seeded,
    markdown: bool,
) -> tuple[dict[str, Any], str]:
    """Scores a model on a data set as is the custom there.

    Args:
        model: the model.
        dataset: a name of `rwae.data`. SM-MNIST has a judge and scores of its own.
        split: which part is scored; choices are made on the validation part, also if it is that.
        folder: where the data set is.
        judge: folder of the judge; that of the data set by default.
        generator: makes a generator, each time with the same seed.
        markdown: whether the tables are Markdown.

    Returns:
        model and baselines, as JSON can hold them, and the tables.

    Raises:
        RWAEError: if the data or the judge is missing or broken.
    """
    clips = data.load(dataset, split, folder)
    judge = judge or place(dataset, folder)
    if dataset == DIGITS:
        found = score_digits(model, clips, DigitsJudge.load(judge).to(model.device), generator())
        return {"model": found}, digits_table(found)
    require_both(dataset, clips)
    training, validation = (data.load(dataset, part, folder) for part in ("train", "validation"))
    named = find_or_train(judge, dataset, training, folder).to(model.device)
    scores = score_model(model, clips, named, generator(), training, validation)
    baselines = score_baselines(clips, named, generator())
    text = table({"this model": scores, **baselines}, clips.factors, markdown)
    if codes := code_tables(scores, clips.factors, markdown):
        text += "\n\n" + codes
    return {"model": scores, "baselines": baselines}, text
