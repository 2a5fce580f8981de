"""The tables over all models: built from the saved files, in their order, over training seeds."""

import dataclasses
import re
from pathlib import Path

import pytest
import torch
from conftest import ROOT
from evaluation_doubles import FACTORS, Perfect, Reader, labelled

from rwae.errors import CheckpointError
from rwae.evaluation import __main__ as command
from rwae.evaluation import results
from rwae.evaluation.programs import (
    COMPOSITE,
    COPY_INPUT,
    HISTOGRAM,
    SAME_CHARACTER,
    score_programs,
)
from rwae.evaluation.results import TABLE_MARKERS, read_results, readme_text, results_text
from rwae.evaluation.run import score_model
from rwae.files.metrics import (
    CHANCE,
    CODE_COLUMNS,
    DIGITS_PRIOR_DYNAMIC,
    DIGITS_SWAP,
    DYNAMIC_LABELS,
    FRAME_ERROR,
    INFORMATION_CEILING,
    INFORMATION_DYNAMIC,
    INFORMATION_STATIC,
    PRIOR_STATIC,
    PROBES,
    RENDERED_COLUMNS,
    STATIC_LABELS,
    SWAP,
    SWAP_ERROR,
    SWAP_RATIO,
    SWEEP,
    UNCONDITIONAL,
    UNSEEN,
    Metric,
)
from rwae.files.scores import JudgeId, ScoredRun, ScoreFile, Scores, Training, write_scores

JUDGE = JudgeId("reader", "0" * 64)


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture(scope="module")
def scores() -> Scores:
    return score_model(Perfect(), labelled(2), Reader(), seeded())


@pytest.fixture(scope="module")
def baselines() -> dict[str, Scores]:
    return score_programs(labelled(2), Reader(), seeded())


def file_of(*runs: Scores, dataset: str = "sprites", steps: int = 5000) -> ScoreFile:
    groups = {metric.group.key for scores in runs for metric in scores.values}
    return ScoreFile(
        dataset=dataset,
        split="test",
        seed=0,
        clips=48,
        recordings=48,
        factors=FACTORS,
        judges=dict.fromkeys(groups, JUDGE),
        runs=tuple(
            ScoredRun(Training(seed=seed, steps=steps), run) for seed, run in enumerate(runs)
        ),
    )


def with_swap(scores: Scores, joint: float) -> Scores:
    return scores | Scores({SWAP.joint: joint})


@pytest.fixture
def checkpoints(tmp_path: Path, scores: Scores, baselines: dict[str, Scores]) -> Path:
    """One with three training seeds, one without weights, one that cannot swap, a left out one."""
    several = file_of(*(with_swap(scores, joint) for joint in (0.97, 0.99, 0.98)))
    several = dataclasses.replace(several, baselines=baselines)
    write_scores(tmp_path / "sprites" / "scores.json", several)
    drawn = {UNCONDITIONAL.inception_score, SWEEP.identity, SWEEP.sure}
    rival = Scores({metric: scores.values[metric] for metric in drawn})
    write_scores(tmp_path / "sprites-mocogan" / "scores.json", file_of(rival))
    write_scores(tmp_path / "results" / "sprites-drawing.json", file_of(rival))
    other = file_of(with_swap(scores, 0.5))
    write_scores(tmp_path / "results" / "sprites-another.json", other)
    (tmp_path / "judges").mkdir()
    return tmp_path


def tables(checkpoints: Path) -> str:
    return results_text(read_results(checkpoints))


def cells_of(text: str, row: str) -> dict[str, str]:
    """The cells of a row, by the heads of their columns."""
    head = next(line for line in text.splitlines() if SWAP.joint.heading in line)
    line = next(line for line in text.splitlines() if row in line)
    pair = [part.strip("| ").split(" | ") for part in (head, line)]
    return dict(zip(*pair, strict=True))


def head_of(metric: Metric) -> str:
    return f"{metric.heading} {metric.arrow}".strip()


def test_mean_and_deviation_over_seeds_stand_in_the_row_of_their_model(checkpoints: Path) -> None:
    cells = cells_of(tables(checkpoints), "shipped")
    assert (cells["steps"], cells["seeds"]) == ("5,000", "3")
    assert cells[head_of(SWAP.joint)] == "98.00 ± 1.00%"  # the sample deviation, of n - 1
    assert "± 0.000" in cells[head_of(UNCONDITIONAL.inception_score)]


def test_known_models_come_first_then_others_by_name_then_the_programs(checkpoints: Path) -> None:
    lines = tables(checkpoints).splitlines()
    first = [line.split(" | ")[0].strip("| ") for line in lines]
    known = [results.MODEL_TITLES["sprites"], "sprites-another", "sprites-drawing"]
    assert first[2:9] == [*known, COPY_INPUT, SAME_CHARACTER, COMPOSITE, HISTOGRAM]


