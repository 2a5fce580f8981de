"""What the About tab says: the card, the scores with whoever wrote them, licences, versions."""

import json
import statistics
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, TINY
from serving import small_checkpoint

from rwae.editing.studio import Studio
from rwae.errors import CheckpointError
from rwae.files import jsonfile
from rwae.models import registry
from rwae.ui import api
from rwae.ui.about import about_model, licences, versions
from rwae.ui.endpoints import page_functions
from rwae.ui.loaded_models import LoadedModels
from rwae.ui.scores import read_scores

CARD = """---
license: cc-by-sa-3.0
---

# A small one

It is small.

| | |
|---|---|
| licence of the data | CC0, by *hand* |
"""
RESULT = {
    "dataset": "squares",
    "split": "test",
    "seed": 0,
    "training": {"seed": 0, "steps": 30},
    "model": {
        "clips": 12,
        "swap": {"joint": 0.5},
        "prior_static": {"joint": 1},
        "unconditional": {"factors": {"way": {"inception_score": 1.5}}},
        "sweep": {"drawn": {"identity": 0.25, "motion_entropy": {"way": 0.6}}},
    },
    "baselines": {"copy the input": {"swap": {"joint": 0.0}}},
}


def scored(folder: Path, *results: Any) -> Path:
    """Writes the scores of a model, the first as its own and the others as of further seeds."""
    (folder / "scores").mkdir(exist_ok=True)
    for n, result in enumerate(results):
        path = folder / (f"scores/seed{n}.json" if n else "scores.json")
        path.write_text(result if isinstance(result, str) else json.dumps(result))
    return folder


def changed(**values: Any) -> dict[str, Any]:
    """`RESULT` with other values; a key of the model is written as `model_key`."""
    result = json.loads(json.dumps(RESULT))
    for key, value in values.items():
        place = result["model"] if key.startswith("model_") else result
        place[key.removeprefix("model_")] = value
    return result


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio.load(small_checkpoint(tmp_path / "small", card=CARD), "cpu")


def test_scores_of_several_seeds_stand_side_by_side(tmp_path: Path) -> None:
    other = changed(training={"seed": 1, "steps": 30}, model_swap={"joint": 0.75})
    found = read_scores(scored(tmp_path, RESULT, other))
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


def test_a_measure_that_one_seed_lacks_is_left_out(tmp_path: Path) -> None:
    found = read_scores(scored(tmp_path, RESULT, changed(model_swap={})))
    assert "Swap" not in {measure["title"] for measure in found["measures"]}


def test_a_model_without_scores_has_none(tmp_path: Path) -> None:
    assert read_scores(tmp_path) is None


BROKEN = [
    "",
    "{",
    "[]",
    "null",
    "[" * 100_000,
    '{"model": 3}',
    json.dumps(RESULT).replace("0.5", "NaN"),
    json.dumps(RESULT).replace("0.5", "1" + "0" * 400),
    json.dumps(RESULT).replace("0.5", '"half"'),
    json.dumps(RESULT).replace("0.5", "true"),
    json.dumps(RESULT).replace("0.5", "1.5"),
    json.dumps(RESULT).replace("0.5", "-0.1"),
    json.dumps(RESULT).replace('"steps": 30', '"steps": "many"'),
    json.dumps(RESULT) + " " * jsonfile.MAX_JSON_BYTES,
]


@pytest.mark.parametrize("content", BROKEN, ids=range(len(BROKEN)))
def test_broken_scores_are_told_in_a_sentence_and_the_rest_is_shown(
    studio: Studio, content: str
) -> None:
    for results in ([content], [RESULT, content]):
        with pytest.raises(CheckpointError, match=r"python -m rwae\.evaluation"):
            read_scores(scored(studio.folder, *results))
        about = about_model(studio, {})
        assert about["scores"] is None
        assert about["complaint"].endswith(".")
        assert str(studio.folder) not in about["complaint"], "a visitor sees no path"
        assert about["card"].startswith("It is small.")


@pytest.mark.parametrize(
    "other", [{"split": "validation"}, {"dataset": "circles"}, {"training": {"steps": 31}}]
)
def test_a_mean_over_what_does_not_belong_together_is_refused(
    tmp_path: Path, other: dict[str, Any]
) -> None:
    with pytest.raises(CheckpointError, match="score both alike"):
        read_scores(scored(tmp_path, RESULT, changed(**other)))


ODD = ["swap", "sweep", "unconditional", "clips", "copy"]


@pytest.mark.parametrize("key", ODD)
@pytest.mark.parametrize("value", [None, [], {}, {"joint": None}, {"drawn": []}, {"drawn": {}}])
def test_oddly_shaped_scores_never_crash(tmp_path: Path, key: str, value: Any) -> None:
    result = changed(**{f"model_{key}": value, "baselines": value})
    try:
        found = read_scores(scored(tmp_path, result))
    except CheckpointError:
        assert key == "clips"
    else:
        assert found["measures"]


def test_the_shipped_scores_are_those_of_the_files() -> None:
    found = read_scores(ROOT / "checkpoints" / "sprites")
    files = [ROOT / "checkpoints/sprites/scores.json"]
    files += sorted((ROOT / "checkpoints/sprites/scores").glob("*.json"))
    swaps = [json.loads(path.read_text())["model"]["swap"]["joint"] for path in files]
    shown = next(measure for measure in found["measures"] if measure["title"] == "Swap")
    assert shown["values"] == swaps
    assert statistics.fmean(shown["values"]) > 0.99
    assert set(shown["beside"]) == {"copy the input", "always the same character"}


def test_every_shipped_model_has_something_to_plot() -> None:
    for path in (ROOT / "checkpoints").glob("*/config.json"):
        if (path.parent / "scores.json").is_file():
            found = read_scores(path.parent)
            assert any(measure["plotted"] for measure in found["measures"]), path.parent.name


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
    assert (ROOT / "pyproject.toml").read_text().find(f'version = "{told["R-WAE Studio"]}"') > 0
    assert (ROOT / "requirements.txt").read_text().find(f"gradio=={told['Gradio']}") >= 0
    assert about_model(studio, {})["versions"] == told


def test_a_model_made_in_memory_has_no_scores() -> None:
    model = registry.build(TINY).eval()
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
