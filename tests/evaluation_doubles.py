"""Stand-ins whose right scores are known: clips that show their labels, a judge that reads them,
and models that are perfect, or wrong in one known way."""

from __future__ import annotations

import torch
from torch import Tensor

from rwae.codes import Codes, Factor
from rwae.data.clips import Clips

FACTORS = (
    Factor("shape", ("a", "b", "c"), True),
    Factor("colour", ("red", "blue"), True),
    Factor("motion", ("left", "right", "up", "down"), False),
)
UNIT = 40  # a class k is shown as the brightness 40 k of the channel of its factor


def labelled(takes: int = 2) -> Clips:
    """Every combination of the factors, as clips (N, 3, 3, 8, 8)."""
    labels = torch.cartesian_prod(*(torch.arange(len(f.values)) for f in FACTORS))
    labels = labels.repeat(takes, 1)
    frames = (UNIT * labels).byte()[:, None, :, None, None].expand(-1, 3, -1, 8, 8)
    return Clips(frames.contiguous(), labels, FACTORS)


class Reader:
    """A judge that reads the labels off the picture, with certainty."""

    factors = FACTORS

    def __init__(self) -> None:
        self.judged = 0

    def probabilities(self, x: Tensor) -> list[Tensor]:
        self.judged += len(x)
        found = (x.mean((1, 3, 4)) * 255 / UNIT).round().long()
        return [
            torch.nn.functional.one_hot(column.clamp(0, len(f.values) - 1), len(f.values)).double()
            for f, column in zip(FACTORS, found.unbind(1), strict=True)
        ]


class Perfect:
    """A model whose static code is who and whose dynamic code is how it moves; priors uniform."""

    encodes = True
    training = True
    device = torch.device("cpu")

    def __init__(self) -> None:
        self.encoded = 0
        self.modes: list[bool] = []

    def eval(self) -> None:
        self.train(False)

    def train(self, mode: bool) -> None:
        self.training = mode
        self.modes.append(mode)

    def encode(self, x: Tensor) -> Codes:
        assert not self.training
        self.encoded += len(x)
        return Codes(static=x[:, 0, :2, 0, 0], dynamic=x[:, :, 2:, 0, 0])

    def decode(self, codes: Codes) -> Tensor:
        frames = codes.dynamic.shape[1]
        static = codes.static[:, None].expand(-1, frames, -1)
        return torch.cat([static, codes.dynamic], -1)[..., None, None].expand(-1, -1, -1, 8, 8)

    def sample(self, clips: int, *, frames: int, generator: torch.Generator) -> Codes:
        drawn = [torch.randint(len(f.values), (clips,), generator=generator) for f in FACTORS]
        static = torch.stack(drawn[:2], 1) * UNIT / 255
        dynamic = (drawn[2] * UNIT / 255)[:, None, None].expand(-1, frames, -1)
        return Codes(static=static, dynamic=dynamic)


class Copying(Perfect):
    """A model that carries the whole clip in its dynamic codes, and ignores the static one."""

    def encode(self, x: Tensor) -> Codes:
        return Codes(static=x[:, 0, :2, 0, 0], dynamic=x[..., 0, 0])

    def decode(self, codes: Codes) -> Tensor:
        return codes.dynamic[..., None, None].expand(-1, -1, -1, 8, 8)

    def sample(self, clips: int, *, frames: int, generator: torch.Generator) -> Codes:
        drawn = super().sample(clips, frames=frames, generator=generator)
        static = drawn.static[:, None].expand(-1, frames, -1)
        return Codes(drawn.static, torch.cat([static, drawn.dynamic], -1))
