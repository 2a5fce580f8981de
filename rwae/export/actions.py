"""Which motion is which action: found by the judge among a model's example clips.

The examples carry no labels. The judge names the action of each, as the model draws it, and the
most typical of those that it is sure of stands for the action.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from rwae.classifiers import CLIPS_AT_ONCE, Judge
from rwae.codes import Codes
from rwae.editing.studio import Studio
from rwae.errors import CodesError
from rwae.files import filmstrip

SURE = 0.9  # the least probability at which the judge's word is taken
LOOKED_AT = 48  # clips of the gallery: five or so for each of nine actions
FACTOR = "action"


@dataclass(frozen=True)
class Actions:
    """The motion of each action, for whoever shall perform it.

    Attributes:
        dynamic: codes with shape (A, T, D_m), in the order that was asked for.
        names: of the actions.
        judge: who named them.
    """

    dynamic: Tensor
    names: tuple[str, ...]
    judge: Judge

    def perform(self, studio: Studio, static: Tensor) -> tuple[np.ndarray, list[str]]:
        """Lets one character perform all actions.

        Args:
            studio: the model.
            static: who, with shape (D_c,).

        Returns:
            RGB bytes with shape (A, T, H, W, 3), and the names of the actions that the judge
            does not recognise in them.
        """
        clips = studio.decode(Codes(static.expand(len(self.names), -1), self.dynamic))
        seen = _judged(self.judge, clips)
        values = _values(self.judge)
        wrong = [
            name for name, row in zip(self.names, seen, strict=True)
            if values[int(row.argmax())] != name
        ]  # fmt: skip
        return clips, wrong


def find_actions(studio: Studio, judge: Judge, names: Sequence[str]) -> Actions:
    """Finds a motion for each action among the clips of a model's gallery.

    Of the clips of an action that the judge is sure of, the one is taken whose dynamic codes are
    nearest to their mean.

    Args:
        studio: the model.
        judge: of the data set that the model was trained on.
        names: of the actions.

    Raises:
        CodesError: if the judge knows no such actions, or finds no clip for one of them.
    """
    values = _values(judge)
    if not set(names) <= set(values):
        raise CodesError("The judge does not tell the actions apart that a sprite sheet needs.")
    gallery = studio.gallery[:LOOKED_AT]
    parts = [gallery[i : i + CLIPS_AT_ONCE] for i in range(0, len(gallery), CLIPS_AT_ONCE)]
    # A few clips at a time, so that other visitors have their turn in between.
    seen = torch.cat([_judged(judge, studio.decode(part)) for part in parts])
    sure, named = seen.max(1)
    chosen = []
    for name in names:
        shown = gallery.dynamic[(named == values.index(name)) & (sure >= SURE)]
        if not len(shown):
            raise CodesError(
                f"None of this model's examples shows {name} in a way that the judge is sure of: "
                "choose another model for a sprite sheet."
            )
        distance = (shown - shown.mean(0)).square().sum((1, 2))
        chosen.append(shown[distance.argmin()])
    return Actions(torch.stack(chosen), tuple(names), judge)


def _values(judge: Judge) -> tuple[str, ...]:
    """The names of the actions that a judge tells apart; none if it judges something else."""
    return next((f.values for f in judge.factors if f.name == FACTOR), ())


def _judged(judge: Judge, clips: np.ndarray) -> Tensor:
    """The probability of each action in clips of RGB bytes (B, T, H, W, 3), with shape (B, K)."""
    place = [f.name for f in judge.factors].index(FACTOR)
    return judge.probabilities(filmstrip.from_bytes(clips))[place]
