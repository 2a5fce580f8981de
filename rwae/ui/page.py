"""The page: a header, and a tab for each thing one can do with the codes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
from starlette.middleware import Middleware

from rwae.errors import ConfigError
from rwae.inference import Studio
from rwae.ui import boot
from rwae.ui.component import ASSETS, asset, component
from rwae.ui.endpoints import MAX_UPLOAD, public, to_json
from rwae.ui.limits import Limits
from rwae.ui.requests import MAX_FRAMES

ROOT = Path(__file__).resolve().parents[2]  # no file of the project is ever served by its path
PLAYER = ("dom", "pump", "player", "gallery")
EDITOR = ("codes", "link", "editor", "knobs", "lanes", "panels")
STYLES = ("page", "controls", "player", "explore", "lanes", "grids")
# Runs in the browser alone: the clip itself is already there when the tab is shown.
_SHOW_EXPLORE = "() => ({ selected: 'explore', __type__: 'update' })"


def build(studio: Studio) -> gr.Blocks:
    """Builds the page around a loaded model.

    Raises:
        ConfigError: if its clips are longer than the server functions allow.
    """
    if studio.model.config.frames > MAX_FRAMES:
        raise ConfigError(
            f"The model has clips of {studio.model.config.frames} frames: the app shows at most "
            f"{MAX_FRAMES}. Train one with fewer."
        )
    server, sizes = public(studio), boot.sizes(studio)
    clips = {"clips": to_json(boot.examples(studio))}
    with gr.Blocks(title="R-WAE Studio", analytics_enabled=False, fill_width=True) as page:
        component("header", boot.facts(studio), ("dom",))
        with gr.Tabs(elem_id="rw-tabs", selected="explore") as tabs:
            with gr.Tab("Explore", id="explore"):
                # The clip that plays at once travels with the page; the other tabs ask for theirs.
                value = sizes | clips | boot.directions(studio) | {"sheet": boot.sheet(studio)}
                component("explore", value, (*PLAYER, *EDITOR), server)
            with gr.Tab("Swap", id="swap"):
                value = sizes | clips | {"maxUpload": MAX_UPLOAD}
                swap = component("swap", value, (*PLAYER, "slot"), server)
            with gr.Tab("Sample", id="sample"):
                sample = component("sample", sizes, PLAYER, server)
        for grid in (swap, sample):
            grid.explore(None, None, tabs, js=_SHOW_EXPLORE, queue=False, api_visibility="private")
    page.queue(api_open=False, max_size=64)
    return page


def settings() -> dict[str, Any]:
    """What `launch` needs: the look, and limits on what a visitor may send."""
    return {
        "theme": theme(),
        "css": "\n".join(asset(f"{name}.css") for name in STYLES),
        "favicon_path": ASSETS / "mark.svg",
        "footer_links": [],
        "max_file_size": MAX_UPLOAD,
        "blocked_paths": [str(ROOT)],
        "app_kwargs": {"middleware": [Middleware(Limits)]},
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
