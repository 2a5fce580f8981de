"""Input that is made to do harm: clips, files of codes, checkpoints and bodies of requests.

The tests of each kind read it, and `python tests/hostile.py` tells what it costs.
"""

import json
import os
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from clip_files import (
    animation,
    greys,
    jpeg,
    matroska,
    movie,
    patched,
    square,
    tiny_gif,
)
from conftest import TINY

from rwae.files import video
from rwae.files.codes_file import MAX_SAVED_BYTES

# Clips

# What leads elsewhere. {film} is a good film beside it, {web} the address of one.
ELSEWHERE = {
    "playlist": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{film}\n#EXT-X-ENDLIST\n",
    "playlist of an address": "#EXTM3U\n#EXTINF:1,\n{web}/a.ts\n#EXT-X-ENDLIST\n",
    "live playlist": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{web}/live.ts\n",
    "list of films": "ffconcat version 1.0\nfile '{film}'\n",
    "list of films by short names": "ffconcat version 1.0\nfile clip.avi\nfile good.avi\n",
    "list of addresses": "ffconcat version 1.0\nfile '{web}/a.mp4'\n",
    "address": "{web}/a.mp4",
    "pattern of names": "%03d.png",
    "description of a stream": "v=0\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n"
    "a=rtpmap:96 H264/90000\n",
    "manifest": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static">'
    '<Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>'
    "{web}/a.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>",
    "drawing": '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">'
    '<image href="{web}/a.png"/></svg>',
    "reference": "[reference]\nRef1={web}/a.mov\n",
}


def png(width: int, height: int) -> bytes:
    """A PNG that claims a size and has the pixels of another."""
    small = blank(8)
    return small[:16] + struct.pack(">II", width, height) + small[24:]


def blank(side: int) -> bytes:
    return video.encode_image(np.zeros((side, side, 3), np.uint8), "png")


def wide_jpeg(side: int) -> bytes:
    """A JPEG of a few hundred bytes that claims a size."""
    data = bytearray(jpeg(greys(1)[0]))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", side, side)
    return bytes(data)


def many_films(folder: Path, frames: int = 20_000) -> bytes:
    picture = jpeg(greys(1)[0])
    return matroska(folder / "a.mkv", [picture] * frames, range(frames)).read_bytes()


def moving(folder: Path, suffix: str) -> bytes:
    return animation(folder / f"a{suffix}", greys(4), [100] * 4).read_bytes()


def mp4(folder: Path) -> bytes:
    return movie(folder / "a.mp4", square(), "mp4v").read_bytes()


def huge_chunk(folder: Path) -> bytes:
    """A PNG that moves, whose last frame claims two gigabytes."""
    data = moving(folder, ".png")
    at = data.rindex(b"fdAT")
    return data[: at - 4] + struct.pack(">I", 2**31 + 2**24) + data[at:]


HUGE = struct.pack(">I", 2**32 - 1)
# Each gives the bytes of a file, and what is said of it; "" where it can be read after all.
LARGE: dict[str, tuple[Callable[[Path], bytes], str]] = {
    "picture of 20,000 pixels a side": (lambda _: png(20_000, 20_000), "damaged or too large"),
    "picture of 2^31 pixels a side": (lambda _: png(2**31 - 1, 2**31 - 1), "damaged or too large"),
    "picture without size": (lambda _: png(0, 0), "damaged or too large"),
    "strip of one frame of 4100 pixels": (lambda _: blank(4100), "4100 x 4100 pixels"),
    "gif of 65,535 pixels a side": (lambda _: tiny_gif(3, 65_535), "4096 on each side"),
    "gif without size": (lambda _: tiny_gif(3, 0), "between 1 and 4096"),
    "gif of 800,000 frames": (lambda _: tiny_gif(800_000), "more than 300 frames"),
    "webp of 2^24 pixels a side": (
        lambda f: patched(moving(f, ".webp"), b"VP8X", 8, b"\xff" * 6),
        "4096 on each side",
    ),
    "png that moves, 2^31 pixels a side": (
        lambda f: patched(moving(f, ".png"), b"IHDR", 0, b"\x7f" * 8),
        "4096 on each side",
    ),
    "png that moves, with a chunk of 2 GB": (huge_chunk, ""),
    "film of 8192 pixels a side": (
        lambda f: matroska(f / "a.mkv", [wide_jpeg(8192)] * 9, range(9), 8192).read_bytes(),
        "8192 x 8192 pixels",
    ),
    "film that says nothing of its size": (
        lambda f: matroska(f / "a.mkv", [b"x"] * 9, range(9), 0).read_bytes(),
        "0 x 0 pixels",
    ),
    "film that says 2^32 pixels": (
        lambda f: matroska(f / "a.mkv", [b"x"] * 9, range(9), 2**32 - 1).read_bytes(),
        "0 x 0 pixels",
    ),
    "film of twenty thousand frames": (many_films, "more than 300 frames"),
    "film of 2^32 frames, by its own count": (
        lambda f: patched(mp4(f), b"stts", 8, HUGE),
        "",
    ),
    "film of 2^32 sizes of frames": (lambda f: patched(mp4(f), b"stsz", 8, HUGE), "no clip"),
    "film whose frames are before its start": (
        lambda f: patched(mp4(f), b"stco", 8, HUGE),
        "0 x 0 pixels",
    ),
    "film with a box of 2^32 bytes": (lambda f: patched(mp4(f), b"moov", -8, HUGE), ""),
    "film whose pictures are none": (
        lambda f: matroska(f / "a.mkv", [os.urandom(999)] * 99, range(99)).read_bytes(),
        "damaged",
    ),
    "film whose frames differ in size": (
        lambda f: matroska(
            f / "a.mkv", [jpeg(greys(1, side)[0]) for side in (16, 24, 32)], range(3)
        ).read_bytes(),
        "",
    ),
    "gigabytes of nothing": (lambda _: bytes(2**27), "no clip"),
    "noise": (lambda _: np.random.default_rng(0).bytes(2**20), "no clip"),
    "text": (lambda _: b"hello", "no clip"),
    "nothing": (lambda _: b"", "no clip"),
    "one byte": (lambda _: b"G", "no clip"),
}


