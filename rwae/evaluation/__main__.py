"""Scores a checkpoint: how well it tells who from how it moves.

    python -m rwae.evaluation checkpoints/sprites --data data/sprites
    python -m rwae.evaluation runs/figures --dataset figures --split validation --markdown

It prints a table, the model beside two baselines that disentangle nothing, and writes the same
numbers and more to a JSON file. The same command gives the same numbers.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import torch

from rwae import data, device
from rwae.checkpoint import atomic
from rwae.errors import RWAEError
from rwae.evaluation.baselines import score_baselines
from rwae.evaluation.run import score_model
from rwae.evaluation.table import table
from rwae.evaluation.train_judge import JUDGES, find_or_train
from rwae.model import RWAE


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m rwae.evaluation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("checkpoint", help="folder of a model, or its id on the Hub")
    parser.add_argument("--dataset", choices=data.NAMES, default="sprites")
    parser.add_argument("--data", type=Path, help="folder of the data set, if it needs one")
    parser.add_argument("--split", choices=("train", "validation", "test"), default="test")
    parser.add_argument(
        "--out",
        type=Path,
        help="JSON file; scores.json beside the weights, or here for a model of the Hub",
    )
    parser.add_argument("--judge", type=Path, help=f"folder of the judge; {JUDGES}/DATASET")
    parser.add_argument("--seed", type=int, default=0, help="of the pairs and the draws")
    parser.add_argument("--device", help="cuda, mps or cpu; the best there is by default")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads")
    parser.add_argument("--markdown", action="store_true", help="print a Markdown table")
    return parser.parse_args(arguments)


def evaluate(options: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """Runs the whole evaluation.

    Returns:
        What goes into the JSON file, and the table.

    Raises:
        RWAEError: if the model, the data or the judge is missing or broken.
    """
    where = device.choose(options.device)
    model = RWAE.from_pretrained(options.checkpoint, device=where)
    clips = data.load(options.dataset, options.split, options.data)
    training = data.load(options.dataset, "train", options.data)
    folder = options.judge or JUDGES / options.dataset
    judge = find_or_train(folder, options.dataset, training, options.data).to(where)

    def generator() -> torch.Generator:
        return torch.Generator().manual_seed(options.seed)

    scores = score_model(model, clips, judge, generator(), training)
    baselines = score_baselines(clips, judge, generator())
    result = {
        "dataset": options.dataset,
        "split": options.split,
        "seed": options.seed,
        "model": scores,
        "baselines": baselines,
    }
    return result, table({"this model": scores, **baselines}, clips.factors, options.markdown)


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    local = Path(options.checkpoint)
    out = options.out or (local if local.is_dir() else Path()) / "scores.json"
    try:
        device.use_threads(options.threads)
        result, text = evaluate(options)
    except RWAEError as error:
        print(error, file=sys.stderr)
        return 2
    print(text)
    try:
        with atomic(out) as path:
            path.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
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
