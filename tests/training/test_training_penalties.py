"""Each penalty: the gradients of its terms, its adversary, and that it trains and resumes."""

import dataclasses
from pathlib import Path

import pytest
import torch
from conftest import TINY, death_after_saving
from safetensors.torch import load_file

from rwae import RWAE
from rwae.data.clips import Clips
from rwae.errors import ConfigError
from rwae.models.distributions import Gaussian, GaussianMixture
from rwae.training.config import DYNAMIC_PENALTIES, STATIC_PENALTIES, LossWeights, TrainingConfig
from rwae.training.distributed import Ranks
from rwae.training.penalties import (
    DYNAMIC_PENALTY_CLASSES,
    STATIC_PENALTY_CLASSES,
    Draws,
    Penalty,
    square_jacobian,
    with_frozen_weights,
)
from rwae.training.presets import PRESETS
from rwae.training.run import train
from rwae.training.state import TrainState

ALONE = Ranks(0, 1, torch.device("cpu"))
RUN = TrainingConfig(dataset="none", model=TINY, steps=3, batch=8, warmup=2, prior_draws=16)
BATCH, FRAMES = 48, 3


def draws(generator: torch.Generator, shift: float = 0.0) -> Draws:
    """Codes of a posterior that is the prior moved by `shift`, all with a gradient."""

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    size = TINY.dynamic_size
    mean_c = (normal(BATCH, TINY.static_size) + shift).requires_grad_()
    mean_t = (normal(BATCH, FRAMES, size) + shift).requires_grad_()
    means = torch.zeros(BATCH, FRAMES, 1, size, requires_grad=True)
    prior = GaussianMixture(torch.zeros(BATCH, FRAMES, 1), means, torch.ones_like(means))
    return Draws(
        q_c=Gaussian(mean_c, 0.1),
        z_c=mean_c + 0.1 * normal(*mean_c.shape),
        p_c=normal(64, TINY.static_size),
        q_t=Gaussian(mean_t, 0.1),
        z_t=mean_t + 0.1 * normal(*mean_t.shape),
        prior=prior,
        p_t=prior.sample(generator),
    )


def all_penalties() -> list[Penalty]:
    torch.manual_seed(0)
    return [
        kind(RUN) for kind in (*STATIC_PENALTY_CLASSES.values(), *DYNAMIC_PENALTY_CLASSES.values())
    ]


def test_the_settings_allow_exactly_the_penalties_that_exist() -> None:
    assert tuple(STATIC_PENALTY_CLASSES) == STATIC_PENALTIES
    assert tuple(DYNAMIC_PENALTY_CLASSES) == DYNAMIC_PENALTIES
    with pytest.raises(ConfigError, match="static_penalty is 'mse'"):
        dataclasses.replace(RUN, static_penalty="mse")


@pytest.mark.parametrize("penalty", all_penalties(), ids=lambda p: type(p).__name__)
def test_every_term_has_a_weight_and_the_penalty_moves_the_codes(
    penalty: Penalty, generator: torch.Generator
) -> None:
    drawn = draws(generator, shift=1.0)
    terms = penalty(drawn)
    assert set(terms) <= set(vars(LossWeights()))
    (term,) = (terms[name] for name in terms if name.endswith("_penalty"))
    code = drawn.q_c.mean if "static_penalty" in terms else drawn.q_t.mean
    (slope,) = torch.autograd.grad(term, code)
    assert bool((slope.abs().sum(-1) > 0).all())


@pytest.mark.parametrize(
    "kind", [STATIC_PENALTY_CLASSES["gan"], DYNAMIC_PENALTY_CLASSES["scaled_mmd"]]
)
def test_adversary_and_model_are_trained_by_their_own_term_alone(
    kind: type[Penalty], generator: torch.Generator
) -> None:
    penalty = kind(RUN)
    drawn = draws(generator)
    terms = penalty(drawn)
    (of_adversary,) = (
        terms[name] for name in terms if name.endswith(("_critic", "_discriminator"))
    )
    (of_model,) = (terms[name] for name in terms if name.endswith("_penalty"))
    weights = list(penalty.parameters())
    codes = [drawn.q_c.mean, drawn.q_t.mean, drawn.prior.means]
    by_adversary = torch.autograd.grad(
        of_adversary, weights + codes, retain_graph=True, allow_unused=True
    )
    by_model = torch.autograd.grad(of_model, weights + codes, allow_unused=True)
    count = len(weights)
    # The bias of the last layer shifts all features alike, which changes no discrepancy.
    assert sum(bool(g.any()) for g in by_adversary[:count]) >= count - 1
    assert by_adversary[count:] == (None, None, None)
    assert by_model[:count] == (None,) * count
    assert any(g is not None and bool(g.any()) for g in by_model[count:])


