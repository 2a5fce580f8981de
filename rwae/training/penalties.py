"""The penalties D(Q, P) of the objective, behind one interface and chosen by their name.

A penalty gets the draws of a step and returns named terms. Some have an adversary (a
discriminator, or the critic of scaled MMD), which is trained in the same step: the adversary's
term uses codes without a gradient, and the model's term uses an adversary with frozen weights. One
backward pass and one optimiser serve both, so the step is the same for every penalty.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from rwae.losses import mmd, terms
from rwae.models.distributions import Gaussian, GaussianMixture
from rwae.training.config import TrainingConfig

ADVERSARY_WIDTH = 256
CRITIC_FEATURES = 16


@dataclass(frozen=True)
class Draws:
    """The codes of a step, and the distributions that they were drawn from.

    Attributes:
        q_c: Q(z_c | x_1:T) of each clip.
        z_c: a draw of it, with shape (B, D_c).
        p_c: draws of N(0, I), with shape (N, D_c).
        q_t: Q(z_t | z_<t, x_t) of each frame.
        z_t: the draws of it that form the histories, with shape (B, T, D_m).
        prior: P(z_t | z_<t, a) of each frame, for these histories, which carry no gradient.
        p_t: a draw of it, with shape (B, T, D_m).
    """

    q_c: Gaussian
    z_c: Tensor
    p_c: Tensor
    q_t: Gaussian
    z_t: Tensor
    prior: GaussianMixture
    p_t: Tensor


class Penalty(nn.Module):
    """Maps the draws of a step to named terms, each a single number before it is weighted."""

    def __init__(self, config: TrainingConfig) -> None:
        super().__init__()
        self.config = config

    def forward(self, draws: Draws) -> dict[str, Tensor]:
        raise NotImplementedError


class StaticMMD(Penalty):
    """D = MMD on z_c (WAE-MMD), with a second kernel that detects unused dimensions."""

    def forward(self, draws: Draws) -> dict[str, Tensor]:
        return {
            "static_penalty": mmd.mmd(draws.z_c, draws.p_c),
            "second_moment_mmd": mmd.second_moment_mmd(draws.z_c),
        }


class StaticGAN(Penalty):
    """D = GAN on z_c (WAE-GAN): a discriminator tells codes of clips from draws of N(0, I)."""

    def __init__(self, config: TrainingConfig) -> None:
        super().__init__(config)
        self.discriminator = nn.Sequential(
            nn.Linear(config.model.static_size, ADVERSARY_WIDTH),
            nn.LeakyReLU(0.2),
            nn.Linear(ADVERSARY_WIDTH, ADVERSARY_WIDTH),
            nn.LeakyReLU(0.2),
            nn.Linear(ADVERSARY_WIDTH, 1),
        )

    def forward(self, draws: Draws) -> dict[str, Tensor]:
        return {
            "static_penalty": terms.nonsaturating_generator_loss(
                with_frozen_weights(self.discriminator, draws.z_c)
            ),
            "static_discriminator": terms.discriminator_loss(
                self.discriminator(draws.p_c), self.discriminator(draws.z_c.detach())
            ),
        }


class StaticKL(Penalty):
    """D = KL of each clip's posterior, as in a VAE: a baseline, not a Wasserstein penalty."""

    def forward(self, draws: Draws) -> dict[str, Tensor]:
        return {"static_penalty": terms.static_kl(draws.q_c)}


class DynamicMMD(Penalty):
    """D = MMD of (z_<t, z_t) with a fixed kernel."""

    def forward(self, draws: Draws) -> dict[str, Tensor]:
        return {
            "dynamic_penalty": mmd.conditional_mmd(draws.z_t, draws.p_t, draws.z_t.detach()),
            "prior_nll": terms.prior_nll(draws.prior, draws.z_t),
        }


