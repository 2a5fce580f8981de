"""The decoder: x_t = G(z_c, z_t)."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rwae.config import ModelConfig
from rwae.models.networks.layers import PixelShuffleUpsample, concat_action


class Decoder(nn.Module):
    """x_t = G(z_c, z_t): z_t makes the feature map, z_c scales and shifts its channels (FiLM).

    FiLM (Perez et al., AAAI 2018) acts on whole channels, so z_c can change the appearance of a
    part but not its position. Three convolutions, each with a pixel shuffle, multiply the side by
    8 in all.

    By default FiLM acts at every scale. A channel of a small map can then stand for a raised arm,
    and z_c can switch it off for a person who raised no arm in training. With late FiLM
    (`late_film_width` > 0) z_c acts at the last scale alone, at half the side of a frame, on two
    maps with a 1 x 1 convolution between them: shapes come from z_t, colours from z_c.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width, hidden = config.decoder_width, config.hidden_size
        self.reads_action = bool(config.actions) and not config.recording_actions
        size = config.dynamic_size + (config.actions if self.reads_action else 0)
        self.side = config.crop_size // 8
        scales = (width, width * 3 // 4, width * 3 // 8)
        late = (config.late_film_width,) if config.late_film_width else ()
        widths = (*scales, *late)
        self.film_level = len(scales) - 1 if late else 0  # the first map on which FiLM acts
        self.film_widths = widths[self.film_level :]
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
            nn.Linear(hidden, 2 * sum(self.film_widths)),
        )
        self.norms = nn.ModuleList(
            nn.BatchNorm2d(channels, affine=level < self.film_level)
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
        """The input of the frame decoder beside z_c: [z_t, a], or the state h_t of the LSTM.

        Args:
            static: z_c, with shape (B, D_c); read by a recurrent decoder alone.
            dynamic: z_t, with shape (B, T, D_m).
            action: a, with shape (B, A), for a decoder that reads actions.

        Returns:
            With shape (B, T, D): D = D_m + A, D_m alone in a decoder that reads no action, or
            `hidden_size` in a recurrent decoder.
        """
        action = action if self.reads_action else None
        if action is not None:
            action = action.unsqueeze(1).expand(-1, dynamic.shape[1], -1)
        motion = concat_action(dynamic, action)
        if self.recurrence is None:
            return motion
        static = static.unsqueeze(1).expand(-1, dynamic.shape[1], -1)
        states: Tensor = self.recurrence(torch.cat([static, motion], -1))[0]
        return states

    def frame(self, static: Tensor, motion: Tensor) -> Tensor:
        """Decodes single cropped frames (N, 3, S, S) from z_c (N, D_c) and motion (N, D).

        Values lie in (0, 1); `motion` is that of the method of this name.
        """
        style = self.style(static)[..., None, None]
        sizes = [size for channels in self.film_widths for size in (channels, channels)]
        films = iter(style.split(sizes, 1))  # a scale and a shift for each map
        x = self.layout(motion).unflatten(1, (-1, self.side, self.side))
        x = x.contiguous(memory_format=torch.channels_last)
        for level, (norm, convolution) in enumerate(zip(self.norms, self.convs, strict=True)):
            x = norm(x)
            if level >= self.film_level:
                scale, shift = next(films), next(films)
                x = torch.addcmul(shift, x, 1 + scale)
            x = convolution(F.leaky_relu_(x, 0.1))
        return torch.sigmoid(x)

    def forward(self, static: Tensor, dynamic: Tensor, action: Tensor | None = None) -> Tensor:
        """Decodes frames (B, T, 3, S, S) from z_c (B, D_c), z_t (B, T, D_m) and a (B, A)."""
        motion = self.motion(static, dynamic, action)
        static = static.unsqueeze(1).expand(-1, motion.shape[1], -1)
        frames = self.frame(static.flatten(0, 1), motion.flatten(0, 1))
        x: Tensor = frames.unflatten(0, motion.shape[:2])
        return x
