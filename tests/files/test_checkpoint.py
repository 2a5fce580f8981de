"""Weights come back exactly, or not at all and with a sentence."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from rwae import RWAE, Codes
from rwae.editing.studio import Studio
from rwae.errors import CheckpointError, ConfigError
from rwae.files import tensors
from rwae.files.checkpoint import (
    CONFIG_FILE,
    GALLERY_FILE,
    WEIGHTS_FILE,
    atomic,
    read_gallery,
    weights_digest,
    write_gallery,
)
from rwae.files.tensors import read_tensors


@pytest.fixture
def folder(tiny: RWAE, tmp_path: Path) -> Path:
    tiny.save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def test_a_loaded_model_is_the_saved_one(tiny: RWAE, folder: Path, generator) -> None:
    loaded = RWAE.from_pretrained(folder)
    x = torch.rand(2, 4, 3, 32, 32, generator=generator)
    assert loaded.config == tiny.config
    assert not loaded.training
    assert torch.equal(loaded.decode(loaded.encode(x)), tiny.decode(tiny.encode(x)))
    assert sorted(p.name for p in folder.iterdir()) == [CONFIG_FILE, WEIGHTS_FILE]


@pytest.mark.parametrize("missing", [CONFIG_FILE, WEIGHTS_FILE])
def test_a_missing_file_is_named(folder: Path, missing: str) -> None:
    (folder / missing).unlink()
    with pytest.raises(CheckpointError, match=missing):
        RWAE.from_pretrained(folder)


def test_pickled_weights_are_never_opened(folder: Path) -> None:
    (folder / WEIGHTS_FILE).unlink()
    torch.save({"prior.start": torch.zeros(4)}, folder / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match=WEIGHTS_FILE):
        RWAE.from_pretrained(folder)


def test_a_torn_weights_file(folder: Path) -> None:
    data = (folder / WEIGHTS_FILE).read_bytes()
    (folder / WEIGHTS_FILE).write_bytes(data[: len(data) // 2])
    with pytest.raises(CheckpointError, match="fetch it again"):
        RWAE.from_pretrained(folder)


def change(folder: Path, name: str, tensor: torch.Tensor | None) -> None:
    weights = load_file(folder / WEIGHTS_FILE)
    weights.pop(name, None)
    if tensor is not None:
        weights[name] = tensor
    save_file(weights, folder / WEIGHTS_FILE)


@pytest.mark.parametrize(
    ("name", "tensor", "said"),
    [
        ("prior.start", None, "missing"),
        ("prior.middle", torch.zeros(4), "unknown"),
        ("prior.start", torch.zeros(5), "needs"),
        ("prior.start", torch.zeros(4, dtype=torch.float64), "needs"),
        ("prior.start", torch.full((4,), float("nan")), "finite"),
    ],
)
def test_weights_that_do_not_fit(folder: Path, name: str, tensor, said: str) -> None:
    change(folder, name, tensor)
    with pytest.raises(CheckpointError, match=said) as caught:
        RWAE.from_pretrained(folder)
    assert name in str(caught.value)


def test_a_huge_configuration_is_refused_before_anything_is_built(folder: Path) -> None:
    settings = json.loads((folder / CONFIG_FILE).read_text())
    (folder / CONFIG_FILE).write_text(json.dumps(settings | {"static_width": 100_000}))
    with pytest.raises(ConfigError, match="static_width"):
        RWAE.from_pretrained(folder)


@pytest.mark.parametrize("text", ["{", "\xff", '{"frames": "4"}', "null"])
def test_a_broken_configuration(folder: Path, text: str) -> None:
    (folder / CONFIG_FILE).write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError):
        RWAE.from_pretrained(folder)


def test_a_mistyped_folder_makes_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a request was made")

    monkeypatch.setattr("socket.create_connection", refuse)
    monkeypatch.setattr("socket.socket.connect", refuse)
    for source in ("checkpoints/nothing", "nothing", "./a/b", Path("owner/name"), "a/b/c"):
        with pytest.raises(CheckpointError, match="There is no folder"):
            RWAE.from_pretrained(source)


def test_an_id_that_the_hub_does_not_allow_is_refused_in_words() -> None:
    for source in ("a--b/c", "a/b.git", "a..b/c"):
        with pytest.raises(CheckpointError, match="check the id"):
            RWAE.from_pretrained(source)


def test_the_gallery_comes_back(tiny: RWAE, folder: Path) -> None:
    gallery = Codes(torch.randn(5, 6), torch.randn(5, 4, 4), torch.rand(5, 3))
    write_gallery(folder, gallery)
    found = read_gallery(folder, weights_digest(tiny))
    for name in ("static", "dynamic", "action"):
        assert torch.equal(getattr(found, name), getattr(gallery, name))
    (folder / GALLERY_FILE).write_bytes(b"nonsense")
    with pytest.raises(CheckpointError, match=GALLERY_FILE):
        read_gallery(folder)


def test_a_gallery_of_other_weights_is_refused(tiny: RWAE, folder: Path) -> None:
    write_gallery(folder, Codes(torch.randn(5, 6), torch.randn(5, 4, 4)))
    with torch.no_grad():
        next(tiny.parameters()).add_(1)
    with pytest.raises(CheckpointError, match="other weights"):
        read_gallery(folder, weights_digest(tiny))


def test_a_gallery_that_names_no_weights_is_taken(tiny: RWAE, folder: Path) -> None:
    """Before version 0.2 a gallery was written without metadata."""
    static, dynamic = torch.randn(5, 6), torch.randn(5, 4, 4)
    save_file({"static": static, "dynamic": dynamic}, folder / GALLERY_FILE)
    assert torch.equal(read_gallery(folder, weights_digest(tiny)).static, static)


def test_a_pointer_of_git_lfs_says_how_to_fetch_the_file(folder: Path) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
    (folder / GALLERY_FILE).write_text(pointer)
    with pytest.raises(CheckpointError, match="git lfs pull"):
        read_gallery(folder)
    (folder / WEIGHTS_FILE).write_text(pointer)
    with pytest.raises(CheckpointError, match="git lfs pull"):
        RWAE.from_pretrained(folder)


def test_tensors_that_were_read_do_not_change_with_the_file(folder: Path) -> None:
    path = folder / WEIGHTS_FILE
    read = read_tensors(path).tensors
    before = {name: tensor.clone() for name, tensor in read.items()}
    data = path.read_bytes()
    with open(path, "r+b") as file:  # in place, as `cp` does
        file.seek(len(data) // 2)
        file.write(bytes(len(data) - len(data) // 2))
    assert all(torch.equal(read[name], before[name]) for name in read)


def test_the_limits_of_a_tensor_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / WEIGHTS_FILE
    size = path.stat().st_size
    assert read_tensors(path, max_bytes=size).tensors
    with pytest.raises(ValueError, match=f"it has {size:,} bytes"):
        read_tensors(path, max_bytes=size - 1)
    with open(folder / "huge", "wb") as huge:
        huge.truncate(tensors.MAX_TENSOR_FILE_BYTES + 1)  # takes no place on the disk
    assert tensors.MAX_TENSOR_FILE_BYTES <= 2**30
    with pytest.raises(ValueError, match="bytes, and at most"):
        read_tensors(folder / "huge")
    monkeypatch.setattr(tensors, "MAX_TENSORS", 3)
    with pytest.raises(ValueError, match="at most 3 are read"):
        read_tensors(path)
    monkeypatch.setattr(tensors, "MAX_HEADER_BYTES", 100)
    with pytest.raises(ValueError, match="header"):
        read_tensors(path)


def test_an_interrupted_write_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def fail() -> None:
        with atomic(path) as temporary:
            temporary.write_text("new")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fail()
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
    with atomic(path) as temporary:
        temporary.write_text("new")
    assert path.read_text() == "new"


@pytest.mark.parametrize("name", [CONFIG_FILE, WEIGHTS_FILE, GALLERY_FILE])
def test_a_file_that_is_a_link_to_elsewhere_is_refused(
    folder: Path, tmp_path: Path, name: str
) -> None:
    write_gallery(folder, Codes(torch.randn(5, 6), torch.randn(5, 4, 4)))
    (folder / name).rename(tmp_path / name)
    (folder / name).symlink_to(tmp_path / name)
    with pytest.raises(CheckpointError, match="leaves its folder"):
        Studio.load(folder, "cpu")
