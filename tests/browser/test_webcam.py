"""The camera as a source of a clip, with the browser's own pretended camera."""

import base64
import re
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
import torch
from serving import RunningApp
from visiting import Visit, close, playwright, visiting

from rwae.files import filmstrip, video

FAKE = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
# Keeps every stream that was opened, and every file that was sent.
WATCH = """() => {
    const devices = navigator.mediaDevices;
    const real = devices.getUserMedia.bind(devices);
    window.streams = [];
    window.restoreCamera = () => (devices.getUserMedia = async (wanted) => {
        const stream = await real(wanted);
        window.streams.push(stream);
        return stream;
    });
    window.restoreCamera();
    const append = FormData.prototype.append;
    FormData.prototype.append = function (name, value, ...rest) {
        if (value instanceof Blob) window.sent = value;
        return append.call(this, name, value, ...rest);
    };
}"""
SENT = """() => new Promise(done => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result.split(',')[1]);
    reader.readAsDataURL(window.sent);
})"""
# A camera that shows the same for ever: green margins, and a square that is red left, blue right.
STILL = """() => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 480 });
    const context = canvas.getContext('2d');
    const paint = () => {
        [['#00ff00', 0, 640], ['#ff0000', 80, 240], ['#0000ff', 320, 240]].forEach(
            ([colour, left, width]) => {
                context.fillStyle = colour;
                context.fillRect(left, 0, width, 480);
            });
    };
    paint();
    setInterval(paint, 50);
    navigator.mediaDevices.getUserMedia = async () => {
        const stream = canvas.captureStream(20);
        window.streams.push(stream);
        return stream;
    };
}"""


@pytest.fixture(scope="module")
def visit(small_app: RunningApp) -> Iterator[Visit]:
    with visiting(small_app, FAKE) as visit:
        visit.page.evaluate(WATCH)
        visit.open_tab("Swap")
        visit.until(lambda: visit.has_codes("swap"))
        yield visit


def switch(visit: Visit, slot: str = "A") -> None:
    visit.page.get_by_role("button", name=f"Film clip {slot} with the camera").click()


def film(visit: Visit) -> np.ndarray:
    """Films clip A, and returns the clip that was sent: (N, H, H, 3)."""
    visit.page.get_by_role("button", name="Random pair").click()
    switch(visit)
    record = visit.page.locator("[data-slot=A] [data-part=record]")
    playwright.expect(record).to_be_enabled()
    record.click()
    playwright.expect(visit.page.locator("[data-slot=A] .rw-head p")).to_have_text("camera")
    visit.rest(".rw-swap")
    return video.read_clip(base64.b64decode(visit.page.evaluate(SENT)))


def lights(visit: Visit) -> list[str]:
    """Of every camera that was opened, whether it is "live" or "ended"."""
    return visit.page.evaluate("streams.flatMap(s => s.getTracks()).map(t => t.readyState)")


def preview_is_gone(visit: Visit) -> bool:
    return visit.page.locator(".rw-camera:not([hidden])").count() == 0


def test_what_the_camera_saw_is_what_the_model_is_given(visit: Visit) -> None:
    clip = film(visit)
    config = visit.studio.model.config
    assert clip.shape == (config.frames, 128, 128, 3), "squares of four times the model's size"
    assert all((one != other).any() for one, other in pairwise(clip))
    x = video.to_frames(clip, config.frames, config.frame_size)[None]
    fed = visit.pixels("[data-slot=A] .rw-given canvas")
    assert np.array_equal(fed, filmstrip.to_bytes(x)[0])
    codes, held = visit.studio.encode(x), visit.codes("swap")
    assert torch.allclose(held[[0]].static, codes.static, atol=1e-3)
    assert torch.allclose(held[[0]].dynamic, codes.dynamic, atol=1e-3)
    assert lights(visit) == ["ended"]
    assert preview_is_gone(visit)
    assert not any(path.is_file() for path in visit.cache.rglob("*")), "a film was kept"


def test_compare_films_the_clip_that_says_who(visit: Visit) -> None:
    visit.open_tab("Compare")
    visit.page.get_by_role("button", name="Film a clip that says who").click()
    record = visit.page.locator(".rw-compare [data-part=record]")
    playwright.expect(record).to_be_enabled()
    record.click()
    about = visit.page.locator(".rw-compare [data-part=whoabout]")
    playwright.expect(about).to_have_text("camera.png")
    visit.rest(".rw-compare")
    clip = video.read_clip(base64.b64decode(visit.page.evaluate(SENT)))
    config = visit.studio.model.config
    codes = visit.studio.encode(video.to_frames(clip, config.frames, config.frame_size)[None])
    shown = visit.session("return session.shown.get('compare')[0].clips[0];")
    assert torch.allclose(torch.tensor([shown["static"]]), codes.static, atol=1e-3)
    assert preview_is_gone(visit)
    assert set(lights(visit)) == {"ended"}
    visit.open_tab("Swap")
    visit.rest(".rw-swap")


