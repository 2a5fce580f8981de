"""The objective of one step: encode, draw from the priors, decode, compare."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rwae import losses
from rwae.distributions import standard_normal
from rwae.model import RWAE
from rwae.training.augment import choose_frames, mirror, relight, take_frames
from rwae.training.presets import TrainingConfig, Weights


@dataclass(frozen=True)
class Losses:
    """The terms of the objective before they are weighted; names as in `Weights`."""

    squared_error: Tensor
    absolute_error: Tensor
    static_mmd: Tensor
    static_covariance: Tensor
    conditional_mmd: Tensor
    prior_score: Tensor
    dependence: Tensor

    def items(self) -> list[tuple[str, Tensor]]:
        return [(f.name, getattr(self, f.name)) for f in dataclasses.fields(self)]

    def total(self, weights: Weights) -> Tensor:
        """The weighted sum, which is minimised."""
        return sum(getattr(weights, name) * term for name, term in self.items())


class Objective(nn.Module):
    """A model and how it is trained, as one module, so that it can be replicated over ranks."""

    def __init__(
        self, model: RWAE, config: TrainingConfig, precision: torch.dtype = torch.float32
    ) -> None:
        """Args: precision: of posteriors and decoder; the prior and every loss are in float32."""
        super().__init__()
        self.model = model
        self.config = config
        self.precision = precision

    def forward(self, x: Tensor, generator: torch.Generator) -> Losses:
        """Computes every term on a batch of clips.

        Args:
            x: clips in [0, 1], with shape (B, T, 3, H, W).
            generator: source of all the randomness of the step.
        """
        model, config = self.model, self.config
        x = model.crop(x)
        mixed = self.precision is not torch.float32
        with torch.autocast(x.device.type, self.precision if mixed else None, enabled=mixed):
            z_c = model.static_posterior(self._who(x, generator)).sample(generator)
            relit = relight(x, generator) if config.relight else x
            _, z_m = model.dynamic_posterior(relit, generator)
            shown = choose_frames(*x.shape[:2], config.decoded_frames, generator)
            motion = take_frames(model.decoder.motion(z_c, z_m), shown).flatten(0, 1)
            static = z_c.repeat_interleave(config.decoded_frames, 0)
            x_hat = model.decoder.frame(static, motion).float()

        z_c, z_m = z_c.float(), z_m.float()
        target = take_frames(x, shown).flatten(0, 1)
        p_c = standard_normal((config.prior_draws, z_c.shape[1]), z_c, generator)
        prior = model.prior(z_m.detach())
        p_m = prior.sample(generator)
        return Losses(
            squared_error=losses.squared_error(target, x_hat),
            absolute_error=losses.absolute_error(target, x_hat),
            static_mmd=losses.mmd(z_c, p_c),
            static_covariance=losses.covariance_mmd(z_c),
            conditional_mmd=losses.conditional_mmd(z_m, p_m, z_m.detach()),
            prior_score=losses.prior_score(prior, z_m),
            dependence=losses.dependence(z_c, z_m),
        )

    def _who(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """A few frames of each clip, some of them mirrored, for the static posterior."""
        chosen = choose_frames(*x.shape[:2], self.config.static_frames, generator)
        frames = take_frames(x, chosen)
        return mirror(frames, generator) if self.config.mirror else frames
