"""The sizes of a model: frozen, validated, and saved beside its weights."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from reprlib import repr as short
from typing import Any

from rwae.errors import ConfigError


@dataclass(frozen=True)
class ModelConfig:
    """Everything that is needed to build the networks, and nothing about their training.

    Attributes:
        family: "rwae"; "objects", an R-WAE for scenes of several objects; or "mocogan", which
            draws and cannot encode.
        frame_size: height and width of a frame, in pixels.
        crop_top: first row of the square that the networks see; the rest is background.
        crop_left: first column of that square.
        crop_size: side of that square, in pixels; a multiple of 8.
        frames: number of frames T of a training clip; a longer clip can be sampled.
        static_size: D_c, the size of the static code.
        dynamic_size: D_m, the size of one dynamic code.
        static_noise: standard deviation of the static posterior, in [0, 1).
        dynamic_noise: standard deviation of the dynamic posterior, in [0, 1).
        learned_noise: whether the posteriors choose mean and deviation freely for each clip, as
            those of a VAE do; if so, the two fixed deviations above are not used.
        recurrent_static: whether the static posterior runs an LSTM over the frames in their
            order, as the paper's does; if not, it takes the mean over the frames.
        static_width: channels of the last convolution of the static posterior.
        dynamic_width: channels of the last convolution of the dynamic posterior.
        decoder_width: channels of the decoder's first and smallest feature map.
        hidden_size: units of every recurrent and hidden layer.
        prior_components: Gaussians in the mixture from which the prior draws a dynamic code;
            1 gives a single Gaussian, as in DSVAE and S3VAE.
        recurrent_decoder: whether the codes pass through an LSTM before the frame decoder, as
            in the paper's Figure 1a; if not, a frame depends on (z_c, z_t) alone.
        learned_background: whether the decoder's first feature map has a learned bias, the same
            for all codes, such as a still background.
        late_film_width: channels of the decoder's last scale on which alone the static code acts
            (late FiLM), so that it can change colours but not shapes; with 0 it acts on every
            scale.
        actions: categories of the action that is inferred with weak supervision; 0 is for none.
        recording_actions: whether the actions are clusters of recordings, which are found when the
            codes are trained: then Q(a | z_1:T) is linear in pooled codes, and only the prior
            reads a. If not, Q(a | z_1:T) is an LSTM, and the decoder reads a as well.

    Raises:
        ConfigError: if a value has the wrong type or lies outside its range.
    """

    family: str = "rwae"
    frame_size: int = 64
    crop_top: int = 0
    crop_left: int = 0
    crop_size: int = 64
    frames: int = 8
    static_size: int = 20
    dynamic_size: int = 10
    static_noise: float = 0.2
    dynamic_noise: float = 0.35
    learned_noise: bool = False
    recurrent_static: bool = False
    static_width: int = 96
    dynamic_width: int = 64
    decoder_width: int = 128
    hidden_size: int = 192
    prior_components: int = 16
    recurrent_decoder: bool = False
    learned_background: bool = False
    late_film_width: int = 0
    actions: int = 0
    recording_actions: bool = False

    def __post_init__(self) -> None:
        if self.family not in FAMILIES:
            raise ConfigError(
                f"The model setting family is {short(self.family)}: it needs to be one of "
                f"{', '.join(FAMILIES)}."
            )
        for name, (low, high) in _RANGES.items():
            value: Any = getattr(self, name)
            kind = float if isinstance(low, float) else int
            if isinstance(value, bool) or not isinstance(value, kind):
                raise ConfigError(
                    f"The model setting {name} is {short(value)}: it needs to be "
                    f"{_TYPE_WORDS[kind]}."
                )
            if not low <= value <= high:
                raise ConfigError(
                    f"The model setting {name} is {short(value)}: it needs to lie in "
                    f"[{low}, {high}]."
                )
        for name in SWITCHES:
            if not isinstance(getattr(self, name), bool):
                raise ConfigError(
                    f"The model setting {name} is {short(getattr(self, name))}: "
                    "it needs to be true or false."
                )
        if self.late_film_width and self.recurrent_decoder:
            raise ConfigError(
                "A recurrent decoder mixes the static code into the shapes, which late FiLM is "
                "there to prevent: leave recurrent_decoder or late_film_width out."
            )
        if self.actions == 1:
            raise ConfigError(
                "The model setting actions is 1, which tells nothing apart: it needs to be 0 for "
                "none, or at least 2."
            )
        if self.recording_actions and not self.actions:
            raise ConfigError(
                "The model setting recording_actions is true, but there are no actions: give "
                "their number, or leave it out."
            )
        if self.crop_size % 8:
            raise ConfigError(
                f"The model setting crop_size is {self.crop_size}: it needs to be a multiple of 8."
            )
        if max(self.crop_top, self.crop_left) + self.crop_size > self.frame_size:
            raise ConfigError(
                f"A crop of {self.crop_size} pixels at row {self.crop_top}, column "
                f"{self.crop_left} leaves the frame of {self.frame_size}: move or shrink it."
            )

    def to_dict(self) -> dict[str, Any]:
        """The settings as JSON values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, settings: Any) -> ModelConfig:
        """Builds a configuration from JSON values.

        Args:
            settings: what `to_dict` returned. A file may lack a setting that was added later;
                the default of such a setting keeps the model as it was.

        Raises:
            ConfigError: if it is not a dictionary, a key is unknown, or a value is bad.
        """
        if not isinstance(settings, dict):
            raise ConfigError(
                f"The model settings are {type(settings).__name__}: they need to be a JSON object."
            )
        known = {field.name for field in dataclasses.fields(cls)}
        if wrong := sorted(set(settings) - known):
            raise ConfigError(
                f"The model settings have unknown keys: {', '.join(map(short, wrong[:3]))}. "
                "The file belongs to another version of the project."
            )
        return cls(**settings)


