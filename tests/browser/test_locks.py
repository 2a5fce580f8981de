"""Locked lanes: no edit changes what they read."""

from collections.abc import Iterator

import pytest
import torch
from serving import RunningApp
from visiting import Visit
from watching import EXPLORE, LANES, draw, exact, exploring, moves, press, start_anew

WHOLE = ["Freeze", "Reverse", "Smooth", "Random motion", "Reset motion", "Random both", "Reset"]


@pytest.fixture(scope="module")
def opened(small_app: RunningApp) -> Iterator[Visit]:
    # Only the ends of a glide matter here.
    with exploring(small_app, still=True) as visit:
        yield visit


@pytest.fixture
def visit(opened: Visit) -> Visit:
    start_anew(opened)
    return opened


def lock(visit: Visit, axis: int) -> None:
    visit.page.get_by_role("button", name=f"Lock move {axis + 1}", exact=True).click()


@pytest.fixture
def locked(visit: Visit) -> Iterator[Visit]:
    lock(visit, 0)
    yield visit
    lock(visit, 0)


@pytest.mark.parametrize("edit", WHOLE)
def test_a_locked_lane_stays_whatever_else_is_done(visit: Visit, edit: str) -> None:
    draw(visit, 0, (0.1, 0.1), (0.9, 0.7))
    draw(visit, 1, (0.1, 0.9), (0.9, 0.2))
    before = moves(visit)
    lock(visit, 0)
    press(visit, edit)
    visit.until(lambda: not torch.allclose(moves(visit)[:, 1], before[:, 1], atol=1e-3))
    visit.rest(EXPLORE)
    lock(visit, 0)
    assert torch.allclose(moves(visit)[:, 0], before[:, 0], atol=1e-3)
    assert exact(visit)


def test_a_locked_lane_can_neither_be_drawn_nor_typed_nor_brought_back(locked: Visit) -> None:
    before = locked.codes("explore").dynamic
    draw(locked, 0, (0.02, 0.05), (0.98, 0.95))
    locked.page.locator(f"{LANES} .rw-point").first.focus()
    for key in ("ArrowUp", "PageDown", "Delete"):
        locked.page.keyboard.press(key)
    locked.rest(EXPLORE)
    assert torch.equal(locked.codes("explore").dynamic, before)
    assert locked.page.locator("[data-part=undo]").is_disabled(), "nothing is left to undo"


def test_a_locked_lane_of_a_longer_clip_starts_again_from_its_first_frame(locked: Visit) -> None:
    before = moves(locked)
    press(locked, "Ping-pong")
    after = moves(locked)
    frames = len(before)
    repeated = [frame % frames for frame in range(len(after))]
    assert torch.allclose(after[:, 0], before[repeated, 0], atol=1e-3)
    back = [*range(frames), *range(frames - 2, 0, -1)]
    assert torch.allclose(after[:, 1], before[back, 1], atol=1e-3)


def test_a_locked_main_direction_stays_when_the_plain_numbers_are_drawn(locked: Visit) -> None:
    before = moves(locked)
    switch = locked.page.get_by_role("group", name="Which lanes")
    switch.get_by_role("button", name="All numbers").click()
    locked.page.locator("[data-part=motionall] .rw-point").first.focus()
    for _ in range(3):
        locked.page.keyboard.press("PageUp")
    locked.rest(EXPLORE)
    switch.get_by_role("button", name="Main directions").click()
    assert torch.allclose(moves(locked)[:, 0], before[:, 0], atol=1e-3)
    assert not torch.allclose(moves(locked), before, atol=1e-2)


def test_nothing_went_wrong(opened: Visit) -> None:
    assert opened.complaints == []
