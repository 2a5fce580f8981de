"""What the page knows of the models before it asks for anything: a clip moves when it opens.

The header lists all models. The first model travels with the page, the others are asked for by
`rwae.ui.endpoints.open_model` and `find_directions`. The Compare tab knows a little of each.
"""

from __future__ import annotations

import dataclasses
import functools
import statistics
import time
from typing import Any

import torch

from rwae import runtime
from rwae.classifiers import has_judge, trained_on
from rwae.codes import Codes
from rwae.editing.directions import Basis
from rwae.editing.named_directions import NamedDirections
from rwae.editing.studio import Studio
from rwae.errors import CheckpointError
from rwae.files import filmstrip, video
from rwae.files.metrics import HEADLINES
from rwae.files.scores import read_scores
from rwae.files.sheet_layout import ROWS
from rwae.ui.downloads import available_formats, draws_sprites, sheet_model
from rwae.ui.loaded_models import LoadedModels
from rwae.ui.page_files import add_picture
from rwae.ui.payloads import MAX_CLIP_FRAMES, codes_to_json, data_url, max_request_frames

COORDINATE_DECIMALS = 5  # of a number in a direction
TIMED_DECODES = 6
END = 3.0  # standard deviations at either end of a slider
SUBJECTS = {
    "sprites": "Sprites",
    "lpc": "Sprites",
    "weizmann": "People",
    "moving_mnist": "Digits",
}  # by data set


def page_data(models: LoadedModels) -> dict[str, Any]:
    """What the header gets, and passes on to the tabs.

    Returns:
        {"models": see `model_list`, "first": all of the first model, "notice": a sentence}.
    """
    first = models.find(None)
    opened = {"name": models.default_name} | model_data(first)
    return {
        "models": model_list(models),
        "first": opened | {"directions": directions_data(first)},
        "notice": models.notice,
    }


def model_list(models: LoadedModels) -> list[dict[str, Any]]:
    """What the header's list says of each model.

    Returns:
        For each model {"name", "title", "about", "kind", "subject": what its training data shows,
        "variant": whether it is listed for comparison with a better known one}.
    """
    names = set(models.studios)
    order = ["", *SUBJECTS.values()]  # a model of unknown data may be the operator's own
    found = [
        {
            "name": name,
            "title": studio.card.title,
            "about": studio.card.about,
            "kind": _describe_kind(studio),
            "subject": SUBJECTS.get(trained_on(studio.folder) or "", ""),
            "variant": trained_on(studio.folder) in names - {name},
        }
        for name, studio in models.studios.items()
    ]
    return sorted(found, key=lambda model: order.index(model["subject"]))


def _describe_kind(studio: Studio) -> str:
    """The size of a clip and what sets the model apart, in a few words."""
    config = studio.model.config
    frames = "1 frame" if config.frames == 1 else f"{config.frames} frames"
    parts = [f"{frames} of {config.frame_size} pixels"]
    if config.actions:
        parts.append(f"{config.actions} actions")
    if not studio.model.encodes:
        parts.append("cannot read clips")
    return ", ".join(parts)


def model_data(studio: Studio) -> dict[str, Any]:
    """What shows a model at once: its sizes, its examples, the URL of their picture, its facts.

    The page adds the model's name and `directions_data`, which takes a hundred times as long. A
    copy that has learned a character also has "learned": {"of": the name of its original,
    "clips": how many of the first examples it was learned from}.
    """
    if studio.original is None:
        return _loaded_model_data(studio)
    return _loaded_model_data(studio.original) | {
        "title": studio.card.title,
        "weights": studio.weights,
        "clips": codes_to_json(examples(studio)),
        "sheet": data_url(example_sheet(studio), "image/png"),
        "learned": {"of": studio.original.name, "clips": studio.learned_clips},
    }


@functools.cache
def _loaded_model_data(studio: Studio) -> dict[str, Any]:
    """`model_data` of a model that was loaded when the app started."""
    config = studio.model.config
    return {
        "title": studio.card.title,
        "weights": studio.weights,
        "side": config.frame_size,
        "frames": config.frames,
        "most": max_request_frames(config),
        "longest": min(MAX_CLIP_FRAMES, max_request_frames(config)),
        "apart": not (config.recurrent_decoder or config.actions),  # frames decode one by one
        "encodes": studio.model.encodes,
        "actions": config.actions,
        "exports": available_formats(studio),
        "sprites": draws_sprites(studio),
        "device": runtime.device_label(studio.model.device),
        "parameters": studio.model.num_parameters,
        "ms": _decode_milliseconds(studio),
        "clips": codes_to_json(examples(studio)),
        "sheet": add_picture(example_sheet(studio)),
    }


def example_sheet(studio: Studio) -> bytes:
    """A PNG of the examples: a row for each clip, a column for each frame."""
    return video.encode_image(filmstrip.sheet(studio.decode(examples(studio))), "png")


