"""Layers that several networks share."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

AnyModule = TypeVar("AnyModule", bound=nn.Module)


def channels_last(module: AnyModule) -> AnyModule:
    """Stores the weights of convolutions with the channels last, which is faster on CPUs."""
    module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # has no overload
    return module


def encoder_block(inputs: int, outputs: int, size: int, stride: int = 1) -> nn.Sequential:
    """Convolution, batch norm and a leaky ReLU; `stride` divides height and width."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, (size - 1) // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.LeakyReLU(0.1, inplace=True),
    )


class PixelShuffleUpsample(nn.Conv2d):
    """A 3 x 3 convolution and a pixel shuffle: (N, inputs, S, S) -> (N, outputs, 2 S, 2 S)."""

    def __init__(self, inputs: int, outputs: int, bias: bool = False) -> None:
        super().__init__(inputs, 4 * outputs, 3, padding=1, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        return F.pixel_shuffle(super().forward(x), 2)


def concat_action(code: Tensor, action: Tensor | None) -> Tensor:
    """A code (..., D) followed by the action (..., A), if there is one."""
    return code if action is None else torch.cat([code, action], -1)
