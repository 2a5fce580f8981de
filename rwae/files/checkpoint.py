"""The files of a checkpoint: their names, atomic writing, and the digest of the weights.

The names are the Hub's convention. Weights are read from safetensors alone: no pickle is ever
opened.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor, nn

from rwae.codes import Codes
from rwae.config import ModelConfig, migrate_settings
from rwae.errors import CheckpointError, ConfigError
from rwae.files.codes_file import pack_codes, unpack_codes
from rwae.files.jsonfile import read_object
from rwae.files.tensors import check_specs, check_weights, pack, read_tensors

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"
GALLERY_FILE = "gallery.safetensors"
DIRECTIONS_FILE = "directions.json"
SETTINGS_FILE = "training.json"  # how the weights were trained
SCORES_FILE = "scores.json"
MAX_CONFIG_BYTES = 2**16  # a configuration has about six hundred
MAX_GALLERY_BYTES = 2**26  # a hundred times the largest that is shipped
MAX_GALLERY_CLIPS = 2**16
_DIGEST_LENGTH = 16  # hexadecimal digits
_PARTIAL = ".part"  # the end of the name of a file that is being written


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yields a temporary path beside `path` that replaces it at the end, or is removed on error.

    Whoever reads `path` sees the whole old file or the whole new one, also after a crash.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=_PARTIAL)
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


def inner_file(folder: Path, name: str) -> Path:
    """The path of a file in a checkpoint's folder, which may come from anyone.

    The file may be missing. It may be a link only inside the folder, or as the Hub's cache links
    its snapshots: to a file of the same model in `blobs`, beside the `snapshots`.

    Raises:
        CheckpointError: if it is a link that leads elsewhere, for example to a private file.
    """
    path = folder / name
    if not path.is_symlink() and not path.parent.is_symlink():
        return path
    # In contrast to `Path.resolve`, this raises no error at links that lead to one another.
    root, target = Path(os.path.realpath(folder)), Path(os.path.realpath(path))
    blobs = root.parents[1] / "blobs" if root.parent.name == "snapshots" else None
    if target.is_relative_to(root) or (blobs is not None and target.parent == blobs):
        return path
    raise CheckpointError(
        f"The file {path} is a link that leaves its folder, and is not read: put a copy there."
    )


def remove_partial_files(folder: Path) -> None:
    """Removes unfinished files that a killed process left in a folder."""
    for path in folder.glob(f".*{_PARTIAL}"):
        path.unlink(missing_ok=True)


def write(folder: Path, config: ModelConfig, weights: Mapping[str, Tensor]) -> None:
    """Writes both files of a checkpoint to a folder, which is made if it is missing.

    Named directions of other weights, which mean nothing any more, are removed.
    """
    _remove_directions_of_other_weights(folder, weights_digest(weights))
    with atomic(folder / WEIGHTS_FILE) as path:
        path.write_bytes(pack(weights))
    with atomic(folder / CONFIG_FILE) as path:
        path.write_text(json.dumps(config.to_dict(), indent=2) + "\n")


def _remove_directions_of_other_weights(folder: Path, weights: str) -> None:
    try:
        known = read_object(folder / DIRECTIONS_FILE).get("weights")
    except (OSError, ValueError):
        known = None
    if known != weights:
        (folder / DIRECTIONS_FILE).unlink(missing_ok=True)


def weights_digest(source: nn.Module | Mapping[str, Tensor] | Path) -> str:
    """The digest of weights, by which codes, directions and links name the weights they belong to.

    Args:
        source: a model, its state, or the folder of its checkpoint. All three give the same.

    Returns:
        The first 16 hexadecimal digits of the SHA-256 of the names, shapes, types and numbers of
        all tensors. Neither their order, nor their layout in memory or in a file, nor their
        device changes it.

    Raises:
        CheckpointError: if the weights of a folder cannot be read.
    """
    if isinstance(source, Path):
        source = _read_weights(source, None)
    elif isinstance(source, nn.Module):
        source = source.state_dict()
    digest = hashlib.sha256()
    for name, tensor in sorted(source.items()):
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
        digest.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy())
    return digest.hexdigest()[:_DIGEST_LENGTH]


def read_config(folder: Path) -> ModelConfig:
    """Reads the configuration of a checkpoint.

    Raises:
        CheckpointError: if one of the two files is missing.
        ConfigError: if the configuration holds a bad value.
    """
    for name in (CONFIG_FILE, WEIGHTS_FILE):
        if not inner_file(folder, name).is_file():
            raise CheckpointError(
                f"The folder {folder} has no {name}: a checkpoint needs {CONFIG_FILE} and "
                f"{WEIGHTS_FILE}. Name the folder that holds both."
            )
    path = folder / CONFIG_FILE
    try:
        settings = read_object(path, MAX_CONFIG_BYTES)
    except ValueError as error:
        raise ConfigError(
            f"The file {path} holds no settings ({error}): use the file that was saved with the "
            "weights."
        ) from error
    except OSError as error:
        raise CheckpointError(f"The file {path} cannot be read: {error.strerror}.") from error
    return ModelConfig.from_dict(migrate_settings(settings))


def read_weights(folder: Path, needed: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Reads the weights of a model.

    Args:
        folder: of the checkpoint.
        needed: the model's state; its tensors may be on the device "meta", which needs no memory.
            The file is compared with it before any of its tensors is read.

    Raises:
        CheckpointError: if the file is missing, damaged or too large, does not fit, or holds a
            number that is not finite.
    """
    weights = _read_weights(folder, needed)
    check_weights(weights, needed)
    return weights


def _read_weights(folder: Path, needed: Mapping[str, Tensor] | None) -> dict[str, Tensor]:
    path = inner_file(folder, WEIGHTS_FILE)
    try:
        return read_tensors(
            path, None if needed is None else lambda specs: check_specs(specs, needed)
        ).tensors
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise CheckpointError(
            f"The file {path} is not a readable safetensors file ({why}): fetch it again."
        ) from error


def write_gallery(folder: Path, gallery: Codes) -> None:
    """Writes the codes of some training clips: the app's examples, and the spread of the codes.

    Args:
        folder: of the checkpoint; its weights are there already.
        gallery: the codes.

    Raises:
        CheckpointError: if the weights cannot be read.
    """
    data = pack_codes(gallery, folder.resolve().name, weights_digest(folder))
    with atomic(folder / GALLERY_FILE) as path:
        path.write_bytes(data)


def read_gallery(folder: Path, weights: str | None = None) -> Codes:
    """Reads the codes that `write_gallery` wrote.

    Args:
        folder: of the checkpoint.
        weights: the digest of its weights, if known: a gallery of other weights is refused. A
            gallery that was written before version 0.2 names no weights, and is accepted.

    Raises:
        CheckpointError: if the file is missing, holds anything else, or belongs to other weights.
    """
    limits = {"max_bytes": MAX_GALLERY_BYTES, "max_clips": MAX_GALLERY_CLIPS}
    try:
        saved = unpack_codes(inner_file(folder, GALLERY_FILE), **limits)
        if weights and saved.weights not in ("", weights):
            raise ValueError("it belongs to other weights")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise CheckpointError(
            f"The folder {folder} has no readable {GALLERY_FILE} ({why}): "
            "`python -m rwae.training` writes it beside the weights."
        ) from error
    return saved.codes
