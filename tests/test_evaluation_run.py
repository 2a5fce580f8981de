"""The whole evaluation on models whose right scores are known."""

import dataclasses
import json
from typing import Any

import pytest
import torch
from conftest import TINY
from evaluation_doubles import FACTORS, Copying, Perfect, Reader, labelled

from rwae import RWAE, Codes
from rwae.classifiers import Judge
from rwae.data.clips import Clips
from rwae.evaluation.codes import probes
from rwae.evaluation.run import score_model
from rwae.evaluation.scores import actions, baselines, sweep
from rwae.evaluation.scores.nearest import nearest, shrink
from rwae.evaluation.scores.tasks import TASKS
from rwae.evaluation.tables.scores import table
from rwae.models.registry import build


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def perfect() -> dict[str, Any]:
    return score_model(Perfect(), labelled(8), Reader(), seeded())


def test_a_perfect_model_gets_full_marks(perfect: dict[str, Any]) -> None:
    for task in ("reconstruction", "swap", "prior_static", "prior_motion"):
        assert perfect[task]["joint"] == 1, task
    assert perfect["reconstruction"]["squared_error"] == 0
    assert perfect["prior_static"]["factors"]["motion"]["inception_score"] == pytest.approx(4)
    assert perfect["unconditional"]["factors"]["shape"]["inception_score"] > 2.9


def test_what_is_drawn_comes_from_the_prior_and_the_rest_from_the_clips() -> None:
    class OneDraw(Perfect):
        def sample(self, clips: int, *, frames: int, generator: torch.Generator) -> Codes:
            drawn = super().sample(clips, frames=frames, generator=generator)
            return Codes(0 * drawn.static, 0 * drawn.dynamic)

    scores = score_model(OneDraw(), labelled(8), Reader(), seeded())

    def varied(task: str) -> list[bool]:
        found = scores[task]["factors"]
        return [found[factor.name]["marginal_entropy"] > 0.5 for factor in FACTORS]

    assert varied("swap") == [True, True, True]
    assert varied("prior_static") == [False, False, True]
    assert varied("prior_motion") == [True, True, False]
    assert varied("unconditional") == [False, False, False]


def test_a_copying_model_passes_the_published_row_and_fails_the_swap() -> None:
    scores = score_model(Copying(), labelled(8), Reader(), seeded())
    assert scores["prior_static"]["joint"] == 1
    assert scores["prior_static"]["factors"]["motion"]["inception_score"] == pytest.approx(4)
    assert scores["swap"]["joint"] == 0
    assert scores["swap"]["factors"]["motion"]["accuracy"] == 1


def test_every_clip_is_encoded_once_and_the_mode_comes_back() -> None:
    model, judge, clips = Perfect(), Reader(), labelled(8)
    score_model(model, clips, judge, seeded())
    assert model.encoded == len(clips)
    characters = sweep.how_many(len(clips))
    swept = characters * sweep.MOTIONS + min(sweep.BLENDED, characters) * sweep.BLENDS
    assert judge.judged == 5 * len(clips) + swept
    assert model.modes == [False, True]


def test_the_squared_error_is_the_mean_over_the_frame_and_its_sum() -> None:
    class Dim(Perfect):
        def decode(self, codes: Any) -> torch.Tensor:
            return super().decode(codes) + torch.tensor([0.1, 0, 0])[:, None, None]

    found = score_model(Dim(), labelled(1), Reader(), seeded())["reconstruction"]
    assert found["squared_error"] == pytest.approx(0.01 / 3, rel=1e-4)
    assert found["squared_error_per_frame"] == pytest.approx(0.01 * 64, rel=1e-4)


def test_the_seed_decides_and_json_holds_the_scores(
    tiny: RWAE, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probes, "STEPS", 20)
    monkeypatch.setattr(sweep, "CHARACTERS", 6)
    clips = labelled(1)
    frames = torch.randint(256, (24, 4, 3, 32, 32), generator=seeded(), dtype=torch.uint8)
    clips = Clips(frames, clips.labels, FACTORS)
    judge = Judge(FACTORS).folded()
    one, same, other = (
        json.dumps(score_model(tiny, clips, judge, seeded(s), clips, clips)) for s in (1, 1, 2)
    )
    assert one == same
    assert one != other
    assert "NaN" not in one
    assert tiny.config == TINY


