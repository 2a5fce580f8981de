"""The codes of a batch of clips: who, and how it moves."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from rwae.errors import CodesError


@dataclass(frozen=True)
class Codes:
    """One static code per clip and one dynamic code per frame.

    Swapping content and motion is building a new value from the parts of two others:
    ``Codes(static=a.static, dynamic=b.dynamic)``.

    Attributes:
        static: who, with shape (B, D_c).
        dynamic: how it moves, with shape (B, T, D_m).

    Raises:
        CodesError: if the shapes are not those above or the two batches differ.
    """

    static: Tensor
    dynamic: Tensor

    def __post_init__(self) -> None:
        if self.static.ndim != 2 or self.dynamic.ndim != 3:
            raise CodesError(
                f"Codes need a static part (B, D_c) and a dynamic part (B, T, D_m), "
                f"but got {tuple(self.static.shape)} and {tuple(self.dynamic.shape)}."
            )
        if len(self.static) != len(self.dynamic):
            raise CodesError(
                f"The static part holds {len(self.static)} clips and the dynamic part "
                f"{len(self.dynamic)}: both need the same number."
            )

    def __len__(self) -> int:
        return len(self.static)

    def __getitem__(self, clips: slice | Tensor | list[int]) -> Codes:
        """The codes of some of the clips; the batch dimension is kept."""
        return Codes(static=self.static[clips], dynamic=self.dynamic[clips])

    def to(self, device: torch.device | str) -> Codes:
        return Codes(static=self.static.to(device), dynamic=self.dynamic.to(device))
