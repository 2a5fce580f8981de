"""Where the judge of a data set is kept, and how it comes there if it is missing."""

from __future__ import annotations

import sys
from pathlib import Path

from rwae import data
from rwae.classifiers import JUDGES, Judge
from rwae.data.clips import ClipSource
from rwae.errors import ConfigError
from rwae.evaluation.judges import factors
from rwae.files.checkpoint import WEIGHTS_FILE


def place(dataset: str, source: Path | None = None) -> Path:
    """Where the judge of a data set is kept: with the shipped ones, or with the user's runs.

    Args:
        dataset: its name.
        source: folder of the data set; each folder of a user's own has a judge of its own.
    """
    if not data.describe(dataset).own:
        return JUDGES / dataset
    own = f"-{Path(source).resolve().name}" if source else ""
    return Path("runs") / "judges" / f"{dataset}{own}"


def second(dataset: str) -> Path | None:
    """The folder of a second shipped judge, trained from another seed, if the data set has one.

    A folder without weights counts as none: a training may be under way.
    """
    folder = JUDGES / f"{dataset}-second"
    return folder if (folder / WEIGHTS_FILE).is_file() else None


def find_or_train(folder: Path, dataset: str, training: ClipSource, source: Path | None) -> Judge:
    """Reads the judge in a folder, or trains it there if the folder holds no weights.

    Args:
        folder: of the judge.
        dataset: its name.
        training: clips of the data set, whose factors the judge has to name.
        source: folder of the data set, if it needs one.

    Raises:
        CheckpointError: if the files cannot be read.
        ConfigError: if they describe something else than a judge of this data set.
        DataError: if the data set cannot be read.
    """
    if (folder / WEIGHTS_FILE).is_file():
        judge = Judge.load(folder)
    else:
        print(f"There is no judge in {folder}: training one takes minutes.", file=sys.stderr)
        judge = factors.make(folder, dataset, source)
    if judge.factors != training.factors:
        theirs, ours = (
            "; ".join(f"{f.name}: {', '.join(f.values)}" for f in named)
            for named in (judge.factors, training.factors)
        )
        raise ConfigError(
            f"The judge in {folder} names {theirs}, but {dataset} has {ours}: give this data "
            "set a judge of its own with --judge DIR."
        )
    return judge
