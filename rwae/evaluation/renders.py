"""Measures swaps against their true renders, without a judge.

    python -m rwae.evaluation.renders checkpoints/sprites --data data/sprites
    python -m rwae.evaluation.renders checkpoints/lpc --data data/lpc --split combinations

Where a data set draws its characters, it holds what a swap should show: the character of clip A in
the action of clip B. The table gives the squared error of a frame, summed over pixels and colours
in [0, 1], beside three programs that learn nothing:

    copy of A    the clip whose character is wanted, as it is
    copy of B    the clip whose action is wanted, as it is
    composite    mean_t(A) + B - mean_t(B)
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from rwae import data, runtime
from rwae.classifiers import trained_on
from rwae.codes import Codes
from rwae.errors import DataError, RWAEError
from rwae.evaluation.tables import pipe_table
from rwae.models.base import CodeModel
from rwae.models.registry import load

PAIRS_AT_ONCE = 16


def draw_pairs(clips: data.ClipSource, count: int, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Draws pairs of clips A and B of two characters, and finds the true render of their swap.

    Args:
        clips: a data set with static and dynamic labels, of which every swap is a clip.
        count: number of pairs.
        seed: of the draw.

    Returns:
        The numbers of A, of B and of the true renders, each with shape (N,).

    Raises:
        DataError: if the data set lacks the render of some swap.
    """
    static = torch.tensor([factor.static for factor in clips.factors])
    _, who = torch.unique(clips.labels[:, static], dim=0, return_inverse=True)
    _, how = torch.unique(clips.labels[:, ~static], dim=0, return_inverse=True)
    place = {pair: n for n, pair in enumerate(zip(who.tolist(), how.tolist(), strict=True))}
    generator = torch.Generator().manual_seed(seed)
    a = torch.randint(len(clips), (count,), generator=generator)
    b = torch.randint(len(clips), (count,), generator=generator)
    try:
        true = [place[pair] for pair in zip(who[a].tolist(), how[b].tolist(), strict=True)]
    except KeyError:
        raise DataError(
            "The data set does not hold the true render of every swap: use sprites or lpc."
        ) from None
    return a, b, torch.tensor(true)


def measure_renders(model: CodeModel, clips: data.ClipSource, count: int) -> dict[str, Tensor]:
    """The squared errors of reconstructions and swaps.

    Args:
        model: with an encoder.
        clips: see `draw_pairs`.
        count: number of pairs.

    Returns:
        By the name of a program, and "reconstruction" for that of clip A, the error of each pair,
        with shape (N,).
    """
    found: dict[str, list[Tensor]] = {}
    for parts in zip(*(part.split(PAIRS_AT_ONCE) for part in draw_pairs(clips, count)),
                     strict=True):  # fmt: skip
        a, b, true = (clips.batch(part) for part in parts)
        with torch.inference_mode():
            codes_a, codes_b = model.encode(a), model.encode(b)
            swapped = model.decode(Codes(codes_a.static, codes_b.dynamic))
            redrawn = model.decode(codes_a)
        drawn = {
            "this model": (swapped, true),
            "reconstruction": (redrawn, a),
            "copy of A": (a, true),
            "copy of B": (b, true),
            "composite": ((a.mean(1, keepdim=True) + b - b.mean(1, keepdim=True)), true),
        }
        for name, (x, wanted) in drawn.items():
            error = (x.clamp(0, 1) - wanted).square().sum((2, 3, 4)).mean(1)
            found.setdefault(name, []).append(error)
    return {name: torch.cat(errors) for name, errors in found.items()}


def renders_table(errors: Mapping[str, Tensor]) -> str:
    """A Markdown table: mean and spread over the pairs, and ratio to the reconstruction."""
    base = errors["reconstruction"].mean()
    rows = [[f"squared error of a frame (n = {len(errors['reconstruction'])})", "mean", "ratio"]]
    names = {"reconstruction": "this model, reconstruction", "this model": "this model, swap"}
    for name, values in errors.items():
        rows.append(
            [
                names.get(name, f"{name}, as a swap"),
                f"{values.mean():.1f} ± {values.std():.1f}",
                f"{values.mean() / base:.2f}",
            ]
        )
    return pipe_table(rows)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m rwae.evaluation.renders",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("checkpoint", type=Path, help="folder of a model")
    parser.add_argument("--data", type=Path, required=True, help="folder of its data set")
    parser.add_argument("--split", default="test")
    parser.add_argument("--pairs", type=int, default=480)
    options = parser.parse_args(arguments)
    try:
        runtime.use_threads(1)
        dataset = trained_on(options.checkpoint)
        if dataset is None:
            raise DataError(f"{options.checkpoint} does not say on which data it was trained.")
        clips = data.load(dataset, options.split, options.data)
        errors = measure_renders(load(options.checkpoint), clips, options.pairs)
    except RWAEError as error:
        print(error, file=sys.stderr)
        return 2
    print(renders_table(errors))
    return 0


if __name__ == "__main__":
    sys.exit(main())
