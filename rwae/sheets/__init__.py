"""Completes sprite sheets: draws the cells that an artist has not drawn.

from pathlib import Path
from rwae.sheets import complete, read_sheet

sheet = read_sheet(Path("hero.png"))      # any rows of the layout of 13 x 21 cells
done = complete(sheet)
done.sheet.picture                        # RGBA bytes; given cells are untouched
done.report()                             # which cells were drawn, and how sure each is

robe, body = read_sheet(Path("robe.png")), read_body(Path("body.png"))
done = complete_layer(robe, body)         # the robe alone, as it lies on that body
"""

from rwae.sheets.complete import Completion, complete
from rwae.sheets.layers import complete_layer, parse_body, read_body
from rwae.sheets.sheet import Sheet, parse_sheet, read_sheet

__all__ = [
    "Completion",
    "Sheet",
    "complete",
    "complete_layer",
    "parse_body",
    "parse_sheet",
    "read_body",
    "read_sheet",
]
