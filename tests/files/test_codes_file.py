"""Codes in a file: saved, opened again, and refused where anything is wrong."""

import io
import re
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
import torch
from hostile_inputs import HOSTILE_BYTES, HOSTILE_TENSORS, parts_of
from safetensors import safe_open
from safetensors.torch import save

from rwae import RWAE, Codes
from rwae.errors import CodesError
from rwae.files.checkpoint import weights_digest
from rwae.files.codes_file import pack_codes, unpack_saved_codes
from rwae.files.tensors import pack

NAME = "sprites"


@pytest.fixture
def codes(tiny: RWAE, generator: torch.Generator) -> Codes:
    size = tiny.config
    return Codes(
        torch.randn(2, size.static_size, generator=generator),
        torch.randn(2, size.frames, size.dynamic_size, generator=generator),
    )


def packed(tiny: RWAE, codes: Codes) -> bytes:
    return pack_codes(codes, NAME, weights_digest(tiny))


def opened(tiny: RWAE, data: bytes) -> Codes:
    """What the page does with a file that a visitor opens."""
    codes = unpack_saved_codes(data, NAME, weights_digest(tiny))
    tiny.check(codes)
    return codes


def test_saved_codes_come_back_to_the_last_digit(tiny: RWAE, codes: Codes) -> None:
    read = opened(tiny, packed(tiny, codes))
    assert torch.equal(read.static, codes.static)
    assert torch.equal(read.dynamic, codes.dynamic)
    assert torch.equal(tiny.decode(read), tiny.decode(codes))


def test_the_library_of_the_format_opens_saved_codes(
    tiny: RWAE, codes: Codes, tmp_path: Path
) -> None:
    path = tmp_path / "codes.safetensors"
    path.write_bytes(packed(tiny, codes))
    found = safetensors.numpy.load_file(path)
    assert set(found) == {"static", "dynamic"}
    assert np.array_equal(found["static"], codes.static.numpy())
    assert np.array_equal(found["dynamic"], codes.dynamic.numpy())
    with safe_open(path, "np") as file:
        metadata = {"format_version": "1", "model": NAME, "weights": weights_digest(tiny)}
        assert file.metadata() == metadata


def test_the_digest_is_of_the_numbers_of_the_weights_alone(tiny: RWAE, tmp_path: Path) -> None:
    before = weights_digest(tiny)
    assert re.fullmatch("[0-9a-f]{16}", before)
    tiny.save_pretrained(tmp_path)
    assert weights_digest(tmp_path) == before
    state = tiny.state_dict()
    assert weights_digest(dict(reversed(state.items()))) == before
    assert weights_digest(tiny.to(memory_format=torch.channels_last)) == before
    # Another layout of the file: other metadata.
    (tmp_path / "model.safetensors").write_bytes(pack(state, {"note": "rewritten"}))
    assert weights_digest(tmp_path) == before
    with torch.no_grad():
        next(tiny.parameters()).view(-1)[0] += 1e-6
    assert weights_digest(tiny) != before


@pytest.mark.parametrize("change", ["name", "shape", "type"])
def test_names_shapes_and_types_change_the_digest(change: str) -> None:
    changed = {
        "name": {"b": torch.zeros(2, 3)},
        "shape": {"a": torch.zeros(3, 2)},
        "type": {"a": torch.zeros(2, 3, dtype=torch.int32)},
    }
    assert weights_digest({"a": torch.zeros(2, 3)}) != weights_digest(changed[change])


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("weizmann", "belong to the model weizmann: choose that model first"),
        ("sprites", "other weights of the model sprites"),
        ("", "other weights of the model sprites"),
        ("<img src=x>", "other weights of the model sprites"),
        ("x" * 5000, "other weights of the model sprites"),
    ],
)
def test_codes_of_another_model_are_refused(
    tiny: RWAE, codes: Codes, name: str, told: str
) -> None:
    data = pack_codes(codes, name, "0" * 16)
    with pytest.raises(CodesError, match=told) as error:
        opened(tiny, data)
    assert len(str(error.value)) < 200


def test_an_npz_of_an_earlier_version_is_refused_with_what_to_do(tiny: RWAE, codes: Codes) -> None:
    file = io.BytesIO()
    np.savez(file, static=codes.static.numpy(), dynamic=codes.dynamic.numpy())
    with pytest.raises(CodesError, match=r"save the codes again as \.safetensors, or convert"):
        opened(tiny, file.getvalue())


def refused_at_once(tiny: RWAE, data: bytes) -> None:
    weights = weights_digest(tiny)
    start = time.process_time()
    tracemalloc.start()
    with pytest.raises(CodesError) as error:
        tiny.check(unpack_saved_codes(data, NAME, weights))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert time.process_time() - start < 0.5
    assert peak < 8 * 2**20, "bytes"
    assert str(error.value).endswith(".")
    assert len(str(error.value)) < 250


@pytest.mark.parametrize("kind", HOSTILE_TENSORS)
def test_tensors_that_are_no_codes_are_refused_in_words_at_once(tiny: RWAE, kind: str) -> None:
    about = {"format_version": "1", "model": NAME, "weights": weights_digest(tiny)}
    refused_at_once(tiny, save(HOSTILE_TENSORS[kind], about))


@pytest.mark.parametrize("version", ["2", "one", ""])
def test_another_format_is_refused_in_words_at_once(tiny: RWAE, version: str) -> None:
    about = {"format_version": version, "model": NAME, "weights": weights_digest(tiny)}
    refused_at_once(tiny, save(parts_of(), about))


@pytest.mark.parametrize("kind", HOSTILE_BYTES)
def test_a_hostile_file_is_refused_in_words_at_once(
    tiny: RWAE, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    refused_at_once(tiny, HOSTILE_BYTES[kind](tmp_path / "marker"))
    assert list(tmp_path.iterdir()) == []


def test_without_a_temporary_folder_it_is_said_in_words(
    tiny: RWAE, codes: Codes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    with pytest.raises(CodesError, match="try again later"):
        opened(tiny, packed(tiny, codes))


def test_damage_anywhere_is_a_sentence_or_harmless(tiny: RWAE, codes: Codes) -> None:
    """Bytes changed at random, and every other length: nothing but a CodesError comes of it."""
    whole, rng = packed(tiny, codes), np.random.default_rng(0)
    broken = [whole[:length] for length in range(0, len(whole), 2)]
    for _ in range(600):
        data = bytearray(whole)
        for place in rng.integers(0, len(data), rng.integers(1, 4)):
            data[place] = rng.integers(256)
        broken.append(bytes(data))
    refused, weights = 0, weights_digest(tiny)
    for data in broken:
        try:
            tiny.check(unpack_saved_codes(data, NAME, weights))
        except CodesError:
            refused += 1
    assert refused > len(broken) / 2
