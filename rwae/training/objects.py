"""The objective of a model of objects: R-WAE's, with positions that are learned from collages.

The choice of a peak has no gradient, and positions have no labels. So bright blobs that lie well
apart are cut out with some background and pasted at known positions, also overlapping. The map of
positions learns from such collages, and then reads the real clips. In the first steps, while the
map is not trained, the blobs themselves serve as objects. No gradient of the frames reaches z_t.
All of this is ours.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from rwae.errors import ConfigError
from rwae.losses import mmd, terms
from rwae.models.distributions import standard_normal
from rwae.models.objects import ObjectRWAE
from rwae.models.objects.boxes import cut_boxes, fit_positions, overlay
from rwae.models.objects.tracking import reorder, track
from rwae.training.augment import choose_frames, take_frames
from rwae.training.config import TrainingConfig
from rwae.training.objective import Objective

FIRST_STEPS = 250  # in which blobs serve as objects
WINDOW = 10  # consecutive frames of a clip in a step, to save time
BLOB_FRAMES = 5  # of each clip, in which blobs are searched for
BLOB_DISTANCE = 0.65  # of a box: blobs at least this far apart are two objects
BLOB_LIGHT = 0.015  # mean value of a box from which it holds an object
COLLAGES = 2  # for each clip of the batch


@dataclass(frozen=True)
class Reconstruction:
    """What a step reconstructs.

    Attributes:
        target: real frames or boxes, with shape (N, S, S).
        x_hat: their reconstructions, with the same shape.
        static: draws of the static code of each object, with shape (M, D).
    """

    target: Tensor
    x_hat: Tensor
    static: Tensor


class ObjectsObjective(Objective):
    """The objective of a model of objects.

    It is always computed in float32, as its networks are too small to gain from less.

    Attributes:
        steps: the number of steps taken, which is saved with the weights.
    """

    model: ObjectRWAE
    steps: Tensor

    def __init__(
        self, model: ObjectRWAE, config: TrainingConfig, precision: torch.dtype = torch.float32
    ) -> None:
        super().__init__(model, config, precision)
        frames = {"static_frames": config.static_frames, "decoded_frames": config.decoded_frames}
        for name, value in frames.items():
            if value > WINDOW:
                raise ConfigError(
                    f"The training setting {name} is {value}: a step of a model of objects uses "
                    f"{WINDOW} frames, so it needs to be at most that."
                )
        self.register_buffer("steps", torch.zeros((), dtype=torch.long))

    def forward(self, x: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
        """See `Objective.forward`."""
        model, config = self.model, self.config
        grey = random_window(model.crop(x).mean(2), generator)
        positions = model.dynamic_posterior.find_positions(grey)
        positions = reorder(positions, track(positions))
        boxes, box_positions = self._cut_blobs(grey, generator)
        if self.steps < FIRST_STEPS:
            result = self._reconstruct_boxes(boxes, box_positions, generator)
        else:
            result, positions = self._reconstruct(grey, positions, generator)
        z_t = model.dynamic_posterior(positions).sample(generator)
        self.steps += 1
        static = result.static
        p_c = standard_normal((config.prior_draws, static.shape[1]), static, generator)
        prior = model.prior(z_t)
        target, x_hat = result.target.unsqueeze(1), result.x_hat.unsqueeze(1)
        return {
            "squared_error": terms.squared_error(target, x_hat),
            "absolute_error": terms.absolute_error(target, x_hat),
            "static_penalty": mmd.mmd(static, p_c),
            "second_moment_mmd": mmd.second_moment_mmd(static),
            "dynamic_penalty": mmd.conditional_mmd(z_t, prior.sample(generator), z_t),
            "prior_nll": terms.prior_nll(prior, z_t),
            "collage": self._collage_loss(boxes.flatten(0, 1), COLLAGES * len(x), generator),
        }

    def _reconstruct(
        self, grey: Tensor, positions: Tensor, generator: torch.Generator
    ) -> tuple[Reconstruction, Tensor]:
        """Infers z_c from some frames of clips (B, T, S, S), and decodes some of the same clips.

        Returns:
            The reconstruction, and the positions (B, T, K, 2) after one step of `fit_positions`.
        """
        model, config = self.model, self.config
        chosen = choose_frames(grey, config.static_frames, generator)
        features = model.static_posterior.features_at(
            take_frames(grey, chosen), take_frames(positions, chosen)
        )
        static = model.static_posterior(features).sample(generator)
        sprites = model.decoder.sprites(static)
        positions = fit_positions(grey, sprites.detach(), positions, 1)
        chosen = choose_frames(grey, config.decoded_frames, generator)
        x_hat = overlay(
            sprites.unsqueeze(1).expand(-1, config.decoded_frames, -1, -1, -1),
            take_frames(positions, chosen),
        )
        target = take_frames(grey, chosen).flatten(0, 1)
        return Reconstruction(target, x_hat.flatten(0, 1), self._of_objects(static)), positions

    def _reconstruct_boxes(
        self, boxes: Tensor, positions: Tensor, generator: torch.Generator
    ) -> Reconstruction:
        """Infers z_c from boxes (N, K, S/2, S/2) at positions (N, K, 2), and decodes the same."""
        model = self.model
        features = model.static_posterior.features_of(boxes.unsqueeze(1), positions.unsqueeze(1))
        static = model.static_posterior(features).sample(generator)
        x_hat = model.decoder.sprites(static).flatten(0, 1)
        return Reconstruction(boxes.flatten(0, 1), x_hat, self._of_objects(static))

    def _of_objects(self, static: Tensor) -> Tensor:
        """The codes of single objects: (B, K * D) -> (B * K, D)."""
        codes: Tensor = static.unflatten(1, (self.model.objects, -1))
        return codes.flatten(0, 1)

    def _cut_blobs(self, grey: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Cuts blobs out of the frame of each clip (B, T, S, S) where they are farthest apart.

        Returns:
            The boxes (N, K, S/2, S/2) of the N clips whose blobs are far enough apart, and their
            positions (N, K, 2); of all clips if fewer than two have such blobs.
        """
        chosen = choose_frames(grey, min(BLOB_FRAMES, grey.shape[1]), generator)
        frames = take_frames(grey, chosen)
        positions, distance = find_blobs(frames.flatten(0, 1), self.model.objects)
        distance = distance.unflatten(0, chosen.shape)
        apart = (distance.amax(1) >= BLOB_DISTANCE * grey.shape[-1] / 2).nonzero()[:, 0]
        if len(apart) < 2:  # batch norm needs two
            apart = torch.arange(len(grey), device=grey.device)
        best = distance.argmax(1)[apart]
        positions = positions.unflatten(0, chosen.shape)[apart, best]
        return cut_boxes(frames[apart, best], positions), positions

    def _collage_loss(self, boxes: Tensor, frames: int, generator: torch.Generator) -> Tensor:
        """Cross-entropy of the position map with the known positions in collages, in nats.

        Args:
            boxes: to paste, with shape (M, S/2, S/2); a frame shows K random ones of them.
            frames: number of collages.
            generator: source of the randomness.
        """
        draw = torch.rand(
            frames, self.model.objects, 3, generator=generator, device=generator.device
        ).to(boxes.device)
        side = boxes.shape[-1]
        chosen = (draw[..., 0] * len(boxes)).long()
        positions = draw[..., 1:] * (side - 1)
        logits = self.model.dynamic_posterior.position_logits(overlay(boxes[chosen], positions))
        log_share = logits.flatten(1).log_softmax(1).view_as(logits)
        return -(position_map(positions, side) * log_share).sum((1, 2)).mean()


