"""The ghost detector: whether a camera could have filmed a frame.

A ghost shows two poses or two people in one frame, or a piece that belongs to no figure. The
detector reads every frame alone, at half its side and smoothed, so that neither texture nor
softness decides. It is trained on real frames, and on ghosts that are made of them (see
`rwae.evaluation.judges.impossible`).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rwae.classifiers.layers import conv_block

WIDTHS = (16, 32, 48, 64)
HIDDEN = 96
GRID = 4
DROPOUT = 0.3


class GhostDetector(nn.Module):
    """A network that maps frames to the logit of a ghost.

    Attributes:
        local: convolutions, (N, 3, h, w) -> (N, C, h / 4, w / 4).
        summary: a layer on means on a 4 x 4 grid and the maximum, and the logit.
    """

    def __init__(self) -> None:
        super().__init__()
        first, second, third, last = WIDTHS
        self.local = nn.Sequential(
            conv_block(3, first, 3, 1),
            conv_block(first, second, 3, 2),
            conv_block(second, third, 3, 2),
            conv_block(third, last, 3, 1),
        )
        self.summary = nn.Sequential(
            nn.Dropout(DROPOUT),
            nn.Linear((GRID**2 + 1) * last, HIDDEN),
            nn.ReLU(inplace=True),
            nn.Linear(HIDDEN, 1),
        )

    def forward(self, smooth: Tensor) -> Tensor:
        """Logits (N,) of what `smoothed` returns; the mean colour of a frame is not read."""
        x = smooth - smooth.mean((2, 3), keepdim=True)
        local = self.local(x.contiguous(memory_format=torch.channels_last))
        grid = F.adaptive_avg_pool2d(local, GRID).flatten(1)
        logits: Tensor = self.summary(torch.cat([grid, local.amax((2, 3))], 1)).squeeze(1)
        return logits

    def of_clips(self, x: Tensor) -> Tensor:
        """The mean logit over the frames of clips (B, T, 3, H, W), with shape (B,)."""
        logits = self(smoothed(x.flatten(0, 1))).unflatten(0, x.shape[:2])
        mean: Tensor = logits.mean(1)
        return mean

    @torch.no_grad()
    def raise_threshold(self, logit: float) -> None:
        """Makes a logit the new zero, from which on a frame or a clip counts as a ghost."""
        self.summary[-1].get_parameter("bias").sub_(logit)


def smoothed(frames: Tensor) -> Tensor:
    """Frames (N, 3, H, W) at half their side, and then [1 2 1] / 4 in both directions."""
    small = F.pad(F.avg_pool2d(frames, 2), (1, 1, 1, 1), mode="replicate")
    rows = (small[..., :-2, :] + 2 * small[..., 1:-1, :] + small[..., 2:, :]) / 4
    both: Tensor = (rows[..., :-2] + 2 * rows[..., 1:-1] + rows[..., 2:]) / 4
    return both
