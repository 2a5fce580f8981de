"""Clips as pictures, and back."""

import numpy as np
import pytest
import torch

from rwae.errors import ClipError
from rwae.files import filmstrip


def test_a_sheet_has_a_row_for_each_clip_and_a_column_for_each_frame() -> None:
    clips = np.random.default_rng(0).integers(0, 255, (3, 4, 5, 6, 3), np.uint8)
    sheet = filmstrip.sheet(clips)
    assert sheet.shape == (15, 24, 3)
    assert np.array_equal(sheet[5:10, 12:18], clips[1, 2])


def test_cutting_a_strip_is_the_inverse_of_laying_it_out() -> None:
    clip = np.random.default_rng(1).integers(0, 255, (7, 8, 8, 3), np.uint8)
    assert np.array_equal(filmstrip.cut(filmstrip.sheet(clip[None])), clip)


def test_a_strip_that_is_no_row_of_squares_is_refused() -> None:
    with pytest.raises(ClipError, match="20 x 8"):
        filmstrip.cut(np.zeros((8, 20, 3), np.uint8))


def test_to_bytes_rounds_and_puts_the_colours_last() -> None:
    x = torch.zeros(1, 2, 3, 4, 5)
    x[0, 1, 2] = 0.5
    x[0, 0, 0] = 1.2
    clips = filmstrip.to_bytes(x)
    assert clips.shape == (1, 2, 4, 5, 3)
    assert clips.dtype == np.uint8
    assert (clips[0, 1, ..., 2] == 128).all()
    assert (clips[0, 0, ..., 0] == 255).all()
