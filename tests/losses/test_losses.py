"""Each loss against a loop in NumPy or a known value, and its properties."""

import math

import numpy as np
import pytest
import torch
from conftest import normal
from torch.distributions import Normal, kl_divergence

from rwae.losses import terms
from rwae.models.distributions import Categorical, Gaussian, GaussianMixture


def test_errors_are_sums_over_pixels_and_means_over_frames() -> None:
    x, y = normal(3, 2, 3, 4, 4), normal(3, 2, 3, 4, 4, seed=1)
    squared = np.mean(
        [
            np.sum((a - b) ** 2)
            for a, b in zip(x.flatten(0, 1).numpy(), y.flatten(0, 1).numpy(), strict=True)
        ]
    )
    absolute = np.mean(
        [
            np.sum(abs(a - b))
            for a, b in zip(x.flatten(0, 1).numpy(), y.flatten(0, 1).numpy(), strict=True)
        ]
    )
    assert terms.squared_error(x, y).item() == pytest.approx(squared)
    assert terms.absolute_error(x, y).item() == pytest.approx(absolute)
    left = torch.zeros(1, 1, 4)
    left[..., :2] = 3
    assert terms.absolute_error(x, y, left).item() == pytest.approx(
        3 * terms.absolute_error(x[..., :2], y[..., :2]).item()
    )


def test_prior_nll_is_the_negative_log_density_and_trains_the_prior_alone() -> None:
    logits = normal(2, 3, 2).requires_grad_()
    means, stds = normal(2, 3, 2, 4, seed=1), normal(2, 3, 2, 4, seed=2).abs() + 0.5
    codes = normal(2, 3, 4, seed=3).requires_grad_()
    score = terms.prior_nll(GaussianMixture(logits, means, stds), codes)
    weights = logits.softmax(-1).detach().numpy()
    expected = []
    for b in range(2):
        for t in range(3):
            density = 0.0
            for c in range(2):
                z = (codes[b, t].detach().numpy() - means[b, t, c].numpy()) / stds[b, t, c].numpy()
                norm = np.prod(stds[b, t, c].numpy()) * (2 * np.pi) ** 2
                density += weights[b, t, c] * np.exp(-np.sum(z**2) / 2) / norm
            expected.append(-np.log(density))
    assert score.item() == pytest.approx(np.mean(expected))
    score.backward()
    assert codes.grad is None
    assert logits.grad.abs().sum() > 0


def test_static_kl_is_that_of_two_gaussians() -> None:
    mean, std = normal(5, 3), normal(5, 3, seed=1).abs() + 0.1
    expected = kl_divergence(Normal(mean, std), Normal(0.0, 1.0)).sum(1).mean()
    assert terms.static_kl(Gaussian(mean, std)).item() == pytest.approx(expected.item())
    fixed = kl_divergence(Normal(mean, 0.3), Normal(0.0, 1.0)).sum(1).mean()
    assert terms.static_kl(Gaussian(mean, 0.3)).item() == pytest.approx(fixed.item())


def test_dynamic_kl_estimates_that_of_two_gaussians_without_bias() -> None:
    q_mean, q_std = normal(3, 2, 4), normal(3, 2, 4, seed=1).abs() + 0.2
    p_mean, p_std = normal(3, 2, 4, seed=2), normal(3, 2, 4, seed=3).abs() + 0.5
    expected = kl_divergence(Normal(q_mean, q_std), Normal(p_mean, p_std)).sum((1, 2)).mean()
    prior = GaussianMixture(torch.zeros(3, 2, 1), p_mean.unsqueeze(-2), p_std.unsqueeze(-2))
    values = [
        terms.dynamic_kl(
            Gaussian(q_mean, q_std), prior, q_mean + q_std * normal(3, 2, 4, seed=10 + s)
        ).item()
        for s in range(400)
    ]
    error = np.std(values) / 20
    assert abs(np.mean(values) - expected.item()) < 4 * error < 0.1 * expected.item()


def test_gan_losses_of_a_constant_and_of_a_perfect_discriminator() -> None:
    same = torch.zeros(7, 1)
    assert terms.discriminator_loss(same, same).item() == pytest.approx(2 * math.log(2))
    assert terms.discriminator_loss(same + 50, same - 50).item() == pytest.approx(0, abs=1e-6)
    assert terms.nonsaturating_generator_loss(same + 50).item() == pytest.approx(0, abs=1e-6)
    assert terms.nonsaturating_generator_loss(same - 50).item() == pytest.approx(50)


def test_action_terms_are_entropies() -> None:
    sure = Categorical(200 * torch.eye(4).repeat(3, 1))
    unsure = Categorical(torch.zeros(12, 4))
    one = Categorical(torch.tensor([[200.0, 0, 0, 0]]).repeat(12, 1))
    assert terms.conditional_entropy(sure).item() == pytest.approx(0, abs=1e-6)
    assert terms.conditional_entropy(unsure).item() == pytest.approx(math.log(4))
    assert terms.action_marginal(sure).item() == pytest.approx(0, abs=1e-6)
    assert terms.action_marginal(unsure).item() == pytest.approx(0, abs=1e-6)
    assert terms.action_marginal(one).item() == pytest.approx(math.log(4))
