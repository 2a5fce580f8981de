"""How many pixels a reconstruction gets exactly right when it takes the colours of its clip."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from rwae.data import sprites
from rwae.errors import DataError
from rwae.evaluation.tables import pipe_table
from rwae.files import filmstrip
from rwae.files.palette import exact_share, palette_of, snap
from rwae.models.base import CodeModel


@dataclass(frozen=True)
class Snapped:
    """One clip.

    Attributes:
        colours: that the clip has, the background with them.
        drawn: share of the foreground pixels that the reconstruction has exactly right.
        snapped: the same after `snap`.
        outside: colours of the snapped clip that the given clip does not have.
    """

    colours: int
    drawn: float
    snapped: float
    outside: int


def measure_snapping(model: CodeModel, folder: Path, split: str, count: int) -> list[Snapped]:
    """Snaps the reconstructions of clips that are spread evenly over a split.

    Args:
        model: of the Sprites benchmark.
        folder: with the data set "sprites".
        split: "validation" or "test".
        count: number of clips.

    Raises:
        DataError: if the data set is missing, or the number is not 1 to that of its clips.
    """
    clips = sprites.load(folder / "sprites", split)
    if not 1 <= count <= len(clips):
        raise DataError(f"The split has {len(clips)} clips: choose 1 to {len(clips)}.")
    numbers = torch.arange(count) * len(clips) // count
    return [_measure(model, x[None]) for x in clips.batch(numbers)]


def _measure(model: CodeModel, x: torch.Tensor) -> Snapped:
    with torch.inference_mode():
        given, drawn = (filmstrip.to_bytes(c[0]) for c in (x, model.decode(model.encode(x))))
    colours = palette_of(given)
    if colours is None:
        raise DataError("A clip of the benchmark has more than 256 colours: it is another one.")
    snapped = snap(drawn, colours)
    foreground: np.ndarray = given.max(-1) > 0
    left = palette_of(np.concatenate([given, snapped]))
    return Snapped(
        len(colours),
        exact_share(drawn, given, foreground),
        exact_share(snapped, given, foreground),
        (drawn.size if left is None else len(left)) - len(colours),
    )


def snapping_table(found: list[Snapped]) -> str:
    """A Markdown table: shares of the foreground as mean and spread over clips, in per cent."""

    def share(values: list[float]) -> str:
        each = 100 * np.array(values)
        return f"{each.mean():.1f} ± {each.std():.1f} ({each.min():.1f} to {each.max():.1f})"

    head = ["clips", "colours, median", "exact, as drawn", "exact, snapped", "colours outside"]
    row = [
        str(len(found)),
        f"{np.median([one.colours for one in found]):.0f}",
        share([one.drawn for one in found]),
        share([one.snapped for one in found]),
        str(sum(one.outside for one in found)),
    ]
    return pipe_table([head, row])
