"""The networks of a model of objects: K objects on a black background, each with a position.

This structured option is not the paper's: the dynamic code holds the positions of the objects, the
static code has a part for each object, and the decoder draws every object as a sprite at its
position, as in Attend, Infer, Repeat (Eslami et al., NeurIPS 2016) and, for Moving MNIST, in DDPAE
(Hsieh et al., NeurIPS 2018). How positions are found, learned and fitted is ours.

Codes are z_c with shape (B, K * D) and z_t with shape (B, T, K * 2); frames are grey, with shape
(B, T, S, S); positions are those of `rwae.models.objects.boxes`.

The names of the modules are the keys of the weights in checkpoints, so they do not change.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rwae.config import ModelConfig
from rwae.models.distributions import Gaussian
from rwae.models.networks.layers import encoder_block
from rwae.models.objects.boxes import PositionScale, cut_boxes, offset_to_nearest, overlay
from rwae.models.objects.tracking import find_peaks


class PositionPosterior(nn.Module):
    """Q(z_1:T | x_1:T): the positions of the objects, each tracked through the clip.

    Convolutions map each frame to how likely an object is at each position. The K peaks of a map
    have no order: their assignment to objects comes from `rwae.models.objects.tracking`.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width = config.dynamic_width
        self.features = nn.Sequential(
            encoder_block(1, width // 2, 4, 2),
            encoder_block(width // 2, width, 4, 2),
            # Dilated by 2, a 3 x 3 kernel covers all of a box.
            nn.Conv2d(width, width, 3, padding=2, dilation=2, bias=False),
            nn.BatchNorm2d(width),
            nn.LeakyReLU(0.1, inplace=True),
            encoder_block(width, width, 3),
        )
        self.head = nn.Conv2d(width, 16, 3, padding=1)
        self.scale = PositionScale(config)
        self.std = config.dynamic_noise

    def position_logits(self, grey: Tensor) -> Tensor:
        """Logits (N, S/2, S/2) of frames (N, S, S) for the positions 0 to S/2 - 1."""
        local = self.head(self.features(grey.unsqueeze(1)))
        edge = local.shape[-1] // 4
        return F.pixel_shuffle(local[..., edge:-edge, edge:-edge], 4).squeeze(1)

    @torch.no_grad()
    def find_positions(self, grey: Tensor) -> Tensor:
        """The positions (B, T, K, 2) in clips (B, T, S, S), in no order.

        Batch norm always uses the running statistics here: the map learns from collages, whose
        positions are known, and the same weights then read real frames.
        """
        training = self.training
        self.eval()
        found = find_peaks(self.position_logits(grey.flatten(0, 1)), self.scale.objects)
        self.train(training)
        positions: Tensor = found.unflatten(0, grey.shape[:2])
        return positions

    def forward(self, positions: Tensor) -> Gaussian:
        """The posterior of z_1:T for tracked positions (B, T, K, 2)."""
        return Gaussian(self.scale.codes(positions), self.std)


class AppearancePosterior(nn.Module):
    """Q(z_c | x_1:T, z_1:T): the appearance of each object, from the boxes at its positions.

    The features of an object's boxes are averaged over the frames with learned weights, which are
    small where another object overlaps. The mean is batch-normed without a learned scale, so that
    mean and noise together have unit variance in each dimension.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width, hidden = config.static_width, config.hidden_size
        self.scale = PositionScale(config)
        size = config.static_size // self.scale.objects
        self.features = nn.Sequential(
            encoder_block(1, width // 3, 4, 2),
            encoder_block(width // 3, width, 4, 2),
            encoder_block(width, width, 3),
            nn.Flatten(),
            nn.Linear(width * (config.crop_size // 8) ** 2, hidden),
        )
        self.way = nn.Linear(2, hidden, bias=False)  # of the offset to the nearest object
        self.norm = nn.Sequential(nn.BatchNorm1d(hidden), nn.LeakyReLU(0.1, inplace=True))
        self.clear = nn.Linear(hidden, 1)  # the weight of a frame, before a softmax over time
        self.head = nn.Sequential(
            nn.Linear(hidden, hidden),
            nn.LeakyReLU(0.1, inplace=True),
            nn.Linear(hidden, size),
            nn.BatchNorm1d(size, affine=False),
        )
        self.std = config.static_noise

    def features_at(self, grey: Tensor, positions: Tensor) -> Tensor:
        """Features (B, T, K, H) of the boxes at positions (B, T, K, 2) in clips (B, T, S, S)."""
        boxes = cut_boxes(grey.flatten(0, 1), positions.flatten(0, 1))
        return self.features_of(boxes.unflatten(0, grey.shape[:2]), positions)

    def features_of(self, boxes: Tensor, positions: Tensor) -> Tensor:
        """Features (B, T, K, H) of boxes (B, T, K, S/2, S/2) at positions (B, T, K, 2)."""
        offsets = offset_to_nearest(positions) / self.scale.unit
        of_boxes = self.features(boxes.flatten(0, 2).unsqueeze(1))
        features: Tensor = self.norm(of_boxes + self.way(offsets.flatten(0, 2)))
        return features.view(*boxes.shape[:3], -1)

    def code_of_each_box(self, features: Tensor) -> Tensor:
        """The codes (B, T, K, D) that features (B, T, K, H) of single boxes give by themselves."""
        codes: Tensor = self.head(features.flatten(0, 2))
        return codes.view(*features.shape[:3], -1)

    def forward(self, features: Tensor) -> Gaussian:
        """Infers z_c, with mean (B, K * D), from features (B, T, K, H) of tracked objects."""
        pooled = (self.clear(features).softmax(1) * features).sum(1)
        mean = self.head(pooled.flatten(0, 1)).unflatten(0, pooled.shape[:2]).flatten(1)
        return Gaussian(math.sqrt(1 - self.std**2) * mean, self.std)


class SpriteDecoder(nn.Module):
    """x_t = G(z_c, z_t): a sprite for each object at its position; values add up to at most 1.

    The order of the objects has no meaning, and what lies outside the frame is not drawn. The
    model draws in grey: the three channels of a frame are equal.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width, hidden = config.decoder_width, config.hidden_size
        self.scale, self.side = PositionScale(config), config.crop_size // 8
        self.layout = nn.Sequential(
            nn.Linear(config.static_size // self.scale.objects, hidden),
            nn.BatchNorm1d(hidden),
            nn.LeakyReLU(0.1, inplace=True),
            nn.Linear(hidden, width * self.side**2, bias=False),
        )
        first = nn.Conv2d(width, 2 * width, 3, padding=1, bias=False)
        last = nn.Conv2d(width // 2, 4, 3, padding=1)
        nn.init.constant_(last.get_parameter("bias"), -2.0)  # most of a box is dark
        self.layers = nn.Sequential(
            nn.BatchNorm2d(width),
            nn.LeakyReLU(0.1, inplace=True),
            first,
            nn.PixelShuffle(2),
            nn.BatchNorm2d(width // 2),
            nn.LeakyReLU(0.1, inplace=True),
            last,
            nn.PixelShuffle(2),
        )

    def sprites(self, static: Tensor) -> Tensor:
        """The sprites (B, K, S/2, S/2) in [0, 1] of static codes (B, K * D)."""
        of_objects = static.unflatten(1, (self.scale.objects, -1)).flatten(0, 1)
        small = self.layout(of_objects).unflatten(1, (-1, self.side, self.side))
        sprites = torch.sigmoid(self.layers(small)).squeeze(1)
        of_clips: Tensor = sprites.unflatten(0, (static.shape[0], self.scale.objects))
        return of_clips

    def forward(self, static: Tensor, dynamic: Tensor, action: Tensor | None = None) -> Tensor:  # noqa: ARG002, the signature is that of `Decoder`
        """Decodes frames (B, T, 3, S, S) from z_c (B, K * D) and z_t (B, T, K * 2)."""
        sprites = self.sprites(static).unsqueeze(1)
        frames = dynamic.shape[1]
        repeated = sprites.expand(-1, frames, -1, -1, -1)
        grey = overlay(repeated, self.scale.positions(dynamic))
        return grey.unsqueeze(2).expand(-1, -1, 3, -1, -1)
