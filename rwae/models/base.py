"""The interface of every model: it draws and decodes codes, and most models also infer them.

encode:  x -> z_c, z_t
decode:  z_c, z_t -> x
sample:  z_c ~ N(0, I), z_t ~ P(z_t | z_<t)

`encode`, `decode`, `sample` and `extend` check what they are given. Beneath them `infer` and
`render` compute the same on tensors without checks; `encoder_module` and `decoder_module` wrap
these for `torch.export` and `torch.compile`.
"""

from __future__ import annotations

from numbers import Integral, Real
from pathlib import Path
from typing import ClassVar, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rwae.codes import Codes
from rwae.config import ModelConfig
from rwae.errors import ClipError, CodesError, ConfigError
from rwae.files import checkpoint, hub
from rwae.files.domain import Domain, read_domain, write_domain
from rwae.models.distributions import standard_normal
from rwae.models.networks import BasePrior
from rwae.models.networks.layers import channels_last
from rwae.runtime import choose_device

# Codes are about N(0, 1). Far beyond this bound the products of a decoder overflow.
LARGEST_CODE = 1e4
LARGEST_TEMPERATURE = 100.0


class CodeModel(nn.Module):
    """A decoder and a prior, and in most families posteriors.

    A subclass makes `prior` and `decoder` in its constructor, which takes the configuration alone.

    Attributes:
        family: the value of `ModelConfig.family` that belongs to the class.
        encodes: whether clips can be turned into codes.
        config: the sizes.
        prior: P(z_t | z_<t); that of z_c is N(0, I).
        decoder: G(z_c, z_t).
        domain: the clips that the weights know, as they were measured; None if they were not.
    """

    family: ClassVar[str]
    encodes: ClassVar[bool] = False
    prior: BasePrior
    decoder: nn.Module
    domain: Domain | None = None

    def __init__(self, config: ModelConfig) -> None:
        if config.family != self.family:
            raise ConfigError(
                f"The settings are those of a model of the family {config.family}, not "
                f"{self.family}: load it with rwae.load, which finds the right class."
            )
        super().__init__()
        self.config = config

    @classmethod
    def from_pretrained(
        cls,
        source: str | Path,
        *,
        revision: str | None = None,
        device: torch.device | str | None = "cpu",
    ) -> Self:
        """Loads a trained model, in evaluation mode.

        Args:
            source: a folder with `config.json` and `model.safetensors`, or a Hub id "owner/name"
                or "owner/name@revision".
            revision: branch, tag or commit on the Hub.
            device: where the weights go; None chooses as `rwae.runtime.choose_device` does.

        Raises:
            CheckpointError: if nothing is there, the weights do not fit the configuration, or
                `domain.json` is there and cannot be read; its child HubError if the Hub cannot
                be reached or is too slow.
            ConfigError: if `config.json` holds a bad value or belongs to another class of model,
                or if the device is unknown or not on this machine.
        """
        chosen = choose_device(None if device is None else str(device))
        folder = hub.locate(source, revision)
        config = checkpoint.read_config(folder)
        with torch.device("meta"):
            model = cls(config)
        weights = checkpoint.read_weights(folder, model.state_dict())
        model.load_state_dict(weights, strict=True, assign=True)
        model.domain = read_domain(folder, checkpoint.weights_digest(weights))
        return channels_last(model.to(chosen)).eval().requires_grad_(False)

    def save_pretrained(self, folder: str | Path) -> None:
        """Writes `config.json`, `model.safetensors` and, if it was measured, `domain.json`.

        Each file is written in one atomic step.
        """
        checkpoint.write(Path(folder), self.config, self.state_dict())
        if self.domain is not None:
            write_domain(Path(folder), self.domain)

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
        """A weight, whose device and type are the model's."""
        return next(self.decoder.parameters())

    @property
    def num_parameters(self) -> int:
        """The number of learned numbers."""
        return sum(p.numel() for p in self.parameters())

    def crop(self, x: Tensor) -> Tensor:
        """Crops the square that is the input of the networks: (..., H, W) -> (..., S, S)."""
        top, left, side = self.config.crop_top, self.config.crop_left, self.config.crop_size
        return x[..., top : top + side, left : left + side]

    def uncrop(self, x: Tensor) -> Tensor:
        """Puts the square back into a black frame: (..., S, S) -> (..., H, W)."""
        config = self.config
        below = config.frame_size - config.crop_top - config.crop_size
        right = config.frame_size - config.crop_left - config.crop_size
        return F.pad(x, (config.crop_left, right, config.crop_top, below))

    def infer(self, x: Tensor) -> Codes:
        """Infers the posterior means of clips, without checks; see `encode`.

        Args:
            x: clips in [0, 1], with shape (B, T, 3, H, W), on the model's device.

        Raises:
            ClipError: by a model that cannot encode.
        """
        del x
        raise ClipError(
            f"A model of the family {self.family} draws clips but cannot encode one: use a model "
            "of another family."
        )

    def infer_action(self, dynamic: Tensor) -> Tensor | None:
        """The probability of each action, (B, A), for dynamic codes (B, T, D_m).

        None for a model without weak supervision.
        """
        del dynamic
        return None

    def render(self, static: Tensor, dynamic: Tensor, action: Tensor | None = None) -> Tensor:
        """Decodes z_c (B, D_c) and z_t (B, T, D_m) to clips (B, T, 3, H, W), without checks.

        An action (B, A) that is None is inferred from the dynamic codes; see `decode`.
        """
        if action is None:
            action = self.infer_action(dynamic)
        return self.uncrop(self.decoder(static, dynamic, action))

    def encoder_module(self) -> EncoderModule:
        """`infer` as a module: `torch.export.export(model.encoder_module(), (x,))`.

        The number of clips may be a dynamic dimension of the exported program. The number of
        frames may not, as a recurrence runs over them.

        Raises:
            ClipError: if the model cannot encode, or its encoder cannot be exported.
        """
        if not self.encodes:
            self.infer(self._like)
        return EncoderModule(self)

    def decoder_module(self) -> DecoderModule:
        """`render` as a module, for programs without this package:

            program = torch.export.export(model.decoder_module(), (codes.static, codes.dynamic))
            torch.export.save(program, "decoder.pt2")

        The number of clips may be a dynamic dimension of the exported program. So may the number
        of frames (at least two), unless an LSTM runs over them: in a recurrent decoder, and where
        the action is inferred.
        """
        return DecoderModule(self)

    @torch.no_grad()
    def encode(self, x: Tensor) -> Codes:
        """Infers the posterior means, and with weak supervision the probability of each action.

        Args:
            x: clips in [0, 1], with shape (B, T, 3, H, W), H = W = `config.frame_size`.

        Raises:
            ClipError: if the model cannot encode, if x has another type or shape, or if a value
                is not finite or outside [0, 1].
        """
        if not isinstance(x, Tensor):
            raise ClipError(
                f"A batch of clips is {type(x).__name__}: it needs to be a torch.Tensor, such as "
                "rwae.to_frames makes of a clip."
            )
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
        return self.infer(x.to(self._like))

    @torch.no_grad()
    def decode(self, codes: Codes) -> Tensor:
        """Renders codes as clips in [0, 1], with shape (B, T, 3, H, W).

        Args:
            codes: static (B, D_c) and dynamic (B, T, D_m), for any T >= 1; in a weakly supervised
                model an action (B, A), which is inferred from the dynamic codes if it is None.

        Raises:
            CodesError: if the argument is not a `Codes`, the sizes are not those of this model,
                or a number lies outside [-10,000, 10,000] or is not finite.
        """
        codes = self._checked(codes)
        return self.render(codes.static, codes.dynamic, codes.action)

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
            temperature: scales the randomness of both priors, in [0, 100]; 0 gives the likeliest
                motion.
            action: number of the action that all clips show, in [0, A), for a weakly supervised
                model; by default each clip's is drawn, all with the same probability.
            generator: source of the randomness; torch's global state by default.

        Raises:
            CodesError: if a number of clips or frames is not a whole number or less than 1, the
                temperature is outside its range, there is no such action, or the generator is
                not a `torch.Generator`.
        """
        frames = self.config.frames if frames is None else frames
        _require_positive(clips=clips, frames=frames)
        if not _is_number(temperature, Real) or not 0 <= temperature <= LARGEST_TEMPERATURE:
            raise CodesError(
                f"The temperature is {temperature!r}: it needs to be a number in "
                f"[0, {LARGEST_TEMPERATURE:g}]."
            )
        generator = _chosen_generator(generator)
        static = temperature * standard_normal(
            (clips, self.config.static_size), self._like, generator
        )
        chosen = self._draw_action(clips, action, generator)
        dynamic = self.prior.sample(clips, frames, generator, temperature, action=chosen)
        return Codes(static, dynamic, chosen)

    @torch.no_grad()
    def extend(self, codes: Codes, frames: int, generator: torch.Generator | None = None) -> Codes:
        """Continues clips: appends `frames` codes that the prior draws, given those before.

        Args:
            codes: of this model.
            frames: number of codes to append.
            generator: source of the randomness; torch's global state by default.

        Raises:
            CodesError: if the codes are not of this model, the number of frames is not a whole
                number or less than 1, or the generator is not a `torch.Generator`.
        """
        codes = self._checked(codes)
        _require_positive(frames=frames)
        action = self.infer_action(codes.dynamic) if codes.action is None else codes.action
        more = self.prior.sample(
            len(codes), frames, _chosen_generator(generator), begin=codes.dynamic, action=action
        )
        return Codes(codes.static, torch.cat([codes.dynamic, more], 1), action)

    def check(self, codes: Codes) -> None:
        """Checks that codes can be decoded by this model.

        Raises:
            CodesError: unless they have this model's sizes and hold floating point numbers in
                [-10,000, 10,000].
        """
        if not isinstance(codes, Codes):
            raise CodesError(
                f"The codes are {type(codes).__name__}: they need to be rwae.Codes, such as "
                "encode and sample return."
            )
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
        for part in (codes.static, codes.dynamic, codes.action):
            if part is None:
                continue
            if not part.is_floating_point():
                raise CodesError(
                    f"The codes are numbers of the type {part.dtype}: they need to be floating "
                    "point numbers, such as codes.static.float()."
                )
            if not bool((part.abs() <= LARGEST_CODE).all()):  # False for NaN too
                raise CodesError(
                    "A code is not a finite number or is too large to be decoded: set it to one "
                    "between -10 and 10."
                )

    def _checked(self, codes: Codes) -> Codes:
        """The codes with this model's device and type, after `check`."""
        self.check(codes)
        like, action = self._like, codes.action
        return Codes(
            codes.static.to(like),
            codes.dynamic.to(like),
            None if action is None else action.to(like),
        )

    def _draw_action(
        self, clips: int, action: int | None, generator: torch.Generator
    ) -> Tensor | None:
        """One-hot actions (B, A), or None for a model that has none."""
        actions = self.config.actions
        if action is not None and not (_is_number(action, Integral) and 0 <= action < actions):
            needed = f"a number from 0 to {actions - 1}" if actions else "to be left out"
            raise CodesError(f"The action is {action!r}: for this model it needs {needed}.")
        if not actions:
            return None
        if action is None:
            chosen = torch.randint(actions, (clips,), generator=generator, device=generator.device)
        else:
            chosen = torch.full((clips,), action)
        return F.one_hot(chosen.to(self.device), actions).to(self._like.dtype)


