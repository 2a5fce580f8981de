"""Which scores belong to which data set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from rwae import data
from rwae.evaluation.baselines import score_baselines
from rwae.evaluation.code_table import code_tables
from rwae.evaluation.digits import digits_table, score_digits
from rwae.evaluation.digits_judge import DigitsJudge
from rwae.evaluation.run import score_model
from rwae.evaluation.table import table
from rwae.evaluation.train_judge import find_or_train, place
from rwae.evaluation.verification import score_verification
from rwae.model import CodeModel

DIGITS = "moving_mnist"
SPEECH = ("fsdd", "timit")
Seeded = Callable[[], torch.Generator]


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
        dataset: a name of `rwae.data`. SM-MNIST has a judge and scores of its own, speech the
            equal error rate beside the rest.
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
    judge = judge or place(dataset)
    if dataset == DIGITS:
        found = score_digits(model, clips, DigitsJudge.load(judge).to(model.device), generator())
        return {"model": found}, digits_table(found)
    training, validation = (data.load(dataset, part, folder) for part in ("train", "validation"))
    named = find_or_train(judge, dataset, training, folder).to(model.device)
    scores = score_model(model, clips, named, generator(), training, validation)
    if dataset in SPEECH and model.encodes:
        scores["verification"] = score_verification(model, clips)
    baselines = score_baselines(clips, named, generator())
    text = table({"this model": scores, **baselines}, clips.factors, markdown)
    if codes := code_tables(scores, clips.factors, markdown):
        text += "\n\n" + codes
    return {"model": scores, "baselines": baselines}, text
