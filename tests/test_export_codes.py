"""Codes in a file: saved, opened again, and refused where anything is wrong."""

import io
import re
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from rwae import RWAE, Codes, export
from rwae.errors import CodesError


@pytest.fixture
def codes(tiny: RWAE, generator: torch.Generator) -> Codes:
    size = tiny.config
    return Codes(
        torch.randn(2, size.static_size, generator=generator),
        torch.randn(2, size.frames, size.dynamic_size, generator=generator),
    )


def packed(tiny: RWAE, codes: Codes) -> bytes:
    return export.pack_codes(codes, "sprites", export.fingerprint(tiny))


def test_saved_codes_come_back_to_the_last_digit(tiny: RWAE, codes: Codes) -> None:
    read = export.unpack_codes(packed(tiny, codes), tiny, "sprites")
    assert torch.equal(read.static, codes.static)
    assert torch.equal(read.dynamic, codes.dynamic)
    assert torch.equal(tiny.decode(read), tiny.decode(codes))


def test_numpy_opens_saved_codes_without_pickle(tiny: RWAE, codes: Codes) -> None:
    with np.load(io.BytesIO(packed(tiny, codes)), allow_pickle=False) as file:
        assert np.array_equal(file["static"], codes.static.numpy())
        assert np.array_equal(file["dynamic"], codes.dynamic.numpy())
        assert (str(file["model"]), int(file["format"])) == ("sprites", 1)


def test_a_fingerprint_is_of_the_weights_alone(tiny: RWAE) -> None:
    before = export.fingerprint(tiny)
    assert re.fullmatch("[0-9a-f]{16}", before)
    assert export.fingerprint(tiny) == before
    with torch.no_grad():
        next(tiny.parameters()).view(-1)[0] += 1e-6
    assert export.fingerprint(tiny) != before


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("weizmann", "belong to the model weizmann: choose that model first"),
        ("sprites", "other weights of the model sprites"),
        ("<img src=x>", "other weights of the model sprites"),
        ("x" * 5000, "other weights of the model sprites"),
    ],
)
def test_codes_of_another_model_are_refused(
    tiny: RWAE, codes: Codes, name: str, told: str
) -> None:
    data = export.pack_codes(codes, name, "0" * 16)
    with pytest.raises(CodesError, match=told) as error:
        export.unpack_codes(data, tiny, "sprites")
    assert len(str(error.value)) < 200


class Marker:
    """Unpickled, it would leave a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return Path.touch, (self.path,)


def archive(entries: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as made:
        for name, content in entries.items():
            made.writestr(name, content)
    return file.getvalue()


def entries_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return {name: file.read(name) for name in file.namelist()}


def npy(array: np.ndarray, **options: bool) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, **options)
    return file.getvalue()


def headed(header: bytes, body: bytes = b"") -> bytes:
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + body


STATIC = np.zeros((1, 6), np.float32)
HUGE = b"{'descr': '<f4', 'fortran_order': False, 'shape': (9999999, 9999999), }"
HOSTILE: dict[str, tuple[str, Callable[[Path], bytes]]] = {
    "pickle": ("static", lambda p: npy(np.array([Marker(p)], object), allow_pickle=True)),
    "huge shape": ("static", lambda _: headed(HUGE)),
    "huge header": ("static", lambda _: headed(b"{" + b"(" * 60000)),
    "code in the header": (
        "static",
        lambda _: headed(b"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2**9), }"),
    ),
    "no array": ("static", lambda _: b"hello"),
    "empty": ("static", lambda _: b""),
    "zip bomb": ("static", lambda _: npy(np.zeros((1, 2**26), np.uint8))),
    "large numbers": ("static", lambda _: npy(np.zeros((1, 2**20), np.float32))),
    "not a number": ("static", lambda _: npy(STATIC * np.nan)),
    "infinity": ("static", lambda _: npy(STATIC + np.inf)),
    "beyond single precision": ("static", lambda _: npy(STATIC.astype(float) + 1e300)),
    "complex": ("static", lambda _: npy(STATIC.astype(complex))),
    "text": ("static", lambda _: npy(STATIC.astype(str))),
    "one number": ("static", lambda _: npy(STATIC[0, 0])),
    "too few": ("static", lambda _: npy(STATIC[:, 1:])),
    "other clips": ("static", lambda _: npy(STATIC.repeat(3, 0))),
    "columns first": ("static", lambda _: npy(np.asfortranarray(STATIC.repeat(2, 0)))),
    "no frames": ("dynamic", lambda _: npy(np.zeros((1, 0, 4), np.float32))),
    "later format": ("format", lambda _: npy(np.int64(2))),
    "format in words": ("format", lambda _: npy(np.str_("one"))),
    "no such letters": (
        "model",
        lambda _: headed(
            b"{'descr': '<U1', 'fortran_order': False, 'shape': (), }", b"\xff\xff\xff\xff"
        ),
    ),
    "name that is a list": ("model", lambda _: npy(np.array(["a", "b"]))),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_is_refused_in_words_at_once(
    tiny: RWAE, codes: Codes, kind: str, tmp_path: Path
) -> None:
    name, content = HOSTILE[kind]
    entries = entries_of(packed(tiny, codes[:1])) | {f"{name}.npy": content(tmp_path / "marker")}
    data = archive(entries)
    start = time.process_time()
    tracemalloc.start()
    with pytest.raises(CodesError) as error:
        export.unpack_codes(data, tiny, "sprites")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert time.process_time() - start < 0.5
    assert peak < 8 * 2**20, "bytes"
    assert str(error.value).endswith(".")
    assert len(str(error.value)) < 250
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_only_plain_packing_is_opened(tiny: RWAE, codes: Codes, method: int) -> None:
    data = archive(entries_of(packed(tiny, codes)), method)
    with pytest.raises(CodesError, match="unusual packing"):
        export.unpack_codes(data, tiny, "sprites")


def test_a_file_that_is_no_archive_or_holds_more_is_refused(tiny: RWAE, codes: Codes) -> None:
    entries = entries_of(packed(tiny, codes))
    several = archive(entries | {"../../evil.npy": b""})
    fewer = archive({name: entries[name] for name in list(entries)[:-1]})
    crowd = archive({f"{n}.npy": b"" for n in range(4000)})
    for data in (b"", b"PK", b"\x00" * 500, b"x" * (2**20 + 1), several, fewer, crowd):
        with pytest.raises(CodesError) as error:
            export.unpack_codes(data, tiny, "sprites")
        assert len(str(error.value)) < 250


def test_damage_anywhere_is_a_sentence_or_harmless(tiny: RWAE, codes: Codes) -> None:
    """Bytes changed at random, and every other length: nothing but a CodesError comes of it."""
    whole, rng = packed(tiny, codes), np.random.default_rng(0)
    broken = [whole[:length] for length in range(0, len(whole), 2)]
    for _ in range(600):
        data = bytearray(whole)
        for place in rng.integers(0, len(data), rng.integers(1, 4)):
            data[place] = rng.integers(256)
        broken.append(bytes(data))
    refused = 0
    for data in broken:
        try:
            export.unpack_codes(data, tiny, "sprites")
        except CodesError:
            refused += 1
    assert refused > len(broken) / 2