@pytest.mark.parametrize(
    "kind", [STATIC_PENALTY_CLASSES["gan"], DYNAMIC_PENALTY_CLASSES["scaled_mmd"]]
)
def test_an_adversary_learns_to_tell_two_distributions_apart(
    kind: type[Penalty], generator: torch.Generator
) -> None:
    torch.manual_seed(0)
    penalty = kind(RUN)
    optimizer = torch.optim.Adam(penalty.parameters(), lr=2e-3)

    def term(shift: float) -> torch.Tensor:
        terms = penalty(draws(generator, shift))
        return next(terms[name] for name in terms if name.endswith(("_critic", "_discriminator")))

    before = sum(term(1.0).item() for _ in range(5)) / 5
    for _ in range(60):
        optimizer.zero_grad()
        term(1.0).backward()
        optimizer.step()
    assert sum(term(1.0).item() for _ in range(5)) / 5 < before - 0.05 * abs(before)


def test_the_features_of_scaled_mmd_depend_on_the_history(generator: torch.Generator) -> None:
    critic = DYNAMIC_PENALTY_CLASSES["scaled_mmd"](RUN).critic
    code, past, other = (
        torch.randn(4, FRAMES, TINY.dynamic_size, generator=generator) for _ in range(3)
    )
    a, b = critic(code, past)[0], critic(code, other)[0]
    torch.testing.assert_close(a[:, 0], b[:, 0])
    assert not torch.allclose(a[:, 1:], b[:, 1:])
    last = past.clone()
    last[:, -1] += 1
    torch.testing.assert_close(critic(code, last)[0], a)


def test_the_square_of_the_jacobian_of_a_linear_map_is_known() -> None:
    layer = torch.nn.Linear(5, 3).double()
    x = torch.randn(2, 4, 5, dtype=torch.float64, requires_grad=True)
    value = square_jacobian(layer(x), x)
    assert value.item() == pytest.approx(layer.weight.square().sum().item())
    value.backward()
    torch.testing.assert_close(layer.weight.grad, 2 * layer.weight.detach())


def test_frozen_weights_change_no_output_and_get_no_gradient() -> None:
    network = torch.nn.Linear(3, 1)
    x = torch.randn(2, 3, requires_grad=True)
    outputs = with_frozen_weights(network, x)
    torch.testing.assert_close(outputs, network(x))
    outputs.sum().backward()
    assert network.weight.grad is None
    assert bool(x.grad.any())


@pytest.mark.parametrize(
    ("static", "dynamic", "learned"),
    [("gan", "mmd", False), ("mmd", "scaled_mmd", False), ("kl", "kl", True)],
)
def test_each_penalty_trains_and_resumes(
    static: str, dynamic: str, learned: bool, square_clips: Clips, tmp_path: Path
) -> None:
    config = dataclasses.replace(
        RUN,
        model=dataclasses.replace(TINY, learned_noise=learned),
        static_penalty=static,
        dynamic_penalty=dynamic,
        save_every=2,
    )
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert train(config, square_clips, whole, ALONE)
    with death_after_saving():
        train(config, square_clips, parts, ALONE)
    assert train(config, square_clips, parts, ALONE)
    first, second = (load_file(folder / "model.safetensors") for folder in (whole, parts))
    assert all(torch.equal(first[name], second[name]) for name in first)
    codes = RWAE.from_pretrained(whole).encode(square_clips.batch(torch.arange(3)))
    assert bool(codes.static.isfinite().all())


def test_learned_noise_makes_the_deviations_free(square_clips: Clips) -> None:
    """A KL penalty needs a deviation that can grow: the fixed one would make it a constant."""
    model = RWAE(dataclasses.replace(TINY, learned_noise=True)).eval()
    x = model.crop(square_clips.batch(torch.arange(4)))
    q_c = model.static_posterior(x)
    q_t, _ = model.dynamic_posterior(x, torch.Generator().manual_seed(0))
    assert q_c.std.shape == q_c.mean.shape
    assert q_t.std.shape == q_t.mean.shape
    assert q_c.std.detach().std() > 0


def test_dsvae_differs_from_the_plain_objective_in_the_penalties_alone() -> None:
    plain, dsvae = PRESETS["sprites-plain"].to_dict(), PRESETS["sprites-dsvae"].to_dict()
    different = {name for name in plain if plain[name] != dsvae[name]}
    assert different == {"model", "static_penalty", "dynamic_penalty", "weights"}
    noise = {n for n in plain["model"] if plain["model"][n] != dsvae["model"][n]}
    assert noise == {"learned_noise"}


def test_the_divergences_of_a_dsvae_have_the_weights_of_its_bound() -> None:
    """The cost is a mean over T frames, so a divergence of the whole clip counts 1 / T."""
    frames = PRESETS["sprites-dsvae"].model.frames
    for name, beta in (("sprites-dsvae", 1), ("sprites-beta-dsvae", 8)):
        weights = PRESETS[name].weights
        assert weights.static_penalty == weights.dynamic_penalty == beta / frames
        assert weights.squared_error == 1


def test_plain_has_the_paper_s_penalties_and_none_of_our_additions() -> None:
    plain = PRESETS["sprites-plain"]
    assert plain.weights.second_moment_mmd == plain.weights.normalised_hsic == 0
    assert not plain.hflip
    assert not plain.photometric_augment
    state = TrainState(dataclasses.replace(plain, model=TINY), ALONE.device)
    terms = {"static_penalty": torch.tensor(1.0), "normalised_hsic": torch.tensor(7.0)}
    assert state.objective.total(terms).item() == plain.weights.static_penalty
