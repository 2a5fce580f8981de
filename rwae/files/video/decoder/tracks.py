"""Which video track of an MP4 or MOV is shown, where there are several.

A track is a box `trak` of the box `moov`. The lowest bit of the flags of its header `tkhd` says
whether it is shown, and the header of its media, `hdlr`, whether it is video (ISO/IEC 14496-12).
OpenCV reads the first video track, shown or not.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import NamedTuple

MAX_BYTES = 2**28  # of a file that is copied; the first track of a larger one is read
_HEADER = 8  # bytes: size and kind
_MAX_BOXES = 2**12  # on one level


class Box(NamedTuple):
    """A part of the file: its kind, and where it, its content and its end are."""

    kind: bytes
    start: int
    content: int
    end: int


def with_shown_track(content: bytes) -> io.BytesIO:
    """A file without the video tracks before the one that is shown, if there are any.

    Args:
        content: of a file of any kind.
    """
    stream = io.BytesIO(content)  # copies only when it is written to
    if content[4:8] == b"ftyp" and len(content) <= MAX_BYTES:
        for box in _hidden_tracks(content):
            stream.seek(box.start + 4)
            stream.write(b"free")
        stream.seek(0)
    return stream


def _hidden_tracks(data: bytes) -> list[Box]:
    """The video tracks before the first one that is shown; none if no track is shown."""
    whole = Box(b"", 0, 0, len(data))
    videos = [
        track
        for film in _boxes(data, whole, b"moov")
        for track in _boxes(data, film, b"trak")
        if _is_video(data, track)
    ]
    for number, track in enumerate(videos):
        if _is_shown(data, track):
            return videos[:number]
    return []


def _boxes(data: bytes, outer: Box, kind: bytes) -> Iterator[Box]:
    """The boxes of a kind directly in another."""
    start = outer.content
    for _ in range(_MAX_BOXES):
        if start + _HEADER > outer.end:
            return
        size, content = int.from_bytes(data[start : start + 4]), start + _HEADER
        if size == 1:  # the size follows in eight bytes
            size, content = int.from_bytes(data[content : content + 8]), content + 8
        end = start + size if size else outer.end
        if not content <= end <= outer.end:
            return
        if data[start + 4 : start + _HEADER] == kind:
            yield Box(kind, start, content, end)
        start = end


def _is_video(data: bytes, track: Box) -> bool:
    return any(
        data[handler.content + 8 : handler.content + 12] == b"vide"
        for media in _boxes(data, track, b"mdia")
        for handler in _boxes(data, media, b"hdlr")
    )


def _is_shown(data: bytes, track: Box) -> bool:
    flags = [data[head.content : head.content + 4] for head in _boxes(data, track, b"tkhd")]
    return any(int.from_bytes(four) & 1 for four in flags)
