"""Without the Hub the page opens all the same, and says which model is missing."""

from serving import MISSING_NAME, RunningApp
from visiting import playwright, visiting


def test_the_page_says_that_it_shows_its_own_models(space_app: RunningApp) -> None:
    with visiting(space_app) as visit:
        page = visit.page
        page.set_viewport_size({"width": 390, "height": 844})
        message = page.locator(".rw-header [role=status]")
        playwright.expect(message).to_contain_text(MISSING_NAME)
        playwright.expect(page.locator(".rw-badge")).to_contain_text("Embedded")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
