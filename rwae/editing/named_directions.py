"""Named directions: where labels exist, the moves of a static code that change one attribute.

`python -m rwae.evaluation.naming` finds and measures them, and writes them beside the weights as
`directions.json`. They are read here, so that the app needs neither labels nor a judge.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rwae.errors import CheckpointError
from rwae.files.checkpoint import DIRECTIONS_FILE, atomic, inner_file, weights_digest
from rwae.files.jsonfile import is_number, parse_name, read_object

MAX_DIRECTIONS_BYTES = 2**20  # 24 directions of 20 numbers have thirty thousand
MAX_DIRECTIONS = 128
_MAX_NUMBER = math.nextafter(1e4, 0)  # number of a direction
_COMMAND = "python -m rwae.evaluation.naming"


@dataclass(frozen=True)
class DirectionName:
    """What one direction changes, and how well, measured on clips that it was not fitted to.

    Attributes:
        factor: the attribute that it changes, such as "hair".
        value: what the attribute becomes, such as "purple curls".
        selectivity: of the clips that got the value, the share in which nothing else changed.
        reach: of the clips that did not show the value before, the share that got it.
    """

    factor: str
    value: str
    selectivity: float
    reach: float


@dataclass(frozen=True)
class NamedDirections:
    """K named directions: c = read (z - mean), and moving one by a adds a write to the code.

    In contrast to `directions.Basis` the directions need not be independent: six colours of hair
    lie in five dimensions, so that more of one is less of the others. Only read and write of the
    same direction have the product one.

    Attributes:
        mean: the origin, with shape (D,).
        read: rows that read the coordinate of each direction off a code, with shape (K, D); its
            standard deviation over the clips is one.
        write: what one unit of a coordinate adds to the code, with shape (K, D).
        names: what each direction changes.
    """

    mean: Tensor
    read: Tensor
    write: Tensor
    names: tuple[DirectionName, ...]

    def coordinates(self, codes: Tensor) -> Tensor:
        """How much of each value codes (..., D) show: (..., K), in standard deviations."""
        return (codes - self.mean) @ self.read.T

    def move(self, codes: Tensor, axis: int, to: float | Tensor) -> Tensor:
        """Moves codes (..., D) along one direction until its coordinate is `to`."""
        missing = to - (codes - self.mean) @ self.read[axis]
        return codes + missing[..., None] * self.write[axis]


def write_named_directions(folder: Path, named: NamedDirections, about: dict[str, Any]) -> None:
    """Writes `directions.json` beside the weights.

    Args:
        folder: of the checkpoint.
        named: the directions.
        about: how they were found and measured; for people, as nothing reads it again.
    """
    rows = zip(named.names, named.read.tolist(), named.write.tolist(), strict=True)
    content = {
        **about,
        "weights": weights_digest(folder),
        "mean": _rounded(named.mean.tolist()),
        "names": [
            {**asdict(name), "read": _rounded(read), "write": _rounded(write)}
            for name, read, write in rows
        ],
    }
    with atomic(folder / DIRECTIONS_FILE) as path:
        path.write_text(json.dumps(content, indent=1) + "\n", "utf-8")


def _rounded(numbers: list[float]) -> list[float]:
    return [float(f"{number:.7g}") for number in numbers]


def read_named_directions(
    folder: Path, size: int, weights: str | None = None
) -> NamedDirections | None:
    """Reads the named directions of a checkpoint.

    Args:
        folder: of the checkpoint.
        size: D, of its static code.
        weights: the digest of its weights, which is computed if it is None.

    Returns:
        The directions; None without the file, or if it found no direction good enough.

    Raises:
        CheckpointError: if the file is broken, or was written for other weights.
    """
    path = inner_file(folder, DIRECTIONS_FILE)
    if not path.is_file():
        return None
    try:
        content = read_object(path, MAX_DIRECTIONS_BYTES)
        named = _parse_directions(content, size)
        if content["weights"] != (weights or weights_digest(folder)):
            raise ValueError("it was measured on other weights")
    except (OSError, ValueError, TypeError, LookupError) as error:
        raise CheckpointError(
            f"The file {path} holds no named directions of this model "
            f"({_reason(error)}): write it again with {_COMMAND}, or remove it."
        ) from error
    return named if named.names else None


def _reason(error: Exception) -> str:
    return f"it has no {error}" if isinstance(error, KeyError) else str(error)


def _parse_directions(content: Any, size: int) -> NamedDirections:
    """Checks every entry; raises ValueError, TypeError or LookupError if one is wrong."""
    entries = content["names"]
    if not isinstance(entries, list) or len(entries) > MAX_DIRECTIONS:
        raise ValueError(f"its names are not a list of at most {MAX_DIRECTIONS}")
    names = tuple(
        DirectionName(
            factor=parse_name(entry["factor"]),
            value=parse_name(entry["value"]),
            selectivity=_parse_share(entry["selectivity"]),
            reach=_parse_share(entry["reach"]),
        )
        for entry in entries
    )
    mean = _parse_vector(content["mean"], size)
    none = [torch.zeros(0, size)]  # so that a file without directions gives shape (0, D)
    read = torch.cat(none + [_parse_vector(entry["read"], size)[None] for entry in entries])
    write = torch.cat(none + [_parse_vector(entry["write"], size)[None] for entry in entries])
    named = NamedDirections(mean, read, write, names)
    products = (named.read * named.write).sum(1)
    if bool(((products - 1).abs() > 1e-3).any()):
        raise ValueError("the product of read and write of a direction is not one")
    return named


def _parse_share(value: Any) -> float:
    if not is_number(value, 0, 1):
        raise ValueError("a share is not a number from 0 to 1")
    return float(value)


def _parse_vector(values: Sequence[Any], size: int) -> Tensor:
    if not isinstance(values, list) or len(values) != size:
        raise ValueError(f"a direction does not have the {size} numbers of this model's codes")
    if not all(is_number(value, -_MAX_NUMBER, _MAX_NUMBER) for value in values):
        raise ValueError("a direction holds something else than numbers below 10,000")
    return torch.tensor(values, dtype=torch.float32)
