"""What a trained model knows of the clips of its data set: `domain.json` beside the weights.

How well it draws clips that it was not trained on, the colour that they lie on, and where in the
frame their figure stands. With it a clip of anyone can be fitted to the model and judged by it;
see `rwae.uploads`. `python -m rwae.evaluation.domain` measures it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from rwae.errors import CheckpointError
from rwae.files.checkpoint import atomic, inner_file
from rwae.files.jsonfile import is_number, read_object

DOMAIN_FILE = "domain.json"
MAX_DOMAIN_BYTES = 2**16
MAX_QUANTILES = 1001
_LARGEST = 1e7  # error of a frame, far above that of any frame of 512 x 512 pixels


@dataclass(frozen=True)
class FigureBox:
    """Where the figure stands in a frame: the box around all that differs from the background.

    Each side is the median over all frames of the held-out clips, in pixels; right and bottom are
    the first column and row beyond the figure. Medians leave aside arms that are raised.
    """

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class Domain:
    """The clips that a model knows, as it draws clips of its data set that it was not trained on.

    Attributes:
        weights: the digest of the weights that were measured.
        dataset: where the clips came from, such as "sprites".
        clips: number of clips.
        errors: quantiles of their squared error, summed over a frame and averaged over a clip, at
            equal steps from the smallest to the largest.
        error_limit: the error up to which a clip counts as known.
        differences: quantiles of their largest local difference, see
            `rwae.uploads.assess.local_difference`.
        difference_limit: the difference up to which a clip counts as known.
        background: the one colour that all frames lie on, as RGB bytes; None if there is none.
        figure: where the figure stands; None without a background, or where it moves about.
    """

    weights: str
    dataset: str
    clips: int
    errors: tuple[float, ...]
    error_limit: float
    differences: tuple[float, ...]
    difference_limit: float
    background: tuple[int, int, int] | None = None
    figure: FigureBox | None = None

    @property
    def typical_error(self) -> float:
        """The median error of the held-out clips."""
        middle = (len(self.errors) - 1) // 2
        return (self.errors[middle] + self.errors[-middle - 1]) / 2

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Reads what `to_dict` wrote; raises ValueError if it is anything else."""
        try:
            return cls(
                weights=_parse_text(values["weights"]),
                dataset=_parse_text(values["dataset"]),
                clips=int(_parse_number(values["clips"])),
                errors=_parse_quantiles(values["errors"]),
                error_limit=_parse_number(values["error_limit"]),
                differences=_parse_quantiles(values["differences"]),
                difference_limit=_parse_number(values["difference_limit"]),
                background=_parse_colour(values["background"]),
                figure=_parse_box(values["figure"]),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"an entry is missing or of another kind: {error}") from error

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON values."""
        return asdict(self)


def write_domain(folder: Path, domain: Domain) -> None:
    """Writes `domain.json` to the folder of a checkpoint, in one atomic step."""
    with atomic(folder / DOMAIN_FILE) as path:
        path.write_text(json.dumps(domain.to_dict()) + "\n", "utf-8")


def read_domain(folder: Path, weights: str) -> Domain | None:
    """Reads the domain of a checkpoint.

    Args:
        folder: of the checkpoint.
        weights: the digest of its weights.

    Returns:
        The domain, or None if there is none, or one of other weights.

    Raises:
        CheckpointError: if the file cannot be read or holds anything else.
    """
    path = inner_file(folder, DOMAIN_FILE)
    if not path.is_file():
        return None
    try:
        domain = Domain.from_dict(read_object(path, MAX_DOMAIN_BYTES))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise CheckpointError(
            f"The file {path} cannot be read ({why}): write it again with `python -m "
            "rwae.evaluation.domain`, or delete it."
        ) from error
    return domain if domain.weights == weights else None


def _parse_text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("a name is no text")
    return value


def _parse_number(value: Any) -> float:
    if not is_number(value, 0, _LARGEST):
        raise ValueError("a number is missing, negative, not finite or too large")
    return float(value)


def _parse_quantiles(values: Any) -> tuple[float, ...]:
    quantiles = tuple(_parse_number(value) for value in values)
    if not 2 <= len(quantiles) <= MAX_QUANTILES or list(quantiles) != sorted(quantiles):
        raise ValueError("the quantiles are too few or too many, or do not grow")
    return quantiles


def _parse_colour(value: Any) -> tuple[int, int, int] | None:
    if value is None:
        return None
    red, green, blue = value
    if not all(isinstance(part, int) and is_number(part, 0, 255) for part in value):
        raise ValueError("the background is no colour of three bytes")
    return red, green, blue


def _parse_box(value: Any) -> FigureBox | None:
    if value is None:
        return None
    return FigureBox(**{name: _parse_number(number) for name, number in value.items()})
