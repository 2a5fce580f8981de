"""The objective of one step of an R-WAE: encode, draw from the priors, decode, compare."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rwae.losses import mmd, terms
from rwae.models.distributions import Categorical, Gaussian, standard_normal
from rwae.models.rwae import RWAE
from rwae.runtime import autocast
from rwae.training.augment import choose_frames, hflip, photometric_augment, take_frames
from rwae.training.config import TrainingConfig
from rwae.training.penalties import DYNAMIC, STATIC, Draws
from rwae.training.variety import error_weight, jitter


class Objective(nn.Module):
    """A model, its penalties and how it is trained, as one module that can be replicated."""

    def __init__(
        self, model: RWAE, config: TrainingConfig, precision: torch.dtype = torch.float32
    ) -> None:
        """Args: precision: of posteriors and decoder; the prior and every loss are in float32."""
        super().__init__()
        self.model = model
        self.static_penalty = STATIC[config.static_penalty](config)
        self.dynamic_penalty = DYNAMIC[config.dynamic_penalty](config)
        self.config = config
        self.precision = precision

    def forward(self, x: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
        """Computes every term on a batch of clips, before they are weighted.

        Args:
            x: clips in [0, 1], with shape (B, T, 3, H, W).
            generator: source of all the randomness of the step.
        """
        model, config = self.model, self.config
        x = model.crop(x)
        x = jitter(x, generator) if config.jitter else x
        with autocast(x.device, self.precision):
            q_c = model.static_posterior(self._who(x, generator))
            z_c = q_c.sample(generator)
            augmented = photometric_augment(x, generator) if config.photometric_augment else x
            q_m, z_m = model.dynamic_posterior(augmented, generator)
            # The action is read off the codes, and the decoder is told it; but what shapes it is
            # only that it tells the prior which way a clip will move.
            q_a = model.action_posterior(z_m.detach()) if model.action_posterior else None
            action = q_a.relaxed(generator, config.action_temperature) if q_a else None
            told = None if action is None else action.detach()
            shown = choose_frames(*x.shape[:2], config.decoded_frames, generator)
            motion = take_frames(model.decoder.motion(z_c, z_m, told), shown).flatten(0, 1)
            static = z_c.repeat_interleave(config.decoded_frames, 0)
            x_hat = model.decoder.frame(static, motion).float()

        target = take_frames(x, shown).flatten(0, 1)
        weight = self._weight(x)
        draws = self._draw(full(q_c), z_c.float(), full(q_m), z_m.float(), action, generator)
        return {
            "squared_error": terms.squared_error(target, x_hat, weight),
            "absolute_error": terms.absolute_error(target, x_hat, weight),
            **self.static_penalty(draws),
            **self.dynamic_penalty(draws),
            "normalised_hsic": mmd.normalised_hsic(draws.z_c, draws.z_m),
            **action_terms(q_a),
        }

    def total(self, terms: dict[str, Tensor]) -> Tensor:
        """The weighted sum, which is minimised."""
        weights = vars(self.config.weights)
        return sum(weights[name] * term for name, term in terms.items())

    def _draw(
        self,
        q_c: Gaussian,
        z_c: Tensor,
        q_m: Gaussian,
        z_m: Tensor,
        action: Tensor | None,
        generator: torch.Generator,
    ) -> Draws:
        """Draws from the priors beside what was drawn from the posteriors."""
        p_c = standard_normal((self.config.prior_draws, z_c.shape[1]), z_c, generator)
        prior = self.model.prior(z_m.detach(), action)
        return Draws(q_c, z_c, p_c, q_m, z_m, prior, prior.sample(generator))

    def _weight(self, x: Tensor) -> Tensor | None:
        """The weight of each pixel of the decoded frames, (B * N, 1, S, S), or None for 1."""
        if not self.config.motion_weight:
            return None
        weight = error_weight(x, self.config.motion_weight, self.config.saliency)
        return weight.repeat_interleave(self.config.decoded_frames, 0)

    def _who(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """A few frames of each clip, some of them mirrored, for the static posterior."""
        chosen = choose_frames(*x.shape[:2], self.config.static_frames, generator)
        frames = take_frames(x, chosen)
        return hflip(frames, generator) if self.config.hflip else frames


def full(posterior: Gaussian) -> Gaussian:
    """The same distribution in float32, in which every loss is computed."""
    std = posterior.std.float() if isinstance(posterior.std, Tensor) else posterior.std
    return Gaussian(posterior.mean.float(), std)


def action_terms(action: Categorical | None) -> dict[str, Tensor]:
    """Whether a weakly supervised model uses all actions, and, for the log alone, is sure."""
    if action is None:
        return {}
    action = Categorical(action.logits.float())
    return {
        "action_marginal": terms.action_marginal(action),
        "conditional_entropy": terms.conditional_entropy(action),
    }
