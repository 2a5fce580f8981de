"""What renders codes: x_t = G(z_c, z_t)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rwae.config import ModelConfig
from rwae.networks.layers import beside


class Decoder(nn.Module):
    """x_t = G(z_c, z_t): z_t draws the feature map, z_c scales and shifts its channels (FiLM).

    z_c acts on whole channels (Perez et al., AAAI 2018), so it can change how a part looks but
    not where it is. Three 3 x 3 convolutions, each with a pixel shuffle, double the side thrice.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width, hidden = config.decoder_width, config.hidden_size
        size = config.dynamic_size + config.actions
        self.side = config.crop_size // 8
        self.widths = (width, width * 3 // 4, width * 3 // 8)
        self.recurrence = None
        if config.recurrent_decoder:
            self.recurrence = nn.LSTM(config.static_size + size, hidden, batch_first=True)
            size = hidden
        self.layout = nn.Linear(size, width * self.side**2, bias=config.canvas)
        self.style = nn.Sequential(
            nn.Linear(config.static_size, hidden),
            nn.LeakyReLU(0.1, inplace=True),
            nn.Linear(hidden, hidden),
            nn.LeakyReLU(0.1, inplace=True),
            nn.Linear(hidden, 2 * sum(self.widths)),
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(w, affine=False) for w in self.widths)
        self.convs = nn.ModuleList(
            nn.Conv2d(inputs, 4 * outputs, 3, padding=1, bias=outputs == 3)
            for inputs, outputs in zip(self.widths, (*self.widths[1:], 3), strict=True)
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
        style = self.style(static)[..., None, None].split(
            [w for w in self.widths for _ in "sb"], 1
        )
        x = self.layout(motion).unflatten(1, (-1, self.side, self.side))
        x = x.contiguous(memory_format=torch.channels_last)
        for norm, convolution, scale, shift in zip(
            self.norms, self.convs, style[::2], style[1::2], strict=True
        ):
            x = F.leaky_relu_(torch.addcmul(shift, norm(x), 1 + scale), 0.1)
            x = F.pixel_shuffle(convolution(x), 2)
        return torch.sigmoid(x)

    def forward(self, static: Tensor, dynamic: Tensor, action: Tensor | None = None) -> Tensor:
        """Decodes frames (B, T, 3, S, S) from z_c (B, D_c), z_t (B, T, D_m) and a (B, A)."""
        motion = self.motion(static, dynamic, action)
        static = static.unsqueeze(1).expand(-1, motion.shape[1], -1)
        return self.frame(static.flatten(0, 1), motion.flatten(0, 1)).unflatten(
            0, motion.shape[:2]
        )
