"""Safetensors files, written and read under limits.

The library's `safe_open` reads the format, and refuses files that are cut off, whose tensors
overlap, or whose header contradicts their length. This module adds limits on the sizes of file and
header and on the number of tensors, and a check of names, shapes and types before any tensor is
read. No pickle is ever opened.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from reprlib import repr as short
from typing import Any, NamedTuple, Protocol

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from rwae.errors import CheckpointError

MAX_TENSOR_FILE_BYTES = 2**30  # the largest shipped model has a hundredth of it
MAX_HEADER_BYTES = 2**20  # a model of a hundred tensors has about ten thousand
MAX_TENSORS = 2**14  # a state of training has four for each weight
_GIT_LFS_POINTER = b"version https://git-lfs.github.com/spec/"
_MAX_REASON = 120  # characters of what the library says
_START_BYTES = len(_GIT_LFS_POINTER)
_DTYPES = {
    "BOOL": torch.bool,
    "U8": torch.uint8,
    "I8": torch.int8,
    "I16": torch.int16,
    "I32": torch.int32,
    "I64": torch.int64,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F32": torch.float32,
    "F64": torch.float64,
}


class HasShapeAndType(Protocol):
    """What a tensor and a `TensorSpec` have in common."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> torch.dtype: ...


class TensorSpec(NamedTuple):
    """What the header of a file says of one tensor."""

    shape: tuple[int, ...]
    dtype: torch.dtype


class TensorFile(NamedTuple):
    """What a file holds.

    Attributes:
        tensors: by name, on the CPU.
        metadata: text about them, by name; empty if there is none.
    """

    tensors: dict[str, Tensor]
    metadata: dict[str, str]


def pack(tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None) -> bytes:
    """Tensors of any device as the bytes of a safetensors file.

    Args:
        tensors: by name.
        metadata: text about them; by default that they are PyTorch's, as other readers expect.
    """
    ready = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    return save(ready, metadata=dict(metadata or {"format": "pt"}))


def read_tensors(
    source: Path | bytes,
    check_specs: Callable[[Mapping[str, TensorSpec]], None] | None = None,
    max_bytes: int = MAX_TENSOR_FILE_BYTES,
) -> TensorFile:
    """Reads a safetensors file that may come from anyone.

    Args:
        source: the file, or its content.
        check_specs: is called with the names, shapes and types before any tensor is read, and
            raises an error of its own if they are not what is needed.
        max_bytes: size that the file may have.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if it is too large, damaged or of another kind; its text says what is wrong,
            such as "it has 9 bytes, and at most 8 are read".
    """
    if isinstance(source, bytes):
        # `safe_open` reads named files only, so the content goes through a temporary file.
        with tempfile.TemporaryDirectory(prefix="rwae-", ignore_cleanup_errors=True) as folder:
            path = Path(folder) / "uploaded.safetensors"
            _check_start(source[:_START_BYTES], len(source), max_bytes)
            path.write_bytes(source)
            return read_tensors(path, check_specs, max_bytes)
    with source.open("rb") as file:
        _check_start(file.read(_START_BYTES), source.stat().st_size, max_bytes)
    with _safetensor_errors(), safe_open(source, "pt") as file:
        names = list(file.keys())
        if len(names) > MAX_TENSORS:
            raise ValueError(
                f"it has {len(names):,} tensors, and at most {MAX_TENSORS:,} are read"
            )
        if check_specs is not None:
            check_specs({name: _spec(file, name) for name in names})
        # The library's tensors are views of the file and would change with it, so they are copied.
        tensors = {name: file.get_tensor(name).clone() for name in names}
        return TensorFile(tensors, file.metadata() or {})


def _check_start(start: bytes, size: int, max_bytes: int) -> None:
    """Refuses a file by its size and its first bytes."""
    if size > max_bytes:
        raise ValueError(f"it has {size:,} bytes, and at most {max_bytes:,} are read")
    if start == _GIT_LFS_POINTER:
        raise ValueError("it is a pointer of Git LFS in place of the file: run `git lfs pull`")
    if len(start) < 8 or int.from_bytes(start[:8], "little") > MAX_HEADER_BYTES:
        raise ValueError("its header is cut off, missing or too long")


@contextmanager
def _safetensor_errors() -> Iterator[None]:
    try:
        yield
    except SafetensorError as error:
        said = "".join(c if c.isprintable() else "?" for c in str(error))
        raise ValueError(said[:_MAX_REASON]) from error


def _spec(file: safe_open, name: str) -> TensorSpec:
    found: Any = file.get_slice(name)  # type: ignore[no-untyped-call]
    dtype = _DTYPES.get(found.get_dtype())
    if dtype is None:
        raise ValueError(f"a tensor has the type {short(found.get_dtype())}, which is not read")
    return TensorSpec(tuple(found.get_shape()), dtype)


def check_specs(
    found: Mapping[str, HasShapeAndType], needed: Mapping[str, HasShapeAndType]
) -> None:
    """Compares names, shapes and types with those that a model needs.

    Raises:
        CheckpointError: if a tensor is missing, unknown, or has another shape or type.
    """
    if wrong := sorted(set(found) ^ set(needed)):
        names = ", ".join(_printable(name) for name in wrong[:3])
        raise CheckpointError(
            f"The weights do not fit the configuration: {names} "
            f"{'is' if len(wrong) == 1 else 'are'} missing or unknown. "
            "Use the config.json that was saved with them."
        )
    for name, tensor in found.items():
        if tuple(tensor.shape) != tuple(needed[name].shape) or tensor.dtype != needed[name].dtype:
            raise CheckpointError(
                f"The weights {name} are {short(tuple(tensor.shape))} {tensor.dtype}, but the "
                f"configuration needs {tuple(needed[name].shape)} {needed[name].dtype}. "
                "Use the config.json that was saved with them."
            )


def check_weights(found: Mapping[str, Tensor], needed: Mapping[str, HasShapeAndType]) -> None:
    """Does what `check_specs` does, and refuses numbers that are not finite.

    Raises:
        CheckpointError: as `check_specs`, or if a number is not finite.
    """
    check_specs(found, needed)
    for name, tensor in found.items():
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            raise CheckpointError(
                f"The weights {name} hold numbers that are not finite: the training that wrote "
                "them failed. Use an earlier checkpoint."
            )


def _printable(name: str) -> str:
    return name if name.isprintable() and len(name) < 80 else short(name)
