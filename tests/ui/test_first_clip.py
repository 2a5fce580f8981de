"""The clip in the page's own HTML."""

import asyncio
import base64
import re

import cv2
import numpy as np
import pytest

from rwae.editing.studio import Studio
from rwae.files import filmstrip
from rwae.ui import page_files
from rwae.ui.first_clip import HtmlEdit, first_clip_html


def test_it_is_the_first_example_and_small(studio: Studio) -> None:
    html = first_clip_html(studio)
    assert len(html) < 60_000
    data = re.search(r"data:image/\w+;base64,([^\"]+)", html)
    assert data
    bytes_ = np.frombuffer(base64.b64decode(data[1]), np.uint8)
    shown = cv2.imdecode(bytes_, cv2.IMREAD_COLOR)[..., ::-1]
    expected = filmstrip.sheet(studio.decode(studio.examples[[0]]))
    assert shown.shape == expected.shape
    assert np.abs(shown.astype(int) - expected).mean() < 4
    assert f"steps({studio.model.config.frames}," in html


@pytest.mark.parametrize(
    "parts", [[b"<body><gradio-app></body>"], [b"<body><gradio", b"-app></b>"]]
)
def test_it_comes_before_what_gradio_builds_and_the_length_is_right(
    parts: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_files, "_shown_first", "<p>Hi</p>")

    async def page(_scope, _receive, send) -> None:
        length = str(sum(map(len, parts))).encode()
        headers = [(b"content-length", length)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for n, part in enumerate(parts):
            more = n + 1 < len(parts)
            await send({"type": "http.response.body", "body": part, "more_body": more})

    sent = []

    async def send(message) -> None:
        sent.append(message)

    edit = HtmlEdit(page, page_files._with_first_clip)
    asyncio.run(edit({"type": "http"}, None, send))
    start, body = sent
    assert body["body"].startswith(b"<body><p>Hi</p><gradio-app>")
    assert dict(start["headers"])[b"content-length"] == str(len(body["body"])).encode()
