"""Drawing at random in the Explore tab: a glide to what a seed draws."""

from collections.abc import Iterator

import pytest
import torch
from serving import RunningApp
from visiting import Visit
from watching import EXPLORE, exact, exploring, press, start_anew

from rwae import Codes


@pytest.fixture(scope="module")
def opened(small_app: RunningApp) -> Iterator[Visit]:
    with exploring(small_app) as visit:
        yield visit


@pytest.fixture
def visit(opened: Visit) -> Visit:
    start_anew(opened)
    return opened


def drawn(visit: Visit, seed: int) -> Codes:
    config = visit.studio.model.config
    return visit.studio.sample(1, seed=seed, frames=config.frames)


def test_a_random_draw_glides_and_ends_exactly_in_one_step(visit: Visit) -> None:
    before = visit.codes("explore")
    visit.session(
        """
        window.seen = [];
        const watch = () => {
            window.seen?.push(session.shown.get("explore").static[0]);
            if (window.seen) requestAnimationFrame(watch);
        };
        watch();
        """
    )
    press(visit, "Random both")
    seed = int(visit.page.get_by_label("Seed of who").input_value())
    wanted = drawn(visit, seed)
    visit.until(lambda: torch.allclose(visit.codes("explore").static, wanted.static, atol=1e-4))
    visit.rest(EXPLORE)
    assert torch.allclose(visit.codes("explore").dynamic, wanted.dynamic, atol=1e-4)
    assert exact(visit)
    take = "() => { const { seen } = window; window.seen = null; return seen; }"
    way = visit.page.evaluate(take)
    start, end = float(before.static[0, 0]), float(wanted.static[0, 0])
    passed = [z for z in way if min(start, end) + 1e-3 < z < max(start, end) - 1e-3]
    assert len(set(passed)) >= 3, "the codes glide"
    assert passed == sorted(passed, reverse=end < start)
    press(visit, "Undo")
    assert torch.equal(visit.codes("explore").static, before.static)
    assert torch.equal(visit.codes("explore").dynamic, before.dynamic)
    assert visit.page.locator("[data-part=undo]").is_disabled(), "a glide is one step"


@pytest.mark.parametrize(
    ("label", "kind"), [("Seed of who", "static"), ("Seed of motion", "dynamic")]
)
def test_a_seed_that_is_typed_draws_the_same_again(visit: Visit, label: str, kind: str) -> None:
    before = visit.codes("explore")
    visit.page.get_by_label(label).fill("4711")
    visit.page.keyboard.press("Enter")
    wanted = getattr(drawn(visit, 4711), kind)
    visit.until(lambda: torch.allclose(getattr(visit.codes("explore"), kind), wanted, atol=1e-4))
    visit.rest(EXPLORE)
    other = "dynamic" if kind == "static" else "static"
    assert torch.equal(getattr(visit.codes("explore"), other), getattr(before, other))
    assert exact(visit)


@pytest.mark.parametrize("text", ["-4", "99999999", "1e99"])
def test_a_seed_that_cannot_be_used_is_not_kept(visit: Visit, text: str) -> None:
    before = visit.codes("explore")
    visit.page.get_by_label("Seed of who").fill(text)
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_timeout(200)
    assert visit.page.get_by_label("Seed of who").input_value() == ""
    assert torch.equal(visit.codes("explore").static, before.static)


def test_an_edit_in_mid_glide_starts_where_the_glide_leads(visit: Visit) -> None:
    visit.page.get_by_label("Seed of who").fill("12")
    visit.page.keyboard.press("Enter")
    visit.until(lambda: not visit.page.locator("[data-part=undo]").is_disabled())
    visit.page.evaluate("document.querySelector('[data-part=reverse]').click()")
    assert torch.allclose(visit.codes("explore").static, drawn(visit, 12).static, atol=1e-4)
    visit.rest(EXPLORE)
    press(visit, "Undo")
    assert torch.allclose(visit.codes("explore").static, drawn(visit, 12).static, atol=1e-4)


def test_a_clip_that_is_opened_in_mid_glide_stays_on_the_page(visit: Visit) -> None:
    visit.page.get_by_label("Seed of who").fill("12")
    visit.page.keyboard.press("Enter")
    visit.until(lambda: not visit.page.locator("[data-part=undo]").is_disabled())
    visit.page.evaluate("document.querySelector('.rw-explore [aria-label=\"Example 3\"]').click()")
    visit.rest(EXPLORE)
    third = visit.studio.examples.static[2:3]
    assert torch.allclose(visit.codes("explore").static, third, atol=1e-3)
    assert exact(visit)
    assert visit.page.locator("[data-part=undo]").is_disabled()


def test_who_asks_for_less_motion_gets_no_glide(visit: Visit) -> None:
    visit.page.emulate_media(reduced_motion="reduce")
    seen = visit.session(
        """
        const first = () => session.shown.get("explore").static[0];
        const seen = new Set([first()]);
        document.querySelector('.rw-explore [data-part=randomwho]').click();
        for (let n = 0; n < 90; n += 1) {
            await new Promise(done => requestAnimationFrame(done));
            seen.add(first());
        }
        return seen.size;
        """
    )
    visit.page.emulate_media(reduced_motion="no-preference")
    assert seen == 2, "before and after"


def test_nothing_went_wrong(opened: Visit) -> None:
    assert opened.complaints == []
