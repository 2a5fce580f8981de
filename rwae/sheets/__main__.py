"""Completes a sprite sheet.

    python -m rwae.sheets complete hero.png --out whole.png
    python -m rwae.sheets complete hero.png --out hero.png --row "slash, left" --report hero.json
    python -m rwae.sheets complete robe.png --body body.png --out whole-robe.png

The picture has the layout of the Liberated Pixel Cup: 21 rows of 13 cells of 64 x 64 pixels, or
more rows, or the four rows of one action, or one row. What is transparent is missing. Given cells
stay as they are, byte for byte, and so does what lies below the 21 rows. With --body the picture
is one layer alone, such as a garment or hair, and so is what is written.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from rwae.errors import RWAEError
from rwae.files import checkpoint, video
from rwae.sheets.complete import complete
from rwae.sheets.layers import complete_layer, read_body
from rwae.sheets.sheet import read_sheet


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m rwae.sheets",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("complete", help="draw the missing cells of a sheet")
    command.add_argument("sheet", type=Path, help="picture with some rows of the layout")
    command.add_argument(
        "--body", type=Path, help="picture of the body that the layer is drawn for"
    )
    command.add_argument("--out", type=Path, required=True, help="PNG to write")
    command.add_argument(
        "--row",
        action="append",
        help='draw this row alone, such as "slash, left"; may be given several times',
    )
    command.add_argument(
        "--single-row", help="of a picture of one row: which one it is; the likeliest by default"
    )
    command.add_argument(
        "--no-guess",
        action="store_true",
        help="leave directions of which nothing is given empty, in place of a guess",
    )
    command.add_argument("--report", type=Path, help="JSON to write: every cell, and how sure")
    options = parser.parse_args(arguments)
    try:
        print(_complete(options))
    except RWAEError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"The file {error.filename} cannot be written: {error.strerror}.", file=sys.stderr)
        return 2
    return 0


def _complete(options: argparse.Namespace) -> str:
    """Completes a sheet, writes the files, and says in a line what was done."""
    sheet = read_sheet(options.sheet, options.single_row)
    if options.body is None:
        done = complete(sheet, options.row, guess=not options.no_guess)
    else:
        done = complete_layer(sheet, read_body(options.body), options.row)
    report = done.report()
    files = {options.out: video.encode_image(done.sheet.picture, "png")}
    if options.report is not None:
        files[options.report] = (json.dumps(report, indent=1) + "\n").encode()
    for path, content in files.items():
        with checkpoint.atomic(path) as temporary:
            temporary.write_bytes(content)
    return (
        f"{options.out}: {report['drawn']} cells drawn, {report['drafts']} of them drafts; "
        f"{report['given']} given."
    )


if __name__ == "__main__":
    sys.exit(main())
