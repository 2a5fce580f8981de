"""Measures what a model makes of clips that it does not know.

    python -m rwae.evaluation.uploads known --data data

prints how often the model says rightly whether it knows a clip; the folder holds the data sets
sprites, lpc, weizmann and mnist.

    python -m rwae.evaluation.uploads learn --data data

prints how well learned characters are drawn in actions that were not given; the folder holds the
data sets sprites and lpc.

    python -m rwae.evaluation.uploads snap --data data

prints how many pixels of known characters are exactly right once they take the clip's colours.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rwae import runtime
from rwae.errors import RWAEError
from rwae.evaluation.uploads.knowing import knowing_table, measure_knowing
from rwae.evaluation.uploads.learning import Learned, learning_table, measure_learning
from rwae.evaluation.uploads.snapping import measure_snapping, snapping_table
from rwae.evaluation.uploads.strangers import STRANGER_SPLITS
from rwae.files import checkpoint, installation
from rwae.models.registry import load


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m rwae.evaluation.uploads",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    known = commands.add_parser("known", help="say whether a clip is known, or a stranger")
    known.add_argument("--data", type=Path, required=True, help="folder with the data sets")
    known.add_argument("--checkpoint", type=Path, default=installation.checkpoints() / "sprites")
    known.add_argument("--split", choices=("validation", "test"), default="test")
    known.add_argument("--clips", type=int, default=120, help="of each kind; 120 by default")
    learn = commands.add_parser("learn", help="learn characters, and draw them in other actions")
    learn.add_argument("--data", type=Path, required=True, help="folder with sprites and lpc")
    learn.add_argument("--checkpoint", type=Path, default=installation.checkpoints() / "sprites")
    learn.add_argument("--split", choices=STRANGER_SPLITS, default="test")
    learn.add_argument("--characters", type=int, default=8, help="of each kind; 8 by default")
    snap = commands.add_parser("snap", help="bring reconstructions back to the clip's colours")
    snap.add_argument("--data", type=Path, required=True, help="folder with sprites")
    snap.add_argument("--checkpoint", type=Path, default=installation.checkpoints() / "sprites")
    snap.add_argument("--split", choices=("validation", "test"), default="test")
    snap.add_argument("--clips", type=int, default=216, help="216 by default")
    options = parser.parse_args(arguments)
    try:
        runtime.use_threads(1)
        if options.command == "known":
            model = load(options.checkpoint)
            found = measure_knowing(model, options.data, options.split, options.clips)
            print(knowing_table(list(found)))
        elif options.command == "learn":
            _learn(options.checkpoint, options.data, options.split, options.characters)
        else:
            _snap(options.checkpoint, options.data, options.split, options.clips)
    except RWAEError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _learn(folder: Path, data: Path, split: str, count: int) -> None:
    def report(one: Learned) -> None:
        learned = f"{one.from_clips.learned:.1f}, {one.from_sheet.learned:.1f}"
        print(f"{one.kind}: {one.untuned:.1f} -> {learned}", file=sys.stderr, flush=True)

    model = load(folder)
    known = checkpoint.read_gallery(folder, checkpoint.weights_digest(model))
    print(learning_table(measure_learning(model, known, data, split, count, report)))


def _snap(folder: Path, data: Path, split: str, count: int) -> None:
    print(snapping_table(measure_snapping(load(folder), data, split, count)))


if __name__ == "__main__":
    sys.exit(main())
