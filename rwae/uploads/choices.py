"""What a person chooses of the rules by which a clip is prepared, and what each rule did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

BackgroundChoice = Literal["auto", "keep"]
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Choices:
    """What a person has chosen of the rules; the defaults let the rules decide.

    Attributes:
        background: "auto" puts a figure on a plain ground onto the model's background, "keep"
            leaves the ground as it is.
        align: whether the figure is moved and scaled to where the model expects it.
        repeat: whether of a clip that repeats itself one round is taken, and too few frames are
            shown for longer. If not, all of the clip is taken, and too few frames are played again
            from the first.
        first: number of the first frame that is taken, from 0 on; None for that of the file.
        last: number of the last frame that is taken; None for that of the file.
        crop: left, top, right and bottom of the part that is taken, in shares of the picture;
            None for the middle square.
        row: key of the row of a sprite sheet that is taken; None for the first one that fits.
    """

    background: BackgroundChoice = "auto"
    align: bool = True
    repeat: bool = True
    first: int | None = None
    last: int | None = None
    crop: Box | None = None
    row: str | None = None


@dataclass(frozen=True)
class Step:
    """What a rule did to a clip.

    Attributes:
        key: of the rule: "background", "align", "repeat", "thin", "crop", "trim" or "row".
        text: a sentence that says what was done, or what was done in its place.
        on: whether the rule was applied.
    """

    key: str
    text: str
    on: bool = True
