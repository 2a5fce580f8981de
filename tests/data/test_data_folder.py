"""Any folder of clips: what is a recording, its labels, its order and its split."""

from pathlib import Path

import numpy as np
import pytest
import torch
from clip_files import turned_jpeg

from rwae import data
from rwae.data import folder
from rwae.data.clips import SPLITS
from rwae.errors import DataError
from rwae.files.filmstrip import sheet
from rwae.files.video import encode_image, write_clip
from rwae.training.__main__ import main


def film(frames: int, side: int = 16, shade: int = 100) -> np.ndarray:
    """A grey square that grows brighter by one a frame: bytes (frames, side, side, 3)."""
    light = shade + np.arange(frames, dtype=np.uint8)
    return np.broadcast_to(light[:, None, None, None], (frames, side, side, 3))


def save(path: Path, picture: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_image(np.ascontiguousarray(picture), "png"))


def save_strip(path: Path, frames: int = 8, shade: int = 100) -> None:
    save(path, sheet(film(frames, shade=shade)[None]))


def save_frames(path: Path, frames: int = 8, side: tuple[int, int] = (16, 20)) -> None:
    for number in range(frames):
        save(path / f"{number:03d}.png", np.full((*side, 3), 100 + number, np.uint8))


def everything(root: Path) -> torch.Tensor:
    """All clips of a folder, whatever their split."""
    found = [folder.clips_of(recording) for recording in folder.recordings(root)]
    return torch.cat(found)


def test_strips_gifs_videos_and_folders_of_frames_are_clips(tmp_path: Path) -> None:
    save_strip(tmp_path / "a.png")
    write_clip(tmp_path / "b.gif", film(9, side=64))
    save_frames(tmp_path / "c")
    (tmp_path / "notes.txt").write_text("no clip")
    (tmp_path / ".hidden.png").write_bytes(b"no clip")
    assert [r.name for r in folder.recordings(tmp_path)] == ["a.png", "b.gif", "c"]
    clips = everything(tmp_path)
    assert clips.shape == (3, 8, 3, 64, 64)
    for clip in clips[[0, 2]]:
        assert clip[:, 0, 0, 0].tolist() == list(range(100, 108))


def test_frames_are_in_the_natural_order_of_their_names(tmp_path: Path) -> None:
    for number in (1, 2, 10, 3, 4, 5, 6, 11):
        save(tmp_path / "take" / f"frame{number}.png", np.full((16, 16, 3), number, np.uint8))
    assert everything(tmp_path)[0, :, 0, 0, 0].tolist() == [1, 2, 3, 4, 5, 6, 10, 11]


@pytest.mark.parametrize(
    "name", [".ipynb_checkpoints", "__MACOSX", "@eaDir", ".thumbnails", "anna/.thumbnails"]
)
def test_folders_that_systems_leave_behind_are_skipped(tmp_path: Path, name: str) -> None:
    for who in ("anna", "ben"):
        save_strip(tmp_path / who / "1.png")
    before = folder.recordings(tmp_path)
    save_strip(tmp_path / name / "1.png")
    (tmp_path / name / "deeper").mkdir()
    (tmp_path / name / "deeper" / "2.mp4").write_bytes(b"no video")
    assert folder.recordings(tmp_path) == before


def test_a_linked_folder_is_read_and_a_loop_of_links_ends(tmp_path: Path) -> None:
    save_strip(tmp_path / "elsewhere" / "nod" / "1.png")
    save_strip(tmp_path / "clips" / "ben" / "nod" / "2.png")
    (tmp_path / "clips" / "anna").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "clips" / "ben" / "again").symlink_to(tmp_path / "clips")
    names = [recording.name for recording in folder.recordings(tmp_path / "clips")]
    assert names == ["anna/nod/1.png", "ben/nod/2.png"]


def test_frames_that_a_camera_turned_are_turned_back(tmp_path: Path) -> None:
    picture = np.zeros((32, 32, 3), np.uint8)
    picture[:16] = 200  # bright above, and so it has to come back
    for number in range(8):
        path = tmp_path / "take" / f"{number}.jpg"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(turned_jpeg(np.rot90(picture)))
    clip = everything(tmp_path)[0].float()
    assert clip[:, :, :24].mean() > 180
    assert clip[:, :, 40:].mean() < 20


