"""Files that a visitor takes away: each is opened again and compared with the clip on the page."""

import base64
import io
import json
import threading
import zipfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from conftest import ROOT, Form

from rwae import Codes
from rwae.editing.studio import Studio
from rwae.errors import ClipError, CodesError, RWAEError
from rwae.files import filmstrip, video
from rwae.files.codes_file import pack_codes, unpack_saved_codes
from rwae.files.palette import reduce_palette, snap
from rwae.ui import downloads, page_data, payloads
from rwae.ui.loaded_models import LoadedModels

SPRITES = ROOT / "checkpoints" / "sprites"


@pytest.fixture
def studio_name() -> str:
    return "A tiny/model"


def content(answer: dict[str, Any]) -> bytes:
    """The file in an answer."""
    return base64.b64decode(answer["data"].split(",", 1)[1])


def on_page(studio: Studio, clip: dict[str, Any]) -> np.ndarray:
    """What the page shows of a clip: bytes (T, H, W, 3)."""
    return studio.decode(Codes(torch.tensor([clip["static"]]), torch.tensor([clip["dynamic"]])))[0]


@pytest.mark.parametrize(("kind", "error"), [("gif", 1.5), ("webm", 3.0), ("mp4", 3.0)])
def test_a_moving_picture_shows_the_clip_on_the_page(
    studio: Studio, server: dict[str, Any], clip: dict, kind: str, error: float
) -> None:
    answer = server["export_clip"]({"clip": clip, "kind": kind, "fps": 6, "scale": 4})
    assert answer["name"] == f"A-tiny-model-clip.{kind}"
    assert answer["note"] is None
    shown = on_page(studio, clip).repeat(4, 1).repeat(4, 2)
    read = video.read_clip(content(answer)).astype(int)
    assert read.shape == shown.shape
    assert np.abs(read - shown).mean() < error


def test_a_strip_is_exact(studio: Studio, server: dict[str, Any], clip: dict) -> None:
    answer = server["export_clip"]({"clip": clip, "kind": "strip"})
    assert answer["name"] == "A-tiny-model-strip.png"
    assert np.array_equal(video.read_clip(content(answer)), on_page(studio, clip))


def test_the_sliders_change_what_is_exported(
    studio: Studio, server: dict[str, Any], clip: dict
) -> None:
    moved = {**clip, "static": [z + 1 for z in clip["static"]]}
    for kind in ("gif", "webm", "strip", "codes"):
        before, after = (
            content(server["export_clip"]({"clip": c, "kind": kind})) for c in (clip, moved)
        )
        assert before != after
    strip = content(server["export_clip"]({"clip": moved, "kind": "strip"}))
    assert np.array_equal(video.read_clip(strip), on_page(studio, moved))


def test_codes_come_back_with_the_same_numbers_and_pixels(
    studio: Studio, server: dict[str, Any], clip: dict
) -> None:
    clip["static"][0] += 1 / 3  # more digits than an example has, as after a drag
    saved = server["export_clip"]({"clip": clip, "kind": "codes"})
    assert saved["name"] == "A-tiny-model-codes.safetensors"
    read = server["read_codes"](Form([("../x", content(saved))]))
    (again,) = read["clips"]
    assert np.array_equal(np.float32(again["static"]), np.float32(clip["static"]))
    assert np.array_equal(np.float32(again["dynamic"]), np.float32(clip["dynamic"]))
    assert np.array_equal(on_page(studio, again), on_page(studio, clip))
    sheet = np.frombuffer(base64.b64decode(read["sheet"].split(",")[1]), np.uint8)
    drawn = cv2.imdecode(sheet, cv2.IMREAD_COLOR_RGB)
    assert np.array_equal(drawn, filmstrip.sheet(on_page(studio, clip)[None]))
    resaved = content(server["export_clip"]({"clip": again, "kind": "codes"}))
    first, second = (
        unpack_saved_codes(data, studio.name, studio.weights) for data in (content(saved), resaved)
    )
    assert torch.equal(first.static, second.static)
    assert torch.equal(first.dynamic, second.dynamic)