def test_what_has_not_converged_is_in_no_table(checkpoints: Path) -> None:
    assert "sprites-mocogan" in [file.name for file in read_results(checkpoints)]
    assert "mocogan" not in tables(checkpoints).lower()


def test_a_swap_that_a_program_reaches_is_beaten(checkpoints: Path, scores: Scores) -> None:
    another = scores | Scores({SWAP.joint: 0.1, SWAP_RATIO: 2.0, SWAP_ERROR: 0.5})
    write_scores(checkpoints / "results" / "sprites-another.json", file_of(another))
    cells = cells_of(tables(checkpoints), "sprites-another")
    assert cells[head_of(SWAP.joint)] == "**10.00%, beaten**", "always the same character has 17 %"
    assert cells[head_of(PRIOR_STATIC.joint)] == "100.00%", "any copy has it"
    assert cells[head_of(SWAP_ERROR)] == "0.50", "a small error is not beaten by a large one"
    assert cells[head_of(SWAP_RATIO)] == "2.000", "a ratio has no better side"


def test_objective_views_and_independence_have_a_table_of_their_own(
    checkpoints: Path, scores: Scores
) -> None:
    folder = checkpoints / "results"
    for name, joint in (("dsvae-views", 0.3), ("bare", 0.2), ("bare-hsic", 0.25)):
        write_scores(folder / f"sprites-{name}.json", file_of(with_swap(scores, joint)))
    text = tables(checkpoints)
    rows = [line for line in text.splitlines() if re.search(r"\| (yes|no) \| (yes|no) \|", line)]
    assert [row.split(" | ")[:3] for row in rows] == [
        ["| the paper's objective", "no", "no"],
        ["| the paper's objective", "no", "yes"],
        ["| DSVAE", "yes", "no"],
    ]
    assert "| 25.00% |" in rows[1]
    assert "sprites-dsvae-views" not in text, "a run of this table alone"


def test_a_number_that_some_seeds_have_says_so(checkpoints: Path, scores: Scores) -> None:
    first = scores | Scores({SWAP_RATIO: 1.5})
    lacking = Scores({m: v for m, v in scores.values.items() if m != SWAP_RATIO})
    write_scores(checkpoints / "sprites" / "scores.json", file_of(first, lacking))
    assert cells_of(tables(checkpoints), "shipped")[head_of(SWAP_RATIO)] == "1.500 (1 of 2 seeds)"


def test_an_unmeasured_number_is_a_dash_and_one_seed_has_no_deviation(
    checkpoints: Path,
) -> None:
    cells = cells_of(tables(checkpoints), "sprites-drawing")
    assert cells[head_of(SWAP.joint)] == "-"
    assert cells[head_of(SWEEP.identity)] == "100.00%"
    assert not any("±" in cell for cell in cells.values())


def test_other_data_sets_have_tables_of_their_own(checkpoints: Path, scores: Scores) -> None:
    digits = Scores({DIGITS_SWAP.pair: 0.9, DIGITS_SWAP.digit: 0.95, FRAME_ERROR: 40.0})
    write_scores(
        checkpoints / "moving_mnist" / "scores.json", file_of(digits, dataset="moving_mnist")
    )
    write_scores(checkpoints / "zebras" / "scores.json", file_of(scores, dataset="zebras"))
    text = tables(checkpoints)
    heads = re.findall(r"^\| ([^|]+), \d+ clips;", text, re.M)
    assert heads == ["Sprites", "SM-MNIST", "zebras"]
    assert "| 95.00% | 90.00% | 40.00 |" in text


def test_the_heading_names_the_recordings_if_they_are_fewer_than_the_clips(
    checkpoints: Path, scores: Scores
) -> None:
    cut = dataclasses.replace(file_of(scores, dataset="windows"), recordings=8)
    write_scores(checkpoints / "windows" / "scores.json", cut)
    heading = "| windows, 48 clips of 8 recordings; judge: reader (000000000000) |"
    assert heading in tables(checkpoints)


def test_probes_and_information_stand_beside_chance_and_the_labels(
    checkpoints: Path, scores: Scores
) -> None:
    def probe(action: float, shape: float, colour: float) -> dict[str, float]:
        return {"motion": action, "shape": shape, "colour": colour}

    static, dynamic = probe(0.3, 1, 1), probe(1, 0.25, 0.6)
    known = Scores(
        {
            **{PROBES[codes, "static", "nonlinear"]: static for codes in ("draw", "mean")},
            **{PROBES[codes, "dynamic", "nonlinear"]: dynamic for codes in ("draw", "mean")},
            CHANCE: probe(0.25, 0.33, 0.5),
            STATIC_LABELS: 1.5,
            DYNAMIC_LABELS: 1.25,
            INFORMATION_STATIC.nats: 2.0,
            INFORMATION_DYNAMIC.nats: 2.0,
            INFORMATION_CEILING: 2.03,
        }
    )
    write_scores(checkpoints / "results" / "sprites-another.json", file_of(scores | known))
    found = tables(checkpoints)
    assert (
        "| sprites-another | 5,000 | 1 | 30.0% | 30.0% | 60.0% | 60.0% | ≥ 2.00 | ≥ 2.00 |"
        in found
    )
    beside = results.references(known)
    values = [[row.summary(m, FACTORS) for m in CODE_COLUMNS[:6]] for row in beside.values()]
    assert values == [
        [0.25, 0.25, 0.5, 0.5, None, None],
        [None, None, None, None, 1.5, 1.25],
    ]