TORN = ("a.avi", "a.mp4", "a.webm", "a.gif", "a.webp", "a.png")


def torn_clips(folder: Path, name: str) -> list[bytes]:
    """A good clip, named by one of `TORN`, that is cut anywhere and damaged anywhere."""
    codes = {"a.avi": "MJPG", "a.mp4": "mp4v", "a.webm": "VP90"}
    if name in codes:
        data = movie(folder / name, square(), codes[name]).read_bytes()
    else:
        data = moving(folder, Path(name).suffix)
    chance = np.random.default_rng(0)
    broken = [data[: int(len(data) * share)] for share in (0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99)]
    for _ in range(12):
        noise = np.frombuffer(data, np.uint8).copy()
        noise[chance.integers(0, len(noise), 20)] = chance.integers(0, 256, 20)
        broken.append(noise.tobytes())
    return broken


# Files of codes

STATIC, DYNAMIC = torch.zeros(1, 6), torch.zeros(1, 4, 4)


def parts_of(**changed: torch.Tensor) -> dict[str, torch.Tensor]:
    return {"static": STATIC, "dynamic": DYNAMIC} | changed


HOSTILE_TENSORS: dict[str, dict[str, torch.Tensor]] = {
    "not a number": parts_of(static=STATIC * torch.nan),
    "infinity": parts_of(static=STATIC + torch.inf),
    "double precision": parts_of(static=STATIC.double()),
    "whole numbers": parts_of(static=STATIC.long()),
    "complex": parts_of(static=STATIC.to(torch.complex64)),
    "eight bits": parts_of(static=STATIC.to(torch.float8_e5m2)),
    "one number": parts_of(static=STATIC[0, 0]),
    "too few": parts_of(static=STATIC[:, 1:].contiguous()),
    "other clips": parts_of(static=STATIC.repeat(3, 1)),
    "no clip": parts_of(static=STATIC[:0], dynamic=DYNAMIC[:0]),
    "many clips": parts_of(static=STATIC.repeat(33, 1), dynamic=DYNAMIC.repeat(33, 1, 1)),
    "no frames": parts_of(dynamic=DYNAMIC[:, :0].contiguous()),
    "no motion": {"static": STATIC},
    "more": parts_of(evil=torch.zeros(1)),
    "a crowd": {f"{n}": torch.zeros(1) for n in range(4000)},
    "action of no model": parts_of(action=torch.zeros(1, 3)),
    "nothing": {},
}


