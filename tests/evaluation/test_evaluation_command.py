"""The command: a table, a JSON file, and a plain sentence when something is missing."""

import dataclasses
import json
from pathlib import Path

import pytest
import torch

from rwae import RWAE, ModelConfig, data
from rwae.classifiers import DigitsJudge, make_judge
from rwae.codes import Factor
from rwae.data import figures
from rwae.data.clips import Clips
from rwae.data.moving_mnist import MovingDigits
from rwae.errors import DataError
from rwae.evaluation import __main__ as command
from rwae.evaluation import probes, results, run, sweep
from rwae.evaluation.programs import COMPOSITE, COPY_INPUT, HISTOGRAM, NEAREST, SAME_CHARACTER
from rwae.files.checkpoint import CONFIG_FILE, WEIGHTS_FILE
from rwae.files.metrics import (
    DIGITS_SWAP,
    FRAME_ERROR,
    INFORMATION_STATIC,
    NEAREST_REAL,
    SWAP,
    SWEEP,
)
from rwae.files.scores import JudgeId, Scores, Training, read_score_file, read_scores, write_scores

SMALL = ModelConfig(
    static_size=4, dynamic_size=3, static_width=8, dynamic_width=4, decoder_width=8, hidden_size=8
)


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an untrained model and judge, and a data set of 24 clips."""
    torch.manual_seed(0)
    RWAE(SMALL).save_pretrained(tmp_path / "model")
    make_judge(figures.FACTORS).save(tmp_path / "judge")
    clips = figures.load("validation")
    chosen = torch.arange(0, 512, 21)[:24]
    few = Clips(clips.frames[chosen], clips.labels[chosen], clips.factors)
    monkeypatch.setattr(data, "load", lambda *_: few)
    monkeypatch.setattr(probes, "PROBE_STEPS", 20)
    monkeypatch.setattr(sweep, "MOST_CHARACTERS", 6)
    return tmp_path


def score(scene: Path, *more: str) -> int:
    return command.main(
        [str(scene / "model"), "--dataset", "figures", "--judge", str(scene / "judge"),
         "--device", "cpu", *more]
    )  # fmt: skip


def test_it_prints_a_table_and_writes_the_same_numbers_twice(
    scene: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert score(scene) == 0
    first = (scene / "model" / "scores.json").read_text()
    said = capsys.readouterr().out
    assert COPY_INPUT in said
    assert SAME_CHARACTER in said
    card = scene / "model" / "README.md"
    begin, end = results.CARD_MARKERS
    card.write_text(f"# A model\n{begin}\nstale\n{end}\nThe rest.\n")
    assert score(scene, "--out", str(scene / "again.json"), "--card") == 0
    assert (scene / "again.json").read_text() == first
    table = capsys.readouterr().out.strip()
    assert table.startswith("|")
    assert card.read_text() == f"# A model\n{begin}\n\n{table}\n\n{end}\nThe rest.\n"
    file = read_scores(scene / "model")
    scores = file.runs[0].scores
    assert (file.dataset, file.clips, file.recordings) == ("figures", 24, 24)
    assert f"{scores.number(SWAP.joint):.2%}" in said
    assert set(file.baselines) == {COPY_INPUT, SAME_CHARACTER, COMPOSITE, HISTOGRAM, NEAREST}
    assert file.runs[0].training.to_json() == {}
    assert {SWEEP.identity, INFORMATION_STATIC.nats, probes.CHANCE} <= set(scores.values)
    assert file.judge(SWAP.joint) == JudgeId.of_folder(scene / "judge")
    assert scores.number(NEAREST_REAL) == pytest.approx(0, abs=1e-6)


def test_errors_are_measured_without_a_judge_and_added(scene: Path) -> None:
    out = scene / "model" / "scores.json"
    (scene / "model" / "training.json").write_text('{"seed": 0}')
    (scene / "judge" / "model.safetensors").unlink()
    assert score(scene, "--no-judge") == 0
    first = read_scores(scene / "model")
    assert first.judges == {}
    assert {metric.group.key for metric in first.runs[0].scores.values} <= {"error", "swap_truth"}
    assert first.known(FRAME_ERROR)
    emptied = dataclasses.replace(first.runs[0], scores=Scores())
    write_scores(out, dataclasses.replace(first, runs=(emptied,)))
    assert score(scene, "--no-judge", "--add") == 0
    added = read_scores(scene / "model")
    assert added.known(FRAME_ERROR) == first.known(FRAME_ERROR)
    assert len(added.runs) == 1


@pytest.mark.slow
def test_another_training_seed_is_added_to_the_file(scene: Path) -> None:
    for seed in (0, 1):
        settings = {"seed": seed, "steps": 40}
        (scene / "model" / "training.json").write_text(json.dumps(settings))
        assert score(scene, "--out", str(scene / "all.json"), *["--add"] * seed) == 0
    file = read_score_file(scene / "all.json", "both")
    assert [run.training.seed for run in file.runs] == [0, 1]


@pytest.mark.slow
def test_a_run_by_another_judge_is_not_added(
    scene: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (scene / "model" / "training.json").write_text('{"seed": 0, "steps": 40}')
    assert score(scene) == 0
    make_judge(figures.FACTORS).save(scene / "judge")
    (scene / "model" / "training.json").write_text('{"seed": 1, "steps": 40}')
    assert score(scene, "--add") == 2
    assert "different judges are never averaged" in capsys.readouterr().err
    assert len(read_scores(scene / "model").runs) == 1


def test_a_broken_judge_is_refused(scene: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (scene / "judge" / CONFIG_FILE).write_text("{")
    assert score(scene) == 2
    assert "describes no judge" in capsys.readouterr().err
    (scene / "judge" / WEIGHTS_FILE).write_bytes(b"torn")
    assert score(scene) == 2
    assert not (scene / "model" / "scores.json").exists()


def test_a_model_of_the_hub_is_scored_on_what_its_training_file_names(
    scene: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its folder is found first, so that the file beside the weights is read."""
    settings = {"dataset": "figures", "seed": 7, "steps": 40}
    (scene / "model" / "training.json").write_text(json.dumps(settings))
    monkeypatch.setattr(command, "locate", lambda _source: scene / "model")
    out = scene / "hub.json"
    options = ["owner/small", "--judge", str(scene / "judge"), "--device", "cpu"]
    assert command.main([*options, "--out", str(out)]) == 0
    file = read_score_file(out, "small")
    assert file.dataset == "figures"
    assert file.runs[0].training.seed == 7


