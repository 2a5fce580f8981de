"""The command line of a training: a preset, and what is given in place of its values."""

from __future__ import annotations

import argparse
import dataclasses
import math
import shlex
from collections.abc import Sequence
from pathlib import Path

import torch

from rwae import data
from rwae.errors import ConfigError
from rwae.training.config import TrainingConfig, Weights
from rwae.training.presets import PRESETS

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}
# Settings of a run that the command line may give; what kind they are, the preset says.
OVERRIDES = (
    *("dataset", "steps", "batch", "learning_rate", "seed", "ema"),
    *("static_frames", "decoded_frames"),
    *("log_every", "save_every", "sheet_every"),
    *("photometric_augment", "hflip"),
)
# What the objective of a family of models never looks at.
IDLE = {
    "objects": ("photometric_augment", "hflip"),
    "mocogan": ("photometric_augment", "hflip", "static_frames", "decoded_frames", "weight"),
}


def parse(arguments: list[str] | None = None, about: str | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m rwae.training",
        description=about,
        formatter_class=argparse.RawDescriptionHelpFormatter,
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
    parser.add_argument(
        "--weight",
        action="append",
        default=[],
        metavar="TERM=FACTOR",
        help="factor of a term of the loss, such as normalised_hsic=0; may be given several times",
    )
    return parser.parse_args(arguments)


def configure(options: argparse.Namespace) -> TrainingConfig:
    """The preset with the values that the command line gives in place of its own."""
    given = {name: getattr(options, name) for name in OVERRIDES}
    given = {name: value for name, value in given.items() if value is not None}
    preset = PRESETS[options.preset]
    family = preset.model.family
    asked = {*given, *(["weight"] if options.weight else [])}
    if idle := [name for name in IDLE.get(family, ()) if name in asked]:
        raise ConfigError(
            f"The preset {options.preset} trains a model of the family {family}, which knows no "
            f"--{idle[0].replace('_', '-')}: leave it out."
        )
    if family == "objects" and options.precision == "bfloat16":
        raise ConfigError(
            f"The preset {options.preset} trains in float32 alone: leave --precision out."
        )
    return dataclasses.replace(preset, **given, weights=reweighted(preset.weights, options.weight))


def reweighted(weights: Weights, given: Sequence[str]) -> Weights:
    """The weights of a preset with those that are given as "term=factor" in place of its own.

    Raises:
        ConfigError: if one is not of this form, names no term, or is not a finite number from 0
            on.
    """
    changed = {}
    for text in given:
        name, _, factor = text.partition("=")
        if name not in dataclasses.asdict(weights):
            raise ConfigError(
                f"The --weight {text} names no term of the loss: it needs to be TERM=FACTOR, "
                f"with one of {', '.join(dataclasses.asdict(weights))}."
            )
        try:
            changed[name] = float(factor)
        except ValueError:
            changed[name] = math.nan
        if not 0 <= changed[name] < math.inf:
            raise ConfigError(
                f"The --weight {text} needs to end in a number from 0 on, such as {name}=0.5."
            )
    return dataclasses.replace(weights, **changed)


def command(options: argparse.Namespace, precision: str) -> str:
    """The command that repeats the run.

    Args:
        options: of the command line. A data set that `rwae.data.download` fetches is named by the
            folder of the README, any other by the folder that was given.
        precision: that the run has, which may be the default of its device.
    """
    preset = PRESETS[options.preset]
    parts = ["python", "-m", "rwae.training", "--preset", options.preset]
    known = data.describe(options.dataset or preset.dataset)
    if options.data and known.needs_folder:
        parts += ["--data", f"data/{known.download}" if known.download else str(options.data)]
    for name in OVERRIDES:
        value, option = getattr(options, name), name.replace("_", "-")
        if isinstance(value, bool):
            parts.append(f"--{option}" if value else f"--no-{option}")
        elif value is not None:
            parts += [f"--{option}", str(value)]
    for text in options.weight:
        parts += ["--weight", text]
    if options.precision or precision != "float32":
        parts += ["--precision", precision]
    return shlex.join([*parts, "--out", f"runs/{options.preset}"])
