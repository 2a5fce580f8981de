"""Codes in a file: a checkpoint's gallery, and what a visitor of the page saves.

Both are safetensors files with the tensors `static` (B, D_c), `dynamic` (B, T, D_m) and, in the
gallery of a weakly supervised model, `action` (B, A), all in single precision. The metadata names
the model and the digest of the weights to which the numbers belong. Other programs read them too:

from safetensors.numpy import load_file
codes = load_file("sprites-codes.safetensors")       # {"static": ..., "dynamic": ...}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from rwae.codes import Codes
from rwae.errors import CodesError
from rwae.files.tensors import TensorSpec, pack, read_tensors

FORMAT_VERSION = "1"  # of the file; a change that earlier readers would misread raises it
MAX_SAVED_BYTES = 2**20  # the largest codes that the app can show have a quarter of this
MAX_SAVED_CLIPS = 32
_DIMENSIONS = {"static": 2, "dynamic": 3, "action": 2}
# How pictures (PNG, JPEG, GIF, WebP) and films (AVI, Matroska) begin.
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"\x1a\x45\xdf\xa3")
_ZIP = b"PK\x03\x04"  # how an .npz begins


@dataclass(frozen=True)
class SavedCodes:
    """What a file of codes holds.

    Attributes:
        codes: of one or more clips; all numbers are finite.
        model: the name of the model that they belong to.
        weights: the digest of its weights. Both are empty in a gallery that was written before
            version 0.2.
    """

    codes: Codes
    model: str
    weights: str


def pack_codes(codes: Codes, model: str, weights: str) -> bytes:
    """Codes as the bytes of a file.

    Args:
        codes: of some clips.
        model: what the model is called.
        weights: the digest of its weights, see `rwae.files.checkpoint.weights_digest`.
    """
    parts = {"static": codes.static, "dynamic": codes.dynamic, "action": codes.action}
    tensors = {name: part.float() for name, part in parts.items() if part is not None}
    about = {"format_version": FORMAT_VERSION, "model": model, "weights": weights}
    return pack(tensors, about)


def unpack_codes(source: Path | bytes, *, max_bytes: int, max_clips: int) -> SavedCodes:
    """Reads a file that `pack_codes` made; the numbers are exactly those that were saved.

    Args:
        source: the file, which may come from anyone, or its content.
        max_bytes: size that it may have.
        max_clips: clips that it may hold.

    Raises:
        OSError: if it cannot be read.
        ValueError: if it is damaged, too large or something else; its text says what is wrong.
    """

    def check_specs(specs: Mapping[str, TensorSpec]) -> None:
        _check_codes_specs(specs, max_clips)

    tensors, metadata = read_tensors(source, check_specs, max_bytes)
    version = metadata.get("format_version")
    if version not in (None, FORMAT_VERSION):
        raise ValueError(
            f"it has another format than {FORMAT_VERSION}, which this version of the project reads"
        )
    if not all(bool(tensor.isfinite().all()) for tensor in tensors.values()):
        raise ValueError("it holds numbers that are not finite")
    codes = Codes(tensors["static"], tensors["dynamic"], tensors.get("action"))
    return SavedCodes(codes, metadata.get("model", ""), metadata.get("weights", ""))


def unpack_saved_codes(data: bytes, model: str, weights: str) -> Codes:
    """Reads what a visitor saved, for the model on the page.

    Args:
        data: the content of the file.
        model: what the model is called.
        weights: the digest of its weights.

    Returns:
        The codes. Whether their sizes fit the model is not checked here, see `CodeModel.check`.

    Raises:
        CodesError: if the file is something else, damaged or too large, or holds codes of another
            model.
    """
    if data.startswith(_ZIP):
        raise CodesError(
            "The file is an .npz, in which earlier versions saved codes, and is no longer read: "
            "save the codes again as .safetensors, or convert it as docs/APP.md says."
        )
    if _is_clip(data):
        raise CodesError(
            "The file is a clip, and holds no codes: bring it by Upload, which reads videos, GIFs "
            "and image strips."
        )
    try:
        saved = unpack_codes(data, max_bytes=MAX_SAVED_BYTES, max_clips=MAX_SAVED_CLIPS)
    except OSError as error:
        raise CodesError("The file cannot be read at the moment: try again later.") from error
    except ValueError as error:
        raise CodesError(
            f"The file holds no codes ({error}): choose one that was saved here as codes."
        ) from error
    _check_model(saved, model, weights)
    return saved.codes


def _is_clip(data: bytes) -> bool:
    """Whether a file begins like a picture, an animation or a film."""
    return data.startswith(_PICTURES) or data[4:8] == b"ftyp"


def _check_codes_specs(specs: Mapping[str, TensorSpec], max_clips: int) -> None:
    """Raises ValueError unless the tensors are those of codes; their numbers are not read."""
    if not {"static", "dynamic"} <= set(specs) <= set(_DIMENSIONS):
        raise ValueError("it needs the tensors static and dynamic, and no others but action")
    for name, (shape, dtype) in specs.items():
        if len(shape) != _DIMENSIONS[name] or dtype != torch.float32:
            raise ValueError(
                f"its {name} needs {_DIMENSIONS[name]} dimensions of float32, and has "
                f"{len(shape)} of {str(dtype).removeprefix('torch.')}"
            )
    clips = specs["static"].shape[0]
    if any(shape[0] != clips for shape, _ in specs.values()):
        raise ValueError("its tensors differ in the number of clips")
    if not 1 <= clips <= max_clips:
        raise ValueError(f"it holds {clips:,} clips, and needs between 1 and {max_clips:,}")


def _check_model(saved: SavedCodes, model: str, weights: str) -> None:
    """Raises CodesError unless codes belong to a model's weights."""
    if saved.weights == weights:
        return
    # The name may come from anyone, so it is shown only if it looks like the name of a model.
    named = saved.model.replace("-", "").replace("_", "")
    if named.isalnum() and len(saved.model) < 60 and saved.model != model:
        raise CodesError(
            f"The codes belong to the model {saved.model}: choose that model first, and open the "
            "file again."
        )
    raise CodesError(
        f"The codes were made with other weights of the model {model}, to which the numbers mean "
        "something else: open them with the weights that they were saved with."
    )
