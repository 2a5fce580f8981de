"""The page on a phone: fingers scroll, draw, hit what they aim at, and the clip is in sight."""

from collections.abc import Iterator

import pytest
from serving import RunningApp, browser_path
from visiting import PATIENCE, Visit, playwright
from watching import EXPLORE, LANES, exact, moves

from rwae.benchmark.live.browser import BROWSER_FLAGS
from rwae.editing.studio import Studio

PHONE = {"width": 390, "height": 844}
FINGER_SIZE = 44  # pixels


@pytest.fixture(scope="module")
def visit(small_app: RunningApp) -> Iterator[Visit]:
    with playwright.sync_playwright() as play:
        flags = list(BROWSER_FLAGS)
        browser = play.chromium.launch(executable_path=browser_path(), args=flags)
        page = browser.new_page(viewport=PHONE, has_touch=True, is_mobile=True)
        page.set_default_timeout(PATIENCE)
        page.goto(small_app.address)
        page.wait_for_selector(f"{LANES} .rw-point")
        studio = Studio.load(next(iter(small_app.folders.values())), "cpu")
        yield Visit(page, small_app.address, studio, small_app.cache)
        browser.close()


def swipe(visit: Visit, across: float, down: float) -> None:
    """A finger goes from the middle of the first lane."""
    field = visit.page.locator(f"{LANES} .rw-field").first
    field.evaluate("node => node.scrollIntoView({ block: 'center' })")
    visit.page.wait_for_timeout(200)
    box = field.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    session = visit.page.context.new_cdp_session(visit.page)
    steps = 12
    for n in range(steps + 1):
        place = {"x": x + across * n / steps, "y": y + down * n / steps}
        kind = "touchMove" if n else "touchStart"
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [place]})
        visit.page.wait_for_timeout(20)
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    visit.page.wait_for_timeout(300)
    visit.rest(EXPLORE)


def test_a_vertical_swipe_over_a_lane_scrolls_and_changes_nothing(visit: Visit) -> None:
    before = moves(visit)
    visit.page.locator(f"{LANES} .rw-field").first.scroll_into_view_if_needed()
    swipe(visit, 0, -200)
    after = visit.page.evaluate("scrollY")
    swipe(visit, 0, 200)
    assert visit.page.evaluate("scrollY") < after
    assert (moves(visit) == before).all()


def test_a_sideways_swipe_draws(visit: Visit) -> None:
    before = moves(visit)
    swipe(visit, 120, 25)
    assert (moves(visit)[:, 0] != before[:, 0]).any()
    assert exact(visit)


def test_the_clip_is_in_sight_beside_the_lanes(visit: Visit) -> None:
    visit.page.evaluate("scrollTo(0, 0)")
    small = visit.page.locator("[data-part=smalledited]")
    playwright.expect(small).to_be_hidden()
    visit.page.locator(f"{LANES} .rw-field").last.scroll_into_view_if_needed()
    playwright.expect(small).to_be_in_viewport()


@pytest.mark.parametrize("tab", ["Explore", "Swap", "Sample", "Compare", "Sheet", "About"])
def test_fingers_hit_what_they_aim_at(visit: Visit, tab: str) -> None:
    visit.page.evaluate("scrollTo(0, 0)")
    visit.open_tab(tab)
    visit.page.wait_for_selector(f"#rw-{tab.lower()} .rw", state="visible")
    small = visit.page.evaluate(
        """least => [...document.querySelectorAll(
                '[role=tab], .rw button, .rw summary, .rw select, .rw .rw-range, .rw label')]
            .filter(node => node.checkVisibility() && node.offsetParent)
            .filter(node => !node.matches('.rw-step, .rw-tick, .rw-cell, .rw-point'))
            .filter(node => node.localName !== 'label' || node.querySelector('[type=checkbox]'))
            .filter(node => node.getBoundingClientRect().height < least - 0.5)
            .map(node => node.outerHTML.slice(0, 90))""",
        FINGER_SIZE,
    )
    assert set(small) == set()
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
