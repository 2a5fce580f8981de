"""Several models on one page: choosing, linking, and never mixing them up."""

import json
from collections.abc import Iterator

import pytest
import torch
from serving import MODELS, RunningApp
from visiting import Visit, close, playwright, visiting
from watching import CELLS

from rwae.editing.studio import Studio


@pytest.fixture(scope="module")
def visit(models_app: RunningApp) -> Iterator[Visit]:
    with visiting(models_app) as visit:
        visit.page.wait_for_selector(".rw-knob")
        yield visit


@pytest.fixture(scope="module")
def studios(models_app: RunningApp) -> dict[str, Studio]:
    return {name: Studio.load(folder, "cpu") for name, folder in models_app.folders.items()}


def choose(visit: Visit, studios: dict[str, Studio], name: str) -> None:
    """Chooses a model in the header, and waits until its first clip and its sliders are there."""
    visit.page.locator(".rw-models summary").click()
    visit.page.locator(".rw-entry").nth(list(MODELS).index(name)).click()
    arrived(visit, studios, name)


def arrived(visit: Visit, studios: dict[str, Studio], name: str) -> None:
    visit.studio = studios[name]
    visit.model_arrived(name)
    visit.until(lambda: visit.has_codes("explore"))
    visit.page.wait_for_selector(".rw-knob", state="attached")


def shown_as_decoded(visit: Visit) -> bool:
    codes = visit.codes("explore")
    return close(visit.pixels(CELLS), visit.studio.decode(codes)[0])


def test_the_list_is_there_for_the_keyboard_and_the_screen_reader(visit: Visit) -> None:
    summary = visit.page.locator(".rw-models summary")
    summary.focus()
    visit.page.keyboard.press("Enter")
    links = visit.page.get_by_role("navigation", name="Models").get_by_role("link")
    playwright.expect(links).to_have_count(len(MODELS))
    playwright.expect(links.nth(1)).to_contain_text("A larger one")
    playwright.expect(links.nth(2)).to_contain_text("cannot read clips")
    playwright.expect(links.nth(0)).to_have_attribute("aria-current", "true")
    visit.page.keyboard.press("Escape")
    playwright.expect(links.first).to_be_hidden()
    playwright.expect(summary).to_be_focused()


def test_another_model_is_chosen_and_the_browser_goes_back(
    visit: Visit, studios: dict[str, Studio]
) -> None:
    choose(visit, studios, "large")
    assert visit.page.url.endswith("?model=large")
    assert visit.codes("explore").static.shape[1] == 9
    visit.until(lambda: shown_as_decoded(visit))
    playwright.expect(visit.page.locator(".rw-models summary")).to_contain_text("A larger one")
    visit.page.locator(".rw-knob input").first.fill("1.5")
    visit.rest(".rw-explore")
    assert shown_as_decoded(visit)
    visit.page.go_back()
    arrived(visit, studios, "plain")
    assert visit.codes("explore").static.shape[1] == 6
    visit.until(lambda: shown_as_decoded(visit))


def test_back_goes_through_the_tabs_and_what_was_made_in_them_stays(
    visit: Visit, studios: dict[str, Studio]
) -> None:
    def shown(name: str, path: str) -> None:
        visit.page.wait_for_selector(f".rw-{name}", state="visible")
        visit.page.wait_for_function("path => location.href.endsWith(path)", arg=path)

    visit.page.locator(".rw-knob input").first.fill("1.5")
    visit.rest(".rw-explore")
    changed = visit.codes("explore").static
    visit.open_tab("Swap")
    shown("swap", "#swap")
    visit.page.get_by_role("button", name="Random pair").click()
    visit.rest(".rw-swap")
    swapped = visit.codes("swap").static
    visit.open_tab("About")
    shown("about", "#about")
    visit.page.go_back()
    shown("swap", "#swap")
    assert visit.codes("swap").static.equal(swapped)
    visit.page.go_back()
    shown("explore", "/")
    assert visit.codes("explore").static.equal(changed)
    visit.page.go_forward()
    shown("swap", "#swap")
    assert visit.codes("swap").static.equal(swapped)
    choose_in_tab = visit.page.locator(".rw-entry").nth(list(MODELS).index("twin"))
    choose_in_tab.dispatch_event("click")
    shown("swap", "?model=twin#swap")
    visit.page.go_back()
    shown("swap", "/#swap")
    arrived(visit, studios, "plain")
    visit.open_tab("Explore")


