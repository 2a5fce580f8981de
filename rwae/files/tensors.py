"""Files of tensors, looked at before they are believed.

A safetensors file is a length in 8 bytes, a header of that length, which is JSON and gives each
tensor's type, shape and place, and then the tensors, one after the other and nothing else (the
format's own description: github.com/huggingface/safetensors). Header and length of the file are
compared with what is needed before memory is taken for a single tensor; no pickle is ever opened.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from reprlib import repr as short
from typing import Any, NamedTuple, Protocol

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from rwae.errors import CheckpointError

MOST_BYTES = 2**30  # of a file; the largest shipped model has a hundredth of it
MOST_HEADER = 2**20  # bytes; a model of a hundred tensors has about ten thousand
TYPES = {
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


class Sized(Protocol):
    """What a tensor and a line of a header have in common."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> torch.dtype: ...


class Entry(NamedTuple):
    """What a header says of one tensor."""

    dtype: torch.dtype
    shape: tuple[int, ...]

    @property
    def bytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


def read(path: Path, needed: Mapping[str, Sized] | None = None) -> dict[str, Tensor]:
    """Reads a file of tensors.

    Args:
        path: the file.
        needed: names, shapes and types that the file needs to have; tensors without memory, on
            the device "meta", do. Any are taken if it is None.

    Raises:
        CheckpointError: if the file is missing, damaged or too large, or holds anything else.
    """
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise _bad(path, f"it has {size:,} bytes, and {MOST_BYTES:,} is the limit")
        with open(path, "rb") as file:
            length = file.read(8)
            count = int.from_bytes(length, "little")
            if len(length) < 8 or not 2 <= count <= min(size - 8, MOST_HEADER):
                raise _bad(path, "its header is cut off, missing or too long")
            header = file.read(count)
            entries = _entries(path, header)
            if needed is not None:
                fit(entries, needed)
            if sum(entry.bytes for entry in entries.values()) != size - 8 - count:
                raise _bad(path, "it is cut off, or its header promises another length")
            tensors = load(length + header + file.read(size - 8 - count))
    except (SafetensorError, OSError) as error:
        raise _bad(path, short(str(error))) from error
    check(tensors, entries)
    return tensors


def _entries(path: Path, header: bytes) -> dict[str, Entry]:
    """Reads a header; the text about the file, which it may hold too, is left out."""
    try:
        found = json.loads(header)
        if not isinstance(found, dict):
            raise TypeError("no JSON object")
        return {name: _entry(said) for name, said in found.items() if name != "__metadata__"}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _bad(path, f"its header cannot be read, {short(str(error))}") from error


def _entry(said: dict[str, Any]) -> Entry:
    shape = said["shape"]
    if not isinstance(shape, list) or not all(type(side) is int and side >= 0 for side in shape):
        raise ValueError("a shape is no list of sizes")
    return Entry(TYPES[said["dtype"]], tuple(shape))


def _bad(path: Path, why: str) -> CheckpointError:
    return CheckpointError(
        f"The file {path} is not a readable safetensors file ({why}): fetch it again."
    )


def fit(found: Mapping[str, Sized], needed: Mapping[str, Sized]) -> None:
    """Compares names, shapes and types with those that a model needs.

    Raises:
        CheckpointError: if a tensor is missing, unknown, or has another shape or type.
    """
    if wrong := sorted(set(found) ^ set(needed)):
        names = ", ".join(name if len(name) < 80 else short(name) for name in wrong[:3])
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


def check(found: Mapping[str, Tensor], needed: Mapping[str, Sized]) -> None:
    """Does what `fit` does, and looks at the numbers too.

    Raises:
        CheckpointError: as `fit`, or if a number is not finite.
    """
    fit(found, needed)
    for name, tensor in found.items():
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            raise CheckpointError(
                f"The weights {name} hold numbers that are not finite: the training that wrote "
                "them failed. Use an earlier checkpoint."
            )
