"""Small JSON files: an object is read, and of anything else it is said what is wrong."""

import math
from pathlib import Path
from typing import Any

import pytest

from rwae.files.jsonfile import is_number, read_object


def test_an_object_is_read_up_to_its_last_byte(tmp_path: Path) -> None:
    path = tmp_path / "some.json"
    data = '{"name": "Zoë", "sizes": [1, 2.5, null]}'.encode()
    path.write_bytes(data)
    assert read_object(path, len(data)) == {"name": "Zoë", "sizes": [1, 2.5, None]}
    with pytest.raises(ValueError, match=f"it has {len(data)} bytes, and at most {len(data) - 1}"):
        read_object(path, len(data) - 1)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "it is not JSON"),
        (b"{", "it is not JSON"),
        (b'{"name": "\xff"}', "it is not JSON"),
        (b"[" * 100_000, "it is not JSON"),
        (b'{"size": ' + b"9" * 5000 + b"}", "it is not JSON"),
        (b"[{}]", "no JSON object"),
        (b"null", "no JSON object"),
    ],
    ids=["empty", "torn", "no text", "too deep", "too long a number", "a list", "nothing"],
)
def test_anything_else_is_a_value_error(tmp_path: Path, data: bytes, told: str) -> None:
    path = tmp_path / "some.json"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=told):
        read_object(path)


def test_a_file_that_cannot_be_read_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_object(tmp_path / "none.json")
    with pytest.raises(IsADirectoryError):
        read_object(tmp_path)


@pytest.mark.parametrize("value", [0, 1, 0.0, 0.5, 1.0])
def test_numbers_up_to_the_ends_count(value: float) -> None:
    assert is_number(value, 0, 1)


@pytest.mark.parametrize(
    "value",
    [True, False, None, "1", [1], -1e-9, 1.000001, math.nan, math.inf, -math.inf, 10**400],
    ids=lambda value: repr(value)[:9],
)
def test_nothing_else_does(value: Any) -> None:
    assert not is_number(value, 0, 1)
