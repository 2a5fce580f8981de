"""Pictures and clips out of files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from rwae import filmstrip
from rwae.errors import ClipError, DataError

MAX_SIDE = 4096  # pixels, of a frame in a file
MAX_FRAMES = 300  # about ten seconds of video
KEPT_SIDE = 512  # pixels; larger frames are shrunk while they are read, to bound the memory
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"BM")


def read_image(path: Path) -> np.ndarray:
    """Reads a picture of 8 or 16 bits as RGBA bytes, with shape (H, W, 4).

    Raises:
        DataError: if the file is missing or is no picture that OpenCV can read.
    """
    try:
        image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED) if path.is_file() else None
    except cv2.error:  # more pixels than OpenCV may read
        image = None
    if image is None:
        raise DataError(f"The file {path} is missing or is no readable picture: fetch it again.")
    if image.dtype == np.uint16:
        image = (image // 257).astype(np.uint8)
    if image.ndim == 2:
        return cv2.cvtColor(image, cv2.COLOR_GRAY2RGBA)
    code = cv2.COLOR_BGRA2RGBA if image.shape[2] == 4 else cv2.COLOR_BGR2RGBA
    return cv2.cvtColor(image, code)


def read_frames(paths: Sequence[Path]) -> np.ndarray:
    """Reads a clip that was saved as one picture for each frame: RGB bytes (N, H, W, 3).

    Transparent pixels become black, and frames beyond `KEPT_SIDE` pixels are shrunk.

    Raises:
        DataError: if a file is missing or unreadable, or a picture has another size than the
            first; the message names it.
    """
    frames: list[np.ndarray] = []
    for path in paths:
        frame = _shrink(_opaque(read_image(path)))
        if frames and frame.shape != frames[0].shape:
            raise DataError(
                f"The frame {path} has another size than {paths[0].name}: save all frames of a "
                "clip in one size."
            )
        frames.append(frame)
    return np.stack(frames)


def read_clip(path: Path, *, most: int | None = None) -> np.ndarray:
    """Reads a clip as RGB bytes, with shape (N, H, W, 3).

    The content decides, not the name: PNG, JPEG and BMP files are image strips, everything else
    is offered to FFmpeg as a video or GIF. Rotation marks are applied; transparent pixels of a
    strip become black. Frames beyond `KEPT_SIDE` pixels are shrunk.

    Args:
        path: the file.
        most: frames that a clip may have; `MAX_FRAMES` by default.

    Raises:
        ClipError: if the file is missing, unreadable, has fewer than two frames, more than
            `most`, or frames larger than `MAX_SIDE`.
    """
    most = most or MAX_FRAMES
    if not path.is_file():
        raise ClipError(f"There is no file {path.name}: name a video, a GIF or an image strip.")
    with open(path, "rb") as file:
        start = file.read(16)
    frames = _read_strip(path) if start.startswith(_PICTURES) else _read_video(path, most)
    if len(frames) > most:
        raise _too_long(most)
    if len(frames) < 2:
        raise ClipError(
            "The file holds a single frame: a clip needs at least two. Choose a video, an "
            "animated GIF, or a picture with square frames side by side."
        )
    return frames


def _read_strip(path: Path) -> np.ndarray:
    try:
        image = read_image(path)
    except DataError as error:
        raise ClipError("The picture is damaged or too large: save it again as PNG.") from error
    frames = filmstrip.cut(_opaque(image))
    _check_size(frames.shape[2], frames.shape[1])
    return np.stack([_shrink(frame) for frame in frames])


def _opaque(image: np.ndarray) -> np.ndarray:
    """Puts RGBA bytes (H, W, 4) on black: RGB bytes (H, W, 3)."""
    colour, alpha = image[..., :3].astype(np.uint16), image[..., 3:].astype(np.uint16)
    return ((colour * alpha + 127) // 255).astype(np.uint8)


def _read_video(path: Path, most: int) -> np.ndarray:
    # An absolute path, so that a name like "http:clip" is never taken for an address.
    video = cv2.VideoCapture(str(path.resolve()), cv2.CAP_FFMPEG)
    try:
        if not video.isOpened():
            raise ClipError(
                "The file is no video that can be read: save it as MP4, WebM, AVI or GIF."
            )
        _check_size(video.get(cv2.CAP_PROP_FRAME_WIDTH), video.get(cv2.CAP_PROP_FRAME_HEIGHT))
        frames: list[np.ndarray] = []
        while (grabbed := video.read())[0]:
            if len(frames) == most:
                raise _too_long(most)
            _check_size(grabbed[1].shape[1], grabbed[1].shape[0])
            frames.append(cv2.cvtColor(_shrink(grabbed[1]), cv2.COLOR_BGR2RGB))
    except cv2.error as error:
        raise ClipError("The video is damaged: save it again, for example as MP4.") from error
    finally:
        video.release()
    if not frames or any(frame.shape != frames[0].shape for frame in frames):
        raise ClipError("The video has no frames of one size: save it again, for example as MP4.")
    return np.stack(frames)


def _check_size(width: float, height: float) -> None:
    if not 1 <= width <= MAX_SIDE or not 1 <= height <= MAX_SIDE:
        raise ClipError(
            f"The frames have {width:.0f} x {height:.0f} pixels: they need between 1 and "
            f"{MAX_SIDE} on each side. Save the clip in a smaller size."
        )


def _too_long(most: int) -> ClipError:
    return ClipError(f"The clip has more than {most} frames: cut it to the part you want.")


def _shrink(frame: np.ndarray) -> np.ndarray:
    """Shrinks a frame (H, W, C) until neither side exceeds `KEPT_SIDE`."""
    height, width = frame.shape[:2]
    scale = KEPT_SIDE / max(height, width)
    if scale >= 1:
        return frame
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
