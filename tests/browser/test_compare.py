"""The Compare tab: models in step, a leak seen as it happens, a judge that holds nothing up."""

import itertools
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from lamps import make_model, project
from serving import running, small_checkpoint
from visiting import DROP, Visit, close, playwright, visiting
from watching import CELLS

from rwae import Codes
from rwae.editing.studio import Studio
from rwae.files import filmstrip, video
from rwae.files.checkpoint import SETTINGS_FILE
from rwae.ui.payloads import codes_to_json

TAB = ".rw-compare"
SERVER = re.compile("component_server")  # the address of all that the page asks for
NAMES = ("leaky", "tight", "reader", "alone")
# The models side by side, and what each of them shows.
COMPARED = "return session.shown.get('compare').map(({ model, clips }) => [model, clips]);"
MESSAGE = f"{TAB} [data-part=message]"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    root = tmp_path_factory.mktemp("models")
    make_model(root / "leaky", leaks=True)
    make_model(root / "tight", leaks=False)
    for name in ("reader", "alone"):
        small_checkpoint(root / name)
        data = "lamps" if name == "reader" else "moving_mnist"
        (root / name / SETTINGS_FILE).write_text(json.dumps({"dataset": data}))
    return [root / name for name in NAMES]


@pytest.fixture(scope="module")
def visit(folders: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    root = project(tmp_path_factory.mktemp("project") / "app")
    cache = tmp_path_factory.mktemp("cache")
    with running(folders, cache, root) as app, visiting(app) as visit:
        visit.open_tab("Compare")
        yield visit


@pytest.fixture(scope="module")
def studios(folders: list[Path]) -> dict[str, Studio]:
    return {folder.name: Studio.load(folder, "cpu") for folder in folders}


def choose_model(visit: Visit, name: str) -> None:
    """Chooses the model of the page in the header."""
    visit.page.locator(".rw-models summary").click()
    visit.page.locator(".rw-entry").nth(NAMES.index(name)).click()
    visit.model_arrived(name)
    visit.page.wait_for_function(f"document.querySelector('.rw-peer[aria-label={name}]')")


def peer(visit: Visit, name: str) -> playwright.Locator:
    return visit.page.locator(f'.rw-peer[aria-label="{name}"]')


def settled(visit: Visit) -> None:
    """Waits until the pictures are exact and the judge has spoken of them."""
    visit.rest(TAB)
    visit.page.wait_for_function(
        "document.querySelector('.rw-peers').getAttribute('aria-busy') === 'false'"
    )


def clips(visit: Visit, name: str) -> Codes:
    found = dict(visit.session(COMPARED))[name]
    return Codes(*(torch.tensor([c[kind] for c in found]) for kind in ("static", "dynamic")))


def give(visit: Visit, who: int, how: int) -> None:
    """Gives the models two examples of the page's model."""
    for kind, number in (("who", who), ("how", how)):
        visit.page.locator(f"{TAB} [data-part={kind}s] .rw-thumb").nth(number).click()
    settled(visit)


def copied(visit: Visit) -> str:
    """The link of what is compared."""
    visit.page.locator(f"{TAB} [data-part=link]").click()
    visit.page.wait_for_function("location.hash.startsWith('#compare&')")
    return visit.page.url


@contextmanager
def window(visit: Visit, address: str) -> Iterator[Visit]:
    """A second window with an address, which opens at the Compare tab."""
    page = visit.page.context.browser.new_page()
    page.goto(address)
    page.wait_for_selector(TAB, state="visible")
    other = Visit(page, visit.address, visit.studio, visit.cache)
    settled(other)
    yield other
    page.close()


def frozen(visit: Visit) -> np.ndarray:
    """The third frame of every clip."""
    visit.page.locator(f"{TAB} [data-part=scrub]").fill("2")
    return visit.pixels(".rw-peer canvas")


def strip(path: Path, seed: int) -> Path:
    """Writes a clip of four frames of noise side by side."""
    x = torch.rand(1, 4, 3, 32, 32, generator=torch.Generator().manual_seed(seed))
    picture = np.ascontiguousarray(filmstrip.sheet(filmstrip.to_bytes(x)))
    path.write_bytes(video.encode_image(picture, "png"))
    return path


def strip_frames(path: Path) -> torch.Tensor:
    """The clip in a strip, as frames (1, T, C, H, W)."""
    picture = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    return filmstrip.from_bytes(np.stack(np.split(picture, 4, axis=1))[None])


def lines(visit: Visit, name: str) -> dict[str, tuple[str, str]]:
    """The readout: by factor, the state and the words."""
    rows = peer(visit, name).locator(".rw-readout li")
    return {
        rows.nth(n).locator("b").inner_text(): (
            rows.nth(n).get_attribute("data-state"),
            rows.nth(n).locator("span").inner_text(),
        )
        for n in range(rows.count())
    }


def unlike(studio: Studio) -> tuple[int, int]:
    """Two examples that differ in both numbers that decide."""
    side = (studio.examples.dynamic[:, 0, 0] > 0).tolist()
    colour = (studio.examples.static[:, 0] > 0).tolist()
    pairs = itertools.permutations(range(len(side)), 2)
    return next((a, b) for a, b in pairs if side[a] != side[b] and colour[a] != colour[b])


def test_a_model_that_leaks_is_seen_to_leak(visit: Visit, studios: dict[str, Studio]) -> None:
    """In the leaky model the colour comes with the side: a swap shows it, in words and colour."""
    settled(visit)
    who, how = unlike(studios["leaky"])
    give(visit, who, how)
    lamp = {True: "blue", False: "red"}
    colours = [lamp[bool(studios["leaky"].examples.dynamic[n, 0, 0] > 0)] for n in (who, how)]
    found = lines(visit, "leaky")
    assert found["colour"] == ("changed", f"was {colours[0]}, now {colours[1]}")
    assert found["side"][0] == "kept"
    verdict = peer(visit, "leaky").locator(".rw-verdict")
    assert verdict.inner_text() == "Colour changed. Moves as asked."
    red, green, _ = visit.page.evaluate(
        "node => getComputedStyle(node).color.match(/\\d+/g).map(Number)", verdict.element_handle()
    )
    assert red > green + 60


def test_a_model_that_keeps_them_apart_is_seen_to_keep_them(
    visit: Visit, studios: dict[str, Studio]
) -> None:
    choose_model(visit, "tight")
    settled(visit)
    who, how = unlike(studios["tight"])
    give(visit, who, how)
    found = lines(visit, "tight")
    assert found["colour"] == ("kept", "kept")
    assert found["side"][0] == "kept"
    assert peer(visit, "tight").locator(".rw-verdict").inner_text() == (
        "Who is kept. Moves as asked."
    )
    # A model without an encoder starts from a draw, and says so.
    assert "has no encoder" in peer(visit, "leaky").inner_text()


def test_every_model_reads_the_very_picture_and_all_play_in_step(
    visit: Visit, studios: dict[str, Studio]
) -> None:
    visit.page.get_by_role("button", name="reader", exact=True).click()
    give(visit, 1, 2)
    shown = filmstrip.from_bytes(studios["tight"].decode(studios["tight"].examples[[1, 2]]))
    read = codes_to_json(studios["reader"].encode(shown))
    held = clips(visit, "reader")
    assert torch.allclose(held.static[0], torch.tensor(read[0]["static"]))
    assert torch.allclose(held.dynamic[0], torch.tensor(read[1]["dynamic"]))
    visit.page.locator(f"{TAB} [aria-label=Pause]").click()
    for frame in (1, 3, 2):
        visit.page.locator(f"{TAB} [data-part=scrub]").fill(str(frame))
        for name in ("tight", "reader"):
            expected = studios[name].decode(clips(visit, name))[:, frame]
            assert close(visit.pixels(f'.rw-peer[aria-label="{name}"] canvas'), expected), name


def test_the_judge_holds_up_no_picture(visit: Visit, studios: dict[str, Studio]) -> None:
    waiting: list[playwright.Route] = []
    silent = True

    def hold(route: playwright.Route) -> None:
        if silent and '"judge_codes"' in (route.request.post_data or ""):
            waiting.append(route)
        else:
            route.continue_()

    visit.page.route(SERVER, hold)
    visit.page.get_by_label("Who, look 1 of each model").fill("1.5")
    visit.rest(TAB)
    visit.until(lambda: waiting)  # the judge was asked, and gets no word in
    write = studios["tight"].static_basis.write[0]
    held = clips(visit, "tight")
    expected = studios["tight"].examples.static[[1]] + 1.5 * write
    assert torch.allclose(held.static, expected, atol=1e-3)
    frame = int(visit.page.locator(f"{TAB} [data-part=count]").inner_text().split()[0]) - 1
    pixels = visit.pixels('.rw-peer[aria-label="tight"] canvas')
    assert close(pixels, studios["tight"].decode(held)[:, frame])
    silent = False
    for route in waiting:
        route.continue_()
    settled(visit)
    visit.page.unroute(SERVER)
    assert lines(visit, "tight")["colour"][0] == "free", "who was changed by hand"
    visit.page.get_by_role("button", name="Reset the sliders of who").click()
    settled(visit)
    example = studios["tight"].examples.static[[1]]
    assert torch.allclose(clips(visit, "tight").static, example, atol=1e-4)


def test_a_sweep_shows_who_changing(visit: Visit, studios: dict[str, Studio]) -> None:
    visit.page.get_by_role("button", name="Sweep the motion").click()
    settled(visit)
    for name in ("leaky", "tight"):
        held = clips(visit, name)
        who = studios[name].sample(1, seed=1, frames=4)
        how = studios[name].sample(4, seed=1, frames=4)
        assert torch.allclose(held.static, who.static.expand(4, -1), atol=1e-4)
        assert torch.allclose(held.dynamic, how.dynamic, atol=1e-4)
        assert peer(visit, name).locator("canvas").count() == 4
    before = clips(visit, "tight")
    visit.page.get_by_role("button", name="Other motions").click()
    settled(visit)
    after = clips(visit, "tight")
    assert torch.equal(before.static, after.static)
    assert not torch.equal(before.dynamic, after.dynamic)
    assert peer(visit, "tight").locator(".rw-readout li").count() == 2
    assert peer(visit, "tight").locator("figcaption").first.inner_text() in (
        "left", "right", "unclear"
    )  # fmt: skip


def sweep(visit: Visit) -> None:
    visit.page.locator(f"{TAB} [data-part=temperature]").fill("0.5")
    seed = visit.page.locator(f"{TAB} [data-part=whoseed]")
    seed.fill("7")
    seed.press("Tab")


def swap(visit: Visit) -> None:
    visit.page.get_by_role("button", name="Of a clip").click()
    visit.page.get_by_role("button", name="Of another clip").click()
    visit.page.get_by_label("Who, look 2 of each model").fill("-1.25")
    give(visit, 3, 5)


@pytest.mark.parametrize("compare", [sweep, swap])
def test_a_copied_link_shows_the_same_comparison(
    visit: Visit, compare: Callable[[Visit], None]
) -> None:
    compare(visit)
    settled(visit)
    here, held = frozen(visit), visit.session(COMPARED)
    with window(visit, copied(visit)) as other:
        assert other.session(COMPARED) == held
        assert (frozen(other) == here).all(), "not a bit may differ"
        for control in ("temperature", "whoabout", "howabout", "looks"):
            texts = [v.page.locator(f"{TAB} [data-part={control}]") for v in (visit, other)]
            assert texts[0].inner_text() == texts[1].inner_text()
        assert copied(other) == visit.page.url


def test_the_comparison_is_saved_as_a_picture(visit: Visit, studios: dict[str, Studio]) -> None:
    visit.page.locator(f"{TAB} .rw-take summary").click()
    entry = visit.page.locator(f"{TAB} .rw-take-kind")
    assert "Codes" not in entry.locator("b").all_inner_texts()
    with visit.page.expect_download() as coming:
        entry.filter(has_text="PNG strip").click()
    assert coming.value.suggested_filename == "comparison-strip.png"
    names = [name for name, _ in visit.session(COMPARED)]
    shown = np.concatenate([studios[name].decode(clips(visit, name))[0] for name in names], 2)
    saved = cv2.imread(str(coming.value.path()))[..., ::-1]
    assert close(saved, filmstrip.sheet(shown[None]))
    playwright.expect(visit.page.locator(MESSAGE)).to_contain_text("is saved")


def test_a_link_that_does_not_fit_is_told_in_words(visit: Visit) -> None:
    link = copied(visit)
    hash_ = link.partition("#")[2]
    with window(visit, f"{link[:-2]}") as other:
        message = other.page.locator(MESSAGE)
        playwright.expect(message).to_contain_text("The link is damaged")
        for damaged in (
            hash_.replace("who=example-4", "who=example-99"),
            hash_.replace("who=example-4", "who=own"),
            hash_.replace("look=0", "look=30"),
            hash_.replace("temperature=0.5", "temperature=9"),
            hash_.replace("beside=reader", "beside=leaky"),
            hash_.replace("beside=reader", "beside=alone"),
            re.sub("beside=[a-z]*&", "", hash_),
            hash_[: len(hash_) // 2],
            "compare&",
        ):
            assert damaged != hash_
            other.page.evaluate("hash => (location.hash = hash)", hash_)
            playwright.expect(message).to_have_text("")
            other.page.evaluate("hash => (location.hash = hash)", damaged)
            playwright.expect(message).to_contain_text("The link is damaged")
        other.page.evaluate(
            "hash => (location.hash = hash)", hash_.replace("beside=reader", "beside=nobody")
        )
        playwright.expect(message).to_contain_text("a model that is not here")
        settled(other)
        other.until(lambda: [name for name, _ in other.session(COMPARED)] == ["tight", "leaky"])


def test_a_clip_of_the_page_s_model_opens_in_explore(visit: Visit) -> None:
    held = clips(visit, "tight")
    visit.page.get_by_role("button", name="Open in Explore: tight").click()
    visit.page.wait_for_selector(".rw-explore", state="visible")
    opened = visit.codes("explore")
    assert torch.equal(opened.static, held.static)
    assert torch.equal(opened.dynamic, held.dynamic)
    visit.open_tab("Compare")


def test_an_address_stays_when_a_clip_does_not_open(visit: Visit) -> None:
    visit.session(
        """
        session.choose = async () => {
            window.addressMeanwhile = location.href;
            delete session.choose;
            return false;
        };
        """
    )
    earlier = visit.page.url
    address = visit.page.evaluate(
        "() => (history.replaceState(null, '', '?model=tight#compare'), location.href)"
    )
    visit.page.get_by_role("button", name="Open in Explore: leaky").press("Enter")
    visit.page.wait_for_function("window.addressMeanwhile")
    assert visit.page.evaluate("addressMeanwhile") != address
    assert visit.page.url == address
    assert visit.page.locator(f"{TAB} [data-part=message]").inner_text() == ""
    visit.page.evaluate("(url) => history.replaceState(null, '', url)", earlier)


def test_a_clip_of_another_model_opens_in_explore_with_that_model(
    visit: Visit, studios: dict[str, Studio]
) -> None:
    """Also one that has no encoder. The comparison stays, and the way back leads to it."""
    held = visit.session(COMPARED)
    [own] = dict(held)["leaky"]
    visit.page.get_by_role("button", name="Open in Explore: leaky").press("Enter")
    visit.page.wait_for_selector(".rw-explore", state="visible")
    assert visit.page.url.endswith("?model=leaky")
    playwright.expect(visit.page.locator(".rw-models summary")).to_contain_text("leaky")
    visit.until(lambda: visit.has_codes("explore"))
    opened = visit.session("return session.shown.get('explore');")
    assert opened == own
    visit.page.locator(".rw-explore [aria-label=Pause]").click()
    shown = visit.pixels(CELLS)
    wanted = Codes(torch.tensor([own["static"]]), torch.tensor([own["dynamic"]]))
    assert close(shown, studios["leaky"].decode(wanted)[0])
    visit.open_tab("Compare")
    settled(visit)
    assert visit.session(COMPARED) == held, "nothing is reset unasked"
    visit.page.go_back()  # to Explore
    visit.page.wait_for_selector(".rw-explore", state="visible")
    visit.page.go_back()
    visit.model_arrived("tight")
    visit.page.wait_for_selector(TAB, state="visible")
    settled(visit)
    assert visit.session(COMPARED) == held


def test_between_one_and_four_models_stand_side_by_side(visit: Visit) -> None:
    chips = visit.page.get_by_role("group", name="Models side by side").get_by_role("button")
    assert chips.all_inner_texts() == ["leaky", "tight", "reader"]
    for n in (0, 1, 2):
        chips.nth(n).click()
    playwright.expect(visit.page.get_by_text("One model stays")).to_be_visible()
    assert visit.page.locator(".rw-peer").count() == 1
    chips.nth(1).focus()
    visit.page.keyboard.press("Enter")
    playwright.expect(chips.nth(1)).to_have_attribute("aria-pressed", "true")
    settled(visit)
    assert visit.page.locator(".rw-peer").count() == 2


def test_an_uploaded_clip_is_read_by_every_model_with_an_encoder(
    visit: Visit, studios: dict[str, Studio], tmp_path: Path
) -> None:
    visit.page.get_by_role("button", name="Reset the sliders of who").click()
    path = strip(tmp_path / "mine.png", seed=1)
    assert cv2.imread(str(path)).shape == (32, 128, 3)
    visit.page.locator(f"{TAB} [data-part=clipfile]").set_input_files(str(path))
    visit.page.get_by_role("button", name="Its own").click()
    settled(visit)
    read = studios["reader"].encode(strip_frames(path))
    held = clips(visit, "reader")
    assert torch.allclose(held.static, read.static, atol=1e-4)
    assert torch.allclose(held.dynamic, read.dynamic, atol=1e-4)
    assert lines(visit, "reader")["colour"][0] in ("kept", "unclear")
    bad = tmp_path / "bad.gif"
    bad.write_bytes(b"no picture")
    visit.page.locator(f"{TAB} [data-part=clipfile]").set_input_files(str(bad))
    note = peer(visit, "reader").locator(".rw-peer-note")
    playwright.expect(note).not_to_be_empty()
    assert "Traceback" not in note.inner_text()
    assert lines(visit, "reader") == {}, "nothing is said of a clip that could not be read"
    visit.rest(TAB)


def test_a_file_that_is_dropped_anywhere_on_the_tab_is_taken(
    visit: Visit, studios: dict[str, Studio], tmp_path: Path
) -> None:
    data = list(strip(tmp_path / "dropped.png", seed=2).read_bytes())
    for place in (".rw-peers", "[aria-label='How it moves']"):
        visit.page.locator(f"{TAB} [data-part=whos] .rw-thumb").first.click()
        visit.page.evaluate(DROP, [f"{TAB} {place}", "dropped.png", data])
        playwright.expect(visit.page.locator(f"{TAB} [data-part=whoabout]")).to_have_text(
            "dropped.png"
        )
        settled(visit)
        read = studios["reader"].encode(strip_frames(tmp_path / "dropped.png"))
        assert torch.allclose(clips(visit, "reader").static, read.static, atol=1e-4)
        assert visit.page.locator("[data-over]").count() == 0
    before = visit.page.url
    visit.page.locator(f"{TAB} [data-part=link]").click()
    playwright.expect(visit.page.locator(MESSAGE)).to_contain_text("No link can hold a clip")
    assert visit.page.url == before


def test_a_second_file_is_read_when_the_tab_has_started_anew(
    visit: Visit, studios: dict[str, Studio], tmp_path: Path
) -> None:
    for seed, name in ((3, "reader"), (4, "tight")):
        visit.page.get_by_role("button", name=f"Open in Explore: {name}").click()
        visit.page.wait_for_selector(".rw-explore", state="visible")
        visit.open_tab("Compare")
        path = strip(tmp_path / f"{seed}.png", seed)
        visit.page.locator(f"{TAB} [data-part=clipfile]").set_input_files(str(path))
        settled(visit)
        read = studios["reader"].encode(strip_frames(path))
        assert torch.allclose(clips(visit, "reader").static, read.static, atol=1e-4)


def test_clips_without_a_judge_or_a_rival_are_shown_without_a_readout(
    visit: Visit, studios: dict[str, Studio]
) -> None:
    choose_model(visit, "alone")
    visit.rest(TAB)
    held = clips(visit, "alone")
    shown = [studios["alone"].decode(held)[:, frame] for frame in range(4)]
    pixels = visit.pixels('.rw-peer[aria-label="alone"] canvas')
    assert any(close(pixels, frame) for frame in shown)
    hint = visit.page.locator(f"{TAB} [data-part=hint]")
    playwright.expect(hint).to_contain_text("No other model here")
    playwright.expect(hint).to_contain_text("There is no judge")
    assert lines(visit, "alone") == {}
    playwright.expect(visit.page.locator(f"{TAB} [data-part=judging]")).to_be_hidden()


def test_a_phone_needs_no_sideways_scrolling(visit: Visit, outside: Callable[[], list]) -> None:
    choose_model(visit, "tight")
    settled(visit)
    visit.page.set_viewport_size({"width": 390, "height": 844})
    visit.page.get_by_role("button", name="Sweep the motion").click()
    settled(visit)
    assert outside() == []
    visit.page.set_viewport_size({"width": 1280, "height": 900})


@pytest.fixture
def outside(visit: Visit) -> Callable[[], list]:
    """What reaches out of the window, by class."""
    return lambda: visit.page.evaluate(
        """() => [...document.querySelectorAll('.rw-compare, .rw-compare *')].filter(node =>
            node.offsetParent && !node.closest('.rw-chooser *, svg') &&
            (node.getBoundingClientRect().right > innerWidth + 0.5 ||
             node.getBoundingClientRect().left < -0.5)).map(node => node.className)"""
    )


def test_nothing_went_wrong_and_nothing_was_kept(visit: Visit) -> None:
    assert visit.hosts <= {"127.0.0.1", ""}
    assert visit.complaints == []
    assert not [path for path in visit.cache.rglob("*") if path.is_file()]
