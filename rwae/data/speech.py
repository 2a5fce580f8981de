"""Speech as clips: log-mel spectrograms, cut into pictures that the 64 x 64 networks can take.

The models of this family (DSVAE, S3VAE, C-DSVAE) call one column of a spectrogram, 10 ms long and
200 numbers high, a frame, and 20 of them a clip. The networks here see square pictures, so a frame
is a patch instead: 64 mel bands high (low at the bottom) and 16 columns of 5 ms wide, each drawn
four pixels wide. Eight frames are 0.64 s of sound. This is ours, and no figure on speech from here
can be set beside a published one without saying so.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

FRAMES = 8
BANDS = 64  # also the height of a frame in pixels
COLUMNS = 16  # of the spectrogram in one frame
WIDTH = BANDS // COLUMNS  # pixels that a column is wide
STEP = 0.005  # seconds from column to column
WINDOW = 0.025  # seconds that a column looks at
LOWEST = 60.0  # Hz, the foot of the first band
FLOOR = -60.0  # dB below the loudest point that are drawn black


def mel(frequency: Tensor) -> Tensor:
    """Hz to mel, 2595 log10(1 + f / 700) (O'Shaughnessy, 1987)."""
    return 2595 * torch.log10(1 + frequency / 700)


def bank(rate: int, bins: int) -> Tensor:
    """Triangles, evenly spaced in mel from LOWEST to half the rate: weights (BANDS, bins).

    Args:
        rate: samples a second.
        bins: frequencies of the spectrum, from 0 to rate / 2.
    """
    ends = mel(torch.tensor([LOWEST, rate / 2]))
    corners = torch.linspace(float(ends[0]), float(ends[1]), BANDS + 2).unsqueeze(1)
    places = mel(torch.linspace(0, rate / 2, bins))
    rise = (places - corners[:-2]) / (corners[1:-1] - corners[:-2])
    fall = (corners[2:] - places) / (corners[2:] - corners[1:-1])
    return torch.minimum(rise, fall).clamp_min(0)


def spectrogram(samples: np.ndarray, rate: int) -> Tensor:
    """Log-mel levels in [0, 1], with shape (BANDS, columns), one column every 5 ms.

    1 is the loudest point of the recording and 0 is 60 dB less, so that the distance to the
    microphone does not show.

    Args:
        samples: in [-1, 1], with shape (N,), N >= 1.
        rate: samples a second.
    """
    step, length = round(STEP * rate), round(WINDOW * rate)
    points = 2 ** math.ceil(math.log2(2 * length))  # fine enough for the lowest bands
    sound = F.pad(torch.from_numpy(samples), (0, max(0, points - len(samples))))
    spectrum = torch.stft(
        sound,
        points,
        step,
        length,
        torch.hann_window(length),
        center=True,
        pad_mode="constant",
        return_complex=True,
    )
    power = bank(rate, points // 2 + 1) @ spectrum.abs().square()
    decibels = 10 * (power.clamp_min(1e-10) / power.max().clamp_min(1e-10)).log10()
    return (1 - decibels / FLOOR).clamp(0, 1)


def pictures(levels: Tensor) -> Tensor:
    """Cuts a spectrogram (BANDS, columns) into clips: bytes (clips, 8, 1, 64, 64).

    What is left at the end fills a clip with silence, if it is the only one, and is dropped
    otherwise.
    """
    long = FRAMES * COLUMNS
    count = max(1, levels.shape[1] // long)
    levels = F.pad(levels, (0, max(0, long - levels.shape[1])))[:, : count * long]
    frames = levels.flip(0).view(BANDS, count, FRAMES, 1, COLUMNS).permute(1, 2, 3, 0, 4)
    return (255 * frames).round().to(torch.uint8).repeat_interleave(WIDTH, -1)


def clips(samples: np.ndarray, rate: int) -> Tensor:
    """The clips of a recording, one after the other, as grey bytes (clips, 8, 1, 64, 64)."""
    return pictures(spectrogram(samples, rate))


def grey(frames: list[Tensor]) -> Tensor:
    """Joins grey clips to RGB ones (N, 8, 3, 64, 64); the three colours share their memory."""
    joined = torch.cat(frames)
    return joined.expand(*joined.shape[:2], 3, *joined.shape[3:])
