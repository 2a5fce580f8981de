"""Clips of each kind that people have: read, and read rightly."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from clip_files import (
    animation,
    greys,
    jpeg,
    matroska,
    movie,
    numbers,
    square,
    turned,
    turned_jpeg,
)

from rwae.errors import ClipError
from rwae.files import video
from rwae.files.video.decoding import evenly_in_time


@pytest.mark.parametrize(
    ("name", "code"), [("a.avi", "MJPG"), ("a.mp4", "mp4v"), ("a.mov", "mp4v"), ("a.webm", "VP90")]
)
def test_a_video_keeps_its_frames_and_the_order_of_its_colours(
    tmp_path: Path, name: str, code: str
) -> None:
    clip = square(6, 34, 50)
    frames = video.read_clip(movie(tmp_path / name, clip, code))
    assert frames.shape == clip.shape
    assert np.abs(frames.astype(int) - clip).mean() < 8


@pytest.mark.parametrize("suffix", [".webp", ".png"])
def test_a_picture_that_moves_comes_back_exact_and_transparent_pixels_are_black(
    tmp_path: Path, suffix: str
) -> None:
    clip = square()
    alpha = np.full((*clip.shape[:3], 1), 255, np.uint8)
    alpha[:, :16] = 0
    clip[:, :16] += 5
    path = animation(tmp_path / f"a{suffix}", np.concatenate([clip, alpha], 3), [100] * 6)
    clip[:, :16] = 0
    assert np.array_equal(video.read_clip(path), clip)


def test_transparent_pixels_of_a_gif_are_black(tmp_path: Path) -> None:
    clip = np.full((4, 16, 16, 4), 255, np.uint8)
    for n, frame in enumerate(clip):
        frame[:, : 4 * n] = 0
    frames = video.read_clip(animation(tmp_path / "a.gif", clip, [100] * 4))
    assert [int((frame[8, :, 0] < 128).sum()) for frame in frames] == [0, 4, 8, 12]


def test_a_film_that_was_held_upright_is_turned(tmp_path: Path) -> None:
    clip = np.zeros((4, 32, 48, 3), np.uint8)
    clip[:, :8, :12] = 255  # the upper left corner goes to the upper right
    frames = video.read_clip(turned(movie(tmp_path / "a.mp4", clip, "mp4v")))
    assert frames.shape == (4, 48, 32, 3)
    assert frames[0, 2, 29].min() > 200
    assert frames[0, 2, 2].max() < 50


def test_a_strip_that_a_camera_turned_is_turned_back(tmp_path: Path) -> None:
    strip = np.concatenate(list(greys(4)), 1)  # 16 x 64
    (tmp_path / "a.jpg").write_bytes(turned_jpeg(np.rot90(strip)))
    assert numbers(video.read_clip(tmp_path / "a.jpg")) == [0, 1, 2, 3]


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".webp", ".jpg"])
def test_a_picture_that_does_not_move_is_a_strip(tmp_path: Path, suffix: str) -> None:
    strip = np.concatenate(list(greys(5)), 1)
    assert cv2.imwrite(str(tmp_path / f"a{suffix}"), strip)
    assert numbers(video.read_clip(tmp_path / f"a{suffix}")) == [0, 1, 2, 3, 4]


def test_grey_pictures_have_three_equal_colours(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.concatenate(list(greys(3)), 1)[..., 0])
    frames = video.read_clip(tmp_path / "a.png")
    assert frames.shape == (3, 16, 16, 3)
    assert numbers(frames) == [0, 1, 2]


def test_frames_that_are_shown_for_longer_are_taken_more_often(tmp_path: Path) -> None:
    lasts = [100, 100, 400, 100, 100, 100, 100, 100]
    path = animation(tmp_path / "a.webp", greys(8), lasts)
    # Steps of 1000 / 7 ms, looked at in their middle: at 71, 214, 357, 500, 643, 786, 929 ms.
    assert numbers(video.read_clip(path)) == [0, 2, 2, 2, 3, 4, 6, 7]


def test_a_film_at_a_changing_rate_is_even_afterwards(tmp_path: Path) -> None:
    pictures = [jpeg(frame) for frame in greys(8)]
    even = matroska(tmp_path / "even.mkv", pictures, [0, 33, 67, 100, 133, 167, 200, 233])
    assert numbers(video.read_clip(even)) == list(range(8))
    times = [0, 100, 200, 300, 1000, 1100, 1200, 1400]
    uneven = matroska(tmp_path / "uneven.mkv", pictures, times)
    assert numbers(video.read_clip(uneven)) == [1, 3, 3, 3, 3, 5, 6, 7]


@pytest.mark.parametrize(
    ("times", "taken"),
    [
        ([], []),
        ([5], [0]),
        ([0, 9], [0, 1]),
        ([0, 0, 0], [0, 1, 2]),
        ([0, 20, 10], [0, 1, 2]),
        ([0, float("nan"), 10], [0, 1, 2]),
        ([7, 8, 9, 10], [0, 1, 2, 3]),
        ([0, 1, 100], [1, 1, 2]),
    ],
)
def test_which_frames_are_taken(times: list[float], taken: list[int]) -> None:
    assert evenly_in_time(times).tolist() == taken


@pytest.mark.parametrize(
    ("name", "code"), [("a.avi", "MJPG"), ("a.webm", "VP90"), ("a.gif", "")]
)  # fmt: skip
def test_a_file_that_breaks_off_gives_the_frames_before(
    tmp_path: Path, name: str, code: str
) -> None:
    # Noise makes all frames equally large, so that half a file has about half of them.
    clip = np.random.default_rng(0).integers(0, 255, (10, 32, 32, 3), np.uint8)
    whole = tmp_path / name
    if code:
        movie(whole, clip, code)
    else:
        animation(whole, clip, [100] * 10)
    data = whole.read_bytes()
    frames = video.read_clip(data[: len(data) * 6 // 10])
    assert 2 <= len(frames) < 10
    expected = video.read_clip(data)[: len(frames)]
    assert np.abs(frames[:-1].astype(int) - expected[:-1]).max() < 40


def test_a_file_and_its_bytes_are_the_same_clip(tmp_path: Path) -> None:
    path = movie(tmp_path / "a clip, http:x.avi", square())
    assert np.array_equal(video.read_clip(path), video.read_clip(path.read_bytes()))


def test_one_process_reads_many_files_good_and_bad(tmp_path: Path) -> None:
    path = movie(tmp_path / "a.avi", square())
    with video.DecoderProcess() as decoder:
        for _ in range(2):
            assert len(video.read_clip(path, decoder=decoder)) == 6
            with pytest.raises(ClipError, match="no clip"):
                video.read_clip(b"nothing", decoder=decoder)
            with pytest.raises(ClipError, match="more than 3 frames"):
                video.read_clip(path, max_frames=3, decoder=decoder)
