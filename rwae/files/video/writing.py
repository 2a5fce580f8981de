"""Writes pictures and clips to files, and encodes them as bytes."""

from __future__ import annotations

import tempfile
import textwrap
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from torch import Tensor

from rwae.errors import ClipError
from rwae.files import filmstrip
from rwae.files.checkpoint import atomic

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

_ANIMATIONS = {
    "gif": (".gif", _GIF),
    "webp": (".webp", [cv2.IMWRITE_WEBP_QUALITY, 101]),  # lossless
    "apng": (".png", []),
}

# OpenCV's FFmpeg can write VP9 into both containers, and browsers play it. It has no encoder for
# H.264, and no browser plays its default, MPEG-4. For each WebM it prints a warning that the
# container knows no such tag, and still writes the right file.
_VIDEOS = {"webm": "VP90", "mp4": "vp09"}

_MIN_ROOM = 2**16  # bytes that are free on the disk beside a video that is written
_NOT_WHOLE = "The video could not be written whole: try again later, or take the GIF."

_LETTER_WIDTH, _LINE_HEIGHT = 9, 20  # pixels of a title over a clip


def write_clip(
    path: str | Path, clip: np.ndarray | Tensor, *, fps: float = 8, scale: int = 4
) -> None:
    """Writes a clip to a file that `read_clip` reads.

    A file that exists is replaced when the new one is whole, and stays as it is on an error.

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
    problem = ClipError(f"The file {path} could not be written: check the folder and the disk.")
    if not path.parent.is_dir():
        raise problem
    try:
        with atomic(path) as unfinished:
            unfinished.write_bytes(data)
    except OSError as error:
        raise problem from error


def encode_image(image: np.ndarray, kind: str, quality: int | None = None) -> bytes:
    """Encodes RGB or RGBA bytes (H, W, 3 or 4) as a "png", exact, or RGB as a "jpeg", much faster.

    Raises:
        ClipError: if the picture is too large for its kind.
    """
    order = cv2.COLOR_RGBA2BGRA if image.shape[2] == 4 else cv2.COLOR_RGB2BGR
    parameters = _PARAMETERS[kind]
    if quality is not None:
        parameters = [*parameters, cv2.IMWRITE_JPEG_QUALITY, quality]  # the last one counts
    done, data = cv2.imencode(_EXTENSIONS[kind], cv2.cvtColor(image, order), parameters)
    if not done:
        raise ClipError(f"A picture of {image.shape[1]} x {image.shape[0]} pixels is too large.")
    return data.tobytes()


def encode_gif(clip: np.ndarray, *, fps: float = 8, scale: int = 4) -> bytes:
    """Encodes a clip as a GIF that loops for ever; see `encode_animation`."""
    return encode_animation(clip, "gif", fps=fps, scale=scale)


def encode_animation(clip: np.ndarray, kind: str, *, fps: float = 8, scale: int = 4) -> bytes:
    """Encodes a clip as an animated picture that loops for ever, and reads it back to be sure.

    Args:
        clip: RGB or RGBA bytes with shape (T, H, W, 3 or 4).
        kind: "gif", of at most 256 colours for each frame and pixels that are opaque or
            transparent; "webp" or "apng", exact.
        fps: frames a second. A GIF counts hundredths of a second, so a single frame may be shown
            half a hundredth too long or too short; the whole clip has the right length.
        scale: whole factor by which the frames are enlarged, with hard edges.

    Raises:
        ClipError: if the encoder refuses the clip, or what it wrote has other frames.
    """
    ending, parameters = _ANIMATIONS[kind]
    animation = cv2.Animation()
    animation.frames = list(_enlarged(clip, scale))
    unit = 100 if kind == "gif" else 1000  # parts of a second that the format counts
    ends = (np.arange(len(clip) + 1) * unit / fps).round()
    animation.durations = (1000 // unit * np.diff(ends)).astype(int).tolist()
    done, data = cv2.imencodeanimation(ending, animation, parameters)
    # A picture that does not move, such as a frozen clip, may be stored as fewer frames.
    if not done or not 1 <= len(cv2.imdecodeanimation(data)[1].frames) <= len(clip):
        raise ClipError(f"A clip of {len(clip)} frames of {_size(clip)} pixels makes no {kind}.")
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
        ClipError: if the encoder refuses the clip, or there is no room for the file.
    """
    frames = _enlarged(clip, scale)
    odd = frames.shape[1] % 2, frames.shape[2] % 2
    frames = np.pad(frames, ((0, 0), (0, odd[0]), (0, odd[1]), (0, 0)), "edge")
    # OpenCV writes videos to named files only, so the bytes go through a temporary file.
    try:
        with tempfile.TemporaryDirectory(prefix="rwae-", ignore_cleanup_errors=True) as folder:
            path = Path(folder) / f"clip.{kind}"
            if not _write_video(path, frames, kind, fps):
                raise ClipError(
                    f"A clip of {len(clip)} frames of {_size(clip)} pixels makes no video here: "
                    "take the GIF."
                )
            data = path.read_bytes()
            # OpenCV does not say that the disk was full. If it was, this fails as well.
            with path.open("ab") as file:
                file.write(bytes(_MIN_ROOM))
            complete = _count_frames(path) == len(frames)
    except OSError as error:
        raise ClipError(_NOT_WHOLE) from error
    if not complete:
        raise ClipError(_NOT_WHOLE)
    return data


