"""The choices that come with an upload: read strictly, and answered in sentences."""

import base64
import json
from typing import Any

import cv2
import numpy as np
import pytest
from clip_files import square
from conftest import Form
from known import known_clip, on_white

from rwae.errors import CodesError
from rwae.files import filmstrip, video
from rwae.ui.payloads import choices_from_json, requested_choices
from rwae.uploads.prepare import Choices


@pytest.fixture(scope="module")
def sprites_server() -> dict[str, Any]:
    """What the page may ask of the shipped Sprites model."""
    from rwae.editing.studio import Studio
    from rwae.files import installation
    from rwae.ui.endpoints import page_functions
    from rwae.ui.loaded_models import LoadedModels

    models = LoadedModels([Studio.load(installation.checkpoints() / "sprites")])
    return {function.__name__: function for function in page_functions(models)}


def test_choices_that_are_left_out_have_their_defaults() -> None:
    assert requested_choices(Form()) == Choices()
    assert choices_from_json({}) == choices_from_json({"first": None, "crop": None}) == Choices()
    form = Form(data={"choices": json.dumps({"background": "keep", "crop": [0, 0.5, 1, 1]})})
    assert requested_choices(form) == Choices(background="keep", crop=(0.0, 0.5, 1.0, 1.0))
    given = {"align": False, "repeat": False, "first": 2, "last": 2.0, "row": "walk, front"}
    assert choices_from_json(given) == Choices("auto", False, False, 2, 2, None, "walk, front")


@pytest.mark.parametrize(
    "value",
    [
        [], 3, "x", {"frames": 3}, {"background": "white"}, {"background": ["auto"]},
        {"align": 1}, {"repeat": "true"}, {"first": -1}, {"first": 1.5}, {"first": 10**400},
        {"first": 3, "last": 2}, {"crop": [0, 0, 1]}, {"crop": [0, 0, 0, 1]},
        {"crop": [0, 0, 2, 1]}, {"crop": [0, 0, float("nan"), 1]}, {"crop": "abcd"},
        {"row": 3}, {"row": "x" * 100},
    ],
    ids=str,
)  # fmt: skip
def test_other_choices_are_refused_in_a_sentence(value: Any, server: dict[str, Any]) -> None:
    with pytest.raises(CodesError):
        choices_from_json(value)
    answer = server["encode_clip"](Form([("a", b"x")], {"choices": json.dumps(value)}))
    assert list(answer) == ["error"]
    assert "failed" not in answer["error"]


@pytest.mark.parametrize("text", ["{", "[" * 900, "{}" + " " * 1000, None, 3])
def test_a_text_that_is_no_json_is_refused(text: Any, server: dict[str, Any]) -> None:
    answer = server["encode_clip"](Form([("a", b"x")], {"choices": text}))
    assert list(answer) == ["error"]
    assert "failed" not in answer["error"]


def test_an_upload_answers_with_what_the_page_shows(server: dict[str, Any]) -> None:
    clip = square(6, 32, 48)[:, :, :32]
    strip = video.encode_image(filmstrip.sheet(clip[None]), "png")
    answer = server["encode_clip"](Form([("a", strip)]))
    assert {"clips", "given", "redrawn", "fit", "steps", "source", "rows", "row"} <= set(answer)
    taken = clip[[0, 2, 3, 5]]
    assert answer["palette"] == np.unique(taken.reshape(-1, 3), axis=0).tolist()
    assert "better" in answer
    source = answer["source"]
    assert (source["frames"], source["width"], source["height"]) == (6, 32, 32)
    assert (source["first"], source["last"], source["columns"]) == (0, 5, 6)
    assert json.loads(json.dumps(answer, allow_nan=False)) == answer
    assert np.isfinite(answer["clips"][0]["static"]).all()


def known_upload(answer: dict[str, Any], clip: np.ndarray) -> bool:
    content = base64.b64decode(answer["given"].split(",")[1])
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    return np.array_equal(picture, filmstrip.sheet(clip[None])) and answer["fit"]["known"]


def test_a_known_character_is_known_and_nothing_else_is(sprites_server: dict[str, Any]) -> None:
    encode = sprites_server["encode_clip"]
    clip = known_clip(2)
    answer = encode(Form([("a", video.encode_image(filmstrip.sheet(clip[None]), "png"))]))
    assert known_upload(answer, clip)
    assert (answer["better"], answer["steps"]) == ([], [])
    colours = np.unique(clip.reshape(-1, 3), axis=0)
    assert answer["palette"] == (colours.tolist() if len(colours) <= 256 else None)
    aside = np.roll(on_white(clip), 5, 2)
    answer = encode(Form([("a", video.encode_image(filmstrip.sheet(aside[None]), "png"))]))
    assert known_upload(answer, clip)
    assert [step["key"] for step in answer["steps"]] == ["background", "align"]
    strange = np.random.default_rng(0).integers(0, 255, clip.shape, np.uint8)
    answer = encode(Form([("a", video.encode_image(filmstrip.sheet(strange[None]), "png"))]))
    assert not answer["fit"]["known"]
    assert answer["fit"]["ratio"] > 10
