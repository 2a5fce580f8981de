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

    A swap gives the dynamic codes of one clip the static code of another:
    `b.with_static(a.static)`.

    Attributes:
        static: who, with shape (B, D_c).
        dynamic: how it moves, with shape (B, T, D_m).
        action: for a weakly supervised model, the probability of each action, with shape (B, A);
            it belongs to the motion. None for any other model, or if the action is to be
            inferred from the dynamic codes.

    Raises:
        CodesError: if a part is not a tensor, the shapes are not those above or the batches
            differ.
    """

    static: Tensor
    dynamic: Tensor
    action: Tensor | None = None

    def __post_init__(self) -> None:
        for name, part in (("static", self.static), ("dynamic", self.dynamic)):
            _require_tensor(name, part)
        if self.action is not None:
            _require_tensor("action", self.action)
        if self.static.ndim != 2 or self.dynamic.ndim != 3:
            raise CodesError(
                f"Codes need a static part (B, D_c) and a dynamic part (B, T, D_m), "
                f"but got {tuple(self.static.shape)} and {tuple(self.dynamic.shape)}."
            )
        clips = self.static.shape[0]
        if clips != self.dynamic.shape[0]:
            raise CodesError(
                f"The static part holds {clips} clips and the dynamic part "
                f"{self.dynamic.shape[0]}: both need the same number."
            )
        if self.action is not None and (self.action.ndim != 2 or self.action.shape[0] != clips):
            raise CodesError(
                f"The action has shape {tuple(self.action.shape)}: it needs one row for each of "
                f"the {clips} clips."
            )

    def __len__(self) -> int:
        return len(self.static)

    def __getitem__(self, clips: slice | Tensor | list[int]) -> Codes:
        """The codes of some of the clips; the batch dimension is kept."""
        return self._map(lambda part: part[clips])

    def to(self, device: torch.device | str) -> Codes:
        return self._map(lambda part: part.to(device))

    def with_static(self, static: Tensor) -> Codes:
        """The same dynamic codes with other static codes, of shape (B, D_c)."""
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


def _require_tensor(name: str, part: object) -> None:
    if not isinstance(part, Tensor):
        raise CodesError(
            f"The {name} part of codes is {type(part).__name__}: it needs to be a torch.Tensor, "
            "such as torch.from_numpy makes of an array."
        )


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
