"""What counts as a number in values that came as JSON."""

from __future__ import annotations

from typing import Any


def is_number(value: Any, low: float, high: float) -> bool:
    """Whether a value is a number in [low, high]; true and false are none, though int to Python.

    The comparison also refuses NaN, infinity, and integers too long for any float.
    """
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
