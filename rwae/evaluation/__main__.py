"""Scores a checkpoint: how well it separates who a clip shows from how it moves.

    python -m rwae.evaluation checkpoints/sprites --data data/sprites
    python -m rwae.evaluation runs/figures --dataset figures --split validation --markdown
    python -m rwae.evaluation runs/seed1 --data data/sprites --add --out checkpoints/sprites/scores.json
    python -m rwae.evaluation checkpoints/sprites --data data/sprites --card
    python -m rwae.evaluation checkpoints/lpc --data data/lpc --no-judge --out lpc.json
    python -m rwae.evaluation --table --write

All but the last print tables, the model beside programs that learn nothing, and write the same
numbers and more to a JSON file; --add puts them into a file that holds other training seeds of the
same model, and --card also puts the tables into the model's card. With --no-judge only errors
against true clips are measured. The same command gives the same numbers. The last puts the tables of all models into README.md, docs/RESULTS.md and the
cards; it reads saved scores alone.
"""  # noqa: E501

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rwae import data, runtime
from rwae.classifiers import trained_on
from rwae.errors import CheckpointError, ConfigError, RWAEError
from rwae.evaluation.results import all_blocks, card_block, read_results, results_text
from rwae.evaluation.run import score_checkpoint
from rwae.evaluation.tables import model_tables
from rwae.files import installation
from rwae.files.card import CARD_FILE
from rwae.files.checkpoint import SCORES_FILE, SETTINGS_FILE
from rwae.files.hub import locate, short_name
from rwae.files.jsonfile import read_object
from rwae.files.scores import ScoreFile, Training, parse_training, read_score_file, write_scores
from rwae.models.registry import load

CHECKPOINTS = installation.checkpoints()
ROOT = installation.ROOT
DEFAULT_DATASET = "sprites"


def parse_options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m rwae.evaluation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("checkpoint", nargs="?", help="folder of a model, or its id on the Hub")
    parser.add_argument(
        "--dataset", choices=data.NAMES, help="by default that of the training, or sprites"
    )
    parser.add_argument("--data", type=Path, help="folder of the data set, if it needs one")
    parser.add_argument("--split", default="test", help="test by default")
    parser.add_argument(
        "--out",
        type=Path,
        help="JSON file; scores.json beside the weights, or here for a model of the Hub",
    )
    parser.add_argument(
        "--add", action="store_true", help="add another training seed to the JSON file"
    )
    parser.add_argument("--judge", type=Path, help="folder of another judge than the data set's")
    parser.add_argument(
        "--no-judge", action="store_true", help="measure errors in pixels alone, of any data set"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the pairs and the draws")
    parser.add_argument("--device", help="cuda, mps or cpu; the best there is by default")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads")
    parser.add_argument("--markdown", action="store_true", help="print Markdown tables")
    parser.add_argument("--card", action="store_true", help="put the tables into the model card")
    parser.add_argument("--table", action="store_true", help="print the results of all models")
    parser.add_argument("--write", action="store_true", help="with --table: into the files")
    parser.add_argument("--check", action="store_true", help="with --table: compare the files")
    options = parser.parse_args(arguments)
    if options.table == (options.checkpoint is not None):
        parser.error("name either a checkpoint or --table")
    if (options.write or options.check) and not options.table:
        parser.error("--write and --check belong to --table")
    return options


def evaluate(options: argparse.Namespace) -> ScoreFile:
    """Runs the whole evaluation.

    Raises:
        RWAEError: if the model, the data or the judge is missing or broken.
    """
    # A model of the Hub is fetched first, with the file that says what it was trained on.
    folder = locate(options.checkpoint)
    dataset = options.dataset or trained_on(folder) or DEFAULT_DATASET
    training = read_training(folder)
    model = load(folder, device=runtime.choose_device(options.device))
    return score_checkpoint(
        model,
        training,
        dataset,
        options.split,
        options.data,
        options.judge,
        options.seed,
        short_name(options.checkpoint),
        not options.no_judge,
    )


def read_training(checkpoint: Path) -> Training:
    """How the weights were trained, from the `training.json` beside them; empty without it.

    Raises:
        ConfigError: if the file cannot be read.
    """
    path = checkpoint / SETTINGS_FILE
    if not path.is_file():
        return Training()
    try:
        return parse_training(read_object(path))
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"The file {path} holds no settings ({error}): restore it, or remove it."
        ) from error


def show_results(options: argparse.Namespace) -> int:
    """Prints the results of all models, writes them into the files, or compares the files."""
    if not (options.write or options.check):
        print(results_text(read_results(CHECKPOINTS)))
        return 0
    stale = [block for block in all_blocks(ROOT, CHECKPOINTS) if not block.is_current()]
    if options.write:
        for block in stale:
            block.write()
        return 0
    for block in stale:
        print(
            f"The tables of {block.path} are not those of the saved scores: run "
            "python -m rwae.evaluation --table --write.",
            file=sys.stderr,
        )
    return 1 if stale else 0


def output_path(options: argparse.Namespace) -> Path:
    """The file of the scores."""
    if options.out is not None:
        return Path(options.out)
    local = Path(options.checkpoint)
    return (local if local.is_dir() else Path()) / SCORES_FILE


def save(options: argparse.Namespace, file: ScoreFile, out: Path) -> None:
    """Writes the scores, and with --card the tables into the card.

    Raises:
        RWAEError: if the scores do not fit those in the file, or the card lacks the markers.
        OSError: if a file cannot be written.
    """
    if options.add:
        file = read_score_file(out, out.parent.name).with_run(file)
    write_scores(out, file)
    if options.card:
        card_block(Path(options.checkpoint) / CARD_FILE, file).write()


def main(arguments: list[str] | None = None) -> int:
    options = parse_options(arguments)
    try:
        if options.table:
            return show_results(options)
        runtime.use_threads(options.threads)
        file = evaluate(options)
        print(model_tables(file, options.markdown or options.card))
        out = output_path(options)
        try:
            save(options, file, out)
        except OSError as error:
            raise CheckpointError(
                f"The file {out} cannot be written ({error.strerror}): name another with --out."
            ) from error
    except RWAEError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"\nThese and more numbers are in {out}.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