def test_a_link_opens_with_the_model_that_it_names(
    visit: Visit, studios: dict[str, Studio]
) -> None:
    choose(visit, studios, "large")
    visit.page.get_by_role("button", name="Random who").click()
    visit.rest(".rw-explore")
    visit.page.get_by_role("button", name="Copy link").click()
    visit.page.wait_for_function("location.hash.startsWith('#clip=')")
    held, link = visit.codes("explore"), visit.page.url
    assert "?model=large#clip=" in link
    choose(visit, studios, "plain")
    assert "#" not in visit.page.url, "the codes of one model are no part of another's address"
    visit.page.goto(link)
    arrived(visit, studios, "large")
    visit.until(lambda: torch.allclose(visit.codes("explore").static, held.static, atol=0.0006))
    visit.until(lambda: shown_as_decoded(visit))


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("nobody", "you see plain instead"), ("plain", "The link is damaged")],
)
def test_a_link_that_fits_no_model_is_refused_in_words(
    visit: Visit, studios: dict[str, Studio], name: str, sentence: str
) -> None:
    assert "#clip=" in visit.page.url or visit.page.goto(f"{visit.address}/?model=large#clip=AAAA")
    visit.page.goto(f"{visit.address}/?model={name}#clip=AAAA")
    arrived(visit, studios, "plain")
    playwright.expect(visit.page.get_by_text(sentence)).to_be_visible()
    visit.until(lambda: shown_as_decoded(visit))
    example = visit.studio.examples[[0]]
    assert torch.allclose(visit.codes("explore").static, example.static, atol=1e-4)


def test_codes_never_reach_another_model(visit: Visit, studios: dict[str, Studio]) -> None:
    """Models are changed in the middle of a drag: each request still fits the model it names."""
    asked: list[dict] = []
    visit.page.on("request", lambda r: r.post_data and asked.append(json.loads(r.post_data)))
    for name in ("large", "plain", "large", "rival", "plain"):
        visit.page.evaluate(
            """() => [...document.querySelectorAll('.rw-knob input')].forEach((input, n) => {
                input.value = Math.sin(n) * 2;
                input.dispatchEvent(new Event('input'));
            })"""
        )
        visit.page.locator(".rw-entry").nth(list(MODELS).index(name)).dispatch_event("click")
    arrived(visit, studios, "plain")
    visit.rest(".rw-explore")
    visit.until(lambda: shown_as_decoded(visit))
    asked = [request["data"] for request in asked if "fn_name" in request]
    assert {request["model"] for request in asked} >= {"plain"}
    for request in asked:
        for clip in request.get("clips", []) if isinstance(request.get("clips"), list) else []:
            assert len(clip["static"]) == studios[request["model"]].model.config.static_size
    assert not visit.page.locator(".rw-message[data-failed]:not(:empty)").count()


