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

from safetensors.torch import save
from torch import Tensor

from rwae.codes import Codes
from rwae.config import ModelConfig, migrate_settings
from rwae.errors import CheckpointError, CodesError, ConfigError
from rwae.files import tensors
from rwae.files.jsonfile import read_object
from rwae.files.tensors import check as check  # beside `pack`, where those who read weights look

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"
GALLERY_FILE = "gallery.safetensors"
DIRECTIONS_FILE = "directions.json"
SETTINGS_FILE = "training.json"  # how the weights came about
SCORES_FILE = "scores.json"
SEED_SCORES = "scores/seed{}.json"  # of the same training from another seed
MOST_CONFIG = 2**16  # bytes; a configuration has about six hundred
MOST_GALLERY = 2**26  # bytes; a hundred times the largest that is shipped
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
    """Writes both files of a checkpoint to a folder, which is made if it is missing.

    Named directions of other weights, which mean nothing any more, are removed.
    """
    data = pack(weights)
    if (folder / DIRECTIONS_FILE).is_file() and not _is(folder / WEIGHTS_FILE, data):
        (folder / DIRECTIONS_FILE).unlink()
    with atomic(folder / WEIGHTS_FILE) as path:
        path.write_bytes(data)
    with atomic(folder / CONFIG_FILE) as path:
        path.write_text(json.dumps(config.to_dict(), indent=2) + "\n")


def _is(path: Path, data: bytes) -> bool:
    """Whether this is what stands in a file."""
    return path.is_file() and path.read_bytes() == data


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
    path = folder / CONFIG_FILE
    try:
        settings = read_object(path, MOST_CONFIG)
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
        needed: the model's state, whose tensors need no memory: those on the device "meta" do.
            The file is compared with it before any of its tensors is read.

    Raises:
        CheckpointError: if the file is missing, damaged or too large, does not fit, or holds a
            number that is not finite.
    """
    return tensors.read(folder / WEIGHTS_FILE, needed)


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
    path = folder / GALLERY_FILE
    try:
        if path.stat().st_size > MOST_GALLERY:
            raise CodesError(f"it has more than {MOST_GALLERY:,} bytes")
        parts = {name: part.float() for name, part in tensors.read(path).items()}
        codes = Codes(parts["static"], parts["dynamic"], parts.get("action"))
        if not len(codes):
            raise CodesError("it holds no clip")
        return codes
    except (CheckpointError, CodesError, OSError, KeyError) as error:
        raise CheckpointError(
            f"The folder {folder} has no readable {GALLERY_FILE} ({error}): "
            "`python -m rwae.training` writes it beside the weights."
        ) from error
