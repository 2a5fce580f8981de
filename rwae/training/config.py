"""The settings of a training run: frozen, validated, and saved beside the weights."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from typing import Any

import torch

from rwae.config import ModelConfig
from rwae.errors import ConfigError

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}
STATIC_PENALTIES = ("mmd", "gan", "kl")
DYNAMIC_PENALTIES = ("mmd", "scaled_mmd", "kl")

_INTEGER_LIMIT = 2**63  # PyTorch takes no larger seed
# The least value of each whole number.
_LEAST = {
    "steps": 1,
    "prior_steps": 0,
    "batch": 4,
    "warmup": 1,
    "prior_draws": 2,
    "seed": 0,
    "log_every": 1,
    "save_every": 1,
    "sheet_every": 1,
}
# The largest value of each number that has to be positive.
_LARGEST = {
    "learning_rate": 1.0,
    "ema": 1.0,
    "clip_norm": math.inf,
    "action_temperature": 100.0,
}
_SWITCHES = ("hflip", "photometric_augment", "jitter", "saliency")


@dataclass(frozen=True)
class LossWeights:
    """The factors of the loss terms, by the names that the objective gives them.

    The two errors are sums over pixels, so their weight of 1 fixes the scale of the others. A term
    of weight 0 is only logged. The loss of a discriminator or critic trains that network alone,
    and Adam does not depend on its scale: its weight matters only where the norm of all gradients
    is clipped.

    Raises:
        ConfigError: if one is not a finite number from 0 on.
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

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise ConfigError(f"The weight of {name} is {value!r}: it needs to be a number.")
            if not 0 <= value < math.inf:
                raise ConfigError(
                    f"The weight of {name} is {value}: it needs to be a finite number from 0 on."
                )


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
        prior_steps: further steps, in which the codes are frozen and the prior alone is trained;
            see `rwae.training.objective.PriorObjective`.
        batch: clips in a step, on each rank.
        learning_rate: peak of the schedule (linear warm-up, then a half cosine to zero).
        warmup: steps of the warm-up.
        ema: decay of the exponential moving average of the weights, which is the model that is
            evaluated and shipped.
        clip_norm: largest norm of the gradient; a larger one is scaled down to it.
        static_frames: random frames of a clip that are the input of the static posterior.
        decoded_frames: random frames of a clip that are reconstructed.
        hflip: whether each input frame of the static posterior is flipped left to right with
            probability one half.
        photometric_augment: whether the dynamic posterior gets each clip in grey with a random
            tone curve and light; see `rwae.training.augment`.
        jitter: whether each clip gets a random tint, tone and offset; see the same module.
        motion_weight: extra weight in the errors of the pixels that move, added to a weight of 1
            for all; see `error_weight` in the same module.
        saliency: whether half of that weight goes to pixels that differ from the batch's mean.
        paired_share: share of the clips whose codes come from other clips with the same labels;
            see `rwae.training.pairing`. 0 uses no label.
        prior_draws: draws of N(0, I) in the MMD of the static code.
        action_temperature: of the relaxed draw of the action, with weak supervision.
        adam_betas: decay of Adam's running means of the gradient and of its square.
        seed: fixes the weights, the order of the data and all noise.
        log_every: steps between two lines of `metrics.jsonl`.
        save_every: steps between two saved states.
        sheet_every: steps between two checkpoints, each with a sample sheet.

    Raises:
        ConfigError: if a value has the wrong type or lies outside its range.
    """

    dataset: str
    model: ModelConfig
    static_penalty: str = "mmd"
    dynamic_penalty: str = "mmd"
    weights: LossWeights = field(default_factory=LossWeights)
    steps: int = 5000
    prior_steps: int = 0
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
    paired_share: float = 0.0
    prior_draws: int = 256
    action_temperature: float = 0.67
    adam_betas: tuple[float, float] = (0.9, 0.99)
    seed: int = 0
    log_every: int = 20
    save_every: int = 250
    sheet_every: int = 500

    def __post_init__(self) -> None:
        values = vars(self)
        for name, least in _LEAST.items():
            value = values[name]
            whole = isinstance(value, int) and not isinstance(value, bool)
            if not whole or not least <= value < _INTEGER_LIMIT:
                raise ConfigError(
                    f"The training setting {name} is {value!r}: it needs to be a whole number, "
                    f"at least {least} and below 2^63."
                )
        for name, largest in _LARGEST.items():
            if not 0 < values[name] <= largest:
                raise ConfigError(
                    f"The training setting {name} is {values[name]}: it needs to be more than 0 "
                    f"and at most {largest:g}."
                )
        for beta in self.adam_betas:
            if not 0 <= beta < 1:
                raise ConfigError(
                    f"The training setting adam_betas is {self.adam_betas}: both numbers need to "
                    "be at least 0 and less than 1."
                )
        for name in _SWITCHES:
            if not isinstance(values[name], bool):
                raise ConfigError(
                    f"The training setting {name} is {values[name]!r}: it needs to be true or "
                    "false."
                )
        if not 0 <= self.motion_weight < math.inf:
            raise ConfigError(
                f"The training setting motion_weight is {self.motion_weight}: it needs to be a "
                "number from 0 on."
            )
        if not 0 <= self.paired_share <= 1:
            raise ConfigError(
                f"The training setting paired_share is {self.paired_share}: it needs to be a "
                "number in [0, 1]."
            )
        for name in ("paired_share", "prior_steps"):
            if values[name] and self.model.family != "rwae":
                raise ConfigError(
                    f"A model of the family {self.model.family} is not trained with {name}: leave "
                    "it out."
                )
        if self.model.recording_actions and not self.prior_steps:
            raise ConfigError(
                "Actions as clusters of recordings are learned in a last phase, but prior_steps "
                "is 0: give the number of its steps."
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
            if values[name] not in choices:
                raise ConfigError(
                    f"The training setting {name} is {values[name]!r}: it needs to be one of "
                    f"{', '.join(choices)}."
                )
        for name in ("static_frames", "decoded_frames"):
            if not 1 <= values[name] <= self.model.frames:
                raise ConfigError(
                    f"The training setting {name} is {values[name]}: a clip has "
                    f"{self.model.frames} frames, so it needs to lie in [1, {self.model.frames}]."
                )

    @property
    def total_steps(self) -> int:
        """The steps of both phases."""
        return self.steps + self.prior_steps

    def for_clips(self, frames: int) -> TrainingConfig:
        """The same run for a data set whose clips have this many frames."""
        return dataclasses.replace(self, model=dataclasses.replace(self.model, frames=frames))

    def check_clips(self, count: int, frames: int) -> None:
        """Checks that a data set can be trained on.

        Args:
            count: number of clips.
            frames: of each clip.

        Raises:
            ConfigError: if there are fewer clips than a batch, or they are too short.
        """
        if count < self.batch:
            raise ConfigError(
                f"The data set has {count} clips, fewer than the batch of {self.batch}: use more "
                "clips, or a smaller --batch."
            )
        if frames < (needed := max(self.static_frames, self.decoded_frames)):
            raise ConfigError(
                f"The clips have {frames} frames, fewer than the {needed} of each that a step "
                "uses: use longer clips, or smaller --static-frames and --decoded-frames."
            )

    def to_dict(self) -> dict[str, Any]:
        """The settings as JSON values."""
        return dataclasses.asdict(self)
