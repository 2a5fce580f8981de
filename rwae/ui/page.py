"""The page: a header with the choice of a model, and a tab for each thing to do with codes.

There is one page for all models. Each request names its model, and the address of the page names
the one that a visitor chose: `?model=name`. The header requests what shows a model, and the tabs
start anew with it. So a change of model loads no page, the first model's clip travels with the
page, and a tab may ask several models at once. A Gradio page for each model would repeat
everything in each, and would have to compute every model's directions before the app starts.

Each part of the page is a `gr.HTML` component: a template in `assets/templates`, a JavaScript
module in `assets/tabs`, the data that the module starts with, and the functions of
`rwae.ui.endpoints`, which it calls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import gradio as gr
from starlette.middleware import Middleware

from rwae.files import installation
from rwae.ui import api, page_files, sessions
from rwae.ui.bundling import ASSETS, read_asset
from rwae.ui.completing import Completing
from rwae.ui.departures import Departures
from rwae.ui.endpoints import page_functions
from rwae.ui.first_clip import first_clip_html
from rwae.ui.learning import Learning
from rwae.ui.loaded_models import LoadedModels
from rwae.ui.middleware import RequestLimits, SecurityHeaders
from rwae.ui.monitoring import Monitor, decode_and_write
from rwae.ui.page_data import comparison_data, page_data, sheet_data
from rwae.ui.payloads import MAX_UPLOAD_BYTES
from rwae.ui.received_files import ReceivedFiles

QUEUE_SIZE = 64  # calls of programs that wait
# Seconds between two looks for calls of programs, and for their progress, of which the app tells
# nothing. With Gradio's own, 1 and 10 ms, an idle app takes 5 % of a processor. The page calls
# past the queue.
QUEUE_PAUSE = 0.02
PROGRESS_PAUSE = 1.0
SESSION_CAPACITY = 1000  # visits that Gradio keeps an entry for

# Hides the page until the stylesheet is there, for at most five seconds.
HIDDEN_UNTIL_STYLED = """
.gradio-container { visibility: hidden; animation: rw-unstyled 0s 5s forwards; }
@keyframes rw-unstyled { to { visibility: visible; } }
"""
# Gradio runs this in the page, and finds the names of events in it. The URL is relative to the
# page, also below the path of a proxy.
START_SCRIPT = """// Triggers: {events}
import(new URL("{url}", document.baseURI)).then(
  ({{ modules }}) => modules["{module}"].start({{ element, server, trigger, value: props.value }}),
  (error) => {{
    element.textContent = "A part of the page could not be loaded: reload the page.";
    throw error;
  }},
);"""
# These two run in the browser alone. The tab has its clip already when it is shown.
SHOW_EXPLORE_SCRIPT = "() => ({ selected: 'explore', __type__: 'update' })"
# An address that names a tab, or what a tab shows, opens at that tab, and any other at Explore.
SHOW_LINKED_SCRIPT = """() => {
    const names = ['swap', 'sample', 'compare', 'sheet', 'about'];
    const linked = names.find((name) => location.hash.slice(1).split('&')[0] === name);
    return { selected: linked ?? 'explore', __type__: 'update' };
}"""

Functions = Sequence[Callable[[Any], dict[str, Any]]]


def build_page(models: LoadedModels, mcp: bool = False) -> gr.Blocks:
    """Builds the page around loaded models.

    Args:
        models: the models.
        mcp: whether the app offers its endpoints by the Model Context Protocol, so that the About
            tab may say so.
    """
    learning = Learning(models)
    completing = Completing(models)
    received = ReceivedFiles()
    functions = page_functions(models, learning, completing)
    page_files.show_first(first_clip_html(models.find(None)))
    upload_limit = {"maxUpload": MAX_UPLOAD_BYTES}
    comparison = upload_limit | {"peers": comparison_data(models)}
    about = {"mcp": mcp, "endpoints": api.describe_endpoints(models)}
    with gr.Blocks(title=page_files.TITLE, analytics_enabled=False, fill_width=True) as page:
        header = build_part("header", page_data(models), functions, ["linked", "toured"])
        with gr.Tabs(elem_id="rw-tabs", selected="explore") as tabs:
            with gr.Tab("Explore", id="explore"):
                build_part("explore", upload_limit, functions)
            with gr.Tab("Swap", id="swap"):
                swap = build_part("swap", upload_limit, functions, ["explore"])
            with gr.Tab("Sample", id="sample"):
                sample = build_part("sample", {}, functions, ["explore"])
            with gr.Tab("Compare", id="compare"):
                compare = build_part("compare", comparison, functions, ["explore"])
            with gr.Tab("Sheet", id="sheet"):
                build_part("sheet", sheet_data(models) | upload_limit, functions)
            with gr.Tab("About", id="about"):
                build_part("about", about, functions)
        in_browser = {"queue": False, "api_visibility": "private"}
        for part in (swap, sample, compare):
            part.explore(None, None, tabs, js=SHOW_EXPLORE_SCRIPT, **in_browser)
        header.toured(None, None, tabs, js=SHOW_EXPLORE_SCRIPT, **in_browser)
        for event in (page.load, header.linked):
            event(None, None, tabs, js=SHOW_LINKED_SCRIPT, **in_browser)
        api.add_endpoints(page, models, learning, completing, received)
    page.queue(api_open=False, max_size=QUEUE_SIZE)
    page._queue.sleep_when_free = QUEUE_PAUSE
    page._queue.progress_update_sleep_when_free = PROGRESS_PAUSE
    sessions.keep_little(page)
    page.request_settings = {
        "check_call": api.call_complaint,
        "monitor": Monitor(partial(decode_and_write, models.find(None))),
        "received": received,
    }
    built: gr.Blocks = page
    return built


def build_part(
    name: str, value: dict[str, Any], functions: Functions, events: Sequence[str] = ()
) -> gr.HTML:
    """Builds one part of the page.

    Args:
        name: of the template `templates/name.html`, and of the module `tabs/name.js`, which
            exports the function `start({element, server, trigger, value})`.
        value: what `start` gets as its value.
        functions: what `start` can call as methods of `server`.
        events: what `start` may trigger; each becomes a method of the component.
    """
    module = f"tabs/{name}.js"
    # The template does not mention the value: Gradio would draw it anew with each value, and
    # clear its canvases.
    return gr.HTML(
        value,
        html_template=read_asset(f"templates/{name}.html"),
        js_on_load=START_SCRIPT.format(
            events=", ".join(f'"{event}"' for event in events),
            module=module,
            url=page_files.script_url(module),
        ),
        apply_default_css=False,
        server_functions=list(functions),
        elem_id=f"rw-{name}",
    )


def launch_settings(page: gr.Blocks) -> dict[str, Any]:
    """The arguments of `Blocks.launch`: how the page looks, and what the server accepts.

    Args:
        page: as `build_page` built it.
    """
    stylesheet = page_files.file_url(page_files.STYLESHEET)
    return {
        "theme": _theme(),
        "css": HIDDEN_UNTIL_STYLED,
        "head": f'<link rel="stylesheet" href="{stylesheet}">',
        "favicon_path": ASSETS / "mark.svg",
        "footer_links": [],
        "max_file_size": MAX_UPLOAD_BYTES,
        "blocked_paths": [str(installation.ROOT)],  # no file of the program by its path
        "app_kwargs": {
            "middleware": [
                Middleware(SecurityHeaders),
                Middleware(Departures),
                Middleware(page_files.PageDelivery),
                Middleware(
                    RequestLimits,
                    **page.request_settings,  # type: ignore[attr-defined]  # of `build_page`
                ),
            ],
            "routes": page_files.routes(),
        },
        "state_session_capacity": SESSION_CAPACITY,
        "ssr_mode": False,
        "show_error": False,
        "enable_monitoring": False,
    }


def _theme() -> gr.themes.Base:
    """A plain theme with fonts of the visitor's own system: nothing is fetched."""
    sans = ["Segoe UI", "Roboto", "Helvetica Neue", "sans-serif"]
    return gr.themes.Base(font=sans, font_mono=["Menlo", "Consolas", "monospace"]).set(
        body_background_fill="var(--rw-ground)",
        body_background_fill_dark="var(--rw-ground)",
        body_text_color="var(--rw-ink)",
        body_text_color_dark="var(--rw-ink)",
    )