class EncoderModule(nn.Module):
    """The encoder of a model as a function of tensors; see `CodeModel.encoder_module`."""

    def __init__(self, model: CodeModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Maps clips (B, T, 3, H, W) in [0, 1] to z_c (B, D_c), z_t (B, T, D_m) and, for a weakly
        supervised model, the probability of each action (B, A)."""
        codes = self.model.infer(x)
        parts = codes.static, codes.dynamic, codes.action
        return tuple(part for part in parts if part is not None)


class DecoderModule(nn.Module):
    """The decoder of a model as a function of tensors; see `CodeModel.decoder_module`."""

    def __init__(self, model: CodeModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, static: Tensor, dynamic: Tensor, action: Tensor | None = None) -> Tensor:
        """Maps z_c (B, D_c), z_t (B, T, D_m) and an action (B, A) to clips (B, T, 3, H, W)."""
        return self.model.render(static, dynamic, action)


def _is_number(value: object, kind: type) -> bool:
    """Whether a value is a number of a kind of `numbers`; True and False do not count."""
    return isinstance(value, kind) and not isinstance(value, bool)


def _require_positive(**numbers: int) -> None:
    for name, number in numbers.items():
        if not _is_number(number, Integral) or number < 1:
            raise CodesError(
                f"The number of {name} is {number!r}: it needs to be a whole number, at least 1."
            )


def _chosen_generator(generator: torch.Generator | None) -> torch.Generator:
    if generator is not None and not isinstance(generator, torch.Generator):
        raise CodesError(
            f"The generator is {type(generator).__name__}: it needs to be a torch.Generator, such "
            "as torch.Generator().manual_seed(0)."
        )
    return generator or torch.default_generator
