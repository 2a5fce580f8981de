"""Puts JavaScript modules into one script, so that a page asks for few files.

Every module becomes a function that returns what it exports, so that their private names stay
apart. Modules import by lines `import { names } from "./path.js";` and export by `export` before a
function, a class or a constant: nothing else is bundled, and nothing is rewritten.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Sequence
from functools import cache
from pathlib import Path

ASSETS = Path(__file__).parent / "assets"
_IMPORT = re.compile(r'^import (?:\{([^}]*)\} from )?"(\.[^"]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?(?:function|class|const) (\w+))", re.MULTILINE)


def read_asset(name: str) -> str:
    """The text of a file in `assets`."""
    return (ASSETS / name).read_text("utf-8")


def bundle(entries: Sequence[str], without: Collection[str] = ()) -> str:
    """A script of modules of `assets` and of all that they import.

    It fills the object `modules`, which has to be there: what each module exports, by its path.

    Args:
        entries: paths of the modules, such as "lib/decodeworker.js".
        without: paths of modules that are in `modules` before the script runs.

    Raises:
        ValueError: if a module imports or exports in another way, or would end a script element.
    """
    parts = [_as_function(name) for name in bundled(entries) if name not in without]
    return "".join(parts)


def script(entry: str) -> str:
    """A script of a module and of all that it imports, which needs nothing else."""
    return f'"use strict";\nconst modules = {{}};\n{bundle([entry])}'


def bundled(entries: Sequence[str]) -> list[str]:
    """The paths of modules and of all that they import: each once, below those that it imports."""
    found: list[str] = []

    def add(name: str) -> None:
        if name not in found:
            for there in _imports(name):
                add(there)
            found.append(name)

    for entry in entries:
        add(entry)
    return found


@cache
def _imports(name: str) -> list[str]:
    """The paths of the modules that a module imports."""
    return [_path(name, found[2]) for found in _IMPORT.finditer(read_asset(name))]


def _path(name: str, relative: str) -> str:
    """The path of what a module names by a relative one."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), relative))


@cache
def _as_function(name: str) -> str:
    """A module as the function that makes what it exports."""
    text = read_asset(name)

    def constant(found: re.Match[str]) -> str:
        if not found[1]:
            return ""
        names = found[1].replace(" as ", ": ").split(",")
        words = ", ".join(word.strip() for word in names if word.strip())
        return f'const {{ {words} }} = modules["{_path(name, found[2])}"];\n'

    exported = ", ".join(found[2] for found in _EXPORT.finditer(text))
    text = _EXPORT.sub(r"\1", _IMPORT.sub(constant, text))
    if re.search(r"^(?:import|export)\b", text, re.MULTILINE):
        raise ValueError(f"The module {name} imports or exports in a way that is not bundled.")
    if "</script" in text or "<!--" in text:
        raise ValueError(f"The module {name} would end the script that it is put into.")
    return f'modules["{name}"] = (() => {{\n{text}return {{ {exported} }};\n}})();\n'
