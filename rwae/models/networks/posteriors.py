"""The posteriors: Q(z_c | x_1:T), Q(z_t | z_<t, x_t) and Q(a | z_1:T)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rwae.config import ModelConfig
from rwae.models.distributions import Categorical, Gaussian, standard_normal
from rwae.models.networks.layers import encoder_block


class StaticPosterior(nn.Module):
    """Q(z_c | x_1:T): local features, pooled over space and time without their order.

    A feature depends on 18 x 18 pixels. The mean and the maximum over the frame, then the mean
    over the frames, keep what is in a clip and drop where and when, so that motion cannot leak
    into z_c. The pooling is ours; the paper runs an LSTM over frame features, and so does this
    with `recurrent_static`, where the last state takes the place of the mean over the frames.

    The mean is batch-normed without a learned scale, so that mean and noise together have unit
    variance in each dimension; with `learned_noise` mean and deviation are free instead.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width, hidden = config.static_width, config.hidden_size
        self.features = nn.Sequential(
            encoder_block(3, width // 4, 4, 2),
            encoder_block(width // 4, width // 2, 4, 2),
            encoder_block(width // 2, width, 3),
        )
        self.states = (
            nn.LSTM(2 * width, hidden, batch_first=True) if config.recurrent_static else None
        )
        self.head = nn.Sequential(
            nn.Linear(2 * width if self.states is None else hidden, hidden),
            nn.BatchNorm1d(hidden),
            nn.LeakyReLU(0.1, inplace=True),
            nn.Linear(hidden, config.static_size * (2 if config.learned_noise else 1)),
        )
        self.std = config.static_noise
        if not config.learned_noise:
            self.head.append(nn.BatchNorm1d(config.static_size, affine=False))
        self.learned_noise = config.learned_noise

    def forward(self, x: Tensor) -> Gaussian:
        """Infers z_c, with mean (B, D_c), from cropped frames (B, T, 3, S, S) in [0, 1].

        T is any number; without `recurrent_static`, frames may come in any order.
        """
        local = self.features(x.flatten(0, 1)).flatten(2)
        frames = torch.cat([local.mean(-1), local.amax(-1)], -1).unflatten(0, x.shape[:2])
        pooled = frames.mean(1) if self.states is None else self.states(frames)[0][:, -1]
        if self.learned_noise:
            return free_gaussian(self.head(pooled))
        return Gaussian(math.sqrt(1 - self.std**2) * self.head(pooled), self.std)


class DynamicPosterior(nn.Module):
    """Q(z_t | z_<t, x_t): an LSTM over the frame's features and the code before.

    Its input is grey and has half the side of a frame. The mean is layer-normed, so that it lies
    on a sphere, and the noise is fixed: together they bound the information that z_t can carry.
    With `learned_noise` mean and deviation are free instead.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width, hidden, size = config.dynamic_width, config.hidden_size, config.dynamic_size
        side = config.crop_size // 8
        self.features = nn.Sequential(
            encoder_block(1, width // 4, 4, 2),
            encoder_block(width // 4, width // 2, 4, 2),
            encoder_block(width // 2, width, 3),
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
        return self.unroll(self.frame_features(x), generator)

    def frame_features(self, x: Tensor) -> Tensor:
        """Features of each frame by itself: (B, T, 3, S, S) -> (B, T, H)."""
        grey = F.avg_pool2d(x.mean(2), 2)
        local = self.features(grey.flatten(0, 1).unsqueeze(1))
        features: Tensor = self.project(local.flatten(1))
        return features.view(*x.shape[:2], -1)

    def unroll(
        self,
        features: Tensor,
        generator: torch.Generator | None,
        feedback: Tensor | None = None,
    ) -> tuple[Gaussian, Tensor]:
        """Runs the recurrence over the features of the frames, as `forward` does.

        Args:
            features: with shape (B, T, H).
            generator: source of the draws; without it the means are fed back.
            feedback: codes (B, T, D_m) to feed back as z_<t in place of draws and means.
        """
        shape = (*features.shape[:2], self.size)
        noise = torch.zeros(shape, dtype=features.dtype, device=features.device)
        if generator is not None:
            noise = standard_normal(shape, features, generator)
        means: list[Tensor] = []
        stds: list[Tensor] = []
        codes: list[Tensor] = []
        state: tuple[Tensor, Tensor] | None = None
        code = noise.new_zeros(features.shape[0], self.size)
        for t, frame in enumerate(features.unbind(1)):
            state = self.cell(torch.cat([frame, code], -1), state)
            posterior = self._posterior(torch.cat([state[0], frame], -1))
            drawn = posterior.mean + posterior.std * noise[:, t]
            code = drawn if feedback is None else feedback[:, t]
            means.append(posterior.mean)
            if isinstance(posterior.std, Tensor):
                stds.append(posterior.std)
            codes.append(code)
        std = torch.stack(stds, 1) if stds else self.std
        return Gaussian(torch.stack(means, 1), std), torch.stack(codes, 1)

    def _posterior(self, features: Tensor) -> Gaussian:
        if self.learned_noise:
            return free_gaussian(self.mean(features))
        mean = F.layer_norm(self.mean(features), (self.size,))
        return Gaussian(math.sqrt(1 - self.std**2) * mean, self.std)


class ActionPosterior(nn.Module):
    """Q(a | z_1:T): an LSTM over the dynamic codes, its states averaged over time.

    The paper infers a categorical action from the dynamic codes; the network is ours.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.states = nn.LSTM(config.dynamic_size, config.hidden_size, batch_first=True)
        self.head = nn.Linear(config.hidden_size, config.actions)

    def forward(self, dynamic: Tensor) -> Categorical:
        """Infers a from codes (B, T, D_m), for any T; the logits have shape (B, A)."""
        return Categorical(self.head(self.states(dynamic)[0].mean(1)))


class RecordingActionPosterior(nn.Module):
    """Q(a | z_1:T) for actions as clusters of recordings: linear in pooled codes.

    See `rwae.training.recording_actions`. Both the form and the network are ours.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(3 * config.dynamic_size, affine=False)
        self.head = nn.Linear(3 * config.dynamic_size, config.actions)

    def forward(self, dynamic: Tensor) -> Categorical:
        """Infers a from codes (B, T, D_m), for any T; the logits have shape (B, A)."""
        return Categorical(self.head(self.norm(pool(dynamic))))


def pool(dynamic: Tensor) -> Tensor:
    """Where codes are, how far they spread and how fast they move: (B, T, D) -> (B, 3 D).

    [mean over t of z_t, standard deviation over t of z_t, mean over t of |z_t - z_(t-1)|]
    """
    speed = dynamic.diff(dim=1).abs().sum(1) / max(1, dynamic.shape[1] - 1)
    return torch.cat([dynamic.mean(1), dynamic.std(1, correction=0), speed], 1)


def free_gaussian(outputs: Tensor) -> Gaussian:
    """A Gaussian whose mean and deviation are the halves of (..., 2 D), as in a VAE."""
    mean, scale = outputs.chunk(2, -1)
    return Gaussian(mean, F.softplus(scale) + 1e-3)
