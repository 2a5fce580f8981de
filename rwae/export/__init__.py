"""A character as a sprite sheet, which games can load."""

from rwae.export.actions import Actions, find_actions
from rwae.export.lpc import CELL, COLUMNS, ROWS, place

__all__ = ["CELL", "COLUMNS", "ROWS", "Actions", "find_actions", "place"]
