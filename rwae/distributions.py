"""The distributions that codes are drawn from. Randomness comes in as a `torch.Generator`."""

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
    """A diagonal Gaussian with one standard deviation for all dimensions.

    Attributes:
        mean: with shape (..., D).
        std: the standard deviation.
    """

    mean: Tensor
    std: float

    def sample(self, generator: torch.Generator) -> Tensor:
        """A reparametrised draw, with shape (..., D)."""
        noise = standard_normal(tuple(self.mean.shape), self.mean, generator)
        return self.mean + self.std * noise


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
        gumbel = torch.rand(self.logits.shape, generator=generator, device=generator.device)
        gumbel = -(-gumbel.clamp_min(1e-20).log()).clamp_min(1e-20).log().to(self.logits.device)
        chosen = (self.logits.log_softmax(-1) + temperature * gumbel).argmax(-1)
        index = chosen[..., None, None].expand(*chosen.shape, 1, self.means.shape[-1])
        mean = self.means.gather(-2, index).squeeze(-2)
        std = self.stds.gather(-2, index).squeeze(-2)
        noise = standard_normal(tuple(mean.shape), mean, generator)
        return mean + temperature * std * noise
