"""A picture of someone's file, such as a sprite sheet, is read exactly or refused in words."""

import cv2
import numpy as np
import pytest

from rwae.errors import ClipError
from rwae.files import video


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    """Any RGBA bytes, of which a third is transparent and still has colours."""
    pixels = np.random.default_rng(0).integers(0, 256, (192, 128, 4), np.uint8)
    pixels[:64, :, 3] = 0
    return pixels


def test_all_four_channels_come_as_they_are_in_the_file(picture: np.ndarray) -> None:
    png = video.encode_image(picture, "png")
    assert np.array_equal(video.read_picture(png), picture)


def test_grey_and_16_bits_become_rgba_bytes(picture: np.ndarray) -> None:
    grey = picture[..., 0]
    for pixels in (grey, grey.astype(np.uint16) * 257):
        read = video.read_picture(cv2.imencode(".png", pixels)[1].tobytes())
        assert np.array_equal(read[..., :3], grey[..., None].repeat(3, 2))
        assert (read[..., 3] == 255).all()


def test_what_is_damaged_too_large_or_no_still_picture_is_refused(picture: np.ndarray) -> None:
    png = video.encode_image(picture, "png")
    frames = np.ascontiguousarray(picture[:128, :, :3].reshape(2, 64, 128, 3))
    wide = cv2.imencode(".png", np.zeros((64, 8000), np.uint8))[1].tobytes()
    files = {
        "damaged": (png[: len(png) // 2], png[:-20]),
        "no still picture": (b"no picture", b"", video.encode_gif(frames, scale=1)),
        "too large": (wide,),
    }
    for word, contents in files.items():
        for content in contents:
            with pytest.raises(ClipError, match=word):
                video.read_picture(content)
