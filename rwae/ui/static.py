"""The page's own files: JavaScript modules, one stylesheet, and pictures of examples.

Each has an address that names its content by a digest, so that browsers keep it for a year and
never show an old one. Addresses are relative to the page, which may lie below a path of a proxy.
"""

from __future__ import annotations

import functools
import hashlib
import posixpath
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rwae.ui import doors

ASSETS = Path(__file__).parent / "assets"
MODULES = ("lib", "tabs", "widgets")  # folders
STYLES = (
    *("page", "header", "controls", "player", "explore", "grids", "swap", "sample", "compare"),
    *("about", "takeaway"),
)  # in the order in which they override each other
STYLESHEET = "studio.css"
# Gradio styles all buttons and fields, and a rule for a class alone would lose against that.
SCOPE = ".gradio-container.gradio-container .contain"
FIRST = ("tabs/header.js", "tabs/explore.js")  # modules of what the page shows first
FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_pictures: dict[str, bytes] = {}  # by their digest: the examples of models that were opened
_IMPORT = re.compile(r'^(?:import|export)\b[^;]*?\bfrom "(\.[^"]+)";', re.MULTILINE)


def asset(name: str) -> str:
    """The text of a file of the package."""
    return (ASSETS / name).read_text("utf-8")


@functools.cache
def contents() -> dict[str, str]:
    """What is served, by its name: the modules, and all styles in one file."""
    paths = (path for folder in MODULES for path in sorted((ASSETS / folder).glob("*.js")))
    modules = {path.relative_to(ASSETS).as_posix(): path.read_text("utf-8") for path in paths}
    return modules | {STYLESHEET: stylesheet()}


def stylesheet() -> str:
    """All styles: what is around the page, and within `SCOPE` what is on it."""
    inner = "\n".join(asset(f"styles/{name}.css") for name in STYLES)
    return f"{asset('styles/frame.css')}\n{SCOPE} {{\n{inner}}}\n"


@functools.cache
def root() -> str:
    """The path of all, with a digest of everything in it: modules import each other."""
    everything = "\0".join(part for item in contents().items() for part in item)
    return f"{doors.STATIC}{_digest(everything.encode())}"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


def address(name: str) -> str:
    """The address of a module or the stylesheet, relative to the page."""
    if name not in contents():
        raise KeyError(name)
    return f"{root()}/{name}".removeprefix("/")


def add_picture(png: bytes) -> str:
    """Serves a picture from now on.

    Returns:
        Its address, relative to the page.
    """
    digest = _digest(png)
    _pictures[digest] = png
    return _picture_address(digest)


def _picture_address(digest: str) -> str:
    return f"{doors.STATIC}pictures/{digest}.png".removeprefix("/")


def routes() -> list[BaseRoute]:
    """The routes of everything that this module serves."""

    async def picture(request: Request) -> Response:
        png = _pictures.get(request.path_params["digest"])
        if png is None:
            return Response("There is no such picture.", 404, media_type="text/plain")
        return Response(png, media_type="image/png", headers=FOREVER)

    async def file(request: Request) -> Response:
        name = request.path_params["name"]
        content = contents().get(name)
        if content is None:
            return Response("There is no such file.", 404, media_type="text/plain")
        media = "text/css" if name == STYLESHEET else "text/javascript"
        return Response(content, media_type=media, headers=FOREVER)

    # No Mount: below a path of a proxy, it would look for its own path in the wrong place.
    return [
        Route(f"{root()}/{{name:path}}", file, middleware=[Middleware(GZipMiddleware)]),
        Route(f"{doors.STATIC}pictures/{{digest}}.png", picture),
    ]


def _imported(names: Iterable[str]) -> Iterator[str]:
    """Modules and all that they import, each once."""
    seen: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop(0)
        if name in seen:
            continue
        seen.add(name)
        yield name
        folder = posixpath.dirname(name)
        found = _IMPORT.findall(contents()[name])
        waiting += [posixpath.normpath(posixpath.join(folder, path)) for path in found]


class PageDelivery:
    """ASGI middleware that compresses the page and has browsers load at once what it needs first.

    A Link header names the stylesheet, the modules of the first tab and the pictures that are
    known when the app starts. Without it, browsers would ask for each module only when the one
    that imports it has come, and for the picture last.

    Other answers are left as they are: those with pictures become hardly smaller by compression,
    and the live path has no time to lose.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.compressing = GZipMiddleware(app, compresslevel=6)
        links = [f"<{address(STYLESHEET)}>;rel=preload;as=style"]
        links += [f"<{address(name)}>;rel=modulepreload" for name in _imported(FIRST)]
        pictures = [f"<{_picture_address(digest)}>;rel=preload;as=image" for digest in _pictures]
        self.links = ", ".join(links).encode()
        self.links_and_pictures = ", ".join(pictures + links).encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = doors.path_of(scope) if scope["type"] == "http" else None
        if path not in ("/", "/config"):
            await self.app(scope, receive, send)
            return
        # An address that names a model may show other pictures.
        names_model = b"model=" in scope.get("query_string", b"")
        links = self.links if names_model else self.links_and_pictures

        async def with_links(message: Message) -> None:
            if message["type"] == "http.response.start" and path == "/":
                message["headers"] = [*message["headers"], (b"link", links)]
            await send(message)

        await self.compressing(scope, receive, with_links)
