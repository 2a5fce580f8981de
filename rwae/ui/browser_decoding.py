"""Which models a visitor's browser may decode by itself, and where it finds what that needs: the
decoder for this page, or a page that is one file with the decoder in it.

The weights of such a model are public: whoever opens the page can keep them. So a model that the
Hub shows to few stays on the server, unless the operator says otherwise. A copy that has learned a
character stays there as well: it belongs to one visit, and is too short-lived to be worth 3 MB.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from rwae.editing.studio import Studio
from rwae.errors import ConfigError, RWAEError
from rwae.models.base import CodeModel
from rwae.models.kernel import KERNEL, pack, pack_encoder
from rwae.ui import page_files
from rwae.ui.downloads import file_stem
from rwae.ui.loaded_models import LoadedModels
from rwae.ui.standalone import standalone_page

_lock = threading.Lock()  # many visitors may ask for the same model at once
_page_lock = threading.Lock()  # one of its own: a page takes seconds to build
_found: dict[Studio, dict[str, Any]] = {}
_encoders: dict[Studio, dict[str, Any]] = {}
_pages: dict[Studio, str] = {}


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
            _found[studio] = _publish(models.share, studio, pack)
        return _found[studio]


def find_encoder(models: LoadedModels, studio: Studio) -> dict[str, Any]:
    """Where the encoder of a model is for browsers, for clips that need no fitting.

    Returns:
        {"kernel", "weights": as of `find_decoder`, "typical": {"error": the median of held-out
        clips, "error_limit", "difference_limit"} or None, "fitted": whether the server moves
        figures and grounds of clips that the model does not know}, or {"stays": a sentence that
        says why the server reads clips}.
    """
    if studio.original is not None:
        return {"stays": "A learned character is on the server, which reads clips for it."}
    with _lock:
        if studio not in _encoders:
            _encoders[studio] = _publish_encoder(models.share, studio)
        return _encoders[studio]


def _publish_encoder(share: str, studio: Studio) -> dict[str, Any]:
    """Serves the encoder of a model, as `_publish` its decoder."""
    found = _publish(share, studio, pack_encoder)
    domain = studio.model.domain
    if "stays" in found:
        return found
    typical = domain and {
        "error": domain.typical_error,
        "error_limit": domain.error_limit,
        "difference_limit": domain.difference_limit,
    }
    return found | {
        "typical": typical,
        "fitted": domain is not None and domain.background is not None,
    }


def find_page(models: LoadedModels, studio: Studio) -> dict[str, Any]:
    """Where a page is that shows a model and needs no server; see `rwae.ui.standalone`.

    Returns:
        {"data": a URL relative to the page, "name": what to call the file}, as of other files.

    Raises:
        ConfigError: if the weights are not for everyone, or the kernel cannot run the model.
    """
    if studio.original is not None:
        raise ConfigError(
            "A learned character belongs to this visit alone: choose its original to save a page."
        )
    if kept := _why_kept(models.share, studio):
        raise ConfigError(f"{kept}, so no page of it can be saved.")
    with _page_lock:
        if studio not in _pages:
            _pages[studio] = page_files.add_page(standalone_page(studio))
        return {"data": _pages[studio], "name": f"{file_stem(studio)}-page.html"}


def _publish(share: str, studio: Studio, packed: Callable[[CodeModel], bytes]) -> dict[str, Any]:
    """Serves a packed part of a model, if its weights are shared and the kernel runs it."""
    if kept := _why_kept(share, studio):
        return {"stays": f"{kept}: the server decodes."}
    try:
        weights = page_files.add_decoder(packed(studio.model), ".bin")
    except RWAEError as error:
        return {"stays": str(error)}
    return {"kernel": page_files.add_decoder(KERNEL.read_bytes(), ".wasm"), "weights": weights}


def _why_kept(share: str, studio: Studio) -> str | None:
    """Why visitors may not have the weights, as the beginning of a sentence; None if they may."""
    if share == "none":
        return "The model stays on the server, as its operator wants"
    if share == "public" and studio.private:
        return "The model is private on the Hub"
    return None
