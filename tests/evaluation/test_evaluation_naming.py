"""Naming directions, on worlds in which the right answer is known."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from conftest import ROOT
from torch import Tensor

from rwae import RWAE, Codes, ModelConfig, data
from rwae.classifiers import Judge, make_judge
from rwae.codes import Factor
from rwae.data import figures
from rwae.data.clips import Clips
from rwae.editing.named_directions import read_named_directions
from rwae.editing.studio import Studio
from rwae.errors import ConfigError
from rwae.evaluation.judges.training import judge_folder, second_judge_folder
from rwae.evaluation.naming import __main__ as command
from rwae.evaluation.naming import directions
from rwae.evaluation.naming.directions import (
    Direction,
    FoundDirection,
    Outcome,
    first_guess,
    follow_direction,
    judge_values,
    offered_directions,
    refine_direction,
    search_directions,
    short_value,
    value_effects,
)
from rwae.evaluation.tasks import LabelledCodes

FACTORS = (
    Factor("colour", ("colour r", "colour g", "colour b"), True),
    Factor("size", ("s", "l"), True),
    Factor("way", ("up", "down"), False),
)
# Where each value of a static factor puts a code of three numbers; what shows the way lies in the
# dynamic code.
CORNERS = (
    torch.tensor([[2.0, 0, 0], [-1, 1.73, 0], [-1, -1.73, 0]]),
    torch.tensor([[0, 0, 1.5], [0, 0, -1.5]]),
)


class Painter:
    """A model whose pictures are its codes: three pixels of who, and one of the way."""

    device = torch.device("cpu")
    encodes = True

    def decoder(self, static: Tensor, dynamic: Tensor, _action: Tensor | None) -> Tensor:
        frames = dynamic.shape[1]
        shown = torch.cat([static[:, None].expand(-1, frames, -1), dynamic], -1)
        return shown[..., None, None]

    def uncrop(self, x: Tensor) -> Tensor:
        return x

    @torch.no_grad()
    def decode(self, codes: Codes) -> Tensor:
        return self.decoder(codes.static, codes.dynamic, codes.action)


class Nearest:
    """A judge that names the nearest corner of each factor; its logits have gradients."""

    factors = FACTORS

    def __call__(self, x: Tensor) -> list[Tensor]:
        seen = x[..., 0, 0].mean(1)
        away = [
            torch.cdist(seen[:, kept], corners[:, kept])
            for corners, kept in zip(CORNERS, ([0, 1], [2]), strict=True)
        ]
        return [*(-distance.square() for distance in away), seen[:, 3:] * torch.tensor([1.0, -1])]

    def probabilities(self, x: Tensor) -> list[Tensor]:
        return [logits.double().softmax(-1) for logits in self(x)]


class Blind(Nearest):
    """A judge that says the first value of everything, whatever it sees."""

    def __call__(self, x: Tensor) -> list[Tensor]:
        seen = super().__call__(x)
        return [10 * (torch.arange(a.shape[1]) == 0).expand_as(a).float() for a in seen]


def people(count: int, seed: int = 0, tied: float = 0.0, noise: float = 0.1) -> LabelledCodes:
    """Codes of people; `tied` is the share in whom large ones are all of the first colour."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.stack(
        [torch.randint(len(f.values), (count,), generator=generator) for f in FACTORS], 1
    )
    which = (torch.rand(count, generator=generator) < tied) & (labels[:, 1] == 1)
    labels[which, 0] = 0
    static = CORNERS[0][labels[:, 0]] + CORNERS[1][labels[:, 1]]
    static = static + noise * torch.randn(static.shape, generator=generator)
    dynamic = (1.0 - 2 * labels[:, 2])[:, None, None].expand(-1, 2, 1)
    return LabelledCodes(Codes(static, dynamic), labels)


def towards(vector: Tensor, known: LabelledCodes) -> Direction:
    guess = first_guess(known.codes.static, vector)
    assert guess is not None
    return guess


