"""The layer decoder: draws one garment, hair or helmet alone in a cell where its body is known.

Each pixel has some places that it may be copied from, and one more choice, that the layer is not
there. The places are the candidates of the copying decoder, one rigid shift of the whole layer,
and those where the body looks most alike. A small network scores each choice, from what the trees
of the copying decoder believe of the body with the layer on it, and from how well the body agrees
there. A second network scores it again, from what the first one believes of its neighbours. Both
are the same for all pixels and cells, and neither sees a colour.

`rwae.training.layers` learns them. No pixel of a training layer is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rwae.files import installation
from rwae.files.archives import read_archive, write_archive
from rwae.files.sheet_layout import CELL_SIDE, ROWS
from rwae.sheets.copying import CANDIDATES, CopyingDecoder, believe
from rwae.sheets.matching import BodyMatch, box_around, box_sum, pad, source_cells
from rwae.sheets.perceptron import Scorer, scorer_from
from rwae.sheets.sources import REACH, WALK_ROWS, Source, sources_of

ALIKE = 8  # places where the body looks most alike
PLACES = CANDIDATES + 1 + ALIKE
# Where so much of the body around a layer is the same under one shift, the layer is shifted whole.
STILL = 0.95
# Where so much agrees, pixels that no known figure shows are drawn by that shift too: a wide hat.
STEADY = 0.8
_RIGID = CANDIDATES  # the number of the rigid shift among the places
_NEAR = 3  # pixels around those where a candidate shows the layer that may show it as well
_BODY = np.uint32(2**31)  # added to colours of the body, which the layer then has not
_AROUND = [(dy, dx) for dy in range(-2, 3) for dx in range(-2, 3)]
_RING = np.abs(np.array(_AROUND)).max(1)  # 0 the pixel, 1 its neighbours, 2 those around these
PLACE_FEATURES = 17
PIXEL_FEATURES = 8
KIND_FEATURES = 5
FEATURES = PLACE_FEATURES + PIXEL_FEATURES + KIND_FEATURES
NEIGHBOUR_FEATURES = 9
_SCORERS = ("first", "second")
DEFAULT_FILE = installation.checkpoints() / "sheets" / "layers.npz"


@dataclass(frozen=True)
class Evidence:
    """What is known of the pixels of a target cell that may show the layer, P of them.

    Attributes:
        pixels: row and column of each, with shape (P, 2).
        choices: colours of the layer at the places, and last 0 for "not there"; 0 also where a
            place does not show the layer, with shape (P, C).
        features: of each choice, with shape (P, C, F).
        around: colours around each place, with shape (P, C, 25).
        shifted: the layer under the rigid shift, with shape (64, 64).
        agreed: the share of the body around the layer that is the same under that shift.
        known: which pixels of the cell some known figure shows, with shape (64, 64).
    """

    pixels: np.ndarray
    choices: np.ndarray
    features: np.ndarray
    around: np.ndarray
    shifted: np.ndarray
    agreed: float
    known: np.ndarray

    @property
    def unsure(self) -> np.ndarray:
        """Whether the choices of a pixel differ, with shape (P,)."""
        unsure: np.ndarray = (self.choices != self.choices[:, :1]).any(1)
        return unsure


@dataclass(frozen=True)
class DrawnLayer:
    """A drawn cell of a layer.

    Attributes:
        colours: with shape (64, 64); 0 where the layer is not.
        confidence: the probability that each of them is right, with shape (64, 64).
    """

    colours: np.ndarray
    confidence: np.ndarray


class LayerDecoder:
    """Draws missing cells of a layer whose body is known.

    Attributes:
        copying: the decoder whose candidates and beliefs are used.
        scorers: the network that scores choices, and the one that scores them again.
    """

    def __init__(self, copying: CopyingDecoder, scorers: Sequence[Scorer]) -> None:
        self.copying = copying
        self.scorers = tuple(scorers)

    def draw(
        self, layer: np.ndarray, body: np.ndarray, row: int, column: int, given: Sequence[Source]
    ) -> DrawnLayer:
        """Draws one cell.

        Args:
            layer: colours of the layer's sheet with shape (21, 13, 64, 64); 0 is transparent, and
                no colour is 2^31 or more, see `number_colours`.
            body: the same of the body, which must show something in the cell.
            row: of the cell.
            column: of the cell.
            given: cells beside those of walking in which layer and body may be compared.
        """
        return self.decide(gather(self.copying, layer, body, row, column, given))

    def decide(self, evidence: Evidence) -> DrawnLayer:
        """Draws a cell of which everything that is known was gathered."""
        colours = np.zeros((CELL_SIDE, CELL_SIDE), evidence.choices.dtype)
        confidence = np.ones(colours.shape, np.float32)
        if len(evidence.pixels):
            probability = self.scorers[0].probabilities(evidence.features)
            more = neighbour_features(evidence, probability)
            again = np.concatenate([evidence.features, more], -1)
            probability = self.scorers[1].probabilities(again)
            y, x = evidence.pixels.T
            still = evidence.agreed >= STILL
            chosen = (
                evidence.choices[:, _RIGID] if still else choose(evidence.choices, probability)
            )
            colours[y, x] = chosen
            same = evidence.choices == chosen[:, None]
            confidence[y, x] = np.where(same, probability, 0).sum(1)
        if evidence.agreed >= STEADY:
            beyond = ~evidence.known & (evidence.shifted > 0)
            colours[beyond], confidence[beyond] = evidence.shifted[beyond], evidence.agreed
        return DrawnLayer(colours, confidence)


def gather(
    decoder: CopyingDecoder,
    layer: np.ndarray,
    body: np.ndarray,
    row: int,
    column: int,
    given: Sequence[Source],
) -> Evidence:
    """Gathers what is known of a cell; the arguments are those of `LayerDecoder.draw`."""
    table = decoder.tables[row, column]
    bare = np.where(
        body > 0, body.astype(np.uint32) + _BODY, np.uint32(0)
    )  # disjoint from the layer
    dressed = np.where(layer > 0, layer, bare)
    options, leaves = decoder.choices(dressed, row, column)
    pixels = table.pixels.astype(np.int64)
    known = np.zeros((CELL_SIDE, CELL_SIDE), bool)
    known[pixels[:, 0], pixels[:, 1]] = True
    of_layer = np.logical_and(options > 0, options < _BODY)
    near = _near(pixels, np.any(of_layer, axis=1))
    sources = (*sources_of(row, column), *given)
    layers, dresses = (source_cells(sheet, sources) for sheet in (layer, dressed))
    if not near.any():
        nothing = np.zeros((CELL_SIDE, CELL_SIDE), layer.dtype)
        shape = 0, PLACES + 1
        return Evidence(
            pixels[near],
            np.zeros(shape, layer.dtype),
            np.zeros((*shape, FEATURES), np.float32),
            np.zeros((*shape, len(_AROUND)), layer.dtype),
            nothing,
            0.0,
            known,
        )
    pixels, options, leaves = pixels[near], options[near], leaves[near]
    match = BodyMatch(body[row, column], sources, source_cells(body, sources), box_around(pixels))
    rigid, agreed = match.rigid_shift(layers > 0)
    places = np.concatenate(
        [
            table.candidates[near].astype(np.int64),
            np.broadcast_to(np.array(rigid), (len(pixels), 1, 3)),
            match.nearest(pixels, ALIKE),
        ],
        1,
    )
    at = _Places(places, pixels)
    colours, seen = at.read(layers), at.read(dresses)
    true = bare[row, column][pixels[:, 0], pixels[:, 1]]
    of_pixel = _pixel_features(options, leaves, true, body[row, column], pixels)
    of_pixel = np.column_stack([of_pixel, (colours > 0).mean(1), np.full(len(pixels), agreed)])
    mask = (layers > 0).astype(np.uint8)
    of_place = np.stack(
        [
            believe(options, leaves, seen),
            colours > 0,
            seen >= _BODY,
            seen == true[:, None],
            at.read(box_sum(mask, 3)) / 9,
            at.read(box_sum(mask, 7)) / 49,
            *_votes(colours, colours),
            colours == colours[:, [_RIGID]],
            *np.moveaxis(match.agreement(places, pixels), -1, 0),
            *np.abs(np.moveaxis(places[..., 1:] - rigid[1:], -1, 0)) / REACH,
            *np.abs(np.moveaxis(places[..., 1:], -1, 0)) / REACH,
        ],
        -1,
    )
    absent = np.zeros((len(pixels), 1, PLACE_FEATURES))
    no_colour = np.zeros((len(pixels), 1), colours.dtype)
    absent[:, :, 0] = believe(options, leaves, no_colour)
    absent[:, :, 6:8] = np.stack(_votes(no_colour, colours), -1)
    absent[:, 0, 8] = colours[:, _RIGID] == 0
    kinds = np.broadcast_to(_KINDS, (len(pixels), *_KINDS.shape))
    whole = np.broadcast_to(of_pixel[:, None], (len(pixels), PLACES + 1, PIXEL_FEATURES))
    features = np.concatenate([np.concatenate([of_place, absent], 1), whole, kinds], -1)
    return Evidence(
        pixels,
        np.concatenate([colours, no_colour], 1),
        features.astype(np.float32),
        at.read_around(layers),
        _shift(layers[rigid[0]], rigid[1:]),
        agreed,
        known,
    )


class _Places:
    """Reads cells of sources at some places.

    Args:
        places: number of the source and the move, with shape (P, C, 3).
        pixels: that moved, with shape (P, 2).
    """

    def __init__(self, places: np.ndarray, pixels: np.ndarray) -> None:
        self._source = places[..., 0]
        self._y, self._x = np.moveaxis(places[..., 1:] + pixels[:, None] + REACH, -1, 0)

    def read(self, cells: np.ndarray) -> np.ndarray:
        """What cells (S, 64, 64) show there, with shape (P, C)."""
        shown: np.ndarray = pad(cells, REACH)[self._source, self._y, self._x]
        return shown

    def read_around(self, cells: np.ndarray) -> np.ndarray:
        """What they show in 5 x 5 pixels, and 0 for "not there": with shape (P, C + 1, 25)."""
        wide = pad(cells, REACH + 2)
        around = [wide[self._source, self._y + 2 + dy, self._x + 2 + dx] for dy, dx in _AROUND]
        shown = np.stack(around, -1)
        return np.concatenate([shown, np.zeros_like(shown[:, :1])], 1)


def _kinds() -> np.ndarray:
    """What kind of choice each is, with shape (C, 5); copied and alike places have a rank."""
    kinds = np.zeros((PLACES + 1, KIND_FEATURES))
    kinds[:_RIGID, 0], kinds[_RIGID, 1], kinds[_RIGID + 1 : PLACES, 2] = 1, 1, 1
    kinds[:_RIGID, 3] = np.arange(CANDIDATES) / CANDIDATES
    kinds[_RIGID + 1 : PLACES, 3] = np.arange(ALIKE) / ALIKE
    kinds[PLACES, 4] = 1
    return kinds


_KINDS = _kinds()


def _near(pixels: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Which of some pixels (P, 2) are at most 3 from a chosen one, with shape (P,)."""
    y, x = pixels.T
    grid = np.zeros((CELL_SIDE, CELL_SIDE), np.uint8)
    grid[y, x] = chosen
    near: np.ndarray = box_sum(grid, 2 * _NEAR + 1)[y, x] > 0
    return near


