"""The whole evaluation on models whose right scores are known."""

import dataclasses
import json
from typing import Any

import pytest
import torch
from conftest import TINY
from evaluation_doubles import FACTORS, Copying, Perfect, Reader, labelled

from rwae import RWAE, Codes
from rwae.classifiers import make_judge
from rwae.data.clips import Clips
from rwae.evaluation import actions, probes, programs, sweep
from rwae.evaluation.nearest import average_blocks, nearest
from rwae.evaluation.run import score_model
from rwae.evaluation.tables import model_tables
from rwae.files.metrics import (
    FRAME_ERROR,
    NEAREST_DRAWN,
    NEAREST_REAL,
    PRIOR_DYNAMIC,
    PRIOR_STATIC,
    RECONSTRUCTION,
    SQUARED_ERROR,
    SWAP,
    SWEEP,
    UNCONDITIONAL,
    Task,
)
from rwae.files.scores import JudgeId, ScoredRun, ScoreFile, Scores, Training
from rwae.models.registry import build_model


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def groups(scores: Scores) -> set[str]:
    return {metric.group.key for metric in scores.values}


def text_of(scores: Scores, baselines: dict[str, Scores], markdown: bool = False) -> str:
    keys = {key for part in (scores, *baselines.values()) for key in groups(part)}
    judges = dict.fromkeys(keys, JudgeId("reader", "0" * 64))
    runs = (ScoredRun(Training(), scores),)
    file = ScoreFile("shapes", "test", 0, 24, 24, FACTORS, judges, runs, baselines)
    return model_tables(file, markdown)


@pytest.fixture(scope="module")
def perfect() -> Scores:
    return score_model(Perfect(), labelled(8), Reader(), seeded())


def test_a_perfect_model_gets_full_marks(perfect: Scores) -> None:
    for task in (RECONSTRUCTION, SWAP, PRIOR_STATIC, PRIOR_DYNAMIC):
        assert perfect.number(task.joint) == 1, task.group.key
    assert perfect.number(SQUARED_ERROR) == 0
    assert perfect.number(PRIOR_STATIC.inception_score, "motion") == pytest.approx(4)
    assert perfect.number(UNCONDITIONAL.inception_score, "shape") > 2.9


def test_what_is_drawn_comes_from_the_prior_and_the_rest_from_the_clips() -> None:
    class OneDraw(Perfect):
        def sample(self, clips: int, *, frames: int, generator: torch.Generator) -> Codes:
            drawn = super().sample(clips, frames=frames, generator=generator)
            return Codes(0 * drawn.static, 0 * drawn.dynamic)

    scores = score_model(OneDraw(), labelled(8), Reader(), seeded())

    def varied(task: Task) -> list[bool]:
        return [scores.number(task.marginal_entropy, f.name) > 0.5 for f in FACTORS]

    assert varied(SWAP) == [True, True, True]
    assert varied(PRIOR_STATIC) == [False, False, True]
    assert varied(PRIOR_DYNAMIC) == [True, True, False]
    assert varied(UNCONDITIONAL) == [False, False, False]


def test_a_copying_model_passes_the_published_task_and_fails_the_swap() -> None:
    scores = score_model(Copying(), labelled(8), Reader(), seeded())
    assert scores.number(PRIOR_STATIC.joint) == 1
    assert scores.number(PRIOR_STATIC.inception_score, "motion") == pytest.approx(4)
    assert scores.number(SWAP.joint) == 0
    assert scores.number(SWAP.accuracy, "motion") == 1


def test_every_clip_is_encoded_once_and_the_mode_comes_back() -> None:
    model, judge, clips = Perfect(), Reader(), labelled(8)
    score_model(model, clips, judge, seeded())
    assert model.encoded == len(clips)
    characters = sweep.swept_characters(len(clips))
    swept = (
        characters * sweep.SWEPT_MOTIONS + min(sweep.BLENDED_CHARACTERS, characters) * sweep.BLENDS
    )
    assert judge.judged == 5 * len(clips) + swept
    assert model.modes == [False, True]


def test_the_squared_error_is_the_mean_over_the_frame_and_its_sum() -> None:
    class Dim(Perfect):
        def decode(self, codes: Any) -> torch.Tensor:
            return super().decode(codes) + torch.tensor([0.1, 0, 0])[:, None, None]

    found = score_model(Dim(), labelled(1), Reader(), seeded())
    assert found.number(SQUARED_ERROR) == pytest.approx(0.01 / 3, rel=1e-4)
    assert found.number(FRAME_ERROR) == pytest.approx(0.01 * 64, rel=1e-4)


def test_the_seed_decides_and_json_holds_the_scores(
    tiny: RWAE, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probes, "PROBE_STEPS", 20)
    monkeypatch.setattr(sweep, "MOST_CHARACTERS", 6)
    clips = labelled(1)
    frames = torch.randint(256, (24, 4, 3, 32, 32), generator=seeded(), dtype=torch.uint8)
    clips = Clips(frames, clips.labels, FACTORS)
    judge = make_judge(FACTORS).folded()
    one, same, other = (
        json.dumps(score_model(tiny, clips, judge, seeded(s), clips, clips).to_json())
        for s in (1, 1, 2)
    )
    assert one == same
    assert one != other
    assert "NaN" not in one
    assert tiny.config == TINY


