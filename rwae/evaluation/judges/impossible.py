"""Frames that no camera films, made of real ones: what the ghost detector of a judge learns from.

A program or a model can satisfy a judge of parts by showing two people, or two poses, in one
frame. Each kind below makes such frames of real clips, A and B:

    composite      mean_t(A) + B_t - mean_t(B), of two people
    half blend     a A_s + (1 - a) B_t, a in [0.3, 0.7], of two people
    two poses      the mean, or the darker or lighter of two moments of one recording
    two people     the same of two people
    mixed halves   A above or beside B, with a soft seam
    floating piece a piece of the figure moved away from it, or its hand cut off

No clip of a model is among them. Everything is in [0, 1], and randomness comes from a generator.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from rwae.classifiers import CLIPS_AT_ONCE
from rwae.data.clips import Clips
from rwae.errors import DataError
from rwae.evaluation.tasks import static_columns

VISIBLE, WINDOW = 0.08, 6  # mean difference of colours, over a square of so many pixels
MOST_TRIES = 50  # to make ghosts that can be seen
FIGURE = 0.16  # distance of a grey value from that of the wall, from which on it is the figure
BEND = 0.08  # of half a side of a frame, by which points move
MOST_BLUR = 1.1  # deviation of the blur, in pixels of half the side


@dataclass(frozen=True)
class Moments:
    """Two moments of clips: each row has a frame of A and one of B.

    Attributes:
        a: frames (N, 3, H, W).
        b: frames (N, 3, H, W), of another person.
        later: frames of A's recording, at another time, (N, 3, H, W).
        a_mean: the mean of A's clip over time, (N, 3, H, W).
        b_mean: that of B's clip.
    """

    a: Tensor
    b: Tensor
    later: Tensor
    a_mean: Tensor
    b_mean: Tensor


def uniform(shape: tuple[int, ...], low: float, high: float, generator: torch.Generator) -> Tensor:
    """Uniform numbers in [low, high)."""
    return low + (high - low) * torch.rand(shape, generator=generator)


def composites(m: Moments, _: torch.Generator) -> Tensor:
    """mean_t(A) + B_t - mean_t(B)."""
    return (m.a_mean + m.b - m.b_mean).clamp(0, 1)


def half_blends(m: Moments, generator: torch.Generator) -> Tensor:
    """a A + (1 - a) B, a in [0.3, 0.7]."""
    return m.b.lerp(m.a, uniform((len(m.a), 1, 1, 1), 0.3, 0.7, generator))


def _laid_over(one: Tensor, other: Tensor, generator: torch.Generator) -> Tensor:
    """The mean, the darker or the lighter of two frames, one of the three for each row."""
    way = torch.randint(3, (len(one), 1, 1, 1), generator=generator)
    share = uniform((len(one), 1, 1, 1), 0.35, 0.65, generator)
    mean = one.lerp(other, share)
    darker, lighter = one.minimum(other), one.maximum(other)
    return torch.where(way == 0, mean, torch.where(way == 1, darker, lighter))


def two_poses(m: Moments, generator: torch.Generator) -> Tensor:
    """Two moments of one recording in one frame."""
    return _laid_over(m.a, m.later, generator)


def two_people(m: Moments, generator: torch.Generator) -> Tensor:
    """Moments of two people in one frame."""
    return _laid_over(m.a, m.b, generator)


def mixed_halves(m: Moments, generator: torch.Generator) -> Tensor:
    """A above or beside B, with a soft seam near the middle; B in the light of A."""
    count, _, height, width = m.a.shape
    light = m.a.mean((2, 3), keepdim=True) / m.b.mean((2, 3), keepdim=True).clamp_min(0.05)
    b = (m.b * light).clamp(0, 1)
    seam = uniform((count, 1, 1, 1), -0.25, 0.35, generator)
    soft = uniform((count, 1, 1, 1), 0.02, 0.15, generator)
    rows = torch.linspace(-1, 1, height).view(1, 1, -1, 1).expand(count, 1, -1, width)
    columns = torch.linspace(-1, 1, width).view(1, 1, 1, -1).expand(count, 1, height, -1)
    beside = torch.rand((count, 1, 1, 1), generator=generator) < 0.35
    place = torch.where(beside, columns - seam / 2, rows - seam)
    return m.a.lerp(b, torch.sigmoid(place / soft))


def wall(x: Tensor) -> Tensor:
    """The colour of the wall, (N, 3, 1, 1): the median of the outer columns of frames."""
    edge = torch.cat([x[..., :5], x[..., -5:]], -1)
    return edge.flatten(2).median(2).values[..., None, None]


def figure(x: Tensor) -> Tensor:
    """Where the figure is: soft masks (N, 1, H, W) of what differs from the wall."""
    smooth = F.avg_pool2d(x, 3, 1, 1)
    far = (smooth - wall(x)).abs().mean(1, keepdim=True)
    return torch.sigmoid((far - FIGURE) / 0.03)


def distance(height: int, width: int, y: Tensor, x: Tensor) -> Tensor:
    """How far each pixel is from points (N,): (N, height, width), in pixels."""
    rows = torch.arange(height).view(1, -1, 1).float()
    columns = torch.arange(width).view(1, 1, -1).float()
    return ((rows - y[:, None, None]) ** 2 + (columns - x[:, None, None]) ** 2).sqrt()


def floating_pieces(m: Moments, generator: torch.Generator) -> Tensor:
    """A hand cut off by a disc of wall, or a piece of the figure once more, beside it."""
    count, _, height, width = m.a.shape
    mask = figure(m.a)[:, 0]
    rows = torch.arange(height).view(1, -1, 1).float()
    columns = torch.arange(width).view(1, 1, -1).float()
    total = mask.sum((1, 2)).clamp_min(1)
    middle_y, middle_x = ((mask * axis).sum((1, 2)) / total for axis in (rows, columns))
    middle_y = middle_y - 4  # nearer to the shoulders
    # The tip: a pixel of the figure's upper part, the likelier the farther it is from the middle.
    far = distance(height, width, middle_y, middle_x)
    upper = (mask > 0.5) * (far > 12) * (rows < middle_y[:, None, None] + 8)
    weight = (upper * far.pow(2)).flatten(1) + 1e-6
    tip = torch.multinomial(weight, 1, generator=generator)[:, 0]
    tip_y, tip_x = (tip // width).float(), (tip % width).float()

    share = uniform((count,), 0.5, 0.75, generator)
    cut_y, cut_x = middle_y + share * (tip_y - middle_y), middle_x + share * (tip_x - middle_x)
    radius = uniform((count, 1, 1), 3.0, 5.0, generator)
    disc = torch.sigmoid((radius - distance(height, width, cut_y, cut_x)) / 0.5)
    cut = m.a.lerp(wall(m.a), disc[:, None])

    size = uniform((count, 1, 1), 4.0, 8.0, generator)
    piece = torch.sigmoid((size - distance(height, width, tip_y, tip_x)) / 0.7)[:, None]
    piece = piece * mask[:, None]
    stray = cut.clone()
    for n in range(count):
        down, across = torch.randint(-26, 27, (2,), generator=generator).tolist()
        moved, place = (part[n].roll((down, across), (-2, -1)) for part in (m.a, piece))
        free = place * (1 - mask[n])
        if float(free.sum()) > 12 and abs(down) + abs(across) > 12:
            stray[n] = m.a[n].lerp(moved, free)
    is_cut = torch.rand((count, 1, 1, 1), generator=generator) < 0.6
    return torch.where(is_cut, cut, stray)


@dataclass(frozen=True)
class Kind:
    """A kind of ghosts.

    Attributes:
        make: from moments to ghosts (N, 3, H, W).
        sources: the real frames that a ghost needs to differ from, by their names in `Moments`.
    """

    make: Callable[[Moments, torch.Generator], Tensor]
    sources: tuple[str, ...] = ("a", "b")


KINDS = {
    "composite": Kind(composites),
    "half blend": Kind(half_blends),
    "two poses": Kind(two_poses, ("a", "later")),
    "two people": Kind(two_people),
    "mixed halves": Kind(mixed_halves),
    "floating piece": Kind(floating_pieces, ("a",)),
}


def is_visible(made: Tensor, sources: Sequence[Tensor]) -> Tensor:
    """Whether frames differ from each of their sources in some window, by VISIBLE: (N,)."""
    differences = [
        F.avg_pool2d((made - one).abs().mean(1, keepdim=True), WINDOW, 2).amax((1, 2, 3))
        for one in sources
    ]
    return torch.stack(differences).amin(0) > VISIBLE


class Ghosts:
    """Makes ghosts of every kind of real clips.

    Attributes:
        clips: real ones of several people, held in memory.
    """

    def __init__(self, clips: Clips) -> None:
        self.clips = clips
        everything = torch.arange(len(clips)).split(CLIPS_AT_ONCE)
        self._means = torch.cat([clips.batch(part).mean(1) for part in everything])
        columns = static_columns(clips.factors)
        self._who = clips.labels[:, columns].unique(dim=0, return_inverse=True)[1]
        self._recording = clips.labels.unique(dim=0, return_inverse=True)[1]

    def make(self, kind: str, count: int, generator: torch.Generator) -> Tensor:
        """Draws ghosts of one kind, (count, 3, H, W), on which it can be seen that they are."""
        found = torch.empty(0, *self.clips.shape[1:])
        for _ in range(MOST_TRIES):
            moments = self._moments(2 * count, generator)
            made = KINDS[kind].make(moments, generator)
            seen = is_visible(made, [getattr(moments, name) for name in KINDS[kind].sources])
            found = torch.cat([found, made[seen]])
            if len(found) >= count:
                return found[:count]
        raise DataError(
            f"Of these clips no ghosts of the kind {kind} can be made: they need to show several "
            "people who move in front of a wall."
        )

    def real_frames(self, count: int, generator: torch.Generator) -> Tensor:
        """Draws real frames, (count, 3, H, W)."""
        return self._frames(
            torch.randint(len(self.clips), (count,), generator=generator), generator
        )

    def _moments(self, count: int, generator: torch.Generator) -> Moments:
        a = torch.randint(len(self.clips), (count,), generator=generator)
        b = _draw_from(self._who[a][:, None] != self._who, generator)
        later = _draw_from(self._recording[a][:, None] == self._recording, generator)
        return Moments(
            self._frames(a, generator),
            self._frames(b, generator),
            self._frames(later, generator),
            self._means[a],
            self._means[b],
        )

    def _frames(self, chosen: Tensor, generator: torch.Generator) -> Tensor:
        """A random frame of each of these clips."""
        t = torch.randint(self.clips.shape[0], (len(chosen),), generator=generator)
        return self.clips.frames[chosen, t].float() / 255


def _draw_from(fits: Tensor, generator: torch.Generator) -> Tensor:
    """One of the fitting columns of each row of booleans (N, M): numbers (N,)."""
    return torch.multinomial(fits.float(), 1, generator=generator)[:, 0]


def gaussian_blur(x: Tensor, deviation: float) -> Tensor:
    """Blurs frames (N, 3, H, W) by a Gaussian of this standard deviation in pixels."""
    if deviation < 0.1:
        return x
    reach = math.ceil(3 * deviation)
    offsets = torch.arange(-reach, reach + 1, device=x.device)
    kernel = torch.exp(-0.5 * (offsets / deviation) ** 2)
    kernel = (kernel / kernel.sum()).to(x)
    channels = x.shape[1]
    x = F.pad(x, (reach,) * 4, mode="replicate")
    x = F.conv2d(x, kernel.view(1, 1, 1, -1).expand(channels, 1, 1, -1), groups=channels)
    return F.conv2d(x, kernel.view(1, 1, -1, 1).expand(channels, 1, -1, 1), groups=channels)


def bend(x: Tensor, generator: torch.Generator) -> Tensor:
    """Moves, scales, slants and bends frames (N, 3, h, w), so that builds and places vary.

    A frame is mirrored half of the time, scaled by 1 / 1.2 to 1 / 0.85 in width and in height,
    slanted by up to 0.12 and moved by up to 0.15 of half a side, and a smooth random field moves
    its points by up to BEND. What enters the frame repeats its border.
    """
    count, _, height, width = x.shape
    flip = torch.where(torch.rand(count, generator=generator) < 0.5, -1.0, 1.0)
    scale = uniform((2, count), 0.85, 1.2, generator)
    slant = uniform((2, count), -0.12, 0.12, generator)
    shift = uniform((2, count), -0.15, 0.15, generator)
    rows = [flip * scale[0], slant[0], shift[0], slant[1], scale[1], shift[1]]
    grid = F.affine_grid(torch.stack(rows, 1).view(-1, 2, 3), list(x.shape), align_corners=False)
    field = uniform((count, 2, 5, 5), -BEND, BEND, generator)
    field = F.interpolate(field, (height, width), mode="bicubic", align_corners=True)
    grid = grid + field.permute(0, 2, 3, 1)
    return F.grid_sample(x, grid, padding_mode="border", align_corners=False)


def disguise(x: Tensor, generator: torch.Generator) -> Tensor:
    """Changes of frames (N, 3, h, w) that make no real frame a ghost, and no ghost a real frame.

    Frames are bent (see `bend`), and get a tint, a tone curve and shuffled channels, or are grey.
    Groups of them are blurred by up to MOST_BLUR, as decoders blur, and get a little noise.
    """
    count = len(x)
    x = bend(x, generator)
    order = torch.rand(count, 3, generator=generator).argsort(1)
    x = x.gather(1, order[..., None, None].expand_as(x))
    power = 2 ** uniform((count, 1, 1, 1), -0.5, 0.5, generator)
    gain = uniform((count, 3, 1, 1), 0.8, 1.2, generator)
    x = (x.clamp_min(1e-4) ** power * gain).clamp(0, 1)
    grey = torch.rand((count, 1, 1, 1), generator=generator) < 0.3
    x = torch.where(grey, x.mean(1, keepdim=True), x)
    parts = []
    for part in x.split(max(1, count // 8)):
        blurred, deviation, noise = torch.rand(3, generator=generator).tolist()
        part = gaussian_blur(part, MOST_BLUR * deviation) if blurred < 0.75 else part
        parts.append(part + 0.02 * noise**2 * torch.randn(part.shape, generator=generator))
    return torch.cat(parts)
