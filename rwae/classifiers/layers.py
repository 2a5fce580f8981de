"""Layers that the judges share."""

from __future__ import annotations

from torch import nn


def conv_block(inputs: int, outputs: int, size: int, stride: int) -> nn.Sequential:
    """A convolution of `size` x `size` pixels, batch norm and a ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )
