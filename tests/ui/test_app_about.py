"""What the About tab says: the card, the scores with whoever wrote them, licences, versions."""

import json
import statistics
from pathlib import Path

import gradio
import pytest
from conftest import ROOT, TINY
from score_files import score_file
from serving import small_checkpoint

import rwae
from rwae.editing.studio import Studio
from rwae.files.metrics import SWAP
from rwae.files.scores import read_scores
from rwae.models import registry
from rwae.ui import api
from rwae.ui.about import about_model, licences, page_scores, versions
from rwae.ui.endpoints import page_functions
from rwae.ui.loaded_models import LoadedModels

CARD = """---
license: cc-by-sa-3.0
---

# A small one

It is small.

| | |
|---|---|
| licence of the data | CC0, by *hand* |
"""


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio.load(small_checkpoint(tmp_path / "small", card=CARD), "cpu")


def test_scores_of_several_trainings_stand_side_by_side() -> None:
    found = page_scores(score_file(0.5, 0.75))
    assert (found["dataset"], found["clips"], found["steps"]) == ("squares", 12, 30)
    assert found["seeds"] == [0, 1]
    measures = {measure["title"]: measure for measure in found["measures"]}
    assert measures["Swap"]["values"] == [0.5, 0.75]
    assert measures["Swap"]["beside"] == {"copy the input": 0.0}
    assert measures["Swap"]["plotted"]
    assert measures["New who"]["part"] == "motion"
    assert measures["Inception score"]["values"] == [1.5, 1.5]
    assert not measures["Inception score"]["plotted"]
    assert "Reconstruction" not in measures, "it was not measured"


@pytest.mark.parametrize("text", ["", "{", '{"model": {"swap": {"joint": 0.5}}}'])
def test_broken_scores_are_reported_and_the_rest_is_shown(studio: Studio, text: str) -> None:
    (studio.folder / "scores.json").write_text(text)
    about = about_model(studio, {})
    assert about["scores"] is None
    assert "python -m rwae.evaluation" in about["complaint"]
    assert str(studio.folder) not in about["complaint"], "a visitor sees no path"
    assert about["card"].startswith("<p>It is small.")


def test_the_shipped_scores_are_those_of_the_file() -> None:
    file = read_scores(ROOT / "checkpoints" / "sprites")
    shown = next(m for m in page_scores(file)["measures"] if m["title"] == "Swap")
    assert shown["values"] == file.values(SWAP.joint)
    assert statistics.fmean(shown["values"]) > 0.99
    assert {"copy the input", "temporal composite"} <= set(shown["beside"])


def test_every_shipped_model_with_scores_has_something_to_plot() -> None:
    scores = {path.parent.name: read_scores(path.parent)
              for path in (ROOT / "checkpoints").glob("*/config.json")}  # fmt: skip
    # No judge knows the parts of LPC characters; `rwae.evaluation --no-judge` measures that model.
    assert [name for name, file in scores.items() if file is None] == ["lpc"]
    for name, file in scores.items():
        if file is not None:
            measures = page_scores(file)["measures"]
            assert any(measure["plotted"] for measure in measures), name


def test_licences_are_those_of_the_card(studio: Studio, tmp_path: Path) -> None:
    assert licences(studio) == {
        "Program": "Apache License 2.0",
        "Weights": "CC BY-SA 3.0",
        "Data": "CC0, by hand",
    }
    bare = licences(Studio.load(small_checkpoint(tmp_path / "bare"), "cpu"))
    assert "not stated" in bare["Weights"]
    assert "not stated" in bare["Data"]


def test_versions_are_those_that_run(studio: Studio) -> None:
    told = versions()
    assert told["R-WAE Studio"] == rwae.__version__
    assert told["Gradio"] == gradio.__version__
    assert about_model(studio, {})["versions"] == told


def test_a_model_made_in_memory_has_no_scores() -> None:
    model = registry.build_model(TINY).eval()
    about = about_model(Studio(model, model.sample(8)), {})
    assert about["scores"] is None
    assert about["card"] == ""


def test_the_server_answers_for_the_model_that_is_named(studio: Studio, tmp_path: Path) -> None:
    other = Studio.load(small_checkpoint(tmp_path / "other"), "cpu")
    models = LoadedModels([studio, other])
    ask = {function.__name__: function for function in page_functions(models)}["about_model"]
    assert ask({})["title"] == "A small one"
    assert ask({"model": "other"})["title"] == "other"
    assert list(ask({"model": "nobody"})) == ["error"]
    json.dumps(ask({}))  # plain values


def test_every_endpoint_and_argument_is_described(studio: Studio) -> None:
    listed = {one["name"]: one for one in api.describe_endpoints(LoadedModels([studio]))}
    for one in listed.values():
        assert one["about"]
        assert all(argument["about"] for argument in one["arguments"])
    assert {"who", "motion"} <= {one["name"] for one in listed["/swap"]["arguments"]}
