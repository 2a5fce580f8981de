"""Files as people bring them: of any length, transparent, or a sprite sheet."""

import os
import subprocess
import sys
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
    tiny_gif,
    track_flag,
    two_tracks,
)

from rwae.errors import ClipError
from rwae.files import filmstrip, video
from rwae.files.video import decoding

CLIPS = Path(__file__).parents[1] / "clips"
HERE = f"import sys; sys.path.insert(0, {str(decoding.PROGRAM)!r})"


def film(folder: Path, count: int) -> Path:
    """A film at 30 frames a second, whose n-th frame is n % 25 times 10 all over."""
    pictures = [jpeg(greys(25)[n % 25]) for n in range(count)]
    return matroska(folder / "a.mkv", pictures, [n * 1000 // 30 for n in range(count)])


def test_a_short_clip_keeps_all_its_frames(tmp_path: Path) -> None:
    footage = video.read_footage(film(tmp_path, 20))
    assert numbers(footage.frames) == list(range(20))
    assert footage.numbers.tolist() == list(range(20))
    assert (footage.count, footage.width, footage.height) == (20, 16, 16)
    assert len(footage.stills) == 16
    assert footage.complete
    assert not footage.is_strip
    assert footage.sheet is None


@pytest.mark.parametrize("count", [129, 360, 1500])
def test_of_a_long_clip_an_even_part_is_kept(tmp_path: Path, count: int) -> None:
    footage = video.read_footage(film(tmp_path, count))
    assert 64 <= len(footage.frames) <= decoding.MAX_KEPT_FRAMES
    assert footage.count == count
    steps = np.diff(footage.numbers)
    assert set(steps) <= {steps[0] - 1, steps[0], steps[0] + 1}
    assert numbers(footage.frames) == [n % 25 for n in footage.numbers]
    assert len(footage.stills) == 16


def test_of_a_part_of_a_long_clip_every_frame_is_kept(tmp_path: Path) -> None:
    footage = video.read_footage(film(tmp_path, 360), first=200, last=230)
    assert footage.numbers.tolist() == list(range(200, 231))
    assert numbers(footage.frames) == [n % 25 for n in range(200, 231)]
    assert footage.count == 360
    assert len(footage.stills) == 16, "of the whole file"
    assert len(video.read_footage(film(tmp_path, 360), first=5, last=5).frames) == 1
    with pytest.raises(ClipError, match="359"):
        video.read_footage(film(tmp_path, 360), first=400)


def test_a_program_still_refuses_what_is_too_long(tmp_path: Path) -> None:
    with pytest.raises(ClipError, match="more than 300"):
        video.read_clip(film(tmp_path, 360))


def test_a_file_that_takes_too_long_is_read_in_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "LEAST_CPU_SECONDS", 1)
    large = np.random.default_rng(0).integers(0, 255, (1, 1200, 1200, 3), np.uint8)[0]
    path = matroska(tmp_path / "a.mkv", [jpeg(large)] * 200, range(0, 20_000, 100), 1200)
    footage = video.read_footage(path)
    assert not footage.complete
    assert 2 <= footage.count < 200


def test_memory_is_bounded_whatever_the_length() -> None:
    program = (
        f"{HERE}; from thinning import Thinned\n"
        "for most in (2, 5, 128):\n"
        " for count in (1, 2, 127, 128, 129, 1000):\n"
        "  thinned = Thinned(most)\n"
        "  for n in range(count):\n"
        "   if thinned.wants(n): thinned.add(n)\n"
        "   assert len(thinned.items) <= most\n"
        "  assert thinned.items == list(range(0, count, thinned.every)), thinned.items\n"
        "  assert count <= most or 2 * len(thinned.items) >= most\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("suffix", [".webp", ".png", ".gif"])
def test_transparency_is_kept_with_colours_as_on_black(tmp_path: Path, suffix: str) -> None:
    clip = square()
    alpha = np.full((*clip.shape[:3], 1), 255, np.uint8)
    alpha[:, :16] = 0
    path = animation(tmp_path / f"a{suffix}", np.concatenate([clip, alpha], 3), [100] * 6)
    footage = video.read_footage(path)
    assert footage.frames.shape == (6, 32, 32, 4)
    assert np.array_equal(footage.frames[..., 3:], alpha)
    assert not footage.frames[:, :16].any()
    assert np.array_equal(footage.frames[..., :3], video.read_clip(path))


def test_an_opaque_clip_has_no_alpha(tmp_path: Path) -> None:
    path = animation(tmp_path / "a.gif", square(), [100] * 6)
    assert video.read_footage(path).frames.shape[3] == 3


def test_a_sprite_sheet_comes_whole_and_is_no_clip(tmp_path: Path) -> None:
    sheet = np.zeros((1344, 832, 4), np.uint8)
    sheet[:640, :576] = (200, 100, 50, 128)
    path = tmp_path / "sheet.png"
    cv2.imwrite(str(path), sheet)
    footage = video.read_footage(path)
    assert footage.sheet is not None
    assert footage.sheet.shape == (1344, 832, 4)
    assert footage.sheet[0, 0].tolist() == [25, 50, 100, 128]
    assert not footage.sheet[700].any()
    assert (footage.width, footage.height) == (832, 1344)
    with pytest.raises(ClipError, match="832 x 1344"):
        video.read_clip(path)
    cv2.imwrite(str(path), sheet[:, :800])
    with pytest.raises(ClipError, match="800 x 1344"):
        video.read_footage(path)


def test_a_strip_says_that_it_is_one() -> None:
    picture = video.encode_image(filmstrip.sheet(square()[None]), "png")
    assert video.read_footage(picture).is_strip


def test_many_tiny_frames_end_in_time() -> None:
    footage = video.read_footage(tiny_gif(20_000))
    assert footage.count > 1000
    assert len(footage.frames) <= decoding.MAX_KEPT_FRAMES


def test_a_frame_without_duration_does_not_spoil_a_hold(tmp_path: Path) -> None:
    lasts = [100, 100, 1000, 100, 100, 100, 100, 100]
    whole = animation(tmp_path / "a.png", greys(8), lasts)
    zero = animation(tmp_path / "b.png", greys(8), [*lasts[:5], 0, *lasts[6:]])
    assert numbers(video.read_clip(whole)) == numbers(video.read_clip(zero))
    assert numbers(video.read_clip(whole)).count(2) == 4


def test_a_sheet_from_a_decoder_that_was_taken_over_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for height, width in ((4096, 4096), (0, 64), (2**31, 64)):
        (tmp_path / "program.py").write_text(
            "import sys, struct; sys.stdout.buffer.write("
            "struct.pack('<BIId', 19, 0, 0, 0) + "
            f"struct.pack('<BIId', 11, {height}, {width}, 0) + bytes(4 * 64))"
        )
        monkeypatch.setattr(decoding, "PROGRAM", tmp_path / "program.py")
        with pytest.raises(ClipError, match="cannot be read"):
            video.read_footage(b"a file")


def test_pixels_that_are_not_square_are_widened() -> None:
    path = CLIPS / "wide_pixels.mp4"
    assert video.read_clip(path).shape[1:3] == (64, 96)
    footage = video.read_footage(path)
    assert (footage.width, footage.height) == (96, 64)


def test_an_avif_that_moves_is_read_and_av1_is_named() -> None:
    assert video.read_clip(CLIPS / "moving.avif").shape == (10, 64, 64, 3)
    with pytest.raises(ClipError, match="AV1"):
        video.read_clip(CLIPS / "av1.mp4")


def test_interlaced_film_is_named_and_never_black(tmp_path: Path) -> None:
    progressive = movie(tmp_path / "a.mp4", greys(10, side=64) + 80, "mp4v")
    with video.DecoderProcess() as decoder:
        for path in (
            progressive,
            CLIPS / "interlaced_mpeg4.mp4",
            CLIPS / "interlaced_h264.mp4",
            progressive,
        ):
            if path == progressive:
                assert decoder.read(path, 300).mean() > 50
            else:
                with pytest.raises(ClipError, match="interlaced"):
                    decoder.read(path, 300)


def test_of_two_video_tracks_the_one_that_is_shown_is_read() -> None:
    content = (CLIPS / "two_tracks.mp4").read_bytes()
    for source in (CLIPS / "two_tracks.mp4", content):
        assert video.read_clip(source).mean() > 30
    # Where the first is shown as well, it is read: it is black.
    at = content.index(b"tkhd") + 7
    both = content[:at] + bytes([content[at] | 1]) + content[at + 1 :]
    assert video.read_clip(both).mean() < 1


@pytest.mark.parametrize(
    ("flags", "shown"),
    [
        ((), "first"),
        ((track_flag("88", 1), track_flag("b9", 1)), "first"),
        ((track_flag("88", 0),), "second"),
        ((track_flag("b9", 0),), "second"),
    ],
)
def test_of_two_tracks_of_a_matroska_the_default_is_read(
    flags: tuple[bytes, ...], shown: str
) -> None:
    dark, bright = np.full((5, 32, 32, 3), 20, np.uint8), np.full((5, 32, 32, 3), 200, np.uint8)
    clip = video.read_clip(two_tracks(dark, bright, *flags))
    assert len(clip) == 5
    assert clip.mean() == pytest.approx(20 if shown == "first" else 200, abs=3)


def test_a_matroska_cut_or_damaged_anywhere_keeps_its_tracks_or_is_refused() -> None:
    program = (
        f"{HERE}; import numpy as np; from tracks import with_shown_track\n"
        "data = sys.stdin.buffer.read()\n"
        "for end in range(len(data)): assert with_shown_track(data[:end]).tell() == 0\n"
        "for n in range(2000):\n"
        " noise = np.frombuffer(data, np.uint8).copy()\n"
        " chance = np.random.default_rng(n)\n"
        " noise[chance.integers(0, len(noise), 8)] = chance.integers(0, 256, 8)\n"
        " assert len(with_shown_track(noise.tobytes()).getvalue()) == len(data)\n"
    )
    content = two_tracks(square(2), square(2), track_flag("88", 0))[:900]
    done = subprocess.run([sys.executable, "-c", program], input=content, capture_output=True)
    assert done.returncode == 0, done.stderr


def test_no_file_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = film(tmp_path, 150).read_bytes()
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    video.read_footage(source)
    assert os.listdir(folder) == []
