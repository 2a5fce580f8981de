"""The command that learns a character, and its file."""

from pathlib import Path

import numpy as np
import pytest
import torch
from known import known_clip, sprites_model

import rwae
from rwae.errors import CheckpointError
from rwae.files import video
from rwae.uploads import __main__ as command
from rwae.uploads.adapt import adapt


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two strips of characters in colours that the model does not know."""
    folder = tmp_path_factory.mktemp("clips")
    paths = [folder / f"{n}.png" for n in range(2)]
    for n, path in enumerate(paths):
        video.write_clip(path, np.ascontiguousarray(known_clip(n)[..., ::-1]), scale=1)
    return paths


def test_a_character_is_learned_and_drawn_by_command(
    clips: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "adapt", lambda *x, **kw: adapt(*x, **kw, steps=10))
    hero, out = tmp_path / "hero.safetensors", tmp_path / "hero.png"
    assert command.main(["learn", *map(str, clips), "--out", str(hero)]) == 0
    copy, codes = rwae.open_learned(hero, sprites_model())
    assert torch.equal(codes.static[0], codes.static[1])
    assert command.main(["draw", str(hero), "--out", str(out)]) == 0
    drawn = video.read_clip(out).astype(int)[:, ::4, ::4]
    expected = 255 * copy.decode(codes[:1])[0].movedim(1, -1)
    assert np.abs(drawn - expected.numpy()).max() <= 1
    moved = ["draw", str(hero), "--motion", str(clips[1]), "--out", str(out)]
    assert command.main(moved) == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["learn", "missing.gif", "--out", "hero.safetensors"],
        ["draw", "missing.safetensors", "--out", "hero.gif"],
    ],
)
def test_what_is_missing_is_said_in_a_sentence(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(arguments) == 2
    assert "missing" in capsys.readouterr().err


def test_a_name_without_the_ending_is_refused_before_the_learning(
    clips: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["learn", str(clips[0]), "--out", "hero"]) == 2
    assert "safetensors" in capsys.readouterr().err


def test_a_file_of_another_kind_is_no_character(tmp_path: Path) -> None:
    other = tmp_path / "other.safetensors"
    other.write_bytes(b"\x08\0\0\0\0\0\0\0{}      ")
    with pytest.raises(CheckpointError):
        rwae.open_learned(other, sprites_model())
