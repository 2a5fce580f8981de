"""Which clips are looked at, and whose motion each of them gets in a swap."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from rwae.codes import Factor
from rwae.errors import DataError

ROUNDS = 100


def spaced(available: int, wanted: int) -> Tensor:
    """Numbers of at most `wanted` clips, evenly spaced over those available."""
    return torch.linspace(0, available - 1, min(wanted, available)).long()


def swapped(static: Tensor, dynamic: Tensor, factors: Sequence[Factor]) -> Tensor:
    """What a swap should show: static columns of one, dynamic columns of the other, (N, F)."""
    from_static = torch.tensor([factor.static for factor in factors])
    return torch.where(from_static, static, dynamic)


def pairing(labels: Tensor, factors: Sequence[Factor], generator: torch.Generator) -> Tensor:
    """Pairs every clip A with a clip B of another character and another motion.

    "Another" means that at least one static and at least one dynamic factor differ. The result
    is a permutation: every clip gives its static code once and its dynamic codes once.

    Args:
        labels: class numbers, with shape (N, F).
        factors: what the columns mean.
        generator: source of the randomness.

    Returns:
        The numbers of the clips B, with shape (N,).

    Raises:
        DataError: if no such pairing was found: too few characters or motions.
    """
    static = torch.tensor([factor.static for factor in factors])

    def clash(a: Tensor, b: Tensor) -> Tensor:
        same = labels[a] == labels[b]
        return (same | ~static).all(-1) | (same | static).all(-1)

    clips = torch.arange(len(labels))
    partner = torch.randperm(len(labels), generator=generator)
    for _ in range(ROUNDS):
        wrong = clips[clash(clips, partner)]
        for first in wrong.tolist():
            # Exchange partners with a random clip, if that leaves both with a valid one.
            second = int(torch.randint(len(labels), (1,), generator=generator))
            both = torch.tensor([first, second])
            if not clash(both, partner[both.flip(0)]).any():
                partner[both] = partner[both.flip(0)]
        if not len(wrong):
            return partner
    raise DataError(
        f"The {len(labels)} clips cannot be paired so that both character and motion differ: "
        "evaluate on more clips."
    )
