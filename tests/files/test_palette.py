"""The colours of a clip, and clips brought back to them."""

import numpy as np
import pytest

from rwae.errors import ClipError
from rwae.files.palette import exact_share, palette_of, snap


def _noise(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def test_a_palette_holds_each_colour_once_in_order() -> None:
    frames = np.zeros((2, 2, 2, 3), np.uint8)
    frames[0, 0, 0] = 255, 0, 7
    frames[1, 1] = 0, 3, 255
    assert palette_of(frames).tolist() == [[0, 0, 0], [0, 3, 255], [255, 0, 7]]


def test_a_clip_of_too_many_colours_has_no_palette() -> None:
    ramp = np.zeros((1, 1, 256, 3), np.uint8)
    ramp[0, 0, :, 1] = np.arange(256)
    assert len(palette_of(ramp)) == 256
    assert palette_of(ramp, most=255) is None


def test_every_pixel_takes_the_nearest_colour() -> None:
    frames, palette = _noise((2, 9, 7, 3)), _noise((40, 3), seed=1)
    distances = ((frames[..., None, :].astype(int) - palette.astype(int)) ** 2).sum(-1)
    np.testing.assert_array_equal(snap(frames, palette), palette[distances.argmin(-1)])


def test_noise_smaller_than_half_the_distance_of_colours_is_undone() -> None:
    palette = np.array([[0, 0, 0], [90, 40, 20], [200, 200, 180]], np.uint8)
    true = palette[_noise((3, 8, 8)) % 3]
    drawn = np.clip(true.astype(int) + _noise(true.shape, seed=2) % 21 - 10, 0, 255)
    snapped = snap(drawn.astype(np.uint8), palette)
    np.testing.assert_array_equal(snapped, true)
    assert exact_share(snapped, true, true.any(-1)) == 1


@pytest.mark.parametrize("shape", [(0, 3), (257, 3), (4, 4), (3,)])
def test_a_palette_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ClipError):
        snap(_noise((1, 2, 2, 3)), np.zeros(shape, np.uint8))


def test_the_exact_share_counts_the_foreground_only() -> None:
    a = np.zeros((1, 1, 4, 3), np.uint8)
    b = a.copy()
    b[0, 0, 1:, 2] = 1
    foreground = np.array([[[True, True, False, False]]])
    assert exact_share(a, b, foreground) == 0.5
