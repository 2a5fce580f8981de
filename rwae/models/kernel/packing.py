"""Packs the decoder of a model for `kernel.c`.

Batch norm is folded into the layer before it, and the 1 of FiLM's "1 + scale" into the bias that
makes the scale. Channels are padded with zeros to multiples of eight. Maps have their channels
last.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rwae.errors import ConfigError
from rwae.models.base import CodeModel
from rwae.models.kernel.program import PIXEL, Layer, ModelFile, Operation, Place, padded
from rwae.models.networks import ActionPosterior, Decoder
from rwae.models.networks.layers import AnyModule, PixelShuffleUpsample
from rwae.models.objects.networks import SpriteDecoder
from rwae.models.rwae import RWAE

FAR_BELOW = -1e9  # a logit that pads others: its probability is 0


@torch.no_grad()
def pack(model: CodeModel) -> bytes:
    """The file of a model in evaluation mode; the same weights give the same bytes.

    Raises:
        ConfigError: if the kernel cannot run the model's decoder.
    """
    config, decoder = model.config, model.decoder
    file = ModelFile(config.static_size, config.dynamic_size)
    if isinstance(decoder, SpriteDecoder):
        _write_objects(file, decoder)
    elif isinstance(decoder, Decoder) and decoder.recurrence is None:
        posterior = model.action_posterior if isinstance(model, RWAE) else None
        if not isinstance(posterior, ActionPosterior):
            posterior = None  # the frames do not depend on an action
        _write_frames(file, decoder, posterior)
    else:
        raise ConfigError("The frames of this model depend on each other: the server decodes.")
    return file.finish(config.frame_size, config.crop_top, config.crop_left)


def _write_frames(file: ModelFile, decoder: Decoder, posterior: ActionPosterior | None) -> None:
    """G(z_c, z_t) of `Decoder`: the style of a clip, and for each frame its maps."""
    films = _write_style(file, decoder)
    norms, convolutions = layers(decoder, nn.BatchNorm2d), layers(decoder, nn.Conv2d)
    layout = _write_layout(file, decoder, norms[0], posterior)
    x = file.apply_linear(file.for_frame, layout, file.code)
    side, channels = decoder.side, padded(norms[0].num_features)
    for level, convolution in enumerate(convolutions):
        if level in films:
            file.apply(file.for_frame, Operation.FILM, x, (side**2, channels), films[level])
        file.apply(file.for_frame, Operation.LEAKY_RELU, x, (side**2, channels))
        if isinstance(convolution, PixelShuffleUpsample):
            last = convolution is convolutions[-1]
            layer = (
                _upsampling(file, convolution.weight, convolution.get_parameter("bias"), PIXEL)
                if last
                else _upsampling(file, *_folded(convolution, norms[level + 1]))
            )
            x = file.apply_convolution(file.for_frame, layer, x, side)
            side, channels = 2 * side, layer.outputs // 4
        else:  # 1 x 1
            gain, shift = norm_terms(norms[level + 1])
            weight = convolution.weight.flatten(1) * gain[:, None]
            layer = file.linear(pad(weight, padded(len(gain)), channels), pad(shift))
            x = file.apply_linear(file.for_frame, layer, x, rows=side**2)
            channels = layer.outputs
    file.apply(file.for_frame, Operation.SIGMOID, x, (side**2, PIXEL))
    file.show(x, side)


def _write_style(file: ModelFile, decoder: Decoder) -> dict[int, tuple[Place, Place]]:
    """1 + scale and shift of each level on which FiLM acts: three linear layers of z_c."""
    first, second, last = layers(decoder.style, nn.Linear)
    sizes = [size for channels in decoder.film_widths for size in (channels, channels)]
    weights, biases = last.weight.split(sizes), list(last.bias.split(sizes))
    biases[::2] = [1 + scale for scale in biases[::2]]
    weight = torch.cat([pad(part, padded(len(part)), part.shape[1]) for part in weights])
    bias = torch.cat([pad(part) for part in biases])

    x = file.static
    inputs = first.in_features
    for linear in (first, second):
        outputs = padded(linear.out_features)
        layer = file.linear(pad(linear.weight, outputs, inputs), pad(linear.bias))
        x = file.apply_linear(file.for_clip, layer, x)
        file.apply(file.for_clip, Operation.LEAKY_RELU, x, (1, outputs))
        inputs = outputs
    layer = file.linear(pad(weight, len(weight), inputs), bias)
    x = file.apply_linear(file.for_clip, layer, x)

    films = {}
    for level, channels in enumerate(decoder.film_widths, start=decoder.film_level):
        films[level] = x, x.after(padded(channels))
        x = x.after(2 * padded(channels))
    return films


def _write_layout(
    file: ModelFile, decoder: Decoder, norm: nn.BatchNorm2d, posterior: ActionPosterior | None
) -> Layer:
    """The layer from z_t to the first map; an action changes its bias once for each clip."""
    weight, bias = _folded_layout(decoder.layout, norm, decoder.side**2)
    size = file.dynamic_size
    if posterior is None:
        return file.linear(weight, bias)
    action = _write_action(file, posterior)
    of_action = file.apply_linear(file.for_clip, file.linear(weight[:, size:], bias), action)
    return file.linear(weight[:, :size], of_action)


def _write_action(file: ModelFile, posterior: ActionPosterior) -> Place:
    """Q(a | z_1:T) of `ActionPosterior`: an LSTM, the mean of its states, and a softmax."""
    lstm, head = posterior.states, posterior.head
    size, hidden = lstm.input_size, padded(lstm.hidden_size)

    def gates(values: Tensor, inputs: int) -> Tensor:
        """(4 H, inputs) with each of the four gates padded."""
        of_gates = values.unflatten(0, (4, -1))
        return torch.cat([pad(gate, hidden, inputs) for gate in of_gates])

    bias = lstm.get_parameter("bias_ih_l0") + lstm.get_parameter("bias_hh_l0")
    mean = file.apply_lstm(
        file.for_clip,
        gates(lstm.get_parameter("weight_ih_l0"), size),
        gates(lstm.get_parameter("weight_hh_l0"), hidden),
        gates(bias[:, None], 1).flatten(),
    )
    actions = padded(head.out_features)
    logits = F.pad(head.bias, (0, actions - head.out_features), value=FAR_BELOW)
    layer = file.linear(pad(head.weight, actions, hidden), logits)
    action = file.apply_linear(file.for_clip, layer, mean)
    file.apply(file.for_clip, Operation.SOFTMAX, action, (1, actions))
    return action


def _write_objects(file: ModelFile, decoder: SpriteDecoder) -> None:
    """G(z_c, z_t) of `SpriteDecoder`: the sprites of a clip, and their places in each frame."""
    first, last = layers(decoder.layout, nn.Linear)
    (norm,) = layers(decoder.layout, nn.BatchNorm1d)
    map_norm, sprite_norm = layers(decoder.layers, nn.BatchNorm2d)
    convolution, to_sprite = layers(decoder.layers, nn.Conv2d)
    gain, shift = norm_terms(norm)
    hidden = padded(len(gain))
    weight = pad(first.weight * gain[:, None], hidden, first.in_features)
    code = file.linear(weight, pad(first.bias * gain + shift))
    weight, bias = _folded_layout(last, map_norm, decoder.side**2)
    layout = file.linear(pad(weight, len(weight), hidden), bias)
    middle = _upsampling(file, *_folded(convolution, sprite_norm))
    # The one channel of a sprite becomes red, green and blue.
    bias = to_sprite.get_parameter("bias").repeat(3)
    final = _upsampling(file, to_sprite.weight.repeat(3, 1, 1, 1), bias, PIXEL)

    objects, side, edge = decoder.scale.objects, decoder.side, 4 * decoder.side
    sprites = file.memory(objects * edge**2 * PIXEL)
    for k in range(objects):
        x = file.apply_linear(file.for_clip, code, file.static.after(k * first.in_features))
        file.apply(file.for_clip, Operation.LEAKY_RELU, x, (1, hidden))
        x = file.apply_linear(file.for_clip, layout, x)
        file.apply(file.for_clip, Operation.LEAKY_RELU, x, (1, layout.outputs))
        x = file.apply_convolution(file.for_clip, middle, x, side)
        file.apply(file.for_clip, Operation.LEAKY_RELU, x, (side**2, middle.outputs))
        sprite = sprites.after(k * edge**2 * PIXEL)
        file.apply_convolution(file.for_clip, final, x, 2 * side, sprite)
    file.apply(file.for_clip, Operation.SIGMOID, sprites, (objects * edge**2, PIXEL))
    file.show(file.apply_paste(sprites, objects, edge, decoder.scale), 2 * edge)


def layers(module: nn.Module, kind: type[AnyModule]) -> list[AnyModule]:
    """The layers of one kind inside a module, in their order."""
    return [layer for layer in module.modules() if isinstance(layer, kind)]


def norm_terms(norm: nn.Module) -> tuple[Tensor, Tensor]:
    """Batch norm with its running statistics as a gain and a shift of each channel.

    In float64, whose square roots and quotients are the same on every processor.
    """
    values = {name: value.double() for name, value in norm.state_dict().items()}
    gain = 1 / (values["running_var"] + norm.eps).sqrt()
    gain = gain * values.get("weight", 1.0)
    return gain, values.get("bias", 0.0) - values["running_mean"] * gain


def _folded_layout(layout: nn.Linear, norm: nn.Module, pixels: int) -> tuple[Tensor, Tensor]:
    """Weights (pixels * C, inputs) and bias of a layer that makes a map, with its norm."""
    gain, shift = norm_terms(norm)
    weight = layout.weight.unflatten(0, (-1, pixels)) * gain[:, None, None]
    bias = shift[:, None].expand(-1, pixels)
    if layout.bias is not None:
        bias = bias + layout.bias.unflatten(0, (-1, pixels)) * gain[:, None]
    channels = padded(len(gain))
    weight = pad(weight, channels, *weight.shape[1:]).transpose(0, 1).flatten(0, 1)
    return weight, pad(bias, channels, pixels).T.flatten()


def _folded(convolution: nn.Conv2d, norm: nn.Module) -> tuple[Tensor, Tensor, int]:
    """Kernels and bias of a convolution without a bias, with the norm that follows its shuffle.

    Returns:
        The last arguments of `_upsampling`.
    """
    gain, shift = (part.repeat_interleave(4) for part in norm_terms(norm))
    return convolution.weight * gain[:, None, None, None], shift, padded(len(gain) // 4)


def _upsampling(file: ModelFile, weight: Tensor, bias: Tensor, channels: int) -> Layer:
    """Adds a 3 x 3 convolution whose outputs go into a pixel shuffle.

    Args:
        file: that it is added to.
        weight: with shape (4 C, inputs, 3, 3), as `torch.nn.functional.pixel_shuffle` reads it.
        bias: with shape (4 C).
        channels: to which the C channels after the shuffle are padded.
    """
    inputs = padded(weight.shape[1])
    of_groups = weight.unflatten(0, (-1, 4)).transpose(0, 1)  # (4, C, inputs, 3, 3)
    weight = torch.cat([pad(group, channels, inputs, 3, 3) for group in of_groups])
    return file.convolution(weight, pad(bias.view(-1, 4), channels, 4).T.flatten())


def pad(values: Tensor, *shape: int) -> Tensor:
    """Appends zeros up to a shape; a vector without one is padded to a multiple of eight."""
    shape = shape or (padded(len(values)),)
    result = values.new_zeros(shape)
    result[tuple(slice(size) for size in values.shape)] = values
    return result
