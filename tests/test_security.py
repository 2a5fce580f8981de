"""SECURITY.md promises nothing without a test."""

import re

import pytest
from conftest import ROOT

ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "SECURITY.md").read_text("utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| what someone")
]


def names(file: str) -> str:
    """The names of the tests in a file, wherever it lies below tests/."""
    (path,) = (ROOT / "tests").rglob(f"{file}.py")
    return " ".join(re.findall(r"def (test_\w+)", path.read_text("utf-8")))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_each_promise_names_tests_that_exist(row: list[str]) -> None:
    _, holds, tests = row
    assert holds
    for file, words in re.findall(r"`(test_\w+)`(?:: ([^;`]+))?", tests):
        for word in filter(None, words.split(", ")):
            assert word.strip().replace(" ", "_") in names(file), f"{file}: {word}"
    assert re.search(r"`test_\w+`", tests)


def test_every_promise_is_in_the_table() -> None:
    assert len(ROWS) >= 18
