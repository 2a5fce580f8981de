"""What the judge of the data set sees in the clips of a page, for the Compare tab.

The judge is that of the evaluation, so that what a visitor reads under a clip is what the scores
are made of. It has a lock of its own: while it looks at one clip, the model draws the next.
"""

from __future__ import annotations

import threading
from typing import Any

from torch import Tensor

from rwae.classifiers import Judge, judge_of, trained_on
from rwae.codes import Factor
from rwae.editing.studio import Studio
from rwae.errors import RWAEError
from rwae.files import filmstrip
from rwae.runtime import turn
from rwae.ui import requests

WAIT = 20.0  # seconds that a caller waits for the judge
DIGITS = 4  # of a probability on its way to the page
BUSY = "The judge is busy with other visitors: try again in a moment."
# One clip at a time: threads that share the cores only slow each other down.
_LOCK = threading.Lock()


def judge_codes(studio: Studio, request: Any) -> dict[str, Any]:
    """Asks the judge what clips show.

    Args:
        studio: the model.
        request: {"clips": [{"static": [...], "dynamic": [[...], ...]}, ...]}.

    Returns:
        {"clips": for each clip, for each factor {"factor": its name, "static": whether it says
        who, "value": the likeliest, "confidence": its probability}}.

    Raises:
        CodesError: if the codes do not fit the model.
        RWAEError: if no judge knows the model's data set, or it is busy.
    """
    request = requests.mapping(request, "clips")
    codes = requests.codes(request["clips"], studio.model.config)
    judge = find_judge(studio)
    clips = filmstrip.from_bytes(studio.decode(codes))  # rounded, as a visitor sees them
    with turn(_LOCK, WAIT, BUSY):
        answers = judge.probabilities(clips)
    return {"clips": told(answers, judge.factors)}


def find_judge(studio: Studio) -> Judge:
    """The judge of the data that a model was trained on; RWAEError if there is none."""
    judge = judge_of(studio.folder)
    if judge is None:
        name = trained_on(studio.folder)
        told = f"trained on {name}" if name else "of unknown data"
        raise RWAEError(
            f"{studio.card.title} is {told}, for which there is no judge that names factors: "
            "choose a model that has one."
        )
    return judge


def told(answers: list[Tensor], factors: tuple[Factor, ...]) -> list[list[dict[str, Any]]]:
    """A judge's answers as JSON values, clip by clip.

    Args:
        answers: probabilities, one tensor (B, K) for each factor.
        factors: what they are about.
    """
    best = [answer.max(-1) for answer in answers]
    return [
        [
            {
                "factor": factor.name,
                "static": factor.static,
                "value": factor.values[int(found.indices[clip])],
                "confidence": round(float(found.values[clip]), DIGITS),
            }
            for factor, found in zip(factors, best, strict=True)
        ]
        for clip in range(len(best[0].values))
    ]
