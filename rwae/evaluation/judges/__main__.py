r"""Trains the judge of a data set on its real training clips.

    python -m rwae.evaluation.judges --dataset sprites --data data/sprites
    python -m rwae.evaluation.judges --dataset moving_mnist --data data/mnist
    python -m rwae.evaluation.judges --dataset sprites --data data/sprites --seed 1 \
        --out checkpoints/judges/sprites-second        # a held-out judge for named directions
    python -m rwae.evaluation.judges --dataset weizmann --data data/weizmann \
        --without "two poses"                          # are ghosts told that were never shown?

It takes a few minutes on one CPU thread, a quarter of an hour for moving_mnist, and writes the
weights and a card with what the judge gets right on real clips that it was not trained on. No
model's clip is ever shown to it. With --without nothing is written: a ghost detector is trained
without some kinds of ghosts, and the shares of frames are printed that it calls ghosts.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rwae import data
from rwae.errors import RWAEError
from rwae.evaluation.judges.impossible import KINDS
from rwae.evaluation.judges.training import (
    DIGITS_DATASET,
    judge_folder,
    make_digits_judge,
    make_factor_judge,
    without_kinds,
)
from rwae.files.card import CARD_FILE
from rwae.runtime import use_threads

JUDGED = tuple(n for n in data.NAMES if n == DIGITS_DATASET or data.describe(n).judge_splits)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m rwae.evaluation.judges",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--dataset", choices=JUDGED, default="sprites")
    parser.add_argument("--data", type=Path, help="folder of the data set, if it needs one")
    parser.add_argument("--out", type=Path, help="folder of the judge; checkpoints/judges/DATASET")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1, help="CPU threads")
    parser.add_argument(
        "--without",
        action="append",
        choices=KINDS,
        help="a kind of ghosts; several times for more",
    )
    options = parser.parse_args(arguments)
    folder = options.out or judge_folder(options.dataset, options.data)
    make = make_digits_judge if options.dataset == DIGITS_DATASET else make_factor_judge
    try:
        use_threads(options.threads)
        if options.without:
            print(without_kinds(options.dataset, options.data, options.seed, options.without))
            return 0
        make(folder, options.dataset, options.data, options.seed)
    except RWAEError as error:
        print(error, file=sys.stderr)
        return 2
    print((folder / CARD_FILE).read_text("utf-8"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
