"""The interface of a data set: labelled clips, found by their number."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from rwae.codes import Factor
from rwae.errors import DataError

SPLITS = ("train", "validation", "test")  # of every data set; some have more


def require_split(data_set: str, split: str, splits: Sequence[str] = SPLITS) -> None:
    """Raises DataError unless a data set has a split of this name."""
    if split not in splits:
        raise DataError(f"{data_set} has no split {split!r}: choose one of {', '.join(splits)}.")


class ClipSource(Protocol):
    """What training and evaluation need of a data set, in memory or made on demand.

    Attributes:
        labels: class numbers, with shape (N, F), one column for each factor.
        factors: of the columns.
        shape: of one clip, (T, 3, H, W).
        recordings: independent recordings of which the clips were cut. Overlapping windows and
            mirror images of one recording say little more than the recording.
    """

    @property
    def labels(self) -> Tensor: ...

    @property
    def factors(self) -> tuple[Factor, ...]: ...

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def recordings(self) -> int: ...

    def __len__(self) -> int: ...

    def batch(self, indices: Tensor) -> Tensor:
        """The clips with these numbers as floats in [0, 1], with shape (B, T, 3, H, W)."""
        ...

    def to(self, device: torch.device | str) -> ClipSource:
        """The same clips, whose `batch` is on a device."""
        ...


@dataclass(frozen=True)
class Clips:
    """Clips that are held in memory; a `ClipSource`.

    Attributes:
        frames: bytes, with shape (N, T, 3, H, W).
        labels: class numbers, with shape (N, F).
        factors: of the columns.
        recording: the number of the recording that each clip was cut of, with shape (N,); a mirror
            image has that of its recording. None if each clip is a recording of its own.
    """

    frames: Tensor
    labels: Tensor
    factors: tuple[Factor, ...]
    recording: Tensor | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one clip, (T, 3, H, W)."""
        return tuple(self.frames.shape[1:])

    @property
    def recordings(self) -> int:
        """Independent recordings of which the clips were cut."""
        return len(self) if self.recording is None else len(self.recording.unique())

    def __len__(self) -> int:
        return len(self.frames)

    def batch(self, indices: Tensor) -> Tensor:
        """The clips with these numbers as floats in [0, 1], with shape (B, T, 3, H, W)."""
        return self.frames[indices.to(self.frames.device)].float() / 255

    def to(self, device: torch.device | str) -> Clips:
        """The same clips with their frames on a device; the labels stay where they are."""
        return dataclasses.replace(self, frames=self.frames.to(device))
