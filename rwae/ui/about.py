"""What the About tab says of a model and of the app: card, scores, licences, versions."""

from __future__ import annotations

import platform
from contextlib import suppress
from importlib import metadata
from typing import Any

from rwae import __version__
from rwae.editing.studio import Studio
from rwae.errors import CheckpointError
from rwae.files.metrics import PAGE_TITLES
from rwae.files.scores import ScoreFile, read_scores

# The packages whose versions are shown, with the names that people know.
SHOWN_PACKAGES = {
    "torch": "PyTorch",
    "gradio": "Gradio",
    "numpy": "NumPy",
    "opencv-python-headless": "OpenCV",
}
LICENCE_NAMES = {  # of the Hub's short names
    "apache-2.0": "Apache License 2.0",
    "cc-by-sa-3.0": "CC BY-SA 3.0",
    "cc-by-sa-4.0": "CC BY-SA 4.0",
    "cc-by-4.0": "CC BY 4.0",
    "cc-by-nc-4.0": "CC BY-NC 4.0",
    "cc0-1.0": "CC0 1.0",
    "mit": "MIT",
    "other": "terms of its own",
}
PAGE_CODES = {"static": "who", "dynamic": "motion", "both": "both"}  # the page's words


def about_model(studio: Studio, _request: Any) -> dict[str, Any]:
    """Collects what the About tab shows of a model.

    Args:
        studio: the model.

    Returns:
        {"title", "card": HTML that is safe to put on the page, "scores": see `page_scores`,
        "complaint": a sentence if the scores cannot be shown, "licences": {what: which},
        "versions": {program: version}}.
    """
    card = studio.card
    scores, complaint = _scores(studio)
    return {
        "title": card.title,
        "card": card.html,
        "scores": scores,
        "complaint": complaint,
        "licences": licences(studio),
        "versions": versions(),
    }


def _scores(studio: Studio) -> tuple[dict[str, Any] | None, str]:
    if studio.folder is None:
        return None, "This model has no folder in which scores could be."
    try:
        file = read_scores(studio.folder)
    except CheckpointError as error:
        return None, str(error)
    if file is None:
        return None, "This model has not been scored: python -m rwae.evaluation does it."
    found = page_scores(file)
    if not found["measures"]:
        return None, "The scores of this model hold nothing that is plotted here."
    return found, ""


def page_scores(file: ScoreFile) -> dict[str, Any]:
    """The scores of a model as the page shows them.

    Returns:
        {"dataset", "clips", "steps", "seeds": of the trainings, "measures": [{"title", "asks": the
        question, "part": "who", "motion" or "both", "share": whether it is a share from 0 to 1,
        "plotted": whether it is a share and more is better, "values": one for each training,
        "beside": {program: value}}]}. A measure that a training lacks is left out.
    """
    measures = []
    for metric, title in PAGE_TITLES.items():
        values = file.values(metric)
        if values is None:
            continue
        beside = {
            name: scores.summary(metric, file.factors) for name, scores in file.baselines.items()
        }
        measures.append(
            {
                "title": title,
                "asks": metric.question,
                "part": PAGE_CODES[metric.about],
                "share": metric.unit.percent,
                "plotted": metric.unit.percent and metric.better == "more",
                "values": values,
                "beside": {name: value for name, value in beside.items() if value is not None},
            }
        )
    return {
        "dataset": file.dataset,
        "clips": file.clips,
        "steps": file.steps,
        "seeds": [run.training.seed for run in file.runs],
        "measures": measures,
    }


def licences(studio: Studio) -> dict[str, str]:
    """The licences of the program, of the weights that are shown, and of their data."""
    card = studio.card
    unknown = "not stated in the model's card: ask whoever trained it"
    return {
        "Program": "Apache License 2.0",
        "Weights": LICENCE_NAMES.get(card.licence.lower(), card.licence) or unknown,
        "Data": card.data_licence or unknown,
    }


def versions() -> dict[str, str]:
    """The versions of this program, of Python, and of the packages that do the work."""
    found = {"R-WAE Studio": __version__, "Python": platform.python_version()}
    for package, name in SHOWN_PACKAGES.items():
        with suppress(metadata.PackageNotFoundError):  # OpenCV, for one, has several packages
            found[name] = metadata.version(package)
    return found
