"""Which addresses of the server are open: those that the page and programs use, and no others.

Gradio has many more. They would take files and keep them, serve files by their path, fetch other
addresses for a caller, or skip the queue. What a later Gradio adds is closed until it is named.
"""

from __future__ import annotations

from starlette.types import Scope

GRADIO = "/gradio_api"
FUNCTIONS = f"{GRADIO}/component_server"  # where the page calls the functions of the server
ALIVE = "/healthz"
STATIC = "/page-files/"  # the page's own files, see `rwae.ui.static`

# One path each.
_ROOMS = frozenset(
    {
        *("/", "/config", "/theme.css", "/favicon.ico", "/manifest.json", "/robots.txt", ALIVE),
        *(f"{GRADIO}/info", f"{GRADIO}/openapi.json", f"{GRADIO}/app_id", FUNCTIONS),
        *(f"{GRADIO}/queue/join", f"{GRADIO}/queue/data", f"{GRADIO}/startup-events"),
        *(f"{GRADIO}/cancel", f"{GRADIO}/reset", f"{GRADIO}/mcp", "/pwa_icon"),
    }
)
# Everything below these: the page's own scripts, signs of life, calls of programs by their name.
_FLOORS = (
    *(STATIC, "/assets/", "/static/", "/svelte/", "/pwa_icon/"),
    *(f"{GRADIO}/heartbeat/", f"{GRADIO}/call/", f"{GRADIO}/mcp/"),
)


def room(path: str) -> str | None:
    """The open door that a path leads through, for the log and the limits; None if it is closed.

    Args:
        path: of a request, decoded, without what stands before the app's own root.
    """
    if ".." in path or "\\" in path or "\0" in path:
        return None
    plain = path.rstrip("/") or "/"
    if plain in _ROOMS:
        return plain
    return next((floor for floor in _FLOORS if path.startswith(floor)), None)


def path_of(scope: Scope) -> str:
    """The path of an ASGI request below the app's root."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "").rstrip("/")
    return path.removeprefix(root) if root and path.startswith(f"{root}/") else path
