"""What a training run is made of: its settings, frozen, and the named presets."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from rwae.config import ModelConfig
from rwae.errors import ConfigError


@dataclass(frozen=True)
class Weights:
    """The factors of the loss terms; the terms are those of `rwae.losses`.

    The two errors are sums over pixels, so a weight of 1 for them fixes the meaning of the rest.
    """

    squared_error: float = 1.0
    absolute_error: float = 1.0
    static_mmd: float = 200.0
    static_covariance: float = 1.0
    conditional_mmd: float = 40.0
    prior_score: float = 1.0
    dependence: float = 100.0


@dataclass(frozen=True)
class TrainingConfig:
    """A training run.

    Attributes:
        dataset: name of the data set, as in `rwae.data.load`.
        model: sizes of the model.
        weights: factors of the loss terms.
        steps: number of optimiser steps.
        batch: clips in a step, on each rank.
        learning_rate: peak of the schedule (linear warm-up, then a half cosine to zero).
        warmup: steps of the warm-up.
        ema: decay of the running average of the weights, which is what is shipped.
        clip_norm: largest norm of the gradient; a larger one is scaled down to it.
        static_frames: frames of a clip, drawn at random, that the static posterior sees.
        decoded_frames: frames of a clip, drawn at random, that are reconstructed.
        mirror: whether the static posterior sees each of its frames mirrored half of the time.
        relight: whether the dynamic posterior sees each clip in a random light; see `augment`.
        prior_draws: draws of N(0, I) in the MMD of the static code.
        seed: fixes the weights, the order of the data and all noise.
        log_every: steps between two lines of `metrics.jsonl`.
        save_every: steps between two checkpoints.
        sheet_every: steps between two sample sheets.
    """

    dataset: str
    model: ModelConfig
    weights: Weights = field(default_factory=Weights)
    steps: int = 5000
    batch: int = 64
    learning_rate: float = 2e-3
    warmup: int = 100
    ema: float = 0.998
    clip_norm: float = 1000.0
    static_frames: int = 2
    decoded_frames: int = 1
    mirror: bool = True
    relight: bool = True
    prior_draws: int = 256
    seed: int = 0
    log_every: int = 20
    save_every: int = 250
    sheet_every: int = 500

    def __post_init__(self) -> None:
        least = {"batch": 4, "prior_draws": 2, "seed": 0}
        for name in ("steps", "batch", "warmup", "prior_draws", "seed", *_INTERVALS):
            value, low = getattr(self, name), least.get(name, 1)
            if isinstance(value, bool) or not isinstance(value, int) or value < low:
                raise ConfigError(
                    f"The training setting {name} is {value!r}: it needs to be a whole number, "
                    f"at least {low}."
                )
        for name, high in (("learning_rate", 1.0), ("ema", 1.0), ("clip_norm", float("inf"))):
            if not 0 < getattr(self, name) <= high:
                raise ConfigError(
                    f"The training setting {name} is {getattr(self, name)}: it needs to be more "
                    f"than 0 and at most {high:g}."
                )
        for name in ("static_frames", "decoded_frames"):
            if not 1 <= getattr(self, name) <= self.model.frames:
                raise ConfigError(
                    f"The training setting {name} is {getattr(self, name)}: a clip has "
                    f"{self.model.frames} frames, so it needs to lie in [1, {self.model.frames}]."
                )

    def check_clips(self, count: int) -> None:
        """Raises ConfigError if a data set has fewer clips than a batch."""
        if count < self.batch:
            raise ConfigError(
                f"The data set has {count} clips, fewer than the batch of {self.batch}: use more "
                "clips, or a smaller --batch."
            )

    def to_dict(self) -> dict[str, Any]:
        """The settings as JSON values."""
        return dataclasses.asdict(self)


_INTERVALS = ("log_every", "save_every", "sheet_every")


PRESETS = {
    "sprites": TrainingConfig(
        dataset="sprites",
        model=ModelConfig(crop_top=8, crop_left=4, crop_size=56, dynamic_noise=0.42),
    ),
    "figures": TrainingConfig(
        dataset="figures",
        model=ModelConfig(
            static_width=48, dynamic_width=32, decoder_width=64, hidden_size=96, prior_components=8
        ),
        steps=600,
        batch=32,
        sheet_every=200,
        save_every=200,
    ),
}
