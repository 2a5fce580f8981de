"""A visitor who leaves before their file is decoded."""

import asyncio
import json
import socket
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio.to_thread
import pytest
from clip_files import wide_webp
from serving import RunningApp

from rwae.errors import ClipError
from rwae.files import video
from rwae.files.video import decoding
from rwae.ui.departures import Departures

SCOPE = {"type": "http", "method": "POST"}
BUSY = "import struct, sys\nsys.stdout.buffer.write(struct.pack('<BIId', 19, 0, 0, 0))\n"
BUSY += "sys.stdout.flush()\nwhile True: pass"


@pytest.fixture
def _busy_decoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every decoder works for ever."""
    (tmp_path / "program.py").write_text(BUSY)
    monkeypatch.setattr(decoding, "PROGRAM", tmp_path / "program.py")


def ask(work: Callable[[], Any], seconds: float) -> list[Any]:
    """What comes of work in a thread of the app, for a visitor who leaves after some seconds."""
    came: list[Any] = []

    async def app(_scope: Any, receive: Any, _send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        try:
            came.append(await anyio.to_thread.run_sync(work))
        except ClipError as error:
            came.append(str(error))

    parts = [{"type": "http.request", "body": b"", "more_body": more} for more in (True, False)]

    async def receive() -> dict[str, Any]:
        if parts:
            return parts.pop(0)
        await asyncio.sleep(seconds)
        return {"type": "http.disconnect"}

    asyncio.run(Departures(app)(SCOPE, receive, None))
    return came


@pytest.mark.usefixtures("_busy_decoder")
def test_a_decoder_ends_when_its_visitor_leaves() -> None:
    made: list[video.DecoderProcess] = []

    def work() -> None:
        with video.DecoderProcess() as process:
            made.append(process)
            process.read_footage(b"a file")

    begin = time.monotonic()
    assert ask(work, 0.5) == ["Nobody waits for the clip any more."]
    assert time.monotonic() - begin < 10
    assert made[0]._process.returncode == -9


@pytest.mark.usefixtures("_busy_decoder")
def test_nothing_is_decoded_for_a_visitor_who_has_left() -> None:
    def work() -> None:
        time.sleep(0.3)
        video.read_footage(b"a file")

    begin = time.monotonic()
    assert ask(work, 0) == ["Nobody waits for the clip any more."]
    assert time.monotonic() - begin < 10


def test_a_visitor_who_stays_is_answered_and_the_watch_ends() -> None:
    assert ask(lambda: "answered", 99) == ["answered"]


def test_the_departure_of_one_visitor_ends_nothing_of_another() -> None:
    first, second = decoding.Asker(), decoding.Asker()
    with first.asks(), second.asks():
        first.leave()
        with pytest.raises(ClipError, match="no clip"):
            video.read_footage(b"no clip")
    with first.asks(), pytest.raises(ClipError, match="Nobody waits"):
        video.read_footage(b"no clip")
    with pytest.raises(ClipError, match="no clip"):
        video.read_footage(b"no clip")


def decoders(port: int) -> list[int]:
    """The numbers of the processes that the app at a port has started."""
    command = f"--port\0{port}\0".encode()
    parents, app = {}, 0
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            after_name = (folder / "stat").read_text().rsplit(")", 1)[1]
            parents[int(folder.name)] = int(after_name.split()[1])
            if command in (folder / "cmdline").read_bytes():
                app = int(folder.name)
    assert app
    return [process for process, parent in parents.items() if parent == app]


def wait_for_decoders(port: int, count: int, seconds: float) -> None:
    end = time.monotonic() + seconds
    while len(decoders(port)) != count:
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_page_that_is_closed_ends_its_decoder(small_app: RunningApp, tmp_path: Path) -> None:
    parts = urllib.parse.urlsplit(small_app.address)
    with urllib.request.urlopen(f"{small_app.address}/config", timeout=20) as answer:
        components = json.load(answer)["components"]
    holder = next(one["id"] for one in components if one["props"].get("elem_id") == "rw-explore")
    fields = {"fn_name": "encode_clip", "component_id": holder, "session_hash": "test"}
    form = b"".join(
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    )
    form += b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    form += wide_webp(tmp_path, 99) + b"\r\n--x--\r\n"
    lines = f"POST /gradio_api/component_server HTTP/1.1\r\nHost: {parts.netloc}\r\n"
    lines += "Content-Type: multipart/form-data; boundary=x\r\n"
    lines += f"Content-Length: {len(form)}\r\n\r\n"
    wait_for_decoders(parts.port, 0, 20)
    with socket.create_connection((parts.hostname, parts.port)) as wire:
        wire.sendall(lines.encode() + form)
        wait_for_decoders(parts.port, 1, 20)
    # The file takes three seconds of processor time.
    wait_for_decoders(parts.port, 0, 2)
