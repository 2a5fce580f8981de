"""Small JSON files that anyone may have written: beside weights, in a folder, from the Hub."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

MOST_BYTES = 2**22  # a hundred times the longest that is shipped, which holds scores


def read_object(path: Path, most: int = MOST_BYTES) -> dict[str, Any]:
    """Reads a file that holds one JSON object.

    Args:
        path: of the file.
        most: bytes that it may have; no more are read.

    Raises:
        OSError: if it cannot be read.
        ValueError: if it is longer, or holds something else; its text says what is wrong, such
            as "it is not JSON".
    """
    with path.open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise ValueError(f"it has {path.stat().st_size:,} bytes, and at most {most:,} are read")
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"it is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise ValueError("it is no JSON object, which begins with { and ends with }")
    return found
