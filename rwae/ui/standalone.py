"""A model as a page that is one file: it opens without a server and without a network.

The page holds the Explore and Swap tabs of the app as they are. `standalone/functions.js` answers
in the place of the server's functions, and tabs do not offer what it lacks. The weights are those
that a browser also gets from the app; the examples are codes and a picture. A strict policy
forbids every request.

Browsers import no modules from a file, so `bundle` puts them into one script.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import posixpath
import re
from functools import lru_cache
from html import escape
from string import Template
from urllib.parse import quote

import numpy as np

from rwae import __version__
from rwae.editing.studio import Studio
from rwae.models.kernel import KERNEL, pack
from rwae.ui.about import licences
from rwae.ui.downloads import file_stem
from rwae.ui.page_data import directions_data, example_sheet, model_data
from rwae.ui.page_files import read_asset, stylesheet
from rwae.ui.payloads import codes_to_json, data_url

STANDALONE_STYLES = (
    *("page", "header", "controls", "player", "explore", "grids", "swap", "takeaway", "phone"),
)
DRAWS = 64  # of the priors that the page holds, those of the seeds from 0 on
COMPRESSION = 9  # of gzip
_OF_A_SERVER = ("device", "ms", "exports")  # facts that mean nothing without one
_IMPORT = re.compile(r'^import (?:\{([^}]*)\} from )?"(\.[^"]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?(?:function|class|const) (\w+))", re.MULTILINE)
_POLICY = (
    "default-src 'none'; script-src 'sha256-{script}' 'wasm-unsafe-eval'; worker-src blob:; "
    "style-src 'sha256-{style}'; img-src data: blob:; base-uri 'none'; form-action 'none'"
)


def standalone_page(studio: Studio) -> str:
    """The HTML of a page that shows a model and needs nothing else.

    Raises:
        ConfigError: if the kernel cannot run the model's decoder.
    """
    script, style = bundle("standalone/page.js"), _style()
    title = escape(studio.card.title)
    said = [f"{what}: {which}." for what, which in licences(studio).items() if what != "Program"]
    return Template(read_asset("templates/standalone.html")).substitute(
        policy=_POLICY.format(script=_digest(script), style=_digest(style)),
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
        worker=bundle("lib/decodeworker.js"),
        script=script,
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
def bundle(entry: str) -> str:
    """A script of a module of `assets` and of all that it imports.

    Every module becomes a function that returns what it exports, so that their private names stay
    apart.

    Args:
        entry: path of the module, such as "lib/decodeworker.js".
    """
    texts: dict[str, str] = {}
    _add_module(entry, texts)
    parts = [f'modules["{name}"] = (() => {{\n{text}}})();\n' for name, text in texts.items()]
    return '"use strict";\nconst modules = {};\n' + "".join(parts)


def _add_module(name: str, texts: dict[str, str]) -> None:
    """Adds a module below those that it imports."""
    if name in texts:
        return
    text = read_asset(name)
    folder = posixpath.dirname(name)

    def constant(found: re.Match[str]) -> str:
        there = posixpath.normpath(posixpath.join(folder, found[2]))
        _add_module(there, texts)
        if not found[1]:
            return ""
        names = found[1].replace(" as ", ": ").split(",")
        words = ", ".join(word.strip() for word in names if word.strip())
        return f'const {{ {words} }} = modules["{there}"];\n'

    exported = [found[2] for found in _EXPORT.finditer(text)]
    text = _EXPORT.sub(r"\1", _IMPORT.sub(constant, text))
    if re.search(r"^(?:import|export)\b", text, re.MULTILINE):
        raise ValueError(f"The module {name} imports or exports in a way that is not bundled.")
    if "</script" in text or "<!--" in text:
        raise ValueError(f"The module {name} would end the script that it is put into.")
    texts[name] = f"{text}return {{ {', '.join(exported)} }};\n"


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
