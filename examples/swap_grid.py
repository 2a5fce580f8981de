"""Draws the picture of the README: every character with every motion.

    python -m examples.swap_grid --out swap_grid.gif

A row has one static code and a column one sequence of dynamic codes, both of clips of the gallery
that comes with the weights. The first row and the first column show these clips as the model
decodes them; every other cell is a combination of two.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch

from rwae import Codes, RWAEError, write_clip
from rwae.editing.studio import Studio, farthest_point_sample

SHIPPED_MODEL = Path(__file__).parents[1] / "checkpoints" / "sprites"
GAP = 4  # pixels between the clips of the gallery and their combinations
BACKGROUND = np.array([24, 26, 33], np.uint8)


def choose_clips(studio: Studio, rows: int, columns: int) -> tuple[Codes, Codes]:
    """Clips of the gallery whose characters differ most, and clips whose motions differ most."""
    static, dynamic = studio.gallery.static, studio.gallery.dynamic
    who = farthest_point_sample(Codes(static, torch.zeros_like(dynamic)), rows)
    motion = farthest_point_sample(Codes(torch.zeros_like(static), dynamic), columns)
    return studio.gallery[who], studio.gallery[motion]


def render_grid(studio: Studio, who: Codes, motion: Codes) -> np.ndarray:
    """Decodes R characters and C motions to bytes (T, (R + 1) * S + GAP, (C + 1) * S + GAP, 3)."""
    side = studio.model.config.frame_size
    top = left = side + GAP
    height, width = top + len(who) * side, left + len(motion) * side
    grid = np.broadcast_to(BACKGROUND, (motion.dynamic.shape[1], height, width, 3)).copy()

    def paste(clips: np.ndarray, top: int, left: int) -> None:
        """Pastes clips (N, T, S, S, 3) side by side, the first at `top`, `left`."""
        for n, clip in enumerate(clips):
            grid[:, top : top + side, left + n * side : left + (n + 1) * side] = clip

    paste(studio.decode(motion), 0, left)
    for row in range(len(who)):
        paste(studio.decode(who[[row]]), top + row * side, 0)
        combined = motion.with_static(who.static[[row] * len(motion)])
        paste(studio.decode(combined), top + row * side, left)
    return grid


def main(words: list[str] | None = None) -> int:
    """Reads the command line and writes the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=SHIPPED_MODEL, help="a checkpoint folder or a Hub id")
    parser.add_argument("--out", type=Path, default=Path("swap_grid.gif"), help="a .gif file")
    parser.add_argument("--rows", type=int, default=4, help="how many characters")
    parser.add_argument("--columns", type=int, default=6, help="how many motions")
    options = parser.parse_args(words)
    try:
        studio = Studio.load(options.model)
        who, motion = choose_clips(studio, options.rows, options.columns)
        write_clip(options.out, render_grid(studio, who, motion), fps=6, scale=2)
    except RWAEError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"wrote {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
