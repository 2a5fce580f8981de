"""Swaps who and how it moves between two clips, and writes the four combinations.

    python -m examples.swap                                   # two clips that the model knows
    python -m examples.swap --clips walk.mp4 jump.gif         # two of your own
    python -m examples.swap --model owner/name --out swap.gif

The picture has a row for each who and a column for each motion: the two clips on the diagonal,
the two that nobody ever filmed beside it. A name that ends in .gif gives a moving picture, .png
gives each combination as a strip of frames.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch

from rwae import Codes, RWAEError
from rwae.editing.studio import Studio, swap
from rwae.files import filmstrip, video

SHIPPED = Path(__file__).resolve().parent.parent / "checkpoints" / "sprites"
KINDS = (".png", ".gif")


def encoded(studio: Studio, path: Path) -> Codes:
    """Reads a clip from a file and infers its codes."""
    config = studio.model.config
    x = video.to_frames(video.read_clip(path), config.frames, config.frame_size)
    return studio.encode(x[None])


def combinations(studio: Studio, a: Codes, b: Codes) -> np.ndarray:
    """Decodes the four combinations to bytes (2 whos, 2 motions, T, H, W, 3)."""
    four = [a, swap(who=a, motion=b), swap(who=b, motion=a), b]
    codes = Codes(
        torch.cat([one.static for one in four]), torch.cat([one.dynamic for one in four])
    )
    clips = studio.decode(codes)
    return clips.reshape(2, 2, *clips.shape[1:])


def write(path: Path, grid: np.ndarray) -> None:
    """Writes a grid as a moving GIF, or as a PNG with a strip for each combination."""
    if path.suffix.lower() == ".gif":
        tiles = [np.concatenate(row, axis=2) for row in grid]
        video.write_gif(path, np.concatenate(tiles, axis=1))
    else:
        path.write_bytes(
            video.encode_image(filmstrip.sheet(grid.reshape(4, *grid.shape[2:])), "png")
        )


def main() -> int:
    """Reads the command line, swaps, and writes the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=SHIPPED, help="folder of a checkpoint, or a Hub id")
    parser.add_argument("--clips", nargs=2, type=Path, metavar=("A", "B"), help="two files")
    parser.add_argument("--out", type=Path, default=Path("swap.png"), help="a .png or .gif file")
    chosen = parser.parse_args()
    if chosen.out.suffix.lower() not in KINDS:
        parser.error(f"--out is {chosen.out}: its name needs to end in {' or '.join(KINDS)}")
    try:
        studio = Studio.load(chosen.model)
        if chosen.clips:
            a, b = (encoded(studio, path) for path in chosen.clips)
        else:
            a, b = studio.examples[[0]], studio.examples[[1]]
        write(chosen.out, combinations(studio, a, b))
    except RWAEError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"The file {chosen.out} cannot be written: {error.strerror}.", file=sys.stderr)
        return 2
    print(f"wrote {chosen.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
