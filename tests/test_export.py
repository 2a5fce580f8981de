"""What leaves the app as a file, read again: clips, and sprite sheets."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from rwae import RWAE, Codes, ModelConfig, export
from rwae.codes import Factor
from rwae.data import sprites
from rwae.editing.studio import Studio
from rwae.errors import ClipError, CodesError
from rwae.export import lpc
from rwae.files import filmstrip, video

COLOURS = 40


@pytest.fixture
def clip() -> np.ndarray:
    """A few colours in blocks, which move: bytes (5, 24, 24, 3)."""
    rng = np.random.default_rng(1)
    palette = rng.integers(0, 256, (COLOURS, 3), np.uint8)
    blocks = palette[rng.integers(0, COLOURS, (6, 6))].repeat(4, 0).repeat(4, 1)
    return np.stack([np.roll(blocks, 4 * t, 1) for t in range(5)])


# Clips.


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
        video.write_gif(tmp_path / "missing" / "clip.gif", clip)


def test_no_file_stays(clip: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    video.encode_gif(clip)
    video.encode_video(clip, "webm")
    with pytest.raises(ClipError, match="makes no video"):
        video.encode_video(clip, "mp4", fps=-1)
    assert list(tmp_path.iterdir()) == []


def test_a_transparent_picture_stays_transparent() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (8, 12, 4), np.uint8)
    data = np.frombuffer(video.encode_image(picture, "png"), np.uint8)
    read = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    assert np.array_equal(cv2.cvtColor(read, cv2.COLOR_BGRA2RGBA), picture)


# Sprite sheets.


def test_a_sheet_has_the_layout_that_its_model_learned_from(sprites_folder: Path) -> None:
    """Real sheets, cut into clips as the data set is, come back to where they were."""
    sheet = np.zeros((lpc.ROWS * 64, lpc.COLUMNS * 64, 3), int)
    parts = [sprites_folder / part / "2.png" for part in sprites.PARTS]
    for path in (*parts, sprites_folder / "shoes" / "1.png"):
        layer = video.read_image(path).astype(int)
        alpha = layer[..., 3:]
        sheet = (layer[..., :3] * alpha + sheet * (255 - alpha) + 127) // 255
    grid = sheet.reshape(lpc.ROWS, 64, lpc.COLUMNS, 64, 3).swapaxes(1, 2)
    clips = grid.reshape(-1, 64, 64, 3)[sprites.cells()].astype(np.uint8)
    made = lpc.place(clips)
    there = made[..., 3] == 255
    filled = there.reshape(lpc.ROWS, 64, lpc.COLUMNS, 64).any((1, 3))
    assert filled.sum() == 3 * (7 + 9 + 6), "with standing still, which no clip shows"
    assert np.array_equal(np.flatnonzero(filled.any(1)), [1, 2, 3, 9, 10, 11, 13, 14, 15])
    cells = filled.repeat(64, 0).repeat(64, 1)
    still = np.zeros_like(filled)
    still[9:12, 0] = True
    still = still.repeat(64, 0).repeat(64, 1)
    shown = cells & there
    assert np.array_equal(made[..., :3][shown & ~still], sheet[shown & ~still])
    other = (made[..., :3] != sheet).any(-1)
    assert other[shown & still].mean() < 0.05, "slashing begins as one stands"
    assert (sheet[cells & ~there & ~still].max(-1) < lpc.DARK).all()
    assert not made[~cells].any()
    assert lpc.names() == sprites.FACTORS[-1].values


class Sayer:
    """A judge that says what it is told to, clip by clip."""

    def __init__(self, names: tuple[str, ...], said: list[tuple[str, float]]) -> None:
        self.factors = (
            Factor("hair", ("red",), True),
            Factor("action", names, False),
        )
        self.said = said

    def probabilities(self, x: torch.Tensor) -> list[torch.Tensor]:
        rows = torch.zeros(len(x), len(self.factors[1].values))
        for row in rows:
            name, sure = self.said.pop(0)
            row[self.factors[1].values.index(name)] = sure
        return [torch.ones(len(x), 1), rows]


def test_the_most_typical_clip_stands_for_an_action(
    tiny: RWAE, generator: torch.Generator
) -> None:
    size: ModelConfig = tiny.config
    dynamic = torch.zeros(5, size.frames, size.dynamic_size)
    dynamic += torch.tensor([0.0, 1.0, 3.0, 7.0, 9.0])[:, None, None]
    gallery = Codes(torch.randn(5, size.static_size, generator=generator), dynamic)
    studio = Studio(tiny, gallery)
    said = [("go", 0.99), ("go", 0.95), ("go", 0.99), ("go", 0.5), ("stop", 0.99)]
    judge = Sayer(("stop", "go"), [*said, ("stop", 1.0), ("stop", 1.0)])
    found = export.find_actions(studio, judge, ("go", "stop"))
    assert found.dynamic[:, 0, 0].tolist() == [1, 9], "1 is nearest to the mean of 0, 1 and 3"
    clips, wrong = found.perform(studio, gallery.static[2])
    asked = Codes(gallery.static[[2, 2]], dynamic[[1, 4]])
    assert np.array_equal(clips, filmstrip.to_bytes(tiny.decode(asked)))
    assert wrong == ["go"], "the second time the judge saw both stop"


def test_an_action_that_no_clip_shows_is_told(tiny: RWAE, generator: torch.Generator) -> None:
    size = tiny.config
    gallery = Codes(
        torch.randn(3, size.static_size, generator=generator),
        torch.randn(3, size.frames, size.dynamic_size, generator=generator),
    )
    judge = Sayer(("stop", "go"), [("go", 1.0)] * 3)
    with pytest.raises(CodesError, match="examples shows stop"):
        export.find_actions(Studio(tiny, gallery), judge, ("go", "stop"))
    with pytest.raises(CodesError, match="does not tell the actions apart"):
        export.find_actions(Studio(tiny, gallery), judge, ("fly",))
