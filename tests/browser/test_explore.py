"""The Explore tab: the sliders of who, and the keyboard."""

import re
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from serving import RunningApp
from visiting import Visit, close, playwright
from watching import CELLS, EXPLORE, LANES, asked, exact, exploring, start_anew

from rwae import Codes

WHO = "[data-part=whomain]"


@pytest.fixture(scope="module")
def opened(small_app: RunningApp) -> Iterator[Visit]:
    with exploring(small_app) as visit:
        yield visit


@pytest.fixture
def visit(opened: Visit) -> Visit:
    start_anew(opened)
    return opened


def looks(visit: Visit) -> torch.Tensor:
    """The coordinates (K,) of who, in the model's own main directions."""
    return visit.studio.static_basis.coordinates(visit.codes("explore").static)[0]


def test_a_dragged_slider_ends_at_the_exact_picture_of_its_last_value(visit: Visit) -> None:
    before, codes, was = visit.pixels(CELLS), visit.codes("explore"), looks(visit)
    box = visit.page.locator(f"{WHO} input").first.bounding_box()
    y = box["y"] + box["height"] / 2
    visit.page.mouse.move(box["x"] + box["width"] / 2, y)
    visit.page.mouse.down()
    for part in np.linspace(0.5, 0.93, 30):
        visit.page.mouse.move(box["x"] + part * box["width"], y)
    visit.page.mouse.up()
    visit.rest(EXPLORE)
    shift = looks(visit) - was
    assert torch.equal(visit.codes("explore").dynamic, codes.dynamic)
    assert shift[0] > 0.3
    assert shift[1:].abs().max() < 0.01
    assert (before != visit.pixels(CELLS)).any()
    assert exact(visit)


def test_three_hundred_moves_are_thinned_out_and_leave_no_file(visit: Visit) -> None:
    before = sorted(visit.cache.rglob("*"))
    with asked(visit) as requests:
        visit.page.evaluate(
            """async () => {
                const input = document.querySelector('.rw-knob input');
                for (let n = 0; n < 300; n += 1) {
                    input.value = Math.sin(n / 9) * 2;
                    input.dispatchEvent(new Event('input'));
                    await new Promise(done => setTimeout(done, 5));
                }
                input.dispatchEvent(new Event('change'));
            }"""
        )
        visit.rest(EXPLORE)
    assert 1 < len(requests) < 300, "only the latest value is sent on when the server is ready"
    assert sorted(visit.cache.rglob("*")) == before
    assert exact(visit)


def test_a_strip_shows_where_its_slider_leads_and_one_request_draws_all_of_a_list(
    visit: Visit,
) -> None:
    rows = visit.page.locator(f"{WHO} .rw-knob").count()
    with asked(visit) as requests:
        start_anew(visit, 2)
        stills = lambda: [r for r in requests if all(len(c["dynamic"]) == 1 for c in r["clips"])]  # noqa: E731
        visit.until(lambda: bool(stills()))
        visit.page.wait_for_timeout(500)
    lanes = visit.page.locator(f"{LANES} .rw-lane").count()
    assert [len(request["clips"]) for request in stills()] == [5 * rows, 2 * lanes]
    codes, basis = visit.codes("explore"), visit.studio.static_basis
    for n, step in enumerate((-3, -1.5, 0, 1.5, 3)):
        moved = basis.move(codes.static, 1, step - looks(visit)[1])
        expected = visit.studio.decode(Codes(moved, codes.dynamic[:, :1]))[0, 0]
        visit.until(lambda n=n, e=expected: close(visit.pixels(f"{WHO} .rw-still")[5 + n], e))


def test_a_click_on_a_still_goes_there_and_so_do_the_keys(visit: Visit) -> None:
    visit.page.get_by_role("button", name="Look 2 at +1.50", exact=True).click()
    visit.rest(EXPLORE)
    assert looks(visit)[1] == pytest.approx(1.5, abs=1e-3)
    assert exact(visit)
    slider = visit.page.locator(f"{WHO} input").nth(1)
    slider.focus()
    for key, value in (("1", -3.0), ("3", 0.0), ("5", 3.0)):
        visit.page.keyboard.press(key)
        visit.rest(EXPLORE)
        assert looks(visit)[1] == pytest.approx(value, abs=1e-3)
    near = visit.page.locator(f"{WHO} .rw-knob").nth(1).locator(".rw-step[data-near]")
    assert near.get_attribute("aria-label") == "Look 2 at +3.00"
    visit.page.keyboard.press("Delete")
    visit.rest(EXPLORE)
    assert torch.allclose(
        visit.codes("explore").static, visit.studio.examples.static[:1], atol=1e-3
    )


def signed(value: torch.Tensor) -> str:
    """A coordinate as the page writes it."""
    return f"{value:+.2f}".replace("-", "\u2212")


