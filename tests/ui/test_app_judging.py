"""The endpoints of the Compare tab: the judge's answers, and clips handed from model to model."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import ROOT
from lamps import NAME, make_judge, make_model
from score_files import score_file
from serving import small_checkpoint

from rwae.classifiers import has_judge, judge_of, shipped, trained_on
from rwae.editing.studio import Studio
from rwae.errors import CheckpointError
from rwae.files import filmstrip
from rwae.files.checkpoint import CONFIG_FILE, SETTINGS_FILE
from rwae.files.scores import write_scores
from rwae.ui.endpoints import page_functions
from rwae.ui.loaded_models import LoadedModels
from rwae.ui.page_data import comparison_data, headline_scores
from rwae.ui.payloads import codes_to_json

Ask = Callable[[str, Any], dict[str, Any]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of lamps, which has no encoder, three random ones, and the judge of lamps."""
    root = tmp_path_factory.mktemp("compare")
    make_judge(root / "judges" / NAME)
    make_model(root / "tight", leaks=False)
    small_checkpoint(root / "reader", static_size=5)
    small_checkpoint(root / "large", frame_size=48)
    small_checkpoint(root / "alone")
    for name, data in (("reader", NAME), ("large", NAME), ("alone", "moving_mnist")):
        (root / name / SETTINGS_FILE).write_text(json.dumps({"dataset": data}))
    return root


@pytest.fixture
def models(folder: Path, monkeypatch: pytest.MonkeyPatch) -> LoadedModels:
    monkeypatch.setattr(shipped, "JUDGES", folder / "judges")
    return LoadedModels(
        [Studio.load(folder / n, "cpu") for n in ("tight", "reader", "large", "alone")]
    )


@pytest.fixture
def ask(models: LoadedModels) -> Ask:
    """Calls an endpoint by its name, as the page does."""
    served = {function.__name__: function for function in page_functions(models)}
    return lambda name, request: served[name](request)


def test_the_judge_names_what_is_shown(models: LoadedModels, ask: Ask) -> None:
    codes = models.find("tight").gallery
    answer = ask("judge_codes", {"model": "tight", "clips": codes_to_json(codes)})
    assert json.loads(json.dumps(answer)) == answer
    for n, (colour, side) in enumerate(answer["clips"]):
        assert colour["factor"] == "colour"
        assert side["factor"] == "side"
        assert colour["static"] is True
        assert side["static"] is False
        assert colour["value"] == ("blue" if codes.static[n, 0] > 0 else "red")
        assert side["value"] == ("right" if codes.dynamic[n, 0, 0] > 0 else "left")
        assert 0.5 <= min(colour["confidence"], side["confidence"]) <= 1


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        ({"model": "tight"}, "an object with clips"),
        ({"model": "tight", "clips": []}, "between 1 and"),
        ({"model": "tight", "clips": [{"static": [0], "dynamic": [[0]]}]}, "a list of 6 numbers"),
        ({"model": "nobody", "clips": []}, "no such model"),
        ("clips", "an object with clips"),
        (None, "an object with clips"),
    ],
)
def test_a_bad_request_to_the_judge_is_refused_in_words(
    ask: Ask, request_: Any, sentence: str
) -> None:
    assert sentence in ask("judge_codes", request_)["error"]


def test_a_model_whose_data_has_no_judge_says_so(models: LoadedModels, ask: Ask) -> None:
    clips = codes_to_json(models.find("alone").examples[[0]])
    answer = ask("judge_codes", {"model": "alone", "clips": clips})
    assert "moving_mnist" in answer["error"]


