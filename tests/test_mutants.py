"""The table of mutants fits the program; `make mutants` runs them."""

import pytest
from mutants import MUTANTS, ROOT, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda one: f"{one.file}: {one.control}")
def test_a_mutant_changes_one_place_and_has_tests(mutant: Mutant) -> None:
    program = (ROOT / "rwae" / mutant.file).read_text("utf-8")
    assert program.count(mutant.text) == 1
    compile(program.replace(mutant.text, mutant.replacement), mutant.file, "exec")
    names = (ROOT / "tests" / mutant.test_file).read_text("utf-8")
    for words in filter(None, mutant.tests.partition(":")[2].split(" or ")):
        assert words in names
