"""Completes the sheet of one layer: a garment, hair or a helmet alone, with the body below it.

The body is known in every wanted cell and is never drawn, so it stays as it is by construction,
and so does everything else that is worn.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from rwae.errors import ClipError
from rwae.files import video
from rwae.files.sheet_layout import ROWS, unpack_pixels
from rwae.sheets.complete import (
    Completion,
    Progress,
    fill_walking,
    packed_colours,
    require_known_rows,
    shipped_decoder,
)
from rwae.sheets.layer_decoder import (
    LayerDecoder,
    given_beside_walking,
    load_scorers,
    number_colours,
)
from rwae.sheets.sheet import Sheet, parse_sheet
from rwae.sheets.sources import WALK_ROWS, standing_cell


@cache
def shipped_layer_decoder() -> LayerDecoder:
    """The layer decoder that comes with the project."""
    return LayerDecoder(shipped_decoder(), load_scorers())


def read_body(path: Path) -> Sheet:
    """Reads the sheet of a body from a file; see `parse_body`."""
    return parse_body(video.read_picture(path))


def parse_body(picture: np.ndarray) -> Sheet:
    """Finds the cells of a picture of a body; see `parse_sheet`.

    Raises:
        ClipError: if it is no sheet.
    """
    try:
        return parse_sheet(picture)
    except ClipError as error:
        raise ClipError(f"The body cannot be used. {error}") from error


def complete_layer(
    layer: Sheet,
    body: Sheet,
    rows: Collection[str] | None = None,
    progress: Progress | None = None,
    decoder: LayerDecoder | None = None,
) -> Completion:
    """Draws the missing cells of a layer, so that it lies on its body.

    A row of a direction in which the layer never shows anything stays missing: a beard is not
    seen from the back.

    Args:
        layer: the layer alone, of which some cells are given.
        body: that the layer is drawn for, in any colours: its cells of walking, all cells that the
            layer has, and all that are wanted.
        rows: keys of the rows whose cells are wanted, such as "slash, front"; by default all that
            the body has.
        progress: is told what part of the work is done.
        decoder: that draws; the shipped one by default.

    Raises:
        ClipError: if a row is unknown, or the body lacks cells.
        CheckpointError: if a file of the decoder is missing or damaged.
    """
    require_known_rows(rows)
    _require_body(layer, body, rows)
    decoder = decoder or shipped_layer_decoder()
    colours = packed_colours(layer.cells)
    trust = np.where(layer.given, 1.0, 0.0)
    fill_walking(colours, trust)
    numbers, known = number_colours(colours)
    below, _ = number_colours(packed_colours(body.cells))
    confidence = np.zeros(colours.shape, np.float32)
    confidence[layer.given] = 1
    made = np.zeros_like(layer.given)
    drawn = colours.copy()
    wanted = [
        (row.number, column)
        for row in ROWS
        if rows is None or row.key in rows
        for column in np.flatnonzero(layer.missing[row.number] & body.given[row.number]).tolist()
    ]
    for done, (row, column) in enumerate(wanted):
        if progress is not None:
            progress(done / len(wanted))
        walk = standing_cell(row)[0]
        share = (
            trust[row, column]
            if row in WALK_ROWS
            else trust[walk, : ROWS[walk].action.columns].min()
        )
        if share == 0:
            continue
        if row in WALK_ROWS:
            confidence[row, column] = share
        else:
            given = given_beside_walking(layer.given & body.given, row, column)
            cell = decoder.draw(numbers, below, row, column, given)
            drawn[row, column] = known[cell.colours]
            confidence[row, column] = cell.confidence * share
        made[row, column] = drawn[row, column].any()
    if progress is not None:
        progress(1.0)
    cells = np.where(made[..., None, None, None], unpack_pixels(drawn), layer.cells)
    return Completion(replace(layer, cells=cells), made, confidence)


def _require_body(layer: Sheet, body: Sheet, rows: Collection[str] | None) -> None:
    """Refuses a body that lacks cells.

    Raises:
        ClipError: naming the first row of which cells are missing.
    """
    walks = {ROWS[number].direction: number for number in WALK_ROWS}
    for row in ROWS:
        number, columns = row.number, row.action.columns
        given = body.given[number, :columns]
        worn = layer.given[number, :columns]
        if (worn & ~given).any():
            raise ClipError(
                f'The body is empty in "{row.key}", where the layer has cells: choose the body '
                "that the layer is drawn for."
            )
        seen = layer.given[[r.number for r in ROWS if r.direction == row.direction]].any()
        if number == walks[row.direction] and seen and not given.all():
            raise ClipError(
                f'The body has no whole row "{row.key}", with which the other rows are compared: '
                "choose a body with its rows of walking."
            )
        if rows is not None and row.key in rows and not given.all():
            raise ClipError(
                f'The body does not cover the wanted row "{row.key}": choose a body that has it.'
            )
    if rows is None and not (layer.missing & body.given).any() and layer.missing.any():
        raise ClipError(
            "The body has no cell in which the layer is missing: choose a body with more rows."
        )