@pytest.mark.parametrize(
    ("settings", "absent", "present"),
    [
        ({"actions": 4}, set(), {"clusters", "drawn_action", "probes", "information"}),
        ({"learned_noise": True}, {"clusters"}, {"probes", "information"}),
        ({"dynamic_noise": 0.0}, {"clusters", "information"}, {"probes"}),
        ({"family": "mocogan"}, {"clusters", "swap", "probes"}, {"unconditional", "sweep"}),
    ],
    ids=["weakly supervised", "free noise", "no noise", "no encoder"],
)
def test_every_kind_of_model_gets_the_metrics_that_apply(
    settings: dict[str, Any], absent: set[str], present: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probes, "PROBE_STEPS", 20)
    monkeypatch.setattr(sweep, "MOST_CHARACTERS", 4)
    monkeypatch.setattr(actions, "DRAWS_EACH", 2)
    torch.manual_seed(0)
    model = build_model(dataclasses.replace(TINY, **settings)).eval()
    frames = torch.randint(256, (24, 4, 3, 32, 32), generator=seeded(), dtype=torch.uint8)
    clips = Clips(frames, labelled(1).labels, FACTORS)
    found = score_model(model, clips, make_judge(FACTORS).folded(), seeded(), clips, clips)
    assert present <= groups(found)
    assert not absent & groups(found)
    written = json.dumps(found.to_json())
    assert "NaN" not in written
    assert "Infinity" not in written
    assert text_of(found, {})


def test_the_baselines_fail_where_they_should() -> None:
    clips = labelled(8)
    found = programs.score_programs(clips, Reader(), seeded())
    copy, same = found[programs.COPY_INPUT], found[programs.SAME_CHARACTER]
    assert copy.number(RECONSTRUCTION.joint) == 1
    assert copy.number(SQUARED_ERROR) == 0
    assert copy.number(SWAP.joint) == 0
    assert copy.number(SWAP.accuracy, "motion") == 1
    for scores in (copy, same):
        assert scores.number(PRIOR_STATIC.joint) == 1
        assert scores.number(PRIOR_STATIC.inception_score, "motion") == pytest.approx(4)
    assert same.number(PRIOR_STATIC.marginal_entropy, "shape") == pytest.approx(0)
    assert same.number(RECONSTRUCTION.joint) == pytest.approx(1 / 6)
    assert same.number(SQUARED_ERROR) > 0
    assert copy.number(SWEEP.identity) == pytest.approx(1 / 6, abs=0.1)
    assert same.number(SWEEP.identity) == 1
    rendered = (RECONSTRUCTION, SWAP, PRIOR_STATIC, PRIOR_DYNAMIC, UNCONDITIONAL)
    measured = {"error", "swap_truth", "sweep", *(t.group.key for t in rendered)}
    assert groups(copy) == groups(same) == measured


def test_the_same_character_is_the_first_one_with_the_motion_asked_for() -> None:
    clips = labelled()
    shown = clips.labels[programs.same_character(clips)]
    assert torch.equal(shown[:, 2], clips.labels[:, 2])
    assert not shown[:, :2].any()


def test_a_motion_that_the_first_character_lacks_is_still_shown() -> None:
    clips = labelled(1)
    clips = Clips(clips.frames[1:], clips.labels[1:], FACTORS)
    shown = clips.labels[programs.same_character(clips)]
    assert torch.equal(shown[:, 2], clips.labels[:, 2])


def test_the_nearest_is_found_as_by_brute_force() -> None:
    a = torch.rand(9, 40, generator=seeded())
    b = torch.rand(600, 40, generator=seeded(1))
    expected = (a[:, None] - b).square().mean(-1).min(1)
    distance, where = nearest(a, b)
    assert torch.allclose(distance, expected.values, atol=1e-6)
    assert torch.equal(where, expected.indices)
    assert float(nearest(b[300:305], b)[0].max()) < 1e-6


def test_blocks_are_averaged() -> None:
    x = torch.rand(2, 3, 3, 8, 8, generator=seeded())
    small = average_blocks(x).view(2, 3, 3, 2, 2)
    assert torch.allclose(small[1, 2, 0, 1, 0], x[1, 2, 0, 4:, :4].mean())


def test_a_model_that_repeats_its_training_clips_is_detected() -> None:
    training = labelled(4)
    unseen = Clips(255 - training.frames, training.labels, FACTORS)
    found = score_model(Perfect(), unseen, Reader(), seeded(), training=training)
    assert found.number(NEAREST_DRAWN) < 1e-6 < found.number(NEAREST_REAL)


def test_a_table_has_a_column_for_the_model_and_for_each_baseline(perfect: Scores) -> None:
    found = programs.score_programs(labelled(8), Reader(), seeded())
    lines = [line for line in text_of(perfect, found).splitlines() if line]
    assert lines[0].split("  ")[-1].strip() == programs.HISTOGRAM
    swap = lines.index(SWAP.group.title)
    assert lines[swap + 1].split()[-5:-2] == ["100.00%", "0.00%", "16.67%"]
    assert len({len(line) for line in lines if "%" in line}) == 1
    assert not any("nearest" in line for line in lines)
    markdown = text_of(perfect, found, markdown=True).splitlines()
    assert {line.replace("\\|", "").count("|") for line in markdown} == {7}
