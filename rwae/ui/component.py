"""Gradio components from the files in `assets`: a template, and scripts that share one scope."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

ASSETS = Path(__file__).parent / "assets"


def asset(name: str) -> str:
    """The text of a file of the package."""
    return (ASSETS / name).read_text("utf-8")


def component(
    name: str,
    value: dict[str, Any],
    scripts: Sequence[str],
    server: Sequence[Callable[[Any], dict[str, Any]]],
) -> gr.HTML:
    """Builds one part of the page.

    Args:
        name: the template is `name.html`, and the script that starts it `name.js`.
        value: what the script finds in `props.value`.
        scripts: further scripts, before its own, that it builds on.
        server: functions that the script can call.
    """
    return _html(name, value, scripts, server, asset(f"{name}.js"))


def tab(
    name: str,
    value: dict[str, Any],
    scripts: Sequence[str],
    server: Sequence[Callable[[Any], dict[str, Any]]],
) -> gr.HTML:
    """Builds a part of the page that starts anew with each model that the visitor chooses.

    The arguments are those of `component`; `model` has to be among the scripts. The tab's own
    script finds the model in `boot`, and in `server` functions that ask that model alone.
    """
    own = (
        f"withModel(element, server, ({{ boot, server, life }}) => {{\n{asset(f'{name}.js')}\n}});"
    )
    return _html(name, value, scripts, server, own)


def _html(name: str, value: dict, scripts: Sequence[str], server: Sequence, own: str) -> gr.HTML:
    # A constant template: one that mentions the value would be drawn anew, and wipe its canvases.
    return gr.HTML(
        value,
        html_template=asset(f"{name}.html"),
        js_on_load="\n".join([*(asset(f"{script}.js") for script in scripts), own]),
        apply_default_css=False,
        server_functions=list(server),
        elem_id=f"rw-{name}",
    )
