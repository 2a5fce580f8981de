"""Scores a checkpoint: how well it tells who from how it moves.

    python -m rwae.evaluation checkpoints/sprites --data data/sprites
    python -m rwae.evaluation runs/figures --dataset figures --split validation --markdown
    python -m rwae.evaluation runs/seed1 --data data/sprites --out checkpoints/sprites/scores/seed1.json
    python -m rwae.evaluation checkpoints/sprites --data data/sprites --card
    python -m rwae.evaluation --table --write

The first four print tables, the model beside two baselines that disentangle nothing, and write
the same numbers and more to a JSON file; --card also puts the tables into the model's card. The
same command gives the same numbers. The last puts the results of all shipped models into the
README.
"""  # noqa: E501

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import torch

from rwae import data, runtime
from rwae.classifiers import trained_on
from rwae.errors import ConfigError, RWAEError
from rwae.evaluation.protocols import score
from rwae.evaluation.tables import results
from rwae.evaluation.tables.blocks import rewrite
from rwae.files.card import CARD_FILE
from rwae.files.checkpoint import SCORES_FILE, SETTINGS_FILE, atomic
from rwae.files.jsonfile import read_object
from rwae.models.registry import load

ROOT = Path(__file__).resolve().parents[2]
CHECKPOINTS = ROOT / "checkpoints"
README = ROOT / "README.md"
SETTINGS = ("seed", "steps", "batch", "command")
CARD_BEGIN, CARD_END = "<!-- scores -->", "<!-- end of the scores -->"


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m rwae.evaluation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("checkpoint", nargs="?", help="folder of a model, or its id on the Hub")
    parser.add_argument(
        "--dataset", choices=data.NAMES, help="that which the model was trained on, or sprites"
    )
    parser.add_argument("--data", type=Path, help="folder of the data set, if it needs one")
    parser.add_argument("--split", default="test", help="test by default")
    parser.add_argument(
        "--out",
        type=Path,
        help="JSON file; scores.json beside the weights, or here for a model of the Hub",
    )
    parser.add_argument("--judge", type=Path, help="folder of the judge; that of the data set")
    parser.add_argument("--seed", type=int, default=0, help="of the pairs and the draws")
    parser.add_argument("--device", help="cuda, mps or cpu; the best there is by default")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads")
    parser.add_argument("--markdown", action="store_true", help="print Markdown tables")
    parser.add_argument("--card", action="store_true", help="put the tables into the model card")
    parser.add_argument("--table", action="store_true", help="print the results of all models")
    parser.add_argument("--write", action="store_true", help="with --table: into the README")
    parser.add_argument("--check", action="store_true", help="with --table: compare the README")
    options = parser.parse_args(arguments)
    if options.table == (options.checkpoint is not None):
        parser.error("name either a checkpoint or --table")
    if (options.write or options.check) and not options.table:
        parser.error("--write and --check belong to --table")
    return options


def evaluate(options: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """Runs the whole evaluation.

    Returns:
        What goes into the JSON file, and the tables.

    Raises:
        RWAEError: if the model, the data or the judge is missing or broken.
    """
    folder = Path(options.checkpoint)
    settings = training_settings(folder)
    dataset = options.dataset or trained_on(folder) or "sprites"
    model = load(options.checkpoint, device=runtime.choose_device(options.device))
    found, text = score(
        model,
        dataset,
        options.split,
        options.data,
        options.judge,
        lambda: torch.Generator().manual_seed(options.seed),
        options.markdown or options.card,
    )
    result = {
        "dataset": dataset,
        "split": options.split,
        "seed": options.seed,
        "training": settings,
    }
    return result | found, text


def training_settings(checkpoint: Path) -> dict[str, Any]:
    """How the weights came about, from the `training.json` beside them; empty without it.

    Returns:
        seed, steps, batch and command, as far as the file says so.

    Raises:
        ConfigError: if the file cannot be read, or is no JSON object.
    """
    path = checkpoint / SETTINGS_FILE
    if not path.is_file():
        return {}
    try:
        settings = read_object(path)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"The file {path} holds no settings ({error}): restore it, or remove it."
        ) from error
    return {k: settings[k] for k in SETTINGS if k in settings}


def show_results(options: argparse.Namespace) -> int:
    """Prints the results of all models, puts them into the README, or compares them with it."""
    if options.check:
        if results.is_current(README, CHECKPOINTS):
            return 0
        print(
            f"The tables of {README} are not those of the saved scores: run "
            "python -m rwae.evaluation --table --write.",
            file=sys.stderr,
        )
        return 1
    text = results.results(CHECKPOINTS)
    if options.write:
        rewrite(README, results.BEGIN, results.END, text)
    else:
        print(text)
    return 0


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    try:
        if options.table:
            return show_results(options)
        runtime.use_threads(options.threads)
        result, text = evaluate(options)
    except RWAEError as error:
        print(error, file=sys.stderr)
        return 2
    local = Path(options.checkpoint)
    out = options.out or (local if local.is_dir() else Path()) / SCORES_FILE
    print(text)
    try:
        with atomic(out) as path:
            path.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
        if options.card:
            rewrite(local / CARD_FILE, CARD_BEGIN, CARD_END, text)
    except RWAEError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(
            f"The file {out} cannot be written ({error.strerror}): name another with --out.",
            file=sys.stderr,
        )
        return 2
    print(f"\nThese and more numbers are in {out}.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
