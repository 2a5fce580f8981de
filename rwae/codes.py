"""The codes of a batch of clips, and the labels that clips may have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from rwae.errors import CodesError


@dataclass(frozen=True)
class Codes:
    """One static code per clip and one dynamic code per frame.

    Swapping content and motion is giving the motion of one clip the static code of another:
    ``b.with_static(a.static)``.

    Attributes:
        static: who, with shape (B, D_c).
        dynamic: how it moves, with shape (B, T, D_m).
        action: for a weakly supervised model, the probability of each action, with shape (B, A);
            it belongs to the motion. None if there is none, or if it is to be inferred from the
            dynamic codes.

    Raises:
        CodesError: if the shapes are not those above or the batches differ.
    """

    static: Tensor
    dynamic: Tensor
    action: Tensor | None = None

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
        if self.action is not None and (
            self.action.ndim != 2 or len(self.action) != len(self.static)
        ):
            raise CodesError(
                f"The action has shape {tuple(self.action.shape)}: it needs one row for each of "
                f"the {len(self.static)} clips."
            )

    def __len__(self) -> int:
        return len(self.static)

    def __getitem__(self, clips: slice | Tensor | list[int]) -> Codes:
        """The codes of some of the clips; the batch dimension is kept."""
        return self._map(lambda part: part[clips])

    def to(self, device: torch.device | str) -> Codes:
        return self._map(lambda part: part.to(device))

    def with_static(self, static: Tensor) -> Codes:
        """The same motion, shown by someone else: `static` has shape (B, D_c)."""
        return Codes(static, self.dynamic, self.action)

    @staticmethod
    def cat(parts: Sequence[Codes]) -> Codes:
        """Puts batches one after the other; either all of them have an action or none."""
        actions = [part.action for part in parts if part.action is not None]
        if len(actions) not in (0, len(parts)):
            raise CodesError("Only some of the codes have an action: infer it for all or none.")
        return Codes(
            torch.cat([part.static for part in parts]),
            torch.cat([part.dynamic for part in parts]),
            torch.cat(actions) if actions else None,
        )

    def _map(self, function: Callable[[Tensor], Tensor]) -> Codes:
        action = None if self.action is None else function(self.action)
        return Codes(function(self.static), function(self.dynamic), action)


@dataclass(frozen=True)
class Factor:
    """One labelled property of a clip.

    Attributes:
        name: for example "hair".
        values: its classes, in the order of their label.
        static: whether it belongs to the static code (who) or to the dynamic codes (how it moves).
    """

    name: str
    values: tuple[str, ...]
    static: bool
