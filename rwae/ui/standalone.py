"""A model as a page that is one file: it opens without a server and without a network.

The page holds the Explore and Swap tabs of the app as they are. `standalone/functions.js` answers
in the place of the server's functions, and tabs do not offer what it lacks. The weights are those
that a browser also gets from the app; the examples are codes and a picture. A strict policy
forbids every request.

Browsers import no modules from a file, so all are put into one script.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from functools import lru_cache
from html import escape
from string import Template
from urllib.parse import quote

import numpy as np

from rwae import __version__
from rwae.editing.studio import Studio
from rwae.models.kernel import KERNEL, pack
from rwae.ui.about import licences
from rwae.ui.bundling import read_asset, script
from rwae.ui.downloads import file_stem
from rwae.ui.page_data import directions_data, example_sheet, model_data
from rwae.ui.page_files import stylesheet
from rwae.ui.payloads import codes_to_json, data_url

STANDALONE_STYLES = (
    *("page", "header", "controls", "player", "explore", "grids", "swap", "takeaway", "phone"),
)
DRAWS = 64  # of the priors that the page holds, those of the seeds from 0 on
COMPRESSION = 9  # of gzip
_OF_A_SERVER = ("device", "ms", "exports")  # facts that mean nothing without one
_POLICY = (
    "default-src 'none'; script-src 'sha256-{script}' 'wasm-unsafe-eval'; worker-src blob:; "
    "style-src 'sha256-{style}'; img-src data: blob:; base-uri 'none'; form-action 'none'"
)


def standalone_page(studio: Studio) -> str:
    """The HTML of a page that shows a model and needs nothing else.

    Raises:
        ConfigError: if the kernel cannot run the model's decoder.
    """
    code, style = script("standalone/page.js"), _style()
    title = escape(studio.card.title)
    said = [f"{what}: {which}." for what, which in licences(studio).items() if what != "Program"]
    return Template(read_asset("templates/standalone.html")).substitute(
        policy=_POLICY.format(script=_digest(code), style=_digest(style)),
        icon=f"data:image/svg+xml,{quote(read_asset('mark.svg'))}",
        title=title,
        style=style,
        explore=read_asset("templates/explore.html"),
        swap=read_asset("templates/swap.html"),
        about=escape(studio.card.about),
        licences=escape(" ".join([*said, f"Made by R-WAE Studio {__version__}."])),
        model=_in_script(json.dumps(_page_model(studio), separators=(",", ":"))),
        kernel=base64.b64encode(KERNEL.read_bytes()).decode(),
        weights=base64.b64encode(_compress(pack(studio.model))).decode(),
        worker=script("lib/decodeworker.js"),
        script=code,
    )


def _compress(words: bytes) -> bytes:
    """Packed weights, smaller: the bytes that hold exponents lie together, and are much alike."""
    planes = np.frombuffer(words, np.uint8).reshape(-1, 4).T
    return gzip.compress(planes.tobytes(), COMPRESSION, mtime=0)


def _page_model(studio: Studio) -> dict[str, object]:
    """What the page knows of the model: {"model": as in the app, "stem": of names of files that it
    saves, "draws": codes}.
    """
    frames = studio.model.config.frames
    facts = {key: value for key, value in model_data(studio).items() if key not in _OF_A_SERVER}
    shown = facts | {
        "name": studio.name,
        "directions": directions_data(studio),
        "sheet": data_url(example_sheet(studio), "image/png"),
        "sprites": False,  # the files that it makes are as drawn
    }
    draws = [studio.sample(1, seed=seed, frames=frames, temperature=1.0) for seed in range(DRAWS)]
    return {
        "model": shown,
        "stem": file_stem(studio),
        "draws": [codes_to_json(one)[0] for one in draws],
    }


@lru_cache
def _style() -> str:
    """The styles of the page."""
    return f"{read_asset('styles/standalone.css')}\n{stylesheet(STANDALONE_STYLES)}"


def _in_script(text: str) -> str:
    """JSON that ends no script, whatever is in it."""
    return text.replace("<", "\\u003c")


def _digest(text: str) -> str:
    """As a policy names the content of an element."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