def _pixel_features(
    options: np.ndarray, leaves: np.ndarray, true: np.ndarray, body: np.ndarray, pixels: np.ndarray
) -> np.ndarray:
    """What the trees believe of a pixel, and what the body shows there, with shape (P, 6).

    Args:
        options: choices of the trees, with shape (P, 9).
        leaves: their probabilities, with shape (P, 3, 9).
        true: colour of the bare body, with shape (P,).
        body: in the target cell, with shape (64, 64).
        pixels: with shape (P, 2).
    """
    y, x = pixels.T
    own = believe(options, leaves, options)
    bare = options >= _BODY
    shown = (body > 0).astype(np.uint8)
    return np.column_stack(
        [
            own[:, 0],
            believe(options, leaves, true[:, None])[:, 0],
            np.where(~bare & (options > 0), own, 0).max(1),
            np.where(bare, own, 0).max(1),
            shown[y, x],
            box_sum(shown, 3)[y, x] / 9,
        ]
    )


def _votes(colours: np.ndarray, places: np.ndarray) -> list[np.ndarray]:
    """Which share of alike and of copied places (P, C) has each of some colours (P, N): (P, N)."""
    same = colours[:, :, None] == places[:, None]
    return [same[..., _RIGID + 1 :].mean(-1), same[..., :_RIGID].mean(-1)]


