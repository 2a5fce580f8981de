"""The objective of MoCoGAN: a discriminator of single frames and a discriminator of whole clips.

With D_I and D_V the two discriminators, v a real clip and v' a drawn one (Tulyakov et al., CVPR
2018, arXiv 1707.04993),

    D_I tells random frames of v from random frames of v',   D_V tells v from v'.

The losses are those of the authors' code: the logistic loss for the discriminators, and the
non-saturating loss for the generator. Ours: D_I gets four frames of a clip and not one; both
discriminators are small, have no batch norm, and are regularised by the R1 gradient penalty
(Mescheder et al., ICML 2018); and one backward pass serves all three networks.
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
from rwae.training.objective import Objective
from rwae.training.penalties import with_frozen_weights

IMAGE_WIDTH, VIDEO_WIDTH = 32, 24  # channels of the first convolution; the last has 8 times that
IMAGES = 4  # random frames of each clip that D_I gets
R1_WEIGHT = 0.5  # gamma / 2 with gamma = 1, for frames in [0, 1]
R1_SHARE = 4  # the penalty is taken on one sample in so many, as its second derivative is slow


class ImageDiscriminator(nn.Module):
    """D_I: one score for each frame, large for a real one. Four convolutions with stride 2.

    Args:
        side: of the square frames, in pixels.
    """

    def __init__(self, side: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs, size in _convolutions(IMAGE_WIDTH):
            layers += [nn.Conv2d(inputs, outputs, size, 2, 1), nn.LeakyReLU(0.2)]
        self.features = nn.Sequential(*layers)
        self.head = nn.Linear(8 * IMAGE_WIDTH * _last_side(side) ** 2, 1)

    def forward(self, frames: Tensor) -> Tensor:
        """Maps frames (N, 3, S, S) to scores (N,)."""
        frames = frames.contiguous(memory_format=torch.channels_last)
        scores: Tensor = self.head(self.features(frames).flatten(1))
        return scores.squeeze(1)


class VideoDiscriminator(nn.Module):
    """D_V: one score for each clip, large for a real one. Four convolutions in space and time.

    Args:
        side: of the square frames, in pixels.
    """

    def __init__(self, side: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for number, (inputs, outputs, size) in enumerate(_convolutions(VIDEO_WIDTH)):
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
        scores: Tensor = self.head(self.features(clips).mean(2).flatten(1))
        return scores.squeeze(1)


class AdversarialObjective(Objective):
    """The objective of MoCoGAN, with its two discriminators.

    `precision` is that of decoder and discriminators; the losses are in float32.
    """

    model: MoCoGAN

    def __init__(
        self, model: MoCoGAN, config: TrainingConfig, precision: torch.dtype = torch.float32
    ) -> None:
        super().__init__(model, config, precision)
        self.image_discriminator = ImageDiscriminator(config.model.crop_size)
        self.video_discriminator = VideoDiscriminator(config.model.crop_size)

    def forward(self, x: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
        """See `Objective.forward`."""
        real = self.model.crop(x)
        with autocast(x.device, self.precision):
            fake = self._draw(x.shape[0], x.shape[1], generator)
            real_frames = random_frames(real, generator)
            fake_frames = random_frames(fake, generator)
            losses = {
                **gan_losses("image", self.image_discriminator, real_frames, fake_frames),
                **gan_losses("video", self.video_discriminator, real, fake),
            }
        frames, clips = (-(-len(samples) // R1_SHARE) for samples in (real_frames, real))
        return {
            **losses,
            "image_gradient_penalty": r1_penalty(self.image_discriminator, real_frames[:frames]),
            "video_gradient_penalty": r1_penalty(self.video_discriminator, real[:clips]),
        }

    def total(self, values: dict[str, Tensor]) -> Tensor:
        """The sum, which is minimised; the gradient penalties have the weight gamma / 2."""
        weighted = [
            R1_WEIGHT * value if name.endswith("_gradient_penalty") else value
            for name, value in values.items()
        ]
        return torch.stack(weighted).sum()

    def _draw(self, clips: int, frames: int, generator: torch.Generator) -> Tensor:
        """Cropped clips (B, T, 3, S, S) from the prior, with a gradient."""
        model = self.model
        dynamic = model.prior.sample(clips, frames, generator)
        static = standard_normal((clips, model.config.static_size), dynamic, generator)
        x: Tensor = model.decoder(static, dynamic)
        return x


def random_frames(x: Tensor, generator: torch.Generator) -> Tensor:
    """Some random frames of every clip of x (B, T, 3, S, S), with shape (N, 3, S, S)."""
    return take_frames(x, choose_frames(x, IMAGES, generator)).flatten(0, 1)


def gan_losses(
    name: str, discriminator: nn.Module, real: Tensor, fake: Tensor
) -> dict[str, Tensor]:
    """The losses of a discriminator and of the generator against it.

    Args:
        name: what the terms' names begin with.
        discriminator: maps samples to scores.
        real: samples of the data.
        fake: samples of the generator, with a gradient; the discriminator's loss ignores it.
    """
    return {
        f"{name}_discriminator_loss": terms.discriminator_loss(
            discriminator(real).float(), discriminator(fake.detach()).float()
        ),
        f"{name}_generator_loss": terms.nonsaturating_generator_loss(
            with_frozen_weights(discriminator, fake).float()
        ),
    }


def r1_penalty(discriminator: nn.Module, real: Tensor) -> Tensor:
    """R1: E ||d D(x) / d x||^2 over real samples (Mescheder et al., ICML 2018).

    Args:
        discriminator: D, maps samples to scores, each by itself.
        real: samples, with shape (N, ...).
    """
    real = real.detach().requires_grad_()
    (slope,) = torch.autograd.grad(discriminator(real).sum(), real, create_graph=True)
    return slope.square().flatten(1).sum(1).mean()


def _convolutions(width: int) -> list[tuple[int, int, int]]:
    """Channels in, channels out and kernel size of the four convolutions."""
    return [
        (3, width, 4),
        (width, 2 * width, 4),
        (2 * width, 4 * width, 4),
        (4 * width, 8 * width, 3),
    ]


def _last_side(side: int) -> int:
    """Height and width after the four convolutions, for a side that is a multiple of 8."""
    return -(-side // 16)
