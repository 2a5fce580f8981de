"""The models of the Compare tab: which belong side by side, and how a clip gets from one to all.

Codes of one model mean nothing to another. What models can share is a picture: the clip that one
of them draws is given to the encoders of the others, and never leaves the server.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rwae.classifiers import judge_of, trained_on
from rwae.editing.studio import Studio
from rwae.errors import CheckpointError, ClipError
from rwae.files import filmstrip
from rwae.ui import requests
from rwae.ui.pictures import to_json
from rwae.ui.scores import read_scores
from rwae.ui.shelf import Shelf

# The two scores that say most about what one sees, as `rwae.ui.scores` calls them.
HEADLINES = {
    "Swap": ("swap", "swaps all right"),
    "Motion sweep": ("sweep", "who kept along sweeps"),
}


def peers(shelf: Shelf) -> list[dict[str, Any]]:
    """What the Compare tab knows of every model.

    Returns:
        For each model its name, title, frames of a clip, whether it encodes and is judged,
        `scores` (a list of {"key", "title", "share"}), and `group`: models of one group were
        trained on the same data, and their frames have one size.
    """
    return [
        {
            "name": name,
            "title": studio.card.title,
            "group": f"{trained_on(studio.folder) or name}, {studio.model.config.frame_size}",
            "frames": studio.model.config.frames,
            "encodes": studio.model.encodes,
            "judged": judge_of(studio.folder) is not None,
            "scores": headlines(studio),
        }
        for name, studio in shelf.studios.items()
    ]


def headlines(studio: Studio) -> list[dict[str, Any]]:
    """The headline scores of a model, a mean over its trainings; empty if there are none."""
    try:
        found = read_scores(studio.folder) if studio.folder else None
    except CheckpointError:
        return []  # the About tab says what is wrong with the file
    known = {measure["title"]: measure["values"] for measure in (found or {}).get("measures", ())}
    return [
        {"key": key, "title": words, "share": sum(known[title]) / len(known[title])}
        for title, (key, words) in HEADLINES.items()
        if title in known
    ]


def carrier(shelf: Shelf) -> Callable[[Studio, Any], dict[str, Any]]:
    """Makes the endpoint that hands clips from one model of the shelf to another."""

    def carry_codes(studio: Studio, request: Any) -> dict[str, Any]:
        """Lets a model read what another one draws.

        Args:
            studio: the model that reads.
            request: {"from": name of the model that draws, "clips": its codes}.

        Returns:
            {"clips": the codes that the reading model infers}.

        Raises:
            CodesError: if the codes do not fit the model that draws.
            ClipError: if the reading model has no encoder, or frames of another size.
            RWAEError: if there is no model of that name.
        """
        request = requests.mapping(request, "from", "clips")
        drawing = shelf.find(requests.model_name({"model": request["from"]}) or "")
        sides = [one.model.config.frame_size for one in (drawing, studio)]
        if sides[0] != sides[1]:
            raise ClipError(
                f"The clip has frames of {sides[0]} pixels, and {studio.card.title} reads frames "
                f"of {sides[1]}: compare models with frames of one size."
            )
        clips = drawing.decode(requests.codes(request["clips"], drawing.model.config))
        return {"clips": to_json(studio.encode(filmstrip.from_bytes(clips)))}

    return carry_codes
