"""Writes pictures and clips to files, and encodes them as bytes."""

from __future__ import annotations

import tempfile
from pathlib import Path

import cv2
import numpy as np
from torch import Tensor

from rwae.errors import ClipError
from rwae.files import filmstrip

_EXTENSIONS = {"png": ".png", "jpeg": ".jpg"}
_PARAMETERS = {
    "png": [cv2.IMWRITE_PNG_COMPRESSION, 4],
    # 4:4:4 keeps the colours of single pixels, which the usual 4:2:0 smears over four.
    "jpeg": [
        cv2.IMWRITE_JPEG_QUALITY, 92,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    ],
}  # fmt: skip

# The finest setting of the encoder: a palette of 256 colours for each frame. Its error on decoded
# sprites is a third of that of the default, in files two thirds as large; a frame of at most 255
# colours comes back exact.
_GIF = [
    cv2.IMWRITE_GIF_COLORTABLE, 1,
    cv2.IMWRITE_GIF_QUALITY, cv2.IMWRITE_GIF_COLORTABLE_SIZE_256,
    cv2.IMWRITE_GIF_DITHER, 3,
]  # fmt: skip

# OpenCV's FFmpeg can write VP9 into both containers, and browsers play it. It has no encoder for
# H.264, and no browser plays its default, MPEG-4. For each WebM it prints a warning that the
# container knows no such tag, and still writes the right file.
_VIDEOS = {"webm": "VP90", "mp4": "vp09"}


def write_clip(
    path: str | Path, clip: np.ndarray | Tensor, *, fps: float = 8, scale: int = 4
) -> None:
    """Writes a clip to a file that `read_clip` reads. A file that exists is replaced.

    Args:
        path: ends in .gif, .webm or .mp4, or in .png for an image strip with exact pixels.
        clip: bytes (T, H, W, 3) as of `read_clip`, or frames (T, 3, H, W) in [0, 1] as of
            `to_frames` and of one clip of `decode`.
        fps: frames a second; a strip has none.
        scale: whole factor by which the frames are enlarged, with hard edges.

    Raises:
        ClipError: if the ending or the shape is another, or the file cannot be written.
    """
    path = Path(path)
    frames = filmstrip.to_bytes(clip) if isinstance(clip, Tensor) else clip
    if frames.ndim != 4 or frames.shape[-1] != 3 or frames.dtype != np.uint8:
        raise ClipError(
            f"The clip has shape {tuple(clip.shape)}: it needs to be one clip, frames "
            "(T, 3, H, W) in [0, 1] or bytes (T, H, W, 3). Of a batch, write clips[0]."
        )
    kind = path.suffix.lower().removeprefix(".")
    if kind == "gif":
        data = encode_gif(frames, fps=fps, scale=scale)
    elif kind in _VIDEOS:
        data = encode_video(frames, kind, fps=fps, scale=scale)
    elif kind == "png":
        enlarged = frames.repeat(scale, 1).repeat(scale, 2)
        data = encode_image(filmstrip.sheet(enlarged[None]), "png")
    else:
        raise ClipError(f"The file {path} needs to end in .gif, .webm, .mp4 or .png.")
    try:
        path.write_bytes(data)
    except OSError as error:
        raise ClipError(
            f"The file {path} could not be written: check the folder and the disk."
        ) from error


def encode_image(image: np.ndarray, kind: str) -> bytes:
    """Encodes RGB or RGBA bytes (H, W, 3 or 4) as a "png", exact, or RGB as a "jpeg", much faster.

    Raises:
        ClipError: if the picture is too large for its kind.
    """
    order = cv2.COLOR_RGBA2BGRA if image.shape[2] == 4 else cv2.COLOR_RGB2BGR
    done, data = cv2.imencode(_EXTENSIONS[kind], cv2.cvtColor(image, order), _PARAMETERS[kind])
    if not done:
        raise ClipError(f"A picture of {image.shape[1]} x {image.shape[0]} pixels is too large.")
    return data.tobytes()


def encode_gif(clip: np.ndarray, *, fps: float = 8, scale: int = 4) -> bytes:
    """Encodes a clip of RGB bytes (T, H, W, 3) as a GIF that loops for ever.

    Args:
        clip: the frames.
        fps: frames a second. A GIF counts hundredths of a second, so a single frame may be shown
            half a hundredth too long or too short; the whole clip has the right length.
        scale: whole factor by which the frames are enlarged, with hard edges.

    Raises:
        ClipError: if the encoder refuses the clip.
    """
    animation = cv2.Animation()
    animation.frames = list(_enlarged(clip, scale))
    ends = (np.arange(len(clip) + 1) * 100 / fps).round()
    animation.durations = (10 * np.diff(ends)).astype(int).tolist()
    done, data = cv2.imencodeanimation(".gif", animation, _GIF)
    if not done:
        raise ClipError(f"A clip of {len(clip)} frames of {_size(clip)} pixels makes no GIF.")
    return data.tobytes()


def encode_video(clip: np.ndarray, kind: str, *, fps: float = 8, scale: int = 4) -> bytes:
    """Encodes a clip of RGB bytes (T, H, W, 3) as a VP9 video that browsers play.

    A video stores one colour for every two by two pixels, so enlarged frames keep their colours
    and frames at a scale of 1 lose some. A side with an odd number of pixels gets one more pixel,
    which repeats the last.

    Args:
        clip: the frames.
        kind: the container, "webm" or "mp4".
        fps: frames a second.
        scale: whole factor by which the frames are enlarged, with hard edges.

    Raises:
        ClipError: if the encoder refuses the clip.
    """
    frames = _enlarged(clip, scale)
    odd = frames.shape[1] % 2, frames.shape[2] % 2
    frames = np.pad(frames, ((0, 0), (0, odd[0]), (0, odd[1]), (0, 0)), "edge")
    # OpenCV writes videos to named files only, so the bytes go through a temporary file.
    with tempfile.TemporaryDirectory(prefix="rwae-") as folder:
        path = Path(folder) / f"clip.{kind}"
        code = cv2.VideoWriter.fourcc(*_VIDEOS[kind])
        video = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, code, fps, frames.shape[2:0:-1])
        try:
            if not video.isOpened():
                raise ClipError(
                    f"A clip of {len(clip)} frames of {_size(clip)} pixels makes no video here: "
                    "take the GIF."
                )
            for frame in frames:
                video.write(frame)
        finally:
            video.release()
        return path.read_bytes()


def _enlarged(clip: np.ndarray, scale: int) -> np.ndarray:
    """RGB bytes (T, H, W, 3) as BGR bytes (T, scale * H, scale * W, 3), each pixel repeated."""
    return clip[..., ::-1].repeat(scale, 1).repeat(scale, 2)


def _size(clip: np.ndarray) -> str:
    return f"{clip.shape[2]} x {clip.shape[1]}"