def _shift(cell: np.ndarray, move: Sequence[int]) -> np.ndarray:
    """A cell (64, 64) of which each pixel is read at a move down and right."""
    down, right = (step + REACH for step in move)
    return pad(cell[None], REACH)[0, down : down + CELL_SIDE, right : right + CELL_SIDE]


def neighbour_features(evidence: Evidence, probability: np.ndarray) -> np.ndarray:
    """What a first opinion on all pixels tells of each choice.

    A place is likelier to be right if what lies around it is what the pixels around believe in.

    Args:
        evidence: of the cell.
        probability: of each choice, with shape (P, C).

    Returns:
        With shape (P, C, 9).
    """
    known, numbers = np.unique(
        np.concatenate([np.zeros(1, np.int64), evidence.choices.ravel(), evidence.around.ravel()]),
        return_inverse=True,
    )
    choices = numbers[1 : 1 + evidence.choices.size].reshape(evidence.choices.shape)
    around = numbers[1 + evidence.choices.size :].reshape(evidence.around.shape)
    y, x = evidence.pixels[:, 0] + 2, evidence.pixels[:, 1] + 2
    # How probable each colour is at each pixel; elsewhere the layer is not.
    side = CELL_SIDE + 4
    belief = np.zeros((len(known), side, side), np.float32)
    belief[0] = 1
    belief[:, y, x] = 0
    for choice in range(probability.shape[1]):
        np.add.at(belief, (choices[:, choice], y, x), probability[:, choice])
    dy, dx = np.moveaxis(np.array(_AROUND), -1, 0)
    rows = (y[:, None] + dy)[:, None]
    columns = (x[:, None] + dx)[:, None]
    agreed = belief[around, rows, columns]
    there = 1 - belief[0][rows, columns]
    outline = np.where(around > 0, there, 1 - there)
    spread = belief[choices[:, :, None], rows, columns]
    inner, outer = _RING == 1, _RING == 2

    def for_all(values: np.ndarray) -> np.ndarray:
        return np.broadcast_to(values, probability.shape)

    return np.stack(
        [
            agreed[..., inner].mean(-1),
            agreed[..., outer].mean(-1),
            outline[..., inner].mean(-1),
            spread[..., _RING == 0][..., 0],
            for_all(there[..., _RING == 0][..., 0]),
            for_all(there[..., inner].mean(-1)),
            for_all(there[..., outer].mean(-1)),
            spread[..., inner].mean(-1),
            np.log(probability + 1e-4) / 5,
        ],
        -1,
    ).astype(np.float32)


