"""Draws the same swaps by several models, side by side.

    python -m examples.rivals --out rivals.gif

Each row is a swap: who comes from the first clip, the motion from the second. The columns after
them show what R-WAE makes of the two, a DSVAE, the paper's objective alone, and the temporal
composite mean_t(A) + B - mean_t(B), which learns nothing.

No picture of the data set is shown: both clips are drawn by the first model, and every model gets
these drawings as its input. So the true clip of a swap is not shown either;
`python -m rwae.evaluation` measures the distance to it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from examples.swap_grid import BACKGROUND, GAP, choose_clips
from rwae import RWAEError, load, write_clip
from rwae.editing.studio import Studio
from rwae.evaluation.programs import composite
from rwae.files import filmstrip
from rwae.models.base import CodeModel

CHECKPOINTS = Path(__file__).parents[1] / "checkpoints"
MODELS = ("sprites", "sprites-dsvae", "sprites-bare")


def swap(model: CodeModel, a: Tensor, b: Tensor) -> Tensor:
    """Who of clips A with the motion of clips B; all have the shape (N, T, 3, S, S)."""
    return model.decode(model.encode(b).with_static(model.encode(a).static))


def columns(models: Sequence[CodeModel], a: Tensor, b: Tensor) -> list[Tensor]:
    """A, B, the swaps of each model, and the composite; each with shape (N, T, 3, S, S)."""
    return [a, b, *(swap(model, a, b) for model in models), composite(a, b)]


def arrange(clips: Sequence[Tensor]) -> Tensor:
    """Lays columns of N clips (N, T, 3, S, S) side by side, with a gap after the second one.

    Returns:
        With shape (T, 3, N * S, C * S + GAP), values in [0, 1].
    """
    stacked = [torch.cat(list(column), -2) for column in clips]
    frames, channels, height, _ = stacked[0].shape
    colour = torch.from_numpy(BACKGROUND).float() / 255
    gap = colour.view(1, 3, 1, 1).expand(frames, channels, height, GAP)
    return torch.cat([*stacked[:2], gap, *stacked[2:]], -1)


def main(words: list[str] | None = None) -> int:
    """Reads the command line and writes the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--models",
        nargs="+",
        default=[str(CHECKPOINTS / name) for name in MODELS],
        help="checkpoint folders or Hub ids; the first draws both clips",
    )
    parser.add_argument("--out", type=Path, default=Path("rivals.gif"), help="a .gif file")
    parser.add_argument("--rows", type=int, default=4, help="how many swaps")
    options = parser.parse_args(words)
    try:
        studio = Studio.load(options.models[0])
        models = [load(model) for model in options.models]
        who, motion = choose_clips(studio, options.rows, options.rows)
        a, b = (models[0].decode(codes) for codes in (who, motion))
        picture = arrange(columns(models, a, b))
        write_clip(options.out, filmstrip.to_bytes(picture), fps=6, scale=2)
    except RWAEError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"wrote {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
