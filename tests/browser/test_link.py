"""The address holds the codes: the same link shows the same pixels."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import torch
from serving import RunningApp
from visiting import Visit, visiting
from watching import CELLS, EXPLORE, LANES, draw, press, start_anew

MESSAGE = f"{EXPLORE} [data-part=message]"


@pytest.fixture(scope="module")
def opened(models_app: RunningApp) -> Iterator[Visit]:
    with visiting(models_app) as visit:
        visit.page.emulate_media(reduced_motion="reduce")
        visit.page.wait_for_selector(f"{LANES} .rw-point")
        yield visit


def link_of(visit: Visit) -> str:
    press(visit, "Copy link")
    visit.page.wait_for_function("location.hash.startsWith('#clip=')")
    return visit.page.url


def at(visit: Visit, address: str) -> Visit:
    """A second window with an address."""
    page = visit.page.context.browser.new_page()
    page.goto(address)
    page.wait_for_selector(f"{LANES} .rw-point")
    other = Visit(page, visit.address, visit.studio, visit.cache)
    other.rest(EXPLORE)
    return other


def untouched(visit: Visit) -> None:
    """An example as it is: its pictures came with the page."""


def edited(visit: Visit) -> None:
    press(visit, "Random who")
    press(visit, "Smooth")
    draw(visit, 0, (0.1, 0.2), (0.8, 0.7))


def longer(visit: Visit) -> None:
    press(visit, "Ping-pong")


@pytest.mark.parametrize("edit", [untouched, edited, longer])
def test_a_link_shows_the_same_pixels(opened: Visit, edit) -> None:
    start_anew(opened, 3)
    edit(opened)
    address = link_of(opened)
    here, codes = opened.pixels(CELLS), opened.codes("explore")
    other = at(opened, address)
    other.until(lambda: torch.equal(other.codes("explore").static, codes.static))
    other.rest(EXPLORE)
    assert torch.equal(other.codes("explore").dynamic, codes.dynamic)
    there = other.pixels(CELLS)
    assert there.shape == here.shape
    assert (there == here).all(), "not a bit may differ"
    other.page.close()


def broken(address: str, how: str) -> str:
    head, text = address.split("#clip=")
    middle = len(text) // 2
    other = "A" if text[middle] != "A" else "B"
    return (
        head
        + {
            "changed": f"#clip={text[:middle]}{other}{text[middle + 1 :]}",
            "cut": f"#clip={text[:-16]}",
            "cut within a number": f"#clip={text[:-3]}",
            "no code at all": "#clip=%3Cscript%3E",
            "empty": "#clip=",
        }[how]
    )


@pytest.mark.parametrize(
    "how", ["changed", "cut", "cut within a number", "no code at all", "empty"]
)
def test_a_damaged_link_is_told_in_words(opened: Visit, how: str) -> None:
    start_anew(opened)
    other = at(opened, broken(link_of(opened), how))
    other.until(lambda: "link is damaged" in other.page.inner_text(MESSAGE))
    colours = [
        page.locator(MESSAGE).evaluate("line => getComputedStyle(line).color")
        for page in (other.page, opened.page)
    ]
    assert colours[0] != colours[1], "an error looks unlike what went well"
    assert other.codes("explore").dynamic.shape[1] == 4, "an example is shown instead"
    other.page.close()


def test_a_link_of_another_model_is_told_in_words(opened: Visit) -> None:
    start_anew(opened)
    address = link_of(opened)
    assert "model=plain" in urlsplit(address).query
    other = at(opened, address.replace("model=plain", "model=twin"))
    other.until(lambda: "belongs to another model" in other.page.inner_text(MESSAGE))
    other.page.close()


def test_a_link_of_other_weights_of_the_model_is_told_in_words(opened: Visit) -> None:
    """A model that was trained anew has the same name, and draws another clip."""
    start_anew(opened)
    other = at(opened, link_of(opened))
    assert other.page.inner_text(MESSAGE) == ""
    other.session("session.model.set({ ...session.model.value, weights: '0123456789abcdef' });")
    other.until(lambda: "other weights of this one" in other.page.inner_text(MESSAGE))
    other.page.close()


def test_in_a_frame_the_link_is_shown_to_copy(opened: Visit) -> None:
    page = opened.page.context.browser.new_page()
    page.set_content(f'<iframe src="{opened.address}" width="1200" height="800"></iframe>')
    frame = page.frame_locator("iframe")
    frame.locator(f"{LANES} .rw-point").first.wait_for()
    frame.locator(EXPLORE).get_by_role("button", name="Copy link").click()
    field = frame.get_by_label("Copy this link")
    assert field.input_value().startswith(opened.address)
    assert "#clip=" in field.input_value()
    page.close()


def test_nothing_went_wrong(opened: Visit) -> None:
    assert opened.complaints == []
