"""The objective of a model of objects: R-WAE's, with places that are learned from collages.

A peak cannot be chosen by gradient, and no place is labelled. But where bright blobs stand clearly
apart they can be cut out, each with some empty ground, and put together again at places of our
choice, also across each other: the map of places learns from such collages, and then reads the
real clips. In the first steps, before the map can be trusted, the blobs themselves serve as
objects. Both are ours, and so is this objective's lack of a gradient from the frames to z_t.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rwae.errors import ConfigError
from rwae.losses import mmd, terms
from rwae.models.distributions import standard_normal
from rwae.models.objects import ObjectRWAE
from rwae.models.objects.boxes import fit_places, look, overlay
from rwae.models.objects.tracks import follow, reorder
from rwae.training.augment import choose_frames, take_frames
from rwae.training.blobs import blobs
from rwae.training.config import TrainingConfig

FIRST_STEPS = 250
WINDOW = 10  # frames in a row that a step looks at; a part of a clip teaches as much for less
BLOB_FRAMES = 5  # of each clip, in which blobs are looked for
APART = 0.65  # of a box: blobs at least this far from each other are two objects
COLLAGES = 2  # for each clip of the batch


@dataclass(frozen=True)
class Seen:
    """What was seen and drawn in a step.

    Attributes:
        target: real pictures, with shape (N, S, S).
        drawn: what the model makes of them.
        static: draws of the static code of each object, with shape (M, D).
    """

    target: Tensor
    drawn: Tensor
    static: Tensor


class ObjectsObjective(nn.Module):
    """A model of objects and how it is trained, as one module that can be replicated.

    Attributes:
        steps: the number of steps taken, which is saved with the weights.
    """

    def __init__(
        self,
        model: ObjectRWAE,
        config: TrainingConfig,
        precision: torch.dtype = torch.float32,  # noqa: ARG002, the networks are too small for it
    ) -> None:
        super().__init__()
        for name in ("static_frames", "decoded_frames"):
            if getattr(config, name) > WINDOW:
                raise ConfigError(
                    f"The training setting {name} is {getattr(config, name)}: a step of a model "
                    f"of objects looks at {WINDOW} frames, so it needs to be at most that."
                )
        self.model = model
        self.config = config
        self.register_buffer("steps", torch.zeros((), dtype=torch.long))

    def forward(self, x: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
        """Computes every term on a batch of clips, before they are weighted.

        Args:
            x: clips in [0, 1], with shape (B, T, 3, H, W).
            generator: source of all the randomness of the step.
        """
        model, config = self.model, self.config
        grey = window(model.crop(x).mean(2), generator)
        places = model.dynamic_posterior.find(grey)
        places = reorder(places, follow(places))
        cuts, from_places = self._cut_out(grey, generator)
        if self.steps < FIRST_STEPS:
            seen = self._redraw(cuts, from_places, generator)
        else:
            seen, places = self._reconstruct(grey, places, generator)
        z_m = model.dynamic_posterior(places).sample(generator)
        self.steps += 1
        p_c = standard_normal((config.prior_draws, seen.static.shape[1]), seen.static, generator)
        prior = model.prior(z_m)
        target, drawn = seen.target.unsqueeze(1), seen.drawn.unsqueeze(1)
        return {
            "squared_error": terms.squared_error(target, drawn),
            "absolute_error": terms.absolute_error(target, drawn),
            "static_penalty": mmd.mmd(seen.static, p_c),
            "second_moment_mmd": mmd.second_moment_mmd(seen.static),
            "dynamic_penalty": mmd.conditional_mmd(z_m, prior.sample(generator), z_m),
            "prior_nll": terms.prior_nll(prior, z_m),
            "collage": self._collage(cuts.flatten(0, 1), COLLAGES * len(x), generator),
        }

    def total(self, terms: dict[str, Tensor]) -> Tensor:
        """The weighted sum, which is minimised."""
        weights = vars(self.config.weights)
        return sum(weights[name] * term for name, term in terms.items())

    def _reconstruct(
        self, grey: Tensor, places: Tensor, generator: torch.Generator
    ) -> tuple[Seen, Tensor]:
        """Looks at some frames of clips (B, T, S, S), and draws some of the same clips.

        Returns:
            What was seen and drawn, and the places (B, T, K, 2) after one step of `fit_places`.
        """
        model, config = self.model, self.config
        clips, frames = grey.shape[:2]
        chosen = choose_frames(clips, frames, config.static_frames, generator)
        seen = model.static_posterior.see(take_frames(grey, chosen), take_frames(places, chosen))
        static = model.static_posterior(seen).sample(generator)
        sprites = model.decoder.sprites(static)
        places = fit_places(grey, sprites.detach(), places, 1)
        shown = choose_frames(clips, frames, config.decoded_frames, generator)
        drawn = overlay(
            sprites.unsqueeze(1).expand(-1, config.decoded_frames, -1, -1, -1),
            take_frames(places, shown),
        )
        target = take_frames(grey, shown).flatten(0, 1)
        return Seen(target, drawn.flatten(0, 1), self._each(static)), places

    def _redraw(self, cuts: Tensor, places: Tensor, generator: torch.Generator) -> Seen:
        """Looks at cut-out blobs (N, K, S/2, S/2) from places (N, K, 2), and draws the same."""
        model = self.model
        seen = model.static_posterior.see_boxes(cuts.unsqueeze(1), places.unsqueeze(1))
        static = model.static_posterior(seen).sample(generator)
        drawn = model.decoder.sprites(static).flatten(0, 1)
        return Seen(cuts.flatten(0, 1), drawn, self._each(static))

    def _each(self, static: Tensor) -> Tensor:
        """The codes of single objects: (B, K * D) -> (B * K, D)."""
        return static.unflatten(1, (self.model.objects, -1)).flatten(0, 1)

    def _cut_out(self, grey: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Blobs that stand apart, from the frame of each clip (B, T, S, S) where they do most.

        Returns:
            The blobs (N, K, S/2, S/2) of the N clips that have such a frame, and their places
            (N, K, 2); of all clips if fewer than two have one.
        """
        some = choose_frames(*grey.shape[:2], min(BLOB_FRAMES, grey.shape[1]), generator)
        frames = take_frames(grey, some)
        places, gap = blobs(frames.flatten(0, 1), self.model.objects)
        gap = gap.unflatten(0, some.shape)
        apart = (gap.amax(1) >= APART * grey.shape[-1] / 2).nonzero()[:, 0]
        if len(apart) < 2:  # the batch norms need two
            apart = torch.arange(len(grey), device=grey.device)
        best = gap.argmax(1)[apart]
        places = places.unflatten(0, some.shape)[apart, best]
        return look(frames[apart, best], places), places

    def _collage(self, cuts: Tensor, frames: int, generator: torch.Generator) -> Tensor:
        """Cross-entropy of the map with the places in collages, in nats.

        Args:
            cuts: pictures to paste, with shape (M, S/2, S/2); any K of them meet in a frame.
            frames: number of collages.
            generator: source of the randomness.
        """
        draw = torch.rand(
            frames, self.model.objects, 3, generator=generator, device=generator.device
        ).to(cuts.device)
        side = cuts.shape[-1]
        chosen = (draw[..., 0] * len(cuts)).long()
        places = draw[..., 1:] * (side - 1)
        logits = self.model.dynamic_posterior.map(overlay(cuts[chosen], places))
        log_share = logits.flatten(1).log_softmax(1).view_as(logits)
        return -(place_map(places, side) * log_share).sum((1, 2)).mean()


def window(grey: Tensor, generator: torch.Generator) -> Tensor:
    """Some frames in a row of clips (B, T, S, S), the same ones of every clip."""
    spare = max(0, grey.shape[1] - WINDOW)
    start = int(torch.randint(spare + 1, (), generator=generator, device=generator.device))
    return grey[:, start : start + WINDOW]


def place_map(places: Tensor, side: int) -> Tensor:
    """1/K for each of K places (N, K, 2), shared among the four pixels around: (N, S, S)."""
    axis = torch.arange(side, dtype=places.dtype, device=places.device)
    x, y = ((1 - (axis - p[..., None]).abs()).clamp_min(0) for p in places.unbind(-1))
    return (y[..., :, None] * x[..., None, :]).mean(1)