BAD = [
    {"kind": "exe"}, {"kind": None}, {"kind": ["gif"]}, {"kind": "sheet"},
    {"fps": 0}, {"fps": 1e9}, {"fps": "8"}, {"fps": float("nan")}, {"fps": None},
    {"scale": 0}, {"scale": 2.5}, {"scale": 10**6}, {"scale": True}, {"scale": "4"},
    {"clip": None}, {"clip": []}, {"clip": {"static": [], "dynamic": []}},
]  # fmt: skip


@pytest.mark.parametrize("change", BAD, ids=str)
def test_a_bad_request_is_refused_in_a_sentence(
    server: dict[str, Any], clip: dict, change: dict
) -> None:
    answer = server["export_clip"]({"clip": clip, "kind": "gif", "fps": 8, "scale": 1} | change)
    assert list(answer) == ["error"]
    assert answer["error"].endswith(".")
    assert "failed" not in answer["error"], "a bug caught at the last border, not a check"


def test_a_long_clip_is_not_made_too_large(server: dict[str, Any], clip: dict) -> None:
    clip["dynamic"] = clip["dynamic"][:1] * 64
    answer = server["export_clip"]({"clip": clip, "kind": "gif", "scale": 32})
    assert "1024" in answer["error"]
    assert "data" in server["export_clip"]({"clip": clip, "kind": "gif", "scale": 1})


def test_a_pixel_of_a_webp_is_more_work(studio: Studio, clip: dict) -> None:
    clip["dynamic"] = clip["dynamic"][:1] * 64

    def largest(kind: str) -> int:
        request, file_format = {"clip": clip}, downloads.FORMATS[kind]
        for scale in range(1, 33):
            try:
                downloads._parse_download(studio, request | {"scale": scale}, file_format)
            except ClipError:
                return scale - 1
        return 32

    # 64 frames of 32 x 32 pixels: 11 squared times as many fit into 2**23, and 8 into half.
    assert (largest("gif"), largest("webp")) == (11, 8)


@pytest.mark.parametrize(
    ("form", "told"),
    [
        (None, "No file"), ({}, "No file"), (Form(), "No file"), (Form([("a", b"")]), "header"),
        (Form([("a", b"text")]), "holds no codes"), (Form([("a", b"x"), ("b", b"y")]), "No file"),
        (Form([("a", b"x" * 2**21)]), "2,097,152 bytes"),
    ],
    ids=["nothing", "no form", "no file", "empty", "text", "two", "large"],
)  # fmt: skip
def test_a_bad_file_is_refused_in_a_sentence(server: dict[str, Any], form: Any, told: str) -> None:
    answer = server["read_codes"](form)
    assert list(answer) == ["error"]
    assert told in answer["error"]


def test_a_file_with_numbers_beyond_the_page_is_refused(
    studio: Studio, server: dict[str, Any]
) -> None:
    size = studio.model.config
    far = Codes(torch.full((1, size.static_size), 11.0), torch.zeros(1, 4, size.dynamic_size))
    long = Codes(torch.zeros(1, size.static_size), torch.zeros(1, 65, size.dynamic_size))
    for codes, told in ((far, "between -10 and 10"), (long, "between 1 and 64")):
        data = pack_codes(codes, studio.name, studio.weights)
        assert told in server["read_codes"](Form([("x", data)]))["error"]


