"""R-WAE for scenes of K objects: the structured option, for data such as Moving MNIST.

encode:  x -> Q(z_1:T | x_1:T), Q(z_c | x_1:T, z_1:T)
decode:  z_c, z_t -> x_t, a sprite for each object at its place
sample:  z_c ~ N(0, I), z_t ~ P(z_t | z_<t)

The paper infers and decodes with plain networks, which have no notion of an object; its limits
name several foreground objects. Here the binding of what to where is built in: part k of z_c and
part k of z_t belong to the same object. That z_c is inferred with the help of z_1:T is ours; the
codes, their priors, the penalties and the prior's network are those of R-WAE.
"""

from __future__ import annotations

import torch
from torch import Tensor

from rwae.codes import Codes
from rwae.config import ModelConfig
from rwae.errors import ClipError, ConfigError
from rwae.models.base import CodeModel, EncoderModule
from rwae.models.networks import Prior
from rwae.models.objects.boxes import fit_places, overlay
from rwae.models.objects.networks import ObjectPosterior, PlacePosterior, SpriteDecoder
from rwae.models.objects.tracks import follow, reorder, unlikeness

TURNS, STEPS = 2, 4  # of `encode`: turns of what and where, and steps of where in each
DESCENT_STEPS, DESCENT_RATE = 10, 0.1  # of `fit_static`


class ObjectRWAE(CodeModel):
    """An R-WAE whose codes are divided among K = `config.dynamic_size` / 2 objects.

    Attributes:
        static_posterior: Q(z_c | x_1:T, z_1:T).
        dynamic_posterior: Q(z_1:T | x_1:T).

    Raises:
        ConfigError: if the codes cannot be divided among the objects, or a setting is one that
            this family does not know.
    """

    family = "objects"
    encodes = True

    def __init__(self, config: ModelConfig) -> None:
        require_objects(config)
        super().__init__(config, Prior(config), SpriteDecoder(config))
        self.dynamic_posterior = PlacePosterior(config)
        self.static_posterior = ObjectPosterior(config)
        self.to(memory_format=torch.channels_last)

    @property
    def objects(self) -> int:
        """K, the number of objects."""
        return self.config.dynamic_size // 2

    def encoder_module(self) -> EncoderModule:
        """Raises ClipError: `infer` descends on gradients, which `torch.export` cannot trace."""
        raise ClipError(
            "The encoder of a model of objects takes steps of gradient descent, which cannot be "
            "exported: export its decoder, and encode in Python."
        )

    def infer(self, x: Tensor) -> Codes:
        """Infers the posterior means of clips (B, T, 3, H, W), without checks.

        Places are found in every frame and put in order by motion and look; then what is there
        and where it is are inferred in turn, each given the other, and last by descent.
        """
        grey = self.crop(x).mean(2)
        places = self.dynamic_posterior.find(grey)
        seen = self.static_posterior.see(grey, places)
        order = follow(places, unlikeness(self.static_posterior.each(seen), places))
        places, static = reorder(places, order), self.static_posterior(reorder(seen, order)).mean
        for _ in range(TURNS):
            places = fit_places(grey, self.decoder.sprites(static), places, STEPS)
            static = self.static_posterior(self.static_posterior.see(grey, places)).mean
        static = self.fit_static(grey, static, places)
        places = fit_places(grey, self.decoder.sprites(static), places, STEPS)
        return Codes(static, self.dynamic_posterior(places).mean)

    def fit_static(self, grey: Tensor, static: Tensor, places: Tensor) -> Tensor:
        """Moves static codes (B, K * D) so that they explain their clips (B, T, S, S) better.

        A few steps of Adam on the squared error, from what the posterior says, as in
        semi-amortised inference (Kim et al., ICML 2018): the fine strokes of a rare object are
        beyond a network that has to name them at one glance. Each clip is fitted by itself.
        """
        # A copy of a tensor that was made in inference mode can be differentiated.
        with torch.inference_mode(False), torch.enable_grad():
            grey, static, places = grey.clone(), static.clone().requires_grad_(), places.clone()
            optimizer = torch.optim.Adam([static], DESCENT_RATE, betas=(0.9, 0.9))
            for _ in range(DESCENT_STEPS):
                sprites = self.decoder.sprites(static).unsqueeze(1)
                drawn = overlay(sprites.expand(-1, places.shape[1], -1, -1, -1), places)
                error = (drawn - grey).square().sum((-1, -2)).mean(1).sum()
                (static.grad,) = torch.autograd.grad(error, static)
                optimizer.step()
        return static.detach()


def require_objects(config: ModelConfig) -> None:
    """Raises ConfigError unless the settings fit a model of objects."""
    objects = config.dynamic_size // 2
    if config.dynamic_size % 2 or config.static_size % objects:
        raise ConfigError(
            f"A model of objects has two dynamic numbers for each and shares the static code "
            f"among them, but the sizes are {config.dynamic_size} and {config.static_size}: "
            "choose twice the number of objects, and a multiple of that number."
        )
    if config.crop_size % 32:
        raise ConfigError(
            f"The model setting crop_size is {config.crop_size}: for objects it needs to be a "
            "multiple of 32."
        )
    for name in (
        "actions",
        "learned_noise",
        "recurrent_decoder",
        "learned_background",
        "late_film_width",
    ):
        if getattr(config, name):
            raise ConfigError(f"A model of objects has no setting {name}: leave it out.")
