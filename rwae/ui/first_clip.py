"""The first clip, as part of the page's own HTML: it moves before any script has come.

On a slow line Gradio's scripts take many seconds. Until the Explore tab is ready, the page shows
what it is about and a clip that a style sheet alone animates.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rwae.editing.studio import Studio
from rwae.files import filmstrip, video
from rwae.ui.payloads import data_url

FRAMES_PER_SECOND = 8  # as in the player
MAX_EXACT_BYTES = 20_000  # of the exact picture: a larger one becomes a JPEG
_HTML = """<div id="rw-first" role="status">
<style>
#rw-first {{ position: fixed; inset: 0; z-index: 99; overflow: hidden; background: #f5f4f0;
  color: #1c1d21; font: 15px/1.45 system-ui, "Segoe UI", Roboto, sans-serif; }}
#rw-first > div {{ max-width: 1200px; margin: 0 auto; padding: 18px 20px; }}
#rw-first h1 {{ margin: 0 0 6px; font-size: 17px; }}
#rw-first p {{ max-width: 75ch; margin: 0 0 14px; }}
#rw-first i + p {{ margin-top: 10px; font-size: 13px; opacity: .7; }}
#rw-first i {{ display: block; width: min(384px, 100%); aspect-ratio: 1; border-radius: 10px;
  background: #000 url("{picture}") 0 0 / {frames}00% 100%; image-rendering: {rendering};
  animation: rw-first {seconds}s steps({frames}, jump-none) infinite; }}
@keyframes rw-first {{ to {{ background-position: 100% 0; }} }}
@media (prefers-color-scheme: dark) {{
  #rw-first {{ background: #131418; color: #ebe9e3; }}
}}
@media (prefers-reduced-motion: reduce) {{ #rw-first i {{ animation: none; }} }}
</style>
<div><h1>R-WAE Studio</h1>
<p>A short clip is taken apart into <b>who</b> is in it and <b>how it moves</b>. Drag a slider or
draw a curve to change one of the two, and watch whether the other stays.</p>
<i></i><p>The controls are loading.</p></div>
<script>if (location.hash) document.getElementById("rw-first").remove();</script>
</div>
"""


def first_clip_html(studio: Studio) -> str:
    """The HTML of a model's first example; the Explore tab removes it."""
    config = studio.model.config
    frames = studio.decode(studio.examples[[0]])
    sheet = filmstrip.sheet(frames)
    picture, media_type = video.encode_image(sheet, "png"), "image/png"
    if len(picture) > MAX_EXACT_BYTES:
        picture, media_type = video.encode_image(sheet, "jpeg"), "image/jpeg"
    count = frames.shape[1]
    return _HTML.format(
        picture=data_url(picture, media_type),
        frames=count,
        seconds=count / FRAMES_PER_SECOND,
        rendering="pixelated" if config.frame_size < 128 else "auto",
    )


class HtmlEdit:
    """ASGI middleware that changes an answer when all of it has come.

    Args:
        app: the app behind it.
        edit: makes the new content of the old.
    """

    def __init__(self, app: ASGIApp, edit: Callable[[bytes], bytes]) -> None:
        self.app = app
        self.edit = edit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start: Message = {}
        body = b""

        async def send_edited(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
            elif message["type"] == "http.response.body":
                body += message.get("body", b"")
                if message.get("more_body", False):
                    return
                if body:  # none in the answer to HEAD
                    body = self.edit(body)
                    MutableHeaders(scope=start)["content-length"] = str(len(body))
                await send(start)
                await send({"type": "http.response.body", "body": body})

        await self.app(scope, receive, send_edited)
