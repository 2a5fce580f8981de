"""Pictures and clips in and out of files."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from clip_files import movie, square

from rwae.errors import ClipError, DataError
from rwae.files import filmstrip, video
from rwae.files.video import reading

SIDE = 32


@pytest.fixture
def clip() -> np.ndarray:
    return square(6, SIDE, SIDE)


def strip(path: Path, clip: np.ndarray) -> Path:
    path.write_bytes(video.encode_image(filmstrip.sheet(clip[None]), "png"))
    return path


def test_a_strip_comes_back_exact_whatever_its_name(tmp_path: Path, clip: np.ndarray) -> None:
    assert np.array_equal(video.read_clip(strip(tmp_path / "clip.mp4", clip)), clip)


def test_transparent_pixels_of_a_strip_become_black(tmp_path: Path) -> None:
    picture = np.full((8, 16, 4), 200, np.uint8)
    picture[..., 3] = 0
    picture[:, 8:, 3] = 255
    cv2.imwrite(str(tmp_path / "a.png"), picture)
    frames = video.read_clip(tmp_path / "a.png")
    assert (frames[0] == 0).all()
    assert (frames[1] == 200).all()


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_picture_of_sixteen_bits_keeps_its_colours(tmp_path: Path, channels: int) -> None:
    picture = np.full((8, 16, channels), 200 * 257, np.uint16)
    picture[..., 3:] = 65535
    cv2.imwrite(str(tmp_path / "a.png"), picture)
    frames = video.read_clip(tmp_path / "a.png")
    assert frames.dtype == np.uint8
    assert (frames == 200).all()


def test_a_gif_keeps_its_frames(tmp_path: Path, clip: np.ndarray) -> None:
    video.write_clip(tmp_path / "a.gif", clip, scale=2)
    frames = video.read_clip(tmp_path / "a.gif")
    assert frames.shape == (6, 2 * SIDE, 2 * SIDE, 3)
    assert np.abs(frames[:, ::2, ::2].astype(int) - clip).mean() < 4


@pytest.mark.parametrize("ending", [".gif", ".webm", ".png"])
def test_a_written_clip_is_read_again_also_from_frames(
    tmp_path: Path, clip: np.ndarray, ending: str
) -> None:
    frames = video.to_frames(clip, len(clip), SIDE)
    for given in (clip, frames):
        video.write_clip(tmp_path / f"a{ending}", given, scale=2)
        read = video.to_frames(video.read_clip(tmp_path / f"a{ending}"), len(clip), SIDE)
        assert (read - frames).abs().mean() < (1e-6 if ending == ".png" else 0.02)


def test_what_is_no_clip_or_has_another_ending_is_not_written(
    tmp_path: Path, clip: np.ndarray
) -> None:
    with pytest.raises(ClipError, match="needs to be one clip"):
        video.write_clip(tmp_path / "a.gif", video.to_frames(clip, 2, SIDE)[None])
    with pytest.raises(ClipError, match="needs to end in"):
        video.write_clip(tmp_path / "a.bmp", clip)
    assert not list(tmp_path.iterdir())


def test_pictures_one_a_frame_are_a_clip_if_all_have_one_size(
    tmp_path: Path, clip: np.ndarray
) -> None:
    paths = [tmp_path / f"{number}.png" for number in range(len(clip))]
    for path, frame in zip(paths, clip, strict=True):
        path.write_bytes(video.encode_image(frame, "png"))
    assert np.array_equal(video.read_frames(paths), clip)
    paths[3].write_bytes(video.encode_image(clip[3, 1:], "png"))
    with pytest.raises(DataError, match=r"3\.png has another size than 0\.png"):
        video.read_frames(paths)
    paths[3].write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"3\.png is missing or is no readable picture"):
        video.read_frames(paths)


def test_too_many_frames_too_few_and_too_large_are_refused(
    tmp_path: Path, clip: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ClipError, match="single frame"):
        video.read_clip(strip(tmp_path / "one.png", clip[:1]))
    assert len(video.read_clip(strip(tmp_path / "six.png", clip), max_frames=6)) == 6
    with pytest.raises(ClipError, match="more than 5 frames"):
        video.read_clip(movie(tmp_path / "six.avi", clip), max_frames=5)
    monkeypatch.setattr(reading, "MAX_READ_FRAMES", 4)
    for path in (strip(tmp_path / "a.png", clip), movie(tmp_path / "a.avi", clip)):
        with pytest.raises(ClipError, match="more than 4 frames"):
            video.read_clip(path)


def test_large_frames_are_shrunk_while_they_are_read(tmp_path: Path) -> None:
    frames = video.read_clip(movie(tmp_path / "a.avi", np.zeros((3, 600, 1200, 3), np.uint8)))
    assert frames.shape == (3, 256, 512, 3)


def test_frames_are_chosen_evenly_and_cropped_to_the_middle(clip: np.ndarray) -> None:
    wide = np.pad(clip, ((0, 0), (0, 0), (5, 5), (0, 0)), constant_values=99)
    x = video.to_frames(wide, 3, SIDE)
    assert x.shape == (3, 3, SIDE, SIDE)
    expected = torch.from_numpy(clip[[0, 2, 5]]).movedim(-1, 1) / 255
    assert torch.allclose(x, expected, atol=1e-6)


def test_enlarged_pixel_art_comes_back_exact(clip: np.ndarray) -> None:
    expected = video.to_frames(clip, 6, SIDE)
    larger = clip.repeat(5, 1).repeat(5, 2)
    smaller = clip[:, ::2, ::2]
    assert torch.equal(video.to_frames(larger, 6, SIDE), expected)
    assert torch.equal(video.to_frames(smaller.repeat(2, 1).repeat(2, 2), 6, SIDE),
                       video.to_frames(smaller, 6, SIDE))  # fmt: skip


def test_a_short_clip_says_how_many_frames_are_needed(clip: np.ndarray) -> None:
    with pytest.raises(ClipError, match="has 3 frames, the model needs 8"):
        video.to_frames(clip[:3], 8, SIDE)


def test_png_is_exact_and_jpeg_is_close(clip: np.ndarray) -> None:
    sheet = filmstrip.sheet(clip[None])
    decoded = {
        kind: cv2.imdecode(np.frombuffer(video.encode_image(sheet, kind), np.uint8), 1)[..., ::-1]
        for kind in ("png", "jpeg")
    }
    assert np.array_equal(decoded["png"], sheet)
    assert np.abs(decoded["jpeg"].astype(int) - sheet).mean() < 2
