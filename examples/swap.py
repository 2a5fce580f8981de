"""Swaps who and how it moves between two clips, and draws the four combinations.

    python -m examples.swap                                # two clips that the model makes up
    python -m examples.swap --clips walk.mp4 jump.gif      # two clips of your own
    python -m examples.swap --model owner/name --out swap.webm

The picture has a row for each static code (who) and a column for each motion: the two clips on the
diagonal, and the two swaps beside it. It is a .gif, a .webm or a .mp4, or a .png with all frames.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

from rwae import Codes, RWAEError, load, read_clip, to_frames, write_clip

SHIPPED_MODEL = Path(__file__).parents[1] / "checkpoints" / "sprites"


def combine(codes: Codes) -> Codes:
    """The codes of two clips a and b become those of (a, a), (a, b), (b, a), (b, b).

    In each pair the first clip gives the static code and the second the dynamic codes.
    """
    who, motion = codes[[0, 0, 1, 1]], codes[[0, 1, 0, 1]]
    return motion.with_static(who.static)


def tile(x: torch.Tensor) -> torch.Tensor:
    """Lays four clips (4, T, 3, H, W) out two by two, as one clip (T, 3, 2H, 2W)."""
    top, bottom = torch.cat([x[0], x[1]], dim=-1), torch.cat([x[2], x[3]], dim=-1)
    return torch.cat([top, bottom], dim=-2)


def main(words: list[str] | None = None) -> int:
    """Reads or draws two clips, swaps their codes and writes the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=SHIPPED_MODEL, help="a checkpoint folder or a Hub id")
    parser.add_argument("--clips", nargs=2, type=Path, metavar=("A", "B"), help="two files")
    parser.add_argument("--seed", type=int, default=0, help="of the clips that are made up")
    parser.add_argument("--out", type=Path, default=Path("swap.gif"), help="a file to write")
    options = parser.parse_args(words)
    try:
        model = load(options.model)
        if options.clips:
            frames, side = model.config.frames, model.config.frame_size
            x = [to_frames(read_clip(path), frames, side) for path in options.clips]
            codes = model.encode(torch.stack(x))
        else:
            codes = model.sample(2, generator=torch.Generator().manual_seed(options.seed))
        write_clip(options.out, tile(model.decode(combine(codes))))
    except RWAEError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"wrote {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
