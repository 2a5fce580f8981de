"""Which values from outside count as numbers."""

import math
from typing import Any

import pytest

from rwae.files.numeric import is_number


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
