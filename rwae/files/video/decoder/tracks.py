"""Which video track of an MP4 or MOV is shown, where there are several.

A track is a box `trak` of the box `moov`. The lowest bit of the flags of its header `tkhd` says
whether it is shown, and the header of its media, `hdlr`, whether it is video (ISO/IEC 14496-12).
OpenCV reads the first video track, shown or not.
"""

from __future__ import annotations

import io
import mmap
from collections.abc import Iterator
from typing import NamedTuple

MAX_BYTES = 2**28  # of a file that is looked at; the first track of a larger one is read
_HEADER = 8  # bytes: size and kind
_MAX_BOXES = 2**12  # on one level


class Box(NamedTuple):
    """A part of the file: its kind, and where it, its content and its end are."""

    kind: bytes
    start: int
    content: int
    end: int


def with_shown_track(name: str) -> io.BytesIO | None:
    """The content of a file without the video tracks before the one that is shown.

    Args:
        name: of the file.

    Returns:
        None if the first video track is shown, or the file is none of this kind.
    """
    with open(name, "rb") as file:
        size = file.seek(0, io.SEEK_END)
        if not _HEADER < size <= MAX_BYTES:
            return None
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            hidden = _hidden_tracks(data) if data[4:8] == b"ftyp" else []
            if not hidden:
                return None
            content = bytearray(data)
    for box in hidden:
        content[box.start + 4 : box.start + _HEADER] = b"free"
    return io.BytesIO(content)


def _hidden_tracks(data: mmap.mmap) -> list[Box]:
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


def _boxes(data: mmap.mmap, outer: Box, kind: bytes) -> Iterator[Box]:
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


def _is_video(data: mmap.mmap, track: Box) -> bool:
    return any(
        data[handler.content + 8 : handler.content + 12] == b"vide"
        for media in _boxes(data, track, b"mdia")
        for handler in _boxes(data, media, b"hdlr")
    )


def _is_shown(data: mmap.mmap, track: Box) -> bool:
    flags = [data[head.content : head.content + 4] for head in _boxes(data, track, b"tkhd")]
    return any(int.from_bytes(four) & 1 for four in flags)