def test_effects_of_correlated_labels_are_separated() -> None:
    known = people(600, tied=0.8, noise=0.0)
    found = value_effects(known, FACTORS)
    for vectors, corners in zip(found, CORNERS, strict=True):
        assert torch.allclose(vectors, corners - corners.mean(0), atol=1e-4)
    # A mere difference of means would have found a size in the colour.
    red = known.labels[:, 0] == 0
    means = known.codes.static[red].mean(0) - known.codes.static[~red].mean(0)
    assert abs(float(means[2])) > 0.3


def test_a_direction_is_scaled_by_the_deviation_and_moves_forward_only() -> None:
    known = people(200)
    guess = towards(torch.tensor([2.0, 0, 0]), known)
    here = guess.coordinate(known.codes.static)
    assert float(here.std(correction=0)) == pytest.approx(1, abs=1e-5)
    assert float(here.mean()) == pytest.approx(0, abs=1e-5)
    assert float(guess.read @ guess.write) == pytest.approx(1, abs=1e-5)
    there = guess.coordinate(guess.move(known.codes.static, 0.5))
    assert torch.allclose(there, here.clamp_min(0.5), atol=1e-5)


def test_an_effect_of_zero_gives_no_direction() -> None:
    assert first_guess(torch.randn(9, 3), torch.zeros(3)) is None


@pytest.mark.parametrize(
    ("write", "selectivity"),
    [([1.0, 0, 0], 1.0), ([1.0, 0, 5.0], 0.5)],
    ids=["straight", "and up, which only large ones outlast"],
)
def test_following_measures_reach_and_selectivity(write: list[float], selectivity: float) -> None:
    known = people(400)
    direction = towards(torch.tensor([2.0, 0, 0]), known).along(torch.tensor(write))
    before = judge_values(Painter(), Nearest(), known.codes)
    assert torch.equal(before.values, known.labels)
    found = follow_direction(Painter(), Nearest(), before, direction, (0, 0))
    assert found.tested == int((known.labels[:, 0] != 0).sum())
    assert found.reach == 1
    assert found.selectivity == pytest.approx(selectivity, abs=0.1)
    assert found.success == found.selectivity


def test_a_direction_that_leads_elsewhere_reaches_nothing() -> None:
    known = people(50)
    to_red = towards(torch.tensor([2.0, 0, 0]), known)
    beside = Direction(to_red.mean, to_red.read, torch.tensor([0.0, 9.0, 0]))
    found = follow_direction(
        Painter(), Nearest(), judge_values(Painter(), Nearest(), known.codes), beside, (0, 0)
    )
    assert (found.reached, found.selective) == (0, 0)


def test_a_change_of_the_dynamic_factor_counts_against_selectivity() -> None:
    class Turning(Painter):
        """Large codes turn the clip round."""

        def decoder(self, static: Tensor, dynamic: Tensor, action: Tensor | None) -> Tensor:
            turned = torch.where(static[:, :1, None] > 0, -dynamic, dynamic)
            return super().decoder(static, turned, action)

    known = people(100)
    model = Turning()
    found = follow_direction(
        model,
        Nearest(),
        judge_values(model, Nearest(), known.codes),
        towards(torch.tensor([2.0, 0, 0]), known),
        (0, 0),
    )
    assert (found.reach, found.selectivity) == (1, 0)


def test_outcomes_without_clips_are_zero() -> None:
    assert (Outcome(0, 0, 0).reach, Outcome(4, 0, 0).selectivity, Outcome(4, 2, 1).success) == (
        0, 0, 0.25
    )  # fmt: skip


