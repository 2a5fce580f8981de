"""The endpoints as tools for language models, called by the protocol's own client."""

import asyncio
import base64
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from conftest import TINY
from serving import app, small_checkpoint

pytest.importorskip("mcp", reason="the package mcp is not installed")

import mcp
from mcp.client.streamable_http import streamablehttp_client

from rwae.ui import tools
from rwae.ui.api import ENDPOINT_NAMES

CLIP = {"static": [0.5] * TINY.static_size, "dynamic": [[0.5] * TINY.dynamic_size] * 4}
FILE = {"path": "/etc/hostname", "meta": {"_type": "gradio.FileData"}}
ELSEWHERE = "no addresses and paths"
# Tools, arguments, and what is said of them.
WRONG = [
    ("encode", {}, "/encode needs the argument 'file'"),
    ("sample", {"cuont": 2}, "/sample has no argument 'cuont': it has count, seed"),
    ("sample", {"count": "two"}, "whole number between 1 and"),
    ("sample", {"count": 10**6}, "whole number between 1 and"),
    ("sample", {"seed": 10**40}, "whole number between 0 and"),
    ("sample", {"temperature": [1]}, "number between 0 and 2"),
    ("sample", {"picture": "svg"}, "needs to be one of none, png"),
    ("sample", {"model": {"name": 1}}, "model"),
    ("encode", {"file": "!!!"}, "not base64"),
    ("encode", {"file": "A" * 3_000_000}, "no clip"),
    ("encode", {"file": "/etc/hostname"}, ELSEWHERE),
    ("encode", {"file": FILE}, ELSEWHERE),
    ("learn", {"files": [FILE]}, ELSEWHERE),
    ("learn", {"files": "x"}, "list of texts"),
    ("swap", {"who": 1, "motion": 2}, "object with static, dynamic"),
    ("swap", {"who": CLIP | FILE, "motion": CLIP}, "object with static, dynamic"),
    ("decode", {"clips": []}, "between 1 and 80 clips"),
    ("decode", {"clips": [CLIP] * 999}, "between 1 and 80 clips"),
    ("complete_sheet", {"file": "aGVsbG8="}, "no still picture"),
    ("secret", {}, "no endpoint of this name"),
]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("log") / "app.log"


@pytest.fixture(scope="module")
def address(log: Path) -> Iterator[str]:
    """Of the tools of an app."""
    model = small_checkpoint(log.parent / "model")
    cache = log.parent / "cache"
    with app(model, cache, options=["--mcp"], log=log) as address:
        yield f"{address}/gradio_api/mcp/"


def call_all(address: str, calls: list[tuple[str, dict[str, Any]]]) -> list[Any]:
    """The answers to some calls, one after the other; a list of the tools comes first."""

    async def run() -> list[Any]:
        async with (
            streamablehttp_client(address) as (reading, writing, _),
            mcp.ClientSession(reading, writing) as session,
        ):
            await session.initialize()
            listed = (await session.list_tools()).tools
            return [listed, *[await session.call_tool(name, given) for name, given in calls]]

    return asyncio.run(run())


def test_language_models_call_the_endpoints_and_see_pictures(address: str) -> None:
    (listed,) = call_all(address, [])
    found = {tool.name: tool for tool in listed}
    assert set(found) == set(ENDPOINT_NAMES)
    assert "who it shows" in found["encode"].description
    assert "base64" in found["encode"].inputSchema["properties"]["file"]["description"]

    png = {"picture": "png"}
    calls = [
        ("models", {}),
        ("examples", {}),
        ("sample", {"count": 2, "seed": 7} | png),
        ("sample", {"picture": "gif"}),
        ("sample", {"picture": "webm"}),
        ("swap", {"who": CLIP, "motion": CLIP} | png),
        ("decode", {"clips": [CLIP]}),
        ("export", {"clips": [CLIP], "kind": "codes"}),
    ]
    _, *answers = call_all(address, calls)
    models, examples, drawn, gif, webm, swapped, decoded, saved = answers
    assert not any(answer.isError for answer in answers)
    assert json.loads(models.content[0].text)[0]["encodes"] is True
    assert len(examples.content) == 1, "no picture was asked for"
    assert len(json.loads(drawn.content[0].text)["clips"]) == 2
    for answer, media_type in ((drawn, "image/png"), (gif, "image/gif"), (swapped, "image/png")):
        text, picture = answer.content
        assert json.loads(text.text)["picture"] == picture.mimeType == media_type
        assert "base64" not in text.text
    content = np.frombuffer(base64.b64decode(drawn.content[1].data), np.uint8)
    side, frames = TINY.frame_size, TINY.frames
    assert cv2.imdecode(content, cv2.IMREAD_COLOR).shape == (2 * side, frames * side, 3)
    assert decoded.content[1].type == "image"
    film = webm.content[1].resource
    assert film.mimeType == "video/webm"
    assert base64.b64decode(film.blob).startswith(b"\x1a\x45\xdf\xa3")
    assert json.loads(saved.content[0].text)["name"].endswith(".safetensors")
    assert b"static" in base64.b64decode(saved.content[1].resource.blob)

    encoded = call_all(address, [("encode", {"file": drawn.content[1].data} | png)])[1]
    assert not encoded.isError, encoded.content
    assert [block.type for block in encoded.content] == ["text", "image"]


def test_a_wrong_call_gets_a_sentence_and_the_log_nothing_of_it(address: str, log: Path) -> None:
    _, *answers = call_all(address, [(name, given) for name, given, _ in WRONG])
    for (name, _, expected), answer in zip(WRONG, answers, strict=True):
        (block,) = answer.content
        assert answer.isError, name
        assert expected in block.text
        assert block.text.endswith(".")
        assert "\n" not in block.text
    told = log.read_text()
    assert "secret" not in told
    assert "Traceback" not in told
    assert not [path for path in (log.parent / "cache").rglob("*") if path.is_file()]


def test_the_package_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    tools.offer()
    logging.getLogger("mcp.server").error("what a visitor sent")
    assert not caplog.messages
