"""The objective of a training step of an R-WAE: encode, draw from the priors, decode, compare."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rwae.losses import mmd, terms
from rwae.models.base import CodeModel
from rwae.models.distributions import Categorical, Gaussian, standard_normal
from rwae.models.networks import Prior
from rwae.models.rwae import RWAE
from rwae.runtime import autocast
from rwae.training.augment import (
    choose_frames,
    error_weight,
    hflip,
    jitter,
    photometric_augment,
    take_frames,
)
from rwae.training.config import TrainingConfig
from rwae.training.penalties import DYNAMIC_PENALTY_CLASSES, STATIC_PENALTY_CLASSES, Draws


class Objective(nn.Module):
    """A model and the loss that trains it, as one module that can be replicated.

    Attributes:
        model: that is trained.
        config: of the run.
        precision: of the networks that may be computed in less than float32.
    """

    model: CodeModel

    def __init__(
        self, model: CodeModel, config: TrainingConfig, precision: torch.dtype = torch.float32
    ) -> None:
        super().__init__()
        self.model = model
        self.config = config
        self.precision = precision

    def forward(self, x: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
        """Computes every term on a batch of clips, each a single number before it is weighted.

        Args:
            x: clips in [0, 1], with shape (B, T, 3, H, W).
            generator: source of all the randomness of the step.
        """
        raise NotImplementedError

    def total(self, values: dict[str, Tensor]) -> Tensor:
        """The weighted sum of the terms that `forward` returned, which is minimised."""
        weights = vars(self.config.weights)
        return torch.stack([weights[name] * value for name, value in values.items()]).sum()


class RWAEObjective(Objective):
    """The objective of R-WAE: reconstruction, a penalty for each code, and independence.

    `precision` is that of posteriors and decoder; the prior and every loss are in float32.
    """

    model: RWAE

    def __init__(
        self, model: RWAE, config: TrainingConfig, precision: torch.dtype = torch.float32
    ) -> None:
        super().__init__(model, config, precision)
        self.static_penalty = STATIC_PENALTY_CLASSES[config.static_penalty](config)
        self.dynamic_penalty = DYNAMIC_PENALTY_CLASSES[config.dynamic_penalty](config)

    def forward(self, x: Tensor, generator: torch.Generator, *inputs: Tensor) -> dict[str, Tensor]:
        """See `Objective.forward`.

        With paired supervision, `inputs` are what the posteriors of z_c and of z_t get in place
        of x, both of its shape; see `rwae.training.pairing`.
        """
        model, config = self.model, self.config
        x = model.crop(x)
        x = jitter(x, generator) if config.jitter else x
        static_x, dynamic_x = (model.crop(part) for part in inputs) if inputs else (x, x)
        with autocast(x.device, self.precision):
            q_c = model.static_posterior(self._static_input(static_x, generator))
            z_c = q_c.sample(generator)
            augmented = (
                photometric_augment(dynamic_x, generator)
                if config.photometric_augment
                else dynamic_x
            )
            q_t, z_t = model.dynamic_posterior(augmented, generator)
            q_a, action = self._infer_action(z_t.detach(), generator)
            decoder_action = None if action is None else action.detach()
            chosen = choose_frames(x, config.decoded_frames, generator)
            motion = take_frames(model.decoder.motion(z_c, z_t, decoder_action), chosen)
            static = z_c.repeat_interleave(config.decoded_frames, 0)
            x_hat = model.decoder.frame(static, motion.flatten(0, 1)).float()

        target = take_frames(x, chosen).flatten(0, 1)
        weight = self._pixel_weight(x)
        draws = self._draw(
            to_float32(q_c), z_c.float(), to_float32(q_t), z_t.float(), action, generator
        )
        return {
            "squared_error": terms.squared_error(target, x_hat, weight),
            "absolute_error": terms.absolute_error(target, x_hat, weight),
            **self.static_penalty(draws),
            **self.dynamic_penalty(draws),
            "normalised_hsic": mmd.normalised_hsic(draws.z_c, draws.z_t),
            **action_terms(q_a),
        }

    def _infer_action(
        self, z_t: Tensor, generator: torch.Generator
    ) -> tuple[Categorical | None, Tensor | None]:
        """Infers the action from the codes, and draws one for prior and decoder.

        No gradient of codes or frames reaches it: it learns what the prior needs to predict the
        motion. Actions that are learned in the last phase alone are zeros here.
        """
        posterior = self.model.action_posterior
        if posterior is None:
            return None, None
        if self.model.config.recording_actions:
            return None, z_t.new_zeros(len(z_t), self.model.config.actions)
        q_a: Categorical = posterior(z_t)
        return q_a, q_a.relaxed(generator, self.config.action_temperature)

    def _draw(
        self,
        q_c: Gaussian,
        z_c: Tensor,
        q_t: Gaussian,
        z_t: Tensor,
        action: Tensor | None,
        generator: torch.Generator,
    ) -> Draws:
        """Adds draws from the priors to those from the posteriors."""
        p_c = standard_normal((self.config.prior_draws, z_c.shape[1]), z_c, generator)
        prior = self.model.prior(z_t.detach(), action)
        return Draws(q_c, z_c, p_c, q_t, z_t, prior, prior.sample(generator))

    def _pixel_weight(self, x: Tensor) -> Tensor | None:
        """The weight of each pixel of the decoded frames, (B * N, 1, S, S), or None for 1."""
        if not self.config.motion_weight:
            return None
        weight = error_weight(x, self.config.motion_weight, self.config.saliency)
        return weight.repeat_interleave(self.config.decoded_frames, 0)

    def _static_input(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """A few random frames of each clip for the static posterior, some of them flipped."""
        chosen = choose_frames(x, self.config.static_frames, generator)
        if self.model.config.recurrent_static:
            chosen = chosen.sort(1).values
        frames = take_frames(x, chosen)
        return hflip(frames, generator) if self.config.hflip else frames


class PriorObjective(nn.Module):
    """The last phase of a run: the negative log likelihood of frozen codes under the prior.

    In the first phase a weakly supervised prior gets relaxed actions of a posterior that is not
    sure, so it learns blends of actions. Here it gets the likeliest action of each clip as one-hot
    vectors, which are what `sample` gives it. The codes are draws of the posterior of clips as
    they are. This phase is ours, not the paper's.

    Attributes:
        model: whose posteriors give the codes, in evaluation mode; its weights get no gradient.
        prior: that is trained.
        action_posterior: that is trained too where the actions of clips are given.
    """

    def __init__(
        self, model: RWAE, prior: Prior, action_posterior: nn.Module | None = None
    ) -> None:
        super().__init__()
        self.model, self.prior, self.action_posterior = model, prior, action_posterior

    def forward(
        self, x: Tensor, generator: torch.Generator, actions: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Computes the terms on a batch of clips in [0, 1], with shape (B, T, 3, H, W).

        Args:
            x: the clips.
            generator: source of the draws of codes.
            actions: the number of each clip's action, (B,), which Q(a | z_1:T) then learns too, as
                `action_posterior` of the weights that are trained; by default it is inferred.
        """
        with torch.no_grad():
            posterior = self.model.dynamic_posterior
            features = posterior.frame_features(self.model.crop(x))
            means = posterior.unroll(features, None)[0].mean
            inferred = self.model.infer_action(means)
            z_t = posterior.unroll(features, generator)[1]
        learned = {}
        if actions is not None and self.action_posterior is not None:
            learned["recording_action"] = F.cross_entropy(
                self.action_posterior(means).logits, actions
            )
        elif inferred is not None:
            actions = inferred.argmax(1)
        size = self.model.config.actions
        action = F.one_hot(actions, size).to(z_t) if actions is not None and size else None
        return {"prior_nll": terms.prior_nll(self.prior(z_t, action), z_t), **learned}


def to_float32(posterior: Gaussian) -> Gaussian:
    """The same distribution in float32, in which every loss is computed."""
    std = posterior.std.float() if isinstance(posterior.std, Tensor) else posterior.std
    return Gaussian(posterior.mean.float(), std)


def action_terms(action: Categorical | None) -> dict[str, Tensor]:
    """The terms of weak supervision: the use of all actions, and the entropy of each posterior.

    Args:
        action: q(a | x) of a batch; None for a model without actions, which has no such terms.
    """
    if action is None:
        return {}
    action = Categorical(action.logits.float())
    return {
        "action_marginal": terms.action_marginal(action),
        "conditional_entropy": terms.conditional_entropy(action),
    }