@pytest.mark.parametrize(
    ("settings", "absent", "present"),
    [
        ({"actions": 4}, set(), {"actions", "probes", "information"}),
        ({"learned_noise": True}, {"actions"}, {"probes", "information"}),
        ({"dynamic_noise": 0.0}, {"actions", "information"}, {"probes"}),
        ({"family": "mocogan"}, {"actions", "swap", "probes"}, {"unconditional", "sweep"}),
    ],
    ids=["weakly supervised", "free noise", "no noise", "no encoder"],
)
def test_every_kind_of_model_is_asked_what_it_can_be_asked(
    settings: dict[str, Any], absent: set[str], present: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probes, "STEPS", 20)
    monkeypatch.setattr(sweep, "CHARACTERS", 4)
    monkeypatch.setattr(actions, "DRAWS_EACH", 2)
    torch.manual_seed(0)
    model = build(dataclasses.replace(TINY, **settings)).eval()
    frames = torch.randint(256, (24, 4, 3, 32, 32), generator=seeded(), dtype=torch.uint8)
    clips = Clips(frames, labelled(1).labels, FACTORS)
    found = score_model(model, clips, Judge(FACTORS).folded(), seeded(), clips, clips)
    assert present <= set(found)
    assert not absent & set(found)
    assert "NaN" not in json.dumps(found)
    assert "Infinity" not in json.dumps(found)
    assert table({"this model": found}, FACTORS)


def test_the_baselines_fail_where_they_should() -> None:
    clips = labelled(8)
    found = baselines.score_baselines(clips, Reader(), seeded())
    copy, same = found[baselines.COPY], found[baselines.SAME]
    assert copy["reconstruction"]["joint"] == 1
    assert copy["reconstruction"]["squared_error"] == 0
    assert copy["swap"]["joint"] == 0
    assert copy["swap"]["factors"]["motion"]["accuracy"] == 1
    for scores in (copy, same):
        assert scores["prior_static"]["joint"] == 1
        assert scores["prior_static"]["factors"]["motion"]["inception_score"] == pytest.approx(4)
    assert same["prior_static"]["factors"]["shape"]["marginal_entropy"] == pytest.approx(0)
    assert same["reconstruction"]["joint"] == pytest.approx(1 / 6)
    assert same["reconstruction"]["squared_error"] > 0
    assert copy["sweep"]["drawn"]["identity"] == pytest.approx(1 / 6, abs=0.1)
    assert same["sweep"]["drawn"]["identity"] == 1
    assert set(copy) == set(same) == {"clips", "sweep", *TASKS}


def test_the_same_character_is_the_first_one_with_the_motion_asked_for() -> None:
    clips = labelled()
    shown = clips.labels[baselines.same_character(clips)]
    assert torch.equal(shown[:, 2], clips.labels[:, 2])
    assert not shown[:, :2].any()


def test_a_motion_that_the_first_character_lacks_is_still_shown() -> None:
    clips = labelled(1)
    clips = Clips(clips.frames[1:], clips.labels[1:], FACTORS)
    shown = clips.labels[baselines.same_character(clips)]
    assert torch.equal(shown[:, 2], clips.labels[:, 2])


def test_the_nearest_is_found_as_by_brute_force() -> None:
    a = torch.rand(9, 40, generator=seeded())
    b = torch.rand(600, 40, generator=seeded(1))
    expected = (a[:, None] - b).square().mean(-1).amin(1)
    assert torch.allclose(nearest(a, b), expected, atol=1e-6)
    assert float(nearest(b[300:305], b).max()) < 1e-6


def test_shrinking_averages_blocks() -> None:
    x = torch.rand(2, 3, 3, 8, 8, generator=seeded())
    small = shrink(x).view(2, 3, 3, 2, 2)
    assert torch.allclose(small[1, 2, 0, 1, 0], x[1, 2, 0, 4:, :4].mean())


def test_a_model_that_repeats_its_training_clips_is_seen() -> None:
    training = labelled(4)
    unseen = Clips(255 - training.frames, training.labels, FACTORS)
    found = score_model(Perfect(), unseen, Reader(), seeded(), training=training)
    near = found["unconditional"]["nearest"]
    assert near["drawn"] < 1e-6 < near["real"]


def test_the_table_says_everything_once_for_each_model(perfect: dict[str, Any]) -> None:
    found = baselines.score_baselines(labelled(8), Reader(), seeded())
    text = table({"this model": perfect, **found}, FACTORS)
    lines = [line for line in text.splitlines() if line]
    assert lines[0].split("  ")[-1].strip() == baselines.SAME
    right = next(line for line in lines[9:] if "all of these right" in line)
    assert right.split()[-3:] == ["100.00%", "0.00%", "16.67%"]
    assert len({len(line) for line in lines if "%" in line}) == 1
    assert "nearest" not in text
    markdown = table({"this model": perfect, **found}, FACTORS, markdown=True).splitlines()
    assert {line.replace("\\|", "").count("|") for line in markdown} == {5}
    assert markdown[1] == "|---|---:|---:|---:|"