def _write_video(path: Path, frames: np.ndarray, kind: str, fps: float) -> bool:
    """Writes BGR frames as a video; whether its encoder takes them."""
    code = cv2.VideoWriter.fourcc(*_VIDEOS[kind])
    video = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, code, fps, frames.shape[2:0:-1])
    try:
        if not video.isOpened():
            return False
        for frame in frames:
            video.write(frame)
        return True
    finally:
        video.release()


def _count_frames(path: Path) -> int:
    """The number of frames that can be read of a video of our own."""
    video = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    try:
        count = 0
        while video.grab():
            count += 1
        return count
    finally:
        video.release()


def _enlarged(clip: np.ndarray, scale: int) -> np.ndarray:
    """RGB or RGBA bytes (T, H, W, C) as BGR or BGRA bytes (T, scale * H, scale * W, C)."""
    order = [2, 1, 0, 3][: clip.shape[-1]]
    return clip[..., order].repeat(scale, 1).repeat(scale, 2)


def _size(clip: np.ndarray) -> str:
    return f"{clip.shape[2]} x {clip.shape[1]}"


def with_titles(clips: Sequence[np.ndarray], titles: Sequence[str]) -> list[np.ndarray]:
    """Puts a title over each of several clips, in bands of one height.

    Args:
        clips: RGB or RGBA bytes with shape (T, H, W, 3 or 4).
        titles: one for each clip; a long one takes several lines.

    Returns:
        The clips with shape (T, H + the height of the bands, W, 3 or 4).
    """
    letters = max(8, min(clip.shape[2] for clip in clips) // _LETTER_WIDTH)
    lines = [textwrap.wrap(title, letters) for title in titles]
    height = _LINE_HEIGHT * max(map(len, lines)) + _LINE_HEIGHT // 2
    titled = []
    for clip, words in zip(clips, lines, strict=True):
        band = np.zeros((height, *clip.shape[2:]), np.uint8)
        band[..., 3:] = 255
        white = (255,) * band.shape[-1]
        for n, line in enumerate(words, 1):
            place = (4, n * _LINE_HEIGHT - _LINE_HEIGHT // 4)
            cv2.putText(band, line, place, cv2.FONT_HERSHEY_SIMPLEX, 0.45, white)
        bands = np.broadcast_to(band, (len(clip), *band.shape))
        titled.append(np.concatenate([bands, clip], 1))
    return titled
