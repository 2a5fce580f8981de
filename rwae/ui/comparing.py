"""What the Compare tab knows of each model: which belong side by side, and what they scored."""

from __future__ import annotations

import statistics
from typing import Any

from rwae.classifiers import has_judge, trained_on
from rwae.editing.studio import Studio
from rwae.errors import CheckpointError
from rwae.files.metrics import HEADLINES
from rwae.files.scores import read_scores
from rwae.ui.loaded_models import LoadedModels


def peers(models: LoadedModels) -> list[dict[str, Any]]:
    """What the Compare tab knows of every model.

    Returns:
        For each model its name, title, frames of a clip, whether it encodes and is judged,
        `scores` (a list of {"key", "title", "share"}), and `group`: models of one group were
        trained on the same data, and their frames have one size.
    """
    return [
        {
            "name": name,
            "title": studio.card.title,
            "group": f"{trained_on(studio.folder) or name}, {studio.model.config.frame_size}",
            "frames": studio.model.config.frames,
            "encodes": studio.model.encodes,
            "judged": has_judge(studio.folder),
            "scores": headlines(studio),
        }
        for name, studio in models.studios.items()
    ]


def headlines(studio: Studio) -> list[dict[str, Any]]:
    """The headline scores of a model, a mean over its trainings; empty if there are none."""
    try:
        file = read_scores(studio.folder) if studio.folder else None
    except CheckpointError:
        return []  # the About tab says what is wrong with the file
    if file is None:
        return []
    found = [(key, title, file.values(metric)) for key, (metric, title) in HEADLINES.items()]
    return [
        {"key": key, "title": title, "share": statistics.fmean(values)}
        for key, title, values in found
        if values is not None
    ]
