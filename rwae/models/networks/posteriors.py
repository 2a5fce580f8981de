"""What infers codes: Q(z_c | x_1:T), Q(z_t | z_<t, x_t) and Q(a | z_1:T)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rwae.config import ModelConfig
from rwae.models.distributions import Categorical, Gaussian, standard_normal
from rwae.models.networks.layers import conv


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
        code = noise.new_zeros(seen.shape[0], self.size)
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


def free(outputs: Tensor) -> Gaussian:
    """A Gaussian whose mean and deviation are the two halves of (..., 2 D), as in a VAE."""
    mean, scale = outputs.chunk(2, -1)
    return Gaussian(mean, F.softplus(scale) + 1e-3)
