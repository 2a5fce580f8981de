"""The page's own files: scripts of modules, one stylesheet, pictures of examples, decoders for
browsers, and pages that are one file.

Each has a URL that contains a digest of its content, so browsers keep it for a year and never
show an old one. URLs are relative to the page, which may lie below the path of a proxy.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from urllib.parse import parse_qsl, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rwae.ui.bundling import bundle, bundled, read_asset, script
from rwae.ui.first_clip import HtmlEdit
from rwae.ui.middleware import PAGE_FILES_PREFIX, path_below_root

FIRST_MODULES = ("tabs/header.js", "tabs/explore.js")  # what the page shows first
OTHER_MODULES = tuple(
    f"tabs/{name}.js" for name in ("swap", "sample", "compare", "sheet", "about")
)
WORKER = "lib/decodeworker.js"
FIRST_SCRIPT, OTHER_SCRIPT = "app/first.js", "app/others.js"  # whose modules name files from there
STYLESHEET = "studio.css"
TEXT_TYPES = {".js": "text/javascript", ".css": "text/css"}
STYLES = (  # in the order in which they override each other
    *("page", "header", "controls", "player", "explore", "grids", "swap", "sample", "compare"),
    *("about", "sheet", "takeaway", "yourclip", "phone"),
)
# Gradio styles all buttons and fields, and a rule for a class alone would lose against that.
STYLE_SCOPE = ".gradio-container.gradio-container .contain"
CACHE_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
PAGE_HEADERS = {"Content-Disposition": "attachment"}
DECODER_TYPES = {".wasm": "application/wasm", ".bin": "application/octet-stream"}
_COMPRESSION = 6  # of gzip; weights hardly get smaller with more
_URL_DIGEST_LENGTH = 12  # hexadecimal digits
TITLE = "R-WAE Studio"
DESCRIPTION = (
    "Take a short clip apart into who is in it and how it moves, change one of the two, and watch "
    "whether the other stays."
)
_PREVIEW = re.compile(  # the tags of Gradio about previews
    rb'<meta\s+(?:property|name)="(?:og|twitter):\w+"\s+content="[^"]*"\s*/>', re.ASCII
)
_shown_first = ""  # HTML of the clip that moves before any script has come
_pictures: dict[str, bytes] = {}  # by their digest: the examples of models that were opened
_decoders: dict[str, bytes] = {}  # by their names, compressed: the kernel and packed weights
_pages: dict[str, bytes] = {}  # the same: pages that are one file


@functools.cache
def served_files() -> dict[str, str]:
    """The texts that are served, by name: modules in three scripts, and all styles in one file.

    The scripts of the page export `modules`, what each module exports by its path.
    """
    exported = "export { modules };\n"
    first, others = bundle(FIRST_MODULES), bundle(OTHER_MODULES, bundled(FIRST_MODULES))
    return {
        FIRST_SCRIPT: f"const modules = {{}};\n{first}{exported}",
        OTHER_SCRIPT: f'import {{ modules }} from "./first.js";\n{others}{exported}',
        WORKER: script(WORKER),
        STYLESHEET: stylesheet(STYLES),
    }


@functools.cache
def _compressed_files() -> dict[str, bytes]:
    """The same, compressed."""
    return {name: gzip.compress(text.encode(), mtime=0) for name, text in served_files().items()}


def stylesheet(names: Sequence[str]) -> str:
    """Styles: those around the page, and within `STYLE_SCOPE` some of those of the page itself."""
    inner = "\n".join(read_asset(f"styles/{name}.css") for name in names)
    return f"{read_asset('styles/frame.css')}\n{STYLE_SCOPE} {{\n{inner}}}\n"


@functools.cache
def files_root() -> str:
    """The path of the texts, with one digest of all of them, as modules import each other."""
    content = "\0".join(part for item in served_files().items() for part in item)
    return f"{PAGE_FILES_PREFIX}{_digest(content.encode())}"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_URL_DIGEST_LENGTH]


def file_url(name: str) -> str:
    """The URL of a script or the stylesheet, relative to the page.

    Raises:
        KeyError: if it is not among `served_files`.
    """
    if name not in served_files():
        raise KeyError(name)
    return f"{files_root()}/{name}".removeprefix("/")


def script_url(module: str) -> str:
    """The URL of the script of the page that holds a module, as `file_url`."""
    return file_url(FIRST_SCRIPT if module in FIRST_MODULES else OTHER_SCRIPT)


def add_picture(png: bytes) -> str:
    """Serves a picture from now on.

    Returns:
        Its URL, relative to the page.
    """
    digest = _digest(png)
    _pictures[digest] = png
    return _picture_url(digest)


def add_decoder(content: bytes, ending: str) -> str:
    """Serves the kernel or the packed weights of a model from now on.

    Args:
        content: what is served, compressed to whom takes that.
        ending: of its name, one of `DECODER_TYPES`.

    Returns:
        Its URL, relative to the page.
    """
    name = f"{_digest(content)}{ending}"
    if name not in _decoders:
        _decoders[name] = gzip.compress(content, _COMPRESSION, mtime=0)
    return f"{PAGE_FILES_PREFIX}decoders/{name}".removeprefix("/")


def add_page(html: str) -> str:
    """Serves a page that is one file from now on, to be saved and not to be shown.

    Returns:
        Its URL, relative to the page of the app.
    """
    content = html.encode()
    name = f"{_digest(content)}.html"
    if name not in _pages:
        _pages[name] = gzip.compress(content, _COMPRESSION, mtime=0)
    return f"{PAGE_FILES_PREFIX}pages/{name}".removeprefix("/")


def show_first(html: str) -> None:
    """Puts HTML into the page, which is shown until the page itself removes it."""
    global _shown_first
    _shown_first = html


def _picture_url(digest: str) -> str:
    return f"{PAGE_FILES_PREFIX}pictures/{digest}.png".removeprefix("/")


def routes() -> list[BaseRoute]:
    """The routes of everything that this module serves."""

    async def picture(request: Request) -> Response:
        png = _pictures.get(request.path_params["digest"])
        if png is None:
            return Response("There is no such picture.", 404, media_type="text/plain")
        return Response(png, media_type="image/png", headers=CACHE_FOREVER)

    async def decoder(request: Request) -> Response:
        name = request.path_params["name"]
        return await _answer_compressed(request, _decoders, DECODER_TYPES.get(Path(name).suffix))

    async def page(request: Request) -> Response:
        return await _answer_compressed(request, _pages, "text/html", PAGE_HEADERS)

    async def file(request: Request) -> Response:
        media_type = TEXT_TYPES.get(Path(request.path_params["name"]).suffix)
        return await _answer_compressed(request, _compressed_files(), media_type)

    # No Mount: below the path of a proxy, it would look for its own path in the wrong place.
    return [
        Route(f"{files_root()}/{{name:path}}", file),
        Route(f"{PAGE_FILES_PREFIX}pictures/{{digest}}.png", picture),
        Route(f"{PAGE_FILES_PREFIX}decoders/{{name}}", decoder),
        Route(f"{PAGE_FILES_PREFIX}pages/{{name}}", page),
    ]


async def _answer_compressed(
    request: Request,
    files: Mapping[str, bytes],
    media_type: str | None,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> Response:
    """Answers with the file that a path names; decompressed for those who do not take gzip."""
    content = files.get(request.path_params["name"])
    if content is None:
        return Response("There is no such file.", 404, media_type="text/plain")
    headers = {**CACHE_FOREVER, "Vary": "Accept-Encoding", **headers}
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
    else:
        content = await run_in_threadpool(gzip.decompress, content)
    return Response(content, media_type=media_type, headers=headers)


class PageDelivery:
    """ASGI middleware that compresses the page and has browsers load at once what it needs first.

    A Link header names the stylesheet, the script of the first tab and the pictures that are known
    when the app starts. Without it, browsers would request the script when Gradio has built the
    page, and the picture last.

    The page holds the first clip as HTML, unless its address names a model, and what a link to it
    shows elsewhere, in the place of Gradio's. The address of Gradio's page for programs,
    `?view=api`, leads to the tab that describes the endpoints.

    Other answers are left as they are: compression hardly makes pictures smaller, and takes time
    while a visitor drags a slider.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        page = HtmlEdit(app, with_link_preview)
        self._compressed_app = GZipMiddleware(app, compresslevel=6)
        self._page = GZipMiddleware(page, compresslevel=6)
        self._page_with_clip = GZipMiddleware(HtmlEdit(page, _with_first_clip), compresslevel=6)
        links = [f"<{file_url(STYLESHEET)}>;rel=preload;as=style"]
        links.append(f"<{file_url(FIRST_SCRIPT)}>;rel=modulepreload")
        pictures = [f"<{_picture_url(digest)}>;rel=preload;as=image" for digest in _pictures]
        self._links = ", ".join(links).encode()
        self._links_and_pictures = ", ".join(pictures + links).encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = path_below_root(scope) if scope["type"] == "http" else None
        if path not in ("/", "/config"):
            await self.app(scope, receive, send)
            return
        query = scope.get("query_string", b"")
        if path == "/" and b"view=api" in query:
            await RedirectResponse(_about_url(query))(scope, receive, send)
            return
        # An address that names a model may show other pictures.
        names_model = b"model=" in query
        links = self._links if names_model else self._links_and_pictures

        async def send_with_links(message: Message) -> None:
            if message["type"] == "http.response.start" and path == "/":
                message["headers"] = [*message["headers"], (b"link", links)]
            await send(message)

        app = self._compressed_app
        if path == "/":
            app = self._page if names_model else self._page_with_clip
        await app(scope, receive, send_with_links)


def with_link_preview(html: bytes) -> bytes:
    """The page with what a link to it shows elsewhere: its title and what it is about."""
    tags = (
        '<meta property="og:type" content="website" />',
        f'<meta property="og:title" content="{TITLE}" />',
        f'<meta property="og:description" content="{DESCRIPTION}" />',
        f'<meta name="description" content="{DESCRIPTION}" />',
        '<meta name="twitter:card" content="summary" />',
    )
    return _PREVIEW.sub(b"", html).replace(b"</head>", "".join(tags).encode() + b"</head>", 1)


def _with_first_clip(html: bytes) -> bytes:
    """The page with the first clip before what Gradio builds there."""
    return html.replace(b"<gradio-app", _shown_first.encode() + b"<gradio-app", 1)


def _about_url(query: bytes) -> str:
    """The URL of the About tab, relative to the page, which keeps a model that a query names."""
    named = [pair for pair in parse_qsl(query.decode("latin-1")) if pair[0] == "model"]
    return f"./{'?' if named else ''}{urlencode(named)}#about"
