"""A learned character in a file: what its copy of a model changed, and its codes.

A safetensors file with a tensor for each changed weight of the decoder, as its difference from the
original in half precision, and the tensors `static` (B, D_c) and `dynamic` (B, T, D_m). It holds
no picture. The metadata names the model and the digest of the weights to which the differences
are added; they mean nothing on other weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from rwae.codes import Codes
from rwae.errors import CheckpointError
from rwae.files.codes_file import MAX_SAVED_CLIPS
from rwae.files.tensors import HasShapeAndType, TensorSpec, pack, read_tensors

KIND = "learned character"
FORMAT_VERSION = "1"
MAX_LEARNED_BYTES = 2**25  # the largest shipped decoder has a tenth of it
_PREFIX = "decoder."
_CODES = {"static": 2, "dynamic": 3}
_LARGEST_CODE = 1e4


def pack_learned(
    learned: Mapping[str, Tensor],
    original: Mapping[str, Tensor],
    codes: Codes,
    model: str,
    weights: str,
) -> bytes:
    """A learned character as the bytes of a file.

    Args:
        learned: the state of the decoder of the copy.
        original: that of the original.
        codes: of the clips that it was learned from.
        model: what the original is called.
        weights: the digest of its weights.
    """
    tensors = {
        _PREFIX + name: (tensor - original[name]).half()
        for name, tensor in learned.items()
        if tensor.is_floating_point() and not torch.equal(tensor, original[name])
    }
    tensors |= {"static": codes.static.float(), "dynamic": codes.dynamic.float()}
    about = {"kind": KIND, "format_version": FORMAT_VERSION, "model": model, "weights": weights}
    return pack(tensors, about)


def unpack_learned(
    source: Path | bytes, original: Mapping[str, Tensor], weights: str
) -> tuple[dict[str, Tensor], Codes]:
    """Reads a learned character, which may come from anyone.

    Args:
        source: the file, or its content.
        original: the state of the decoder of the model.
        weights: the digest of its weights.

    Returns:
        The state of the copy's decoder, and the codes of the clips.

    Raises:
        CheckpointError: if the file is damaged, of another kind, or belongs to other weights.
    """
    try:
        found = read_tensors(source, lambda specs: _check(specs, original), MAX_LEARNED_BYTES)
        about = found.metadata
        if about.get("kind") != KIND or about.get("format_version") != FORMAT_VERSION:
            raise ValueError("it does not say that it holds a learned character")
        if about.get("weights") != weights:
            raise ValueError(
                "it was learned from another model, or from other weights of this one"
            )
        if not all(bool((part.abs() <= _LARGEST_CODE).all()) for part in found.tensors.values()):
            raise ValueError("a number is not finite or too large")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        name = f" {source}" if isinstance(source, Path) else ""
        raise CheckpointError(
            f"The file{name} is no learned character of this model ({why}): choose one that was "
            "saved here, and the model that it was learned from."
        ) from error
    codes = Codes(found.tensors.pop("static"), found.tensors.pop("dynamic"))
    state = dict(original)
    for name, difference in found.tensors.items():
        own = name.removeprefix(_PREFIX)
        state[own] = original[own] + difference.to(original[own])
    return state, codes


def learned_model(source: Path | bytes) -> tuple[str, str]:
    """The name of the model that a file was learned from, and the digest of its weights.

    Raises:
        CheckpointError: if the file is damaged or of another kind.
    """
    try:
        about = read_tensors(source, None, MAX_LEARNED_BYTES).metadata
        if about.get("kind") != KIND:
            raise ValueError("it does not say that it holds a learned character")
    except (OSError, ValueError) as error:
        raise CheckpointError(
            f"The file is no learned character ({error}): choose one that was saved here."
        ) from error
    return about.get("model", ""), about.get("weights", "")


def _check(specs: Mapping[str, TensorSpec], original: Mapping[str, HasShapeAndType]) -> None:
    """Raises ValueError unless all tensors have the names, shapes and types of such a file."""
    for name, spec in specs.items():
        if name in _CODES:
            fits = spec.dtype == torch.float32 and len(spec.shape) == _CODES[name]
        else:
            own = original.get(name.removeprefix(_PREFIX))
            fits = (
                name.startswith(_PREFIX)
                and own is not None
                and spec.dtype == torch.float16
                and tuple(own.shape) == spec.shape
            )
        if not fits:
            raise ValueError("a tensor is unknown, or has another shape or type")
    clips = {specs[name].shape[0] for name in _CODES if name in specs}
    if not set(_CODES) <= set(specs) or len(clips) != 1 or not 1 <= clips.pop() <= MAX_SAVED_CLIPS:
        raise ValueError("its codes are missing, or of another number of clips")