FAMILIES = ("rwae", "objects", "mocogan")
SWITCHES = (
    "learned_noise",
    "recurrent_static",
    "recurrent_decoder",
    "learned_background",
    "recording_actions",
)
_TYPE_WORDS = {int: "a whole number", float: "a number with a decimal point"}
_RANGES: dict[str, tuple[int, int] | tuple[float, float]] = {
    "frame_size": (8, 256),
    "crop_top": (0, 248),
    "crop_left": (0, 248),
    "crop_size": (8, 256),
    "frames": (1, 256),
    "static_size": (1, 512),
    "dynamic_size": (2, 512),
    "static_noise": (0.0, 0.99),
    "dynamic_noise": (0.0, 0.99),
    "static_width": (4, 1024),
    "dynamic_width": (4, 1024),
    "decoder_width": (8, 1024),
    "late_film_width": (0, 1024),
    "hidden_size": (8, 2048),
    "prior_components": (1, 256),
    "actions": (0, 64),
}

# Settings that had another name in files written before version 0.2.
_FORMER_NAMES = {
    "canvas": "learned_background",
    "painter_width": "late_film_width",
    "mirror": "hflip",
    "relight": "photometric_augment",
    "vary": "jitter",
    "moving": "motion_weight",
    "unusual": "saliency",
    "static_covariance": "second_moment_mmd",
    "static_critic": "static_discriminator",
    "prior_score": "prior_nll",
    "dependence": "normalised_hsic",
    "action_doubt": "conditional_entropy",
}


def migrate_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of an older file under the names of today.

    Args:
        settings: of a model or of a training, as JSON values; objects inside them are migrated
            too. A file that holds both names of a setting keeps both, so that its reader refuses
            the former one as unknown.
    """
    return {
        name if (new := _FORMER_NAMES.get(name, name)) in settings else new: (
            migrate_settings(value) if isinstance(value, Mapping) else value
        )
        for name, value in settings.items()
    }
