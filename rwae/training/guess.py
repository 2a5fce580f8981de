"""Finds the mean dynamic codes of walking, by which missing directions are guessed.

    python -m rwae.training.guess --data data/lpc --package walks.npz

The model of `checkpoints/lpc` infers them from training characters that walk in each direction,
and from the first frame of slashing, in which they stand (`rwae.sheets.guess`).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from rwae.data import lpc
from rwae.errors import RWAEError
from rwae.files import checkpoint
from rwae.files.sheet_layout import DIRECTIONS, ROWS
from rwae.models.base import CodeModel
from rwae.models.registry import load
from rwae.sheets.guess import MODEL_FOLDER, Walks, on_black, save_walks

CHARACTERS = 96


def mean_walks(model: CodeModel, characters: Sequence[lpc.Character]) -> Walks:
    """The mean codes of some characters."""
    walking = [_mean_codes(model, characters, f"walk, {way}") for way in DIRECTIONS]
    slashing = [_mean_codes(model, characters, f"slash, {way}") for way in DIRECTIONS]
    return Walks(
        checkpoint.weights_digest(model), torch.stack(walking), torch.stack(slashing)[:, 0]
    )


def _mean_codes(model: CodeModel, characters: Sequence[lpc.Character], key: str) -> Tensor:
    """The mean dynamic codes of a row of all characters, with shape (T, D_m)."""
    row = next(row.number for row in ROWS if row.key == key)
    clips = np.stack([lpc.render(character, row) for character in characters])
    clips[..., 3] = 255  # premultiplied colours are those on black
    with torch.inference_mode():
        return model.encode(on_black(clips)).dynamic.mean(0)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m rwae.training.guess",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the data set lpc")
    parser.add_argument("--package", type=Path, required=True, help="file to write")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    try:
        wardrobe = lpc.Wardrobe(lpc.read_layers(options.data))
        characters = lpc.draw_characters(wardrobe, "train", CHARACTERS)
        save_walks(options.package, mean_walks(load(MODEL_FOLDER), characters))
    except RWAEError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
