"""Fits the chosen frames to a model: which part of the picture, on which ground, in which place.

`Fitting.fit` is the way of every clip. A model that knows its background and where its figures
stand gets a `Figure`, which tries what may be wrong with a clip that the model does not know: old
ground in the edges, and another place or size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product

import numpy as np
from torch import Tensor

from rwae.files import filmstrip, video
from rwae.files.domain import Domain
from rwae.models.base import CodeModel
from rwae.uploads.alignment import (
    Redraw,
    Square,
    align,
    figure_box,
    middle_square,
    picture_error,
)
from rwae.uploads.background import (
    Colour,
    Ground,
    clean_edges,
    fill_holes,
    is_same,
    plain_ground,
    replace_ground,
)
from rwae.uploads.choices import Box, Choices, Step

# An error below so much of another is clearly less. Where a figure is moved by little, which the
# strange parts of a character may cause, it has to be still less.
CLEARLY_LESS, MUCH_LESS = 0.8, 0.6
_LITTLE, _LITTLE_GROWTH = 3, 0.12  # pixels of the model, and a share of its side
_USEFUL = 4  # pixels of a picture for each of the model's
BLACK: Colour = (0, 0, 0)


@dataclass(frozen=True)
class Fitted:
    """Frames in the model's size, with what was done to them; see `Prepared`."""

    x: Tensor
    given: np.ndarray
    steps: tuple[Step, ...]
    part: str


class Fitting:
    """Crops, background and place of the frames of one file, the same for all of its rows."""

    def __init__(self, model: CodeModel, redraw: Redraw, choices: Choices) -> None:
        self.model = model
        self.choices = choices
        self.redraw = redraw
        self.side = model.config.frame_size
        self.domain: Domain | None = model.domain

    def fit(self, frames: np.ndarray, size: tuple[int, int]) -> Fitted:
        """Fits the T frames that were chosen.

        Args:
            frames: bytes with shape (T, H, W, 3 or 4).
            size: width and height of the file's frames.
        """
        background = self.domain.background if self.domain else None
        clip = _crop(on_colour(frames, background or BLACK), self.choices.crop)
        if background is None:
            square = middle_square(*clip.shape[1:3])
            return self._finish(clip, square, BLACK, [], size)
        return self._fit_figure(clip, background, size)

    def _fit_figure(self, clip: np.ndarray, background: Colour, size: tuple[int, int]) -> Fitted:
        """Fits frames to a model that knows its background."""
        # More than four pixels for each of the model's show nothing more.
        excess = math.ceil(min(clip.shape[1:3]) / (_USEFUL * self.side))
        clip = video.scale_frames(clip, 1 / excess)
        ground = plain_ground(clip)
        steps: list[Step] = []
        replaced = ground is not None and not is_same(ground.colour, background)
        if ground is not None and replaced:
            colour = _colour_words(ground.colour)
            if self.choices.background == "keep":
                text = f"The plain ground, which is {colour}, is left as it is."
                replaced = False
            else:
                new = _colour_words(background)
                text = f"The plain ground, which was {colour}, is {new} as in the model's clips."
                clip = replace_ground(clip, ground, background)
            steps.append(Step("background", text, replaced))
        plain = replaced or (ground is not None and is_same(ground.colour, background))
        square = _default_square(clip, background, plain)
        if plain:
            figure = Figure(self, clip, background, ground if replaced else None, excess)
            clip, square, aligned = figure.place(square)
            steps += aligned
        return self._finish(clip, square, background, steps, size)

    def left_in_place(self) -> list[Step]:
        """What is said where a figure that could be moved is not, because a person chose so."""
        if self.choices.align or self.domain is None or self.domain.figure is None:
            return []
        return [Step("align", "The figure is left where it stands.", False)]

    def redrawn(self, given: np.ndarray) -> np.ndarray:
        """Square bytes (T, n, n, 3) as the model draws them: bytes (T, S, S, 3)."""
        x = filmstrip.from_bytes(video.resize_frames(given, self.side)[None])
        clips: np.ndarray = filmstrip.to_bytes(self.redraw(x))
        return clips.squeeze(0)

    def _finish(
        self,
        clip: np.ndarray,
        square: Square,
        background: Colour,
        steps: list[Step],
        size: tuple[int, int],
    ) -> Fitted:
        given = square.cut(clip, background)
        x = video.resize_frames(given, self.side)
        height, width = clip.shape[1:3]
        aligned = any(step.key == "align" and step.on for step in steps)
        chosen = self.choices.crop is not None
        if aligned:
            part = "the square around the figure in"
        elif chosen:
            part = "the chosen part of"
        elif (square.side, square.side) == (width, height):
            part = "the whole of"
        else:
            part = "the middle square of"
        part = f"{part} {size[0]} x {size[1]}"
        if chosen or (height != width and not aligned):
            steps = [Step("crop", f"{part[0].upper()}{part[1:]} is taken."), *steps]
        return Fitted(
            filmstrip.from_bytes(x[None])[0],
            given,
            tuple(steps),
            f"{part}, as {self.side} x {self.side}.",
        )


