"""The settings of a training run: frozen, validated, and saved beside the weights."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from typing import Any

from rwae.config import ModelConfig
from rwae.errors import ConfigError

MOST = 2**63  # what a whole number has to stay below; a seed of more bits is none to PyTorch


@dataclass(frozen=True)
class Weights:
    """The factors of the loss terms, by the names that the objective gives them.

    The two errors are sums over pixels, so a weight of 1 for them fixes the meaning of the rest.
    A critic has an optimiser's freedom of its own: its weight says how far its gradient counts
    where gradients are clipped, and nothing else. A term of weight 0 is only logged.
    """

    squared_error: float = 1.0
    absolute_error: float = 1.0
    static_penalty: float = 200.0
    second_moment_mmd: float = 1.0
    static_discriminator: float = 1.0
    dynamic_penalty: float = 40.0
    dynamic_critic: float = 1.0
    prior_nll: float = 1.0
    normalised_hsic: float = 100.0
    action_marginal: float = 1.0
    conditional_entropy: float = 0.0
    collage: float = 20.0


@dataclass(frozen=True)
class TrainingConfig:
    """A training run.

    Attributes:
        dataset: name of the data set, as in `rwae.data.load`.
        model: sizes of the model.
        static_penalty: D on z_c: "mmd", "gan" or "kl"; see `rwae.training.penalties`.
        dynamic_penalty: D on z_t: "mmd", "scaled_mmd" or "kl".
        weights: factors of the loss terms.
        steps: number of optimiser steps.
        batch: clips in a step, on each rank.
        learning_rate: peak of the schedule (linear warm-up, then a half cosine to zero).
        warmup: steps of the warm-up.
        ema: decay of the running average of the weights, which is what is shipped.
        clip_norm: largest norm of the gradient; a larger one is scaled down to it.
        static_frames: frames of a clip, drawn at random, that the static posterior sees.
        decoded_frames: frames of a clip, drawn at random, that are reconstructed.
        hflip: whether the static posterior sees each of its frames flipped left to right with
            probability one half.
        photometric_augment: whether the dynamic posterior sees each clip in grey with a random
            tone curve and light; see `augment`.
        jitter: whether each clip gets a random tint and offset; see `variety`.
        motion_weight: extra weight in the errors of the pixels that move, beside a weight of 1 for
            all; see `variety`.
        saliency: whether half of that weight goes to pixels that differ from the batch's mean.
        prior_draws: draws of N(0, I) in the MMD of the static code.
        action_temperature: of the relaxed draw of the action, with weak supervision.
        adam_betas: decay of Adam's running means of the gradient and of its square.
        seed: fixes the weights, the order of the data and all noise.
        log_every: steps between two lines of `metrics.jsonl`.
        save_every: steps between two checkpoints.
        sheet_every: steps between two sample sheets.
    """

    dataset: str
    model: ModelConfig
    static_penalty: str = "mmd"
    dynamic_penalty: str = "mmd"
    weights: Weights = field(default_factory=Weights)
    steps: int = 5000
    batch: int = 64
    learning_rate: float = 2e-3
    warmup: int = 100
    ema: float = 0.998
    clip_norm: float = 1000.0
    static_frames: int = 2
    decoded_frames: int = 1
    hflip: bool = True
    photometric_augment: bool = True
    jitter: bool = False
    motion_weight: float = 0.0
    saliency: bool = False
    prior_draws: int = 256
    action_temperature: float = 0.67
    adam_betas: tuple[float, float] = (0.9, 0.99)
    seed: int = 0
    log_every: int = 20
    save_every: int = 250
    sheet_every: int = 500

    def __post_init__(self) -> None:
        least = {"batch": 4, "prior_draws": 2, "seed": 0}
        for name in ("steps", "batch", "warmup", "prior_draws", "seed", *_INTERVALS):
            value, low = getattr(self, name), least.get(name, 1)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value < MOST:
                raise ConfigError(
                    f"The training setting {name} is {value!r}: it needs to be a whole number, "
                    f"at least {low} and below 2^63."
                )
        for name, high in (
            ("learning_rate", 1.0),
            ("ema", 1.0),
            ("clip_norm", math.inf),
            ("action_temperature", 100.0),
        ):
            if not 0 < getattr(self, name) <= high:
                raise ConfigError(
                    f"The training setting {name} is {getattr(self, name)}: it needs to be more "
                    f"than 0 and at most {high:g}."
                )
        if not 0 <= self.motion_weight < math.inf:
            raise ConfigError(
                f"The training setting motion_weight is {self.motion_weight}: it needs to be a "
                "number from 0 on."
            )
        if self.saliency and not self.motion_weight:
            raise ConfigError(
                "The training setting saliency shares the motion_weight, which is 0: give "
                "motion_weight a value, or leave saliency out."
            )
        for name, choices in (
            ("static_penalty", STATIC_PENALTIES),
            ("dynamic_penalty", DYNAMIC_PENALTIES),
        ):
            if getattr(self, name) not in choices:
                raise ConfigError(
                    f"The training setting {name} is {getattr(self, name)!r}: it needs to be one "
                    f"of {', '.join(choices)}."
                )
        for name in ("static_frames", "decoded_frames"):
            if not 1 <= getattr(self, name) <= self.model.frames:
                raise ConfigError(
                    f"The training setting {name} is {getattr(self, name)}: a clip has "
                    f"{self.model.frames} frames, so it needs to lie in [1, {self.model.frames}]."
                )

    def for_clips(self, frames: int) -> TrainingConfig:
        """The same run for a data set whose clips have this many frames."""
        return dataclasses.replace(self, model=dataclasses.replace(self.model, frames=frames))

    def check_clips(self, count: int, frames: int) -> None:
        """Raises ConfigError if a data set has fewer clips than a batch, or too short ones."""
        if count < self.batch:
            raise ConfigError(
                f"The data set has {count} clips, fewer than the batch of {self.batch}: use more "
                "clips, or a smaller --batch."
            )
        if frames < (most := max(self.static_frames, self.decoded_frames)):
            raise ConfigError(
                f"The clips have {frames} frames, fewer than the {most} of each that a step looks "
                "at: use longer clips, or smaller --static-frames and --decoded-frames."
            )

    def to_dict(self) -> dict[str, Any]:
        """The settings as JSON values."""
        return dataclasses.asdict(self)


STATIC_PENALTIES = ("mmd", "gan", "kl")
DYNAMIC_PENALTIES = ("mmd", "scaled_mmd", "kl")
_INTERVALS = ("log_every", "save_every", "sheet_every")