def headed(header: Any, body: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def entry(shape: list[int], begin: int, end: int, kind: str = "F32") -> dict[str, Any]:
    return {"dtype": kind, "shape": shape, "data_offsets": [begin, end]}


class Marker:
    """Unpickled, it would leave a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return Path.touch, (self.path,)


HOSTILE_BYTES: dict[str, Callable[[Path], bytes]] = {
    "empty": lambda _: b"",
    "short": lambda _: b"hello",
    "zeros": lambda _: bytes(500),
    "picture": lambda _: b"\x89PNG\r\n\x1a\n" + bytes(100),
    "pickle": lambda path: pickle.dumps(Marker(path)),
    "header of a gigabyte": lambda _: struct.pack("<Q", 2**30) + b"{}",
    "header of everything": lambda _: struct.pack("<Q", 2**64 - 1) + b"{}",
    "header too deep": lambda _: headed(b"[" * 60_000),
    "header of another kind": lambda _: headed([1, 2]),
    "no text": lambda _: headed(b"\xff" * 100),
    "huge shape": lambda _: headed(
        {"static": entry([2**40, 2**40], 0, 8), "dynamic": entry([1, 0, 4], 8, 8)}, bytes(8)
    ),
    "promises more than it holds": lambda _: headed(
        {"static": entry([1, 6], 0, 24), "dynamic": entry([1, 10_000, 4], 24, 160_024)}, bytes(88)
    ),
    "overlap": lambda _: headed(
        {"static": entry([1, 6], 0, 24), "dynamic": entry([1, 4, 4], 0, 64)}, bytes(64)
    ),
    "hole": lambda _: headed(
        {"static": entry([1, 6], 0, 24), "dynamic": entry([1, 4, 4], 32, 96)}, bytes(96)
    ),
    "unknown type": lambda _: headed({"static": entry([1, 6], 0, 24, "Q9")}, bytes(24)),
    "large": lambda _: bytes(MAX_SAVED_BYTES + 1),
    "pointer of Git LFS": lambda _: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
}


# Checkpoints

GOOD = TINY.to_dict()


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


# Configurations that are none.
CONFIGURATIONS = {
    "nested lists": nested(30_000),
    "nested objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "a number of 5,000 digits": b'{"frames": ' + b"9" * 5000 + b"}",
    "an infinite number": b'{"frames": 1e999}',
    "not a number": b'{"static_noise": NaN}',
    "half a character": b'{"\\ud800": 1}',
    "no text": b"\xff\xfe{}",
    "3,000 unknown keys": json.dumps({f"key{n}": n for n in range(3000)}).encode(),
    "a width of 100,000": json.dumps(GOOD | {"static_width": 100_000}).encode(),
    "no number of frames": json.dumps(GOOD | {"frames": None}).encode(),
    "a long family": json.dumps(GOOD | {"family": ["rwae"] * 1000}).encode(),
}


# What is done to good weights.
SPOILED: dict[str, Callable[[bytes], bytes]] = {
    "short": lambda data: data[:-1],
    "long": lambda data: data + b"\0",
    "stub": lambda data: data[:7],
    "empty": lambda data: data[:0],
    "huge header": lambda data: struct.pack("<Q", 2**63) + data[8:],
    "all header": lambda data: struct.pack("<Q", len(data)) + data[8:],
    "shape": lambda data: data.replace(b'"shape":[4]', b'"shape":[5]', 1),
    "type": lambda data: data[:8] + data[8:].replace(b'"F32"', b'"F64"', 1),
}


# Bodies of requests

FORM = "multipart/form-data; boundary=x"
ASK = "/gradio_api/component_server"
JOIN = "/gradio_api/queue/join"
CANCEL = "/gradio_api/cancel"
CALL = "/gradio_api/call/decode"
NAMED_CALL = "/gradio_api/call/v2/decode"
NO_JSON = (b"{", b"\xff\xfe", b"\0", b"NaN", b"[" * 100_000, b"{} {}", b'"\\ud800"', b"[1e999]")
NO_OBJECT = (b"null", b"[]", b"7", b'"x"', b"true", b"{}")


def asking(**changes: Any) -> bytes:
    """A call of the page that differs from a right one."""
    facts = {"data": 1, "component_id": 1, "fn_name": "x", "session_hash": "x"}
    return json.dumps(facts | changes).encode()


def joining(**changes: Any) -> bytes:
    return json.dumps({"data": [], "fn_index": 0, "session_hash": "x"} | changes).encode()


def form(head: bytes) -> bytes:
    return b"--x\r\n" + head + b"\r\n\r\nb\r\n--x--\r\n"


NAMED_FIELD = b'Content-Disposition: form-data; name="component_id"'
# What no page and no client would send: a path, a body, and its kind if it is no JSON.
BODIES = [
    *((path, body) for path in (ASK, JOIN, CALL, CANCEL) for body in (*NO_JSON, *NO_OBJECT)),
    *((NAMED_CALL, body) for body in (*NO_JSON, *NO_OBJECT[:-1])),
    *((ASK, asking(component_id=value)) for value in ("x", None, 99999, -1, 1e99, [1])),
    *((ASK, asking(fn_name=value)) for value in (None, 7, "__init__", "value", "get_config")),
    *((ASK, asking(session_hash=value)) for value in (None, 7, {"a": 1})),
    *((JOIN, joining(fn_index=value)) for value in ("x", None, -1, 9999, 1e99)),
    *((JOIN, joining(data=value)) for value in ({}, "x")),
    *((JOIN, joining(session_hash=value)) for value in (None, 7)),
    (CALL, b'{"data": [{"path": "/etc/passwd"}]}'),
    (CANCEL, b'{"session_hash": null, "fn_index": 0, "event_id": "x"}'),
    (ASK, form(NAMED_FIELD), FORM),
    (ASK, form(b"A: b"), FORM),
    (ASK, form(b"A: " + b"b" * 99_999), FORM),
    (ASK, form(NAMED_FIELD + b"\r\nContent-Transfer-Encoding: odd"), FORM),
    (ASK, b"--x--\r\n", FORM),
    (ASK, b"{}", "multipart/form-data"),
    (ASK, b"{}", f"multipart/form-data; boundary={'x' * 300}"),
    *((path, b'{"data": []}', "text/plain") for path in (ASK, JOIN, CALL)),
]  # fmt: skip
