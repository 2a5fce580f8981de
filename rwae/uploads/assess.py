"""How well a model draws a clip, beside clips of its data set that it was not trained on.

A model draws any clip as the nearest one that it knows. Two numbers say whether that is the clip
itself: the squared error, and the largest local difference of colour, which finds one strange part
in an otherwise known clip. Norms of codes do not tell the two cases apart.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F

from rwae.codes import Codes
from rwae.files.domain import Domain
from rwae.models.base import CodeModel

WINDOW = 9  # pixels on each side, over which `local_difference` averages


@dataclass(frozen=True)
class Fit:
    """How well a model draws clips.

    Attributes:
        codes: of the clips.
        redrawn: the clips as the model draws them from these codes, with shape (B, T, 3, H, W).
        error: squared error, summed over a frame and averaged over a clip, with shape (B,).
        difference: the largest local difference, with shape (B,).
        typical: what the model is compared with: its held-out clips; None if nobody measured them.
        known: whether the model draws a clip as well as these, with shape (B,); None without them.
    """

    codes: Codes
    redrawn: Tensor
    error: Tensor
    difference: Tensor
    typical: Domain | None
    known: Tensor | None

    @property
    def ratio(self) -> Tensor | None:
        """The error in units of the median error of held-out clips, with shape (B,)."""
        return None if self.typical is None else self.error / self.typical.typical_error

    def to(self, device: str) -> Fit:
        """The same on another device."""
        return replace(
            self,
            codes=self.codes.to(device),
            redrawn=self.redrawn.to(device),
            error=self.error.to(device),
            difference=self.difference.to(device),
            known=None if self.known is None else self.known.to(device),
        )

    def sentence(self, clip: int = 0) -> str:
        """What a visitor is told about one of the clips."""
        if self.known is None or self.ratio is None:
            return "Nobody measured how well this model draws clips that it knows."
        if bool(self.known[clip]):
            return "The model draws this clip as well as clips that it knows."
        ratio = float(self.ratio[clip])
        if ratio < 2:
            return (
                "The model draws most of this clip as well as clips that it knows, but one part "
                "of it in other colours: that part is its nearest relative."
            )
        return (
            f"The model draws this clip {ratio:.0f} times worse than clips that it knows: what "
            "you see is its nearest relative."
        )


@torch.no_grad()
def assess(model: CodeModel, x: Tensor) -> Fit:
    """Encodes and decodes clips, and compares the result with them.

    Args:
        model: with an encoder.
        x: clips in [0, 1], with shape (B, T, 3, H, W).

    Raises:
        ClipError: if the model cannot encode, or x has another type, shape or range.
    """
    codes = model.encode(x)
    return compare(x, codes, model.decode(codes), model.domain)


def compare(x: Tensor, codes: Codes, redrawn: Tensor, domain: Domain | None) -> Fit:
    """Compares clips with what a model draws from some codes, both (B, T, 3, H, W)."""
    x = x.to(redrawn)
    error = squared_error(x, redrawn)
    difference = local_difference(x, redrawn)
    known = is_known(domain, error, difference)
    return Fit(codes, redrawn, error, difference, domain, known)


def is_known(domain: Domain | None, error: Tensor, difference: Tensor) -> Tensor | None:
    """Whether clips of these errors and differences, each (B,), are drawn as held-out ones are."""
    if domain is None:
        return None
    return (error <= domain.error_limit) & (difference <= domain.difference_limit)


def squared_error(x: Tensor, redrawn: Tensor) -> Tensor:
    """Squared error of a frame, summed, averaged over a clip: (B, T, 3, H, W) -> (B,)."""
    return (x - redrawn).square().sum((2, 3, 4)).mean(1)


def local_difference(x: Tensor, redrawn: Tensor) -> Tensor:
    """The largest difference of mean colour in a small window: (B, T, 3, H, W) -> (B,).

    The difference of two clips is averaged over time and over windows of 9 x 9 pixels before it
    is squared. What a decoder blurs has the right mean, so it vanishes; a garment of another
    colour stays. The sum over the colours of the squares, times the pixels of a window, is largest
    where the clips differ most.
    """
    difference = F.avg_pool2d((x - redrawn).mean(1), WINDOW, 1, WINDOW // 2)
    return WINDOW**2 * difference.square().sum(1).flatten(1).amax(1)
