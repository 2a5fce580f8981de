"""Locked lanes: no edit changes what they read."""

from collections.abc import Iterator

import pytest
import torch
from serving import RunningApp
from visiting import Visit
from watching import EXPLORE, LANES, draw, exact, exploring, moves, press, start_anew

from rwae.ui.component import asset

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
    before = locked.codes(EXPLORE).dynamic
    draw(locked, 0, (0.02, 0.05), (0.98, 0.95))
    locked.page.locator(f"{LANES} .rw-point").first.focus()
    for key in ("ArrowUp", "PageDown", "Delete"):
        locked.page.keyboard.press(key)
    locked.rest(EXPLORE)
    assert torch.equal(locked.codes(EXPLORE).dynamic, before)
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


def test_locks_of_both_lists_hold_together(visit: Visit) -> None:
    """The laws of the locks, on random directions: readings stay, and a second lock is no less."""
    result = visit.page.evaluate(
        """async source => {
            const [Basis, Locks] = new Function(`${source}; return [Basis, Locks]`)();
            // The same draws every time: now and then four random directions are nearly three.
            let state = 1;
            const draw = () => (state = (state * 16807) % 2147483647) / 2147483647;
            const row = (n) => Array.from({ length: n }, () => 2 * draw() - 1);
            const rows = (m, n) => Array.from({ length: m }, () => row(n));
            const slanted = new Basis({ mean: row(5), read: rows(2, 5), write: rows(2, 5) });
            const raw = Basis.raw(5);
            const locks = new Locks();
            const chosen = [[slanted, 0], [raw, 3], [slanted, 1], [raw, 0]];
            chosen.forEach((lock) => locks.toggle(...lock));
            const before = { static: [], dynamic: rows(3, 5) };
            const kept = locks.keep(before, { static: [], dynamic: rows(7, 5) });
            const gap = (basis, axis) => (code, t) => Math.abs(
                basis.coordinate(code, axis) - basis.coordinate(before.dynamic[t % 3], axis));
            const far = (basis, axis) => Math.max(...kept.dynamic.map(gap(basis, axis)));
            const held = [far(slanted, 0), far(slanted, 1), far(raw, 0), far(raw, 3)];
            const free = far(raw, 1);
            locks.toggle(raw, 0);
            return { held, free, left: locks.held.length };
        }""",
        asset("codes.js") + asset("locks.js"),
    )
    assert max(result["held"]) < 1e-6
    assert result["free"] > 1e-3
    assert result["left"] == 3


def test_nothing_went_wrong(opened: Visit) -> None:
    assert opened.complaints == []
