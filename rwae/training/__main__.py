"""Trains a model.

    python -m rwae.training --preset figures --out runs/figures           # two minutes, no data
    python -m rwae.training --preset sprites --data data/sprites --out runs/sprites
    python -m rwae.training --preset sprites-weak ... --refit-prior runs/codes --out runs/weak
    torchrun --nproc_per_node 2 -m rwae.training --preset sprites ...     # data parallel

The folder of the run gets the checkpoint (`config.json`, `model.safetensors`,
`gallery.safetensors`), `metrics.jsonl`, `training.json`, sample sheets, and the state from which
the same command resumes an interrupted run. SIGTERM and Ctrl-C finish the step, save and exit.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from rwae import data
from rwae.errors import ConfigError, RWAEError
from rwae.files.checkpoint import SETTINGS_FILE
from rwae.files.jsonfile import read_object
from rwae.files.scores import parse_training
from rwae.runtime import choose_device, keep_freed_memory, use_threads
from rwae.training.config import PRECISIONS, LossWeights, TrainingConfig
from rwae.training.distributed import process_group
from rwae.training.presets import PRESETS
from rwae.training.run import train

# Settings of a run that the command line may give. Their types are those of the presets.
OVERRIDES = (
    "dataset",
    "steps",
    "prior_steps",
    "batch",
    "learning_rate",
    "seed",
    "ema",
    "static_frames",
    "decoded_frames",
    "log_every",
    "save_every",
    "sheet_every",
    "photometric_augment",
    "hflip",
)
# Options that the objective of a family of models does not use.
UNUSED_OPTIONS = {
    "objects": ("photometric_augment", "hflip"),
    "mocogan": ("photometric_augment", "hflip", "static_frames", "decoded_frames", "weight"),
}


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parses the command line; unknown options and missing ones exit with 2."""
    parser = argparse.ArgumentParser(
        "python -m rwae.training",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--preset", choices=PRESETS, required=True)
    parser.add_argument("--data", type=Path, help="folder of the data set, if it needs one")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument("--device", help="cuda, mps or cpu; by default the best there is")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads of a process")
    parser.add_argument("--precision", choices=PRECISIONS, help="bfloat16 on CUDA by default")
    parser.add_argument(
        "--refit-prior",
        type=Path,
        metavar="CHECKPOINT",
        help="keep the codes of this finished run, and train the prior alone, for --prior-steps",
    )
    defaults = vars(PRESETS["sprites"])
    for name in OVERRIDES:
        option, kind = f"--{name.replace('_', '-')}", type(defaults[name])
        if kind is bool:
            parser.add_argument(
                option, action=argparse.BooleanOptionalAction, help="in place of the preset's"
            )
        else:
            parser.add_argument(option, type=kind, help="in place of the preset's")
    parser.add_argument(
        "--weight",
        action="append",
        default=[],
        metavar="TERM=FACTOR",
        help="factor of a term of the loss, such as normalised_hsic=0; may be given several times",
    )
    return parser.parse_args(arguments)


def configure(options: argparse.Namespace) -> TrainingConfig:
    """The preset, with the values of the command line in place of its own.

    Raises:
        ConfigError: if an option is unused by the family of the preset's model, or a value is bad.
    """
    given = {name: vars(options)[name] for name in OVERRIDES if vars(options)[name] is not None}
    preset = PRESETS[options.preset]
    family = preset.model.family
    names = {*given, "weight"} if options.weight else {*given}
    for name in UNUSED_OPTIONS.get(family, ()):
        if name in names:
            raise ConfigError(
                f"The preset {options.preset} trains a model of the family {family}, which does "
                f"not use --{name.replace('_', '-')}: leave it out."
            )
    if options.refit_prior and not given.get("prior_steps", preset.prior_steps):
        raise ConfigError("A run with --refit-prior trains the prior alone: give --prior-steps.")
    if family == "objects" and options.precision == "bfloat16":
        raise ConfigError(
            f"The preset {options.preset} trains in float32 alone: leave --precision out."
        )
    return dataclasses.replace(preset, **given, weights=reweighted(preset.weights, options.weight))


def reweighted(weights: LossWeights, given: Sequence[str]) -> LossWeights:
    """The weights of a preset, with those given as "term=factor" in place of its own.

    Raises:
        ConfigError: if one has another form, names no term, or is not a finite number from 0 on.
    """
    changed = {}
    for text in given:
        name, _, factor = text.partition("=")
        if name not in vars(weights):
            raise ConfigError(
                f"The --weight {text} names no term of the loss: it needs to be TERM=FACTOR, "
                f"with one of {', '.join(vars(weights))}."
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
    parts = ["python", "-m", "rwae.training", "--preset", options.preset]
    dataset = data.describe(options.dataset or PRESETS[options.preset].dataset)
    if options.data and dataset.needs_folder:
        folder = f"data/{dataset.download}" if dataset.download else str(options.data)
        parts += ["--data", folder]
    for name in OVERRIDES:
        value, option = vars(options)[name], name.replace("_", "-")
        if isinstance(value, bool):
            parts.append(f"--{option}" if value else f"--no-{option}")
        elif value is not None:
            parts += [f"--{option}", str(value)]
    for text in options.weight:
        parts += ["--weight", text]
    if options.precision or precision != "float32":
        parts += ["--precision", precision]
    out = f"runs/{options.preset}"
    if options.refit_prior is None:
        return shlex.join([*parts, "--out", out])
    parts += ["--refit-prior", str(options.refit_prior)]
    refit = shlex.join([*parts, "--out", f"{out}-refit"])
    before = training_command(options.refit_prior)
    return f"{before} && {refit}" if before else refit


def training_command(checkpoint: Path) -> str:
    """The command that trained a checkpoint, from its `training.json`; empty if it is unknown."""
    try:
        return parse_training(read_object(checkpoint / SETTINGS_FILE)).command or ""
    except (OSError, ValueError):
        return ""


def main(arguments: list[str] | None = None) -> int:
    options = parse_arguments(arguments)
    keep_freed_memory()
    try:
        use_threads(options.threads)
        config = configure(options)
        clips = data.load(config.dataset, "train", options.data)
        overview = data.describe(config.dataset).overview
        config = config.for_clips(clips.shape[0])
        with process_group(choose_device(options.device)) as ranks:
            if overview:
                ranks.print_once(overview(options.data))
            default = "bfloat16" if ranks.device.type == "cuda" else "float32"
            precision = options.precision or default
            repeat = command(options, precision)
            finished = train(
                config,
                clips,
                options.out,
                ranks,
                PRECISIONS[precision],
                repeat,
                options.refit_prior,
            )
    except RWAEError as error:
        print(error, file=sys.stderr)
        return 2
    if finished and ranks.is_first:
        score = ["python", "-m", "rwae.evaluation", str(options.out), "--dataset", config.dataset]
        if options.data:
            score += ["--data", str(options.data)]
        print(f"The checkpoint is in {options.out}. Score it: {shlex.join(score)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
