"""Paired supervision: codes that come from other clips of the same character or the same action.

Where labels say which clips show the same character, and which the same action, a clip can be
drawn from the static code of another clip of its character and the dynamic codes of another
character's clip of its action. The objective then measures a swap against its true render. The
paper has no such term: it learns without labels.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from rwae.codes import Factor
from rwae.data.clips import ClipSource


class Groups:
    """Clips in groups of equal labels.

    Attributes:
        group: the group of each clip, with shape (N,).
        members: the numbers of all clips, group by group, with shape (N,).
        start: where each group begins in `members`, with shape (G,).
        size: number of clips of each group, with shape (G,).
    """

    def __init__(self, labels: Tensor) -> None:
        """Groups clips by their labels (N, F); without a column, all are in one group."""
        if labels.shape[1]:
            self.group = torch.unique(labels, dim=0, return_inverse=True)[1]
        else:
            self.group = torch.zeros(len(labels), dtype=torch.int64)
        self.members = self.group.argsort(stable=True)
        self.size = self.group.bincount()
        self.start = self.size.cumsum(0) - self.size

    def draw(self, indices: Tensor, generator: torch.Generator) -> Tensor:
        """For each of some clips (B,) any clip of its group, with equal probability: (B,)."""
        group = self.group[indices]
        share = torch.rand(len(indices), generator=generator, device=generator.device).cpu()
        place = (share * self.size[group]).long().minimum(self.size[group] - 1)
        found: Tensor = self.members[self.start[group] + place]
        return found


class Pairing:
    """Replaces what the posteriors see of some clips.

    Attributes:
        share: of the clips of a batch whose codes come from other clips, in (0, 1].
    """

    def __init__(self, labels: Tensor, factors: Sequence[Factor], share: float) -> None:
        self.share = share
        static = [n for n, factor in enumerate(factors) if factor.static]
        dynamic = [n for n, factor in enumerate(factors) if not factor.static]
        self._same_static, self._same_dynamic = (
            Groups(labels[:, static]),
            Groups(labels[:, dynamic]),
        )

    def inputs(
        self, clips: ClipSource, indices: Tensor, x: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """What the posteriors of z_c and of z_t get in place of clips.

        Args:
            clips: the data set.
            indices: of the clips of a batch, with shape (B,).
            x: these clips, with shape (B, T, 3, H, W).
            generator: source of the randomness.

        Returns:
            Two tensors of the shape of x. Some clips are replaced in both: in the first by a clip
            with the same static labels, in the second by one with the same dynamic labels.
        """
        indices = indices.cpu()
        draws = torch.rand(len(indices), generator=generator, device=generator.device).cpu()
        chosen = draws < self.share
        found = []
        for groups in (self._same_static, self._same_dynamic):
            partners = groups.draw(indices, generator)[chosen]
            changed = x.clone()
            if len(partners):
                changed[chosen.to(x.device)] = clips.batch(partners)
            found.append(changed)
        return found[0], found[1]
