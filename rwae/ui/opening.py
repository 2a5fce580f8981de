"""Which models the app opens with: those that were named, or those that came with it.

What is offered is fixed when the app starts. A visitor chooses among these by their short names
and can name no folder and no Hub id.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from rwae.editing.studio import Studio
from rwae.errors import HubError, RWAEError
from rwae.ui.shelf import Shelf, load_all, load_one

VARIABLE = "RWAE_MODELS"  # sources with spaces between them, where there is no command line


def named(given: Sequence[str] | None) -> list[str]:
    """The sources of the command line, or else those of the environment."""
    return list(given or os.environ.get(VARIABLE, "").split())


def open_shelf(sources: Sequence[str], embedded: Path, device_name: str | None = None) -> Shelf:
    """Loads the models that were named, or all that are in a folder.

    A model that was named has to load, but for two cases, in which the log and the page say what
    is missing: the Hub cannot be reached, or the app runs on a Space, where nobody would see why
    it did not start. Without any, those of the folder take their place.

    Args:
        sources: folders and Hub ids.
        embedded: the folder of the checkpoints that came with the app.
        device_name: see `rwae.runtime.choose`.

    Raises:
        RWAEError: if a model does not load, or there is none.
    """
    excused = RWAEError if "SPACE_ID" in os.environ else HubError
    studios: list[Studio] = []
    absent = []
    for source in sources:
        try:
            studios.append(load_one(source, device_name))
        except excused as error:
            print(error, file=sys.stderr)
            absent.append(source)
    if studios:
        return Shelf(studios, _notice(absent, "you see the others"))
    return Shelf(_all(embedded, device_name), _notice(absent, "you see the app's own models"))


def _all(folder: Path, device_name: str | None) -> list[Studio]:
    """Every model of a folder; one that does not load is left out, in words."""
    studios, complaints = load_all(folder, device_name)
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    if not studios:
        raise RWAEError(f"There is no model in {folder}: train one, or name it with --model.")
    return studios


def _notice(absent: Sequence[str], instead: str) -> str:
    """A sentence for the page, or nothing. Seven digits of a commit are enough to know it."""
    if not absent:
        return ""
    names = " and ".join(re.sub(r"(@[0-9a-f]{7})[0-9a-f]{33}$", r"\1", name) for name in absent)
    plural = "s" * (len(absent) > 1)
    return f"The model{plural} {names} could not be loaded: {instead}."
