"""How MoCoGAN is trained: against a critic of single frames and a critic of whole clips.

With D_I and D_V the two critics, v a real clip and v' a drawn one (Tulyakov et al., CVPR 2018,
arXiv 1707.04993), the critics and the generator play

    D_I tells random frames of v from random frames of v',   D_V tells v from v'.

The losses are those of the authors' code: the logistic loss for the critics, and for the
generator the form that does not saturate. Ours: D_I sees four frames of a clip and not one.
Ours as well, and newer than the paper: both critics are small, have no batch norm, and are held
smooth by the R1 gradient penalty (Mescheder et al., ICML 2018); and all three players take their
step at the same time, in one backward pass.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rwae.losses import terms
from rwae.models.distributions import standard_normal
from rwae.models.mocogan import MoCoGAN
from rwae.runtime import autocast
from rwae.training.augment import choose_frames, take_frames
from rwae.training.config import TrainingConfig
from rwae.training.penalties import frozen

IMAGE_WIDTH, VIDEO_WIDTH = 32, 24  # channels of the first convolution; the last has 8 times that
IMAGES = 4  # random frames of each clip that the image critic sees; a clip has them all anyway
R1_WEIGHT = 0.5  # gamma / 2 with gamma = 1, for frames in [0, 1]
R1_SHARE = 4  # one sample in so many pays the gradient penalty, since a second derivative is dear


class ImageCritic(nn.Module):
    """One number for each frame; large for a real one. Four convolutions, each at stride 2."""

    def __init__(self, side: int) -> None:
        """Args: side: of the square frames, in pixels."""
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs, size in zip(*_plan(IMAGE_WIDTH), strict=True):
            layers += [nn.Conv2d(inputs, outputs, size, 2, 1), nn.LeakyReLU(0.2)]
        self.features = nn.Sequential(*layers)
        self.head = nn.Linear(8 * IMAGE_WIDTH * _last_side(side) ** 2, 1)

    def forward(self, frames: Tensor) -> Tensor:
        """Maps frames (N, 3, S, S) to scores (N,)."""
        frames = frames.contiguous(memory_format=torch.channels_last)
        return self.head(self.features(frames).flatten(1)).squeeze(1)


class VideoCritic(nn.Module):
    """One number for each clip; large for a real one. Four convolutions over space and time."""

    def __init__(self, side: int) -> None:
        """Args: side: of the square frames, in pixels."""
        super().__init__()
        layers: list[nn.Module] = []
        for number, (inputs, outputs, size) in enumerate(zip(*_plan(VIDEO_WIDTH), strict=True)):
            stride = (2 if number else 1, 2, 2)
            layers += [
                nn.Conv3d(inputs, outputs, (3, size, size), stride, 1),
                nn.LeakyReLU(0.2),
            ]
        self.features = nn.Sequential(*layers)
        self.head = nn.Linear(8 * VIDEO_WIDTH * _last_side(side) ** 2, 1)

    def forward(self, clips: Tensor) -> Tensor:
        """Maps clips (B, T, 3, S, S), for any T, to scores (B,)."""
        clips = clips.transpose(1, 2).contiguous(memory_format=torch.channels_last_3d)
        return self.head(self.features(clips).mean(2).flatten(1)).squeeze(1)


class AdversarialObjective(nn.Module):
    """A MoCoGAN and its two critics, as one module that can be replicated."""

    def __init__(
        self, model: MoCoGAN, config: TrainingConfig, precision: torch.dtype = torch.float32
    ) -> None:
        """Args: precision: of decoder and critics; the losses are in float32."""
        super().__init__()
        self.model = model
        self.image_critic = ImageCritic(config.model.crop_size)
        self.video_critic = VideoCritic(config.model.crop_size)
        self.config = config
        self.precision = precision

    def forward(self, x: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
        """Computes every term on a batch of clips, before they are weighted.

        Args:
            x: clips in [0, 1], with shape (B, T, 3, H, W).
            generator: source of all the randomness of the step.
        """
        real = self.model.crop(x)
        with autocast(x.device, self.precision):
            fake = self._draw(*x.shape[:2], generator)
            real_frames, fake_frames = (some_frames(clips, generator) for clips in (real, fake))
            terms = {
                **play("image", self.image_critic, real_frames, fake_frames),
                **play("video", self.video_critic, real, fake),
            }
        frames, clips = (-(-len(samples) // R1_SHARE) for samples in (real_frames, real))
        return {
            **terms,
            "image_gradient": square_gradient(self.image_critic, real_frames[:frames]),
            "video_gradient": square_gradient(self.video_critic, real[:clips]),
        }

    def total(self, terms: dict[str, Tensor]) -> Tensor:
        """The weighted sum, which is minimised; the gradient penalties have weight gamma / 2."""
        return sum(
            (R1_WEIGHT if name.endswith("_gradient") else 1.0) * term
            for name, term in terms.items()
        )

    def _draw(self, clips: int, frames: int, generator: torch.Generator) -> Tensor:
        """Cropped clips (B, T, 3, S, S) from the prior, with a gradient."""
        model = self.model
        dynamic = model.prior.sample(clips, frames, generator)
        static = standard_normal((clips, model.config.static_size), dynamic, generator)
        return model.decoder(static, dynamic)


def some_frames(x: Tensor, generator: torch.Generator) -> Tensor:
    """Random frames of every clip of x (B, T, 3, S, S), with shape (N, 3, S, S)."""
    return take_frames(x, choose_frames(*x.shape[:2], IMAGES, generator)).flatten(0, 1)


def play(name: str, critic: nn.Module, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
    """The losses of both sides: the critic's, on a fake without gradient, and the generator's.

    Args:
        name: what the terms' names begin with.
        critic: maps samples to scores.
        real: samples of the data.
        fake: samples of the generator, with a gradient.
    """
    return {
        f"{name}_critic": terms.discriminator_loss(
            critic(real).float(), critic(fake.detach()).float()
        ),
        f"{name}_fooling": terms.nonsaturating_generator_loss(frozen(critic, fake).float()),
    }


def square_gradient(critic: nn.Module, real: Tensor) -> Tensor:
    """R1: E ||d critic(x) / d x||^2 over real samples (Mescheder et al., ICML 2018).

    Args:
        critic: maps samples to scores, each alone.
        real: samples, with shape (N, ...).
    """
    real = real.detach().requires_grad_()
    (slope,) = torch.autograd.grad(critic(real).sum(), real, create_graph=True)
    return slope.square().flatten(1).sum(1).mean()


def _plan(width: int) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Channels in, channels out and kernel sizes of the four convolutions of a critic."""
    outputs = (width, 2 * width, 4 * width, 8 * width)
    return (3, *outputs[:-1]), outputs, (4, 4, 4, 3)


def _last_side(side: int) -> int:
    """Height and width after the four convolutions, for a side that is a multiple of 8."""
    return -(-side // 16)
