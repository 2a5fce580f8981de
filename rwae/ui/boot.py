"""What a page holds before it asks for anything: a clip already moves when it opens."""

from __future__ import annotations

import time
from typing import Any

from rwae import device
from rwae.codes import Codes
from rwae.directions import Basis
from rwae.inference import Studio
from rwae.ui import requests
from rwae.ui.endpoints import picture


def facts(studio: Studio) -> dict[str, Any]:
    """What the header tells of the model, with the milliseconds that one clip takes."""
    times = []
    for _ in range(6):  # the first call also allocates, so the shortest counts
        start = time.perf_counter()
        studio.decode(studio.examples[[0]])
        times.append(time.perf_counter() - start)
    return {
        "model": studio.name,
        "device": device.label(studio.model.device),
        "parameters": studio.model.parameters_total,
        "ms": round(1000 * min(times), 1),
    }


def sizes(studio: Studio) -> dict[str, int]:
    """The sizes of a clip, and how many frames one request may hold."""
    config = studio.model.config
    return {"side": config.frame_size, "frames": config.frames, "most": requests.MAX_TOTAL}


def examples(studio: Studio) -> Codes:
    """The example clips, as many as one request may hold."""
    return studio.examples[: max(1, requests.MAX_TOTAL // studio.model.config.frames)]


def sheet(studio: Studio) -> str:
    """The pictures of the example clips, as a data address."""
    return picture(studio.decode(examples(studio)), "png")


def directions(studio: Studio) -> dict[str, Any]:
    """The coordinates in which both kinds of code are shown, and which numbers do nothing."""
    return {
        "who": _basis(studio.who),
        "motion": _basis(studio.motion),
        "idle": {"static": studio.idle_static, "dynamic": studio.idle_dynamic},
    }


def _basis(basis: Basis) -> dict[str, Any]:
    return {
        name: [[round(v, 5) for v in row] if isinstance(row, list) else round(row, 5)
               for row in getattr(basis, name).tolist()]
        for name in ("mean", "read", "write", "share")
    }  # fmt: skip
