"""Packs the encoder of a model for `kernel.c`: the means of Q(z_c | x_1:T) and Q(z_t | z_<t, x_t).

A convolution is a product of the patches that it sees, so that one step serves all of them. Batch
norm is folded into the layer before it. A frame is taken in by itself: its features are kept, and
what Q(z_c | x_1:T) pools is summed.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from rwae.errors import ConfigError
from rwae.models.base import CodeModel
from rwae.models.kernel.packing import layers, norm_terms, pad
from rwae.models.kernel.program import (
    MAX_FRAMES,
    PIXEL,
    Layer,
    ModelFile,
    Operation,
    Place,
    in_panels,
    padded,
)
from rwae.models.networks import DynamicPosterior, StaticPosterior
from rwae.models.rwae import RWAE


@torch.no_grad()
def pack_encoder(model: CodeModel) -> bytes:
    """The file of a model's encoder in evaluation mode; the same weights give the same bytes.

    Raises:
        ConfigError: if the kernel cannot run the model's encoder, or it has none.
    """
    if not isinstance(model, RWAE) or model.config.recurrent_static:
        raise ConfigError("The browser cannot read clips for this kind of model.")
    config = model.config
    file = ModelFile(config.static_size, config.dynamic_size)
    side = config.crop_size
    colours = file.memory(side**2 * PIXEL)
    file.apply(file.for_frame, Operation.FROM_BYTES, colours, (side, PIXEL))
    _write_static(file, model.static_posterior, colours, side)
    _write_dynamic(file, model.dynamic_posterior, colours, side)
    return file.finish(config.frame_size, config.crop_top, config.crop_left)


def _write_static(file: ModelFile, posterior: StaticPosterior, x: Place, side: int) -> None:
    """The features of each frame, pooled, and of their mean over the frames z_c."""
    x, side, channels = _write_features(file, posterior.features, x, side)
    pooled = file.memory(2 * channels)
    file.apply(file.for_clip, Operation.CLEAR, pooled, (1, 2 * channels))
    file.add(file.for_frame, Operation.POOL, side**2, channels, 2 * channels, x, pooled)
    file.apply(file.for_codes, Operation.AVERAGE, pooled, (1, 2 * channels))

    first, last = layers(posterior.head, nn.Linear)
    norm, *scaling = layers(posterior.head, nn.BatchNorm1d)
    width = first.in_features // 2
    halves = [pad(half, len(half), channels) for half in first.weight.split(width, 1)]
    x = file.apply_linear(
        file.for_codes, _linear(file, torch.cat(halves, 1), first.bias, norm), pooled
    )
    hidden = padded(first.out_features)
    file.apply(file.for_codes, Operation.LEAKY_RELU, x, (1, hidden))
    size = last.out_features // (2 if posterior.learned_noise else 1)
    weight, bias = pad(last.weight[:size], size, hidden), last.bias[:size]
    factor = 1.0 if posterior.learned_noise else math.sqrt(1 - posterior.std**2)
    layer = _linear(file, weight, bias, scaling[0] if scaling else None, factor)
    file.apply_linear(file.for_codes, layer, x, target=file.static)


def _write_dynamic(file: ModelFile, posterior: DynamicPosterior, x: Place, side: int) -> None:
    """The features of each frame, and from those of all frames z_1:T."""
    side //= 2
    grey = file.memory(side**2 * PIXEL)
    file.add(file.for_frame, Operation.GREY, side, PIXEL, PIXEL, x, grey)
    x, side, channels = _write_features(file, posterior.features, grey, side)
    (linear,), (norm,) = (
        layers(posterior.project, nn.Linear),
        layers(posterior.project, nn.BatchNorm1d),
    )
    planes = linear.weight.unflatten(1, (-1, side**2))  # (H, C, pixels)
    weight = pad(planes, len(planes), channels, side**2).transpose(1, 2).flatten(1)
    x = file.apply_linear(file.for_frame, _linear(file, weight, linear.bias, norm), x)
    hidden, width = padded(linear.out_features), padded(posterior.size)
    file.apply(file.for_frame, Operation.LEAKY_RELU, x, (1, hidden))
    features = file.memory(MAX_FRAMES * hidden)
    file.add(file.for_frame, Operation.KEEP, 1, hidden, hidden, x, features)

    cell, mean = posterior.cell, posterior.mean
    of_features, of_code = cell.weight_ih.split([linear.out_features, posterior.size], 1)
    of_state, mean_of_features = mean.weight[: posterior.size].chunk(2, 1)
    parts = [
        _gates(of_features, hidden),
        _gates(of_code, hidden, width),
        _gates(cell.weight_hh, hidden),
        pad(of_state, width, hidden),
        pad(mean_of_features, width, hidden),
    ]
    weights = file.weights(torch.cat([in_panels(part).flatten() for part in parts]))
    bias = _gates((cell.bias_ih + cell.bias_hh)[:, None], hidden, 1).flatten()
    learned = posterior.learned_noise
    factor = 1.0 if learned else math.sqrt(1 - posterior.std**2)
    ends = torch.tensor([factor, float(not learned)])
    biases = file.weights(torch.cat([bias, pad(mean.bias[: posterior.size], width), ends]))
    file.scratch(6 * hidden + width)
    sizes, places = (MAX_FRAMES, hidden, width), (features, file.dynamic, weights, biases)
    file.add(file.for_codes, Operation.UNROLL, *sizes, *places)


def _gates(weight: Tensor, hidden: int, inputs: int | None = None) -> Tensor:
    """Weights (4 H, inputs) of the four gates of an LSTM, each padded to `hidden` rows."""
    gates = weight.unflatten(0, (4, -1))
    return pad(gates, 4, hidden, inputs or hidden).flatten(0, 1)


def _write_features(
    file: ModelFile, blocks: nn.Sequential, x: Place, side: int
) -> tuple[Place, int, int]:
    """Convolutions of a map (side, side, channels) with their norms.

    Returns:
        Where the last map is, its side, and its channels.
    """
    channels = PIXEL
    pairs = zip(layers(blocks, nn.Conv2d), layers(blocks, nn.BatchNorm2d), strict=True)
    for convolution, norm in pairs:
        size, stride = convolution.kernel_size[0], convolution.stride[0]
        after = side // stride
        columns = size**2 * channels
        seen = file.memory(after**2 * columns)
        file.add(file.for_frame, Operation.PATCHES, side, channels, size, x, seen)
        outputs = convolution.out_channels
        weight = pad(convolution.weight, outputs, channels, size, size)
        weight = weight.movedim(1, -1).flatten(1)  # as the patches: pixels, then channels
        layer = _linear(file, weight, None, norm)
        x = file.apply_linear(file.for_frame, layer, seen, rows=after**2)
        side, channels = after, padded(outputs)
        file.apply(file.for_frame, Operation.LEAKY_RELU, x, (side**2, channels))
    return x, side, channels


def _linear(
    file: ModelFile,
    weight: Tensor,
    bias: Tensor | None,
    norm: nn.Module | None,
    factor: float = 1.0,
) -> Layer:
    """Adds a layer with the batch norm and the factor that follow it; its outputs are padded."""
    weight, bias = weight.double(), torch.zeros(len(weight)) if bias is None else bias
    gain, shift = norm_terms(norm) if norm else (torch.tensor(1.0), torch.tensor(0.0))
    weight = factor * gain.view(-1, 1) * weight
    bias = factor * (gain * bias + shift)
    outputs = padded(len(weight))
    return file.linear(pad(weight, outputs, weight.shape[1]), pad(bias, outputs))