def examples(studio: Studio) -> Codes:
    """The example clips, as many as one request may hold."""
    config = studio.model.config
    return studio.examples[: max(1, max_request_frames(config) // config.frames)]


def _decode_milliseconds(studio: Studio) -> float:
    """The milliseconds in which one clip is decoded: the shortest of several times."""
    seconds = []
    for _ in range(TIMED_DECODES):  # the first one also allocates memory
        start = time.perf_counter()
        studio.decode(studio.examples[[0]])
        seconds.append(time.perf_counter() - start)
    return round(1000 * min(seconds), 1)


def directions_data(studio: Studio) -> dict[str, Any]:
    """The coordinates in which both codes are shown, and which numbers do nothing.

    Returns:
        {"who", "motion": the directions of the static and of a dynamic code, "idle": {"static",
        "dynamic": for each number whether it does nothing}}, and "named" if directions of the
        static code have names.
    """
    data: dict[str, Any] = {
        "who": _coordinates(studio.static_basis, "mean", "read", "write", "share"),
        "motion": _coordinates(studio.dynamic_basis, "mean", "read", "write", "share"),
        "idle": {"static": studio.inactive_static, "dynamic": studio.inactive_dynamic},
    }
    named = _shown_directions(studio.original or studio)
    if named:
        names = [dataclasses.asdict(name) for name in named.names]
        data["named"] = _coordinates(named, "mean", "read", "write") | {"names": names}
    return data


@functools.cache
def _shown_directions(studio: Studio) -> NamedDirections | None:
    """The named directions of a model that is no copy, in the order of the page."""
    named = studio.named_directions
    return sort_by_visibility(studio, named) if named else None


def sort_by_visibility(studio: Studio, named: NamedDirections) -> NamedDirections:
    """Puts the directions first whose attribute changes the picture most.

    Args:
        studio: the model, whose first example is moved along each direction.
        named: its directions.
    """
    count = len(named.names)
    static, still = studio.examples.static[:1], studio.examples.dynamic[:1, :1]
    ends = [named.move(static, axis, to) for axis in range(count) for to in (-END, END)]
    frames = studio.decode(Codes(torch.cat(ends), still.expand(2 * count, -1, -1))).astype(int)
    change = abs(frames[::2] - frames[1::2]).mean((1, 2, 3, 4))
    by_factor: dict[str, list[float]] = {}
    for name, value in zip(named.names, change, strict=True):
        by_factor.setdefault(name.factor, []).append(float(value))
    seen = {factor: statistics.fmean(values) for factor, values in by_factor.items()}
    order = sorted(range(count), key=lambda axis: -seen[named.names[axis].factor])
    names = tuple(named.names[axis] for axis in order)
    return dataclasses.replace(
        named, read=named.read[order], write=named.write[order], names=names
    )


def _coordinates(directions: Basis | NamedDirections, *parts: str) -> dict[str, Any]:
    """Tensors of one or two dimensions as rounded JSON values, by name."""
    return {name: _round_nested(getattr(directions, name).tolist()) for name in parts}


def _round_nested(value: Any) -> Any:
    if isinstance(value, list):
        return [_round_nested(part) for part in value]
    return round(value, COORDINATE_DECIMALS)


def comparison_data(models: LoadedModels) -> list[dict[str, Any]]:
    """What the Compare tab knows of each model.

    Returns:
        For each model its name, title, frames of a clip, whether it encodes and is judged,
        `scores` (see `headline_scores`), and `group`: models of one group were trained on the
        same data, and their frames have one size.
    """
    return [
        {
            "name": name,
            "title": studio.card.title,
            "group": f"{trained_on(studio.folder) or name}, {studio.model.config.frame_size}",
            "frames": studio.model.config.frames,
            "encodes": studio.model.encodes,
            "judged": has_judge(studio.folder),
            "scores": headline_scores(studio),
        }
        for name, studio in models.studios.items()
    ]


def headline_scores(studio: Studio) -> list[dict[str, Any]]:
    """The headline scores of a model, each a mean over its trainings.

    Returns:
        A list of {"key", "title", "share"}, which is empty if the model has no readable scores.
    """
    try:
        file = read_scores(studio.folder) if studio.folder else None
    except CheckpointError:
        return []  # the About tab says what is wrong with the file
    if file is None:
        return []
    scores = [(key, title, file.values(metric)) for key, (metric, title) in HEADLINES.items()]
    return [
        {"key": key, "title": title, "share": statistics.fmean(values)}
        for key, title, values in scores
        if values is not None
    ]


def sheet_data(models: LoadedModels) -> dict[str, Any]:
    """What the Sheet tab knows of the layout of sprite sheets and of the models.

    Returns:
        {"rows": for each row {"key", "action", "direction", "columns": how many cells it has,
        "cycle": the columns that play, in order}, "example": whether a model draws a sheet}.
    """
    rows = [
        {
            "key": row.key,
            "action": row.action.name,
            "direction": row.direction,
            "columns": row.action.columns,
            "cycle": row.action.cycle,
        }
        for row in ROWS
    ]
    return {"rows": rows, "example": sheet_model(models) is not None}
