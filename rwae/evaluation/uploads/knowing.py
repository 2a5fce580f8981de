"""How often a model says rightly whether it knows a clip."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from rwae import data
from rwae.data import lpc
from rwae.errors import DataError
from rwae.evaluation.tables import pipe_table
from rwae.evaluation.uploads.strangers import (
    ACTION_ROWS,
    STRANGER_KINDS,
    draw_strangers,
    read_strangers,
)
from rwae.files.sheet_layout import ROWS
from rwae.models.base import CodeModel
from rwae.uploads.assess import assess

# Where the folder of each data set is, below the folder of all.
FOLDERS = {"sprites": "sprites", "weizmann": "weizmann", "moving_mnist": "mnist"}
SUBJECTS = {"sprites": "a character", "weizmann": "a person", "moving_mnist": "two digits"}
CLIPS_AT_ONCE = 32


@dataclass(frozen=True)
class Judged:
    """Clips of one kind, as a model judges them.

    Attributes:
        kind: what they show.
        belong: whether they are of the data set of the model.
        known: whether the model says that it knows them, with shape (B,).
        error: of each, with shape (B,).
        sheets: number of different strange sheets that they show; None where no sheet is strange.
    """

    kind: str
    belong: bool
    known: Tensor
    error: Tensor
    sheets: int | None = None

    @property
    def right(self) -> float:
        """The share of the clips that are judged rightly."""
        return float((self.known == self.belong).float().mean())


def measure_knowing(model: CodeModel, folder: Path, split: str, count: int) -> Iterator[Judged]:
    """Asks a model about clips that it knows, and about strangers of several kinds.

    Args:
        model: with a domain.
        folder: with the data sets sprites, weizmann, mnist, and for a model of Sprites lpc.
        split: "validation" or "test", of all of them.
        count: number of clips of each kind.
    """
    if model.domain is None:
        raise DataError("The model has no domain.json: write it with rwae.evaluation.domain.")
    own = model.domain.dataset
    yield _judge(model, "clips of its data set", True, _clips_of(own, folder, split, count))
    if own == "sprites":
        strangers = read_strangers(folder, split)
        for kind in STRANGER_KINDS:
            characters = draw_strangers(strangers, split, kind, count)
            rows = [ACTION_ROWS[n % len(ACTION_ROWS)] for n in range(count)]
            judged = _judge(model, f"strange: {kind}", False, _render(characters, rows))
            yield replace(judged, sheets=strangers.count_strange(characters))
        behind = [row.number for row in ROWS if row.direction == "back"]
        usual = draw_strangers(strangers, split, "hair", count)
        rows = [behind[n % len(behind)] for n in range(count)]
        yield _judge(model, "an action from behind", False, _render(usual, rows))
    for other in FOLDERS:
        if other != own:
            clips = _clips_of(other, folder, split, count)
            yield _judge(model, SUBJECTS[other], False, clips)
    yield _judge(model, "a drawn slime", False, draw_slimes(count))


def _judge(model: CodeModel, kind: str, belong: bool, clips: Tensor) -> Judged:
    frames = torch.linspace(0, clips.shape[1] - 1, model.config.frames).round().long()
    fits = [assess(model, part) for part in clips[:, frames].split(CLIPS_AT_ONCE)]
    known = torch.cat([fit.known for fit in fits if fit.known is not None])
    return Judged(kind, belong, known, torch.cat([fit.error for fit in fits]))


def _clips_of(dataset: str, folder: Path, split: str, count: int) -> Tensor:
    """Some clips of a data set, evenly spread over a split."""
    clips = data.load(dataset, split, folder / FOLDERS[dataset])
    return clips.batch(torch.arange(count) * len(clips) // count)


def _render(characters: list[lpc.Character], rows: list[int]) -> Tensor:
    """A clip of each character, (B, 8, 3, 64, 64) in [0, 1], on black."""
    clips = [lpc.render(one, row)[..., :3] for one, row in zip(characters, rows, strict=True)]
    return torch.from_numpy(np.stack(clips)).movedim(-1, 2).float() / 255


def draw_slimes(count: int, frames: int = 16, side: int = 64) -> Tensor:
    """Blobs of any colour that bounce on the ground, on black: (count, frames, 3, side, side)."""
    generator = torch.Generator().manual_seed(0)
    colours = 0.2 + 0.8 * torch.rand(count, 1, 3, 1, 1, generator=generator)
    rows, columns = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    time = torch.arange(frames) / frames
    height = (16 + 5 * torch.sin(2 * torch.pi * time))[:, None, None]
    across = (columns - side / 2) / (30 - height / 2)
    down = (side - 6 - rows) / height
    shown = (across.square() + down.square() <= 1) & (down >= 0)
    return colours * shown[None, :, None].float()


def knowing_table(found: list[Judged]) -> str:
    """A Markdown table: a row for each kind of clips."""
    head = ["clips", "number", "strange sheets", "judged rightly", "error, median (5 % to 95 %)"]
    rows = []
    for one in found:
        low, middle, high = one.error.quantile(torch.tensor([0.05, 0.5, 0.95])).tolist()
        rows.append(
            [
                one.kind,
                str(len(one.error)),
                "" if one.sheets is None else str(one.sheets),
                f"{100 * one.right:.1f} %",
                f"{middle:.1f} ({low:.1f} to {high:.1f})",
            ]
        )
    return pipe_table([head, *rows])