def test_no_file_stays_on_the_disk(
    server: dict[str, Any], clip: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    saved = {
        kind: server["export_clip"]({"clip": clip, "kind": kind})
        for kind in downloads.FORMATS
    }  # fmt: skip
    assert [kind for kind, answer in saved.items() if "error" in answer] == [
        *downloads.SHEET_FORMATS
    ]
    server["read_codes"](Form([("x", content(saved["codes"]))]))
    server["read_codes"](Form([("x", b"PK")]))
    assert list(tmp_path.iterdir()) == []


def test_encoding_does_not_hold_the_model(
    server: dict[str, Any], clip: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on, answers = threading.Semaphore(0), threading.Event(), []

    def slow(*_: Any, **__: Any) -> bytes:
        begun.release()
        assert go_on.wait(30)
        return b"GIF89a"

    monkeypatch.setattr(video, "encode_animation", slow)
    ask = {"clip": clip, "kind": "gif"}
    threads = [
        threading.Thread(target=lambda: answers.append(server["export_clip"](ask)))
        for _ in range(downloads.CONCURRENT_DOWNLOADS)
    ]
    for thread in threads:
        thread.start()
    assert all(begun.acquire(timeout=30) for _ in threads)
    monkeypatch.setattr(downloads, "DOWNLOAD_TIMEOUT", 0.1)
    try:
        assert "sheet" in server["decode_codes"]({"clips": [clip]}), "the model is free"
        assert "Other visitors are saving" in server["export_clip"](ask)["error"]
    finally:
        go_on.set()
        for thread in threads:
            thread.join(30)
    assert [content(answer) for answer in answers] == [b"GIF89a"] * downloads.CONCURRENT_DOWNLOADS
    assert "data" in server["export_clip"](ask), "the turns are given back"


def test_a_sprite_sheet_is_offered_where_the_model_knows_sprites(studio: Studio) -> None:
    without = set(downloads.FORMATS) - set(downloads.SHEET_FORMATS)
    assert set(page_data.model_data(studio)["exports"]) == without
    assert set(downloads.available_formats(Studio.load(SPRITES, "cpu"))) == set(downloads.FORMATS)
    for other in ("weizmann", "moving_mnist", "sprites-mocogan"):
        offered = downloads.available_formats(Studio.load(SPRITES.parent / other, "cpu"))
        assert not set(downloads.SHEET_FORMATS) & set(offered)


def test_the_shipped_model_fills_a_sprite_sheet_with_whoever_is_on_the_page() -> None:
    studio = Studio.load(SPRITES, "cpu")
    one, other = payloads.codes_to_json(studio.examples[[0, 2]])
    sheets = []
    for clip in (one, {**other, "dynamic": one["dynamic"]}, {**one, "dynamic": other["dynamic"]}):
        answer = downloads.export_clip(studio, {"clip": clip, "kind": "sheet"})
        assert answer["name"] == "sprites-sheet.png"
        assert "does not recognise" not in answer["note"], "the judge names all nine as asked"
        data = np.frombuffer(content(answer), np.uint8)
        sheets.append(cv2.imdecode(data, cv2.IMREAD_UNCHANGED))
    assert sheets[0].shape == (1344, 832, 4)
    assert set(np.unique(sheets[0][..., 3])) == {0, 255}
    assert np.array_equal(sheets[0], sheets[2]), "the motion on the page plays no part"
    assert not np.array_equal(sheets[0], sheets[1]), "who is on the page does"
    opaque = sheets[0][..., 3].reshape(21, 64, 13, 64).swapaxes(1, 2).mean((2, 3)) / 255
    drawn = np.flatnonzero(opaque.any(1)).tolist()
    assert drawn == [1, 2, 3, 9, 10, 11, 13, 14, 15]
    assert (opaque[drawn, :6] > 0.1).all(), "a character in each cell"
    assert (opaque < 0.5).all(), "on a transparent ground"


@pytest.fixture(scope="module")
def sprites() -> Studio:
    return Studio.load(SPRITES, "cpu")


def unpacked(answer: dict[str, Any]) -> dict[str, bytes]:
    """The files of a zip."""
    with zipfile.ZipFile(io.BytesIO(content(answer))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def decoded(data: bytes) -> np.ndarray:
    """A picture as RGBA bytes."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    code = cv2.COLOR_BGRA2RGBA if image.shape[2] == 4 else cv2.COLOR_BGR2RGBA
    return cv2.cvtColor(image, code)


@pytest.mark.parametrize("kind", ["gif", "webp", "apng"])
def test_an_animation_is_transparent_where_the_background_is(sprites: Studio, kind: str) -> None:
    clip = payloads.codes_to_json(sprites.examples[:1])[0]
    ask = {"clip": clip, "kind": kind, "fps": 5, "transparent": True, "palette": "few"}
    answer = downloads.export_clip(sprites, ask)
    read, animation = cv2.imdecodeanimation(np.frombuffer(content(answer), np.uint8))
    assert read
    assert list(animation.durations) == [200] * 8
    shown = on_page(sprites, clip)
    frames = np.stack([cv2.cvtColor(one, cv2.COLOR_BGRA2RGBA) for one in animation.frames])
    assert np.array_equal(frames[..., 3] > 0, shown.max(-1) >= 10)
    opaque = frames[frames[..., 3] > 0][:, :3]
    assert len(np.unique(opaque, axis=0)) <= 32


def test_an_export_has_no_colour_outside_the_palette(sprites: Studio) -> None:
    clip = payloads.codes_to_json(sprites.examples[:1])[0]
    palette = [[0, 0, 0], [200, 30, 40], [90, 90, 200], [250, 240, 230]]
    for kind in ("strip", "sheet"):
        answer = downloads.export_clip(
            sprites, {"clip": clip, "kind": kind, "palette": palette, "transparent": True}
        )
        picture = decoded(content(answer))
        found = {tuple(colour) for colour in np.unique(picture[..., :3].reshape(-1, 3), axis=0)}
        assert found <= {tuple(colour) for colour in palette}
        assert (picture[..., 3] == 0).any()


@pytest.mark.parametrize("palette", [[], [[1, 2]], [[0, 0, 256]], [[0, 0, 0.5]], "many", 7])
def test_a_palette_that_is_none_is_refused(sprites: Studio, palette: Any) -> None:
    clip = payloads.codes_to_json(sprites.examples[:1])[0]
    with pytest.raises(CodesError, match="palette"):
        downloads.export_clip(sprites, {"clip": clip, "kind": "gif", "palette": palette})


def test_the_files_for_engines_cut_the_sheet_into_the_clips(sprites: Studio) -> None:
    clip = payloads.codes_to_json(sprites.examples[:1])[0]
    files = unpacked(downloads.export_clip(sprites, {"clip": clip, "kind": "engine", "fps": 10}))
    assert set(files) == {"sheet.png", "sheet.json", "CREDITS.txt"}
    assert b"CC-BY-SA" in files["CREDITS.txt"]
    sheet, about = decoded(files["sheet.png"]), json.loads(files["sheet.json"])
    frames = list(about["frames"].values())
    tags = about["meta"]["frameTags"]
    assert [(tag["from"], tag["to"]) for tag in tags] == [(8 * n, 8 * n + 7) for n in range(9)]
    assert {frame["duration"] for frame in frames} == {100}
    for frame in frames:
        place = frame["frame"]
        cell = sheet[place["y"] : place["y"] + place["h"], place["x"] : place["x"] + place["w"]]
        assert cell[..., 3].any(), "each rectangle shows the character"


def test_the_frames_of_a_clip_come_as_pictures(sprites: Studio) -> None:
    clip = payloads.codes_to_json(sprites.examples[:1])[0]
    files = unpacked(downloads.export_clip(sprites, {"clip": clip, "kind": "frames", "scale": 2}))
    assert list(files) == [f"frame-{n:02d}.png" for n in range(1, 9)]
    shown = on_page(sprites, clip).repeat(2, 1).repeat(2, 2)
    for data, frame in zip(files.values(), shown, strict=True):
        assert np.array_equal(decoded(data)[..., :3], frame)


def test_several_clips_stand_side_by_side(sprites: Studio) -> None:
    clips = payloads.codes_to_json(sprites.examples[:3])
    answer = downloads.export_clip(sprites, {"clips": clips, "columns": 2, "kind": "webp"})
    _, animation = cv2.imdecodeanimation(np.frombuffer(content(answer), np.uint8))
    frames = np.stack([cv2.cvtColor(one[..., :3], cv2.COLOR_BGR2RGB) for one in animation.frames])
    assert frames.shape == (8, 128, 128, 3)
    apart = frames[:, 64:, :64].astype(int) - on_page(sprites, clips[2])
    assert np.abs(apart).max() <= 1, "a batch may round otherwise"
    assert not frames[:, 64:, 64:].any()
    with pytest.raises(ClipError, match="one clip"):
        downloads.export_clip(sprites, {"clips": clips, "kind": "sheet"})


def test_few_colours_are_near_all_of_a_clip(sprites: Studio) -> None:
    frames = sprites.decode(sprites.examples[:1])[0]
    colours = reduce_palette(frames, 32)
    assert len(colours) <= 32
    assert (colours == 0).all(1).any(), "black stays"
    assert np.abs(snap(frames, colours).astype(int) - frames).mean() < 2
    assert np.array_equal(reduce_palette(frames, 32), colours)


def comparison(sprites: Studio, **change: Any) -> dict[str, Any]:
    """The answer for a picture of two models, the second of which has learned a character."""
    models = LoadedModels([sprites])
    copy = models.keep(sprites, sprites.model, sprites.examples[4:5])
    clips = payloads.codes_to_json(sprites.examples[:4])
    peers = [{"model": name, "clips": clips} for name in (sprites.name, copy)]
    return downloads.export_comparison(models, {"peers": peers, "columns": 2} | change)


def test_a_comparison_shows_each_model_in_a_block(sprites: Studio) -> None:
    answer = comparison(sprites, kind="strip")
    assert answer["name"] == "comparison-strip.png"
    picture = decoded(content(answer))[..., :3]
    block = filmstrip.tile_clips(sprites.decode(sprites.examples[:4]), 2)
    frames = np.concatenate([block, block], 2)
    assert np.abs(picture - filmstrip.sheet(frames[None]).astype(int)).max() <= 1


@pytest.mark.parametrize("transparent", [False, True])
def test_a_comparison_that_is_enlarged_has_titles(sprites: Studio, transparent: bool) -> None:
    answer = comparison(sprites, kind="apng", scale=2, transparent=transparent)
    _, animation = cv2.imdecodeanimation(np.frombuffer(content(answer), np.uint8))
    frame = animation.frames[0]
    assert frame.shape[1] == 2 * 256
    band = frame[: frame.shape[0] - 256, :, :3]
    assert all((half == 255).any() for half in np.split(band, 2, axis=1)), "both have a title"
    shown = sprites.decode(sprites.examples[:1])[0, 0].repeat(2, 0).repeat(2, 1)
    tile = cv2.cvtColor(frame[len(band) : len(band) + 128, :128, :3], cv2.COLOR_BGR2RGB)
    seen = shown.max(-1) > 10
    assert np.abs(tile[seen] - shown[seen].astype(int)).max() <= 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "codes"}, "one model"),
        ({"kind": "sheet"}, "one model"),
        ({"kind": "png"}, "needs to be one of"),
        ({"kind": "gif", "peers": []}, "1 to 4 models"),
        ({"kind": "gif", "scale": 16}, "smaller size"),
        ({"kind": "gif", "peers": [{"model": "nobody", "clips": []}]}, "no such model"),
    ],
)
def test_what_is_no_comparison_is_refused(
    sprites: Studio, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(RWAEError, match=words):
        comparison(sprites, **change)


def test_a_comparison_has_no_more_frames_than_a_request(
    sprites: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "MAX_REQUEST_FRAMES", 8)
    with pytest.raises(RWAEError, match="fewer clips"):
        comparison(sprites, kind="strip")
