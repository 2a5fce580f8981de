"""The files of a checkpoint: `config.json`, `model.safetensors`, and atomic writing.

The names are the Hub's convention. Weights are read from safetensors alone: no pickle is ever
opened.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from rwae.codes import Codes
from rwae.config import ModelConfig
from rwae.errors import CheckpointError, CodesError, ConfigError

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"
GALLERY_FILE = "gallery.safetensors"
_UNDER_WAY = ".part"  # the end of the name of a file that is being written


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yields a temporary path beside `path` that replaces it at the end, or vanishes on error.

    Whoever reads `path` sees the whole old file or the whole new one, also after a crash.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=_UNDER_WAY)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Removes what a killed process left of the files that it was writing to a folder."""
    for path in folder.glob(f".*{_UNDER_WAY}"):
        path.unlink(missing_ok=True)


def pack(tensors: Mapping[str, Tensor], about: Mapping[str, str] | None = None) -> bytes:
    """Tensors of any device as the bytes of a safetensors file, with text about them."""
    ready = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    return save(ready, metadata=dict(about or {"format": "pt"}))


def write(folder: Path, config: ModelConfig, weights: Mapping[str, Tensor]) -> None:
    """Writes both files of a checkpoint to a folder, which is made if it is missing."""
    with atomic(folder / WEIGHTS_FILE) as path:
        path.write_bytes(pack(weights))
    with atomic(folder / CONFIG_FILE) as path:
        path.write_text(json.dumps(config.to_dict(), indent=2) + "\n")


def read_config(folder: Path) -> ModelConfig:
    """Reads the configuration of a checkpoint.

    Raises:
        CheckpointError: if one of the two files is missing.
        ConfigError: if the configuration holds a bad value.
    """
    for name in (CONFIG_FILE, WEIGHTS_FILE):
        if not (folder / name).is_file():
            raise CheckpointError(
                f"The folder {folder} has no {name}: a checkpoint needs {CONFIG_FILE} and "
                f"{WEIGHTS_FILE}. Name the folder that holds both."
            )
    try:
        return ModelConfig.from_dict(json.loads((folder / CONFIG_FILE).read_text("utf-8")))
    except ValueError as error:
        raise ConfigError(f"The file {folder / CONFIG_FILE} is not JSON: {error}.") from error


def read(folder: Path) -> tuple[ModelConfig, dict[str, Tensor]]:
    """Reads configuration and weights; nothing is built from them yet.

    Raises:
        CheckpointError: if a file is missing or cannot be read.
        ConfigError: if the configuration holds a bad value.
    """
    config = read_config(folder)
    try:
        return config, load_file(folder / WEIGHTS_FILE)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"The file {folder / WEIGHTS_FILE} is not a readable safetensors file ({error}): "
            "fetch it again."
        ) from error


def check(weights: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    """Compares names, shapes and types of the weights with those that the model needs.

    Raises:
        CheckpointError: if a tensor is missing, unknown, or has another shape or type.
    """
    if wrong := sorted(set(weights) ^ set(expected)):
        raise CheckpointError(
            f"The weights do not fit the configuration: {', '.join(wrong[:3])} "
            f"{'is' if len(wrong) == 1 else 'are'} missing or unknown. "
            "Use the config.json that was saved with them."
        )
    for name, tensor in weights.items():
        if tensor.shape != expected[name].shape or tensor.dtype != expected[name].dtype:
            raise CheckpointError(
                f"The weights {name} are {tuple(tensor.shape)} {tensor.dtype}, but the "
                f"configuration needs {tuple(expected[name].shape)} {expected[name].dtype}. "
                "Use the config.json that was saved with them."
            )
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise CheckpointError(f"The weights {name} hold numbers that are not finite.")


def write_gallery(folder: Path, gallery: Codes) -> None:
    """Writes the codes of some training clips beside the weights: examples, and their spread."""
    parts = {"static": gallery.static, "dynamic": gallery.dynamic, "action": gallery.action}
    parts = {name: part for name, part in parts.items() if part is not None}
    with atomic(folder / GALLERY_FILE) as path:
        path.write_bytes(pack(parts))


def read_gallery(folder: Path) -> Codes:
    """Reads the codes that `write_gallery` wrote.

    Raises:
        CheckpointError: if the file is missing or holds anything else.
    """
    try:
        tensors = load_file(folder / GALLERY_FILE)
        tensors = {name: tensor.float() for name, tensor in tensors.items()}
        return Codes(tensors["static"], tensors["dynamic"], tensors.get("action"))
    except (SafetensorError, OSError, KeyError, CodesError) as error:
        raise CheckpointError(
            f"The folder {folder} has no readable {GALLERY_FILE} ({error}): "
            "`python -m rwae.training` writes it beside the weights."
        ) from error