def test_refining_improves_a_direction_that_changes_other_factors(
    generator: torch.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directions, "REFINE_STEPS", 30)
    monkeypatch.setattr(directions, "REFINE_LEARNING_RATE", 0.15)
    known, held_out = people(300), people(100, seed=1)
    before = judge_values(Painter(), Nearest(), held_out.codes)
    skewed = towards(torch.tensor([2.0, 0, 0]), known).along(torch.tensor([2.0, 1.0, 2.5]))
    first = follow_direction(Painter(), Nearest(), before, skewed, (0, 0))
    refined = refine_direction(Painter(), Nearest(), known, skewed, (0, 0), generator)
    second = follow_direction(Painter(), Nearest(), before, refined, (0, 0))
    assert first.success < 0.7
    assert second.success > 0.95
    assert torch.equal(refined.read, skewed.read)


def test_the_search_finds_every_value_and_measures_on_held_out_clips() -> None:
    parts = [people(count, seed) for seed, count in enumerate((300, 60, 80))]
    found = list(
        search_directions(
            Painter(), Nearest(), Nearest(), parts[0], parts[1].codes, parts[2].codes, 0
        )
    )
    assert [(one.factor, one.value) for one in found] == [
        ("colour", "r"), ("colour", "g"), ("colour", "b"), ("size", "s"), ("size", "l")
    ]  # fmt: skip
    for one in found:
        assert one.offered
        assert not one.refined
        assert (one.shown.reach, one.shown.selectivity) == (1, 1)
    assert found[0].shown.tested == int((parts[2].labels[:, 0] != 0).sum())
    assert found[0].chosen.tested == int((parts[1].labels[:, 0] != 0).sum())


def test_only_directions_above_the_thresholds_are_offered() -> None:
    direction = towards(torch.tensor([2.0, 0, 0]), people(50))
    good, bad = Outcome(10, 5, 4), Outcome(10, 10, 10)
    outcomes = [(good, bad), (Outcome(10, 4, 4), bad), (Outcome(10, 10, 7), bad)]
    found = [
        FoundDirection("colour", str(n), direction, False, chosen, shown)
        for n, (chosen, shown) in enumerate(outcomes)
    ]
    kept = offered_directions(found)
    assert [(one.value, one.reach, one.selectivity) for one in kept.names] == [("0", 1, 1)]
    assert kept.write.shape == (1, 3)
    assert offered_directions(found[1:]).read.shape == (0, 3)


def test_the_summary_counts_the_clips_of_all_offered_directions() -> None:
    direction = towards(torch.tensor([2.0, 0, 0]), people(50))
    good, bad = Outcome(10, 10, 10), Outcome(10, 0, 0)
    outcomes = [(good, Outcome(10, 4, 3)), (good, Outcome(30, 20, 15)), (bad, good)]
    found = [FoundDirection("colour", "r", direction, False, *both) for both in outcomes]
    assert command.format_summary(found) == (
        "2 of 3 directions are offered: moved along them, 60.0% of the clips get the value, and "
        "in 75.0% of these all else stays."
    )
    assert command.format_summary(found[2:]) == "None of 1 directions is offered."


def test_the_reported_figures_are_those_of_the_held_out_judge() -> None:
    parts = [people(count, seed) for seed, count in enumerate((300, 60, 80))]
    codes = parts[1].codes, parts[2].codes
    found = list(search_directions(Painter(), Nearest(), Blind(), parts[0], *codes, 0))
    assert all(one.offered and one.chosen.reach == 1 for one in found)
    assert all(one.shown.reached == 0 for one in found)
    assert [one.shown.tested for one in found] == [0, 80, 80, 0, 80]


def test_one_static_factor_is_too_few() -> None:
    class Lone(Nearest):
        factors = (FACTORS[0], FACTORS[2])

    known = people(20)
    with pytest.raises(ConfigError, match=r"of these clips are colour: .*needs two or more"):
        next(search_directions(Painter(), Lone(), Lone(), known, known.codes, known.codes, 0))


def test_values_are_named_without_their_factor() -> None:
    assert short_value(Factor("hair", ("hair 3",), True), 0) == "3"
    assert short_value(Factor("colour", ("red", "colour"), True), 0) == "red"
    assert short_value(Factor("colour", ("red", "colour"), True), 1) == "colour"