def test_the_page_says_how_the_frames_were_taken(visit: Visit) -> None:
    rule = visit.page.locator("[data-slot=A] .rw-rule").inner_text()
    found = re.fullmatch(
        r"4 frames in (\d\.\d) seconds, the middle square of 640 x 480, mirrored, as 32 x 32\.",
        rule,
    )
    assert found
    assert 2 <= float(found[1]) < 4


def test_the_middle_square_is_cut_out_and_mirrored(visit: Visit) -> None:
    visit.page.evaluate(STILL)
    for frame in film(visit).astype(int):
        left, right = frame[:, :56].mean((0, 1)), frame[:, -56:].mean((0, 1))
        assert left.argmax() == 2, "blue is on the left of a mirror"
        assert right.argmax() == 0
        assert max(left[1], right[1]) < 60, "the green margins are cut off"
    visit.page.evaluate("void restoreCamera()")


@pytest.mark.parametrize("how", ["tab", "cancel", "escape", "example", "other", "model"])
def test_the_light_goes_off_when_one_turns_away(visit: Visit, how: str) -> None:
    switch(visit)
    playwright.expect(visit.page.locator("[data-slot=A] [data-part=record]")).to_be_enabled()
    assert lights(visit)[-1] == "live"
    acts = {
        "tab": lambda: visit.open_tab("Explore"),
        "cancel": lambda: visit.page.locator("[data-slot=A] [data-part=cancel]").click(),
        "escape": lambda: visit.page.keyboard.press("Escape"),
        "example": lambda: visit.page.get_by_role("button", name="Random pair").click(),
        "other": lambda: switch(visit, "B"),
        "model": lambda: visit.session("session.model.set(session.model.value);"),
    }
    count = len(lights(visit))
    acts[how]()
    visit.until(lambda: lights(visit)[count - 1] == "ended")
    if how == "other":
        visit.until(lambda: lights(visit)[count:] == ["live"])
        switch(visit, "B")
    visit.until(lambda: set(lights(visit)) == {"ended"})
    assert preview_is_gone(visit)
    visit.open_tab("Swap")


def test_a_camera_that_comes_too_late_is_switched_off(visit: Visit) -> None:
    visit.page.evaluate(
        """() => {
            const devices = navigator.mediaDevices;
            const real = devices.getUserMedia;
            devices.getUserMedia = async (wanted) => {
                await new Promise(done => (window.allow = done));
                return real(wanted);
            };
        }"""
    )
    count = len(lights(visit))
    switch(visit)
    visit.page.wait_for_function("() => Boolean(window.allow)")
    switch(visit)
    assert preview_is_gone(visit)
    visit.page.evaluate("void allow()")
    visit.until(lambda: lights(visit)[count:] == ["ended"])
    visit.page.evaluate("void restoreCamera()")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("NotFoundError", "There is no camera here"),
        ("NotAllowedError", "The camera was refused"),
        ("NotReadableError", "taken by another program"),
        ("AbortError", "The camera does not start"),
    ],
)
def test_why_there_is_no_picture_is_told_in_words(visit: Visit, name: str, sentence: str) -> None:
    visit.page.evaluate(
        """name => {
            navigator.mediaDevices.getUserMedia = async () => {
                throw new DOMException('', name);
            };
        }""",
        name,
    )
    switch(visit)
    told = visit.page.locator("[data-slot=A] [data-part=message]")
    playwright.expect(told).to_contain_text(sentence)
    assert preview_is_gone(visit)
    visit.page.evaluate("void restoreCamera()")


@pytest.mark.parametrize(
    ("secure", "sentence"), [(False, "to secure pages alone"), (True, "gives no page its camera")]
)
def test_a_page_without_cameras_says_why(visit: Visit, secure: bool, sentence: str) -> None:
    visit.page.evaluate(
        """secure => {
            const define = (on, name, value) =>
                Object.defineProperty(on, name, { value, configurable: true });
            define(navigator, 'mediaDevices', undefined);
            define(window, 'isSecureContext', secure);
        }""",
        secure,
    )
    switch(visit)
    told = visit.page.locator("[data-slot=A] [data-part=message]")
    playwright.expect(told).to_contain_text(sentence)


def test_the_picture_is_still_the_right_one(visit: Visit) -> None:
    visit.rest(".rw-swap")
    visit.page.locator(".rw-swap [aria-label='Pause']").click()
    frame = int(visit.page.locator(".rw-swap [data-part=count]").inner_text().split()[0]) - 1
    expected = visit.studio.decode(visit.codes("swap"))[:, frame]
    assert close(visit.pixels(".rw-grid canvas"), expected)
    assert visit.hosts <= {"127.0.0.1", ""}
    assert visit.complaints == []
