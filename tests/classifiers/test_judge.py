"""The judge: its shapes, its files, that it learns, and that it knows the real clips."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from conftest import ROOT
from safetensors.torch import load_file, save_file

from rwae.classifiers import JUDGES, ApartJudge, Judge, make_judge
from rwae.codes import Factor
from rwae.data import DATA_SETS, DataSet, figures, sprites, weizmann
from rwae.data.clips import Clips
from rwae.errors import CheckpointError, ConfigError
from rwae.evaluation.judges import training
from rwae.evaluation.programs import composite
from rwae.files.checkpoint import CONFIG_FILE, WEIGHTS_FILE

# Those that name factors; the judge of moving digits finds them.
SHIPPED = [p.parent for p in sorted(JUDGES.glob(f"*/{WEIGHTS_FILE}")) if "mnist" not in str(p)]
FACTORS = (Factor("colour", ("red", "blue"), True), Factor("way", ("up", "down", "none"), False))


def moving_bars() -> Clips:
    """Bars of two colours that move up, down, or not: clips (96, 4, 3, 32, 32)."""
    labels = torch.cartesian_prod(torch.arange(2), torch.arange(3)).repeat(16, 1)
    frames = torch.zeros(96, 4, 3, 32, 32, dtype=torch.uint8)
    for clip, (colour, way) in enumerate(labels.tolist()):
        for t in range(4):
            row = 8 + clip // 12 + {0: -4 * t, 1: 4 * t, 2: 0}[way]
            frames[clip, t, 2 * colour, row % 28 : row % 28 + 4] = 200
    return Clips(frames, labels, FACTORS)


@pytest.fixture(scope="module", params=[False, True], ids=["together", "apart"])
def judge(request: pytest.FixtureRequest) -> Judge:
    torch.manual_seed(0)
    judge = make_judge(FACTORS, request.param)
    with torch.no_grad():
        judge(torch.rand(8, 4, 3, 32, 32))  # gives the batch norms something to remember
    return judge.eval()


@pytest.mark.parametrize("frames", [1, 4, 11])
def test_it_judges_clips_of_any_length(judge: Judge, frames: int) -> None:
    found = judge.probabilities(torch.rand(5, frames, 3, 32, 32))
    assert [tuple(p.shape) for p in found] == [(5, 2), (5, 3)]
    for p in found:
        assert p.dtype == torch.float64
        assert torch.allclose(p.sum(1), torch.ones(5, dtype=torch.float64))


def test_folding_changes_no_answer(judge: Judge) -> None:
    x = torch.rand(3, 4, 3, 32, 32)
    folded = judge.folded()
    assert not [m for m in folded.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    for one, two in zip(judge.probabilities(x), folded.probabilities(x), strict=True):
        assert torch.allclose(one, two, atol=1e-6)


def test_a_loaded_judge_gives_the_same_answers(judge: Judge, tmp_path: Path) -> None:
    judge.save(tmp_path)
    loaded = Judge.load(tmp_path)
    assert loaded.factors == FACTORS
    x = torch.rand(3, 4, 3, 32, 32)
    for one, two in zip(judge.probabilities(x), loaded.probabilities(x), strict=True):
        assert torch.allclose(one, two, atol=1e-6)


def test_a_folder_without_a_judge_says_how_to_train_one(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"rwae\.evaluation\.judges"):
        Judge.load(tmp_path)


@pytest.mark.parametrize(
    "config", ["{", "[]", "[" * 9999, '{"factors": [{"name": "x"}]}', '{"factors": 3}']
)
def test_a_broken_description_is_refused(judge: Judge, tmp_path: Path, config: str) -> None:
    judge.save(tmp_path)
    (tmp_path / CONFIG_FILE).write_text(config)
    with pytest.raises(ConfigError):
        Judge.load(tmp_path)


def test_weights_of_another_judge_are_refused(judge: Judge, tmp_path: Path) -> None:
    judge.save(tmp_path)
    weights = load_file(tmp_path / WEIGHTS_FILE)
    weights["heads.0.weight"] = torch.zeros(5, 256)
    save_file(weights, tmp_path / WEIGHTS_FILE)
    with pytest.raises(CheckpointError, match=r"heads\.0\.weight"):
        Judge.load(tmp_path)
    (tmp_path / WEIGHTS_FILE).write_bytes(b"not weights")
    with pytest.raises(CheckpointError, match="no readable judge"):
        Judge.load(tmp_path)
    (tmp_path / WEIGHTS_FILE).write_bytes((2**40).to_bytes(8, "little") + bytes(99))
    with pytest.raises(CheckpointError, match="header"):
        Judge.load(tmp_path)


@pytest.mark.parametrize("apart", [False, True])
def test_it_learns_to_name_both_factors(apart: bool) -> None:
    clips = moving_bars()
    judge = training.fit_factor_judge(clips, 10, 0, apart)
    assert min(training.accuracies(judge.folded(), clips).values()) > 0.95


def test_the_seed_decides_and_the_global_state_is_left_alone() -> None:
    clips = moving_bars()
    state = torch.random.get_rng_state()
    one, same, other = (
        training.fit_factor_judge(clips, 1, seed).state_dict() for seed in (0, 0, 1)
    )
    assert torch.equal(state, torch.random.get_rng_state())
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["heads.0.weight"], other["heads.0.weight"])


def test_perturbed_clips_stay_close(generator: torch.Generator) -> None:
    x = moving_bars().batch(torch.arange(8))
    seen = [training.perturb(x, generator) for _ in range(8)]
    assert len({float(s.double().sum()) for s in seen}) > 2
    for s in seen:
        assert s.shape == x.shape
        assert float((s.mean((3, 4)) - x.mean((3, 4))).abs().max()) < 0.02


def test_a_missing_judge_is_trained_once_and_one_of_other_data_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = moving_bars()
    bars = DataSet(lambda *_: clips, "none", needs_folder=False, judge_epochs=1)
    monkeypatch.setitem(DATA_SETS, "bars", bars)
    made = training.find_or_train(tmp_path, "bars", clips, None)
    assert 'real clips of the split "test"' in (tmp_path / "README.md").read_text()
    monkeypatch.setattr(training, "make_factor_judge", None)
    found = training.find_or_train(tmp_path, "bars", clips, None)
    for one, two in zip(made.parameters(), found.parameters(), strict=True):
        assert torch.equal(one, two)
    with pytest.raises(ConfigError, match="a judge of its own with --judge"):
        training.find_or_train(
            tmp_path, "bars", Clips(clips.frames, clips.labels, FACTORS[:1]), None
        )


def test_the_judge_of_two_networks_reads_each_factor_from_its_own_evidence(
    generator: torch.Generator,
) -> None:
    judge = make_judge(FACTORS, apart=True).eval()
    assert isinstance(judge, ApartJudge)
    x = moving_bars().batch(torch.arange(12))
    who, how = judge.probabilities(x)
    # Time and place say nothing of who (64 / 8 = 8 pixels are the stride of its features).
    late = x[:, torch.randperm(4, generator=generator)].roll(8, -1)
    assert torch.allclose(judge.probabilities(late)[0], who, atol=1e-5)
    # Colour and all that stands still say nothing of how.
    other = x[:, :, [2, 1, 0]] + 0.1 * torch.rand(1, 1, 3, 32, 32, generator=generator)
    assert torch.allclose(judge.probabilities(other)[1], how, atol=1e-4)
    assert not torch.allclose(judge.probabilities(other)[0], who, atol=1e-4)
    assert not torch.allclose(judge.probabilities(x.flip(1))[1], how, atol=1e-4)


def test_clips_without_labels_cannot_have_a_judge(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = Clips(moving_bars().frames, torch.empty(96, 0, dtype=torch.long), ())
    monkeypatch.setitem(DATA_SETS, "bare", DataSet(lambda *_: bare, "none", needs_folder=False))
    with pytest.raises(ConfigError, match="carry no label"):
        training.make_factor_judge(tmp_path, "bare", None)


def test_the_card_of_a_second_judge_names_its_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "figures-second"
    monkeypatch.setattr(training, "JUDGES", tmp_path)
    assert training.second_judge_folder("figures") is None
    for seed in (0, 1):
        training.write_judge_card(
            folder, "figures", "A judge.", "clips", "Training", "clips", {}, seed
        )
        command = "`python -m rwae.evaluation.judges --dataset figures"
        apart = f" --seed 1 --out {folder.as_posix()}" if seed else ""
        assert f"{command}{apart}`" in (folder / "README.md").read_text("utf-8")
    assert training.second_judge_folder("figures") is None, "its training is under way"
    (folder / WEIGHTS_FILE).touch()
    assert training.second_judge_folder("figures") == folder


def test_judges_of_own_data_are_kept_apart_from_the_shipped_ones() -> None:
    assert training.judge_folder("sprites") == ROOT / "checkpoints" / "judges" / "sprites"
    assert training.judge_folder("folder") == Path("runs/judges/folder")


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_a_shipped_judge_is_small_and_of_its_data_set(folder: Path) -> None:
    name = folder.name.removesuffix("-second")
    known = {"sprites": sprites, "figures": figures, "weizmann": weizmann}[name]
    assert Judge.load(folder).factors == known.FACTORS
    assert (folder / WEIGHTS_FILE).stat().st_size < 2_000_000
    assert set(json.loads((folder / CONFIG_FILE).read_text())) <= {"factors", "apart", "ghosts"}
    assert f"--dataset {name}" in (folder / "README.md").read_text()


def test_the_shipped_judge_of_figures_knows_unseen_ones() -> None:
    judge = Judge.load(ROOT / "checkpoints" / "judges" / "figures")
    clips = figures.load("test")
    some = Clips(clips.frames[::3], clips.labels[::3], clips.factors)
    assert min(training.accuracies(judge, some).values()) > 0.97


def test_the_shipped_judge_knows_the_real_clips(sprites_folder: Path) -> None:
    judge = Judge.load(ROOT / "checkpoints" / "judges" / "sprites")
    clips = sprites.load(sprites_folder, "test")
    some = Clips(clips.frames[::5], clips.labels[::5], clips.factors)
    assert min(training.accuracies(judge, some).values()) >= 0.998


def test_the_shipped_judge_knows_people_in_actions_that_it_never_saw_and_sees_ghosts(
    real_data: Callable[[str], Path],
) -> None:
    judge = Judge.load(ROOT / "checkpoints" / "judges" / "weizmann")
    clips = weizmann.load(real_data("weizmann"), "validation")
    some = Clips(clips.frames[::4], clips.labels[::4], clips.factors)
    assert min(training.accuracies(judge, some).values()) >= 0.97
    real = some.batch(torch.arange(len(some)))
    ghost = composite(real, real.flip(0))
    share = [float((judge.probabilities(x)[2][:, 0] > 0.5).float().mean()) for x in (real, ghost)]
    assert share[0] >= 0.97
    assert share[1] <= 0.1
