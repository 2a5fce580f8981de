"""What a page holds before it asks for anything: a clip already moves when it opens."""

from __future__ import annotations

import dataclasses
import functools
import time
from typing import Any

from rwae import runtime
from rwae.codes import Codes
from rwae.editing.directions import Basis
from rwae.editing.named_directions import NamedDirections
from rwae.editing.studio import Studio
from rwae.files import filmstrip, video
from rwae.ui import downloads, static
from rwae.ui.loaded_models import LoadedModels
from rwae.ui.payloads import MAX_CLIP_FRAMES, codes_to_json, max_request_frames


def model_list(models: LoadedModels) -> list[dict[str, Any]]:
    """What the header's list says of each model."""
    return [
        {
            "name": name,
            "title": studio.card.title,
            "about": studio.card.about,
            "kind": kind(studio),
        }
        for name, studio in models.studios.items()
    ]


def kind(studio: Studio) -> str:
    """The size of a clip and what sets the model apart, in a few words."""
    config = studio.model.config
    clip = f"{config.frames} frame{'s' * (config.frames > 1)} of {config.frame_size} pixels"
    learned = f", {config.actions} actions" if config.actions else ""
    return clip + learned + ("" if studio.model.encodes else ", cannot read clips")


@functools.cache
def opened(studio: Studio) -> dict[str, Any]:
    """All that shows a model at once: its sizes, its examples, where their picture is, its facts.

    The page adds the model's name, and the `directions`, which take a hundred times as long.
    """
    config = studio.model.config
    return {
        "title": studio.card.title,
        "weights": studio.weights,
        "side": config.frame_size,
        "frames": config.frames,
        "most": max_request_frames(config),
        "longest": min(MAX_CLIP_FRAMES, max_request_frames(config)),
        "apart": not (config.recurrent_decoder or config.actions),  # each frame by itself
        "encodes": studio.model.encodes,
        "actions": config.actions,
        "exports": downloads.available_formats(studio),
        "device": runtime.device_label(studio.model.device),
        "parameters": studio.model.num_parameters,
        "ms": speed(studio),
        "clips": codes_to_json(examples(studio)),
        "sheet": static.add_picture(example_sheet(studio)),
    }


def example_sheet(studio: Studio) -> bytes:
    """A PNG of the examples, with a row for each clip and a column for each frame."""
    return video.encode_image(filmstrip.sheet(studio.decode(examples(studio))), "png")


def speed(studio: Studio) -> float:
    """The milliseconds in which one clip is decoded."""
    times = []
    for _ in range(6):  # the first call also allocates, so the shortest counts
        start = time.perf_counter()
        studio.decode(studio.examples[[0]])
        times.append(time.perf_counter() - start)
    return round(1000 * min(times), 1)


def examples(studio: Studio) -> Codes:
    """The example clips, as many as one request may hold."""
    config = studio.model.config
    return studio.examples[: max(1, max_request_frames(config) // config.frames)]


def directions(studio: Studio) -> dict[str, Any]:
    """The coordinates in which both kinds of code are shown, and which numbers do nothing.

    Where directions of the static code have names, these come too, as "named".
    """
    found = {
        "who": _numbers(studio.static_basis, "mean", "read", "write", "share"),
        "motion": _numbers(studio.dynamic_basis, "mean", "read", "write", "share"),
        "idle": {"static": studio.inactive_static, "dynamic": studio.inactive_dynamic},
    }
    if studio.named_directions:
        names = [dataclasses.asdict(name) for name in studio.named_directions.names]
        found["named"] = _numbers(studio.named_directions, "mean", "read", "write") | {
            "names": names
        }
    return found


def _numbers(basis: Basis | NamedDirections, *parts: str) -> dict[str, Any]:
    return {
        name: [[round(v, 5) for v in row] if isinstance(row, list) else round(row, 5)
               for row in getattr(basis, name).tolist()]
        for name in parts
    }  # fmt: skip