def test_moving_digits_have_a_judge_and_scores_of_their_own(
    scene: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    DigitsJudge().save(scene / "judge")
    images = torch.randint(256, (20, 28, 28), dtype=torch.uint8).numpy()
    clips = MovingDigits(images, torch.arange(20).remainder(10).numpy(), count=4, stream=0)
    monkeypatch.setattr(data, "load", lambda *_: clips)
    assert score(scene, "--dataset", "moving_mnist") == 0
    file = read_scores(scene / "model")
    assert (file.dataset, file.clips) == ("moving_mnist", 4)
    assert file.values(DIGITS_SWAP.pair) is not None
    assert set(file.baselines) == {COPY_INPUT, SAME_CHARACTER, COMPOSITE, HISTOGRAM, NEAREST}
    assert DIGITS_SWAP.pair.title in capsys.readouterr().out


def test_the_scores_say_how_the_weights_were_trained(scene: Path) -> None:
    settings = {"seed": 7, "steps": 40, "batch": 8, "command": "train it", "model": {}}
    (scene / "model" / "training.json").write_text(json.dumps(settings))
    assert score(scene) == 0
    file = read_scores(scene / "model")
    trained = file.runs[0].training.to_json()
    assert trained == {"seed": 7, "steps": 40, "batch": 8, "command": "train it"}
    assert (file.seed, file.split) == (0, "test")


def test_a_broken_training_file_is_refused(
    scene: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (scene / "model" / "training.json").write_text("{")
    assert score(scene) == 2
    assert "training.json holds no settings (it is not JSON" in capsys.readouterr().err


def test_an_invalid_data_set_name_falls_back_on_the_default(scene: Path) -> None:
    (scene / "model" / "training.json").write_text('{"dataset": ["figures"]}')
    options = [str(scene / "model"), "--judge", str(scene / "judge"), "--device", "cpu"]
    assert command.main(options) == 0
    assert read_scores(scene / "model").dataset == "sprites", "the default"


def test_an_unwritable_file_is_reported_after_the_table(
    scene: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (scene / "file").write_text("in the way")
    assert score(scene, "--out", str(scene / "file" / "scores.json")) == 2
    said = capsys.readouterr()
    assert COPY_INPUT in said.out
    assert "name another with --out" in said.err


@pytest.mark.slow
def test_another_seed_gives_other_numbers(scene: Path) -> None:
    score(scene, "--out", str(scene / "0.json"))
    score(scene, "--out", str(scene / "1.json"), "--seed", "1")
    assert (scene / "0.json").read_text() != (scene / "1.json").read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no/such/model/anywhere", "--dataset", "figures"], "no folder"),
        (["checkpoints/absent", "--dataset", "figures"], "no folder"),
    ],
)
def test_a_missing_model_exits_with_2_and_one_line(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(arguments) == 2
    error = capsys.readouterr().err.strip()
    assert said in error
    assert "\n" not in error


def test_a_missing_data_set_exits_with_2_and_names_the_download(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    RWAE(SMALL).save_pretrained(tmp_path)
    assert command.main([str(tmp_path), "--data", str(tmp_path / "none")]) == 2
    assert "python -m rwae.data.download sprites" in capsys.readouterr().err


def test_clips_without_a_label_of_motion_are_refused_before_a_judge_is_trained(
    tiny: RWAE, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = torch.zeros(6, 4, 3, 32, 32, dtype=torch.uint8)
    clips = Clips(frames, torch.zeros(6, 1).long(), (Factor("who", ("a", "b"), True),))
    monkeypatch.setattr("rwae.data.load", lambda *_: clips)
    with pytest.raises(DataError, match="labelled by who: a judge needs to learn how it moves"):
        run.score_checkpoint(tiny, Training(), "folder", "test")


def test_writing_without_a_table_is_refused() -> None:
    with pytest.raises(SystemExit) as stop:
        command.main(["checkpoints/sprites", "--write"])
    assert stop.value.code == 2
