"""Which models a visitor's browser may decode by itself, and where it finds what that needs.

The weights of such a model are public: whoever opens the page can keep them. So a model that the
Hub shows to few stays on the server, unless the operator says otherwise. A copy that has learned a
character stays there as well: it belongs to one visit, and is too short-lived to be worth 3 MB.
"""

from __future__ import annotations

import threading
from typing import Any

from rwae.editing.studio import Studio
from rwae.errors import ConfigError, RWAEError
from rwae.models.kernel import KERNEL, pack
from rwae.ui import page_files
from rwae.ui.loaded_models import LoadedModels

_lock = threading.Lock()  # many visitors may ask for the same model at once
_found: dict[Studio, dict[str, Any]] = {}


def find_decoder(models: LoadedModels, studio: Studio) -> dict[str, Any]:
    """Where the decoder of a model is for browsers.

    Returns:
        {"kernel", "weights": URLs relative to the page}, or {"stays": a sentence that says why
        the server decodes}.
    """
    if studio.original is not None:
        return {"stays": "A learned character is decoded by the server, which forgets it again."}
    with _lock:
        if studio not in _found:
            _found[studio] = _publish(models.share, studio)
        return _found[studio]


def _publish(share: str, studio: Studio) -> dict[str, Any]:
    """Serves the decoder of a model, if the operator shares its weights and the kernel runs it."""
    try:
        _require_shared(share, studio)
        weights = page_files.add_decoder(pack(studio.model), ".bin")
    except RWAEError as error:
        return {"stays": str(error)}
    return {"kernel": page_files.add_decoder(KERNEL.read_bytes(), ".wasm"), "weights": weights}


def _require_shared(share: str, studio: Studio) -> None:
    """Raises ConfigError unless visitors may have the weights."""
    if share == "none":
        raise ConfigError("The weights stay on the server, as its operator wants: it decodes.")
    if share == "public" and studio.private:
        raise ConfigError("The model is private on the Hub: the server decodes.")