@pytest.mark.parametrize("first_is_broken", [False, True])
def test_frames_twice_as_wide_as_high_are_no_strips(tmp_path: Path, first_is_broken: bool) -> None:
    save_frames(tmp_path / "take", frames=12, side=(16, 32))
    if first_is_broken:
        (tmp_path / "take" / "000.png").write_bytes(b"no picture")
    found = folder.recordings(tmp_path)
    assert [(r.name, len(r.images)) for r in found] == [("take", 12)]


def test_strips_in_a_folder_are_a_recording_each(tmp_path: Path) -> None:
    for name in ("1.png", "2.png"):
        save_strip(tmp_path / "anna" / name)
    (tmp_path / "anna" / "0.png").write_bytes(b"no picture")
    names = [recording.name for recording in folder.recordings(tmp_path)]
    assert names == ["anna/0.png", "anna/1.png", "anna/2.png"]


@pytest.mark.parametrize("folders", [("train", "test"), ("Training", "val", "test")])
def test_folders_of_splits_are_the_splits_and_no_labels(
    tmp_path: Path, folders: tuple[str, ...]
) -> None:
    for top in folders:
        for number in range(30):
            save_strip(tmp_path / top / ("anna", "ben")[number % 2] / f"{number}.png")
    found = folder.recordings(tmp_path)
    assert [(f.name, f.values) for f in folder.folder_factors(found)] == [("who", ("anna", "ben"))]
    of_split = {s: {r.name.split("/")[0] for r in found if r.split == s} for s in SPLITS}
    assert of_split["train"] == {folders[0]}
    assert of_split["test"] == {"test"}
    # Without a folder of its own, "validation" is taken out of the training folder.
    assert of_split["validation"] == {"val" if "val" in folders else "train"}


def test_a_person_of_the_name_of_a_split_is_a_person(tmp_path: Path) -> None:
    for who in ("test", "anna"):
        save_strip(tmp_path / who / "1.png")
    found = folder.recordings(tmp_path)
    assert folder.folder_factors(found)[0].values == ("anna", "test")


def test_all_broken_files_of_a_folder_are_named_at_once(tmp_path: Path) -> None:
    for number in range(12):
        save_strip(tmp_path / f"{number}.png", frames=8 if number % 2 else 3)
    with pytest.raises(DataError) as caught:
        data.load("folder", "train", tmp_path)
    told = str(caught.value)
    assert told.startswith("6 of the 12 recordings cannot be used:")
    assert all(f"{number}.png has 3 frames" in told for number in range(0, 12, 2))


def test_the_training_says_what_it_leaves_out_and_quotes_its_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clips = tmp_path / "my clips"
    train = [f"{n}.png" for n in range(20) if folder.split_of(f"{n}.png") == "train"]
    for name in train[:4]:
        save_strip(clips / name)
    for name in ("a.wmv", "b.WMV", "c.ts", "notes", ".DS_Store"):
        (clips / name).write_bytes(b"")
    out = tmp_path / "my run"
    options = ["--preset", "folder", "--device", "cpu", "--steps", "1", "--batch", "4"]
    assert main([*options, "--data", str(clips), "--out", str(out)]) == 0
    told = capsys.readouterr().out
    assert (
        "4 recordings; left out: 1 .ts, 2 .wmv, 1 hidden or of the system, 1 without an ending."
        in told
    )
    assert f"rwae.evaluation '{out}' --dataset folder --data '{clips}'" in told


def test_a_long_recording_is_cut_into_pieces(tmp_path: Path) -> None:
    save_strip(tmp_path / "a.png", frames=70, shade=50)
    clips = everything(tmp_path)
    assert clips.shape[0] == 2
    assert clips[0, [0, -1], 0, 0, 0].tolist() == [50, 84]
    assert clips[1, [0, -1], 0, 0, 0].tolist() == [85, 119]


def test_pieces_of_one_recording_count_as_one_recording(tmp_path: Path) -> None:
    name = next(f"{n}.png" for n in range(100) if folder.split_of(f"{n}.png") == "train")
    save_strip(tmp_path / name, frames=70, shade=50)
    clips = data.load("folder", "train", tmp_path)
    assert (len(clips), clips.recordings) == (2, 1)


