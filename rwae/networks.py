"""The four networks: static posterior, dynamic posterior, prior and decoder.

They see the cropped square of a frame and know nothing of losses or files. Frames are RGB in
[0, 1]; "codes" are z_c with shape (B, D_c) and z_t with shape (B, T, D_m).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rwae.config import ModelConfig
from rwae.distributions import Gaussian, GaussianMixture, standard_normal


def conv(inputs: int, outputs: int, size: int, stride: int = 1) -> nn.Sequential:
    """Convolution, batch norm and a leaky ReLU; `stride` divides height and width."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, (size - 1) // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.LeakyReLU(0.1, inplace=True),
    )


class StaticPosterior(nn.Module):
    """Q(z_c | x_1:T): an orderless bag of local features over space and time.

    A feature sees 18 x 18 pixels; mean and maximum over the frame, then the mean over the
    frames, tell *what* is seen but neither where nor when. The paper runs an LSTM over frame
    features instead; the bag is ours, since what cannot be represented cannot leak.

    The mean is batch-normed without a learned scale, so that mean and noise together have unit
    variance in each dimension.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width, hidden = config.static_width, config.hidden_size
        self.features = nn.Sequential(
            conv(3, width // 4, 4, 2),
            conv(width // 4, width // 2, 4, 2),
            conv(width // 2, width, 3),
        )
        self.head = nn.Sequential(
            nn.Linear(2 * width, hidden),
            nn.BatchNorm1d(hidden),
            nn.LeakyReLU(0.1, inplace=True),
            nn.Linear(hidden, config.static_size),
            nn.BatchNorm1d(config.static_size, affine=False),
        )
        self.std = config.static_noise

    def forward(self, x: Tensor) -> Gaussian:
        """Infers z_c from cropped frames (B, T, 3, S, S), for any T."""
        local = self.features(x.flatten(0, 1)).flatten(2)
        seen = torch.cat([local.mean(-1), local.amax(-1)], -1).unflatten(0, x.shape[:2]).mean(1)
        return Gaussian(math.sqrt(1 - self.std**2) * self.head(seen), self.std)


class DynamicPosterior(nn.Module):
    """Q(z_t | z_<t, x_t): an LSTM over the frame's features and the code before.

    It is blind to colour and sees frames at half their size. The mean is layer-normed, so that
    it lies on a sphere, and the noise is a budget: the codes can carry the pose and little else.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width, hidden, size = config.dynamic_width, config.hidden_size, config.dynamic_size
        side = config.crop_size // 8
        self.features = nn.Sequential(
            conv(1, width // 4, 4, 2),
            conv(width // 4, width // 2, 4, 2),
            conv(width // 2, width, 3),
        )
        self.project = nn.Sequential(
            nn.Linear(width * side * side, hidden),
            nn.BatchNorm1d(hidden),
            nn.LeakyReLU(0.1, inplace=True),
        )
        self.cell = nn.LSTMCell(hidden + size, hidden)
        self.mean = nn.Linear(2 * hidden, size)
        self.std = config.dynamic_noise

    def forward(self, x: Tensor, generator: torch.Generator | None) -> tuple[Gaussian, Tensor]:
        """Infers z_1:T from cropped frames (B, T, 3, S, S).

        Returns:
            The posterior of every frame, with mean (B, T, D_m), and the codes that were fed
            back as z_<t: draws from it, or its means without a generator.
        """
        grey = F.avg_pool2d(x.mean(2), 2)
        local = self.features(grey.flatten(0, 1).unsqueeze(1))
        seen = self.project(local.flatten(1)).unflatten(0, x.shape[:2])
        size = self.mean.out_features
        noise = torch.zeros(*x.shape[:2], size, dtype=seen.dtype, device=seen.device)
        if generator is not None:
            noise = self.std * standard_normal(tuple(noise.shape), seen, generator)
        means, codes, state = [], [], None
        code = noise.new_zeros(len(x), size)
        for frame, jitter in zip(seen.unbind(1), noise.unbind(1), strict=True):
            state = self.cell(torch.cat([frame, code], -1), state)
            mean = F.layer_norm(self.mean(torch.cat([state[0], frame], -1)), (size,))
            means.append(math.sqrt(1 - self.std**2) * mean)
            code = means[-1] + jitter
            codes.append(code)
        return Gaussian(torch.stack(means, 1), self.std), torch.stack(codes, 1)


class Prior(nn.Module):
    """P(z_t | z_<t): an LSTM over the codes so far, and a mixture of Gaussians for the next."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        hidden, size = config.hidden_size, config.dynamic_size
        self.components, self.size = config.prior_components, size
        self.start = nn.Parameter(torch.zeros(size))
        self.cell = nn.LSTMCell(size, hidden)
        self.head = nn.Sequential(
            nn.Linear(hidden, hidden),
            nn.LeakyReLU(0.1),
            nn.Linear(hidden, self.components * (1 + 2 * size)),
        )

    def _mixture(self, hidden: Tensor) -> GaussianMixture:
        logits, rest = self.head(hidden).split(
            [self.components, 2 * self.components * self.size], -1
        )
        means, scales = rest.unflatten(-1, (self.components, 2, self.size)).unbind(-2)
        return GaussianMixture(logits, means, F.softplus(scales) + 0.05)

    def forward(self, dynamic: Tensor) -> GaussianMixture:
        """P(z_t | z_<t) at every t, for given codes (B, T, D_m); z_T itself is never looked at."""
        state, hidden = None, []
        start = self.start.expand(len(dynamic), 1, -1)
        for code in torch.cat([start, dynamic[:, :-1]], 1).unbind(1):
            state = self.cell(code, state)
            hidden.append(state[0])
        return self._mixture(torch.stack(hidden, 1))

    def sample(
        self,
        clips: int,
        frames: int,
        generator: torch.Generator,
        temperature: float = 1.0,
        begin: Tensor | None = None,
    ) -> Tensor:
        """Draws codes (clips, frames, D_m), each frame from the ones before.

        Args:
            clips: number of sequences.
            frames: number of codes to draw for each, of any length.
            generator: source of the randomness.
            temperature: see `GaussianMixture.sample`.
            begin: codes (clips, T, D_m) to go on from; they are not returned.
        """
        state, codes = None, []
        code = self.start.expand(clips, -1)
        if begin is not None:
            for after in begin.unbind(1):
                state = self.cell(code, state)
                code = after
        for _ in range(frames):
            state = self.cell(code, state)
            code = self._mixture(state[0]).sample(generator, temperature)
            codes.append(code)
        return torch.stack(codes, 1)


class Decoder(nn.Module):
    """x_t = G(z_c, z_t): z_t draws the feature map, z_c scales and shifts its channels (FiLM).

    z_c acts on whole channels (Perez et al., AAAI 2018), so it can change how a part looks but
    not where it is. Three 3 x 3 convolutions, each with a pixel shuffle, double the side thrice.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width, hidden, size = config.decoder_width, config.hidden_size, config.dynamic_size
        self.side = config.crop_size // 8
        self.widths = (width, width * 3 // 4, width * 3 // 8)
        self.recurrence = None
        if config.recurrent_decoder:
            self.recurrence = nn.LSTM(config.static_size + size, hidden, batch_first=True)
            size = hidden
        self.layout = nn.Linear(size, width * self.side**2, bias=False)
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

    def motion(self, static: Tensor, dynamic: Tensor) -> Tensor:
        """What the frame decoder sees of the motion: z_t, or the state h_t of the recurrence."""
        if self.recurrence is None:
            return dynamic
        static = static.unsqueeze(1).expand(-1, dynamic.shape[1], -1)
        return self.recurrence(torch.cat([static, dynamic], -1))[0]

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

    def forward(self, static: Tensor, dynamic: Tensor) -> Tensor:
        """Decodes cropped frames (B, T, 3, S, S) from z_c (B, D_c) and z_t (B, T, D_m)."""
        motion = self.motion(static, dynamic)
        static = static.unsqueeze(1).expand(-1, motion.shape[1], -1)
        return self.frame(static.flatten(0, 1), motion.flatten(0, 1)).unflatten(
            0, motion.shape[:2]
        )
