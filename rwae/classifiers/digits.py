"""The judge of SM-MNIST: finds both digits in every frame and names each over the clip.

Two small networks, trained on real frames with their labels alone. The locator maps a frame to
logits of the 32 x 32 places that a digit's box may have. The reader names the digit in the middle
of a box; the other digit may overlap it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rwae.classifiers.judge import TRAINED_BY, load_folded
from rwae.classifiers.layers import conv_block
from rwae.errors import ClipError
from rwae.files.checkpoint import WEIGHTS_FILE, atomic
from rwae.files.tensors import pack
from rwae.models.networks.layers import channels_last
from rwae.models.objects.tracking import find_peaks, reorder, track

FRAME_SIDE, BOX_SIDE = 64, 32  # pixels, of a frame and of a digit's box
LOCATIONS = 32  # offsets of a box in x and in y
DIGITS, DIGIT_CLASSES = 2, 10
CENTRE = (BOX_SIDE - 1) / 2  # from the first pixel of a box to its middle
DIGIT_CLIPS_AT_ONCE = 32


@dataclass(frozen=True)
class DigitsFound:
    """What the judge sees in clips; the order of the two digits means nothing.

    Attributes:
        centres: (x, y) in pixels, with shape (B, T, 2, 2); the third dimension follows each digit
            through the clip by the continuity of its motion, whatever it looks like.
        frames: log p(class | box) in each frame, with shape (B, T, 2, 10).
    """

    centres: Tensor
    frames: Tensor

    @property
    def classes(self) -> Tensor:
        """The two digits of each clip, with shape (B, 2): the likeliest pair over all frames.

            max over (a, b) of sum_t log [ p_t1(a) p_t2(b) + p_t1(b) p_t2(a) ]

        The sum is the same in any order of the digits, so it does not depend on the tracking.
        """
        both = self.frames[:, :, 0, :, None] + self.frames[:, :, 1, None, :]
        evidence = torch.logaddexp(both, both.transpose(-1, -2)).sum(1).flatten(1)
        best = evidence.argmax(1)
        return torch.stack([best // DIGIT_CLASSES, best % DIGIT_CLASSES], 1)

    @property
    def followed(self) -> Tensor:
        """The class of each digit that was followed, by the sum of all frames, (B, 2)."""
        return self.frames.sum(1).argmax(-1)

    def __getitem__(self, clips: Tensor) -> DigitsFound:
        """What was seen in some of the clips."""
        return DigitsFound(self.centres[clips], self.frames[clips])

    @staticmethod
    def cat(parts: Iterable[DigitsFound]) -> DigitsFound:
        """Puts what was seen in several batches one after the other."""
        parts = list(parts)
        return DigitsFound(
            torch.cat([p.centres for p in parts]), torch.cat([p.frames for p in parts])
        )


class Locator(nn.Module):
    """Where the digits are: a logit for each place of the box, with shape (N, 32, 32)."""

    def __init__(self) -> None:
        super().__init__()
        self.near = conv_block(1, 16, 5, 2)
        self.far = nn.Sequential(
            conv_block(16, 32, 3, 2), conv_block(32, 48, 3, 1), conv_block(48, 48, 3, 1)
        )
        self.head = nn.Sequential(conv_block(64, 24, 3, 1), nn.Conv2d(24, 4, 3, padding=1))

    def forward(self, grey: Tensor) -> Tensor:
        """Maps frames (N, 1, 64, 64) to logits (N, 32, 32)."""
        near = self.near(grey)
        far = F.interpolate(self.far(near), scale_factor=2.0, mode="nearest")
        # A box's middle lies in the inner half of the frame, so the head reads only that half.
        inner = torch.cat([near, far], 1)[..., 7:25, 7:25]
        return F.pixel_shuffle(self.head(inner)[..., 1:-1, 1:-1], 2).squeeze(1)


class Reader(nn.Module):
    """Names the digit in the middle of a box: logits (N, 10) for boxes (N, 1, 32, 32)."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            conv_block(1, 24, 5, 2),
            conv_block(24, 48, 3, 1),
            conv_block(48, 64, 3, 2),
            conv_block(64, 64, 3, 2),
            nn.Flatten(),
            nn.Linear(64 * 16, 128),
            nn.ReLU(inplace=True),
            nn.Linear(128, DIGIT_CLASSES),
        )

    def forward(self, boxes: Tensor) -> Tensor:
        logits: Tensor = self.layers(boxes)
        return logits


class DigitsJudge(nn.Module):
    """The locator and the reader.

    Attributes:
        locator: frames to logits of places.
        reader: boxes to logits of classes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.locator, self.reader = Locator(), Reader()
        channels_last(self)

    @torch.no_grad()
    def find(self, x: Tensor) -> DigitsFound:
        """Finds and names the digits of clips.

        Args:
            x: clips in [0, 1], with shape (B, T, 3, 64, 64), on any device.

        Raises:
            ClipError: if the shape is another.
        """
        if x.ndim != 5 or tuple(x.shape[2:]) != (3, FRAME_SIDE, FRAME_SIDE):
            raise ClipError(
                f"A batch of clips has shape {tuple(x.shape)}: the judge of SM-MNIST needs "
                f"(B, T, 3, {FRAME_SIDE}, {FRAME_SIDE})."
            )
        return DigitsFound.cat([self._find(part) for part in x.split(DIGIT_CLIPS_AT_ONCE)])

    def _find(self, x: Tensor) -> DigitsFound:
        grey = x.to(next(self.parameters()).device).float().mean(2)
        places = find_peaks(self.locator(grey.flatten(0, 1).unsqueeze(1)), DIGITS)
        places = places.unflatten(0, grey.shape[:2])
        places = reorder(places, track(places))
        boxes = crop_boxes(grey.flatten(0, 1), places.flatten(0, 1)).flatten(0, 1).unsqueeze(1)
        named = self.reader(boxes).log_softmax(-1).unflatten(0, tuple(places.shape[:3]))
        return DigitsFound(places.cpu() + CENTRE, named.cpu())

    def save(self, folder: Path) -> None:
        """Writes `model.safetensors` to a folder."""
        with atomic(folder / WEIGHTS_FILE) as path:
            path.write_bytes(pack(self.state_dict()))

    @classmethod
    def load(cls, folder: Path) -> DigitsJudge:
        """Reads a trained judge, with its batch norms folded into the convolutions.

        Raises:
            CheckpointError: if the file is missing, unreadable, or holds something else.
        """
        return load_folded(cls(), folder, f"{TRAINED_BY} --dataset moving_mnist")


def crop_boxes(grey: Tensor, places: Tensor) -> Tensor:
    """Cuts the box at each place, rounded to whole pixels, out of a frame.

    Args:
        grey: frames (N, 64, 64).
        places: offsets (x, y) with shape (N, K, 2), each in [0, 32].

    Returns:
        With shape (N, K, 32, 32).
    """
    x, y = places.round().long().clamp(0, FRAME_SIDE - BOX_SIDE).unbind(-1)
    step = torch.arange(BOX_SIDE, device=grey.device)
    rows, columns = y[..., None] + step, x[..., None] + step
    frame = torch.arange(len(grey), device=grey.device)[:, None, None, None]
    return grey[frame, rows[..., :, None], columns[..., None, :]]