def test_folders_label_who_and_how(tmp_path: Path) -> None:
    for who in ("anna", "ben"):
        for how in ("nod", "wave"):
            save_strip(tmp_path / who / how / "1.png")
            save_frames(tmp_path / who / how / "2")
    found = folder.recordings(tmp_path)
    assert [r.name for r in found][:2] == ["anna/nod/1.png", "anna/nod/2"]
    who, how = folder.folder_factors(found)
    assert (who.name, who.values, who.static) == ("who", ("anna", "ben"), True)
    assert (how.name, how.values, how.static) == ("how", ("nod", "wave"), False)


def test_a_level_with_one_folder_or_with_gaps_is_no_label(
    tmp_path: Path,
) -> None:
    save_strip(tmp_path / "all" / "1.png")
    save_strip(tmp_path / "all" / "2.png")
    assert folder.folder_factors(folder.recordings(tmp_path)) == ()
    save_strip(tmp_path / "more" / "deep" / "3.png")
    assert [f.name for f in folder.folder_factors(folder.recordings(tmp_path))] == ["who"]
    save_strip(tmp_path / "4.png")
    assert folder.folder_factors(folder.recordings(tmp_path)) == ()


def test_the_splits_share_no_recording_and_labels_agree(tmp_path: Path) -> None:
    for number in range(40):
        save_strip(tmp_path / ("anna", "ben")[number % 2] / f"{number}.png", shade=number)
    found = {name: data.load("folder", name, tmp_path) for name in SPLITS}
    shades = {name: set(c.frames[:, 0, 0, 0, 0].tolist()) for name, c in found.items()}
    assert sum(map(len, shades.values())) == 40
    assert set().union(*shades.values()) == set(range(40))
    assert len(shades["train"]) > 25
    assert len({clips.factors for clips in found.values()}) == 1
    for clips in found.values():
        assert torch.equal(clips.labels[:, 0], clips.frames[:, 0, 0, 0, 0] % 2)


def test_clips_without_labels_can_still_be_loaded(tmp_path: Path) -> None:
    for number in range(12):
        save_strip(tmp_path / f"{number}.png")
    clips = data.load("folder", "train", tmp_path)
    assert clips.factors == ()
    assert clips.labels.shape == (len(clips), 0)


def test_a_hash_decides_the_split_and_keeps_the_shares() -> None:
    names = [f"clips/{number}.mp4" for number in range(2000)]
    found = [folder.split_of(name) for name in names]
    assert found == [folder.split_of(name) for name in names]
    assert folder.split_of("clips/0.mp4") == "train"  # the same on every machine
    for name, share in (("train", 0.8), ("validation", 0.1), ("test", 0.1)):
        assert abs(found.count(name) / 2000 - share) < 0.03


def bad_folder(root: Path, kind: str) -> str:
    """Makes a folder with a fault; returns what the message has to name."""
    save_strip(root / "good.png")
    if kind == "short":
        save_strip(root / "bad.png", frames=5)
        return r"bad\.png has 5 frames: it needs at least 8"
    if kind == "corrupt":
        (root / "bad.mp4").write_bytes(b"no video")
        return r"bad\.mp4 cannot be used"
    if kind == "not square":
        save(root / "bad.png", np.zeros((16, 100, 3), np.uint8))
        return r"bad\.png cannot be used.*multiple of its height"
    save_frames(root / "bad")
    if kind == "sizes":
        save(root / "bad" / "004.png", np.zeros((20, 20, 3), np.uint8))
        return r"004\.png has another size than 000\.png"
    (root / "bad" / "005.png").write_bytes(b"no picture")
    return r"005\.png is missing or is no readable picture"


@pytest.mark.parametrize("kind", ["short", "corrupt", "not square", "sizes", "frame"])
def test_a_bad_clip_is_named(tmp_path: Path, kind: str) -> None:
    message = bad_folder(tmp_path, kind)
    with pytest.raises(DataError, match=message):
        everything(tmp_path)


def test_an_empty_folder_and_an_empty_split_are_errors(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no clip"):
        data.load("folder", "train", tmp_path)
    save_strip(tmp_path / "0.png")
    empty = "test" if folder.split_of("0.png") == "train" else "train"
    with pytest.raises(DataError, match=f"Of the 1 recordings .* split {empty}"):
        data.load("folder", empty, tmp_path)
