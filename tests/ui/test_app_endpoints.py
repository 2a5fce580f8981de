"""What anyone may send to the server: good requests, bad ones, and hostile ones."""

import base64
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from conftest import Form

from rwae import Codes
from rwae.editing.named_directions import DirectionName, NamedDirections
from rwae.editing.studio import Studio
from rwae.files import filmstrip, video
from rwae.ui import page_data, payloads
from rwae.ui.endpoints import page_functions
from rwae.ui.loaded_models import LoadedModels
from rwae.ui.payloads import MAX_CLIP_FRAMES, MAX_REQUEST_CLIPS


def pixels(address: str) -> np.ndarray:
    """The picture in a data address, as RGB bytes."""
    return png_pixels(base64.b64decode(address.split(",", 1)[1]))


def png_pixels(png: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


def test_an_exact_picture_is_what_the_model_decodes(
    studio: Studio, server: dict[str, Any], clip: dict[str, Any]
) -> None:
    answer = server["decode_codes"]({"clips": [clip, clip], "exact": True})
    codes = Codes(torch.tensor([clip["static"]] * 2), torch.tensor([clip["dynamic"]] * 2))
    assert answer["sheet"].startswith("data:image/png")
    assert np.array_equal(pixels(answer["sheet"]), filmstrip.sheet(studio.decode(codes)))
    assert answer["ms"] > 0


def test_a_slow_line_gets_smaller_pictures_and_no_other_exact_ones(
    server: dict[str, Any], clip: dict
) -> None:
    ask = server["decode_codes"]
    sizes = [len(ask({"clips": [clip], "quality": quality})["sheet"]) for quality in (30, 60, 92)]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1]
    exact = [ask({"clips": [clip], "exact": True} | low)["sheet"] for low in ({}, {"quality": 30})]
    assert exact[0] == exact[1]
    for wrong in (0, 29, 93, 2.5, "50", True, [30]):
        assert "error" in ask({"clips": [clip], "quality": wrong})


def test_a_picture_for_dragging_is_a_small_jpeg(server: dict[str, Any], clip: dict) -> None:
    live = server["decode_codes"]({"clips": [clip]})["sheet"]
    exact = server["decode_codes"]({"clips": [clip], "exact": True})["sheet"]
    assert live.startswith("data:image/jpeg")
    assert np.abs(pixels(live).astype(int) - pixels(exact)).mean() < 6


def with_static(clip: dict, value: Any) -> dict:
    return {"clips": [{**clip, "static": [value, *clip["static"][1:]]}]}


