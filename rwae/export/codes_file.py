"""Codes in a file: an .npz that NumPy opens, with the name and a fingerprint of their model."""

from __future__ import annotations

import hashlib
import io

import numpy as np
import torch

from rwae.codes import Codes
from rwae.errors import CodesError
from rwae.export.npz import read_arrays
from rwae.models.base import CodeModel

FORMAT = 1  # of the file; a change that old readers would misread raises it
MAX_FILE = 2**20  # bytes; the largest codes that the app can show have a quarter of this
MAX_CLIPS = 32
_NAMES = ("format", "model", "weights", "static", "dynamic")


def fingerprint(model: CodeModel) -> str:
    """Sixteen hexadecimal digits that other weights would not have (SHA-256, cut off)."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
        digest.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy())
    return digest.hexdigest()[:16]


def pack_codes(codes: Codes, name: str, weights: str) -> bytes:
    """Codes as the bytes of an .npz file.

    It holds `static` with shape (B, D_c) and `dynamic` with shape (B, T, D_m), both in single
    precision; `model` and `weights`, the two texts; and `format`, a number. An action is left
    out: the model infers it from the dynamic codes.

    Args:
        codes: of a few clips.
        name: what the model is called.
        weights: its `fingerprint`.
    """
    file = io.BytesIO()
    np.savez(
        file,
        format=np.int64(FORMAT),
        model=np.str_(name),
        weights=np.str_(weights),
        static=codes.static.float().cpu().contiguous().numpy(),
        dynamic=codes.dynamic.float().cpu().contiguous().numpy(),
    )
    return file.getvalue()


def unpack_codes(data: bytes, model: CodeModel, name: str, weights: str | None = None) -> Codes:
    """Reads codes that `pack_codes` wrote for a model.

    Args:
        data: the file, which may come from anyone.
        model: the one that shall decode them.
        name: what it is called, for the messages.
        weights: its `fingerprint`, where it is known already.

    Returns:
        The codes, with the very numbers that were saved.

    Raises:
        CodesError: if the file is something else, damaged, too large, of a later format, or holds
            codes of another model; or as from `CodeModel.check`.
    """
    if not 0 < len(data) <= MAX_FILE:
        raise CodesError(
            f"The file has {len(data) / 2**20:.1f} MB: a file of codes has something in it, and "
            f"at most {MAX_FILE // 2**20} MB. Choose one that was saved here as codes."
        )
    arrays = read_arrays(data, _NAMES, MAX_FILE)
    kinds = {key: arrays[key].dtype.kind + str(arrays[key].ndim) for key in _NAMES}
    if kinds != {"format": "i0", "model": "U0", "weights": "U0", "static": "f2", "dynamic": "f3"}:
        raise CodesError(
            "The file needs the codes of clips: static as a table of numbers, dynamic as one "
            "table for each clip. Choose one that was saved here as codes."
        )
    if arrays["format"] != FORMAT:
        raise CodesError(
            f"The file has the format {arrays['format']}, and this version of the project reads "
            f"{FORMAT}: save the codes again with this version."
        )
    _check_model(str(arrays["model"]), str(arrays["weights"]), name, weights or fingerprint(model))
    if not 1 <= len(arrays["static"]) <= MAX_CLIPS:
        raise CodesError(
            f"The file holds {len(arrays['static'])} clips: it needs between 1 and {MAX_CLIPS}."
        )
    with np.errstate(over="ignore"):  # what becomes infinite is refused in words below
        parts = [torch.from_numpy(arrays[key].astype(np.float32)) for key in _NAMES[3:]]
    codes = Codes(*parts)
    model.check(codes)
    return codes


def _check_model(name: str, weights: str, here: str, expected: str) -> None:
    """Raises CodesError unless codes belong to the weights that are `expected`."""
    if weights == expected:
        return
    # What a stranger wrote is shown only as far as it looks like the name of a model.
    known = name if name.replace("-", "").replace("_", "").isalnum() and len(name) < 60 else ""
    if known and known != here:
        raise CodesError(
            f"The codes belong to the model {known}: choose that model first, and open the file "
            "again."
        )
    raise CodesError(
        f"The codes were made with other weights of the model {here}, to which the numbers mean "
        "something else: open them with the weights that they were saved with."
    )