class PairFeatures(nn.Module):
    """Features of a code and its history: the learned part of the kernel of scaled MMD.

    An LSTM summarises the history.
    """

    def __init__(self, size: int, hidden: int) -> None:
        super().__init__()
        self.past = nn.LSTM(size, hidden, batch_first=True)
        self.head = nn.Sequential(
            nn.Linear(hidden + size, ADVERSARY_WIDTH),
            nn.Softplus(),
            nn.Linear(ADVERSARY_WIDTH, CRITIC_FEATURES),
        )

    def forward(self, code: Tensor, history: Tensor) -> tuple[Tensor, Tensor]:
        """Maps z_t (B, T, D) and the z_t of the histories (B, T, D) to features.

        Returns:
            f(z_<t, z_t) with shape (B, T, F), and the input of the head, (B, T, H + D).
        """
        states = self.past(history[:, :-1])[0]
        first = states.new_zeros(len(code), 1, states.shape[-1])
        pairs = torch.cat([torch.cat([first, states], 1), code], -1)
        return self.head(pairs), pairs


class DynamicScaledMMD(Penalty):
    """D = scaled MMD of (z_<t, z_t), with a kernel that a critic learns (Arbel et al., 2018).

    The Jacobian is that of the features by z_t and by the summary of the history; it does not
    pass through the LSTM that makes the summary, whose values are bounded.
    """

    def __init__(self, config: TrainingConfig) -> None:
        super().__init__(config)
        self.critic = PairFeatures(config.model.dynamic_size, config.model.hidden_size)

    def forward(self, draws: Draws) -> dict[str, Tensor]:
        history = draws.z_t.detach()
        a, pairs = self.critic(history.clone().requires_grad_(), history)
        b, _ = self.critic(draws.p_t.detach(), history)
        jacobian = square_jacobian(a, pairs)
        of_critic = mmd.scaled_mmd(a.transpose(0, 1), b.transpose(0, 1), jacobian)
        a, _ = with_frozen_weights(self.critic, draws.z_t, history)
        b, _ = with_frozen_weights(self.critic, draws.p_t, history)
        of_model = mmd.scaled_mmd(a.transpose(0, 1), b.transpose(0, 1), jacobian.detach())
        return {
            "dynamic_penalty": of_model,
            "dynamic_critic": -of_critic,
            "prior_nll": terms.prior_nll(draws.prior, draws.z_t),
        }


class DynamicKL(Penalty):
    """D = KL of each frame's posterior to the prior, which it also fits, as in a DSVAE."""

    def forward(self, draws: Draws) -> dict[str, Tensor]:
        return {"dynamic_penalty": terms.dynamic_kl(draws.q_t, draws.prior, draws.z_t)}


STATIC_PENALTY_CLASSES: dict[str, type[Penalty]] = {
    "mmd": StaticMMD,
    "gan": StaticGAN,
    "kl": StaticKL,
}
DYNAMIC_PENALTY_CLASSES: dict[str, type[Penalty]] = {
    "mmd": DynamicMMD,
    "scaled_mmd": DynamicScaledMMD,
    "kl": DynamicKL,
}


def with_frozen_weights(network: nn.Module, *inputs: Tensor) -> Any:
    """The outputs of a network, with a gradient for its inputs and none for its weights."""
    weights = {name: weight.detach() for name, weight in network.named_parameters()}
    return functional_call(network, weights, inputs)


def square_jacobian(outputs: Tensor, inputs: Tensor) -> Tensor:
    """E ||J||_F^2 for outputs (..., F) that depend row by row on inputs (..., D).

    The mean is taken over the rows; the result is differentiable.
    """
    size = outputs.shape[-1]
    chosen = torch.eye(size, dtype=outputs.dtype, device=outputs.device)
    chosen = chosen.view(size, *[1] * (outputs.ndim - 1), size).expand(size, *outputs.shape)
    (rows,) = torch.autograd.grad(
        outputs, inputs, chosen, create_graph=True, is_grads_batched=True
    )
    return rows.square().sum((0, -1)).mean()
