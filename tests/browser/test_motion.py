"""The lanes of the motion: drawing, and the edits of a whole clip."""

from collections.abc import Callable, Iterator

import pytest
import torch
from serving import RunningApp
from visiting import Visit
from watching import EXPLORE, LANES, draw, exact, exploring, moves, press, same_motion, start_anew


@pytest.fixture(scope="module")
def opened(small_app: RunningApp) -> Iterator[Visit]:
    # Only the ends of a glide matter here.
    with exploring(small_app, still=True) as visit:
        yield visit


@pytest.fixture
def visit(opened: Visit) -> Visit:
    start_anew(opened)
    return opened


def test_a_curve_drawn_with_the_mouse_is_the_motion(visit: Visit) -> None:
    before = visit.codes("explore")
    draw(visit, 0, (0.02, 0.05), (0.98, 0.95))
    drawn = visit.codes("explore")
    line = moves(visit)[:, 0]
    assert torch.equal(drawn.static, before.static)
    assert (line.diff() < 0).all(), "the lane was drawn downwards"
    others = moves(visit)[:, 1:] - visit.studio.dynamic_basis.coordinates(before.dynamic[0])[:, 1:]
    assert others.abs().max() < 1e-3
    assert exact(visit)


def test_a_lane_shows_where_its_two_ends_lead(visit: Visit) -> None:
    """They differ, as the first lane is the direction that changes the picture most."""
    ends = visit.page.locator(f"{LANES} .rw-lane").first.locator(".rw-lane-end img")
    assert ends.count() == 2

    def pictures() -> list[str]:
        return [image.get_attribute("src") or "" for image in ends.all()]

    visit.until(lambda: all(src.startswith("data:image/png") for src in pictures()))
    assert len(set(pictures())) == 2
    before = pictures()
    press(visit, "Random who")
    visit.until(lambda: pictures()[0] != before[0])


def test_a_curve_drawn_with_the_keyboard_is_the_motion(visit: Visit) -> None:
    before = moves(visit)
    point = visit.page.locator(f"{LANES} .rw-lane").nth(1).locator(".rw-point").first
    point.focus()
    for keys in (["ArrowUp"] * 3, ["ArrowRight", "PageDown"], ["End", "Shift+ArrowUp"]):
        for key in keys:
            visit.page.keyboard.press(key)
    visit.rest(EXPLORE)
    change = (moves(visit) - before)[:, 1]
    assert change.tolist() == pytest.approx([0.3, -0.5, 0, 0.5], abs=0.02)
    visit.page.keyboard.press("Delete")
    visit.rest(EXPLORE)
    assert (moves(visit) - before)[-1, 1].abs() < 0.01
    assert exact(visit)


EDITS: dict[str, Callable[[Visit], None]] = {
    "a drawn curve": lambda visit: draw(visit, 0, (0.02, 0.05), (0.98, 0.95)),
    "ping-pong": lambda visit: press(visit, "Ping-pong"),
    "freeze": lambda visit: press(visit, "Freeze"),
    "reverse": lambda visit: press(visit, "Reverse"),
    "smooth": lambda visit: press(visit, "Smooth"),
    "longer": lambda visit: (
        press(visit, "Longer"),
        visit.until(lambda: visit.codes("explore").dynamic.shape[1] == 8),
        visit.rest(EXPLORE),
    ),
}


@pytest.mark.parametrize("edit", EDITS)
def test_undo_and_redo_of_an_edit_are_exact(visit: Visit, edit: str) -> None:
    before = visit.codes("explore").dynamic
    EDITS[edit](visit)
    after = visit.codes("explore").dynamic
    assert not same_motion(visit, before)
    assert exact(visit)
    press(visit, "Undo")
    assert torch.equal(visit.codes("explore").dynamic, before)
    assert exact(visit)
    press(visit, "Redo")
    assert torch.equal(visit.codes("explore").dynamic, after)
    assert exact(visit)


def test_ping_pong_goes_forward_and_back_and_shows_the_ends_once(visit: Visit) -> None:
    before = visit.codes("explore").dynamic
    press(visit, "Ping-pong")
    after = visit.codes("explore").dynamic[0]
    frames = before.shape[1]
    assert len(after) == 2 * frames - 2
    order = [*range(frames), *range(frames - 2, 0, -1)]
    assert torch.equal(after, before[0, order])
    assert (
        f"{frames} frames became {len(after)}"
        in visit.page.locator(f"{EXPLORE} [data-part=message]").inner_text()
    )


def test_ping_pong_stops_at_the_longest_clip_with_a_sentence(visit: Visit) -> None:
    for wanted in (6, 10, 18, 34):
        press(visit, "Ping-pong")
        assert visit.codes("explore").dynamic.shape[1] == wanted
    visit.page.get_by_role("button", name="Ping-pong").click()
    message = visit.page.locator(f"{EXPLORE} [data-part=message]").inner_text()
    assert "66 frames" in message
    assert "64" in message
    assert visit.codes("explore").dynamic.shape[1] == 34


def test_a_long_strip_goes_along_with_the_clock(visit: Visit) -> None:
    for _ in range(4):
        press(visit, "Ping-pong")
    strip = visit.page.locator(f"{EXPLORE} .rw-filmstrip")
    assert strip.evaluate("node => node.scrollWidth > 2 * node.clientWidth")
    for frame in (33, 0, 20):
        visit.page.locator(f"{EXPLORE} [data-part=scrub]").fill(str(frame))
        cell = visit.page.get_by_role("button", name=f"Frame {frame + 1}", exact=True)
        shown, room = cell.bounding_box(), strip.bounding_box()
        assert shown["x"] >= room["x"] - 1
        assert shown["x"] + shown["width"] <= room["x"] + room["width"] + 1
    # A hand on the strip keeps it where it is.
    strip.hover()
    before = strip.evaluate("node => node.scrollLeft")
    visit.page.locator(f"{EXPLORE} [data-part=scrub]").fill("0")
    assert strip.evaluate("node => node.scrollLeft") == before
    visit.page.mouse.move(0, 0)


def test_one_lane_is_brought_back_and_the_others_stay(visit: Visit) -> None:
    before = moves(visit)
    draw(visit, 0, (0.02, 0.05), (0.98, 0.95))
    draw(visit, 1, (0.02, 0.95), (0.98, 0.05))
    both = moves(visit)
    button = visit.page.get_by_role("button", name="Bring move 1 back", exact=True)
    button.focus()
    visit.page.keyboard.press("Enter")
    visit.rest(EXPLORE)
    assert torch.allclose(moves(visit)[:, 0], before[:, 0], atol=1e-3)
    assert torch.allclose(moves(visit)[:, 1], both[:, 1], atol=1e-3)
    press(visit, "Undo")
    assert torch.allclose(moves(visit), both, atol=1e-5)


def test_all_numbers_show_the_codes_themselves(visit: Visit) -> None:
    codes = visit.codes("explore")
    switch = visit.page.get_by_role("group", name="Which lanes")
    switch.get_by_role("button", name="All numbers").click()
    lane = visit.page.locator("[data-part=motionall] .rw-lane").nth(1).locator(".rw-point")
    points = lane.evaluate_all("p => p.map(point => Number(point.ariaValueNow))")
    assert points == pytest.approx(codes.dynamic[0, :, 1].tolist(), abs=0.01)
    switch.get_by_role("button", name="Main directions").click()


def test_nothing_went_wrong(opened: Visit) -> None:
    assert opened.complaints == []
