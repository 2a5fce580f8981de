"""The networks of scenes with K objects on a black ground: what each is, and where it is.

This is the structured option, and not the paper's: the dynamic code is the places of the objects,
the static code has a part for each object, and the decoder draws every object as a sprite and puts
it at its place, as in Attend, Infer, Repeat (Eslami et al., NeurIPS 2016) and, for Moving MNIST,
in DDPAE (Hsieh et al., NeurIPS 2018). How places are found, learned and fitted is ours.

Codes are z_c with shape (B, K * D) and z_t with shape (B, T, K * 2); frames are grey, with shape
(B, T, S, S); places are those of `rwae.models.objects.boxes`.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rwae.config import ModelConfig
from rwae.models.distributions import Gaussian
from rwae.models.networks.layers import conv
from rwae.models.objects.boxes import Scale, look, nearest_way, overlay
from rwae.models.objects.tracks import peaks


class PlacePosterior(nn.Module):
    """Q(z_1:T | x_1:T): the places of the objects, each followed through the clip.

    Convolutions make a map of each frame that says how much of the objects stands where. Its K
    peaks have no order: which of them is which object comes from `rwae.models.objects.tracks`.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width = config.dynamic_width
        self.features = nn.Sequential(
            conv(1, width // 2, 4, 2),
            conv(width // 2, width, 4, 2),
            # With gaps of one pixel a feature sees all of a box, for the price of a 3 x 3 kernel.
            nn.Conv2d(width, width, 3, padding=2, dilation=2, bias=False),
            nn.BatchNorm2d(width),
            nn.LeakyReLU(0.1, inplace=True),
            conv(width, width, 3),
        )
        self.head = nn.Conv2d(width, 16, 3, padding=1)
        self.scale = Scale(config)
        self.std = config.dynamic_noise

    def map(self, grey: Tensor) -> Tensor:
        """The logits of frames (N, S, S) for the places 0 to S/2 - 1: (N, S/2, S/2)."""
        local = self.head(self.features(grey.unsqueeze(1)))
        edge = local.shape[-1] // 4
        return F.pixel_shuffle(local[..., edge:-edge, edge:-edge], 4).squeeze(1)

    @torch.no_grad()
    def find(self, grey: Tensor) -> Tensor:
        """The places (B, T, K, 2) in clips (B, T, S, S), in no order.

        It always normalises with the running statistics: the map learns from collages, whose
        places are known, and the same weights then read real frames.
        """
        training = self.training
        self.eval()
        found = peaks(self.map(grey.flatten(0, 1)), self.scale.objects)
        self.train(training)
        return found.unflatten(0, grey.shape[:2])

    def forward(self, places: Tensor) -> Gaussian:
        """The posterior of z_1:T, given what was found: places (B, T, K, 2) in a fixed order."""
        return Gaussian(self.scale.codes(places), self.std)


class ObjectPosterior(nn.Module):
    """Q(z_c | x_1:T, z_1:T): what is seen at the places of each object, whenever it is clear.

    The features of an object's boxes are averaged over the frames with weights of their own,
    which fall where another object lies across. The mean is batch-normed without a learned
    scale, so that mean and noise together have unit variance in each dimension.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width, hidden = config.static_width, config.hidden_size
        self.scale = Scale(config)
        size = config.static_size // self.scale.objects
        self.features = nn.Sequential(
            conv(1, width // 3, 4, 2),
            conv(width // 3, width, 4, 2),
            conv(width, width, 3),
            nn.Flatten(),
            nn.Linear(width * (config.crop_size // 8) ** 2, hidden),
        )
        self.way = nn.Linear(2, hidden, bias=False)
        self.norm = nn.Sequential(nn.BatchNorm1d(hidden), nn.LeakyReLU(0.1, inplace=True))
        self.clear = nn.Linear(hidden, 1)
        self.head = nn.Sequential(
            nn.Linear(hidden, hidden),
            nn.LeakyReLU(0.1, inplace=True),
            nn.Linear(hidden, size),
            nn.BatchNorm1d(size, affine=False),
        )
        self.std = config.static_noise

    def see(self, grey: Tensor, places: Tensor) -> Tensor:
        """Features (B, T, K, H) of the boxes at places (B, T, K, 2) in clips (B, T, S, S)."""
        boxes = look(grey.flatten(0, 1), places.flatten(0, 1)).unflatten(0, grey.shape[:2])
        return self.see_boxes(boxes, places)

    def see_boxes(self, boxes: Tensor, places: Tensor) -> Tensor:
        """The same for boxes (B, T, K, S/2, S/2) that are already cut out."""
        ways = nearest_way(places) / self.scale.unit
        seen = self.features(boxes.flatten(0, 2).unsqueeze(1)) + self.way(ways.flatten(0, 2))
        return self.norm(seen).unflatten(0, boxes.shape[:3])

    def each(self, seen: Tensor) -> Tensor:
        """What each box alone would say of its object: codes (B, T, K, D)."""
        return self.head(seen.flatten(0, 2)).unflatten(0, seen.shape[:3])

    def forward(self, seen: Tensor) -> Gaussian:
        """Infers z_c, with shape (B, K * D), from features whose k-th are all of object k."""
        pooled = (self.clear(seen).softmax(1) * seen).sum(1)
        mean = self.head(pooled.flatten(0, 1)).unflatten(0, pooled.shape[:2]).flatten(1)
        return Gaussian(math.sqrt(1 - self.std**2) * mean, self.std)


class SpriteDecoder(nn.Module):
    """x_t = G(z_c, z_t): a sprite for each object, put at its place; light adds up to at most 1.

    The order of the objects means nothing, and neither does what lies outside the frame. The
    model draws in grey: the three channels of a frame are equal.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width, hidden = config.decoder_width, config.hidden_size
        self.scale, self.side = Scale(config), config.crop_size // 8
        self.layout = nn.Sequential(
            nn.Linear(config.static_size // self.scale.objects, hidden),
            nn.BatchNorm1d(hidden),
            nn.LeakyReLU(0.1, inplace=True),
            nn.Linear(hidden, width * self.side**2, bias=False),
        )
        self.layers = nn.Sequential(
            nn.BatchNorm2d(width),
            nn.LeakyReLU(0.1, inplace=True),
            nn.Conv2d(width, 2 * width, 3, padding=1, bias=False),
            nn.PixelShuffle(2),
            nn.BatchNorm2d(width // 2),
            nn.LeakyReLU(0.1, inplace=True),
            nn.Conv2d(width // 2, 4, 3, padding=1),
            nn.PixelShuffle(2),
        )
        nn.init.constant_(self.layers[-2].bias, -2.0)  # a box is mostly dark

    def sprites(self, static: Tensor) -> Tensor:
        """The sprites (B, K, S/2, S/2) in [0, 1] of static codes (B, K * D)."""
        each = static.unflatten(1, (self.scale.objects, -1)).flatten(0, 1)
        small = self.layout(each).unflatten(1, (-1, self.side, self.side))
        sprites = torch.sigmoid(self.layers(small)).squeeze(1)
        return sprites.unflatten(0, (static.shape[0], self.scale.objects))

    def forward(self, static: Tensor, dynamic: Tensor, action: Tensor | None = None) -> Tensor:  # noqa: ARG002
        """Decodes frames (B, T, 3, S, S) from z_c (B, K * D) and z_t (B, T, K * 2)."""
        sprites = self.sprites(static).unsqueeze(1)
        frames = dynamic.shape[1]
        grey = overlay(sprites.expand(-1, frames, -1, -1, -1), self.scale.places(dynamic))
        return grey.unsqueeze(2).expand(-1, -1, 3, -1, -1)
