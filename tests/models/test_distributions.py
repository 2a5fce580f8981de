"""The distributions by their moments and densities."""

import pytest
import torch

from rwae.models.distributions import Categorical, Gaussian, GaussianMixture


def mixture(clips: int = 1) -> GaussianMixture:
    means = torch.tensor([[-2.0, 0.0], [3.0, 1.0]])
    return GaussianMixture(
        torch.tensor([0.25, 0.75]).log().expand(clips, 2) + 5,
        means.expand(clips, 2, 2),
        torch.tensor([[0.1, 0.2], [0.3, 0.4]]).expand(clips, 2, 2),
    )


def test_a_gaussian_draws_with_its_moments(generator: torch.Generator) -> None:
    draws = Gaussian(torch.full((20_000, 2), 3.0), 0.5).sample(generator)
    assert draws.mean().item() == pytest.approx(3, abs=0.02)
    assert draws.std().item() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("std", [0.5, torch.tensor([[0.2, 3.0]] * 3)])
def test_a_gaussian_has_the_density_and_entropy_of_its_moments(std: float | torch.Tensor) -> None:
    mean, value = torch.arange(6.0).view(3, 2), torch.ones(3, 2)
    known = torch.distributions.Normal(mean, std)
    ours = Gaussian(mean, std)
    torch.testing.assert_close(ours.log_prob(value), known.log_prob(value).sum(-1))
    torch.testing.assert_close(ours.entropy(), known.entropy().expand(3, 2).sum(-1))


def test_a_relaxed_draw_follows_the_probabilities_and_sharpens(generator: torch.Generator) -> None:
    action = Categorical(torch.tensor([0.2, 0.3, 0.5]).log().expand(8000, 3))
    for temperature, sharpness in ((0.05, 0.97), (5.0, 0.5)):
        draws = action.relaxed(generator, temperature)
        torch.testing.assert_close(draws.sum(1), torch.ones(8000))
        assert (draws.amax(1).mean() > sharpness) == (temperature < 1)
        shares = torch.nn.functional.one_hot(draws.argmax(1), 3).float().mean(0)
        torch.testing.assert_close(shares, torch.tensor([0.2, 0.3, 0.5]), atol=0.03, rtol=0)


def test_the_density_of_a_mixture_integrates_to_one() -> None:
    axis = torch.linspace(-5, 6, 400)
    grid = torch.cartesian_prod(axis, axis)
    density = mixture(len(grid)).log_prob(grid).exp()
    assert (density.sum() * (axis[1] - axis[0]) ** 2).item() == pytest.approx(1, abs=1e-3)


def test_a_mixture_draws_with_its_weights_and_moments(generator: torch.Generator) -> None:
    draws = mixture(40_000).sample(generator)
    second = draws[:, 0] > 0.5
    assert second.float().mean().item() == pytest.approx(0.75, abs=0.01)
    assert draws[second].mean(0).tolist() == pytest.approx([3, 1], abs=0.02)
    assert draws[~second].std(0).tolist() == pytest.approx([0.1, 0.2], abs=0.01)


def test_temperature_zero_gives_the_likeliest_mean(generator: torch.Generator) -> None:
    assert mixture(50).sample(generator, 0.0).tolist() == [[3.0, 1.0]] * 50


def test_a_low_temperature_narrows_and_a_high_one_widens(generator: torch.Generator) -> None:
    def spread(temperature: float) -> tuple[float, float]:
        draws = mixture(20_000).sample(generator, temperature)
        first = draws[draws[:, 0] > 0.5]
        return len(first) / len(draws), first.std(0)[0].item()

    (cold_share, cold), (hot_share, hot) = spread(0.3), spread(2.0)
    assert cold_share > 0.9 > 0.75 > hot_share
    assert cold < 0.3 < hot


def test_a_draw_is_differentiable_in_means_and_deviations(generator: torch.Generator) -> None:
    means = torch.randn(5, 3, 2).requires_grad_()
    stds = torch.full((5, 3, 2), 0.5).requires_grad_()
    GaussianMixture(torch.zeros(5, 3), means, stds).sample(generator).sum().backward()
    assert means.grad.sum().item() == pytest.approx(10)
    assert stds.grad.abs().sum() > 0
