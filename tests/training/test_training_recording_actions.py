"""Weak supervision by recordings: actions as clusters of recordings, learned in the last phase."""

import dataclasses
from pathlib import Path

import pytest
import torch
from conftest import TINY
from safetensors.torch import load_file

from rwae import RWAE
from rwae.codes import Codes
from rwae.data.clips import Clips
from rwae.errors import ConfigError, OtherRunError
from rwae.models.kernel.packing import pack
from rwae.models.networks import pool
from rwae.models.registry import load
from rwae.training.config import TrainingConfig
from rwae.training.distributed import Ranks
from rwae.training.recording_actions import cluster_recordings, k_means
from rwae.training.run import train

ALONE = Ranks(0, 1, torch.device("cpu"))
PLAIN = TrainingConfig(
    dataset="none",
    model=dataclasses.replace(TINY, learned_background=True),
    steps=2,
    batch=8,
    warmup=1,
    log_every=1,
    sheet_every=100,
    prior_draws=16,
)
WITH_ACTIONS = dataclasses.replace(
    PLAIN,
    model=dataclasses.replace(PLAIN.model, actions=3, prior_components=2, recording_actions=True),
    prior_steps=3,
)


def cut(clips: Clips, recordings: int) -> Clips:
    """The same clips, as windows of so many recordings, without a label."""
    number = torch.arange(len(clips)) * recordings // len(clips)
    return Clips(clips.frames, torch.empty(len(clips), 0, dtype=torch.long), (), number)


def test_pooled_codes_say_where_they_are_how_far_they_spread_and_how_fast_they_move() -> None:
    assert torch.allclose(
        pool(torch.ones(1, 1, 2)), torch.tensor([[1.0, 1.0, 0.0, 0.0, 0.0, 0.0]])
    )
    z = torch.tensor([[[0.0, 5.0], [2.0, 5.0], [0.0, 5.0], [2.0, 5.0]]])
    assert torch.allclose(pool(z), torch.tensor([[1.0, 5.0, 1.0, 0.0, 2.0, 0.0]]))


def test_k_means_finds_clusters_of_different_sizes(generator: torch.Generator) -> None:
    centres = torch.tensor([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0], [9.0, 9.0]])
    truth = torch.tensor([0] * 20 + [1] * 3 + [2] * 5 + [3] * 9)
    points = centres[truth] + 0.2 * torch.randn(len(truth), 2, generator=generator)
    found = k_means(points, 4, generator)
    assert len({(a, b) for a, b in zip(truth.tolist(), found.tolist(), strict=True)}) == 4
    assert len(k_means(torch.ones(5, 2), 3, generator)) == 5, "equal points have no clusters"


def test_the_clips_of_a_recording_share_an_action_and_no_label_is_read(
    square_clips: Clips, generator: torch.Generator
) -> None:
    torch.manual_seed(0)
    model = RWAE(WITH_ACTIONS.model).eval()
    noise = torch.randint(256, square_clips.frames.shape, generator=generator).to(torch.uint8)
    clips = cut(dataclasses.replace(square_clips, frames=noise), 6)
    found = cluster_recordings(model, clips)
    assert torch.equal(found, cluster_recordings(model, clips))
    assert clips.recording is not None
    pairs = set(zip(clips.recording.tolist(), found.tolist(), strict=True))
    assert len(pairs) == 6
    assert len(found.unique()) == 3


@pytest.mark.parametrize("recordings", [None, 2])
def test_clips_of_unnamed_or_too_few_recordings_are_refused(
    square_clips: Clips, recordings: int | None
) -> None:
    clips = square_clips if recordings is None else cut(square_clips, recordings)
    with pytest.raises(ConfigError, match="3 actions as clusters of recordings"):
        cluster_recordings(RWAE(WITH_ACTIONS.model).eval(), clips)


def test_a_model_without_actions_gets_them_and_shows_the_same_frames(
    square_clips: Clips, tmp_path: Path
) -> None:
    clips = cut(square_clips, 6)
    train(PLAIN, clips, tmp_path / "plain", ALONE)
    train(WITH_ACTIONS, clips, tmp_path / "actions", ALONE, finished=tmp_path / "plain")
    plain, actions = (load(tmp_path / name, device="cpu").eval() for name in ("plain", "actions"))
    x = clips.batch(torch.arange(4))
    before, after = plain.encode(x), actions.encode(x)
    assert torch.equal(before.dynamic, after.dynamic)
    assert after.action is not None
    for k in range(3):
        one = torch.eye(3)[k].expand(4, 3)
        shown = actions.decode(Codes(after.static, after.dynamic, one))
        assert torch.equal(shown, plain.decode(before))
    assert len(pack(plain)) == len(pack(actions)), "the decoder of the page needs no action either"


def test_a_whole_run_learns_no_action_before_the_last_phase(
    square_clips: Clips, tmp_path: Path
) -> None:
    clips = cut(square_clips, 6)
    train(WITH_ACTIONS, clips, tmp_path / "whole", ALONE)
    first = RWAE(WITH_ACTIONS.model).state_dict().keys()
    weights = load_file(tmp_path / "whole" / "model.safetensors")
    assert set(weights) == set(first)
    metrics = (tmp_path / "whole" / "metrics.jsonl").read_text("utf-8")
    assert "action_marginal" not in metrics


def test_the_settings_that_make_no_sense_are_refused(square_clips: Clips, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="learned in a last phase, but prior_steps is 0"):
        dataclasses.replace(WITH_ACTIONS, prior_steps=0)
    with pytest.raises(ConfigError, match="recording_actions is true, but there are no actions"):
        dataclasses.replace(PLAIN.model, recording_actions=True)
    clips = cut(square_clips, 6)
    train(PLAIN, clips, tmp_path / "plain", ALONE)
    other = dataclasses.replace(
        WITH_ACTIONS, model=dataclasses.replace(WITH_ACTIONS.model, static_size=7)
    )
    with pytest.raises(OtherRunError, match="static_size"):
        train(other, clips, tmp_path / "other", ALONE, finished=tmp_path / "plain")
