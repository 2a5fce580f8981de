"""What every model can do with codes.

decode:  z_c, z_t -> x_t
sample:  z_c ~ N(0, I), z_t ~ P(z_t | z_<t)
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rwae.codes import Codes
from rwae.config import ModelConfig
from rwae.errors import ClipError, CodesError, ConfigError
from rwae.files import checkpoint, hub
from rwae.models.distributions import standard_normal


class CodeModel(nn.Module):
    """A decoder and a prior: codes can be drawn and rendered, and files read and written.

    Attributes:
        family: the value of `ModelConfig.family` that belongs to the class.
        encodes: whether clips can be turned into codes.
        config: the sizes.
        prior: P(z_t | z_<t); that of z_c is N(0, I).
        decoder: G(z_c, z_t).
    """

    family: ClassVar[str]
    encodes: ClassVar[bool] = False

    def __init__(self, config: ModelConfig, prior: nn.Module, decoder: nn.Module) -> None:
        if config.family != self.family:
            raise ConfigError(
                f"The settings are those of a model of the family {config.family}, not "
                f"{self.family}: load it with rwae.load, which finds the right class."
            )
        super().__init__()
        self.config = config
        self.prior = prior
        self.decoder = decoder

    @classmethod
    def from_pretrained(
        cls, source: str | Path, *, revision: str | None = None, device: torch.device | str = "cpu"
    ) -> Self:
        """Loads a trained model, in evaluation mode.

        Args:
            source: a folder with `config.json` and `model.safetensors`, or a Hub id "owner/name"
                or "owner/name@revision".
            revision: branch, tag or commit on the Hub.
            device: where the weights go.

        Raises:
            CheckpointError: if nothing is there, or the weights do not fit the configuration;
                its child HubError if the Hub cannot be reached or is too slow.
            ConfigError: if `config.json` holds a bad value, or belongs to another class of model.
        """
        folder = hub.locate(source, revision)
        config = checkpoint.read_config(folder)
        with torch.device("meta"):
            model = cls(config)
        weights = checkpoint.read_weights(folder, model.state_dict())
        model.load_state_dict(weights, strict=True, assign=True)
        return model.to(device, memory_format=torch.channels_last).eval().requires_grad_(False)

    def save_pretrained(self, folder: str | Path) -> None:
        """Writes `config.json` and `model.safetensors` to a folder, each in one atomic step."""
        checkpoint.write(Path(folder), self.config, self.state_dict())

    def push_to_hub(self, repo: str, *, card: str | None = None, private: bool = False) -> str:
        """Sends settings, weights and a model card to the Hub; see `rwae.files.hub.send_model`.

        `python -m rwae.publish model` sends a whole checkpoint, with its gallery and scores.
        """
        return hub.send_model(repo, self.config, self.state_dict(), card=card, private=private)

    @property
    def device(self) -> torch.device:
        return self._like.device

    @property
    def _like(self) -> Tensor:
        """Some weight, whose device and type are the model's."""
        return next(self.decoder.parameters())

    @property
    def num_parameters(self) -> int:
        """The number of learned numbers."""
        return sum(p.numel() for p in self.parameters())

    def crop(self, x: Tensor) -> Tensor:
        """The square that the networks see: (..., H, W) -> (..., S, S)."""
        top, left, side = self.config.crop_top, self.config.crop_left, self.config.crop_size
        return x[..., top : top + side, left : left + side]

    def prepare(self, x: Tensor) -> Tensor:
        """The cropped square of clips (B, T, 3, H, W) in [0, 1], on this model's device.

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
        return self.crop(x.to(self.device, self._like.dtype))

    def uncrop(self, x: Tensor) -> Tensor:
        """Puts the square back into a black frame: (..., S, S) -> (..., H, W)."""
        config = self.config
        below = config.frame_size - config.crop_top - config.crop_size
        right = config.frame_size - config.crop_left - config.crop_size
        return F.pad(x, (config.crop_left, right, config.crop_top, below))

    @torch.no_grad()
    def decode(self, codes: Codes) -> Tensor:
        """Renders codes as clips in [0, 1], with shape (B, T, 3, H, W).

        Args:
            codes: static (B, D_c) and dynamic (B, T, D_m), for any T >= 1; in a weakly supervised
                model an action (B, A), which is inferred from the dynamic codes if it is None.

        Raises:
            CodesError: if the sizes are not those of this model, or a number is not finite.
        """
        self.check(codes)
        codes = codes.to(self.device)
        return self.uncrop(self.decoder(codes.static, codes.dynamic, self._action(codes)))

    def _action(self, codes: Codes) -> Tensor | None:
        """The action that the decoder is shown; a model without actions has none."""
        return codes.action

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
        if codes.action is not None and codes.action.shape[1] != self.config.actions:
            raise CodesError(
                f"The codes tell {codes.action.shape[1]} actions apart: this model knows "
                f"{self.config.actions or 'none'}. They belong to another model."
            )
        parts = [p for p in (codes.static, codes.dynamic, codes.action) if p is not None]
        if not all(bool(part.isfinite().all()) for part in parts):
            raise CodesError("A code is not a finite number: set it to one between -10 and 10.")

    @torch.no_grad()
    def sample(
        self,
        clips: int,
        *,
        frames: int | None = None,
        temperature: float = 1.0,
        action: int | None = None,
        generator: torch.Generator | None = None,
    ) -> Codes:
        """Draws codes from the priors.

        Args:
            clips: number of clips B.
            frames: number of frames T, which may exceed the trained length; that by default.
            temperature: scales the randomness of both priors; 0 gives the likeliest motion.
            action: number of the action that all clips show, in [0, A), for a weakly supervised
                model; by default each clip's is drawn, all alike likely.
            generator: source of the randomness; torch's global state by default.

        Raises:
            CodesError: if a number of clips or frames is less than 1, or there is no such action.
        """
        frames = self.config.frames if frames is None else frames
        _require_positive(clips=clips, frames=frames)
        generator = generator or torch.default_generator
        static = temperature * standard_normal(
            (clips, self.config.static_size), self._like, generator
        )
        chosen = self._draw_action(clips, action, generator)
        dynamic = self.prior.sample(clips, frames, generator, temperature, action=chosen)
        return Codes(static, dynamic, chosen)

    def _draw_action(
        self, clips: int, action: int | None, generator: torch.Generator
    ) -> Tensor | None:
        """One-hot actions (B, A), or None for a model that has none."""
        actions = self.config.actions
        if action is not None and not 0 <= action < actions:
            needed = f"a number from 0 to {actions - 1}" if actions else "to be left out"
            raise CodesError(f"The action is {action}: for this model it needs {needed}.")
        if not actions:
            return None
        if action is None:
            chosen = torch.randint(actions, (clips,), generator=generator, device=generator.device)
        else:
            chosen = torch.full((clips,), action)
        return F.one_hot(chosen.to(self.device), actions).to(self._like.dtype)

    @torch.no_grad()
    def extend(self, codes: Codes, frames: int, generator: torch.Generator) -> Codes:
        """Goes on from clips: appends `frames` codes that the prior draws, given those so far.

        Raises:
            CodesError: if the codes are not of this model, or no frame is asked for.
        """
        self.check(codes)
        _require_positive(frames=frames)
        codes = codes.to(self.device)
        action = self._action(codes)
        more = self.prior.sample(len(codes), frames, generator, begin=codes.dynamic, action=action)
        return Codes(codes.static, torch.cat([codes.dynamic, more], 1), action)


def _require_positive(**numbers: int) -> None:
    for name, number in numbers.items():
        if number < 1:
            raise CodesError(f"The number of {name} is {number}: it needs to be at least 1.")
