"""Where the files that come with the program are, in a checkout and in an installed package."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
ROOT = PACKAGE.parent  # of a checkout, with README.md, app.py and the folders beside the package


def checkpoints() -> Path:
    """The folder of the models that come with the program, and of the judges in `judges/`.

    A wheel holds them in the package, where the build puts them; a checkout and a Space have them
    in `checkpoints/` beside it.
    """
    installed = PACKAGE / "checkpoints"
    return installed if installed.is_dir() else ROOT / "checkpoints"
