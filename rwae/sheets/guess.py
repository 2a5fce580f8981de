"""Guesses the walk in a direction of which a sheet gives nothing, by the R-WAE of such characters.

No pixel can be copied there. The model gives a known look a known motion: the static code is that
of the given rows, the dynamic codes are the mean of many walks in the wanted direction
(`rwae.training.guess`). Its frames are blurred, so each pixel is one of those that lie near it in
the walks to other sides. They are drafts, and so is all that is copied from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from rwae.codes import Codes
from rwae.errors import CheckpointError
from rwae.files import checkpoint, installation
from rwae.files.archives import read_archive, write_archive
from rwae.files.sheet_layout import CELL_SIDE, DIRECTIONS, ROWS, SheetRow, unpack_pixels
from rwae.models.base import CodeModel
from rwae.models.registry import load
from rwae.sheets.sources import WALK, WALK_ROWS

MODEL_FOLDER = installation.checkpoints() / "lpc"
DEFAULT_FILE = installation.checkpoints() / "sheets" / "walks.npz"
# Share of the pixels of a guessed cell that are right on validation characters, by
# `python -m rwae.evaluation.guesses`.
GUESSED_CONFIDENCE = 0.25
DARK = 10  # of 255: what the model draws darker in all three colours is transparent
REACH = 6  # pixels that a colour may be away in another direction's cell
DISTANCE_COST = 400.0
STANDING = 0  # the column of walking in which the figure stands


@dataclass(frozen=True)
class Walks:
    """The mean dynamic codes of walking.

    Attributes:
        weights: digest of the weights of the model whose codes they are.
        walking: of the frames of a clip in each direction, with shape (4, T, D_m), in the order
            of `DIRECTIONS`.
        standing: of a figure that stands still, with shape (4, D_m).
    """

    weights: str
    walking: Tensor
    standing: Tensor


@dataclass(frozen=True)
class Guesser:
    """Draws walks of a character by its look from other sides.

    Attributes:
        model: of characters of the Liberated Pixel Cup.
        walks: whose weights are those of the model.
    """

    model: CodeModel
    walks: Walks

    def draw(self, clips: np.ndarray, walks: np.ndarray, direction: str) -> np.ndarray:
        """Draws the nine cells of walking in a direction.

        Args:
            clips: of the character in other directions, RGBA bytes with shape (B, T, 64, 64, 4).
            walks: packed colours of its walks in some of these, with shape (D, 9, 64, 64).
            direction: of the walk, such as "back".

        Returns:
            Packed colours with shape (9, 64, 64); 0 is transparent.
        """
        number = DIRECTIONS.index(direction)
        motion = torch.cat([self.walks.walking[number], self.walks.standing[number, None]])
        with torch.inference_mode():
            static = self.model.encode(on_black(clips)).static.mean(0, keepdim=True)
            # The decoder draws each frame by itself: the one that stands may come last.
            frames = self.model.decode(Codes(static, motion[None]))[0]
        columns = (*WALK.played, STANDING)
        cells = np.zeros((WALK.columns, CELL_SIDE, CELL_SIDE), np.uint32)
        for column, frame in zip(columns, frames, strict=True):
            cells[column] = copy_nearest(frame, walks[:, column])
        return cells


def on_black(clips: np.ndarray) -> Tensor:
    """Clips as a model takes them: RGBA bytes (B, T, H, W, 4) -> (B, T, 3, H, W) in [0, 1]."""
    pixels = torch.from_numpy(clips).float() / 255
    return (pixels[..., :3] * pixels[..., 3:]).permute(0, 1, 4, 2, 3)


def copy_nearest(frame: Tensor, cells: np.ndarray) -> np.ndarray:
    """Draws a frame in pixels of given cells: each is the most alike in colour and place.

    The colours lie up to `REACH` pixels away, and each pixel of distance costs as much as
    `DISTANCE_COST` of the squared difference of colours.

    Args:
        frame: in [0, 1], with shape (3, 64, 64).
        cells: packed colours with shape (S, 64, 64); 0 is transparent.

    Returns:
        Packed colours with shape (64, 64); 0 where the frame is dark, or nothing lies near.
    """
    pixels = 255 * frame.permute(1, 2, 0).numpy()
    y, x = np.nonzero(pixels.max(-1) >= DARK)
    steps = np.arange(2 * REACH + 1)
    down, right = (step.ravel()[:, None] for step in np.meshgrid(steps, steps, indexing="ij"))
    wide = np.pad(cells, ((0, 0), (REACH, REACH), (REACH, REACH)))
    near = wide[:, y + down, x + right].reshape(len(cells) * down.size, len(y))
    far = np.square(down - REACH) + np.square(right - REACH)
    apart = np.square(unpack_pixels(near)[..., :3].astype(np.float32) - pixels[y, x]).sum(-1)
    cost = apart + DISTANCE_COST * np.tile(far, (len(cells), 1))
    cost[near == 0] = np.inf
    chosen = np.zeros(pixels.shape[:2], np.uint32)
    chosen[y, x] = near[cost.argmin(0), np.arange(len(y))]
    return chosen


@cache
def shipped_guesser() -> Guesser | None:
    """The guesser that comes with the project; None where its model was left out.

    Raises:
        CheckpointError: if a file is damaged, or the model has other weights.
    """
    if not (MODEL_FOLDER / checkpoint.CONFIG_FILE).is_file():
        return None
    model, walks = load(MODEL_FOLDER), load_walks()
    if checkpoint.weights_digest(model) != walks.weights:
        raise CheckpointError(
            f"The file {DEFAULT_FILE} was made for other weights than those in {MODEL_FOLDER}: "
            "make it again with python -m rwae.training.guess."
        )
    return Guesser(model, walks)


def guess_walking(colours: np.ndarray, trust: np.ndarray, guesser: Guesser | None = None) -> None:
    """Draws the walks in directions of which nothing is there, in place.

    Args:
        colours: packed, with shape (21, 13, 64, 64).
        trust: the confidence of each cell, with shape (21, 13): 0 for one that is not there.
        guesser: that draws; the shipped one by default, and nothing where that is not there.
    """
    missing = [row for row in WALK_ROWS if not trust[row].any()]
    seen = _rows_seen(trust)
    if not (missing and seen):
        return
    guesser = guesser or shipped_guesser()
    if guesser is None:
        return
    clips = np.stack([unpack_pixels(colours[row.number, list(row.action.played)]) for row in seen])
    walks = colours[[row for row in WALK_ROWS if row not in missing], : WALK.columns]
    for row in missing:
        colours[row, : WALK.columns] = guesser.draw(clips, walks, ROWS[row].direction)
        trust[row, : WALK.columns] = GUESSED_CONFIDENCE


def _rows_seen(trust: np.ndarray) -> Sequence[SheetRow]:
    """The rows that show the character: those that are given whole, else filled walks."""
    least = np.array([trust[row.number, list(row.action.played)].min() for row in ROWS])
    given = [row for row in ROWS if least[row.number] == 1]
    return given or [row for row in ROWS if row.number in WALK_ROWS and least[row.number] > 0]


def save_walks(path: Path, walks: Walks) -> None:
    """Writes the codes as one NumPy archive."""
    arrays = {
        "weights": np.array(walks.weights),
        "walking": walks.walking.numpy(),
        "standing": walks.standing.numpy(),
    }
    write_archive(path, arrays)


def load_walks(path: Path = DEFAULT_FILE) -> Walks:
    """Reads what `save_walks` wrote.

    Raises:
        CheckpointError: if the file is missing or damaged.
    """
    with read_archive(path, "from which missing directions are guessed") as arrays:
        walking, standing = (torch.from_numpy(arrays[name]) for name in ("walking", "standing"))
        return Walks(str(arrays["weights"]), walking, standing)
