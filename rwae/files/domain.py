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

    Each number is the median over held-out clips, in pixels; a clip's box holds all its frames.
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
        limit: the error up to which a clip counts as known.
        background: the one colour that all frames lie on, as RGB bytes; None if there is none.
        figure: where the figure stands; None without a background, or where it moves about.
    """

    weights: str
    dataset: str
    clips: int
    errors: tuple[float, ...]
    limit: float
    background: tuple[int, int, int] | None = None
    figure: FigureBox | None = None

    @property
    def median(self) -> float:
        """The median error of the held-out clips."""
        middle = (len(self.errors) - 1) / 2
        low, high = self.errors[int(middle)], self.errors[-int(middle) - 1]
        return (low + high) / 2

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Reads what `to_dict` wrote; raises ValueError if it is anything else."""
        try:
            errors, figure = values["errors"], values["figure"]
            background, clips = values["background"], values["clips"]
            numbers = [values["limit"], *errors]
            box = None if figure is None else FigureBox(**figure)
            numbers += [] if box is None else asdict(box).values()
            names = values["weights"], values["dataset"]
        except (KeyError, TypeError) as error:
            raise ValueError(f"an entry is missing or of another kind: {error}") from error
        if not all(is_number(number, -_LARGEST, _LARGEST) for number in numbers):
            raise ValueError("a number is missing, not finite or too large")
        if not 2 <= len(errors) <= MAX_QUANTILES or list(errors) != sorted(errors):
            raise ValueError("the quantiles of the error do not grow")
        if not is_number(clips, 2, 2**31) or not all(isinstance(name, str) for name in names):
            raise ValueError("the number of clips or a name is none")
        if background is not None:
            ok = isinstance(background, list) and len(background) == 3
            if not ok or not all(is_number(value, 0, 255) for value in background):
                raise ValueError("the background is no colour of three bytes")
            background = tuple(int(value) for value in background)
        return cls(*names, int(clips), tuple(errors), values["limit"], background, box)

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON values."""
        return asdict(self)


def write_domain(folder: Path, domain: Domain) -> None:
    """Writes `domain.json` to the folder of a checkpoint, in one atomic step."""
    with atomic(folder / DOMAIN_FILE) as path:
        path.write_text(json.dumps(domain.to_dict(), indent=2) + "\n", "utf-8")


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
