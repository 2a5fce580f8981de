"""Clips that are saved as files, read again."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest

from rwae.errors import ClipError
from rwae.files import video
from rwae.files.video import writing

COLOURS = 40


@pytest.fixture
def clip() -> np.ndarray:
    """A few colours in blocks, which move: bytes (5, 24, 24, 3)."""
    rng = np.random.default_rng(1)
    palette = rng.integers(0, 256, (COLOURS, 3), np.uint8)
    blocks = palette[rng.integers(0, COLOURS, (6, 6))].repeat(4, 0).repeat(4, 1)
    return np.stack([np.roll(blocks, 4 * t, 1) for t in range(5)])


@pytest.mark.parametrize("fps", [2, 8, 11, 30])
def test_a_gif_of_few_colours_is_exact_and_keeps_the_pace(clip: np.ndarray, fps: int) -> None:
    data = video.encode_gif(clip, fps=fps, scale=2)
    assert np.array_equal(video.read_clip(data), clip.repeat(2, 1).repeat(2, 2))
    _, read = cv2.imdecodeanimation(np.frombuffer(data, np.uint8))
    assert read.loop_count == 0, "0 means for ever"
    assert sum(read.durations) == pytest.approx(1000 * len(clip) / fps, abs=5)


def test_a_gif_of_many_colours_is_close() -> None:
    rows, columns = np.mgrid[:64, :64] * 4
    frame = np.stack([rows, columns, (rows + columns) // 2], -1).astype(np.uint8)
    clip = np.stack([frame, frame[::-1]])
    error = np.abs(video.read_clip(video.encode_gif(clip, scale=1)).astype(int) - clip)
    assert error.mean() < 8, "256 colours cannot show 4,096"


@pytest.mark.parametrize("kind", ["webm", "mp4"])
def test_a_video_has_the_frames_and_nearly_the_colours(clip: np.ndarray, kind: str) -> None:
    data = video.encode_video(clip, kind, fps=8, scale=8)
    read, large = video.read_clip(data), clip.repeat(8, 1).repeat(8, 2)
    assert read.shape == large.shape
    assert np.abs(read.astype(int) - large).mean() < 5
    later = np.abs(np.roll(read, 1, 0).astype(int) - large).mean()
    assert later > 40, "the frames are in order"


def test_a_video_of_odd_size_gets_one_more_row_and_column(clip: np.ndarray) -> None:
    odd = clip[:, :23, :21]
    read = video.read_clip(video.encode_video(odd, "webm", scale=1))
    assert read.shape == (5, 24, 22, 3)


def test_one_frame_is_enough_and_a_bad_folder_is_told(clip: np.ndarray, tmp_path: Path) -> None:
    assert video.encode_gif(clip[:1]).startswith(b"GIF89a")
    assert len(video.encode_video(clip[:1], "webm")) > 100
    with pytest.raises(ClipError, match="check the folder"):
        video.write_clip(tmp_path / "missing" / "clip.gif", clip)


def test_no_file_stays(clip: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    video.encode_gif(clip)
    video.encode_video(clip, "webm")
    with pytest.raises(ClipError, match="makes no video"):
        video.encode_video(clip, "mp4", fps=-1)
    assert list(tmp_path.iterdir()) == []


@contextmanager
def room(size: int) -> Iterator[None]:
    """Files can have at most so many bytes, as on a disk that is nearly full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("kind", ["webm", "mp4"])
def test_a_video_is_whole_or_an_error_whatever_room_the_disk_has(
    clip: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    whole = video.encode_video(clip, kind)
    for size in (0, 100, len(whole) // 2, len(whole) - 200, len(whole) - 1):
        with room(size), pytest.raises(ClipError, match=r"not be written whole|makes no video"):
            video.encode_video(clip, kind)
        assert list(tmp_path.iterdir()) == []
    with room(2 * len(whole) + 2**16):
        assert len(video.encode_video(clip, kind)) == len(whole)


def test_a_video_that_lacks_a_frame_is_an_error(
    clip: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the disk was full for a moment."""
    write = writing._write_video
    monkeypatch.setattr(
        writing, "_write_video", lambda path, frames, *how: write(path, frames[:-1], *how)
    )
    with pytest.raises(ClipError, match="not be written whole"):
        video.encode_video(clip, "webm")


def test_without_a_temporary_folder_a_video_is_an_error_in_words(
    clip: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    with pytest.raises(ClipError, match="not be written whole"):
        video.encode_video(clip, "webm")


def test_a_saved_file_stays_until_the_new_one_is_whole(clip: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "clip.gif"
    video.write_clip(path, clip[:2])
    before = path.read_bytes()
    with room(100), pytest.raises(ClipError, match="check the folder"):
        video.write_clip(path, clip)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["clip.gif"]


def test_a_transparent_picture_stays_transparent() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (8, 12, 4), np.uint8)
    data = np.frombuffer(video.encode_image(picture, "png"), np.uint8)
    read = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    assert np.array_equal(cv2.cvtColor(read, cv2.COLOR_BGRA2RGBA), picture)
