"""What the Compare tab knows of each model: which belong side by side, and what they scored."""

from __future__ import annotations

from typing import Any

from rwae.classifiers import judge_of, trained_on
from rwae.editing.studio import Studio
from rwae.errors import CheckpointError
from rwae.ui.loaded_models import LoadedModels
from rwae.ui.scores import read_scores

# The two scores that say most about what one sees, as `rwae.ui.scores` calls them.
HEADLINES = {
    "Swap": ("swap", "swaps all right"),
    "Motion sweep": ("sweep", "who kept along sweeps"),
}


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
            "judged": judge_of(studio.folder) is not None,
            "scores": headlines(studio),
        }
        for name, studio in models.studios.items()
    ]


def headlines(studio: Studio) -> list[dict[str, Any]]:
    """The headline scores of a model, a mean over its trainings; empty if there are none."""
    try:
        found = read_scores(studio.folder) if studio.folder else None
    except CheckpointError:
        return []  # the About tab says what is wrong with the file
    known = {measure["title"]: measure["values"] for measure in (found or {}).get("measures", ())}
    return [
        {"key": key, "title": words, "share": sum(known[title]) / len(known[title])}
        for title, (key, words) in HEADLINES.items()
        if title in known
    ]
