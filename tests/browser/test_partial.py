"""A drag decodes what changed and is in sight first; the picture at rest is exact."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from serving import RunningApp
from visiting import Visit, playwright, visiting
from watching import CELLS, EXPLORE, LANES, asked, draw, exact, press, start_anew

from rwae.editing.studio import Studio


@pytest.fixture(scope="module")
def opened(models_app: RunningApp) -> Iterator[Visit]:
    with visiting(models_app) as visit:
        visit.page.emulate_media(reduced_motion="reduce")
        yield visit


def show(opened: Visit, models_app: RunningApp, kind: str) -> None:
    opened.studio = Studio.load(models_app.folders[kind], "cpu")
    # Each test begins with a clip as it was opened.
    opened.page.evaluate("sessionStorage.clear()")
    opened.page.goto(f"{opened.address}/?model={kind}")
    opened.model_arrived(kind)
    opened.page.wait_for_selector(f"{LANES} .rw-point")
    opened.rest(EXPLORE)


def nudge(visit: Visit) -> None:
    """Changes one frame with the keyboard."""
    visit.page.locator(f"{LANES} .rw-point").first.focus()
    visit.page.keyboard.press("PageUp")
    visit.rest(EXPLORE)


def test_a_change_of_one_frame_asks_for_one_frame_and_then_for_the_exact_clip(
    opened: Visit, models_app: RunningApp
) -> None:
    show(opened, models_app, "plain")
    with asked(opened) as requests:
        nudge(opened)
    moved = [[len(clip["dynamic"]) for clip in r["clips"]] for r in requests if not r["exact"]]
    assert moved == [[1]]
    at_rest = [r for r in requests if r["exact"]]
    assert [len(clip["dynamic"]) for clip in at_rest[0]["clips"]] == [4]
    assert exact(opened)


# Moves the first slider of who, every 8 ms for some times.
SLIDE = """async (times) => {
    const input = document.querySelector('.rw-knob input');
    for (let n = 1; n <= times; n += 1) {
        input.value = Math.sin(n / 5);
        input.dispatchEvent(new Event('input'));
        await new Promise(done => setTimeout(done, 8));
    }
    input.dispatchEvent(new Event('change'));
}"""


def slide(visit: Visit, times: int) -> list[dict]:
    """What is asked for while the first slider of who is moved, and afterwards."""
    with asked(visit) as requests:
        visit.page.evaluate(SLIDE, times)
        visit.until(lambda: any(not request["exact"] for request in requests))
        visit.rest(EXPLORE)
    return [r for r in requests if len(r["clips"]) == 1]  # without the stills of the sliders


def counts(requests: list[dict]) -> list[int]:
    return [len(request["clips"][0]["dynamic"]) for request in requests if not request["exact"]]


def test_the_frame_in_sight_comes_first_then_the_others_then_the_exact_clip(
    opened: Visit, models_app: RunningApp
) -> None:
    show(opened, models_app, "plain")
    opened.page.get_by_role("button", name="Frame 3", exact=True).click()
    requests = slide(opened, 1)
    codes = opened.codes("explore")
    assert counts(requests) == [1, 3]
    assert [len(r["clips"][0]["dynamic"]) for r in requests if r["exact"]] == [4]
    first = torch.tensor(requests[0]["clips"][0]["dynamic"])
    assert torch.equal(first, codes.dynamic[0, 2:3])
    assert exact(opened)


def test_while_the_clip_plays_the_next_frame_comes_along(
    opened: Visit, models_app: RunningApp
) -> None:
    show(opened, models_app, "plain")
    opened.page.locator(EXPLORE).get_by_role("button", name="Play", exact=True).click()
    asked_for = counts(slide(opened, 1))
    assert asked_for[0] == 2
    assert sum(asked_for) == 4
    assert exact(opened)


def test_in_a_long_drag_no_frame_falls_far_behind(opened: Visit, models_app: RunningApp) -> None:
    show(opened, models_app, "plain")
    asked_for = counts(slide(opened, 120))
    assert sum(count >= 3 for count in asked_for) >= 3, "in about a second, and at its end"
    assert asked_for.count(1) > len(asked_for) / 2
    assert exact(opened)


@contextmanager
def held_back(visit: Visit, most: int) -> Iterator[list[playwright.Route]]:
    """Collects the first requests of a moving hand: they are answered when the test lets them."""
    held: list[playwright.Route] = []

    def hold(route: playwright.Route) -> None:
        if len(held) < most and '"exact":false' in (route.request.post_data or ""):
            held.append(route)
        else:
            route.continue_()

    visit.page.route("**/component_server/", hold)
    yield held
    visit.page.unroute("**/component_server/")


def test_frames_that_come_when_the_clip_has_another_length_are_asked_for_anew(
    opened: Visit, models_app: RunningApp
) -> None:
    show(opened, models_app, "plain")
    button = opened.page.locator(EXPLORE).get_by_role
    with held_back(opened, 3) as held:
        opened.page.evaluate(SLIDE, 1)
        button("button", name="Ping-pong").click()
        opened.until(lambda: len(held) == 2)
        button("button", name="Undo").click()
        held[0].continue_()  # the frame in sight, after which the others are asked for
        opened.until(lambda: len(held) == 3)
        held[1].continue_()
        opened.page.wait_for_selector(f"{EXPLORE} [aria-label='Frame 6']")
        held[2].continue_()
        opened.rest(EXPLORE)
    assert len(opened.pixels(CELLS)) == 4
    assert exact(opened)


def test_answers_that_never_come_hold_up_no_other_clip(
    opened: Visit, models_app: RunningApp
) -> None:
    show(opened, models_app, "plain")
    with held_back(opened, 2) as held:
        for count in (1, 2):
            opened.page.evaluate(SLIDE, count)
            opened.until(lambda count=count: len(held) == count)
        start_anew(opened, 2)
        slide(opened, 1)
        assert exact(opened)
        for route in held:
            route.abort()
    opened.complaints.clear()  # of the requests that were kept away


def test_the_picture_at_rest_is_the_same_pixels_as_a_whole_decode(
    opened: Visit, models_app: RunningApp
) -> None:
    show(opened, models_app, "plain")
    draw(opened, 0, (0.3, 0.1), (0.7, 0.8))
    drawn, codes = opened.pixels(CELLS), opened.codes("explore")
    # The way around: the same codes, reached by edits that decode the whole clip.
    press(opened, "Reset motion")
    press(opened, "Random who")
    press(opened, "Undo")
    press(opened, "Undo")
    assert torch.equal(opened.codes("explore").dynamic, codes.dynamic)
    assert torch.equal(opened.codes("explore").static, codes.static)
    assert (opened.pixels(CELLS) == drawn).all()


def test_frames_that_did_not_change_stay_as_they_are_on_the_page(
    opened: Visit, models_app: RunningApp
) -> None:
    show(opened, models_app, "plain")
    start_anew(opened, 2)
    before = opened.pixels(CELLS)
    # Keeps the exact picture away, so that the patched one can be looked at.
    opened.page.route(
        "**/component_server/",
        lambda route: route.abort() if '"exact":true' in route.request.post_data
        else route.continue_(),
    )  # fmt: skip
    nudge(opened)
    after = opened.pixels(CELLS)
    opened.page.unroute("**/component_server/")
    assert (after[1:] == before[1:]).all()
    assert (after[0] != before[0]).any()
    wanted = opened.studio.decode(opened.codes("explore"))[0, 0].astype(int)
    assert abs(after[0] - wanted).mean() < 6, "the patched frame is a photograph of the right one"
    opened.complaints.clear()  # of the requests that were kept away


@pytest.mark.parametrize("kind", ["recurrent", "weak"])
def test_a_model_whose_frames_depend_on_each_other_is_decoded_whole(
    opened: Visit, models_app: RunningApp, kind: str
) -> None:
    show(opened, models_app, kind)
    with asked(opened) as requests:
        nudge(opened)
    clips = [r["clips"] for r in requests if not r["exact"]]
    assert [[len(clip["dynamic"]) for clip in few] for few in clips] == [[4]]
    assert exact(opened)


def test_nothing_went_wrong(opened: Visit) -> None:
    assert opened.complaints == []