class Figure:
    """A figure on a plain ground, and the square of the picture that a model draws best.

    Every attempt is judged by how much the model's redrawing differs from it.
    """

    def __init__(
        self,
        fitting: Fitting,
        clip: np.ndarray,
        background: Colour,
        old: Ground | None,
        unit: int,
    ) -> None:
        """Holds frames (T, H, W, 3) on the background.

        Args:
            fitting: to the model.
            clip: the frames.
            background: the model's.
            old: the ground that they had before, if they had another.
            unit: pixels of the file for each of the frames.
        """
        self._unit = unit
        self._fitting = fitting
        self._clip = clip
        self._background = background
        self._old = old

    def place(self, square: Square) -> tuple[np.ndarray, Square, list[Step]]:
        """Looks for a better square than a given one.

        Returns:
            The frames, the square, and what to say of them.
        """
        fitting, domain = self._fitting, self._fitting.domain
        best = self._attempt(self._clip, square)
        if domain is None or domain.figure is None or best.error <= domain.error_limit:
            return best.clip, best.square, fitting.left_in_place()
        error = best.error
        clips = [self._clip, *self._with_clean_edges(domain)]
        if fitting.choices.align:
            found = align(clips[-1], self._background, domain.figure, fitting.side, fitting.redraw)
            squares = [square] if found is None or found == square else [square, found]
        else:
            squares = [square]
        for clip, where in product(clips, squares):
            if clip is self._clip and where is square:
                continue
            attempt = self._attempt(clip, where)
            share = MUCH_LESS if self._is_near(where, square) else CLEARLY_LESS
            enough = attempt.error <= domain.error_limit or attempt.error < share * error
            if enough and attempt.error < CLEARLY_LESS * best.error:
                best = attempt
        if best.square is square:
            return best.clip, square, fitting.left_in_place()
        return (
            best.clip,
            best.square,
            [Step("align", _place_words(square, best.square, self._unit))],
        )

    def _is_near(self, first: Square, second: Square) -> bool:
        """Whether two squares differ by little."""
        half = (first.side - second.side) / 2
        across, down = first.left + half - second.left, first.top + half - second.top
        moved = max(abs(across), abs(down)) / second.side * self._fitting.side
        return moved <= _LITTLE and abs(half) <= _LITTLE_GROWTH / 2 * second.side

    def _with_clean_edges(self, domain: Domain) -> list[np.ndarray]:
        if self._old is None or domain.figure is None:
            return []
        box = figure_box(self._clip, self._background)
        if box is None:
            return []
        scale = (box[3] - box[1]) / max(1.0, domain.figure.bottom - domain.figure.top)
        width = max(1, round(scale))
        return [clean_edges(self._clip, self._old, self._background, width)]

    def _attempt(self, clip: np.ndarray, square: Square) -> _Attempt:
        given = square.cut(clip, self._background)
        redrawn = self._fitting.redrawn(given)
        if self._old is not None:
            large = video.resize_frames(redrawn, square.side)
            whole = square.paste(large, clip.shape[1:3], self._background)
            clip = fill_holes(clip, self._old, self._background, whole)
            given = square.cut(clip, self._background)
            redrawn = self._fitting.redrawn(given)
        return _Attempt(clip, square, picture_error(redrawn, given, self._fitting.side))


@dataclass(frozen=True)
class _Attempt:
    """Frames, a square of them that becomes the model's frames, and the error of its redrawing."""

    clip: np.ndarray
    square: Square
    error: float


def on_colour(frames: np.ndarray, colour: Colour) -> np.ndarray:
    """RGBA bytes with colours as on black, or RGB bytes, as RGB bytes on a ground of a colour."""
    if frames.shape[3] == 3:
        return frames
    through = 255 - frames[..., 3:].astype(np.uint16)
    below = (through * np.array(colour, np.uint16) + 127) // 255
    blended: np.ndarray = (frames[..., :3] + below).clip(0, 255).astype(np.uint8)
    return blended


def _crop(clip: np.ndarray, box: Box | None) -> np.ndarray:
    """The part of frames (T, H, W, 3) in a box of shares of the picture, of one pixel or more."""
    if box is None:
        return clip
    height, width = clip.shape[1:3]
    left, right = min(round(box[0] * width), width - 1), round(box[2] * width)
    top, bottom = min(round(box[1] * height), height - 1), round(box[3] * height)
    return clip[:, top : max(bottom, top + 1), left : max(right, left + 1)]


def _default_square(clip: np.ndarray, background: Colour, plain: bool) -> Square:
    """The middle square, or on a plain ground a larger one if that cuts the figure."""
    height, width = clip.shape[1:3]
    square = middle_square(height, width)
    box = figure_box(clip, background) if plain and height != width else None
    if box is None:
        return square
    inside = square.left <= box[0] and box[2] <= square.left + square.side
    if inside and square.top <= box[1] and box[3] <= square.top + square.side:
        return square
    side = max(height, width)
    return Square((width - side) // 2, (height - side) // 2, side)


def _colour_words(colour: Colour) -> str:
    if max(colour) < 32:
        return "black"
    if min(colour) > 223:
        return "white"
    return f"of the colour {colour[0]}, {colour[1]}, {colour[2]}"


def _place_words(before: Square, after: Square, unit: int) -> str:
    """What was wrong with place and size of a figure; a pixel has `unit` pixels of the file."""
    percent = round(100 * after.side / before.side)
    moved = [
        round(unit * (new + after.side / 2 - old - before.side / 2))
        for new, old in ((after.left, before.left), (after.top, before.top))
    ]
    ways = (("left", "right"), ("up", "down"))
    wrong = [
        f"{abs(pixels)} pixels too far {way[pixels > 0]}"
        for pixels, way in zip(moved, ways, strict=True)
        if pixels
    ]
    if percent != 100:
        wrong.insert(0, f"at {percent} % of the expected size")
    listed = " and ".join(wrong) or "out of place"
    done = "It was moved into place." if percent == 100 else "It was scaled and moved into place."
    return f"The figure was {listed}. {done}"
