"""What is known about a clip: who it shows and how it moves, by name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Factor:
    """One labelled property of a clip.

    Attributes:
        name: for example "hair".
        values: its classes, in the order of their label.
        static: whether it says who (True) or how it moves (False).
    """

    name: str
    values: tuple[str, ...]
    static: bool
