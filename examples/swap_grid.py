"""Draws the picture at the top of the README: every "who" with every "how it moves".

    python -m examples.swap_grid --out swap_grid.gif

A row is one static code and a column one sequence of dynamic codes, both of clips of the gallery
that came with the weights. The first row and column show those clips as the model decodes them;
every other cell is a combination.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch

from rwae import Codes, RWAEError
from rwae.editing.studio import Studio, spread, swap
from rwae.files.video import write_gif

SHIPPED = Path(__file__).resolve().parent.parent / "checkpoints" / "sprites"
RULE = 4  # pixels between the clips and their combinations
GROUND = np.array([24, 26, 33], np.uint8)


def pick(studio: Studio, rows: int, columns: int) -> tuple[Codes, Codes]:
    """Clips whose characters differ most, and clips whose motions differ most."""
    gallery = studio.gallery
    still = torch.zeros_like(gallery.dynamic)
    faceless = torch.zeros_like(gallery.static)
    who = spread(Codes(gallery.static, still), rows)
    motion = spread(Codes(faceless, gallery.dynamic), columns)
    return gallery[who], gallery[motion]


def grid(studio: Studio, who: Codes, motion: Codes) -> np.ndarray:
    """Renders the table: bytes with shape (T, H, W, 3)."""
    side, margin = studio.model.config.frame_size, studio.model.config.frame_size + RULE
    shape = (motion.dynamic.shape[1], margin + len(who) * side, margin + len(motion) * side, 3)
    table = np.broadcast_to(GROUND, shape).copy()

    def put(clip: np.ndarray, top: int, left: int) -> None:
        table[:, top : top + side, left : left + side] = clip

    for column, clip in enumerate(studio.decode(motion)):
        put(clip, 0, margin + column * side)
    for row, clip in enumerate(studio.decode(who)):
        put(clip, margin + row * side, 0)
        same = who[[row] * len(motion)]
        for column, cell in enumerate(studio.decode(swap(who=same, motion=motion))):
            put(cell, margin + row * side, margin + column * side)
    return table


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=SHIPPED, help="folder of a checkpoint, or a Hub id")
    parser.add_argument("--out", type=Path, default=Path("swap_grid.gif"), help="a .gif file")
    parser.add_argument("--rows", type=int, default=4, help="how many characters")
    parser.add_argument("--columns", type=int, default=6, help="how many motions")
    chosen = parser.parse_args()
    try:
        studio = Studio.load(chosen.model)
        who, motion = pick(studio, chosen.rows, chosen.columns)
        write_gif(chosen.out, grid(studio, who, motion), fps=6, scale=2)
    except RWAEError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"wrote {chosen.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
