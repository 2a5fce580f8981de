"""Learned characters on the server: jobs, copies of one visit, their limits and files."""

import base64
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from gradio.data_classes import FileData  # noqa: F401 - Gradio is set up before the endpoints
from sheets_of_clips import sheet

from rwae.codes import Codes
from rwae.editing.studio import Studio
from rwae.errors import RWAEError
from rwae.files import filmstrip, installation, video
from rwae.files.codes_file import pack_codes
from rwae.files.learned_file import pack_learned
from rwae.ui import jobs, learning, loaded_models
from rwae.ui.api import Api
from rwae.ui.endpoints import page_functions
from rwae.ui.loaded_models import COPY_SIGN, LoadedModels

Served = dict[str, Callable[[Any], dict[str, Any]]]


class Form:
    """A form with one file, as Gradio reads it."""

    def __init__(self, content: bytes) -> None:
        self.files = [("file", content)]
        self.data: dict[str, str] = {}


@pytest.fixture(scope="module")
def studio() -> Studio:
    return Studio.load(installation.checkpoints() / "sprites")


@pytest.fixture
def models(studio: Studio) -> LoadedModels:
    return LoadedModels([studio])


@pytest.fixture
def served(models: LoadedModels, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    adapt = learning.adapt
    monkeypatch.setattr(learning, "adapt", lambda *x, **kw: adapt(*x, **{**kw, "steps": 20}))
    monkeypatch.setattr(learning, "PICTURE_EVERY", 5)
    return {function.__name__: function for function in page_functions(models)}


@pytest.fixture(scope="module")
def strips(studio: Studio) -> list[str]:
    """Strips of a character in colours that the model does not know."""
    clips = studio.decode(studio.examples[:2])[..., ::-1]
    return [strip_url(clip) for clip in clips]


def strip_url(clip: np.ndarray) -> str:
    png = video.encode_image(filmstrip.sheet(clip[None]), "png")
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def finish(served: Served, job: str) -> dict[str, Any]:
    for _ in range(300):
        state = served["learn_state"]({"job": job})
        if state.get("done") or state.get("error"):
            return state
        time.sleep(0.1)
    raise AssertionError("the learning does not end")


def test_a_character_is_learned_used_saved_opened_and_forgotten(
    served: Served, strips: list[str]
) -> None:
    started = served["learn_start"]({"clips": strips})
    state = finish(served, started["job"])
    name = state["name"]
    assert name.startswith(f"sprites{COPY_SIGN}")
    assert state["after"]["error"] < state["before"]["error"]
    assert state["picture"].startswith("data:image/png")

    opened = served["open_model"]({"model": name})
    assert opened["learned"] == {"of": "sprites", "clips": 2}
    own = served["open_model"]({"model": "sprites"})
    request = {"clips": opened["clips"][:1], "exact": True}
    copied = served["decode_codes"]({**request, "model": name})["sheet"]
    assert copied != served["decode_codes"]({**request, "model": "sprites"})["sheet"]
    assert opened["weights"] != own["weights"]
    assert served["find_directions"]({"model": name}) == served["find_directions"]({})

    saved = served["save_learned"]({"model": name})
    assert saved["name"].endswith(".safetensors")
    content = base64.b64decode(saved["data"].partition(",")[2])
    again = served["open_learned"](Form(content))["name"]
    assert again != name
    assert served["open_model"]({"model": again})["learned"]["clips"] == 2

    assert served["forget_learned"]({"model": name}) == {}
    assert "no longer here" in served["open_model"]({"model": name})["error"]


def test_the_rows_that_a_sheet_lacks_are_drafted_and_learned(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    png = video.encode_image(sheet("walk, front"), "png")
    read = served["encode_clip"](Form(png))
    assert read["lacking"] == 8
    drafts = served["draft_rows"](Form(png))["drafts"]
    assert len(drafts) == 2
    seen = []
    adapt = learning.adapt
    monkeypatch.setattr(
        learning, "adapt", lambda *x, **kw: seen.append(kw["drafts"]) or adapt(*x, **kw)
    )
    started = served["learn_start"]({"clips": [read["given"]], "drafts": drafts})
    assert "name" in finish(served, started["job"])
    assert seen[0].shape == (2, 8, 3, 64, 64)
    assert "1 to 32" in served["learn_start"]({"clips": [read["given"]], "drafts": 3})["error"]


def test_a_job_can_be_stopped(served: Served, strips: list[str]) -> None:
    job = served["learn_start"]({"clips": strips})["job"]
    assert served["learn_cancel"]({"job": job}) == {}
    state = finish(served, job)
    assert state["cancelled"]
    assert "name" not in state


def test_a_job_that_nobody_asks_for_ends(
    served: Served, strips: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "FORGOTTEN_AFTER", 0.0)
    monkeypatch.setattr(jobs, "KEPT_RESULT", 2.0)
    job = served["learn_start"]({"clips": strips})["job"]
    time.sleep(1.5)
    assert served["learn_state"]({"job": job})["cancelled"]
    for _ in range(100):
        if "forgotten" in served["learn_state"]({"job": job}).get("error", ""):
            return
        time.sleep(0.1)
    raise AssertionError("what it was given is kept")


def test_a_long_queue_is_refused_in_words(
    served: Served, strips: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "MAX_WAITING", 0)
    assert "try again" in served["learn_start"]({"clips": strips})["error"]


@pytest.mark.parametrize(
    "clips",
    [None, [], ["x"] * 10, ["!"], [7], ["data:image/png;base64,AAAA"], "all"],
)
def test_what_is_no_list_of_strips_is_refused(served: Served, clips: Any) -> None:
    answer = served["learn_start"]({"clips": clips})
    assert answer["error"].endswith(".")


def test_a_strip_of_another_size_is_named(served: Served) -> None:
    small = strip_url(np.zeros((8, 32, 32, 3), np.uint8))
    assert "64 x 64" in served["learn_start"]({"clips": [small]})["error"]


def test_copies_are_bounded_and_forgotten(
    models: LoadedModels, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loaded_models, "MAX_COPIES", 2)
    names = [models.keep(studio, studio.model, studio.examples[:1]) for _ in range(3)]
    assert len(set(names)) == 3
    served = {function.__name__: function for function in page_functions(models)}
    assert served["open_model"]({"model": names[0]})["gone"] == names[0]
    assert "error" not in served["open_model"]({"model": names[2]})
    assert served["has_learned"]({"model": names[2]}) == {}
    monkeypatch.setattr(loaded_models, "COPY_SECONDS", -1.0)
    assert served["has_learned"]({"model": names[2]})["gone"] == names[2]


@pytest.mark.parametrize("content", [b"", b"x" * 100, b"\x08\0\0\0\0\0\0\0{}      "])
def test_a_file_of_another_kind_is_no_character(served: Served, content: bytes) -> None:
    assert "no learned character" in served["open_learned"](Form(content))["error"]


def test_a_file_of_codes_is_no_character(served: Served, studio: Studio) -> None:
    content = pack_codes(studio.examples[:1], "sprites", studio.weights)
    assert "no learned character" in served["open_learned"](Form(content))["error"]


def test_a_job_of_nobody_is_told(served: Served) -> None:
    for request in ({"job": "abc"}, {"job": 3}, {"job": None}):
        assert "again" in served["learn_state"](request)["error"]
    assert "no learned character" in served["save_learned"]({"model": "sprites"})["error"]


def test_a_program_learns_a_character_and_asks_for_the_copy(
    models: LoadedModels, strips: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    adapt = learning.adapt
    monkeypatch.setattr(learning, "adapt", lambda *x, **kw: adapt(*x, **{**kw, "steps": 20}))
    api = Api(models)
    learned = api.learn(strips)
    assert learned["after"]["error"] < learned["before"]["error"]
    first, second = learned["clips"]
    assert first["static"] == second["static"]
    drawn = api.decode(learned["clips"], model=learned["model"])
    assert drawn["picture"] != api.decode(learned["clips"])["picture"]
    for files in ([], strips * 5, ["AAAA"], "all"):
        with pytest.raises(RWAEError):
            api.learn(files)
    monkeypatch.setattr(jobs, "MAX_WAITING", 0)
    with pytest.raises(RWAEError, match="try again"):
        api.learn(strips)


def test_a_file_with_changed_numbers_is_refused_or_drawn_within_range(
    served: Served, studio: Studio
) -> None:
    """A file of right sizes whose numbers are not finite, or that names other weights."""
    state = studio.model.decoder.state_dict()
    clips = studio.examples[:1]
    endless = Codes(clips.static * torch.inf, clips.dynamic)
    name = next(iter(state))
    wide = {**state, name: state[name] + 60_000}
    contents = {
        "not finite": pack_learned(state, state, endless, "sprites", studio.weights),
        "too large": pack_learned(wide, state, clips, "sprites", studio.weights),
        "not here": pack_learned(state, state, clips, "sprites", "0" * 64),
    }
    for content in contents.values():
        assert served["open_learned"](Form(content))["error"].endswith(".")
    empty = pack_learned(state, state, clips, "sprites", studio.weights)
    assert served["open_learned"](Form(empty))["name"].startswith("sprites~")
    assert "error" in served["open_learned"](Form(empty[:-1]))


def test_two_copies_of_two_visits_are_apart_and_in_no_list(
    models: LoadedModels, studio: Studio
) -> None:
    names = [models.keep(studio, studio.model, studio.examples[[n]]) for n in range(2)]
    listed = [one["name"] for one in Api(models).models()]
    assert listed == list(models.studios) == ["sprites"]
    served = {function.__name__: function for function in page_functions(models)}
    first, second = (served["open_model"]({"model": name})["clips"][0] for name in names)
    assert first != second
    served["forget_learned"]({"model": names[0]})
    assert "error" in served["open_model"]({"model": names[0]})
    assert "error" not in served["open_model"]({"model": names[1]})
    for guess in ("sprites~", "sprites~" + 22 * "A", names[1][:-1], names[1] + "A"):
        assert "error" in served["open_model"]({"model": guess})