@pytest.mark.parametrize("change", [{"split": "validation"}, {"seed": 4}, {"clips": 47}])
def test_models_that_were_scored_in_different_ways_do_not_stand_in_one_table(
    checkpoints: Path, scores: Scores, change: dict[str, object]
) -> None:
    other = dataclasses.replace(file_of(scores), **change)
    write_scores(checkpoints / "results" / "sprites-another.json", other)
    with pytest.raises(CheckpointError, match="in the same way"):
        tables(checkpoints)


def test_models_with_different_judges_do_not_stand_in_one_table(
    checkpoints: Path, scores: Scores
) -> None:
    file = file_of(scores)
    other = dataclasses.replace(
        file, judges=dict.fromkeys(file.judges, JudgeId("reader", "1" * 64))
    )
    write_scores(checkpoints / "results" / "sprites-another.json", other)
    with pytest.raises(CheckpointError, match="different judges never stand in one table"):
        tables(checkpoints)


@pytest.mark.parametrize("text", ["{", "[]", '{"dataset": "sprites"}', "3"])
def test_a_broken_file_is_named(checkpoints: Path, text: str) -> None:
    (checkpoints / "results" / "torn.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"torn\.json"):
        tables(checkpoints)


def test_the_readme_has_one_table_of_seven_columns(checkpoints: Path) -> None:
    digits = Scores({DIGITS_SWAP.pair: 0.9, DIGITS_PRIOR_DYNAMIC.pair: 0.8, FRAME_ERROR: 40.0})
    write_scores(
        checkpoints / "moving_mnist" / "scores.json", file_of(digits, dataset="moving_mnist")
    )
    text = readme_text(read_results(checkpoints))
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {row.count("|") for row in rows} == {8}
    assert any("shipped" in row and "98.00 ± 1.00%" in row and "3 / 5,000" in row for row in rows)
    assert any("objects" in row and "| 90.00% | 80.00% | 40.00 |" in row for row in rows)
    assert not any("MoCoGAN" in row for row in rows)


def test_the_command_writes_the_files_and_sees_what_is_stale(
    checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    begin, end = TABLE_MARKERS
    pages = [tmp_path / "README.md", tmp_path / "docs" / "RESULTS.md"]
    card = checkpoints / "sprites" / "README.md"
    pages[1].parent.mkdir()
    for page in pages:
        page.write_text(f"# Title\n{begin}\nstale table\n{end}\nThe rest.\n")
    card.write_text("# Card\n{}\nstale table\n{}\n".format(*results.CARD_MARKERS))
    monkeypatch.setattr(command, "ROOT", tmp_path)
    monkeypatch.setattr(command, "CHECKPOINTS", checkpoints)
    assert command.main(["--table", "--check"]) == 1
    said = capsys.readouterr().err
    assert all(str(path) in said for path in (*pages, card))
    assert command.main(["--table", "--write"]) == 0
    assert command.main(["--table", "--check"]) == 0
    assert command.main(["--table"]) == 0
    assert capsys.readouterr().out.strip() in pages[1].read_text()
    for page in pages:
        text = page.read_text()
        assert text.startswith("# Title\n")
        assert text.endswith(f"{end}\nThe rest.\n")
        assert "stale table" not in text
    assert SWAP.group.title in card.read_text()
    pages[0].write_text("no markers")
    assert command.main(["--table", "--write"]) == 2
    assert pages[0].read_text() == "no markers"


def test_a_checkpoint_or_the_table_has_to_be_named() -> None:
    for arguments in ([], ["checkpoints/sprites", "--table"]):
        with pytest.raises(SystemExit) as stop:
            command.main(arguments)
        assert stop.value.code == 2


def test_the_files_show_what_the_saved_scores_say() -> None:
    blocks = results.all_blocks(ROOT, ROOT / "checkpoints")
    assert len(blocks) >= 2 + 9
    assert all(block.is_current() for block in blocks)


def test_a_table_shows_no_column_that_nobody_has(checkpoints: Path) -> None:
    head = tables(checkpoints).splitlines()[0]
    shown = [metric for metric in RENDERED_COLUMNS if head_of(metric) in head.split(" | ")]
    assert SWAP.joint in shown
    assert UNSEEN.joint not in shown
