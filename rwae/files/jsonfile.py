"""JSON that anyone may have written: reads small files, and checks numbers and names in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

MAX_JSON_BYTES = 2**22  # a hundred times the longest file that is shipped, which holds scores
MAX_NAME_LENGTH = 60  # characters of a name


def read_object(path: Path, max_bytes: int = MAX_JSON_BYTES) -> dict[str, Any]:
    """Reads a file that holds one JSON object.

    Args:
        path: of the file.
        max_bytes: size that it may have; no more is read.

    Raises:
        OSError: if it cannot be read.
        ValueError: if it is longer, or does not hold a JSON object; its text says what is wrong,
            such as "it is not JSON".
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
    """Whether a value is a number in [low, high]; true and false do not count as numbers.

    The comparison also refuses NaN, infinity, and integers too long for any float.
    """
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high


def parse_name(value: Any) -> str:
    """Checks a name; raises ValueError unless it is one short line of text."""
    if not (isinstance(value, str) and value.isprintable() and 0 < len(value) <= MAX_NAME_LENGTH):
        raise ValueError(f"a name is not a text of 1 to {MAX_NAME_LENGTH} characters")
    return value
