"""Measures what a model knows, and writes `domain.json` beside its weights.

    python -m rwae.evaluation.domain checkpoints/sprites --data data/sprites

All held-out clips together give the distribution of the error and its limits. How well such limits
hold on other clips is tested by halves: those of the first half judge the second, and the reverse;
the command prints the share that counts as known. The clips only set a threshold: no model is
trained or chosen by them.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch
from torch import Tensor

from rwae import data, runtime
from rwae.classifiers import trained_on
from rwae.errors import ConfigError, RWAEError
from rwae.files.checkpoint import weights_digest
from rwae.files.domain import Domain, FigureBox, write_domain
from rwae.models.base import CodeModel
from rwae.models.registry import load
from rwae.uploads.assess import Fit, assess

QUANTILES = 101
LIMIT_QUANTILE = 0.995  # of the held-out clips, for each of the two limits
LEAST_BACKGROUND = 0.999  # share of the corners of all frames that have one colour
MAX_WANDERING = 3.0  # pixels: mean distance of a figure's middle from its median place
CLIPS_AT_ONCE = 32


def measure_domain(model: CodeModel, clips: data.ClipSource, dataset: str) -> tuple[Domain, float]:
    """Measures a model on held-out clips.

    Args:
        model: with an encoder.
        clips: that the model was not trained on.
        dataset: their name.

    Returns:
        The domain, and the share of the clips that count as known by the limits of the other half
        of the clips.
    """
    every = torch.arange(len(clips))
    errors, differences = _measure(model, clips, every)
    frames = clips.batch(every[:: max(1, len(clips) // 800)])
    background = find_background(frames)
    domain = Domain(
        weights=weights_digest(model),
        dataset=dataset,
        clips=len(clips),
        errors=_quantiles(errors),
        error_limit=_limit(errors),
        differences=_quantiles(differences),
        difference_limit=_limit(differences),
        background=background,
        figure=None if background is None else find_figure(frames, background),
    )
    known = torch.zeros(len(clips), dtype=torch.bool)
    first = every < len(clips) // 2
    for own, other in ((first, ~first), (~first, first)):
        known[other] = (errors[other] <= _limit(errors[own])) & (
            differences[other] <= _limit(differences[own])
        )
    return domain, float(known.float().mean())


def _measure(model: CodeModel, clips: data.ClipSource, chosen: Tensor) -> tuple[Tensor, Tensor]:
    """Error and local difference of each of some clips."""
    fits: list[Fit] = [assess(model, clips.batch(part)) for part in chosen.split(CLIPS_AT_ONCE)]
    return torch.cat([fit.error for fit in fits]), torch.cat([fit.difference for fit in fits])


def _quantiles(values: Tensor) -> tuple[float, ...]:
    steps = torch.linspace(0, 1, QUANTILES, dtype=torch.float64)
    return tuple(round(value, 4) for value in values.double().quantile(steps).tolist())


def _limit(values: Tensor) -> float:
    return round(float(values.double().quantile(LIMIT_QUANTILE)), 4)


def find_background(frames: Tensor) -> tuple[int, int, int] | None:
    """The one colour of the four corners of clips (B, T, 3, H, W); None if they differ."""
    corners = frames[..., [0, 0, -1, -1], [0, -1, 0, -1]].movedim(2, -1).reshape(-1, 3)
    corners = (255 * corners).round().int()
    colour = corners.mode(0).values
    if (corners == colour).all(1).float().mean() < LEAST_BACKGROUND:
        return None
    red, green, blue = colour.tolist()
    return red, green, blue


def find_figure(frames: Tensor, background: tuple[int, int, int]) -> FigureBox | None:
    """Where the figure of clips (B, T, 3, H, W) stands; None if its place changes much."""
    colour = torch.tensor(background).view(3, 1, 1) / 255
    shown = ((frames - colour).abs().amax(2) > 0.5 / 255).flatten(0, 1)  # (B * T, H, W)
    shown = shown[shown.any(2).any(1)]
    sides = []
    for lines in (shown.any(1), shown.any(2)):  # columns, then rows
        first = lines.int().argmax(1)
        last = lines.shape[1] - lines.flip(1).int().argmax(1)
        sides.append(torch.stack([first, last], 1).double())
    middles = torch.stack([side.mean(1) for side in sides], 1)
    if (middles - middles.median(0).values).norm(dim=1).mean() > MAX_WANDERING:
        return None
    (left, right), (top, bottom) = (side.median(0).values.tolist() for side in sides)
    return FigureBox(left, top, right, bottom)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m rwae.evaluation.domain",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("checkpoint", type=Path, help="folder of a model")
    parser.add_argument("--data", type=Path, help="folder of the data set, if it needs one")
    parser.add_argument("--split", default="test", help="held-out clips; test by default")
    options = parser.parse_args(arguments)
    try:
        runtime.use_threads(1)
        dataset = trained_on(options.checkpoint)
        if dataset is None:
            raise ConfigError(
                f"The folder {options.checkpoint} does not say what the model was trained on: "
                "put the training.json of the run beside the weights."
            )
        model = load(options.checkpoint)
        clips = data.load(dataset, options.split, options.data)
        domain, known = measure_domain(model, clips, dataset)
    except RWAEError as error:
        print(error, file=sys.stderr)
        return 2
    write_domain(options.checkpoint, domain)
    print(
        f"{options.checkpoint.name}: median error {domain.typical_error:.1f}, limit "
        f"{domain.error_limit:.1f}; by the limits of the other half, {100 * known:.2f} % of "
        f"{len(clips)} held-out clips count as known."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