def test_a_model_without_an_encoder_takes_no_files_and_says_why(
    visit: Visit, studios: dict[str, Studio]
) -> None:
    choose(visit, studios, "rival")
    visit.open_tab("Swap")
    for name in "AB":
        playwright.expect(
            visit.page.get_by_role("button", name=f"Upload clip {name}")
        ).to_be_disabled()
    playwright.expect(visit.page.get_by_text("This model has no encoder").first).to_be_visible()
    visit.page.locator("[data-slot=A] .rw-thumb").nth(3).click()
    visit.rest(".rw-swap")
    held = visit.codes("swap")
    assert torch.equal(held.static[0], held.static[1])
    assert torch.equal(held.dynamic[0], held.dynamic[2])
    visit.page.locator(".rw-swap [aria-label='Pause']").click()
    frame = int(visit.page.locator(".rw-swap [data-part=count]").inner_text().split()[0]) - 1
    visit.until(
        lambda: close(visit.pixels(".rw-grid canvas"), visit.studio.decode(held)[:, frame])
    )
    # A tab that is open starts anew with the next model, whose clips may be longer.
    visit.page.locator(".rw-models summary").click()
    visit.page.locator(".rw-entry").nth(1).click()
    playwright.expect(visit.page.get_by_role("button", name="Upload clip A")).to_be_enabled()
    visit.until(lambda: visit.has_codes("swap") and visit.codes("swap").dynamic.shape[1] == 6)
    visit.open_tab("Explore")


def test_an_action_is_chosen_for_the_samples(visit: Visit, studios: dict[str, Studio]) -> None:
    choose(visit, studios, "plain")
    visit.open_tab("Sample")
    visit.until(lambda: visit.has_codes("sample") and len(visit.codes("sample").static) == 16)
    playwright.expect(visit.page.get_by_label("Action")).to_be_hidden()
    choose(visit, studios, "weak")
    visit.until(lambda: visit.has_codes("sample") and len(visit.codes("sample").static) == 16)
    assert visit.page.get_by_label("Action").locator("option").all_inner_texts() == [
        "any", "1", "2", "3"
    ]  # fmt: skip
    any_action = visit.codes("sample")
    for n in (3, 1):
        visit.page.get_by_label("Action").select_option(label=str(n))
        visit.rest(".rw-sample")
        drawn = visit.studio.sample(16, seed=1, frames=4, action=n - 1)
        held = visit.codes("sample")
        assert torch.equal(held.static, any_action.static), "the action says nothing of who"
        assert torch.allclose(held.dynamic, drawn.dynamic, atol=1e-4)
    visit.open_tab("Explore")


def test_clips_of_one_frame_can_be_looked_at(visit: Visit, studios: dict[str, Studio]) -> None:
    choose(visit, studios, "still")
    visit.until(lambda: shown_as_decoded(visit))
    strip = visit.page.locator(CELLS)
    smooth = strip.evaluate("node => getComputedStyle(node).imageRendering")
    assert smooth == "auto", "frames of 128 pixels are made smaller there"
    visit.page.locator(".rw-point").first.focus()
    visit.page.keyboard.press("ArrowUp")
    visit.rest(".rw-explore")
    assert shown_as_decoded(visit)


@pytest.mark.parametrize("name", ["plain", "still"])
def test_a_phone_shows_the_list_without_sideways_scrolling(
    visit: Visit, studios: dict[str, Studio], name: str
) -> None:
    visit.page.set_viewport_size({"width": 390, "height": 844})
    choose(visit, studios, name)
    visit.page.locator(".rw-models summary").click()
    visit.page.wait_for_timeout(300)
    outside = visit.page.evaluate(
        """() => [...document.querySelectorAll('.rw, .rw *')].filter(node =>
            node.checkVisibility() && !node.closest('.rw-filmstrip *, .rw-chooser *, svg') &&
            (node.getBoundingClientRect().right > innerWidth + 0.5 ||
             node.getBoundingClientRect().left < -0.5)).map(node => node.className)"""
    )
    assert outside == []
    visit.page.keyboard.press("Escape")
    visit.page.set_viewport_size({"width": 1280, "height": 900})


def test_nothing_went_wrong_and_nothing_was_kept(visit: Visit) -> None:
    assert visit.hosts <= {"127.0.0.1", ""}
    assert visit.complaints == []
    assert not [path for path in visit.cache.rglob("*") if path.is_file()]
