"""Taking turns, and the precision of a device."""

from threading import BoundedSemaphore, Lock

import pytest
import torch

from rwae.errors import RWAEError
from rwae.runtime import fast_precision, turn


def test_as_many_as_there_are_places_come_in_and_the_next_is_told_so() -> None:
    places = BoundedSemaphore(2)
    for _ in range(2):  # the second time shows that both places were given back
        with (
            turn(places, 0, "full"),
            turn(places, 0, "full"),
            pytest.raises(RWAEError, match="full"),
            turn(places, 0.01, "full"),
        ):
            pytest.fail("there was a third place")


def test_an_error_inside_gives_the_place_back() -> None:
    lock = Lock()
    with pytest.raises(ZeroDivisionError), turn(lock, 0, "busy"):
        raise ZeroDivisionError
    assert not lock.locked()


@pytest.mark.parametrize(
    ("device", "found", "precision"),
    [
        ("cpu", {"avx2": True}, torch.float32),
        ("cpu", {"avx512_bf16": True}, torch.bfloat16),
        ("cpu", {"amx_bf16": True}, torch.bfloat16),
        ("cuda", {"avx512_bf16": True}, torch.float32),
    ],
)
def test_a_processor_that_multiplies_bfloat16_trains_in_it(
    device: str, found: dict[str, bool], precision: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: found)
    assert fast_precision(torch.device(device)) == precision
