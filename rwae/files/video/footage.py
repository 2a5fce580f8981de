"""What is kept of a file that someone brings, of any length or kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from rwae.errors import ClipError
from rwae.files.video.fitting import even_choice, thumbnails

MAX_SHOWN_STILLS = 16  # small pictures of a file


@dataclass(frozen=True)
class Footage:
    """Frames of a file, with what a person needs to choose among them.

    Attributes:
        frames: RGB bytes (N, H, W, 3), or RGBA bytes (N, H, W, 4) with colours multiplied by
            alpha, as they look on black. None for a sprite sheet.
        numbers: of these frames in the file, from 0 on, with shape (N,); they grow.
        count: how many frames the file has, or how many of them were read.
        width: of a frame as it is shown, in pixels; the frames here may be smaller.
        height: the same.
        stills: small RGB frames from the whole file, with shape (K, h, w, 3).
        complete: whether the file was read to its end.
        is_strip: whether the frames were side by side in one picture.
        sheet: a picture that is no strip, such as a sprite sheet: RGBA bytes (H, W, 4), with
            colours multiplied by alpha; else None.
    """

    frames: np.ndarray
    numbers: np.ndarray
    count: int
    width: int
    height: int
    stills: np.ndarray
    complete: bool = True
    is_strip: bool = False
    sheet: np.ndarray | None = None

    @classmethod
    def of(cls, clip: np.ndarray) -> Self:
        """The footage of a clip in memory.

        Args:
            clip: frames (N, H, W, 3 or 4), or the picture (H, W, 4) of a sprite sheet, as above.

        Raises:
            ClipError: if the array has another shape or type.
        """
        ok = clip.dtype == np.uint8 and clip.size > 0
        if ok and clip.ndim == 3 and clip.shape[2] == 4:
            return cls.of_sheet(clip)
        if not ok or clip.ndim != 4 or clip.shape[3] not in (3, 4):
            raise ClipError(
                f"The clip has shape {tuple(clip.shape)} and type {clip.dtype}: it needs to be "
                "bytes (N, H, W, 3), as rwae.read_clip returns them."
            )
        count, height, width = clip.shape[:3]
        stills = thumbnails(clip[even_choice(count, min(MAX_SHOWN_STILLS, count)), ..., :3])
        return cls(clip, np.arange(count), count, width, height, stills)

    @classmethod
    def of_sheet(cls, sheet: np.ndarray) -> Self:
        """The footage of a sprite sheet, whose rows are frames only when one is chosen."""
        height, width = sheet.shape[:2]
        none = np.empty((0, 1, 1, 4), np.uint8)
        stills = thumbnails(sheet[None, ..., :3])
        return cls(none, np.arange(0), 1, width, height, stills, sheet=sheet)
