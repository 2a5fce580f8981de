"""R-WAE for scenes of K objects: the structured option, for data such as Moving MNIST.

encode:  x -> Q(z_1:T | x_1:T), Q(z_c | x_1:T, z_1:T)
decode:  z_c, z_t -> x_t, a sprite for each object at its position
sample:  z_c ~ N(0, I), z_t ~ P(z_t | z_<t)

The paper infers and decodes with plain networks, which have no notion of an object, and names
several foreground objects as a limit. Here the assignment of appearance to position is built in:
part k of z_c and part k of z_t belong to the same object. That z_c is inferred with the help of
z_1:T is ours; the codes, their priors, the penalties and the prior's network are those of R-WAE.
"""

from __future__ import annotations

import torch
from torch import Tensor

from rwae.codes import Codes
from rwae.config import ModelConfig
from rwae.errors import ClipError, ConfigError
from rwae.models.base import CodeModel, EncoderModule
from rwae.models.networks import Prior
from rwae.models.networks.layers import channels_last
from rwae.models.objects.boxes import fit_positions, overlay
from rwae.models.objects.networks import AppearancePosterior, PositionPosterior, SpriteDecoder
from rwae.models.objects.tracking import appearance_cost, reorder, track

# Of `infer`: rounds of appearance and positions, and Gauss-Newton steps of the positions in each.
ROUNDS, POSITION_STEPS = 2, 4
DESCENT_STEPS, DESCENT_RATE = 10, 0.1  # of `fit_static`


class ObjectRWAE(CodeModel):
    """An R-WAE whose codes are divided among K = `config.dynamic_size` / 2 objects.

    Attributes:
        static_posterior: Q(z_c | x_1:T, z_1:T).
        dynamic_posterior: Q(z_1:T | x_1:T).

    Raises:
        ConfigError: if the codes cannot be divided among the objects, or a setting is one that
            this family does not have.
    """

    family = "objects"
    encodes = True
    prior: Prior
    decoder: SpriteDecoder

    def __init__(self, config: ModelConfig) -> None:
        _require_objects(config)
        super().__init__(config)
        self.prior = Prior(config)
        self.decoder = SpriteDecoder(config)
        self.dynamic_posterior = PositionPosterior(config)
        self.static_posterior = AppearancePosterior(config)
        channels_last(self)

    @property
    def objects(self) -> int:
        """K, the number of objects."""
        return self.config.dynamic_size // 2

    def encoder_module(self) -> EncoderModule:
        """Raises ClipError: `infer` uses gradients, which `torch.export` cannot trace."""
        raise ClipError(
            "The encoder of a model of objects takes steps of gradient descent, which cannot be "
            "exported: export its decoder, and encode in Python."
        )

    def infer(self, x: Tensor) -> Codes:
        """Infers the posterior means of clips (B, T, 3, H, W), without checks.

        Positions are found in every frame and assigned to objects by motion and appearance. Then
        appearance and positions are inferred in turn, each given the other, and at the end the
        appearance is fitted by gradient descent.
        """
        grey = self.crop(x).mean(2)
        positions = self.dynamic_posterior.find_positions(grey)
        features = self.static_posterior.features_at(grey, positions)
        codes = self.static_posterior.code_of_each_box(features)
        order = track(positions, appearance_cost(codes, positions))
        positions = reorder(positions, order)
        static = self.static_posterior(reorder(features, order)).mean
        for _ in range(ROUNDS):
            positions = self._fit_positions(grey, static, positions)
            static = self.static_posterior(self.static_posterior.features_at(grey, positions)).mean
        static = self.fit_static(grey, static, positions)
        positions = self._fit_positions(grey, static, positions)
        return Codes(static, self.dynamic_posterior(positions).mean)

    def _fit_positions(self, grey: Tensor, static: Tensor, positions: Tensor) -> Tensor:
        return fit_positions(grey, self.decoder.sprites(static), positions, POSITION_STEPS)

    def fit_static(self, grey: Tensor, static: Tensor, positions: Tensor) -> Tensor:
        """Moves static codes so that they explain their clips better, each clip by itself.

        A few steps of Adam on the squared error, from the posterior mean, as in semi-amortised
        inference (Kim et al., ICML 2018): one pass of a network misses the details of a rare
        object.

        Args:
            grey: clips, with shape (B, T, S, S).
            static: codes, with shape (B, K * D).
            positions: of the objects, with shape (B, T, K, 2).

        Returns:
            Codes with the shape of `static`.
        """
        # A copy of a tensor that was made in inference mode can be differentiated.
        with torch.inference_mode(False), torch.enable_grad():
            grey, positions = grey.clone(), positions.clone()
            static = static.clone().requires_grad_()
            optimizer = torch.optim.Adam([static], DESCENT_RATE, betas=(0.9, 0.9))
            for _ in range(DESCENT_STEPS):
                sprites = self.decoder.sprites(static).unsqueeze(1)
                x_hat = overlay(sprites.expand(-1, positions.shape[1], -1, -1, -1), positions)
                error = (x_hat - grey).square().sum((-1, -2)).mean(1).sum()
                (static.grad,) = torch.autograd.grad(error, static)
                optimizer.step()
        return static.detach()


def _require_objects(config: ModelConfig) -> None:
    """Raises ConfigError unless the settings fit a model of objects."""
    objects = config.dynamic_size // 2
    if config.dynamic_size % 2 or config.static_size % objects:
        raise ConfigError(
            f"A model of objects has two dynamic numbers for each object and divides the static "
            f"code among them, but the sizes are {config.dynamic_size} and {config.static_size}: "
            "choose twice the number of objects, and a multiple of that number."
        )
    if config.crop_size % 32:
        raise ConfigError(
            f"The model setting crop_size is {config.crop_size}: for objects it needs to be a "
            "multiple of 32."
        )
    unused = {
        "actions": config.actions,
        "learned_noise": config.learned_noise,
        "recurrent_static": config.recurrent_static,
        "recurrent_decoder": config.recurrent_decoder,
        "learned_background": config.learned_background,
        "late_film_width": config.late_film_width,
    }
    for name, value in unused.items():
        if value:
            raise ConfigError(f"A model of objects has no setting {name}: leave it out.")
