"""Reads pictures and clips from files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from rwae.errors import ClipError, DataError
from rwae.files.video.decoder.pixels import JPEG, reading_mode, shrink, to_rgb, to_straight_rgba
from rwae.files.video.decoding import DecoderProcess
from rwae.files.video.footage import Footage

MAX_READ_FRAMES = 300  # about ten seconds of video


def read_clip(
    source: str | Path | bytes,
    *,
    max_frames: int | None = None,
    decoder: DecoderProcess | None = None,
) -> np.ndarray:
    """Reads a clip from anyone's file as RGB bytes, with shape (N, H, W, 3).

    The content decides, not the name. A PNG, JPEG, BMP, WebP or GIF that does not move is an image
    strip: square frames side by side. One that moves gives its frames, and everything else is
    offered to FFmpeg as MP4, MOV, Matroska, WebM or AVI. Rotation marks are applied; transparent
    pixels become black (in a video they are opaque); 16 bits become 8; a file that breaks off
    gives the frames before; frames beyond 512 pixels are shrunk. Where frames are not shown for
    equally long, they are chosen evenly in time, see `evenly_in_time` in
    `rwae.files.video.decoding`. OpenCV decodes wide gamuts and high dynamic range to paler
    colours.

    All decoding is done by another process, see `rwae.files.video.decoding`.

    Args:
        source: the path of a file, or its content.
        max_frames: frames that a clip may have; `MAX_READ_FRAMES` by default.
        decoder: the process that decodes, where many files of one person are read; by default
            one is started for this file alone.

    Raises:
        ClipError: if the file is missing, unreadable, has fewer than two frames, more than
            `max_frames`, or frames of more than 4096 pixels.
    """
    source = _existing(source)
    if decoder is not None:
        return decoder.read(source, max_frames or MAX_READ_FRAMES)
    with DecoderProcess() as process:
        return process.read(source, max_frames or MAX_READ_FRAMES)


def read_footage(
    source: str | Path | bytes, *, first: int | None = None, last: int | None = None
) -> Footage:
    """Reads a file of any length, or a sprite sheet, as someone brings it to a model.

    Of a long file an even part of the frames is kept. Transparency is kept as well. All else is as
    with `read_clip`.

    Args:
        source: the path of a file, or its content.
        first: number of the first frame that is of use, from 0 on; by default that of the file.
        last: number of the last one; by default that of the file.

    Raises:
        ClipError: if the file is missing, unreadable, has fewer than two frames or none between
            the two numbers, or frames of more than 4096 pixels.
    """
    with DecoderProcess() as process:
        return process.read_footage(_existing(source), first, last)


def read_picture(source: str | Path | bytes) -> np.ndarray:
    """Reads a picture of someone's file, such as a sprite sheet, exactly.

    Args:
        source: the path of a file, or its content.

    Returns:
        RGBA bytes with shape (H, W, 4), as they are in the file: also the colours of transparent
        pixels. 16 bits become 8.

    Raises:
        ClipError: if the file is missing, moves or is no picture, is damaged or too large.
    """
    with DecoderProcess() as process:
        return process.read_picture(_existing(source))


def read_image(path: Path) -> np.ndarray:
    """Reads a picture of 8 or 16 bits as RGBA bytes, with shape (H, W, 4).

    It decodes in this process, so it is for pictures of data sets, and never for an upload.

    Raises:
        DataError: if the file is missing or is not a picture that OpenCV can read.
    """
    return to_straight_rgba(_decode(path))


def read_frames(paths: Sequence[Path]) -> np.ndarray:
    """Reads a clip that was saved as one picture for each frame: RGB bytes (N, H, W, 3).

    A camera's rotation mark is applied, transparent pixels become black, and frames beyond 512
    pixels are shrunk. Like `read_image` it
    decodes in this process: for data sets, never for an upload.

    Raises:
        DataError: if a file is missing or unreadable, or a picture has another size than the
            first; the message names it.
    """
    frames: list[np.ndarray] = []
    for path in paths:
        frame = shrink(to_rgb(_decode(path)))
        if frames and frame.shape != frames[0].shape:
            raise DataError(
                f"The frame {path} has another size than {paths[0].name}: save all frames of a "
                "clip in one size."
            )
        frames.append(frame)
    return np.stack(frames)


def _existing(source: str | Path | bytes) -> Path | bytes:
    source = Path(source) if isinstance(source, str) else source
    if isinstance(source, Path) and not source.is_file():
        raise ClipError(f"There is no file {source.name}: name a video, a GIF or an image strip.")
    return source


def _decode(path: Path) -> np.ndarray:
    try:
        with path.open("rb") as file:
            mode = reading_mode(file.read(len(JPEG)))
        image = cv2.imread(str(path), mode)
    except (OSError, cv2.error):  # for OpenCV, more pixels than it may read
        image = None
    if image is None:
        raise DataError(f"The file {path} is missing or is no readable picture: fetch it again.")
    return image