@dataclass
class Scene:
    """A folder with an untrained model and judge."""

    model: Path
    judge: Path


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    torch.manual_seed(0)
    sizes = {"static_size": 4, "dynamic_size": 3, "static_width": 8, "dynamic_width": 4}
    RWAE(ModelConfig(**sizes, decoder_width=8, hidden_size=8)).save_pretrained(tmp_path / "model")
    make_judge(figures.FACTORS).save(tmp_path / "judge")
    clips = figures.load("validation")
    chosen = torch.arange(0, 512, 21)[:24]
    few = Clips(clips.frames[chosen], clips.labels[chosen], clips.factors)
    monkeypatch.setattr(data, "load", lambda *_: few)
    monkeypatch.setattr(directions, "REFINE_STEPS", 1)
    monkeypatch.setattr(directions, "REFINED_CLIPS", 2)
    monkeypatch.setattr(command, "CHOOSING_CLIPS", 3)
    return Scene(tmp_path / "model", tmp_path / "judge")


def test_the_command_writes_what_the_app_reads(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    options = [str(scene.model), "--dataset", "figures", "--judge", str(scene.judge)]
    assert command.main([*options, "--clips", "3", "--device", "cpu"]) == 0
    written = json.loads((scene.model / "directions.json").read_text("utf-8"))
    static = [factor for factor in figures.FACTORS if factor.static]
    # A few clips do not show every value of every factor.
    assert 0 < len(written["measured"]) <= sum(len(factor.values) for factor in static)
    assert (written["dataset"], written["split"], written["clips"]) == ("figures", "test", 3)
    assert written["rule"] == {"split": "validation", "reach": 0.5, "selectivity": 0.8}
    offered = [one for one in written["measured"] if one["offered"]]
    assert len(written["names"]) == len(offered)
    found = read_named_directions(scene.model, 4)
    assert (found is None) == (not offered)
    said = capsys.readouterr()
    assert f"{len(offered) or 'None'} of {len(written['measured'])} directions" in said.err
    assert written["second judge measures"] is False
    assert said.out.count("reached by") == len(written["measured"])


def test_a_missing_held_out_judge_is_refused_and_not_trained(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = scene.model.parent / "nowhere"
    options = [str(scene.model), "--dataset", "figures", "--judge", str(scene.judge)]
    assert command.main([*options, "--held-out", str(nowhere), "--device", "cpu"]) == 2
    assert f"no judge in {nowhere} to measure with" in capsys.readouterr().err
    assert not nowhere.exists()


def test_the_command_says_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main([str(tmp_path / "nowhere")]) == 2
    assert "There is no folder" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        command.main([str(tmp_path), "--clips", "0"])
    assert "at least one" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["sprites", "sprites-weak"])
def test_shipped_directions_reach_their_recorded_scores(name: str) -> None:
    folder = ROOT / "checkpoints" / name
    studio = Studio.load(folder, "cpu")
    if studio.named_directions is None:
        pytest.skip(f"{name} comes without named directions")
    # The judge that measured them.
    judge = Judge.load(second_judge_folder("sprites") or judge_folder("sprites"))
    before = judge_values(studio.model, judge, studio.gallery[::24])
    best = max(
        range(len(studio.named_directions.names)),
        key=lambda n: studio.named_directions.names[n].reach,
    )
    found = studio.named_directions.names[best]
    assert found.reach >= 0.5
    assert found.selectivity >= 0.7
    column = [factor.name for factor in judge.factors].index(found.factor)
    values = [
        short_value(judge.factors[column], k) for k in range(len(judge.factors[column].values))
    ]
    named, target = studio.named_directions, (column, values.index(found.value))
    direction = Direction(named.mean, named.read[best], named.write[best])
    outcome = follow_direction(studio.model, judge, before, direction, target)
    assert outcome.tested >= 6
    assert outcome.reach >= found.reach - 0.35
    assert outcome.selectivity >= found.selectivity - 0.35
