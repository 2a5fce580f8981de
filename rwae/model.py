"""R-WAE: the autoencoder that tells who from how it moves.

encode:  x -> Q(z_c | x_1:T), Q(z_t | z_<t, x_t)
decode:  z_c, z_t -> x_t
sample:  z_c ~ N(0, I), z_t ~ P(z_t | z_<t)
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rwae import checkpoint, hub
from rwae.codes import Codes
from rwae.config import ModelConfig
from rwae.distributions import standard_normal
from rwae.errors import ClipError, CodesError
from rwae.networks import Decoder, DynamicPosterior, Prior, StaticPosterior


class RWAE(nn.Module):
    """A disentangled recurrent Wasserstein autoencoder (Han et al., ICLR 2021).

    Attributes:
        config: the sizes.
        static_posterior: Q(z_c | x_1:T).
        dynamic_posterior: Q(z_t | z_<t, x_t).
        prior: P(z_t | z_<t); that of z_c is N(0, I).
        decoder: G(z_c, z_t).
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.static_posterior = StaticPosterior(config)
        self.dynamic_posterior = DynamicPosterior(config)
        self.prior = Prior(config)
        self.decoder = Decoder(config)
        self.to(memory_format=torch.channels_last)

    @classmethod
    def from_pretrained(
        cls, source: str | Path, *, revision: str | None = None, device: torch.device | str = "cpu"
    ) -> RWAE:
        """Loads a trained model, in evaluation mode.

        Args:
            source: a folder with `config.json` and `model.safetensors`, or a Hub id "owner/name".
            revision: branch, tag or commit on the Hub.
            device: where the weights go.

        Raises:
            CheckpointError: if nothing is there, or the weights do not fit the configuration.
            ConfigError: if `config.json` holds a bad value.
        """
        config, weights = checkpoint.read(hub.locate(source, revision))
        with torch.device("meta"):
            model = cls(config)
        checkpoint.check(weights, model.state_dict())
        model.load_state_dict(weights, strict=True, assign=True)
        return model.to(device, memory_format=torch.channels_last).eval().requires_grad_(False)

    def save_pretrained(self, folder: str | Path) -> None:
        """Writes `config.json` and `model.safetensors` to a folder, each in one atomic step."""
        checkpoint.write(Path(folder), self.config, self.state_dict())

    @property
    def device(self) -> torch.device:
        return self.prior.start.device

    @property
    def parameters_total(self) -> int:
        """The number of learned numbers."""
        return sum(p.numel() for p in self.parameters())

    def crop(self, x: Tensor) -> Tensor:
        """The square that the networks see: (..., H, W) -> (..., S, S)."""
        top, left, side = self.config.crop_top, self.config.crop_left, self.config.crop_size
        return x[..., top : top + side, left : left + side]

    def uncrop(self, x: Tensor) -> Tensor:
        """Puts the square back into a black frame: (..., S, S) -> (..., H, W)."""
        config = self.config
        below = config.frame_size - config.crop_top - config.crop_size
        right = config.frame_size - config.crop_left - config.crop_size
        return F.pad(x, (config.crop_left, right, config.crop_top, below))

    @torch.no_grad()
    def encode(self, x: Tensor) -> Codes:
        """Infers the posterior means.

        Args:
            x: clips in [0, 1], with shape (B, T, 3, H, W), H = W = `config.frame_size`.

        Raises:
            ClipError: if the shape is another, or a value is not finite or outside [0, 1].
        """
        side = self.config.frame_size
        if x.ndim != 5 or x.shape[1] < 1 or tuple(x.shape[2:]) != (3, side, side):
            raise ClipError(
                f"A batch of clips has shape {tuple(x.shape)}: it needs (B, T, 3, {side}, "
                f"{side}). Resize the frames and put the channels before height and width."
            )
        if not x.is_floating_point() or not bool(((x >= 0) & (x <= 1)).all()):
            raise ClipError(
                "A clip holds values outside [0, 1] or not finite: it needs floating point "
                "numbers in [0, 1]. Divide bytes by 255."
            )
        x = self.crop(x.to(self.device, self.prior.start.dtype))
        dynamic, _ = self.dynamic_posterior(x, None)
        return Codes(static=self.static_posterior(x).mean, dynamic=dynamic.mean)

    @torch.no_grad()
    def decode(self, codes: Codes) -> Tensor:
        """Renders codes as clips in [0, 1], with shape (B, T, 3, H, W).

        Args:
            codes: static (B, D_c) and dynamic (B, T, D_m), for any T >= 1.

        Raises:
            CodesError: if the sizes are not those of this model, or a number is not finite.
        """
        self.check(codes)
        codes = codes.to(self.device)
        return self.uncrop(self.decoder(codes.static, codes.dynamic))

    def check(self, codes: Codes) -> None:
        """Raises CodesError unless the codes have this model's sizes and are finite."""
        sizes = codes.static.shape[1], codes.dynamic.shape[2]
        needed = self.config.static_size, self.config.dynamic_size
        if sizes != needed or not codes.dynamic.shape[1]:
            raise CodesError(
                f"The codes have static size {sizes[0]}, dynamic size {sizes[1]} and "
                f"{codes.dynamic.shape[1]} frames: this model needs {needed[0]}, "
                f"{needed[1]} and at least one frame. They belong to another model."
            )
        if not bool(codes.static.isfinite().all() and codes.dynamic.isfinite().all()):
            raise CodesError("A code is not a finite number: set it to one between -10 and 10.")

    @torch.no_grad()
    def sample(
        self,
        clips: int,
        *,
        frames: int | None = None,
        temperature: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> Codes:
        """Draws codes from the priors.

        Args:
            clips: number of clips B.
            frames: number of frames T, which may exceed the trained length; that by default.
            temperature: scales the randomness of both priors; 0 gives the likeliest motion.
            generator: source of the randomness; torch's global state by default.

        Raises:
            CodesError: if either number is less than 1.
        """
        frames = self.config.frames if frames is None else frames
        _require_positive(clips=clips, frames=frames)
        generator = generator or torch.default_generator
        static = temperature * standard_normal(
            (clips, self.config.static_size), self.prior.start, generator
        )
        return Codes(static, self.prior.sample(clips, frames, generator, temperature))

    @torch.no_grad()
    def extend(self, codes: Codes, frames: int, generator: torch.Generator) -> Codes:
        """Goes on from a clip: appends `frames` codes that the prior draws, given those so far."""
        self.check(codes)
        _require_positive(frames=frames)
        codes = codes.to(self.device)
        more = self.prior.sample(len(codes), frames, generator, begin=codes.dynamic)
        return Codes(codes.static, torch.cat([codes.dynamic, more], 1))


def _require_positive(**numbers: int) -> None:
    for name, number in numbers.items():
        if number < 1:
            raise CodesError(f"The number of {name} is {number}: it needs to be at least 1.")
