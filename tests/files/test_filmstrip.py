"""Clips as pictures, and back."""

import numpy as np
import torch

from rwae.files import filmstrip


def test_a_sheet_has_a_row_for_each_clip_and_a_column_for_each_frame() -> None:
    clips = np.random.default_rng(0).integers(0, 255, (3, 4, 5, 6, 3), np.uint8)
    sheet = filmstrip.sheet(clips)
    assert sheet.shape == (15, 24, 3)
    assert np.array_equal(sheet[5:10, 12:18], clips[1, 2])


def test_to_bytes_rounds_and_puts_the_colours_last() -> None:
    x = torch.zeros(1, 2, 3, 4, 5)
    x[0, 1, 2] = 0.5
    x[0, 0, 0] = 1.2
    clips = filmstrip.to_bytes(x)
    assert clips.shape == (1, 2, 4, 5, 3)
    assert clips.dtype == np.uint8
    assert (clips[0, 1, ..., 2] == 128).all()
    assert (clips[0, 0, ..., 0] == 255).all()