def test_named_directions_are_listed_by_attribute(opened: Visit) -> None:
    switch = opened.page.get_by_role("group", name="Which sliders")
    assert not switch.get_by_role("button", name="Named").is_visible()
    opened.session(
        """
        const model = session.model.value;
        const { mean, read, write } = model.directions.who;
        const names = [
            { factor: 'hair', value: '<b>red</b>', selectivity: 0.979, reach: 0.29 },
            { factor: 'topwear', value: '0', selectivity: 1, reach: 1 },
            { factor: 'hair', value: '3', selectivity: 0.9, reach: 0.8 },
        ];
        const some = (rows) => [rows[2], rows[0], rows[1]];
        const named = { mean, read: some(read), write: some(write), names };
        session.model.set({ ...model, directions: { ...model.directions, named } });
        """
    )
    opened.page.wait_for_selector("[data-part=whonamed] .rw-step")  # they come first
    switch.get_by_role("button", name="Named").click()
    rows = opened.page.locator("[data-part=whonamed] .rw-knob").filter(visible=True)
    assert [row.replace("\xa0", " ").split("\n") for row in rows.all_inner_texts()] == [
        ["<b>red</b>", "works in 29 %, alone in 97 %", signed(looks(opened)[2])],
        ["hair 3", "works in 80 %, alone in 90 %", signed(looks(opened)[1])],
    ]
    rows.first.get_by_role("button", name="at +1.50").click()
    opened.rest(EXPLORE)
    assert looks(opened)[2] == pytest.approx(1.5, abs=1e-3)
    assert exact(opened)
    stills = "[data-part=whonamed] .rw-knobs:not([hidden]) .rw-still"
    opened.until(lambda: len(np.unique(opened.pixels(stills))) > 2)
    # The other attribute shows where the clip is now, and draws its own stills alone.
    attributes = opened.page.get_by_role("group", name="Which attribute")
    with asked(opened) as requests:
        attributes.get_by_role("button", name="top").click()
        opened.until(lambda: len(np.unique(opened.pixels(stills))) > 2)
    assert 5 in {len(request["clips"]) for request in requests}  # those of the lanes come too
    slider = rows.get_by_role("slider", name="Who, top 0, works in 100 %, alone in 100 %")
    assert float(slider.input_value()) == pytest.approx(looks(opened)[0].item(), abs=0.01)
    switch.get_by_role("button", name="Main directions").click()
    opened.rest(EXPLORE)


def test_all_numbers_show_the_codes_themselves(visit: Visit) -> None:
    switch = visit.page.get_by_role("group", name="Which sliders")
    switch.get_by_role("button", name="All numbers").click()
    values = visit.page.locator("[data-part=whoall] input").evaluate_all(
        "inputs => inputs.map(input => Number(input.value))"
    )
    static = visit.codes("explore").static[0].clamp(-3, 3)
    assert values == pytest.approx(static.tolist(), abs=0.01)
    switch.get_by_role("button", name="Main directions").click()


def shown_frame(visit: Visit) -> int:
    return int(visit.page.locator(f"{EXPLORE} [data-part=count]").inner_text().split()[0])


def test_space_plays_and_the_arrows_step_wherever_they_are_free(visit: Visit) -> None:
    page = visit.page
    page.evaluate("document.activeElement.blur()")
    play = page.locator(f"{EXPLORE} .rw-play")
    state = play.get_attribute("aria-label")
    page.keyboard.press("Space")
    assert play.get_attribute("aria-label") != state
    page.keyboard.press("ArrowRight")  # pauses
    at = shown_frame(visit)
    page.keyboard.press("ArrowRight")
    assert shown_frame(visit) == at % 4 + 1
    page.keyboard.press("ArrowLeft")
    assert shown_frame(visit) == at
    # A slider takes the arrows and not the space, a button the space and not the arrows.
    page.locator(f"{WHO} input").first.focus()
    codes = visit.codes("explore").static
    page.keyboard.press("ArrowRight")
    assert shown_frame(visit) == at
    assert not torch.equal(visit.codes("explore").static, codes)
    page.keyboard.press("Space")
    assert play.get_attribute("aria-label") == "Pause"
    page.locator("[data-part=freeze]").focus()
    page.keyboard.press("Space")
    assert play.get_attribute("aria-label") == "Pause"
    visit.rest(EXPLORE)
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    assert torch.equal(visit.codes("explore").static, codes), "undone without a focus"
    visit.open_tab("Sample")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Space")
    visit.open_tab("Explore")
    assert play.get_attribute("aria-label") == "Pause", "another tab has its own keys"


@pytest.mark.parametrize("size", [(1280, 900), (390, 844)])
def test_the_tour_covers_nothing_that_it_speaks_of(visit: Visit, size: tuple[int, int]) -> None:
    page = visit.page
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(reduced_motion="reduce")
    card, toured = page.locator(".rw-tour"), page.locator("[data-toured]")
    small = page.locator("[data-part=small]")
    if size[0] > 1000:
        visit.open_tab("About")
    page.get_by_role("button", name="Tour").click()
    for step in (1, 2, 3):
        playwright.expect(card).to_contain_text(f"{step} of 3")
        playwright.expect(card.get_by_role("button").last).to_be_focused()
        playwright.expect(card).to_be_in_viewport(ratio=1)
        above, part = card.bounding_box(), toured.bounding_box()
        assert above["y"] + above["height"] <= part["y"]
        if small.is_visible():
            player = small.bounding_box()
            assert player["y"] + player["height"] <= above["y"]
        assert size[1] - part["y"] >= min(part["height"], 400), "enough of the part is in sight"
        page.keyboard.press("Enter")
    playwright.expect(card).to_have_count(0)
    playwright.expect(page.get_by_role("button", name="Tour")).to_be_focused()
    assert toured.count() == 0
    page.emulate_media(reduced_motion="no-preference")
    page.set_viewport_size({"width": 1280, "height": 900})


def test_the_tour_is_offered_no_more_once_it_was_taken(visit: Visit) -> None:
    page = visit.page
    tour = page.get_by_role("button", name="Tour")
    playwright.expect(tour).not_to_have_class(re.compile("rw-primary"))
    page.reload()
    visit.until(lambda: visit.has_codes("explore"))
    playwright.expect(tour).not_to_have_class(re.compile("rw-primary"))
    page.evaluate("localStorage.clear()")
    page.reload()
    playwright.expect(tour).to_have_class(re.compile("rw-primary"))


def test_nothing_went_wrong(opened: Visit) -> None:
    assert opened.complaints == []