BAD = {
    "nothing": lambda _: None,
    "a number": lambda _: 3,
    "a list": lambda c: [c],
    "no clips": lambda _: {"clips": []},
    "a clip that is no object": lambda _: {"clips": ["x"]},
    "no motion": lambda c: {"clips": [{"static": c["static"]}]},
    "too many clips": lambda c: {"clips": [c] * (MAX_REQUEST_CLIPS + 1)},
    "too many frames": lambda c: {
        "clips": [{**c, "dynamic": c["dynamic"][:1] * (MAX_CLIP_FRAMES + 1)}]
    },
    "too many frames together": lambda c: {
        "clips": [{**c, "dynamic": c["dynamic"][:1] * MAX_CLIP_FRAMES}] * MAX_REQUEST_CLIPS
    },
    "no frames": lambda c: {"clips": [{**c, "dynamic": []}]},
    "frames that differ": lambda c: {"clips": [c, {**c, "dynamic": c["dynamic"][:1]}]},
    "a motion that is text": lambda c: {"clips": [{**c, "dynamic": "abcd"}]},
    "a short static code": lambda c: {"clips": [{**c, "static": c["static"][:-1]}]},
    "a ragged motion": lambda c: {"clips": [{**c, "dynamic": [[0.0], *c["dynamic"][1:]]}]},
    "not a number": lambda c: with_static(c, float("nan")),
    "infinity": lambda c: with_static(c, float("inf")),
    "a huge number": lambda c: with_static(c, 1e30),
    "a number beyond any float": lambda c: with_static(c, 10**400),
    "beyond the limit": lambda c: with_static(c, -10.5),
    "text": lambda c: with_static(c, "1"),
    "true": lambda c: with_static(c, True),
    "null": lambda c: with_static(c, None),
    "nested": lambda c: with_static(c, [1.0]),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_codes_are_refused_in_a_sentence(
    server: dict[str, Any], clip: dict, kind: str
) -> None:
    answer = server["decode_codes"](BAD[kind](clip))
    assert list(answer) == ["error"]
    assert answer["error"].endswith(".")
    assert "Traceback" not in answer["error"]
    assert "failed" not in answer["error"], "a bug caught at the last border, not a check"


@pytest.mark.parametrize(
    "change",
    [
        {"seed": -1}, {"seed": 1.5}, {"seed": "1"}, {"seed": 2**40}, {"seed": True},
        {"clips": 0}, {"clips": 10**9}, {"frames": 0}, {"frames": 65}, {"frames": None},
        {"temperature": -1}, {"temperature": float("nan")}, {"temperature": 10**400},
    ],
    ids=lambda change: str(change)[:40],
)  # fmt: skip
def test_bad_draws_are_refused_in_a_sentence(server: dict[str, Any], change: dict) -> None:
    good = {"seed": 1, "clips": 2, "frames": 3, "temperature": 1}
    drawn = server["sample_codes"](good)["clips"]
    assert drawn == server["sample_codes"](good)["clips"]
    assert (len(drawn), len(drawn[0]["dynamic"])) == (2, 3)
    answer = server["sample_codes"](good | change)
    assert list(answer) == ["error"]
    assert "failed" not in answer["error"]


def test_a_clip_can_be_extended_up_to_the_limit(server: dict[str, Any], clip: dict) -> None:
    answer = server["extend_codes"]({"clip": clip, "frames": 50, "seed": 2})
    longest = server["extend_codes"]({"clip": answer["clips"][0], "frames": 60, "seed": 2})
    assert len(longest["clips"][0]["dynamic"]) == MAX_CLIP_FRAMES
    assert longest["clips"][0]["dynamic"][: len(clip["dynamic"])] == clip["dynamic"]
    full = server["extend_codes"]({"clip": longest["clips"][0], "frames": 1, "seed": 2})
    assert "64" in full["error"]


def test_an_upload_is_encoded_and_leaves_no_file(
    studio: Studio, server: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    config = studio.model.config
    shape = config.frames, config.frame_size, config.frame_size, 3
    frames = np.random.default_rng(0).integers(0, 255, shape, np.uint8)
    data = video.encode_image(filmstrip.sheet(frames[None]), "png")
    answer = server["encode_clip"](Form([("../../evil.sh", data)]))
    assert np.array_equal(pixels(answer["given"]), filmstrip.sheet(frames[None]))
    codes = studio.encode(torch.from_numpy(frames)[None].movedim(-1, 2) / 255)
    assert answer["clips"][0]["static"] == pytest.approx(codes.static[0].tolist(), abs=1e-4)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "form",
    [None, {}, {"files": []}, Form(), Form([("a", b"")]), Form([("a", b"text")]),
     Form([("a", b"x"), ("b", b"y")])],
    ids=lambda change: str(change)[:40],
)  # fmt: skip
def test_a_bad_upload_is_refused_in_a_sentence(
    server: dict[str, Any], form: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    answer = server["encode_clip"](form)
    assert list(answer) == ["error"]
    assert "failed" not in answer["error"]
    assert list(tmp_path.iterdir()) == []


def test_an_unexpected_error_shows_no_details(
    studio: Studio, clip: dict, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("/secret/path")

    monkeypatch.setattr(studio, "decode", fail)
    server = {function.__name__: function for function in page_functions(LoadedModels([studio]))}
    answer = server["decode_codes"]({"clips": [clip]})
    assert "server failed" in answer["error"]
    assert "secret" not in answer["error"]
    assert "RuntimeError" in caplog.text
    assert "test_app_endpoints.py:" in caplog.text, "the operator learns the place"
    assert "secret" not in caplog.text


def test_three_hundred_moves_leave_no_file(
    server: dict[str, Any], clip: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for n in range(300):
        assert "sheet" in server["decode_codes"](with_static(clip, n / 100) | {"exact": n == 299})
    assert list(tmp_path.iterdir()) == []


def test_the_page_starts_with_plain_json(studio: Studio) -> None:
    value = page_data.model_data(studio) | page_data.directions_data(studio)
    assert json.loads(json.dumps(value, allow_nan=False)) == value
    assert value["clips"] == payloads.codes_to_json(page_data.examples(studio))
    assert value["sheet"].endswith(".png"), "the address of the picture below"
    shown = png_pixels(page_data.example_sheet(studio))
    assert np.array_equal(shown, filmstrip.sheet(studio.decode(page_data.examples(studio))))
    assert len(value["idle"]["static"]) == studio.model.config.static_size


def test_directions_that_change_the_picture_most_are_listed_first(studio: Studio) -> None:
    size = studio.model.config.static_size
    read = torch.eye(size)[:3]
    names = tuple(
        DirectionName(factor, value, 1.0, 1.0)
        for factor, value in (("shoes", "red"), ("hair", "red"), ("hair", "blue"))
    )
    write = read * torch.tensor([[1e-4], [1.0], [1.0]])
    named = NamedDirections(torch.zeros(size), read, write, names)
    shown = page_data.sort_by_visibility(studio, named)
    assert [(name.factor, name.value) for name in shown.names] == [
        ("hair", "red"), ("hair", "blue"), ("shoes", "red")
    ]  # fmt: skip
    assert torch.equal(shown.write, write[[1, 2, 0]])
    assert torch.equal(shown.read, read[[1, 2, 0]])
