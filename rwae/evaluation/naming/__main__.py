"""Finds the named directions of a model: static codes moved so that one attribute changes.

    python -m rwae.evaluation.naming checkpoints/sprites --data data/sprites
    python -m rwae.evaluation.naming runs/figures --dataset figures

For each value of each labelled static factor it looks for a direction that gives a clip this value
and leaves everything else as it is. Directions are fitted to training clips and chosen on
validation clips; the reported figures are from test clips, judged by a second judge if the data
set has one. Directions that reach the value in at least half of the validation clips, and change
nothing else in at least four fifths of these, are written to `directions.json` beside the weights,
where the app finds them. One CPU thread takes about a quarter of an hour.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path
from typing import Any

from rwae import data, runtime
from rwae.classifiers import trained_on
from rwae.editing.named_directions import write_named_directions
from rwae.errors import ConfigError, RWAEError
from rwae.evaluation.judges.training import find_or_train, judge_folder, second_judge_folder
from rwae.evaluation.naming.directions import (
    LEAST_REACH,
    LEAST_SELECTIVITY,
    FoundDirection,
    Outcome,
    offered_directions,
    search_directions,
)
from rwae.evaluation.tasks import LabelledCodes, encode_clips, spaced
from rwae.files.checkpoint import WEIGHTS_FILE
from rwae.models.registry import load

FITTED_CLIPS = 1800
CHOOSING_CLIPS = 48


def parse_options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m rwae.evaluation.naming",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("checkpoint", type=Path, help="folder of a model")
    parser.add_argument(
        "--dataset", choices=data.NAMES, help="by default that of the training, or sprites"
    )
    parser.add_argument("--data", type=Path, help="folder of the data set, if it needs one")
    parser.add_argument("--judge", type=Path, help="folder of the judge; that of the data set")
    parser.add_argument(
        "--held-out",
        type=Path,
        help="folder of the judge that measures; a second one of the data set, or the same",
    )
    parser.add_argument("--clips", type=int, default=148, help="test clips; 148 by default")
    parser.add_argument("--seed", type=int, default=0, help="of the refinement")
    parser.add_argument("--device", help="cuda, mps or cpu; the best there is by default")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads")
    options = parser.parse_args(arguments)
    if options.clips < 1:
        parser.error(f"--clips is {options.clips}: it needs at least one")
    return options


def run_search(options: argparse.Namespace, dataset: str) -> list[FoundDirection]:
    """Runs the search, and says how it goes.

    Raises:
        RWAEError: if the model, the data or the judge is missing, broken or does not fit.
    """
    model = load(options.checkpoint, device=runtime.choose_device(options.device))
    if not model.encodes:
        raise ConfigError(
            f"The model in {options.checkpoint} has no encoder, so that no code has a label: "
            "name another."
        )
    splits = ("train", "validation", "test")
    other = held_out_classifier(options, dataset)
    if other and not (other / WEIGHTS_FILE).is_file():
        raise ConfigError(
            f"There is no judge in {other} to measure with: train one from another seed with "
            f"python -m rwae.evaluation.judges --dataset {dataset} --seed 1 --out {other}."
        )
    clips = [data.load(dataset, split, options.data) for split in splits]
    first = options.judge or judge_folder(dataset, options.data)
    judge, held_out = (
        find_or_train(folder, dataset, clips[0], options.data).to(model.device)
        for folder in (first, other or first)
    )
    picked = [
        spaced(len(some), count)
        for some, count in zip(clips, (FITTED_CLIPS, CHOOSING_CLIPS, options.clips), strict=True)
    ]
    fitted, validation, test = (
        encode_clips(model, some, which).to("cpu")
        for some, which in zip(clips, picked, strict=True)
    )
    training = LabelledCodes(fitted, clips[0].labels[picked[0]])
    found = []
    for one in search_directions(model, judge, held_out, training, validation, test, options.seed):
        found.append(one)
        print(format_direction(one), flush=True)
    if not found:
        raise ConfigError(
            f"The static codes of {options.checkpoint} tell no value from another: name a model "
            "that is trained."
        )
    return found


def held_out_classifier(options: argparse.Namespace, dataset: str) -> Path | None:
    """The folder of the judge that measures, if it is another than the one that refines."""
    return options.held_out or (None if options.judge else second_judge_folder(dataset))


def format_direction(found: FoundDirection) -> str:
    """What was found for one value, as a line of a table."""
    return (
        f"{found.factor + ': ' + found.value:<24} "
        f"{'refined' if found.refined else 'mean':<8} "
        f"reached by {found.shown.reach:7.2%}, selective {found.shown.selectivity:7.2%}"
        f"{'' if found.offered else '   (left out)'}"
    )


def format_summary(found: list[FoundDirection]) -> str:
    """How many directions are offered, and what these do to the test clips, all counted alike."""
    shown = [one.shown for one in found if one.offered]
    if not shown:
        return f"None of {len(found)} directions is offered."
    total = Outcome(
        tested=sum(outcome.tested for outcome in shown),
        reached=sum(outcome.reached for outcome in shown),
        selective=sum(outcome.selective for outcome in shown),
    )
    return (
        f"{len(shown)} of {len(found)} directions are offered: moved along them, "
        f"{total.reach:.1%} of the clips get the value, and in {total.selectivity:.1%} of these "
        "all else stays."
    )


def describe_search(
    options: argparse.Namespace, dataset: str, found: list[FoundDirection]
) -> dict[str, Any]:
    """How the directions were found and measured."""
    source = data.describe(dataset).folder_option(dataset)
    command = f"python -m rwae.evaluation.naming {options.checkpoint}{source}"
    return {
        "command": command,
        "dataset": dataset,
        "split": "test",
        "clips": options.clips,
        "seed": options.seed,
        "second judge measures": held_out_classifier(options, dataset) is not None,
        "rule": {"split": "validation", "reach": LEAST_REACH, "selectivity": LEAST_SELECTIVITY},
        "measured": [
            {
                "factor": one.factor,
                "value": one.value,
                "offered": one.offered,
                "refined": one.refined,
                "validation": dataclasses.asdict(one.chosen),
                "test": dataclasses.asdict(one.shown),
            }
            for one in found
        ],
    }


def main(arguments: list[str] | None = None) -> int:
    options = parse_options(arguments)
    dataset = options.dataset or trained_on(options.checkpoint) or "sprites"
    try:
        runtime.use_threads(options.threads)
        found = run_search(options, dataset)
        write_named_directions(
            options.checkpoint, offered_directions(found), describe_search(options, dataset, found)
        )
    except RWAEError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(
            f"The directions cannot be written to {options.checkpoint} ({error.strerror}): make "
            "the folder writable.",
            file=sys.stderr,
        )
        return 2
    print(format_summary(found), file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
