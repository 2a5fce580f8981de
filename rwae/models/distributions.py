"""The distributions of codes. Randomness comes from a `torch.Generator`."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor


def standard_normal(shape: tuple[int, ...], like: Tensor, generator: torch.Generator) -> Tensor:
    """Draws from N(0, I) on the generator's device, and returns it on the device of `like`."""
    noise = torch.randn(shape, generator=generator, device=generator.device)
    return noise.to(like.device, like.dtype)


@dataclass(frozen=True)
class Gaussian:
    """A diagonal Gaussian.

    Attributes:
        mean: with shape (..., D).
        std: the standard deviation: one number for all dimensions, or with shape (..., D).
    """

    mean: Tensor
    std: float | Tensor

    def sample(self, generator: torch.Generator) -> Tensor:
        """A reparametrised draw, with shape (..., D)."""
        noise = standard_normal(tuple(self.mean.shape), self.mean, generator)
        return self.mean + self.std * noise

    def log_prob(self, value: Tensor) -> Tensor:
        """log N(value; mean, std), with shape (...), for values (..., D) that broadcast."""
        std = torch.as_tensor(self.std, dtype=value.dtype, device=value.device)
        standardised = (value - self.mean) / std
        each = -standardised.square() / 2 - std.log() - math.log(2 * math.pi) / 2
        return each.sum(-1)

    def entropy(self) -> Tensor:
        """-E log q, in nats, with shape (...): sum over D of log std + log(2 pi e) / 2."""
        std = torch.as_tensor(self.std, dtype=self.mean.dtype, device=self.mean.device)
        return (std.expand_as(self.mean).log() + (1 + math.log(2 * math.pi)) / 2).sum(-1)


def gumbel(shape: tuple[int, ...], like: Tensor, generator: torch.Generator) -> Tensor:
    """Draws from the standard Gumbel distribution, -log(-log U), on the device of `like`."""
    uniform = torch.rand(shape, generator=generator, device=generator.device).clamp_min(1e-20)
    return -(-uniform.log()).clamp_min(1e-20).log().to(like.device)


@dataclass(frozen=True)
class Categorical:
    """A distribution over A classes.

    Attributes:
        logits: unnormalised log probabilities, with shape (..., A).
    """

    logits: Tensor

    @property
    def probabilities(self) -> Tensor:
        """With shape (..., A)."""
        return self.logits.softmax(-1)

    def entropy(self) -> Tensor:
        """In nats, with shape (...)."""
        return -(self.probabilities * self.logits.log_softmax(-1)).sum(-1)

    def relaxed(self, generator: torch.Generator, temperature: float) -> Tensor:
        """A Gumbel-softmax draw (Jang et al., ICLR 2017; Maddison et al., ICLR 2017).

        It is differentiable in the logits; as the temperature falls to 0 it becomes a one-hot
        draw, and the variance of its gradient grows.

        Returns:
            Positive numbers that sum to one, with shape (..., A).
        """
        noise = gumbel(tuple(self.logits.shape), self.logits, generator)
        return ((self.logits.log_softmax(-1) + noise) / temperature).softmax(-1)


@dataclass(frozen=True)
class GaussianMixture:
    """A mixture of K diagonal Gaussians.

    Attributes:
        logits: unnormalised log weights, with shape (..., K).
        means: with shape (..., K, D).
        stds: with shape (..., K, D), positive.
    """

    logits: Tensor
    means: Tensor
    stds: Tensor

    def log_prob(self, value: Tensor) -> Tensor:
        """log sum_k w_k N(value; mean_k, std_k), with shape (...), for a value (..., D)."""
        standardised = (value.unsqueeze(-2) - self.means) / self.stds
        log_normal = -(standardised.square() / 2 + self.stds.log()).sum(-1)
        log_normal = log_normal - value.shape[-1] / 2 * math.log(2 * math.pi)
        return torch.logsumexp(self.logits.log_softmax(-1) + log_normal, -1)

    def sample(self, generator: torch.Generator, temperature: float = 1.0) -> Tensor:
        """Draws a value (..., D); differentiable in the means and deviations, not in the weights.

        Args:
            generator: source of the randomness.
            temperature: 1 draws from the mixture; below 1 favours its likely components and
                narrows each of them, above 1 does the reverse. At 0 the mean of the likeliest
                component is returned.
        """
        noise = gumbel(tuple(self.logits.shape), self.logits, generator)
        chosen = (self.logits.log_softmax(-1) + temperature * noise).argmax(-1)
        index = chosen[..., None, None].expand(*chosen.shape, 1, self.means.shape[-1])
        mean = self.means.gather(-2, index).squeeze(-2)
        std = self.stds.gather(-2, index).squeeze(-2)
        noise = standard_normal(tuple(mean.shape), mean, generator)
        return mean + temperature * std * noise
