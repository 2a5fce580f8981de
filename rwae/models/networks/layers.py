"""What several networks are made of."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def conv(inputs: int, outputs: int, size: int, stride: int = 1) -> nn.Sequential:
    """Convolution, batch norm and a leaky ReLU; `stride` divides height and width."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, (size - 1) // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.LeakyReLU(0.1, inplace=True),
    )


def beside(code: Tensor, action: Tensor | None) -> Tensor:
    """A code (B, D) followed by the action (B, A), if there is one."""
    return code if action is None else torch.cat([code, action], -1)
