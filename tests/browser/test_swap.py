"""The Swap tab in a real browser: what goes into the slots, and every way to cross them."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from serving import RunningApp
from visiting import DROP, Visit, close, playwright, visiting

from rwae import Codes
from rwae.editing.studio import swap
from rwae.files import filmstrip, video

BUSY = "document.querySelector('[data-part=mixtile]').getAttribute('aria-busy') === 'false'"


@pytest.fixture(scope="module")
def visit(small_app: RunningApp) -> Iterator[Visit]:
    with visiting(small_app) as visit:
        visit.open_tab("Swap")
        visit.until(lambda: visit.has_codes("swap"))
        visit.page.locator(".rw-swap [aria-label='Pause']").click()
        yield visit


def strip(path: Path, clip: np.ndarray) -> Path:
    """Saves a clip (N, H, H, 3) as an exact image strip."""
    path.write_bytes(video.encode_image(filmstrip.sheet(clip[None]), "png"))
    return path


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 255, (*shape, 3), np.uint8)


def upload(visit: Visit, slot: str, path: Path) -> None:
    visit.page.set_input_files(f"[data-slot={slot}] input[type=file]", path)
    visit.page.wait_for_selector(f"[data-slot={slot}] .rw-head p:has-text('{path.name}')")


def frame(visit: Visit) -> int:
    return int(visit.page.locator(".rw-swap [data-part=count]").inner_text().split()[0]) - 1


def in_slots(visit: Visit) -> tuple[Codes, Codes]:
    """The codes of the clips A and B, which the square holds in two of its corners."""
    held = visit.codes("swap")
    return held[[0]], held[[len(held.static) - 1]]


def test_two_uploaded_files_are_swapped(visit: Visit, tmp_path: Path) -> None:
    config = visit.studio.model.config
    drawn = noise(2, config.frames, config.frame_size, config.frame_size)
    for slot, name, clip in zip("AB", ("one.png", "two.png"), drawn, strict=True):
        upload(visit, slot, strip(tmp_path / name, clip))
        fed = visit.pixels(f"[data-slot={slot}] .rw-given canvas")
        assert np.array_equal(fed, clip), "the frames shown are not the frames fed"
    visit.rest(".rw-swap")
    x = torch.from_numpy(drawn).movedim(-1, 2).float() / 255
    a, b = (visit.studio.encode(clip[None]) for clip in x)
    held = visit.codes("swap")
    for n, wanted in enumerate((a, swap(a, b), swap(b, a), b)):
        assert torch.allclose(held[[n]].static, wanted.static, atol=1e-3)
        assert torch.allclose(held[[n]].dynamic, wanted.dynamic, atol=1e-3)
    assert close(visit.pixels(".rw-grid canvas"), visit.studio.decode(held)[:, frame(visit)])
    assert not any(path.is_file() for path in visit.cache.rglob("*")), "an upload was kept"


def test_the_slots_are_exchanged(visit: Visit) -> None:
    strips = [visit.pixels(f"[data-slot={slot}] .rw-given canvas") for slot in "AB"]
    a, b = in_slots(visit)
    visit.page.get_by_role("button", name="Exchange A and B").click()
    visit.rest(".rw-swap")
    now_a, now_b = in_slots(visit)
    assert torch.equal(now_a.static, b.static)
    assert torch.equal(now_b.dynamic, a.dynamic)
    assert np.array_equal(visit.pixels("[data-slot=B] .rw-given canvas"), strips[0])
    playwright.expect(visit.page.locator("[data-slot=A] .rw-head p")).to_have_text("two.png")


def test_a_file_is_taken_by_the_slot_on_which_it_is_dropped(visit: Visit, tmp_path: Path) -> None:
    config = visit.studio.model.config
    clip = 255 - noise(config.frames, config.frame_size, config.frame_size)
    other = visit.pixels("[data-slot=B] .rw-given canvas")
    data = list(strip(tmp_path / "dropped.png", clip).read_bytes())
    visit.page.evaluate(DROP, ["[data-slot=A] .rw-given", "dropped.png", data])
    visit.page.wait_for_selector("[data-slot=A] .rw-head p:has-text('dropped.png')")
    assert np.array_equal(visit.pixels("[data-slot=A] .rw-given canvas"), clip)
    assert np.array_equal(visit.pixels("[data-slot=B] .rw-given canvas"), other)
    assert visit.page.locator("[data-slot=A][data-over]").count() == 0


def test_the_page_says_which_frames_and_which_part_were_fed(visit: Visit, tmp_path: Path) -> None:
    config = visit.studio.model.config
    clip = noise(10, 48, 48)
    upload(visit, "A", strip(tmp_path / "ten.png", clip))
    rule = visit.page.locator("[data-slot=A] .rw-rule")
    sentence = "Every 3rd of 10 frames, the whole of 48 x 48, as 32 x 32."
    playwright.expect(rule).to_have_text(sentence)
    fed = filmstrip.to_bytes(video.to_frames(clip, config.frames, config.frame_size)[None])[0]
    assert np.array_equal(visit.pixels("[data-slot=A] .rw-given canvas"), fed)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (noise(1, 32, 32), "The file holds a single frame"),
        (b"#EXTM3U\n/etc/hostname\n", "The file is no"),
    ],
)
def test_a_bad_file_is_refused_in_words(
    visit: Visit, tmp_path: Path, content: np.ndarray | bytes, sentence: str
) -> None:
    path = tmp_path / "bad.mp4"
    path.write_bytes(content) if isinstance(content, bytes) else strip(path, content)
    before = visit.codes("swap")
    visit.page.set_input_files("[data-slot=B] input[type=file]", path)
    playwright.expect(visit.page.locator("[data-slot=B] [data-part=message]")).to_contain_text(
        sentence
    )
    assert torch.equal(visit.codes("swap").static, before.static), "the clip before stays"
    visit.page.locator("[data-slot=B] .rw-thumb").nth(2).click()
    playwright.expect(visit.page.locator("[data-slot=B] [data-part=message]")).to_have_text("")


def mixed_as(visit: Visit, who: float, motion: float) -> bool:
    """Whether the clip in between lies where it should, and looks as it should."""
    visit.page.wait_for_timeout(50)
    visit.page.wait_for_function(BUSY)
    a, b = in_slots(visit)
    held = visit.codes("mix")
    wanted = Codes(torch.lerp(a.static, b.static, who), torch.lerp(a.dynamic, b.dynamic, motion))
    return (
        torch.allclose(held.static, wanted.static, atol=1e-4)
        and torch.allclose(held.dynamic, wanted.dynamic, atol=1e-4)
        and close(visit.pixels("[data-part=mix]"), visit.studio.decode(held)[:, frame(visit)])
    )


def point(visit: Visit) -> tuple[float, float]:
    """Where the point of the pad is: (who, motion)."""
    return tuple(float(visit.page.locator(f"[data-part=mix{axis}]").input_value())
                 for axis in ("who", "motion"))  # fmt: skip


def test_the_pad_follows_the_mouse(visit: Visit) -> None:
    pad = visit.page.locator("[data-part=pad]")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    asked: list[str] = []
    visit.page.on("request", lambda r: "component_server" in r.url and asked.append(r.url))
    visit.page.mouse.move(box["x"] + 4, box["y"] + 4)
    visit.page.mouse.down()
    goal = box["x"] + 0.25 * box["width"], box["y"] + 0.75 * box["height"]
    visit.page.mouse.move(*goal, steps=20)
    visit.page.mouse.up()
    visit.page.mouse.move(box["x"], box["y"])  # it was let go
    assert point(visit) == pytest.approx((0.75, 0.25), abs=0.011)
    assert mixed_as(visit, *point(visit))
    assert len(asked) <= 22, "one picture for each place at most, and the exact one at rest"


def test_the_pad_follows_a_finger_and_the_page_stays(visit: Visit) -> None:
    pad = visit.page.locator("[data-part=pad]")
    box, scroll = pad.bounding_box(), visit.page.evaluate("scrollY")
    touch = visit.page.context.new_cdp_session(visit.page)
    for kind, x, y in (("Start", 0.5, 0.9), ("Move", 0.6, 0.5), ("Move", 0.8, 0.1), ("End", 0, 0)):
        at = {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]}
        points = [] if kind == "End" else [at]
        touch.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})
    visit.until(lambda: point(visit) == pytest.approx((0.1, 0.8), abs=0.02))
    assert mixed_as(visit, *point(visit))
    assert visit.page.evaluate("scrollY") == scroll


def test_the_pad_follows_the_arrow_keys(visit: Visit) -> None:
    across = visit.page.get_by_role("slider", name="Motion, from A to B")
    down = visit.page.get_by_role("slider", name="Who, from A to B")
    across.focus()
    for key in ("Home", "ArrowRight", "ArrowRight", "Shift+ArrowRight", "ArrowLeft"):
        visit.page.keyboard.press(key)
    assert point(visit)[1] == pytest.approx(0.12)
    visit.page.keyboard.press("ArrowDown")
    playwright.expect(down).to_be_focused()
    visit.page.keyboard.press("End")
    visit.page.keyboard.press("PageUp")
    playwright.expect(down).to_have_attribute("aria-valuetext", "90 % of the way to B")
    assert point(visit) == pytest.approx((0.9, 0.12))
    assert mixed_as(visit, 0.9, 0.12)


def test_the_square_of_25_has_the_four_in_its_corners(visit: Visit) -> None:
    visit.rest(".rw-swap")
    four, codes = visit.pixels(".rw-grid canvas"), visit.codes("swap")
    asked: list[dict] = []
    visit.page.on("request", lambda r: r.post_data and asked.append(json.loads(r.post_data)))
    visit.page.get_by_role("button", name="5 by 5").click()
    visit.page.wait_for_selector(".rw-grid .rw-tile >> nth=24")
    visit.rest(".rw-swap")
    visit.until(lambda: visit.pixels(".rw-grid canvas").any(axis=(1, 2, 3)).all())
    shown, held = visit.pixels(".rw-grid canvas"), visit.codes("swap")
    corners = [0, 4, 20, 24]
    assert torch.equal(held[corners].static, codes.static)
    assert torch.equal(held[corners].dynamic, codes.dynamic)
    assert close(shown[corners], four)
    whos, motions = (torch.arange(25) // 5 / 4, torch.arange(25) % 5 / 4)
    assert torch.allclose(
        held.static, torch.lerp(codes.static[:1], codes.static[3:], whos[:, None]), atol=1e-4
    )
    assert torch.allclose(
        held.dynamic,
        torch.lerp(codes.dynamic[:1], codes.dynamic[3:], motions[:, None, None]),
        atol=1e-4,
    )
    assert close(shown, visit.studio.decode(held)[:, frame(visit)])
    calls = [request for request in asked if request.get("fn_name") == "decode_codes"]
    assert len(calls) <= 2, "the 25 clips are asked for one by one"


def test_the_square_of_25_needs_no_sideways_scrolling_on_a_phone(visit: Visit) -> None:
    visit.page.set_viewport_size({"width": 390, "height": 844})
    visit.page.wait_for_timeout(300)
    stage = visit.page.locator(".rw-swap .rw-stage").bounding_box()
    for part in (".rw-grid .rw-tile >> nth=24", "[data-part=pad]"):
        box = visit.page.locator(f".rw-swap {part}").bounding_box()
        assert box["x"] + box["width"] <= stage["x"] + stage["width"]
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 390
    visit.page.set_viewport_size({"width": 1280, "height": 900})


def test_any_tile_opens_in_explore_and_comes_back_into_a_slot(visit: Visit) -> None:
    tile = visit.page.get_by_role("button", name="Who a quarter of the way to B, motion B:")
    tile.click()
    visit.page.wait_for_selector(".rw-explore", state="visible")
    opened = visit.codes("explore")
    held = visit.codes("swap")[[9]]
    assert torch.equal(opened.static, held.static)
    assert torch.equal(opened.dynamic, held.dynamic)
    visit.open_tab("Swap")
    visit.page.get_by_role("button", name="Use the clip from Explore as clip A").click()
    visit.until(lambda: torch.equal(in_slots(visit)[0].static, opened.static))
    visit.page.get_by_role("button", name="2 by 2").click()
    visit.rest(".rw-swap")
    assert torch.equal(in_slots(visit)[0].dynamic, opened.dynamic)
    fed = visit.pixels("[data-slot=A] .rw-given canvas")
    assert close(fed, visit.studio.decode(opened)[0])


def test_a_clip_of_explore_is_cut_to_length_and_one_too_short_refused(visit: Visit) -> None:
    put = """
        const { static: who, dynamic } = session.shown.get("explore");
        const codes = { static: who, dynamic: Array.from({ length: argument }, (_, t) =>
            dynamic[t % dynamic.length].map(z => z + t / 10)) };
        session.shown.set("explore", codes);
        return codes;
    """
    use = visit.page.get_by_role("button", name="Use the clip from Explore as clip B")
    longer = visit.session(put, 7)
    use.click()
    rule = visit.page.locator("[data-slot=B] .rw-rule")
    playwright.expect(rule).to_have_text("The first 4 of its 7 frames.")
    visit.rest(".rw-swap")
    assert in_slots(visit)[1].dynamic[0].tolist() == torch.tensor(longer["dynamic"][:4]).tolist()
    visit.session(put, 3)
    use.click()
    told = visit.page.locator("[data-slot=B] [data-part=message]")
    playwright.expect(told).to_contain_text("has 3 frames, a swap needs 4")


def test_a_random_pair_is_two_different_examples(visit: Visit) -> None:
    examples = visit.studio.examples
    for _ in range(5):
        visit.page.get_by_role("button", name="Random pair").click()
        visit.rest(".rw-swap")
        found = [
            torch.isclose(examples.static, clip.static, atol=1e-3).all(1).nonzero().flatten()
            for clip in in_slots(visit)
        ]
        assert [len(rows) for rows in found] == [1, 1]
        assert found[0] != found[1]
        pressed = visit.page.locator(".rw-slots .rw-thumb[aria-pressed=true]")
        assert pressed.evaluate_all("b => b.map(x => x.ariaLabel)") == [
            f"Example {int(rows) + 1}" for rows in found
        ]


def test_nothing_was_asked_of_another_host_and_nothing_went_wrong(visit: Visit) -> None:
    assert visit.hosts <= {"127.0.0.1", ""}
    assert visit.complaints == []
    assert not [path for path in visit.cache.rglob("*") if path.is_file()]
