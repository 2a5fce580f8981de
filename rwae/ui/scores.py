"""What a model scored, from the files beside its weights, for the plot of the About tab.

`scores.json` is of the weights that are there, `scores/seed1.json` and so on of the same training
from other seeds. `python -m rwae.evaluation` writes them; only the files are needed here. Anyone
may have written them, so every number is checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rwae.errors import CheckpointError
from rwae.files.checkpoint import SCORES_FILE, SEED_SCORES
from rwae.files.jsonfile import is_number, read_object

MAX_SEEDS = 16
LARGEST = 1e9  # of any number; nothing that is measured is negative
HOW = "HOW"  # in a path: the factor of the motion, which differs between data sets

Scores = Mapping[str, Any]


@dataclass(frozen=True)
class Measure:
    """A number that a model is judged by.

    Attributes:
        title: a few words.
        asks: what is asked, in a sentence.
        part: "who" or "motion" if it is about one kind of code, else "both".
        path: keys that lead to it; `HOW` stands for the name of the motion's factor.
        share: whether it is a share in [0, 1] and not any other number.
        plotted: whether more is better, from 0 to 1; other numbers stand in the table only.
    """

    title: str
    asks: str
    part: str
    path: tuple[str, ...]
    share: bool = True
    plotted: bool = True


MEASURES = (
    Measure("Swap", "Is all of one clip's who and another's motion there?", "both",
            ("swap", "joint")),
    Measure("Swap, both digits", "Are both digits of one clip there, at the places of another?",
            "both", ("swap", "pair")),
    Measure("New motion", "Is all of who kept when the motion is drawn?", "who",
            ("prior_motion", "joint")),
    Measure("New motion, both digits", "Are both digits kept when the motion is drawn?", "who",
            ("prior_motion", "pair")),
    Measure("New who", "Is the motion kept when who is drawn?", "motion",
            ("prior_static", "joint")),
    Measure("Motion sweep", "Do two motions of one drawn who show the same who?", "who",
            ("sweep", "drawn", "identity")),
    Measure("Motion sweep, judge sure", "The same, of those pairs in which the judge is sure.",
            "who", ("sweep", "drawn", "sure_identity")),
    Measure("Judge sure", "In how many pairs of the sweep is the judge sure?", "who",
            ("sweep", "drawn", "sure"), plotted=False),
    Measure("Action asked for", "Does a drawn clip show the action that was asked for?", "motion",
            ("actions", "drawn", HOW, "agreement")),
    Measure("Reconstruction", "Is everything right after encoding and decoding?", "both",
            ("reconstruction", "joint")),
    Measure("Reconstruction, both digits", "Are both digits right after encoding and decoding?",
            "both", ("reconstruction", "pair")),
    Measure("Inception score", "How varied and clear are motions when all is drawn?", "motion",
            ("unconditional", "factors", HOW, "inception_score"), share=False, plotted=False),
    Measure("Squared error", "Summed over a reconstructed frame, colours from 0 to 1.", "both",
            ("reconstruction", "squared_error_per_frame"), share=False, plotted=False),
    Measure("Off place, pixels", "How far are swapped digits from where they should be?", "motion",
            ("swap", "position_error"), share=False, plotted=False),
)  # fmt: skip


def read_scores(folder: Path) -> dict[str, Any] | None:
    """Reads what a model scored.

    Returns:
        {"dataset", "clips", "steps", "seeds": numbers of the trainings, "measures": [{"title",
        "asks", "part", "share", "plotted", "values": one for each seed, "beside": {program:
        value}}]}, or None if the model has not been scored.

    Raises:
        CheckpointError: if a file is broken, or the files do not belong together.
    """
    paths = [folder / SCORES_FILE, *sorted(folder.glob(SEED_SCORES.format("*")))[:MAX_SEEDS]]
    if not paths[0].is_file():
        return None
    found = {path: _read(path) for path in paths}
    first = found[paths[0]]
    steps = _number(first, ("training", "steps"), paths[0])
    for path, result in found.items():
        same = all(result.get(key) == first.get(key) for key in ("dataset", "split", "seed"))
        if not same or _number(result, ("training", "steps"), path) != steps:
            raise CheckpointError(
                f"The file {path.name} is of other clips or of a longer or shorter training than "
                f"{SCORES_FILE}: score both alike with python -m rwae.evaluation."
            )
    models = {path: result["model"] for path, result in found.items()}
    return {
        "dataset": str(first.get("dataset", ""))[:60],
        "clips": _number(first, ("model", "clips"), paths[0]),
        "steps": steps,
        "seeds": [_number(result, ("training", "seed"), path) for path, result in found.items()],
        "measures": list(_measured(models, _beside(first))),
    }


def _measured(
    seeds: Mapping[Path, Scores], beside: Mapping[str, Scores]
) -> Iterator[dict[str, Any]]:
    """The measures that are known of every seed."""
    first = next(iter(seeds))
    for measure in MEASURES:
        keys = tuple(_how(seeds[first]) if key == HOW else key for key in measure.path)
        values = [_number(scores, keys, path, measure.share) for path, scores in seeds.items()]
        if None in values:
            continue
        others = {name: _number(s, keys, first, measure.share) for name, s in beside.items()}
        yield {
            "title": measure.title,
            "asks": measure.asks,
            "part": measure.part,
            "share": measure.share,
            "plotted": measure.plotted,
            "values": values,
            "beside": {name: value for name, value in others.items() if value is not None},
        }


def _beside(result: Scores) -> dict[str, Scores]:
    """What programs scored that disentangle nothing; of digits there is one, beside the scores."""
    baselines = result.get("baselines")
    programs = dict(list(baselines.items())[:4]) if isinstance(baselines, dict) else {}
    programs.setdefault("copy the input", result["model"].get("copy"))
    return {str(name)[:60]: s for name, s in programs.items() if isinstance(s, dict)}


def _how(scores: Scores) -> str:
    """The name of the first factor of the motion, as the sweep lists them; "" if it lists none."""
    drawn: Any = scores
    for key in ("sweep", "drawn", "motion_entropy"):
        drawn = drawn.get(key) if isinstance(drawn, dict) else None
    return next(iter(drawn), "") if isinstance(drawn, dict) else ""


def _number(
    scores: Scores, keys: tuple[str, ...], path: Path, share: bool = False
) -> float | None:
    """The number at the end of a path of keys, None if it is not there."""
    value: Any = scores
    for key in keys:
        if not isinstance(value, dict) or key not in value:
            return None
        value = value[key]
    if value is None:
        return None
    if not is_number(value, 0, 1 if share else LARGEST):
        raise CheckpointError(
            f"The file {path.name} has no fitting number at {'.'.join(keys)}: write it again with "
            "python -m rwae.evaluation."
        )
    return value


def _read(path: Path) -> dict[str, Any]:
    try:
        result = read_object(path)
    except (OSError, ValueError):
        result = {}
    if not isinstance(result.get("model"), dict):
        raise CheckpointError(
            f"The file {path.name} cannot be read as scores: write it again with "
            "python -m rwae.evaluation."
        )
    return result
