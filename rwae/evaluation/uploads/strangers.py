"""Characters that the Sprites benchmark lacks: one part, or every part, is of another sheet.

The benchmark dresses one body with six sheets of each kind. The Liberated Pixel Cup has more, all
drawn in the same cells, so a clip of a character with a strange part can be rendered in every
action, and what a model draws can be compared with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from rwae.data import lpc, sprites
from rwae.errors import DataError
from rwae.files.sheet_layout import BENCHMARK_ROWS

# The kinds of sheets of the benchmark, from the lowest to the one on top, and which layers of the
# Liberated Pixel Cup take their place.
PARTS = {
    "body": ("body",),
    "bottomwear": ("legs",),
    "topwear": ("torso", "over"),
    "hair": ("hair",),
    "shoes": ("feet",),
}
PART_TITLES = {
    "body": "body",
    "bottomwear": "trousers",
    "topwear": "top",
    "hair": "hair",
    "shoes": "shoes",
}
OTHER_BODY = "a part of the other body"
EVERY_PART = "every part"
STRANGER_KINDS = (*PARTS, OTHER_BODY, EVERY_PART)
BENCHMARK_SEX = "male"  # of the body that all sheets of the benchmark are drawn for
ACTION_ROWS = tuple(BENCHMARK_ROWS[name].number for name in sprites.ACTION_NAMES)
STRANGER_SPLITS = ("validation", "test")
_COMPARED_ROW = BENCHMARK_ROWS["walk, front"].number
_SEEDS = {"validation": 11, "test": 12}


@dataclass(frozen=True)
class Strangers:
    """The sheets of which characters are made.

    Attributes:
        usual: the sheets of the benchmark, by part.
        strange: the layers that it lacks, by part.
    """

    usual: dict[str, list[lpc.Layer]]
    strange: dict[str, list[lpc.Layer]]

    def draw(self, part: str, generator: np.random.Generator) -> lpc.Character:
        """Draws a character.

        Args:
            part: which part is strange; with `OTHER_BODY` a part that is drawn for the body of the
                other sex, and with `EVERY_PART` all of one sex.
            generator: source of the randomness.
        """
        sex = BENCHMARK_SEX
        if part == OTHER_BODY:
            (sex,) = set(lpc.SEXES) - {BENCHMARK_SEX}
            part = list(PARTS)[generator.integers(len(PARTS))]
        elif part == EVERY_PART:
            sex = lpc.SEXES[generator.integers(len(lpc.SEXES))]
        worn = []
        for name in PARTS:
            layers = self.usual[name]
            if part in (name, EVERY_PART):
                layers = [one for one in self.strange[name] if one.sex in (sex, None)]
            worn.append(layers[generator.integers(len(layers))])
        return tuple(worn)

    def known(self, number: int) -> lpc.Character:
        """A character of the benchmark.

        Args:
            number: of the character, see `rwae.data.sprites.characters`.
        """
        choice = (*sprites.attributes(number), 0)
        return tuple(self.usual[part][n] for part, n in zip(PARTS, choice, strict=True))

    def count_strange(self, characters: list[lpc.Character]) -> int:
        """The number of different strange sheets that characters wear."""
        strange = {id(layer) for layers in self.strange.values() for layer in layers}
        return len({id(layer) for one in characters for layer in one} & strange)


def read_strangers(folder: Path, split: str) -> Strangers:
    """Reads the sheets of the benchmark, and the layers that it lacks.

    The layers of "validation" and of "test" have no shape in common; where there are two shapes
    or fewer, no colour of a shape. The one sheet of trousers for the body of the benchmark is in
    both.

    Args:
        folder: with the data sets "sprites" and "lpc".
        split: "validation" or "test".

    Raises:
        DataError: if a sheet is missing or broken, or the split is unknown.
    """
    if split not in STRANGER_SPLITS:
        raise DataError(f"There is no split {split}: choose one of {', '.join(STRANGER_SPLITS)}.")
    usual = {
        part: [
            lpc.read_sheet(path, part)
            for path in sorted((folder / "sprites" / part).glob("*.png"))
        ]
        for part in PARTS
    }
    if not all(usual.values()):
        raise DataError(
            f"The folder {folder / 'sprites'} holds no sheets of the Sprites benchmark: fetch "
            "them with `python -m rwae.data.download sprites`."
        )
    layers = lpc.read_layers(folder / "lpc")
    strange = {}
    for part, kinds in PARTS.items():
        drawn = {_picture(layer) for layer in usual[part]}
        found = [
            layer
            for layer in layers
            # A cape is two layers, of which one lies behind the body.
            if layer.kind in kinds
            and not layer.shape.endswith("cape")
            and _picture(layer) not in drawn
        ]
        strange[part] = _part_of_split(found, split)
    return Strangers(usual, strange)


def render_actions(character: lpc.Character) -> Tensor:
    """The nine clips of the benchmark of a character, (9, 8, 3, 64, 64) in [0, 1], on black."""
    clips = np.stack([lpc.render(character, row)[..., :3] for row in ACTION_ROWS])
    return torch.from_numpy(clips).movedim(-1, 2).float() / 255


def draw_strangers(strangers: Strangers, split: str, part: str, count: int) -> list[lpc.Character]:
    """The first characters of a split with a strange part, always the same ones."""
    generator = np.random.default_rng((_SEEDS[split], STRANGER_KINDS.index(part)))
    return [strangers.draw(part, generator) for _ in range(count)]


def _part_of_split(layers: list[lpc.Layer], split: str) -> list[lpc.Layer]:
    """Every second shape of each sex; colours of shapes where there are two shapes or fewer."""
    found = []
    for sex in (*lpc.SEXES, None):
        own = [layer for layer in layers if layer.sex == sex]
        shapes = sorted({layer.shape for layer in own})
        names = shapes if len(shapes) > 2 else sorted({layer.name for layer in own})
        chosen = names[STRANGER_SPLITS.index(split) :: len(STRANGER_SPLITS)] or names
        found += [layer for layer in own if layer.shape in chosen or layer.name in chosen]
    return found


def _picture(layer: lpc.Layer) -> bytes:
    return lpc.render((layer,), _COMPARED_ROW).tobytes()
