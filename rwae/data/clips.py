"""A data set in memory: clips as bytes, and what is known about each."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Factor:
    """One labelled property of a clip.

    Attributes:
        name: for example "hair".
        values: its classes, in the order of their label.
        static: whether it says who (True) or how it moves (False).
    """

    name: str
    values: tuple[str, ...]
    static: bool


@dataclass(frozen=True)
class Clips:
    """Clips and their labels.

    Attributes:
        frames: bytes, with shape (N, T, 3, H, W).
        labels: class numbers, with shape (N, F), one column for each factor.
        factors: what the columns mean.
    """

    frames: Tensor
    labels: Tensor
    factors: tuple[Factor, ...]

    def __len__(self) -> int:
        return len(self.frames)

    def batch(self, indices: Tensor) -> Tensor:
        """The clips with these numbers as floats in [0, 1], with shape (B, T, 3, H, W)."""
        return self.frames[indices.to(self.frames.device)].float() / 255
