"""The messages between the app and the decoder, through the decoder's input and output.

The decoder writes a record when it is ready. For each file, the app writes a line of JSON and the
bytes of the file: {"size": how many bytes, "max_frames": frames that are sent at most, "seconds":
of processor time that it may take, "thin": whether a longer clip is thinned evenly instead of
refused, "first", "last": numbers of the frames among which they are then chosen, or null; or
"still": whether the file is a picture that is wanted as it is}. The decoder answers with records:
a frame each, and then an end or a refusal. If the clip is thinned, small pictures of the whole
file follow the frames, and a sheet may come in place of all of them. A record is a header of
fixed size, and that of a picture is followed by its bytes.
A record holds numbers and pixels of limited size and nothing that can be run, so the app can read
it even from a sender that a hostile file controls.
"""

from __future__ import annotations

import struct
from enum import IntEnum

MAX_DECODED_SIDE = 4096  # pixels, of a frame in a file
MAX_SHEET_PIXELS = 2**22  # of a sprite sheet, which is sent in its own size
MAX_STILLS = 32  # small pictures of a file
# Kind; two whole numbers, which for a picture are its height and width; a time in milliseconds.
HEADER = struct.Struct("<BIId")


class RecordKind(IntEnum):
    """What a record is: a picture, the end of the clip, or why there is none."""

    FRAME = 0  # RGB bytes
    END = 1  # and, if the clip was thinned, its number of frames and every which of them was sent
    NO_VIDEO = 2
    BAD_PICTURE = 3
    BAD_VIDEO = 4
    NO_STRIP = 5  # and the picture's width and height
    TOO_LARGE = 6  # and the frame's width and height
    TOO_LONG = 7
    TOO_HEAVY = 8
    ALPHA_FRAME = 9  # RGBA bytes with colours as on black
    STILL = 10  # RGB bytes of a small picture
    SHEET = 11  # RGBA bytes with colours as on black
    SIZE = 12  # height and width of the file's frames as they are shown
    PARTIAL_END = 13  # as END, of a file that was not read to its end
    AV1 = 14
    INTERLACED = 15
    STILL_PICTURE = 16  # RGBA bytes, as they are in the file
    NO_PICTURE = 17
    LARGE_PICTURE = 18  # and the picture's width and height
    READY = 19  # and what was taken from the decoder before, see `sandbox.Wall`


CHANNELS = {
    RecordKind.FRAME: 3, RecordKind.ALPHA_FRAME: 4, RecordKind.STILL: 3, RecordKind.SHEET: 4,
    RecordKind.STILL_PICTURE: 4,
}  # fmt: skip


class Refused(Exception):  # noqa: N818 - a result, not a failure of the program
    """A file that cannot be a clip.

    Attributes:
        kind: why.
        numbers: what the sentence about it needs, at most two.
    """

    def __init__(self, kind: RecordKind, *numbers: float) -> None:
        super().__init__(kind.name)
        self.kind = kind
        self.numbers = numbers


def check_size(width: float, height: float) -> None:
    """Refuses a frame with a side of none, or of more than `MAX_DECODED_SIDE` pixels."""
    if not 1 <= width <= MAX_DECODED_SIDE or not 1 <= height <= MAX_DECODED_SIDE:
        raise Refused(RecordKind.TOO_LARGE, width, height)


def pack_header(kind: RecordKind, first: float = 0, second: float = 0, time: float = 0.0) -> bytes:
    """A record's header; numbers that do not fit, such as a damaged file's sizes, are clamped."""
    whole = [int(min(max(n, 0), 2**32 - 1)) if n == n else 0 for n in (first, second)]
    return HEADER.pack(kind, *whole, time)
