"""The Sample tab in a real browser: the same seeds give the same sheet, also from a link."""

from collections.abc import Iterator

import pytest
import torch
from serving import MODELS, RunningApp
from visiting import Page, Visit, close, playwright, visiting

from rwae import Codes
from rwae.editing.studio import Studio


@pytest.fixture(scope="module")
def visit(models_app: RunningApp) -> Iterator[Visit]:
    with visiting(models_app) as visit:
        visit.open_tab("Sample")
        yield visit


def sheet(visit: Visit) -> Codes:
    """The codes of the sheet, once it shows exactly them."""
    visit.until(lambda: visit.has_codes("sample") and len(visit.codes("sample").static) == 16)
    visit.rest(".rw-sample")
    held = visit.codes("sample")
    pause = visit.page.locator(".rw-sample [aria-label='Pause']")
    if pause.count():
        pause.click()
    frame = int(visit.page.locator(".rw-sample [data-part=count]").inner_text().split()[0]) - 1
    assert close(visit.pixels(".rw-sample .rw-tile canvas"), visit.studio.decode(held)[:, frame])
    return held


def drawn(visit: Visit, who: int, motion: int, **settings: float | int) -> Codes:
    """What a sheet should hold."""
    sample = visit.studio.sample
    frames = visit.studio.model.config.frames
    whos, motions = (sample(16, seed=s, frames=frames, **settings) for s in (who, motion))
    return Codes(whos.static, motions.dynamic)


def same(one: Codes, other: Codes) -> bool:
    return torch.allclose(one.static, other.static, atol=1e-4) and torch.allclose(
        one.dynamic, other.dynamic, atol=1e-4
    )


def seeds(page: Page) -> list[int]:
    return [int(page.locator(f"[data-part={kind}seed]").input_value())
            for kind in ("who", "motion")]  # fmt: skip


def test_the_sheet_is_what_its_seeds_draw(visit: Visit) -> None:
    assert same(sheet(visit), drawn(visit, 1, 1))


def test_one_kind_of_code_is_kept_while_the_other_is_new(visit: Visit) -> None:
    first = sheet(visit)
    visit.page.get_by_role("button", name="Keep who, new motion").click()
    moved = sheet(visit)
    assert torch.equal(moved.static, first.static)
    assert not torch.equal(moved.dynamic, first.dynamic)
    visit.page.get_by_role("button", name="Keep motion, new who").click()
    renewed = sheet(visit)
    assert torch.equal(renewed.dynamic, moved.dynamic)
    assert not torch.equal(renewed.static, moved.static)
    assert same(renewed, drawn(visit, *seeds(visit.page)))


def test_one_who_or_one_motion_for_all(visit: Visit) -> None:
    box = visit.page.get_by_label("the same who in all")
    box.check()
    held = sheet(visit)
    assert torch.equal(held.static, held.static[:1].expand_as(held.static))
    assert not torch.equal(held.dynamic[0], held.dynamic[1])
    box.uncheck()
    box = visit.page.get_by_label("the same motion in all")
    box.check()
    held = sheet(visit)
    assert torch.equal(held.dynamic, held.dynamic[:1].expand_as(held.dynamic))
    assert not torch.equal(held.static[0], held.static[1])
    box.uncheck()


def test_a_seed_that_cannot_be_used_is_replaced_in_sight(visit: Visit) -> None:
    for typed, used in (("-5", 0), ("1e9", 999999), ("2.6", 3), ("", 0)):
        field = visit.page.locator("[data-part=whoseed]")
        field.fill(typed)
        field.press("Tab")
        assert seeds(visit.page)[0] == used
    assert same(sheet(visit), drawn(visit, 0, seeds(visit.page)[1]))
    playwright.expect(visit.page.locator(".rw-sample [data-part=message]")).to_have_text("")


def test_a_clicked_sample_opens_in_explore(visit: Visit) -> None:
    held = sheet(visit)
    visit.page.get_by_role("button", name="Sample 7: open in Explore").click()
    visit.page.wait_for_selector(".rw-explore", state="visible")
    opened = visit.codes("explore")
    assert torch.equal(opened.static[0], held.static[6])
    assert torch.equal(opened.dynamic[0], held.dynamic[6])
    visit.open_tab("Sample")


def test_a_model_that_is_chosen_next_gets_the_same_settings(
    visit: Visit, models_app: RunningApp
) -> None:
    visit.page.locator("[data-part=motionseed]").fill("77")
    visit.page.get_by_label("Temperature").fill("0.5")
    before = seeds(visit.page)
    visit.page.locator(".rw-models summary").click()
    visit.page.locator(".rw-entry").nth(list(MODELS).index("weak")).click()
    visit.model_arrived("weak")
    visit.studio = Studio.load(models_app.folders["weak"], "cpu")
    assert same(sheet(visit), drawn(visit, *before, temperature=0.5))
    assert seeds(visit.page) == before


def test_a_copied_link_opens_the_same_sheet(visit: Visit) -> None:
    visit.page.get_by_label("Action").select_option(label="2")
    visit.page.get_by_label("the same who in all").check()
    held = sheet(visit)
    wanted = drawn(visit, *seeds(visit.page), temperature=0.5, action=1)
    assert torch.allclose(held.dynamic, wanted.dynamic, atol=1e-4)
    visit.page.get_by_role("button", name="Copy link").locator("visible=true").click()
    visit.page.wait_for_function("location.hash.startsWith('#sample&')")
    other = visit.page.context.browser.new_page()
    other.goto(visit.page.url)
    other.wait_for_selector(".rw-sample", state="visible")
    there = Visit(other, visit.address, visit.studio, visit.cache)
    assert same(sheet(there), held)
    assert seeds(other) == seeds(visit.page)
    playwright.expect(other.get_by_label("the same who in all")).to_be_checked()
    other.close()


@pytest.mark.parametrize(
    "hash_", ["#sample&who=1", "#sample&who=x&motion=1", "#sample&who=1&motion=1&temperature=9",
              "#sample&who=1&motion=2&action=4"]
)  # fmt: skip
def test_a_link_that_does_not_fit_is_told_in_words(visit: Visit, hash_: str) -> None:
    visit.page.evaluate("hash => (location.hash = hash)", hash_)
    message = visit.page.locator(".rw-sample [data-part=message]")
    playwright.expect(message).to_contain_text("settings that this model does not have")
    sheet(visit)
    visit.page.evaluate("location.hash = '#sample&who=5&motion=6'")
    playwright.expect(message).to_have_text("")
    assert same(sheet(visit), drawn(visit, 5, 6))


def test_nothing_went_wrong_and_nothing_was_kept(visit: Visit) -> None:
    assert visit.hosts <= {"127.0.0.1", ""}
    assert visit.complaints == []
    assert not [path for path in visit.cache.rglob("*") if path.is_file()]
