"""Trains a model.

    python -m rwae.training --preset figures --out runs/figures           # two minutes, no data
    python -m rwae.training --preset sprites --data data/sprites --out runs/sprites
    torchrun --nproc_per_node 2 -m rwae.training --preset sprites ...     # data parallel

The folder of the run gets the checkpoint (`config.json`, `model.safetensors`,
`gallery.safetensors`), `metrics.jsonl`, `training.json`, sample sheets, and the state from which
the same command goes on after an interruption. SIGTERM
and Ctrl-C finish the step, save and exit.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path

import torch

from rwae import data
from rwae.device import choose, use_threads
from rwae.errors import RWAEError
from rwae.training.config import TrainingConfig
from rwae.training.presets import PRESETS
from rwae.training.process import keep_freed_memory
from rwae.training.ranks import join
from rwae.training.run import train

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}
# Settings of a run that the command line may give; what kind they are, the preset says.
OVERRIDES = (
    *("dataset", "steps", "batch", "learning_rate", "seed", "ema"),
    *("log_every", "save_every", "sheet_every"),
    *("relight", "mirror"),
)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m rwae.training",
        description="Trains an R-WAE.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=__doc__,
    )
    parser.add_argument("--preset", choices=PRESETS, required=True)
    parser.add_argument("--data", type=Path, help="folder of the data set, if it needs one")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument("--device", help="cuda, mps or cpu; the best there is by default")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads of a process")
    parser.add_argument("--precision", choices=PRECISIONS, help="bfloat16 on CUDA by default")
    for name in OVERRIDES:
        kind = type(getattr(PRESETS["sprites"], name))
        reads = {"action": argparse.BooleanOptionalAction} if kind is bool else {"type": kind}
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, help="in place of the preset's", **reads)
    return parser.parse_args(arguments)


def configure(options: argparse.Namespace) -> TrainingConfig:
    """The preset with the values that the command line gives in place of its own."""
    given = {name: getattr(options, name) for name in OVERRIDES}
    given = {name: value for name, value in given.items() if value is not None}
    return dataclasses.replace(PRESETS[options.preset], **given)


def command(options: argparse.Namespace) -> str:
    """The command that repeats the run, with the folders that the README names."""
    parts = ["python -m rwae.training", f"--preset {options.preset}"]
    if options.data:
        dataset = options.dataset or PRESETS[options.preset].dataset
        parts.append(f"--data data/{data.describe(dataset).download or dataset}")
    for name in OVERRIDES:
        value, option = getattr(options, name), name.replace("_", "-")
        if isinstance(value, bool):
            parts.append(f"--{option}" if value else f"--no-{option}")
        elif value is not None:
            parts.append(f"--{option} {value}")
    return " ".join([*parts, f"--out runs/{options.preset}"])


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    keep_freed_memory()
    try:
        use_threads(options.threads)
        config = configure(options)
        clips = data.load(config.dataset, "train", options.data)
        with join(choose(options.device)) as ranks:
            by_default = "bfloat16" if ranks.device.type == "cuda" else "float32"
            precision = PRECISIONS[options.precision or by_default]
            finished = train(config, clips, options.out, ranks, precision, command(options))
    except RWAEError as error:
        print(error, file=sys.stderr)
        return 2
    if finished and ranks.first:
        source = f" --data {options.data}" if options.data else ""
        print(
            f"The checkpoint is in {options.out}. Score it: "
            f"python -m rwae.evaluation {options.out} --dataset {config.dataset}{source}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
