"""Learns one character at test time: a copy of a model that draws what the model does not know.

The encoder and the prior stay as they are; for a character that the model knows and draws well,
so does the decoder, and only the codes are tuned. Else most of the decoder, one static code for
all given clips and their dynamic codes are tuned so that the decoder draws these clips. Motions of
other clips then drive the new character, because the dynamic codes keep their meaning: the layers
that make a feature map of them stay. Those that read the static code generalise best to other
actions, so they learn fastest. Two things hold the decoder near the original: frames of characters
that the model knows are drawn again in each step, and the dynamic codes get half of the noise that
they had in training. Where drafts show the other actions (`rwae.uploads.gathering`), the decoder
need not generalise to them, and its convolutions learn faster the stranger the character is.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from rwae.codes import Codes
from rwae.errors import CancelledError, ClipError, CodesError
from rwae.models.base import CodeModel
from rwae.models.rwae import RWAE
from rwae.runtime import autocast, fast_precision
from rwae.uploads.assess import Fit, assess, compare

STEPS = 100
GIVEN_FRAMES = 6  # of the character in a step
KNOWN_FRAMES = 4  # of known characters in a step
KNOWN_CLIPS = 64  # that are drawn from the priors, unless codes of known clips are given
STATIC_RATE, DYNAMIC_RATE = 0.08, 0.01  # learning rates at the start
STYLE_RATE = 3e-3  # of the layers that make scales and shifts of the static code
CONVOLUTION_RATE = 5e-4
# Where there are drafts, the rate is as many times higher as the error of the given clips is
# higher than NEAR, up to FASTEST times.
NEAR, FASTEST = 25.0, 4.0
ABSOLUTE_WEIGHT = 0.5  # of the absolute error, beside the squared error
STATIC_PENALTY = 0.1  # weight of ||z_c||^2: the static code stays where the model knows codes
SHARP = 16.0  # squared error of a frame up to which a known character counts as drawn well
ENOUGH = 0.5  # of the median error of held-out clips: a smaller error of the given ends it
REPORT_EVERY = 5  # steps between two calls of `progress`
MAX_CLIPS = 16
MAX_DRAFTS = 32
MAX_STEPS = 1000


@dataclass(frozen=True)
class Adapted:
    """What was learned.

    Attributes:
        model: a copy that shares every tensor with the original but those of the decoder.
        codes: of the given clips, all with the same static code.
        before: how well the original draws the given clips.
        after: how well the copy draws them. It was tuned on these clips: other actions of the
            character are drawn less well.
        steps: number of steps taken.
    """

    model: CodeModel
    codes: Codes
    before: Fit
    after: Fit
    steps: int


@dataclass(frozen=True)
class Progress:
    """How far the learning is.

    Attributes:
        step: number of steps taken.
        steps: number of steps at most.
        error: squared error of the frames of the last step, summed over a frame.
        model: the copy as it is now.
        codes: of the given clips as they are now.
    """

    step: int
    steps: int
    error: float
    model: CodeModel
    codes: Codes


def adapt(
    model: CodeModel,
    x: Tensor,
    *,
    drafts: Tensor | None = None,
    steps: int = STEPS,
    generator: torch.Generator | None = None,
    known: Codes | None = None,
    progress: Callable[[Progress], bool] | None = None,
) -> Adapted:
    """Tunes a copy of a model on clips of one character.

    Args:
        model: that has an encoder and a decoder of frames; it stays as it is.
        x: clips in [0, 1] that show one character, with shape (B, T, 3, H, W). One clip for each
            direction in which the character shall be seen gives the best result.
        drafts: clips of the character in other actions as another program draws them, such as
            those of `rwae.uploads.gathering`, with shape (D, T, 3, H, W). They are learned like
            the given ones, but nothing is judged by them and their codes are not returned.
        steps: number of steps at most. It stops earlier when the copy draws the given clips twice
            as well as the model draws clips that it knows.
        generator: source of the randomness; a new one with the seed 0 by default.
        known: codes of characters that the model knows, such as its gallery; draws from its
            priors by default.
        progress: is called every few steps. If it returns False, the learning ends.

    Raises:
        ClipError: if the model cannot learn a character, or x or the drafts have another type,
            shape or range, or there are more than 16 clips or 32 drafts.
        CodesError: if `steps` is not in [1, 1000], or `known` does not belong to the model.
        CancelledError: if `progress` returned False.
    """
    if not isinstance(model, RWAE):
        raise ClipError(
            f"A model of the family {model.family} cannot learn a character: take one of the "
            "family rwae, such as checkpoints/sprites."
        )
    if not 1 <= steps <= MAX_STEPS:
        raise CodesError(f"The number of steps is {steps}: it needs to lie in [1, {MAX_STEPS}].")
    before = assess(model, x)
    if not 1 <= len(x) <= MAX_CLIPS:
        raise ClipError(f"There are {len(x)} clips: give between 1 and {MAX_CLIPS}.")
    if drafts is not None and len(drafts) > MAX_DRAFTS:
        raise ClipError(f"There are {len(drafts)} drafts: give at most {MAX_DRAFTS}.")
    generator = generator or torch.Generator().manual_seed(0)
    if known is None:
        known = model.sample(KNOWN_CLIPS, generator=generator)
    model.check(known)
    with torch.enable_grad():
        tuning = _Tuning(model, x, drafts, before, known, steps, generator)
        step = tuning.run(progress)
    copied, codes = tuning.model, tuning.codes()
    copied.decoder.requires_grad_(False)
    after = compare(x, codes, copied.decode(codes), model.domain)
    return Adapted(copied, codes, before, after, step)


def copy_with_own_decoder(model: CodeModel) -> CodeModel:
    """A model that shares all modules with another but its decoder, which is a copy."""
    copied = copy.copy(model)
    # Modules are kept in a dictionary, which the shallow copy would share.
    copied._modules = dict(model._modules)
    copied.decoder = copy.deepcopy(model.decoder)
    return copied


class _Tuning:
    """The tensors that are tuned, and one step after the other.

    Attributes:
        model: the copy.
        static: the static code of all clips, with shape (1, D_c).
        dynamic: the dynamic codes of the given clips and of the drafts, with shape
            (B + D, T, D_m).
    """

    model: RWAE

    def __init__(
        self,
        model: RWAE,
        x: Tensor,
        drafts: Tensor | None,
        before: Fit,
        known: Codes,
        steps: int,
        generator: torch.Generator,
    ) -> None:
        self.original, self.steps, self.generator = model, steps, generator
        self.precision = fast_precision(model.device)
        self.given = len(x)
        # The decoder stays as it is for a character that the model knows and draws well. A model
        # whose own clips are blurred calls many characters known.
        tuned = before.known is None or not (before.known & (before.error <= SHARP)).all()
        dynamic = before.codes.dynamic
        if tuned and drafts is not None and len(drafts):
            dynamic = torch.cat([dynamic, model.encode(drafts).dynamic])
            x = torch.cat([x.to(model.device), drafts.to(model.device)])
        self.target = model.crop(x.to(model.device)).flatten(0, 1)
        self.known = known.to(model.device)
        copied = copy_with_own_decoder(model)
        assert isinstance(copied, RWAE)
        self.model = copied
        self.static = before.codes.static.mean(0, keepdim=True).clone().requires_grad_(True)
        self.dynamic = dynamic.clone().requires_grad_(True)
        self.noise = model.config.dynamic_noise / 2
        # An error up to which the given clips count as drawn.
        self.enough = 0.0 if model.domain is None else ENOUGH * model.domain.typical_error
        groups = [
            {"params": [self.static], "lr": STATIC_RATE},
            {"params": [self.dynamic], "lr": DYNAMIC_RATE},
        ]
        self.model.decoder.requires_grad_(False)
        if tuned:
            rate = CONVOLUTION_RATE
            if len(self.dynamic) > self.given:
                strange = float(before.error.mean()) / NEAR
                rate *= min(max(strange, 1.0), FASTEST)
            groups += self._decoder_groups(rate)
        self.optimizer = torch.optim.Adam(groups, betas=(0.9, 0.95))
        self.schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, steps)

    def _decoder_groups(self, convolution_rate: float) -> list[dict[str, Any]]:
        """The weights that are tuned: those that read the static code, and the convolutions.

        Those that make a feature map of the motion stay, as the motion keeps its meaning.
        """
        decoder = self.model.decoder
        return [
            {"params": list(decoder.style.requires_grad_(True).parameters()), "lr": STYLE_RATE},
            {
                "params": list(decoder.convs.requires_grad_(True).parameters()),
                "lr": convolution_rate,
            },
        ]

    def codes(self) -> Codes:
        """The codes of the given clips as they are now."""
        dynamic = self.dynamic.detach()[: self.given]
        action = self.model.infer_action(dynamic)
        return Codes(self.static.detach().expand(len(dynamic), -1).clone(), dynamic, action)

    def run(self, progress: Callable[[Progress], bool] | None) -> int:
        """Takes steps until they are enough, and returns their number."""
        errors: list[float] = []
        for step in range(1, self.steps + 1):
            errors.append(self._step())
            if progress is not None and step % REPORT_EVERY == 0:
                report = Progress(step, self.steps, errors[-1], self.model, self.codes())
                if not progress(report):
                    raise CancelledError("The learning was stopped: nothing is kept.")
            recent = errors[-REPORT_EVERY:]
            if step > REPORT_EVERY and sum(recent) / len(recent) <= self.enough:
                return step
        return self.steps

    def _step(self) -> float:
        """One step of Adam; returns the squared error of the frames of the character."""
        codes, frames = self._given()
        known_codes, known_frames = self._known()
        static, motion = (torch.cat(pair) for pair in zip(codes, known_codes, strict=True))
        target = torch.cat([frames, known_frames])
        with autocast(target.device, self.precision):
            drawn = self.model.decoder.frame(static, motion)
        difference = drawn.float() - target
        squared = difference.square().flatten(1).sum(1)
        absolute = difference.abs().flatten(1).sum(1)
        loss = (squared + ABSOLUTE_WEIGHT * absolute).mean()
        loss = loss + STATIC_PENALTY * self.static.square().sum()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.schedule.step()
        return float(squared[: len(frames)].detach().mean())

    def _given(self) -> tuple[tuple[Tensor, Tensor], Tensor]:
        """Codes and target of some frames of the character, with noise on the dynamic codes."""
        clips, frames = self.dynamic.shape[:2]
        noise = torch.randn(self.dynamic.shape, generator=self.generator)
        dynamic = self.dynamic + self.noise * noise.to(self.dynamic)
        action = self.model.infer_action(self.dynamic.detach())
        static = self.static.expand(clips, -1)
        motion = self.model.decoder.motion(static, dynamic, action).flatten(0, 1)
        order = torch.randperm(clips * frames, generator=self.generator)
        chosen = order[:GIVEN_FRAMES].to(motion.device)
        static = static.repeat_interleave(frames, 0)
        return (static[chosen], motion[chosen]), self.target[chosen]

    @torch.no_grad()
    def _known(self) -> tuple[tuple[Tensor, Tensor], Tensor]:
        """Codes of some frames of known characters, and the frames as the original draws them."""
        clips, frames = self.known.dynamic.shape[:2]
        rows = torch.randint(clips, (KNOWN_FRAMES,), generator=self.generator)
        part = self.known[rows]
        action = self.original.infer_action(part.dynamic)
        motion = self.original.decoder.motion(part.static, part.dynamic, action)
        columns = torch.randint(frames, (KNOWN_FRAMES,), generator=self.generator)
        motion = motion[torch.arange(KNOWN_FRAMES), columns]
        return (part.static, motion), self.original.decoder.frame(part.static, motion)


def with_learned_decoder(model: CodeModel, state: Mapping[str, Tensor]) -> CodeModel:
    """A copy of a model whose decoder has other weights, in evaluation mode."""
    copied = copy_with_own_decoder(model)
    copied.decoder.load_state_dict(dict(state))
    copied.decoder.eval().requires_grad_(False)
    return copied
