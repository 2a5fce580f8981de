"""The networks: static, dynamic and action posterior, prior and decoder.

They see the cropped square of a frame and know nothing of losses or files. Frames are RGB in
[0, 1]; "codes" are z_c with shape (B, D_c), z_t with shape (B, T, D_m) and, in a weakly supervised
model, the action a with shape (B, A), whose rows are positive and sum to one.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rwae.config import ModelConfig
from rwae.distributions import Categorical, Gaussian, GaussianMixture, standard_normal


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


def free(outputs: Tensor) -> Gaussian:
    """A Gaussian whose mean and deviation are the two halves of (..., 2 D), as in a VAE."""
    mean, scale = outputs.chunk(2, -1)
    return Gaussian(mean, F.softplus(scale) + 1e-3)


class StaticPosterior(nn.Module):
    """Q(z_c | x_1:T): an orderless bag of local features over space and time.

    A feature sees 18 x 18 pixels; mean and maximum over the frame, then the mean over the
    frames, tell *what* is seen but neither where nor when. The paper runs an LSTM over frame
    features instead; the bag is ours, since what cannot be represented cannot leak.

    The mean is batch-normed without a learned scale, so that mean and noise together have unit
    variance in each dimension; with `learned_noise` mean and deviation are free instead.
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
            nn.Linear(hidden, config.static_size * (2 if config.learned_noise else 1)),
        )
        self.std = config.static_noise
        if not config.learned_noise:
            self.head.append(nn.BatchNorm1d(config.static_size, affine=False))
        self.learned_noise = config.learned_noise

    def forward(self, x: Tensor) -> Gaussian:
        """Infers z_c from cropped frames (B, T, 3, S, S), for any T."""
        local = self.features(x.flatten(0, 1)).flatten(2)
        seen = torch.cat([local.mean(-1), local.amax(-1)], -1).unflatten(0, x.shape[:2]).mean(1)
        if self.learned_noise:
            return free(self.head(seen))
        return Gaussian(math.sqrt(1 - self.std**2) * self.head(seen), self.std)


class DynamicPosterior(nn.Module):
    """Q(z_t | z_<t, x_t): an LSTM over the frame's features and the code before.

    It is blind to colour and sees frames at half their size. The mean is layer-normed, so that
    it lies on a sphere, and the noise is a budget: the codes can carry the pose and little else.
    With `learned_noise` mean and deviation are free instead.
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
        self.mean = nn.Linear(2 * hidden, size * (2 if config.learned_noise else 1))
        self.size, self.std = size, config.dynamic_noise
        self.learned_noise = config.learned_noise

    def forward(self, x: Tensor, generator: torch.Generator | None) -> tuple[Gaussian, Tensor]:
        """Infers z_1:T from cropped frames (B, T, 3, S, S).

        Returns:
            The posterior of every frame, with mean (B, T, D_m), and the codes that were fed
            back as z_<t: draws from it, or its means without a generator.
        """
        return self.unroll(self.see(x), generator)

    def see(self, x: Tensor) -> Tensor:
        """What each frame shows, before any code: (B, T, 3, S, S) -> (B, T, H)."""
        grey = F.avg_pool2d(x.mean(2), 2)
        local = self.features(grey.flatten(0, 1).unsqueeze(1))
        return self.project(local.flatten(1)).unflatten(0, x.shape[:2])

    def unroll(
        self, seen: Tensor, generator: torch.Generator | None, given: Tensor | None = None
    ) -> tuple[Gaussian, Tensor]:
        """Runs the recurrence over what the frames show, as `forward` does.

        Args:
            seen: with shape (B, T, H).
            generator: source of the draws; without it the means are fed back.
            given: codes (B, T, D_m) to feed back as z_<t in place of both.
        """
        noise = torch.zeros(*seen.shape[:2], self.size, dtype=seen.dtype, device=seen.device)
        if generator is not None:
            noise = standard_normal(tuple(noise.shape), seen, generator)
        means, stds, codes, state = [], [], [], None
        code = noise.new_zeros(len(seen), self.size)
        for t, frame in enumerate(seen.unbind(1)):
            state = self.cell(torch.cat([frame, code], -1), state)
            here = self._posterior(torch.cat([state[0], frame], -1))
            code = here.mean + here.std * noise[:, t] if given is None else given[:, t]
            means.append(here.mean)
            stds.append(here.std)
            codes.append(code)
        std = torch.stack(stds, 1) if self.learned_noise else self.std
        return Gaussian(torch.stack(means, 1), std), torch.stack(codes, 1)

    def _posterior(self, seen: Tensor) -> Gaussian:
        if self.learned_noise:
            return free(self.mean(seen))
        mean = F.layer_norm(self.mean(seen), (self.size,))
        return Gaussian(math.sqrt(1 - self.std**2) * mean, self.std)


class ActionPosterior(nn.Module):
    """Q(a | z_1:T): an LSTM over the dynamic codes, whose states are averaged over time.

    The paper infers a categorical action from the dynamic codes; the form of the network is ours.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.states = nn.LSTM(config.dynamic_size, config.hidden_size, batch_first=True)
        self.head = nn.Linear(config.hidden_size, config.actions)

    def forward(self, dynamic: Tensor) -> Categorical:
        """Infers a from codes (B, T, D_m), for any T; the logits have shape (B, A)."""
        return Categorical(self.head(self.states(dynamic)[0].mean(1)))


class Prior(nn.Module):
    """P(z_t | z_<t): an LSTM over the codes so far, and a mixture of Gaussians for the next.

    In a weakly supervised model it is P(z_t | z_<t, a), so that an action can be drawn.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        hidden, size = config.hidden_size, config.dynamic_size
        self.components, self.size = config.prior_components, size
        self.start = nn.Parameter(torch.zeros(size))
        self.cell = nn.LSTMCell(size + config.actions, hidden)
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

    def forward(self, dynamic: Tensor, action: Tensor | None = None) -> GaussianMixture:
        """P(z_t | z_<t) at every t, for given codes (B, T, D_m); z_T itself is never looked at.

        Args:
            dynamic: the codes.
            action: with shape (B, A), for a model that has actions.
        """
        state, hidden = None, []
        start = self.start.expand(len(dynamic), 1, -1)
        for code in torch.cat([start, dynamic[:, :-1]], 1).unbind(1):
            state = self.cell(beside(code, action), state)
            hidden.append(state[0])
        return self._mixture(torch.stack(hidden, 1))

    def sample(
        self,
        clips: int,
        frames: int,
        generator: torch.Generator,
        temperature: float = 1.0,
        begin: Tensor | None = None,
        action: Tensor | None = None,
    ) -> Tensor:
        """Draws codes (clips, frames, D_m), each frame from the ones before.

        Args:
            clips: number of sequences.
            frames: number of codes to draw for each, of any length.
            generator: source of the randomness.
            temperature: see `GaussianMixture.sample`.
            begin: codes (clips, T, D_m) to go on from; they are not returned.
            action: with shape (clips, A), for a model that has actions.
        """
        state, codes = None, []
        code = self.start.expand(clips, -1)
        if begin is not None:
            for after in begin.unbind(1):
                state = self.cell(beside(code, action), state)
                code = after
        for _ in range(frames):
            state = self.cell(beside(code, action), state)
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
