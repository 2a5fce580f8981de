"""The page in a real browser: what a visitor sees and does."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from serving import small_checkpoint
from visiting import Visit, close, playwright, visiting

from rwae import Codes, filmstrip, video
from rwae.inference import swap
from rwae.ui.component import asset


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    model = small_checkpoint(tmp_path_factory.mktemp("model"))
    with visiting([model], tmp_path_factory.mktemp("cache")) as visit:
        yield visit


def test_a_clip_moves_as_soon_as_the_page_is_open(visit: Visit) -> None:
    visit.page.wait_for_selector(".rw-explore .rw-cell canvas")
    before = visit.pixels("[data-part=edited]")
    visit.until(lambda: (visit.pixels("[data-part=edited]") != before).any())
    expected = visit.studio.decode(visit.codes(".rw-explore"))[0]
    assert close(visit.pixels(".rw-explore .rw-cell canvas"), expected)


def test_a_dragged_slider_ends_at_the_exact_picture_of_its_last_value(visit: Visit) -> None:
    before, codes = visit.pixels(".rw-explore .rw-cell canvas"), visit.codes(".rw-explore")
    box = visit.page.locator(".rw-knob input").first.bounding_box()
    y = box["y"] + box["height"] / 2
    visit.page.mouse.move(box["x"] + box["width"] / 2, y)
    visit.page.mouse.down()
    for part in np.linspace(0.5, 0.93, 30):
        visit.page.mouse.move(box["x"] + part * box["width"], y)
    visit.page.mouse.up()
    visit.rest(".rw-explore")
    after, moved = visit.pixels(".rw-explore .rw-cell canvas"), visit.codes(".rw-explore")
    shift = visit.studio.who.coordinates(moved.static) - visit.studio.who.coordinates(codes.static)
    assert torch.allclose(moved.dynamic, codes.dynamic)
    assert shift[0, 0] > 0.3
    assert shift[0, 1:].abs().max() < 0.01
    assert (before != after).any()
    assert close(after, visit.studio.decode(moved)[0])


def test_three_hundred_moves_are_thinned_out_and_leave_no_file(visit: Visit) -> None:
    before = sorted(visit.cache.rglob("*"))
    asked: list[str] = []
    visit.page.on("request", lambda r: asked.append(r.url))
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
    visit.rest(".rw-explore")
    assert 1 < len(asked) < 300, "only the latest value is sent on when the server is ready"
    assert sorted(visit.cache.rglob("*")) == before
    expected = visit.studio.decode(visit.codes(".rw-explore"))[0]
    assert close(visit.pixels(".rw-explore .rw-cell canvas"), expected)


def test_a_cancelled_value_never_comes_back_and_a_failure_stops_nothing(visit: Visit) -> None:
    shown = visit.page.evaluate(
        """async source => {
            const Pump = new Function(`${source}; return Pump`)();
            const wait = time => new Promise(done => setTimeout(done, time));
            const send = async value => {
                await wait(20);
                if (value === 'bad') throw new Error(value);
                return {};
            };
            const shown = [];
            const pump = new Pump(send, (_, value) => shown.push(value), () => {});
            pump.push('cancelled');
            await wait(5);
            pump.cancel();
            await wait(400);
            pump.push('bad');
            await wait(100);
            pump.push('overtaken');
            pump.push('between');
            pump.push('last');
            await wait(600);
            return shown;
        }""",
        asset("pump.js"),
    )
    assert shown == ["overtaken", "last", "last"], "the last value once at once, and once exactly"


def test_a_drawn_lane_and_the_keyboard_change_the_motion_and_undo_brings_it_back(
    visit: Visit,
) -> None:
    page, before = visit.page, visit.codes(".rw-explore")
    box = page.locator("[data-part=motionmain] .rw-field").first.bounding_box()
    page.mouse.move(box["x"] + 3, box["y"] + 3)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 3, box["y"] + box["height"] - 3, steps=3)
    page.mouse.up()
    drawn = visit.codes(".rw-explore")
    assert torch.equal(drawn.static, before.static)
    line = visit.studio.motion.coordinates(drawn.dynamic[0])[:, 0]
    assert (line.diff() < 0).all(), "the lane was drawn downwards"
    page.keyboard.press("ArrowUp")
    visit.rest(".rw-explore")
    nudged = visit.studio.motion.coordinates(visit.codes(".rw-explore").dynamic[0])[:, 0]
    assert nudged[-1] - line[-1] == pytest.approx(0.1, abs=0.02)
    for _ in range(2):
        page.get_by_role("button", name="Undo").click()
    visit.rest(".rw-explore")
    assert torch.allclose(visit.codes(".rw-explore").dynamic, before.dynamic)


def test_all_numbers_show_the_codes_themselves(visit: Visit) -> None:
    codes = visit.codes(".rw-explore")
    for button in visit.page.get_by_role("button", name="All numbers").all():
        button.click()
    values = visit.page.locator("[data-part=whoall] input").evaluate_all(
        "inputs => inputs.map(input => Number(input.value))"
    )
    assert values == pytest.approx(codes.static[0].clamp(-3, 3).tolist(), abs=0.01)
    lane = visit.page.locator("[data-part=motionall] .rw-lane").nth(1).locator(".rw-point")
    points = lane.evaluate_all("p => p.map(point => Number(point.ariaValueNow))")
    assert points == pytest.approx(codes.dynamic[0, :, 1].tolist(), abs=0.01)
    for button in visit.page.get_by_role("button", name="Main directions").all():
        button.click()


def test_the_ends_of_a_slider_show_where_it_leads(visit: Visit) -> None:
    codes = visit.codes(".rw-explore")
    basis = visit.studio.who
    shift = -3 - basis.coordinates(codes.static)[0, 0]
    still = Codes(basis.move(codes.static, 0, shift), codes.dynamic[:, :1])
    expected = visit.studio.decode(still)[0, 0]
    visit.until(lambda: close(visit.pixels(".rw-end")[0], expected))


def test_a_copied_link_shows_the_same_clip(visit: Visit) -> None:
    visit.page.get_by_role("button", name="Copy link").click()
    visit.page.wait_for_function("location.hash.startsWith('#clip=')")
    held = visit.codes(".rw-explore")
    other = visit.page.context.browser.new_page()
    other.goto(visit.page.url)
    other.wait_for_function(
        "wanted => document.querySelector('.rw-explore')?.codes?.static.every("
        "(z, n) => Math.abs(z - wanted[n]) <= 0.0006)",
        arg=held.static[0].tolist(),
    )
    other.close()


def test_longer_clips_play_longer(visit: Visit) -> None:
    visit.page.get_by_role("button", name="Longer").click()
    frames = 2 * visit.studio.model.config.frames
    visit.page.wait_for_selector(f".rw-explore .rw-cell >> nth={frames - 1}")
    visit.rest(".rw-explore")
    codes = visit.codes(".rw-explore")
    assert codes.dynamic.shape[1] == frames
    assert close(visit.pixels(".rw-explore .rw-cell canvas"), visit.studio.decode(codes)[0])


def test_two_uploaded_files_are_swapped(visit: Visit, tmp_path: Path) -> None:
    visit.open_tab("Swap")
    config = visit.studio.model.config
    side = config.frame_size
    drawn = np.random.default_rng(5).integers(0, 255, (2, config.frames, side, side, 3), np.uint8)
    paths = [tmp_path / "one.png", tmp_path / "two.png"]
    for name, path, clip in zip("AB", paths, drawn, strict=True):
        path.write_bytes(video.encode_image(filmstrip.sheet(clip[None]), "png"))
        visit.page.set_input_files(f"[data-slot={name}] input[type=file]", path)
        visit.page.wait_for_selector(f"[data-slot={name}] .rw-head p:has-text('{path.name}')")
        fed = visit.pixels(f"[data-slot={name}] .rw-fed canvas")
        assert np.array_equal(fed, clip), "the frames shown are not the frames fed"
    visit.rest(".rw-swap")
    x = torch.from_numpy(drawn).movedim(-1, 2).float() / 255
    a, b = (visit.studio.encode(clip[None]) for clip in x)
    held = visit.codes(".rw-swap")
    for n, wanted in enumerate((a, swap(a, b), swap(b, a), b)):
        assert torch.allclose(held[[n]].static, wanted.static, atol=1e-3)
        assert torch.allclose(held[[n]].dynamic, wanted.dynamic, atol=1e-3)
    visit.page.locator(".rw-swap [aria-label='Pause']").click()
    frame = int(visit.page.locator(".rw-swap [data-part=count]").inner_text().split()[0]) - 1
    assert close(visit.pixels(".rw-grid canvas"), visit.studio.decode(held)[:, frame])
    assert not any(path.is_file() for path in visit.cache.rglob("*")), "an upload was kept"


def test_the_clip_in_between_is_blended_from_both(visit: Visit) -> None:
    visit.page.locator("[data-part=mixwho]").fill("0.25")
    visit.page.locator("[data-part=mixmotion]").fill("1")
    a, _, _, b = (visit.codes(".rw-swap")[[n]] for n in range(4))
    visit.page.wait_for_function(
        "document.querySelector('[data-part=mixtile]').getAttribute('aria-busy') === 'false'"
    )
    held = visit.codes("[data-part=mixtile]")
    assert torch.allclose(held.static, a.static + 0.25 * (b.static - a.static), atol=1e-5)
    assert torch.allclose(held.dynamic, b.dynamic, atol=1e-5)
    frame = int(visit.page.locator(".rw-swap [data-part=count]").inner_text().split()[0]) - 1
    assert close(visit.pixels("[data-part=mix]"), visit.studio.decode(held)[:, frame])


def test_a_bad_file_is_refused_in_words(visit: Visit, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_text("#EXTM3U\n/etc/hostname\n")
    visit.page.set_input_files("[data-slot=A] input[type=file]", path)
    message = visit.page.locator(".rw-swap [data-part=message]")
    playwright.expect(message).to_contain_text("no video that can be read")


def test_a_clicked_sample_opens_in_explore(visit: Visit) -> None:
    visit.open_tab("Sample")
    visit.page.wait_for_selector(".rw-sample .rw-tile >> nth=15")
    visit.page.wait_for_function("document.querySelector('.rw-sample').codes?.length === 16")
    visit.rest(".rw-sample")
    sheet = visit.codes(".rw-sample")
    visit.page.get_by_role("button", name="Keep who, new motion").click()
    visit.rest(".rw-sample")
    renewed = visit.codes(".rw-sample")
    assert torch.equal(sheet.static, renewed.static)
    assert not torch.equal(sheet.dynamic, renewed.dynamic)
    visit.page.locator(".rw-sample .rw-tile").nth(6).click()
    visit.page.wait_for_selector(".rw-explore", state="visible")
    opened = visit.codes(".rw-explore")
    assert torch.equal(opened.static[0], renewed.static[6])
    assert close(visit.pixels(".rw-explore .rw-cell canvas"), visit.studio.decode(opened)[0])


@pytest.mark.parametrize("tab", ["Explore", "Swap", "Sample"])
def test_a_phone_needs_no_sideways_scrolling(visit: Visit, tab: str) -> None:
    visit.page.set_viewport_size({"width": 390, "height": 844})
    visit.open_tab(tab)
    visit.page.wait_for_timeout(300)
    # Also what a clipping parent would hide: no element may reach beyond the window, except
    # inside a strip that scrolls by itself.
    outside = visit.page.evaluate(
        """() => [...document.querySelectorAll('.rw, .rw *')].filter(node =>
            node.offsetParent && !node.closest('.rw-filmstrip *, .rw-chooser *, svg') &&
            (node.getBoundingClientRect().right > innerWidth + 0.5 ||
             node.getBoundingClientRect().left < -0.5)).map(node => node.className)"""
    )
    assert outside == []
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 390
    visit.page.set_viewport_size({"width": 1280, "height": 900})


def test_every_control_has_a_name(visit: Visit) -> None:
    for tab in ("Explore", "Swap", "Sample"):
        visit.open_tab(tab)
        nameless = visit.page.evaluate(
            """() => [...document.querySelectorAll(
                    '.rw button, .rw input, .rw select, .rw summary, .rw a, .rw [role=slider]')]
                .filter(node => node.offsetParent && !node.getAttribute('aria-label') &&
                    !node.innerText?.trim() && !node.closest('label')?.innerText.trim())
                .map(node => node.outerHTML.slice(0, 80))"""
        )
        assert nameless == []


def test_nothing_was_asked_of_another_host_and_nothing_went_wrong(visit: Visit) -> None:
    assert visit.hosts <= {"127.0.0.1", ""}  # "" is a data address, which is no request at all
    assert visit.complaints == []
