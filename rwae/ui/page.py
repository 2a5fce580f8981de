"""The page: a header with the choice of a model, and a tab for each thing to do with codes.

There is one page for all models. Each request names its model, and the address does so for a
visitor: `?model=name`. The header fetches what shows a model and the tabs start anew with it, so
that a change of model loads no page, the first model's clip travels with the page as ever, and a
tab may ask several models at once. A Gradio page for each model would repeat all scripts in each,
and would have to compute every model's directions before the app starts.
"""

from __future__ import annotations

from typing import Any

import gradio as gr
from starlette.middleware import Middleware

from rwae.files import installation
from rwae.ui import api, boot, static
from rwae.ui.comparing import peers
from rwae.ui.component import component
from rwae.ui.endpoints import page_functions
from rwae.ui.headers import Headers
from rwae.ui.limits import Limits
from rwae.ui.loaded_models import LoadedModels
from rwae.ui.payloads import MAX_UPLOAD_BYTES

# Nothing is shown until the stylesheet is there; without it, the plain page after a while.
HIDDEN = """
.gradio-container { visibility: hidden; animation: rw-unstyled 0s 5s forwards; }
@keyframes rw-unstyled { to { visibility: visible; } }
"""
# Runs in the browser alone: the clip itself is already there when the tab is shown.
_SHOW_EXPLORE = "() => ({ selected: 'explore', __type__: 'update' })"
# An address with a sheet of samples or a comparison opens at that tab.
_SHOW_LINKED = """() => {
    const linked = ['sample', 'compare'].find((name) => location.hash.startsWith(`#${name}&`));
    return linked ? { selected: linked, __type__: 'update' } : { __type__: 'update' };
}"""


def build(models: LoadedModels, mcp: bool = False) -> gr.Blocks:
    """Builds the page around loaded models.

    Args:
        models: the loaded models.
        mcp: whether the page may say that the endpoints are there by the Model Context Protocol.
    """
    server, first = page_functions(models), models.find(None)
    # The clip that plays at once travels with the page; of other models it is asked for.
    start = {"directions": boot.directions(first)} | boot.opened(first)
    value = {"models": boot.model_list(models), "first": start | {"name": models.default_name}}
    value["notice"] = models.notice
    with gr.Blocks(title="R-WAE Studio", analytics_enabled=False, fill_width=True) as page:
        header = component("header", value, server, ("linked",))
        with gr.Tabs(elem_id="rw-tabs", selected="explore") as tabs:
            with gr.Tab("Explore", id="explore"):
                component("explore", {}, server)
            with gr.Tab("Swap", id="swap"):
                limits = {"maxUpload": MAX_UPLOAD_BYTES}
                swap = component("swap", limits, server, ("explore",))
            with gr.Tab("Sample", id="sample"):
                sample = component("sample", {}, server, ("explore",))
            with gr.Tab("Compare", id="compare"):
                compare = component(
                    "compare", limits | {"peers": peers(models)}, server, ("explore",)
                )
            with gr.Tab("About", id="about"):
                about = {"mcp": mcp, "endpoints": api.describe_endpoints(models)}
                component("about", about, server)
        for grid in (swap, sample, compare):
            grid.explore(None, None, tabs, js=_SHOW_EXPLORE, queue=False, api_visibility="private")
        for arrival in (page.load, header.linked):
            arrival(None, None, tabs, js=_SHOW_LINKED, queue=False, api_visibility="private")
        api.add_endpoints(page, models)
    page.queue(api_open=False, max_size=64)
    return page


def settings() -> dict[str, Any]:
    """What `launch` needs: the look, and limits on what a visitor may send."""
    return {
        "theme": theme(),
        "css": HIDDEN,
        "head": f'<link rel="stylesheet" href="{static.address(static.STYLESHEET)}">',
        "favicon_path": static.ASSETS / "mark.svg",
        "footer_links": [],
        "max_file_size": MAX_UPLOAD_BYTES,
        "blocked_paths": [str(installation.ROOT)],  # no file of the program by its path
        "app_kwargs": {
            "middleware": [
                Middleware(Headers),
                Middleware(static.PageDelivery),
                Middleware(Limits),
            ],
            "routes": static.routes(),
        },
        "state_session_capacity": 1000,  # visits that Gradio keeps an entry for
        "ssr_mode": False,
        "show_error": False,
        "enable_monitoring": False,
        "share": False,
    }


def theme() -> gr.themes.Base:
    """A plain theme with fonts of the visitor's own system: nothing is fetched."""
    sans = ["Segoe UI", "Roboto", "Helvetica Neue", "sans-serif"]
    return gr.themes.Base(font=sans, font_mono=["Menlo", "Consolas", "monospace"]).set(
        body_background_fill="var(--rw-ground)",
        body_background_fill_dark="var(--rw-ground)",
        body_text_color="var(--rw-ink)",
        body_text_color_dark="var(--rw-ink)",
    )
