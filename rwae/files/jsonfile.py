"""JSON that anyone may have written: small files, and which of their values count as numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

MAX_JSON_BYTES = 2**22  # a hundred times the longest file that is shipped, which holds scores


def read_object(path: Path, max_bytes: int = MAX_JSON_BYTES) -> dict[str, Any]:
    """Reads a file that holds one JSON object.

    Args:
        path: of the file.
        max_bytes: size that it may have; no more is read.

    Raises:
        OSError: if it cannot be read.
        ValueError: if it is longer, or holds something else; its text says what is wrong, such
            as "it is not JSON".
    """
    with path.open("rb") as file:
        data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise ValueError(
            f"it has {path.stat().st_size:,} bytes, and at most {max_bytes:,} are read"
        )
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"it is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise ValueError("it is no JSON object, which begins with { and ends with }")
    return found


def is_number(value: Any, low: float, high: float) -> bool:
    """Whether a value is a number in [low, high]; true and false are none, though int to Python.

    The comparison also refuses NaN, infinity, and integers too long for any float.
    """
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
