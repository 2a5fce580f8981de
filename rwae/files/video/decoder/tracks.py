"""Which video track of a file is shown, where there are several: OpenCV reads the first.

In an MP4 or MOV a track is a box `trak` of the box `moov`. The lowest bit of the flags of its
header `tkhd` says whether it is shown, and the header of its media, `hdlr`, whether it is video
(ISO/IEC 14496-12). In Matroska and WebM it is an element TrackEntry of the element Tracks, whose
children say its type and whether it is played by default (RFC 9559).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import NamedTuple

MAX_BYTES = 2**28  # of a file that is copied; the first track of a larger one is read
_HEADER = 8  # bytes of a box: size and kind
_MAX_BOXES = 2**12  # on one level
# Names of elements: of the head of the file, and of its part that holds the tracks.
_EBML, _SEGMENT, _TRACKS = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67", b"\x16\x54\xae\x6b"
_ENTRY, _TYPE, _ENABLED, _DEFAULT = b"\xae", b"\x83", b"\xb9", b"\x88"
_VIDEO, _SUBTITLE = 1, 17  # types of a track


class Box(NamedTuple):
    """A box or an element: its kind, and where it, its content and its end are."""

    kind: bytes
    start: int
    content: int
    end: int


class Stream(io.BytesIO):
    """A file in memory, as OpenCV reads it: it would crash at an exception, such as of `seek`."""

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Goes to a place, and returns it; -1 for a place before the file, which has none."""
        try:
            return super().seek(offset, whence)
        except (ValueError, OverflowError):
            return -1


def with_shown_track(content: bytes) -> Stream:
    """A file in which no video track comes before the one that is shown.

    Args:
        content: of a file of any kind.
    """
    stream = Stream(content)  # copies only when it is written to
    if len(content) <= MAX_BYTES:
        for place, value in _changes(content):
            stream.seek(place)
            stream.write(value)
        stream.seek(0)
    return stream


def _changes(content: bytes) -> list[tuple[int, bytes]]:
    """What to write where, so that no video track comes before the one that is shown."""
    if content[4:8] == b"ftyp":
        return [(box.start + 4, b"free") for box in _hidden_tracks(content)]
    if content.startswith(_EBML):
        # Its frames stay in the file, so the track does as well, as one that is no video.
        return [(kind.end - 1, bytes([_SUBTITLE])) for kind in _hidden_types(content)]
    return []


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


def _hidden_types(data: bytes) -> list[Box]:
    """The element Type of each video track of a Matroska before the first one that is shown."""
    whole = Box(b"", 0, 0, len(data))
    hidden: list[Box] = []
    for segment in _elements(data, whole, _SEGMENT):
        for tracks in _elements(data, segment, _TRACKS):
            for entry in _elements(data, tracks, _ENTRY):
                kind = next(_elements(data, entry, _TYPE), None)
                if kind is None or _number(data, kind) != _VIDEO:
                    continue
                flags = (*_elements(data, entry, _ENABLED), *_elements(data, entry, _DEFAULT))
                if all(_number(data, flag) for flag in flags):  # one that is missing is 1
                    return hidden
                hidden.append(kind)
    return []


def _elements(data: bytes, outer: Box, kind: bytes) -> Iterator[Box]:
    """The elements of a kind directly in another (RFC 8794); those without a size end with it."""
    start = outer.content
    for _ in range(_MAX_BOXES):
        name = data[start : start + _length(data, start)]
        at = start + len(name)
        size = data[at : at + _length(data, at)]
        content = at + len(size)
        if not name or not size or content > outer.end:
            return
        # The first bit that is set tells the length; a size of ones is unknown.
        bits = 7 * len(size)
        count = int.from_bytes(size) & (1 << bits) - 1
        end = outer.end if count == (1 << bits) - 1 else content + count
        if end > outer.end:
            return
        if name == kind:
            yield Box(kind, start, content, end)
        start = end


def _length(data: bytes, at: int) -> int:
    """The bytes of a name or size of an element; 0 at the end or where none can begin."""
    return 9 - data[at].bit_length() if at < len(data) and data[at] else 0


def _number(data: bytes, element: Box) -> int:
    return int.from_bytes(data[element.content : element.end])