def random_window(grey: Tensor, generator: torch.Generator) -> Tensor:
    """At most `WINDOW` consecutive frames of clips (B, T, S, S), the same numbers in each."""
    spare = max(0, grey.shape[1] - WINDOW)
    start = int(torch.randint(spare + 1, (), generator=generator, device=generator.device))
    return grey[:, start : start + WINDOW]


def position_map(positions: Tensor, side: int) -> Tensor:
    """Mass 1/K for each of K positions (N, K, 2), split among the four nearest pixels.

    Returns:
        With shape (N, side, side); the sum of each map is 1.
    """
    axis = torch.arange(side, dtype=positions.dtype, device=positions.device)
    x, y = ((1 - (axis - p[..., None]).abs()).clamp_min(0) for p in positions.unbind(-1))
    return (y[..., :, None] * x[..., None, :]).mean(1)


def find_blobs(grey: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Finds K blobs in frames: peaks of the smoothed frame, each moved to its centre of mass.

    Args:
        grey: frames in [0, 1], with shape (N, S, S).
        count: K.

    Returns:
        The positions of boxes around the blobs, with shape (N, K, 2), and the distance of the
        nearest two, the larger of x and y in pixels, with shape (N,); 0 if there are fewer than K
        blobs.
    """
    side = grey.shape[-1] // 2
    blur = _triangle_filter(side, grey)
    smooth = blur @ grey @ blur.T
    axis = torch.arange(side, device=grey.device)
    found = []
    for _ in range(count):
        peak = smooth.flatten(1).argmax(1)[:, None]
        rows, columns = peak // side, peak % side
        found.append(torch.cat([columns, rows], 1).to(grey.dtype))
        covered = ((axis - rows).abs() <= side // 2)[:, :, None]
        smooth = smooth * ~(covered & ((axis - columns).abs() <= side // 2)[:, None])
    positions = _centre(grey, _centre(grey, torch.stack(found, 1)))
    all_hold_one = (cut_boxes(grey, positions).mean((-1, -2)) >= BLOB_LIGHT).all(1)
    distance = (positions.unsqueeze(2) - positions.unsqueeze(1)).abs().amax(-1)
    distance = distance + 4 * side * torch.eye(count, device=grey.device)
    return positions, distance.flatten(1).amin(1) * all_hold_one


def _centre(grey: Tensor, positions: Tensor) -> Tensor:
    """Moves boxes at (N, K, 2) so that the centre of mass of each is in its middle."""
    boxes = cut_boxes(grey, positions)
    axis = torch.arange(boxes.shape[-1], dtype=boxes.dtype, device=boxes.device)
    axis = axis - axis.mean()
    total = boxes.sum((-1, -2)).clamp_min(1e-3)
    off = torch.stack([(boxes.sum(-2) * axis).sum(-1), (boxes.sum(-1) * axis).sum(-1)], -1)
    return (positions + off / total[..., None]).clamp(-2, boxes.shape[-1] + 2)


def _triangle_filter(side: int, like: Tensor) -> Tensor:
    """Weights (S/2, S) of a triangle as wide as a box, around the middle of each box."""
    pixel = torch.arange(2 * side, dtype=like.dtype, device=like.device)
    middle = torch.arange(side, dtype=like.dtype, device=like.device)[:, None] + (side - 1) / 2
    return F.relu(1 - (pixel - middle).abs() / (side / 2))
