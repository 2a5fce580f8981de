"""Clips in memory and clips that are made on demand have one interface."""

import numpy as np
import pytest
import torch

from rwae.codes import Factor
from rwae.data.clips import Clips, ClipSource
from rwae.data.moving_mnist import MovingDigits

IMAGES = np.full((20, 28, 28), 255, np.uint8)


def in_memory() -> Clips:
    frames = torch.randint(256, (6, 15, 3, 64, 64), dtype=torch.uint8)
    return Clips(frames, torch.zeros(6, 1, dtype=torch.long), (Factor("one", ("a",), True),))


@pytest.mark.parametrize(
    "clips", [in_memory(), MovingDigits(IMAGES, np.arange(20) % 10, count=6, stream=0)]
)
def test_every_source_has_the_interface_that_training_needs(clips: ClipSource) -> None:
    assert len(clips) == 6
    assert clips.shape == (15, 3, 64, 64)
    assert clips.labels.shape == (6, len(clips.factors))
    x = clips.to("cpu").batch(torch.tensor([4, 1]))
    assert x.shape == (2, *clips.shape)
    assert x.dtype == torch.float32
    assert 0 <= x.min() < x.max() == pytest.approx(1, abs=0.01)
    assert torch.equal(x, clips.batch(torch.tensor([4, 1])))
