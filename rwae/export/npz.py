"""A reader for .npz files that anyone may have sent.

NumPy's own reader takes a header at its word before it looks at what follows. This one takes
known names, known types and shapes that fit the bytes that are there, and evaluates nothing.
"""

from __future__ import annotations

import io
import math
import re
import struct
import sys
import zipfile
import zlib
from collections.abc import Collection

import numpy as np

from rwae.errors import CodesError

_MAGIC = b"\x93NUMPY"
_HEADER = re.compile(
    rb"\{'descr': '([<|](?:f4|f8|i4|i8|U[0-9]{1,4}))', 'fortran_order': False, "
    rb"'shape': \(((?:[0-9]{1,7},? ?){0,4})\), \}\s*"
)
_PLAIN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # other methods may ask for much memory
# What the standard library raises at archives that are no archives.
_BROKEN = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, OverflowError,
    RuntimeError, NotImplementedError,
)  # fmt: skip


def read_arrays(data: bytes, names: Collection[str], most: int) -> dict[str, np.ndarray]:
    """Reads the arrays of an .npz file.

    Args:
        data: the file.
        names: of the arrays that it has to hold, and no others.
        most: bytes that an array may have when it is unpacked.

    Raises:
        CodesError: if the file is no .npz file, holds anything else, or is too large.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            found = [entry.filename for entry in archive.infolist()]
            if sorted(found) != sorted(f"{name}.npy" for name in names):
                raise CodesError(
                    f"The file needs to hold {', '.join(sorted(names))} and nothing else: it was "
                    "not saved here as codes. Choose one that was."
                )
            return {name: _array(_unpack(archive, f"{name}.npy", most), name) for name in names}
    except _BROKEN as error:
        raise CodesError(
            "The file is damaged or is no .npz file: choose one that was saved here as codes."
        ) from error


def _unpack(archive: zipfile.ZipFile, entry: str, most: int) -> bytes:
    """The bytes of one entry, of which no more are unpacked than may be."""
    if archive.getinfo(entry).compress_type not in _PLAIN:
        raise CodesError(
            f"The file holds {entry} in an unusual packing: write it with numpy.savez."
        )
    with archive.open(entry) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise CodesError(
            f"The file holds more than {most // 1024} kB in {entry}: the codes of a clip have a "
            "few. Choose another file."
        )
    return content


def _array(content: bytes, name: str) -> np.ndarray:
    """Reads the bytes of a .npy file, of version 1."""
    size = int.from_bytes(content[8:10], "little")
    header = _HEADER.fullmatch(content[10 : 10 + size])
    if content[:8] != _MAGIC + b"\x01\x00" or header is None:
        raise CodesError(
            f"The file holds something else than plain numbers or text in {name}: choose one "
            "that was saved here as codes."
        )
    shape = tuple(int(part) for part in re.findall(rb"[0-9]+", header[2]))
    kind, body = np.dtype(header[1].decode()), content[10 + size :]
    if math.prod(shape) * kind.itemsize != len(body):
        raise CodesError(
            f"The file promises an array of another size than it holds in {name}: it is damaged. "
            "Save the codes again."
        )
    if kind.kind == "U" and (np.frombuffer(body, "<u4") > sys.maxunicode).any():
        raise ValueError("the text has characters that there are not")
    return np.frombuffer(body, kind).reshape(shape)
