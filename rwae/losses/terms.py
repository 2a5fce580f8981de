"""The terms of the objectives as pure functions, but for those of `rwae.losses.mmd`.

R-WAE minimises the reconstruction cost under penalties on *aggregated* posteriors (Han et al.,
ICLR 2021, arXiv 2101.07496):

    L = sum_t E_Q[ c(x_t, G(z_c, z_t)) ]
        + beta_1 * D(Q(z_c), P(z_c)) + beta_2 * sum_t D(Q(z_t | z_<t), P(z_t | z_<t))

This module has the cost c, the losses of D = GAN, and D = KL, with which the same network is a
DSVAE; `rwae.losses.mmd` has D = MMD. Nothing here draws random numbers.
"""

from __future__ import annotations

import math

from torch import Tensor
from torch.nn import functional as F

from rwae.models.distributions import Categorical, Gaussian, GaussianMixture


def squared_error(x: Tensor, x_hat: Tensor, weight: Tensor | None = None) -> Tensor:
    """Sum over the channels and pixels of w (x - x_hat)^2, mean over all other dimensions.

    Args:
        x: frames, with shape (..., C, H, W).
        x_hat: reconstructions, with the same shape.
        weight: w, of a shape that broadcasts; 1 by default.
    """
    return _total((x - x_hat).square(), weight)


def absolute_error(x: Tensor, x_hat: Tensor, weight: Tensor | None = None) -> Tensor:
    """Sum over the channels and pixels of w |x - x_hat|, mean over all other dimensions.

    The arguments are those of `squared_error`.
    """
    return _total((x - x_hat).abs(), weight)


def _total(error: Tensor, weight: Tensor | None) -> Tensor:
    return (error if weight is None else weight * error).flatten(-3).sum(-1).mean()


def prior_nll(prior: GaussianMixture, dynamic: Tensor) -> Tensor:
    """Negative log likelihood of codes under the prior, the mean over the frames, in nats.

    It trains the prior alone: `dynamic` carries no gradient. Like the conditional MMD it is
    smallest where P(z_t | z_<t) = Q(z_t | z_<t), and it also trains the mixture's weights, to
    which a draw passes no gradient.

    Args:
        prior: P(z_t | z_<t) for every frame, with batch shape (B, T).
        dynamic: draws of the posterior, with shape (B, T, D_m).
    """
    return -prior.log_prob(dynamic.detach()).mean()


def discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """The logistic loss of a discriminator between two samples.

    Goodfellow et al., NeurIPS 2014: -E log s(real) - E log(1 - s(fake)), with s the sigmoid.

    Args:
        real: the discriminator's outputs for real samples, of any shape.
        fake: those for generated samples.
    """
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def nonsaturating_generator_loss(fake: Tensor) -> Tensor:
    """The non-saturating loss of a generator: -E log s(fake), with s the sigmoid.

    Goodfellow et al., NeurIPS 2014; Tolstikhin et al., ICLR 2018, use it for D = GAN on the codes
    of a WAE.

    Args:
        fake: the discriminator's outputs for generated samples, of any shape.
    """
    return F.softplus(-fake).mean()


def static_kl(posterior: Gaussian) -> Tensor:
    """KL(Q(z_c | x) || N(0, I)), the mean over the clips, in nats.

    Kingma and Welling, ICLR 2014, appendix B: sum of (mean^2 + std^2 - 1) / 2 - log std.
    """
    square = posterior.mean.square() + posterior.std**2
    cross = (square + math.log(2 * math.pi)).sum(-1) / 2
    return (cross - posterior.entropy()).mean()


def dynamic_kl(posterior: Gaussian, prior: GaussianMixture, dynamic: Tensor) -> Tensor:
    """sum_t KL(Q(z_t | z_<t, x_t) || P(z_t | z_<t)), the mean over the clips, in nats.

    The entropy is exact; the cross entropy, which has no closed form for a mixture, is estimated
    without bias from the one draw that is also decoded.

    Args:
        posterior: of every frame, with mean (B, T, D_m).
        prior: of every frame, for the histories that `dynamic` forms, with batch shape (B, T).
        dynamic: the draws of the posterior, with shape (B, T, D_m), with their gradient.
    """
    return -(posterior.entropy() + prior.log_prob(dynamic)).sum(1).mean()


def action_marginal(action: Categorical) -> Tensor:
    """KL(Q(a) || uniform) of the aggregated posterior Q(a) = E q(a | x), in nats.

    It keeps a weakly supervised model from assigning all clips to one action.

    Args:
        action: q(a | x) of a batch, with logits (B, A).
    """
    mean = action.probabilities.mean(0)
    return math.log(len(mean)) + (mean * mean.clamp_min(1e-12).log()).sum()


def conditional_entropy(action: Categorical) -> Tensor:
    """E H(q(a | x)), in nats: zero if each q(a | x) has all of its mass on one action.

    Args:
        action: q(a | x) of a batch, with logits (B, A).
    """
    return action.entropy().mean()
