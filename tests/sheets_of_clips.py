"""Sprite sheets whose rows show clips of the shipped Sprites model."""

import numpy as np
from known import known_clip

from rwae.files.sheet_layout import ROWS, SHEET_COLUMNS, SHEET_ROWS, join_cells

BY_KEY = {row.key: row for row in ROWS}


def transparent(clip: np.ndarray) -> np.ndarray:
    alpha = np.where(clip.max(-1, keepdims=True) > 0, 255, 0).astype(np.uint8)
    return np.concatenate([clip, alpha], -1)


def sheet(*keys: str, rows: int = SHEET_ROWS) -> np.ndarray:
    """A sheet whose rows of these keys show characters of the model, one for each."""
    cells = np.zeros((rows, SHEET_COLUMNS, 64, 64, 4), np.uint8)
    for number, key in enumerate(keys):
        row = BY_KEY[key]
        clip = transparent(known_clip(number))
        for column in range(row.action.columns):
            at = row.action.played.index(column) if column in row.action.played else 0
            cells[row.number % rows if rows < SHEET_ROWS else row.number, column] = clip[at]
    return join_cells(cells)
