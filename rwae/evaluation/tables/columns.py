"""The columns of the results table: what each is called, how it is written and where it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Scores = Mapping[str, Any]
Read = Callable[[Scores], float | None]


@dataclass(frozen=True)
class Column:
    """One number of a model.

    Attributes:
        title: as the head says it.
        read: finds the number in what `score_model` or `score_digits` returned, or None.
        digits: decimals that are shown.
        percent: whether it is a share.
    """

    title: str
    read: Read
    digits: int = 2
    percent: bool = False

    def cell(self, mean: float, deviation: float | None) -> str:
        """The number as text, with its standard deviation over seeds if there are several."""
        scale = 100 if self.percent else 1
        text = f"{scale * mean:.{self.digits}f}"
        if deviation is not None:
            text += f" ± {scale * deviation:.{self.digits}f}"
        return text + "%" * self.percent


def at(*path: str) -> Read:
    """Reads the number at the end of a path of keys; "HOW" stands for the first dynamic factor."""

    def read(scores: Scores) -> float | None:
        value: Any = scores
        for key in path:
            key = how(scores) if key == "HOW" else key
            if not isinstance(value, Mapping) or key not in value:
                return None
            value = value[key]
        return float(value)

    return read


def how(scores: Scores) -> str | None:
    """The name of the first dynamic factor: the motion of the drawn clips is asked about it."""
    return next(iter(scores.get("sweep", {}).get("drawn", {}).get("motion_entropy", {})), None)


def most(*path: str) -> Read:
    """Reads the largest accuracy of a static factor among those at the end of a path."""

    def read(scores: Scores) -> float | None:
        value: Any = scores
        for key in path:
            value = value.get(key, {})
        who = scores.get("sweep", {}).get("drawn", {}).get("factors", {})
        return max((value[name] for name in who if name in value), default=None)

    return read


def share(title: str, *path: str) -> Column:
    return Column(title, at(*path), 2, percent=True)


RENDERED = (
    share("swap: all right", "swap", "joint"),
    share("swap into unseen combinations", "unseen", "joint"),
    share("static code from the prior: action kept", "prior_static", "joint"),
    Column("the same: IS", at("prior_static", "factors", "HOW", "inception_score"), 3),
    share("motion from the prior: who kept", "prior_motion", "joint"),
    Column("both from the prior: IS", at("unconditional", "factors", "HOW", "inception_score"), 3),
    share("who kept along a motion sweep", "sweep", "drawn", "identity"),
    share("the same, judge sure", "sweep", "drawn", "sure_identity"),
    share("pairs with a sure judge", "sweep", "drawn", "sure"),
    Column("squared error of a frame", at("reconstruction", "squared_error_per_frame"), 2),
)
CODES = (
    Column("action read from z_c", at("probes", "draw", "static", "nonlinear", "HOW"), 1, True),
    Column("from its mean", at("probes", "mean", "static", "nonlinear", "HOW"), 1, True),
    Column("who read from z_1:T", most("probes", "draw", "dynamic", "nonlinear"), 1, True),
    Column("from its means", most("probes", "mean", "dynamic", "nonlinear"), 1, True),
    Column("I(x; z_c)", at("information", "static", "nats")),
    Column("I(x; z_1:T)", at("information", "dynamic", "nats")),
    Column("actions found: NMI", at("actions", "factors", "HOW", "normalised_mutual_information")),
    share("action shown as asked for", "actions", "drawn", "HOW", "agreement"),
)
DIGITS = (
    share("swap: digits", "swap", "digit"),
    share("swap: both digits", "swap", "pair"),
    Column("swap: off place, pixels", at("swap", "position_error")),
    share("motion from the prior: digits kept", "prior_motion", "digit"),
    share("both digits kept", "prior_motion", "pair"),
    Column("static code from the prior: off place", at("prior_static", "position_error")),
    Column("squared error of a frame", at("reconstruction", "squared_error_per_frame"), 1),
)
