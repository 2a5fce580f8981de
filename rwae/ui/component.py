"""Gradio components from a template and a JavaScript module."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

from rwae.ui import static

# Gradio runs this in the page, and finds the names of events in it. The address is relative to the
# page, also below a proxy's path.
_START = """// Triggers: {events}
import(new URL("{address}", document.baseURI)).then(
  ({{ start }}) => start({{ element, server, trigger, value: props.value }}),
  (error) => {{
    element.textContent = "A part of the page could not be loaded: reload the page.";
    throw error;
  }},
);"""


def component(
    name: str,
    value: dict[str, Any],
    server: Sequence[Callable[[Any], dict[str, Any]]],
    events: Sequence[str] = (),
) -> gr.HTML:
    """Builds one part of the page.

    Args:
        name: the template is `templates/name.html`, and `tabs/name.js` exports the function
            `start({element, server, trigger, value})`.
        value: what `start` is given.
        server: functions that the page can call.
        events: what it may trigger, of which each is a method of the component.
    """
    # A constant template: one that mentions the value would be drawn anew, and wipe its canvases.
    return gr.HTML(
        value,
        html_template=static.asset(f"templates/{name}.html"),
        js_on_load=_START.format(
            events=", ".join(f'"{event}"' for event in events),
            address=static.address(f"tabs/{name}.js"),
        ),
        apply_default_css=False,
        server_functions=list(server),
        elem_id=f"rw-{name}",
    )
