"""What was changed in Explore survives a reload, and goes back to the original by Reset."""

from collections.abc import Iterator

import pytest
from serving import RunningApp
from visiting import Visit
from watching import EXPLORE, exploring


@pytest.fixture(scope="module")
def opened(small_app: RunningApp) -> Iterator[Visit]:
    with exploring(small_app) as visit:
        yield visit


def test_changes_survive_a_reload(opened: Visit) -> None:
    page = opened.page
    before = opened.codes("explore").static
    page.locator(f"{EXPLORE} .rw-knob input:visible").first.focus()
    for _ in range(4):
        page.keyboard.press("PageUp")
    opened.rest(EXPLORE)
    changed = opened.codes("explore").static
    assert not changed.equal(before)
    opened.until(lambda: page.evaluate("sessionStorage.length") > 0)
    page.reload()
    opened.until(
        lambda: opened.has_codes("explore") and opened.codes("explore").static.equal(changed)
    )
    page.locator(f"{EXPLORE} [data-part=reset]").click()
    opened.until(lambda: opened.codes("explore").static.equal(before))
