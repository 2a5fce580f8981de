"""Files of many kinds, written by hand where no encoder would write them."""

import struct
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np


def square(frames: int = 6, height: int = 32, width: int = 32) -> np.ndarray:
    """A square that changes place and colour: bytes (frames, height, width, 3)."""
    clip = np.zeros((frames, height, width, 3), np.uint8)
    for n, frame in enumerate(clip):
        frame[8:24, 2 * n : 2 * n + 16] = (250, 40 * n % 250, 10)
    return clip


def greys(count: int, side: int = 16) -> np.ndarray:
    """Frames that tell their own number: the n-th is 10 * n all over, with shape (.., 3)."""
    shades = (10 * np.arange(count)).astype(np.uint8)
    return np.broadcast_to(shades[:, None, None, None], (count, side, side, 3)).copy()


def numbers(clip: np.ndarray) -> list[int]:
    """The numbers of frames that `greys` made."""
    return [round(float(frame.mean()) / 10) for frame in clip]


def movie(path: Path, clip: np.ndarray, code: str = "MJPG") -> Path:
    """A video at 8 frames a second; the name's extension is the container."""
    size = clip.shape[2], clip.shape[1]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*code), 8, size)
    for frame in clip:
        writer.write(frame[..., ::-1])
    writer.release()
    return path


def animation(path: Path, frames: np.ndarray, milliseconds: Sequence[int]) -> Path:
    """A GIF, WebP or PNG that moves, from RGB or RGBA bytes (N, H, W, C)."""
    order = [2, 1, 0, 3][: frames.shape[3]]
    moving = cv2.Animation()
    moving.frames = [np.ascontiguousarray(frame[..., order]) for frame in frames]
    moving.durations = np.array(milliseconds, np.int32)
    exact = {".webp": [cv2.IMWRITE_WEBP_QUALITY, 101]}.get(path.suffix, [])
    assert cv2.imwriteanimation(str(path), moving, exact)
    return path


def _element(name: str, *body: bytes) -> bytes:
    """An element of EBML: its name, its size in eight bytes, and what it holds."""
    data = b"".join(body)
    return bytes.fromhex(name) + struct.pack(">Q", len(data) | 1 << 56) + data


def matroska(path: Path, frames: Sequence[bytes], times: Sequence[int], side: int = 16) -> Path:
    """A Matroska film of JPEG pictures.

    Args:
        path: of the file.
        frames: the pictures, which may be anything.
        times: when they appear, in milliseconds, each within a minute.
        side: width and height that the file claims.
    """
    picture = _element("e0", _element("b0", struct.pack(">I", side)),
                       _element("ba", struct.pack(">I", side)))  # fmt: skip
    track = _element("ae", _element("d7", b"\x01"), _element("73c5", b"\x01"),
                     _element("83", b"\x01"), _element("86", b"V_MJPEG"), picture)  # fmt: skip
    clusters = [
        _element("1f43b675", _element("e7", struct.pack(">I", time)),
                 _element("a3", b"\x81\x00\x00\x80", frame))
        for frame, time in zip(frames, times, strict=True)
    ]  # fmt: skip
    head = _element("1a45dfa3", _element("4282", b"matroska"))
    info = _element("1549a966", _element("2ad7b1", struct.pack(">I", 1_000_000)))
    body = _element("18538067", info, _element("1654ae6b", track), *clusters)
    path.write_bytes(head + body)
    return path


def two_tracks(first: np.ndarray, second: np.ndarray, *flags: bytes) -> bytes:
    """A Matroska of two films with as many frames each, side by side in time.

    Args:
        first: RGB bytes (N, H, W, 3).
        second: the same.
        flags: elements of the first track that say how it is shown.
    """
    height, width = (struct.pack(">I", size) for size in first.shape[1:3])
    picture = _element("e0", _element("b0", width), _element("ba", height))
    tracks = [
        _element("ae", _element("d7", bytes([n])), _element("73c5", bytes([n])),
                 _element("83", b"\x01"), _element("86", b"V_MJPEG"), *extra, picture)
        for n, extra in ((1, flags), (2, ()))
    ]  # fmt: skip
    clusters = [
        _element("1f43b675", _element("e7", struct.pack(">I", 100 * time)),
                 *(_element("a3", bytes([128 + n]) + b"\0\0\x80", jpeg(frame))
                   for n, frame in enumerate(pair, 1)))
        for time, pair in enumerate(zip(first, second, strict=True))
    ]  # fmt: skip
    info = _element("1549a966", _element("2ad7b1", struct.pack(">I", 1_000_000)))
    body = _element("18538067", info, _element("1654ae6b", *tracks), *clusters)
    return _element("1a45dfa3", _element("4282", b"matroska")) + body


def track_flag(name: str, value: int) -> bytes:
    """An element of a track that is a number of one byte."""
    return _element(name, bytes([value]))


def jpeg(frame: np.ndarray) -> bytes:
    """An RGB frame as JPEG."""
    return cv2.imencode(".jpg", frame[..., ::-1])[1].tobytes()


def turned(path: Path) -> Path:
    """Marks an MP4 to be shown a quarter turn clockwise, as a phone does that was held upright."""
    data = bytearray(path.read_bytes())
    matrix = data.index(b"tkhd") + 4 + 40
    data[matrix : matrix + 36] = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    return path


def turned_jpeg(frame: np.ndarray) -> bytes:
    """A JPEG that is marked to be shown a quarter turn clockwise."""
    entry = struct.pack("<HHIHH", 0x112, 3, 1, 6, 0)
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 1) + entry + bytes(4)
    data = jpeg(frame)
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:]


def tiny_gif(frames: int, side: int = 1) -> bytes:
    """A GIF of many frames of one pixel, 23 bytes each."""
    head = b"GIF89a" + struct.pack("<HH", side, side) + b"\x80\0\0" + bytes(3) + b"\xff" * 3
    frame = b"!\xf9\x04\0\n\0\0\0" + b"," + struct.pack("<HHHH", 0, 0, 1, 1) + b"\0\2\2D\1\0"
    return head + frame * frames + b";"


def patched(file: bytes, mark: bytes, after: int, value: bytes) -> bytes:
    """A file in which some bytes after a mark are others."""
    data = bytearray(file)
    at = data.index(mark) + len(mark) + after
    data[at : at + len(value)] = value
    return bytes(data)


def wide_webp(folder: Path, frames: int, side: int = 4096) -> bytes:
    """A WebP of a few kilobytes: each frame of 16 pixels a side is put on one of many."""
    file = animation(folder / "wide.webp", greys(4), [100] * 4).read_bytes()
    data = patched(file, b"VP8X", 8, 2 * (side - 1).to_bytes(3, "little"))
    first = data.index(b"ANMF")
    size = 8 + int.from_bytes(data[first + 4 : first + 8], "little")
    data = data[:first] + frames * data[first : first + size]
    return data[:4] + struct.pack("<I", len(data) - 8) + data[8:]