def test_a_clip_is_read_as_it_is_shown(models: LoadedModels, ask: Ask) -> None:
    tight, reader = models.find("tight"), models.find("reader")
    given = tight.examples[[0, 3]]
    answer = ask(
        "carry_codes", {"model": "reader", "from": "tight", "clips": codes_to_json(given)}
    )
    shown = filmstrip.from_bytes(tight.decode(given))
    assert answer["clips"] == codes_to_json(reader.encode(shown))
    assert len(answer["clips"][0]["static"]) == 5


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"from": "nobody"}, "no such model"),
        ({"from": None}, "no such model"),
        ({"from": ["tight"]}, "needs to be a name"),
        ({"model": "large"}, "48"),
        ({"model": "tight"}, "cannot turn one into codes"),
        ({"from": "reader"}, "a list of 5 numbers"),
        ({"clips": None}, "between 1 and"),
    ],
)
def test_a_clip_that_another_model_cannot_read_is_refused_with_a_sentence(
    models: LoadedModels, ask: Ask, change: dict[str, Any], sentence: str
) -> None:
    clips = codes_to_json(models.find("tight").examples[[0]])
    answer = ask("carry_codes", {"model": "reader", "from": "tight", "clips": clips} | change)
    assert sentence in answer["error"]


def test_models_of_the_same_data_and_size_belong_together(models: LoadedModels) -> None:
    found = {about["name"]: about for about in comparison_data(models)}
    assert found["tight"]["group"] == found["reader"]["group"]
    assert len({about["group"] for about in found.values()}) == 3
    assert {name for name, about in found.items() if not about["judged"]} == {"alone"}
    assert {name for name, about in found.items() if not about["encodes"]} == {"tight"}


def test_the_headlines_are_a_mean_over_trainings_and_a_broken_file_is_no_headline(
    folder: Path,
) -> None:
    studio = Studio.load(folder / "alone", "cpu")
    assert headline_scores(studio) == []
    write_scores(folder / "alone" / "scores.json", score_file(0.5, 0.7))
    found = {headline["key"]: headline["share"] for headline in headline_scores(studio)}
    assert found == {"swap": pytest.approx(0.6), "sweep": pytest.approx(0.25)}
    (folder / "alone" / "scores.json").write_text("{")
    assert headline_scores(studio) == []


@pytest.mark.parametrize(
    "text", ['{"dataset": "../../runs"}', '{"dataset": 3}', "[]", "{", "[" * 60000, '{"d": 1}', ""]
)
def test_settings_without_a_data_set_lead_to_no_judge(tmp_path: Path, text: str) -> None:
    (tmp_path / SETTINGS_FILE).write_text(text)
    assert trained_on(tmp_path) is None
    assert judge_of(tmp_path) is None
    assert judge_of(None) is None


def test_a_judge_that_cannot_be_read_is_told_apart_from_none(folder: Path, tmp_path: Path) -> None:
    assert judge_of(folder / "tight", tmp_path) is None
    (tmp_path / NAME).mkdir()
    (tmp_path / NAME / CONFIG_FILE).write_text("{")
    assert has_judge(folder / "tight", tmp_path)
    with pytest.raises(CheckpointError, match=f"The judge of {NAME} cannot be read") as refused:
        judge_of(folder / "tight", tmp_path)
    assert str(tmp_path) not in str(refused.value), "a visitor sees no path"
    assert judge_of(folder / "tight", folder / "judges") is not None


def test_compare_says_that_a_judge_cannot_be_read(
    models: LoadedModels, ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page asks a judge that is there, and shows the sentence that it gets."""
    (tmp_path / NAME).mkdir()
    (tmp_path / NAME / CONFIG_FILE).write_text("{")
    monkeypatch.setattr(shipped, "JUDGES", tmp_path)
    assert next(about for about in comparison_data(models) if about["name"] == "tight")["judged"]
    clips = codes_to_json(models.find("tight").gallery[[0]])
    answer = ask("judge_codes", {"model": "tight", "clips": clips})
    assert answer["error"].startswith(f"The judge of {NAME} cannot be read")


def test_the_shipped_models_have_their_judges() -> None:
    for name, judged in (("sprites", True), ("sprites-mocogan", True), ("moving_mnist", False)):
        assert (judge_of(ROOT / "checkpoints" / name) is not None) is judged


def test_bytes_and_frames_are_the_same_picture() -> None:
    clips = torch.randint(256, (2, 3, 4, 5, 3), dtype=torch.uint8).numpy()
    assert (filmstrip.to_bytes(filmstrip.from_bytes(clips)) == clips).all()
