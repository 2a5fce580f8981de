"""The README's tables: built from the files, in their order, over training seeds."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import ROOT
from evaluation_doubles import FACTORS, Perfect, Reader, labelled

from rwae.errors import ConfigError
from rwae.evaluation import __main__ as command
from rwae.evaluation.run import score_model
from rwae.evaluation.scores.baselines import COPY, score_baselines
from rwae.evaluation.tables import results
from rwae.evaluation.tables.columns import CODES, RENDERED, Column, at


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture(scope="module")
def scores() -> dict[str, Any]:
    return score_model(Perfect(), labelled(2), Reader(), seeded())


@pytest.fixture(scope="module")
def baselines() -> dict[str, Any]:
    return score_baselines(labelled(2), Reader(), seeded())


def save(path: Path, model: dict[str, Any], trained: int | None = 0, **more: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    result = {"dataset": "sprites", "split": "test", "seed": 0, "model": model}
    result["training"] = {} if trained is None else {"seed": trained, "steps": 5000}
    path.write_text(json.dumps(result | more))


def with_swap(scores: dict[str, Any], joint: float) -> dict[str, Any]:
    return scores | {"swap": scores["swap"] | {"joint": joint}}


@pytest.fixture
def checkpoints(tmp_path: Path, scores: dict[str, Any], baselines: dict[str, Any]) -> Path:
    """Two models, one of them from three training seeds, and a folder without scores."""
    for seed, joint in ((0, 0.97), (1, 0.99), (2, 0.98)):
        name = f"scores/seed{seed}.json" if seed else "scores.json"
        model = with_swap(scores, joint)
        save(tmp_path / "sprites" / name, model, seed, baselines=baselines)
    drawn = {k: scores[k] for k in ("clips", "unconditional", "sweep")}
    save(tmp_path / "sprites-mocogan" / "scores.json", drawn, None)
    save(tmp_path / "sprites-another" / "scores.json", with_swap(scores, 0.5))
    (tmp_path / "judges").mkdir()
    return tmp_path


def test_mean_and_deviation_over_seeds_stand_in_the_row_of_their_model(checkpoints: Path) -> None:
    lines = results.results(checkpoints).splitlines()
    assert "48 clips" in lines[0]
    assert lines[0].split(" | ")[1:4] == ["steps", "seeds", RENDERED[0].title]
    row = next(line for line in lines if "shipped" in line).split(" | ")
    assert row[1:4] == ["5,000", "3", "98.00 ± 1.00%"]  # the sample deviation, of n - 1
    assert "± 0.000" in row[5]


def test_rows_come_in_a_fixed_order_then_by_name_and_the_copy_last(checkpoints: Path) -> None:
    lines = results.results(checkpoints).splitlines()
    first = [line.split(" | ")[0].strip("| ") for line in lines]
    assert first[2:6] == [results.TITLES["sprites"], "MoCoGAN", "sprites-another", COPY]


def test_what_a_model_cannot_be_asked_is_a_dash_and_one_seed_has_no_deviation(
    checkpoints: Path,
) -> None:
    row = next(line for line in results.results(checkpoints).splitlines() if "MoCoGAN" in line)
    cells = row.strip("| ").split(" | ")
    assert cells[1:7] == ["-", "1", "-", "-", "-", "-"]
    assert cells[8] == "100.00%"
    assert "±" not in row


def test_the_other_data_sets_follow_with_columns_of_their_own(
    checkpoints: Path, scores: dict[str, Any]
) -> None:
    digits = {
        "clips": 9,
        "swap": {"pair": 0.9, "digit": 0.95, "position_error": 1.5},
        "prior_motion": {"pair": 0.8, "digit": 0.9},
        "prior_static": {"position_error": 1.25},
        "reconstruction": {"squared_error_per_frame": 40.0},
    }
    copy = {"swap": {"pair": 0.0, "digit": 0.1, "position_error": 0.5}}
    save(
        checkpoints / "moving_mnist" / "scores.json",
        digits | {"copy": copy},
        dataset="moving_mnist",
    )
    save(checkpoints / "zebras" / "scores.json", scores, dataset="zebras")
    text = results.results(checkpoints)
    heads = re.findall(r"^\| ([^|]+), \d+ clips", text, re.M)
    assert heads == ["Sprites", "SM-MNIST", "zebras"]
    assert "| 95.00% | 90.00% | 1.50 | 90.00% | 80.00% | 1.25 | 40.0 |" in text
    assert re.search(r"\| copy the input \|  \|  \| 10.00% \| 0.00% \| 0.50 \| - ", text)


def test_what_the_codes_know_stands_beside_chance_and_the_labels(
    checkpoints: Path, scores: dict[str, Any]
) -> None:
    def probe(action: float, shape: float, colour: float) -> dict[str, Any]:
        return {"nonlinear": {"motion": action, "shape": shape, "colour": colour}}

    matrix = {"static": probe(0.3, 1, 1), "dynamic": probe(1, 0.25, 0.6)}
    known = {
        "probes": {"draw": matrix, "mean": matrix, "chance": probe(0.25, 0.33, 0.5)["nonlinear"]},
        "information": {
            "who": 1.5,
            "how": 1.25,
            **{name: {"nats": 2.0} for name in ("static", "dynamic", "shared")},
        },
    }
    save(checkpoints / "sprites-another" / "scores.json", scores | known)
    found = results.results(checkpoints)
    assert "| sprites-another | 5,000 | 1 | 30.0% | 30.0% | 60.0% | 60.0% | 2.00 | 2.00 |" in found
    assert "what is in the codes" in found


def test_runs_of_another_length_are_not_averaged(
    checkpoints: Path, scores: dict[str, Any]
) -> None:
    path = checkpoints / "sprites" / "scores" / "seed9.json"
    save(path, scores, training={"seed": 9, "steps": 7})
    with pytest.raises(ConfigError, match="runs of one length"):
        results.results(checkpoints)


def test_the_references_are_read_like_scores(scores: dict[str, Any]) -> None:
    chance = {"motion": 0.25, "shape": 0.33, "colour": 0.5}
    told = {"who": 1.5, "how": 1.25}
    found = results.references(scores | {"probes": {"chance": chance}, "information": told})
    assert list(found) == ["chance", "codes that name their labels and no more"]
    values = [[column.read(row) for column in CODES[:6]] for row in found.values()]
    assert values == [
        [0.25, 0.25, 0.5, 0.5, None, None],
        [None, None, None, None, 1.5, 1.25],
    ]


def test_a_seed_that_is_there_twice_is_refused(checkpoints: Path, scores: dict[str, Any]) -> None:
    save(checkpoints / "sprites" / "scores" / "seed3.json", scores, trained=1)
    with pytest.raises(ConfigError, match="needs different ones"):
        results.results(checkpoints)


@pytest.mark.parametrize("more", [{"split": "validation"}, {"seed": 4}, {"dataset": "figures"}])
def test_seeds_that_were_scored_differently_are_refused(
    checkpoints: Path, scores: dict[str, Any], more: dict[str, Any]
) -> None:
    save(checkpoints / "sprites" / "scores" / "seed3.json", scores, 3, **more)
    with pytest.raises(ConfigError, match="in the same way"):
        results.results(checkpoints)


@pytest.mark.parametrize("text", ["{", "[]", '{"dataset": "sprites"}', "3"])
def test_a_broken_file_is_named(checkpoints: Path, text: str) -> None:
    path = checkpoints / "sprites" / "scores" / "seed9.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"seed9\.json"):
        results.results(checkpoints)


def test_the_command_writes_the_readme_and_sees_what_is_stale(
    checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    readme = tmp_path / "README.md"
    readme.write_text(f"# Title\n{results.BEGIN}\nstale table\n{results.END}\nThe rest.\n")
    monkeypatch.setattr(command, "README", readme)
    monkeypatch.setattr(command, "CHECKPOINTS", checkpoints)
    assert command.main(["--table", "--check"]) == 1
    assert "--table --write" in capsys.readouterr().err
    assert command.main(["--table", "--write"]) == 0
    assert command.main(["--table", "--check"]) == 0
    assert command.main(["--table"]) == 0
    text = readme.read_text()
    assert capsys.readouterr().out.strip() in text
    assert text.startswith("# Title\n")
    assert text.endswith(f"{results.END}\nThe rest.\n")
    assert "stale table" not in text
    readme.write_text("no markers")
    assert command.main(["--table", "--write"]) == 2
    assert readme.read_text() == "no markers"


def test_a_checkpoint_or_the_table_has_to_be_named() -> None:
    for arguments in ([], ["checkpoints/sprites", "--table"]):
        with pytest.raises(SystemExit) as stop:
            command.main(arguments)
        assert stop.value.code == 2


def test_the_readme_shows_what_the_saved_scores_say() -> None:
    assert results.is_current(ROOT / "README.md", ROOT / "checkpoints")


def test_numbers_are_written_as_their_column_says() -> None:
    assert Column("a", at("a"), 1, percent=True).cell(0.5, 0.0123) == "50.0 ± 1.2%"
    assert Column("a", at("a"), 3).cell(8.9, None) == "8.900"
    assert at("a", "b")({"a": 3}) is None
    assert at("swap", "joint")({"swap": {"joint": 1}}) == 1
    assert FACTORS[2].name == "motion"
