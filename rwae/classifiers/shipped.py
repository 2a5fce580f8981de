"""Which of the judges in `checkpoints/judges` belongs to a model: that of its training data."""

from __future__ import annotations

import functools
import re
from pathlib import Path

from rwae.classifiers.judge import TRAINED_BY, Judge
from rwae.errors import CheckpointError, RWAEError
from rwae.files import installation
from rwae.files.checkpoint import CONFIG_FILE, SETTINGS_FILE
from rwae.files.jsonfile import read_object

JUDGES = installation.checkpoints() / "judges"
_MAX_SETTINGS_BYTES = 2**16  # bytes of a training.json
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")  # of a data set, which becomes part of a path


def trained_on(folder: Path | None) -> str | None:
    """The data set that a checkpoint says it was trained on, None if it does not say.

    The `training.json` beside the weights names it. The file may come from anyone, so None is also
    returned for a broken file and for a name that no data set can have.
    """
    if folder is None:
        return None
    try:
        name = read_object(folder / SETTINGS_FILE, _MAX_SETTINGS_BYTES).get("dataset")
    except (OSError, ValueError):
        return None
    return name if isinstance(name, str) and _NAME.fullmatch(name) else None


def has_judge(folder: Path | None, judges: Path | None = None) -> bool:
    """Whether a model's clips have a judge, readable or not; see `judge_of`."""
    name = trained_on(folder)
    return name is not None and ((judges or JUDGES) / name / CONFIG_FILE).is_file()


def judge_of(folder: Path | None, judges: Path | None = None) -> Judge | None:
    """The judge that names the factors of a model's clips.

    Each is read once, and shared by all models of its data set.

    Args:
        folder: of the model; None for one that was never saved.
        judges: where the judges are; those that are shipped by default.

    Returns:
        The judge, or None if there is none: the model does not say what it was trained on, or its
        data set has no judge of this kind (the digits of moving_mnist have another).

    Raises:
        CheckpointError: if the files of the judge cannot be read. The message names no path.
    """
    name = trained_on(folder)
    if name is None or not has_judge(folder, judges):
        return None
    try:
        return _load((judges or JUDGES) / name)
    except RWAEError as error:
        raise CheckpointError(
            f"The judge of {name} cannot be read, so clips of this model are not judged: train it "
            f"again with {TRAINED_BY} --dataset {name}."
        ) from error


@functools.cache
def _load(folder: Path) -> Judge:
    return Judge.load(folder)
