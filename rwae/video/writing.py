"""Pictures and clips into files."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from rwae.errors import ClipError

_EXTENSIONS = {"png": ".png", "jpeg": ".jpg"}
_PARAMETERS = {
    "png": [cv2.IMWRITE_PNG_COMPRESSION, 4],
    # 4:4:4 keeps the colours of single pixels, which the usual 4:2:0 smears over four.
    "jpeg": [
        cv2.IMWRITE_JPEG_QUALITY,
        92,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    ],
}

# The finest setting of the encoder: a palette of 256 colours for each frame. Its error on decoded
# sprites is a third of that of the default, in files two thirds as large.
_GIF = [
    *(cv2.IMWRITE_GIF_COLORTABLE, 1),
    *(cv2.IMWRITE_GIF_QUALITY, cv2.IMWRITE_GIF_COLORTABLE_SIZE_256),
    *(cv2.IMWRITE_GIF_DITHER, 3),
]


def encode_image(image: np.ndarray, kind: str) -> bytes:
    """Encodes RGB bytes (H, W, 3) as a "png", exact, or as a "jpeg", an order faster to make."""
    done, data = cv2.imencode(
        _EXTENSIONS[kind], cv2.cvtColor(image, cv2.COLOR_RGB2BGR), _PARAMETERS[kind]
    )
    if not done:
        raise ClipError(f"A picture of {image.shape[1]} x {image.shape[0]} pixels is too large.")
    return data.tobytes()


def write_gif(path: Path, clip: np.ndarray, *, fps: int = 8, scale: int = 4) -> None:
    """Writes a clip of RGB bytes (T, H, W, 3) as a GIF that loops for ever.

    Args:
        path: the file, which is replaced if it exists.
        clip: the frames.
        fps: frames a second.
        scale: whole factor by which the frames are enlarged, with hard edges.
    """
    animation = cv2.Animation()
    animation.frames = [
        cv2.cvtColor(frame.repeat(scale, 0).repeat(scale, 1), cv2.COLOR_RGB2BGR) for frame in clip
    ]
    animation.durations = np.full(len(clip), round(1000 / fps), np.int32)
    if not cv2.imwriteanimation(str(path), animation, _GIF):
        raise ClipError(f"The file {path} could not be written: check the folder and the disk.")
