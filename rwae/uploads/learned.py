"""Learned characters that are kept: from a copy of a model to a file, and back.

    learned = rwae.adapt(model, x)
    Path("hero.safetensors").write_bytes(pack_learned_copy(model, learned.model, learned.codes))
    copy, codes = rwae.open_learned("hero.safetensors", model)

The file holds what the copy changed, and the codes of the clips; see `rwae.files.learned_file`.
"""

from __future__ import annotations

from pathlib import Path

from rwae.codes import Codes
from rwae.errors import CheckpointError, CodesError
from rwae.files.checkpoint import weights_digest
from rwae.files.learned_file import pack_learned, unpack_learned
from rwae.models.base import CodeModel
from rwae.uploads.adapt import with_learned_decoder


def pack_learned_copy(
    model: CodeModel, copy: CodeModel, codes: Codes, name: str = "", weights: str | None = None
) -> bytes:
    """A copy that has learned a character, as the bytes of a file.

    Args:
        model: the original.
        copy: the copy.
        codes: of the clips that it was learned from.
        name: what the original is called, for messages.
        weights: the digest of the original's weights, if it is known already.
    """
    own, learned = model.decoder.state_dict(), copy.decoder.state_dict()
    return pack_learned(learned, own, codes, name, weights or weights_digest(model))


def open_learned(
    source: str | Path | bytes, model: CodeModel, weights: str | None = None
) -> tuple[CodeModel, Codes]:
    """Opens a learned character, which may come from anyone.

    Args:
        source: the file, or its content.
        model: the original, with the weights that the character was learned from.
        weights: the digest of these weights, if it is known already.

    Returns:
        A copy of the model that draws the character, and the codes of the clips that it was
        learned from, all with the same static code.

    Raises:
        CheckpointError: if the file cannot be read, is of another kind, or belongs to other
            weights.
    """
    content = source if isinstance(source, bytes) else Path(source)
    weights = weights or weights_digest(model)
    state, codes = unpack_learned(content, model.decoder.state_dict(), weights)
    try:
        model.check(codes)
    except CodesError as error:
        raise CheckpointError(
            f"The file is no learned character of this model. {error}"
        ) from error
    return with_learned_decoder(model, state), codes.to(model.device)