def choose(choices: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """The likeliest colour where the layer is more likely there than not, else 0.

    Args:
        choices: colours with shape (P, C).
        probability: of each choice, with the same shape.

    Returns:
        The colours, with shape (P,).
    """
    same = choices[:, :, None] == choices[:, None]
    total = np.where(same, probability[:, None], 0).sum(2)
    there = np.where(choices > 0, probability, 0).sum(1)
    best = np.where(choices > 0, total, -1).argmax(1)
    chosen = choices[np.arange(len(choices)), best]
    return np.where(there > 0.5, chosen, 0)


def given_beside_walking(given: np.ndarray, row: int, column: int) -> list[Source]:
    """The given cells of a row's direction that show another action than walking.

    Args:
        given: which cells are given, with shape (21, 13).
        row: of the target cell.
        column: of the target cell.
    """
    rows = [one.number for one in ROWS if one.direction == ROWS[row].direction]
    if ROWS[row].action.name == "hurt":
        return []  # no other action lies down
    return [
        Source(other, place)
        for other in rows
        if other not in WALK_ROWS and ROWS[other].action.name != "hurt"
        for place in np.flatnonzero(given[other]).tolist()
        if (other, place) != (row, column)
    ]


def number_colours(colours: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Counts colours: 0 stays 0, and each other one gets a number of its own.

    Returns:
        The numbers, with the shape of the colours, and the colour of each number.
    """
    known, numbers = np.unique(np.concatenate([[0], colours.ravel()]), return_inverse=True)
    return numbers[1:].reshape(colours.shape).astype(np.uint32), known.astype(colours.dtype)


def save_scorers(path: Path, scorers: Sequence[Scorer]) -> None:
    """Writes the networks as one compressed NumPy archive."""
    arrays: dict[str, np.ndarray] = {}
    for name, scorer in zip(_SCORERS, scorers, strict=True):
        arrays |= scorer.arrays(name)
    write_archive(path, arrays)


def load_scorers(path: Path = DEFAULT_FILE) -> tuple[Scorer, ...]:
    """Reads what `save_scorers` wrote.

    Raises:
        CheckpointError: if the file is missing or damaged.
    """
    with read_archive(path, "from which layers are completed") as arrays:
        return tuple(scorer_from(arrays, name) for name in _SCORERS)
