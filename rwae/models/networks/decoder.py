"""What renders codes: x_t = G(z_c, z_t)."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rwae.config import ModelConfig
from rwae.models.networks.layers import beside


class PixelShuffleUpsample(nn.Conv2d):
    """A 3 x 3 convolution and a pixel shuffle: (N, inputs, S, S) -> (N, outputs, 2 S, 2 S)."""

    def __init__(self, inputs: int, outputs: int, bias: bool = False) -> None:
        super().__init__(inputs, 4 * outputs, 3, padding=1, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        return F.pixel_shuffle(super().forward(x), 2)


class Decoder(nn.Module):
    """x_t = G(z_c, z_t): z_t draws the feature map, z_c scales and shifts its channels (FiLM).

    z_c acts on whole channels (Perez et al., AAAI 2018), so it can change how a part looks but
    not where it is. Three convolutions, each with a pixel shuffle, double the side thrice.

    By default z_c acts at every scale. A channel of a small map can stand for a raised arm, and
    for someone who raised none in training it can be switched off. With late FiLM z_c acts at the
    last scale alone, at half the side of a frame, on two maps with a 1 x 1 convolution between
    them: z_t draws everything, and z_c chooses its colours.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width, hidden = config.decoder_width, config.hidden_size
        size = config.dynamic_size + config.actions
        self.side = config.crop_size // 8
        scales = (width, width * 3 // 4, width * 3 // 8)
        late = (config.late_film_width,) if config.late_film_width else ()
        widths = (*scales, *late)
        self.plain = len(scales) - 1 if late else 0  # maps that z_c has no part in
        self.styled = widths[self.plain :]
        self.recurrence = None
        if config.recurrent_decoder:
            self.recurrence = nn.LSTM(config.static_size + size, hidden, batch_first=True)
            size = hidden
        self.layout = nn.Linear(size, width * self.side**2, bias=config.learned_background)
        self.style = nn.Sequential(
            nn.Linear(config.static_size, hidden),
            nn.LeakyReLU(0.1, inplace=True),
            nn.Linear(hidden, hidden),
            nn.LeakyReLU(0.1, inplace=True),
            nn.Linear(hidden, 2 * sum(self.styled)),
        )
        self.norms = nn.ModuleList(
            nn.BatchNorm2d(channels, affine=level < self.plain)
            for level, channels in enumerate(widths)
        )
        self.convs = nn.ModuleList(
            [
                *(PixelShuffleUpsample(*pair) for pair in itertools.pairwise(scales)),
                *(nn.Conv2d(scales[-1], channels, 1, bias=False) for channels in late),
                PixelShuffleUpsample(widths[-1], 3, bias=True),
            ]
        )

    def motion(self, static: Tensor, dynamic: Tensor, action: Tensor | None = None) -> Tensor:
        """What the frame decoder sees of the motion: [z_t, a], or the recurrence's state h_t."""
        if action is not None:
            action = action.unsqueeze(1).expand(-1, dynamic.shape[1], -1)
        motion = beside(dynamic, action)
        if self.recurrence is None:
            return motion
        static = static.unsqueeze(1).expand(-1, dynamic.shape[1], -1)
        return self.recurrence(torch.cat([static, motion], -1))[0]

    def frame(self, static: Tensor, motion: Tensor) -> Tensor:
        """Decodes single cropped frames (N, 3, S, S) from z_c (N, D_c) and motion (N, D)."""
        style = self.style(static)[..., None, None]
        sizes = [size for channels in self.styled for size in (channels, channels)]
        films = iter(style.split(sizes, 1))  # a scale and a shift for each map
        x = self.layout(motion).unflatten(1, (-1, self.side, self.side))
        x = x.contiguous(memory_format=torch.channels_last)
        for level, (norm, convolution) in enumerate(zip(self.norms, self.convs, strict=True)):
            x = norm(x)
            if level >= self.plain:
                scale, shift = next(films), next(films)
                x = torch.addcmul(shift, x, 1 + scale)
            x = convolution(F.leaky_relu_(x, 0.1))
        return torch.sigmoid(x)

    def forward(self, static: Tensor, dynamic: Tensor, action: Tensor | None = None) -> Tensor:
        """Decodes frames (B, T, 3, S, S) from z_c (B, D_c), z_t (B, T, D_m) and a (B, A)."""
        motion = self.motion(static, dynamic, action)
        static = static.unsqueeze(1).expand(-1, motion.shape[1], -1)
        return self.frame(static.flatten(0, 1), motion.flatten(0, 1)).unflatten(
            0, motion.shape[:2]
        )
