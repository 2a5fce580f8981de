"""What a visitor made, on its way out and back in: the codes themselves, and a sprite sheet.

export.pack_codes(codes, "sprites", export.fingerprint(model))    # the bytes of an .npz
export.unpack_codes(data, model, "sprites")                       # and back, or a plain sentence
"""

from rwae.export.actions import Actions, find_actions
from rwae.export.codes_file import MAX_CLIPS, MAX_FILE, fingerprint, pack_codes, unpack_codes
from rwae.export.lpc import CELL, COLUMNS, ROWS, place

__all__ = [
    "CELL",
    "COLUMNS",
    "MAX_CLIPS",
    "MAX_FILE",
    "ROWS",
    "Actions",
    "find_actions",
    "fingerprint",
    "pack_codes",
    "place",
    "unpack_codes",
]
