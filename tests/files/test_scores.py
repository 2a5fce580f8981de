"""The score file: what is written is read back, every number is checked, and one judge judges."""

import dataclasses
import json
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from score_files import FACTORS, JUDGE, OTHER_JUDGE, score_file, scores_of

from rwae.codes import Factor
from rwae.errors import CheckpointError
from rwae.files import jsonfile
from rwae.files.metrics import (
    CODE_COLUMNS,
    DIGIT_COLUMNS,
    FRAME_ERROR,
    HEADLINES,
    METRICS,
    PAGE_TITLES,
    PROBES,
    RECONSTRUCTION,
    RENDERED_COLUMNS,
    SWAP,
    SWAP_ERROR,
    SWEEP,
    UNCONDITIONAL,
    Interval,
    Metric,
)
from rwae.files.scores import (
    JudgeId,
    ScoredRun,
    Scores,
    Training,
    read_score_file,
    read_scores,
    require_one_judge,
    write_scores,
)


def content() -> dict[str, Any]:
    """A score file as JSON values."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scores.json"
        write_scores(path, score_file(0.5))
        return json.loads(path.read_text("utf-8"))


def save(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "scores.json").write_text(text, "utf-8")
    return folder


# Metrics.


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda m: f"{m.group.key}.{m.key}")
def test_every_metric_has_a_title_a_question_and_a_range(metric: Metric) -> None:
    assert metric.title
    assert metric.question.endswith((".", "?"))
    assert metric.unit.low < metric.unit.high
    assert (metric.summary is None) or metric.per_factor


def test_no_two_metrics_of_one_table_have_the_same_heading() -> None:
    for columns in (RENDERED_COLUMNS, DIGIT_COLUMNS, CODE_COLUMNS):
        assert len({metric.heading for metric in columns}) == len(columns)
    assert len(set(PAGE_TITLES.values())) == len(PAGE_TITLES)


def test_what_is_shown_is_a_metric_of_the_file() -> None:
    columns = (*RENDERED_COLUMNS, *DIGIT_COLUMNS, *CODE_COLUMNS, *PAGE_TITLES)
    shown = {
        metric
        for column in columns
        for metric in ((column.low, column.high) if isinstance(column, Interval) else (column,))
    }
    shown |= {metric for metric, _ in HEADLINES.values()}
    assert shown <= set(METRICS.values())


def test_a_number_is_written_as_its_unit_says() -> None:
    assert SWAP.joint.unit.text(0.5) == "50.00%"
    assert PROBES["draw", "static", "nonlinear"].unit.text(0.5, 0.0123) == "50.0 ± 1.2%"
    assert UNCONDITIONAL.inception_score.unit.text(8.9) == "8.900"


def test_a_table_shows_the_action_or_the_most_readable_attribute() -> None:
    factors = (Factor("size", ("s", "l"), True), *FACTORS)
    by_factor = {"size": 0.2, "colour": 0.7, "way": 0.9}
    static, dynamic = PROBES["mean", "static", "linear"], PROBES["mean", "dynamic", "linear"]
    scores = Scores({static: by_factor, dynamic: by_factor})
    assert scores.summary(static, factors) == 0.9
    assert scores.summary(dynamic, factors) == 0.7
    assert scores.summary(SWAP.joint, factors) is None


# Runs.


def test_several_runs_are_shown_as_their_mean_and_sample_deviation() -> None:
    file = score_file(0.97, 0.99, 0.98)
    assert file.values(SWAP.joint) == [0.97, 0.99, 0.98]
    assert file.text(SWAP.joint) == "98.00 ± 1.00%"
    assert score_file(0.97).text(SWAP.joint) == "97.00%"


def test_a_number_that_one_run_lacks_is_shown_with_the_number_of_runs_that_have_it() -> None:
    file = score_file(0.97, 0.99)
    bare = ScoredRun(file.runs[1].training, Scores())
    file = dataclasses.replace(file, runs=(file.runs[0], bare))
    assert file.values(SWAP.joint) is None
    assert file.text(SWAP.joint) == "97.00% (1 of 2 seeds)"
    assert file.text(RECONSTRUCTION.joint) == ""


def test_runs_of_different_lengths_are_refused() -> None:
    file = score_file(0.5, 0.6)
    longer = ScoredRun(Training(seed=1, steps=31), scores_of(0.6))
    with pytest.raises(CheckpointError, match="runs of one length"):
        dataclasses.replace(file, runs=(file.runs[0], longer))


def test_two_runs_of_one_seed_are_refused() -> None:
    file = score_file(0.5)
    with pytest.raises(CheckpointError, match="needs different ones"):
        dataclasses.replace(file, runs=(*file.runs, *file.runs))


def test_judged_scores_without_a_judge_are_refused() -> None:
    with pytest.raises(CheckpointError, match="name no judge for prior_static, "):
        dataclasses.replace(score_file(0.5), judges={})


def test_a_run_of_another_seed_is_added_and_one_of_the_same_replaced() -> None:
    file = score_file(0.5).with_run(score_file(0.7, first_seed=1))
    assert file.values(SWAP.joint) == [0.5, 0.7]
    assert file.with_run(score_file(0.6)).values(SWAP.joint) == [0.6, 0.7]


def test_errors_alone_are_added_to_the_run_of_their_seed() -> None:
    file = score_file(0.5, 0.7)
    run = ScoredRun(file.runs[0].training, Scores({SWAP_ERROR: 9.5}))
    program = {"copy the input": Scores({SWAP_ERROR: 300.0})}
    errors = dataclasses.replace(file, runs=(run,), judges={}, baselines=program)
    both = file.with_run(errors)
    assert both.values(SWAP.joint) == [0.5, 0.7]
    assert both.known(SWAP_ERROR) == [9.5]
    assert set(both.baselines["copy the input"].values) >= {SWAP_ERROR, SWAP.joint}


@pytest.mark.parametrize(
    "change",
    [
        {"dataset": "circles"},
        {"split": "validation"},
        {"seed": 1},
        {"clips": 13},
        {"factors": (FACTORS[0], Factor("way", ("up", "down"), False))},
    ],
)
def test_a_run_that_was_scored_in_another_way_is_not_added(change: dict[str, Any]) -> None:
    other = dataclasses.replace(score_file(0.7, first_seed=1), **change)
    with pytest.raises(CheckpointError, match="score both in the same way"):
        score_file(0.5).with_run(other)


def test_a_run_of_unknown_seed_is_not_added() -> None:
    unknown = dataclasses.replace(
        score_file(0.7), runs=(ScoredRun(Training(steps=30), scores_of(0.7)),)
    )
    with pytest.raises(CheckpointError, match="training seed of this model is unknown"):
        score_file(0.5).with_run(unknown)


# Judges.


def test_scores_by_different_judges_are_not_averaged() -> None:
    other = score_file(0.7, judge=OTHER_JUDGE, first_seed=1)
    with pytest.raises(CheckpointError, match="different judges are never averaged"):
        score_file(0.5).with_run(other)


def test_scores_by_different_judges_do_not_stand_in_one_table() -> None:
    files = [score_file(0.5), score_file(0.7, name="rival", judge=OTHER_JUDGE)]
    with pytest.raises(CheckpointError, match="gave swap: all right of rival"):
        require_one_judge(files, [SWAP.joint])
    require_one_judge(files[:1], [SWAP.joint])


def test_scores_by_different_judges_do_not_stand_in_one_row() -> None:
    file = score_file(0.5)
    mixed = dataclasses.replace(file, judges={**file.judges, "sweep": OTHER_JUDGE})
    with pytest.raises(CheckpointError, match="never stand in one table"):
        require_one_judge([mixed], (SWAP.joint, SWEEP.identity))


def test_numbers_that_no_judge_gave_may_stand_beside_any() -> None:
    files = [score_file(0.5), score_file(0.7, name="rival", judge=OTHER_JUDGE)]
    require_one_judge(files, [FRAME_ERROR])
    assert files[0].judge(FRAME_ERROR) is None
    assert files[0].judge(SWAP.joint) == JUDGE


# Files.


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    file = score_file(0.5, 0.75)
    first = dataclasses.replace(file.runs[0].scores, details={"counts": [[1, 2]]})
    file = dataclasses.replace(
        file, runs=(ScoredRun(file.runs[0].training, first), file.runs[1]), name=tmp_path.name
    )
    write_scores(tmp_path / "scores.json", file)
    assert read_scores(tmp_path) == file


def test_a_model_without_scores_has_none(tmp_path: Path) -> None:
    assert read_scores(tmp_path) is None


def broken() -> list[str]:
    text = json.dumps(content())
    return [
        *("", "{", "[]", "null", "[" * 100_000, "{}"),
        text.replace("0.5", "NaN"),
        text.replace("0.5", "1" + "0" * 400),
        text.replace("0.5", '"half"'),
        text.replace("0.5", "true"),
        text.replace("0.5", "1.5"),
        text.replace("0.5", "-0.1"),
        text.replace("0.5", '{"way": 0.5}'),
        text.replace('"way": 1.5', '"size": 1.5'),
        text.replace('"joint"', '"share"'),
        text.replace('"steps": 30', '"steps": "many"'),
        text.replace('"clips": 12', '"clips": -1'),
        text.replace('"sha256": "abab', '"sha256": "xyxy'),
        text.replace('"train it"', '"line\\nbreak"'),
        text.replace('"squares"', '"' + "s" * 61 + '"'),
        text + " " * jsonfile.MAX_JSON_BYTES,
    ]


BROKEN = broken()


@pytest.mark.parametrize("text", BROKEN, ids=range(len(BROKEN)))
def test_a_broken_file_is_refused_in_a_sentence_that_names_the_file(
    tmp_path: Path, text: str
) -> None:
    folder = save(tmp_path / "model", text)
    with pytest.raises(CheckpointError, match=r"python -m rwae\.evaluation") as refused:
        read_scores(folder)
    assert "scores.json of model" in str(refused.value)
    assert str(tmp_path) not in str(refused.value), "a visitor sees no path"


PARTS = ["dataset", "split", "seed", "clips", "recordings", "factors", "judges", "runs"]


@pytest.mark.parametrize("part", [*PARTS, "baselines"])
@pytest.mark.parametrize("value", [[], {}, [[]], [{}], {"a": []}, "x" * 99, -1, 0.5])
def test_oddly_shaped_entries_never_crash(tmp_path: Path, part: str, value: Any) -> None:
    folder = save(tmp_path / "model", json.dumps(content() | {part: value}))
    with suppress(CheckpointError):
        read_scores(folder)


@pytest.mark.parametrize("part", [*PARTS, "baselines"])
def test_every_entry_is_needed(tmp_path: Path, part: str) -> None:
    folder = save(tmp_path / "m", json.dumps({k: v for k, v in content().items() if k != part}))
    with pytest.raises(CheckpointError, match=f"it has no '{part}'"):
        read_scores(folder)


SHIPPED = [
    *((path, path.parent.name) for path in (ROOT / "checkpoints").glob("*/scores.json")),
    *((path, path.stem) for path in (ROOT / "checkpoints" / "results").glob("*.json")),
]


@pytest.mark.parametrize(("path", "name"), SHIPPED, ids=[name for _, name in SHIPPED])
def test_a_saved_file_names_its_judge_clips_and_commands(path: Path, name: str) -> None:
    file = read_score_file(path, name)
    assert 0 < (file.recordings or 0) <= file.clips
    for run in file.runs:
        assert (run.training.command or "").startswith("python -m rwae.training --preset")
    for judge in file.judges.values():
        assert JudgeId.of_folder(ROOT / "checkpoints" / "judges" / judge.name) == judge
