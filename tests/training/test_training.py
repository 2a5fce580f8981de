"""The loop: it learns, it resumes exactly, and it refuses bad settings."""

import dataclasses
import errno
import hashlib
import itertools
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import TINY, death_after_saving
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from rwae import RWAE, data
from rwae.data.clips import Clips
from rwae.errors import CheckpointError, ConfigError, OtherRunError
from rwae.files.checkpoint import SETTINGS_FILE
from rwae.files.tensors import pack
from rwae.losses import mmd
from rwae.models.registry import build_model
from rwae.training.config import LossWeights, TrainingConfig
from rwae.training.distributed import Ranks
from rwae.training.objective import RWAEObjective
from rwae.training.presets import PRESETS
from rwae.training.recorder import METRICS_FILE
from rwae.training.run import DivergedError, step_generator, train
from rwae.training.state import (
    PREVIOUS_FILE,
    STATE_FILE,
    TrainState,
    migrate_tensor_name,
    resume,
    state_digest,
)

ALONE = Ranks(0, 1, torch.device("cpu"))
RUN = TrainingConfig(
    dataset="none",
    model=TINY,
    steps=6,
    batch=8,
    warmup=2,
    log_every=1,
    save_every=3,
    sheet_every=100,
    prior_draws=16,
)


@pytest.fixture
def clips(square_clips: Clips) -> Clips:
    return square_clips


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def test_training_writes_a_checkpoint_that_loads(clips: Clips, tmp_path: Path) -> None:
    assert train(RUN, clips, tmp_path, ALONE)
    model = RWAE.from_pretrained(tmp_path)
    assert model.decode(model.encode(clips.batch(torch.arange(2)))).shape == (2, 4, 3, 32, 32)
    lines = [json.loads(line) for line in (tmp_path / METRICS_FILE).read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2, 3, 4, 5, 6]


def test_a_resumed_run_equals_an_uninterrupted_one(clips: Clips, tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train(RUN, clips, whole, ALONE)
    with death_after_saving():
        train(RUN, clips, parts, ALONE)
    with (parts / METRICS_FILE).open("ab") as file:
        file.write(b'{"step": 4, "squared_error": 1}\n{"ste\xff')
    train(RUN, clips, parts, ALONE)
    first, second = weights(whole), weights(parts)
    assert all(torch.equal(first[name], second[name]) for name in first)
    lines = [json.loads(line) for line in (parts / METRICS_FILE).read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2, 3, 4, 5, 6]


def test_a_corrupt_state_falls_back_on_the_one_before(
    clips: Clips, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train(RUN, clips, tmp_path, ALONE)
    before = weights(tmp_path)
    (tmp_path / STATE_FILE).write_bytes(b"torn")
    assert train(RUN, clips, tmp_path, ALONE)
    said = capsys.readouterr().out
    assert "cannot be read" in said
    assert PREVIOUS_FILE in said
    after = weights(tmp_path)
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_a_damaged_state_never_replaces_a_whole_one(clips: Clips, tmp_path: Path) -> None:
    train(RUN, clips, tmp_path, ALONE)
    (tmp_path / STATE_FILE).write_bytes(b"torn")
    assert train(RUN, clips, tmp_path, ALONE)
    steps = []
    for name in (PREVIOUS_FILE, STATE_FILE):
        state = TrainState(RUN, ALONE.device)
        state.load(tmp_path / name)
        steps.append(state.step)
    assert steps == [3, 6]


def test_a_full_disk_after_a_damaged_state_leaves_the_whole_one(
    clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(RUN, clips, tmp_path, ALONE)
    (tmp_path / STATE_FILE).write_bytes(b"torn")
    state = TrainState(RUN, ALONE.device)
    resume(state, tmp_path)

    def no_room(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", no_room)
        with pytest.raises(OSError, match="No space"):
            state.save(tmp_path)
    again = TrainState(RUN, ALONE.device)
    assert "Resumed from step 3" in resume(again, tmp_path)


@pytest.mark.parametrize("part", ["settings", "numbers"])
def test_a_state_in_which_one_bit_changed_is_not_loaded(
    clips: Clips, tmp_path: Path, part: str
) -> None:
    """Such a file can be read, and all of its numbers may be finite."""
    train(RUN, clips, tmp_path, ALONE)
    data = bytearray((tmp_path / STATE_FILE).read_bytes())
    batch = rb"batch\": "
    data[data.index(batch) + len(batch) if part == "settings" else len(data) // 2] ^= 1
    (tmp_path / STATE_FILE).write_bytes(data)
    state = TrainState(RUN, ALONE.device)
    said = resume(state, tmp_path)
    assert "its checksum" in said
    assert PREVIOUS_FILE in said
    assert state.step == RUN.save_every


def test_a_run_with_other_settings_is_not_resumed(clips: Clips, tmp_path: Path) -> None:
    train(RUN, clips, tmp_path, ALONE)
    before = (tmp_path / SETTINGS_FILE).read_text()
    with pytest.raises(OtherRunError, match="another batch"):
        train(dataclasses.replace(RUN, batch=4), clips, tmp_path, ALONE)
    assert (tmp_path / SETTINGS_FILE).read_text() == before


@pytest.mark.parametrize(
    ("other", "named"),
    [({"precision": torch.bfloat16}, "precision"), ({"ranks": 2}, "ranks")],
)
def test_a_run_with_another_precision_or_number_of_ranks_is_not_resumed(
    other: dict[str, Any], named: str, clips: Clips, tmp_path: Path
) -> None:
    train(RUN, clips, tmp_path, ALONE)
    with pytest.raises(OtherRunError, match=f"another {named}"):
        resume(TrainState(RUN, ALONE.device, **other), tmp_path)


def test_a_state_that_lacks_a_tensor_is_refused_in_words(clips: Clips, tmp_path: Path) -> None:
    folder = tmp_path / "another-run"
    train(RUN, clips, folder, ALONE)
    with safe_open(folder / STATE_FILE, "pt") as file:
        about, tensors = file.metadata(), {n: file.get_tensor(n) for n in file.keys()}  # noqa: SIM118
    del tensors["model.prior.start"], about["sha256"]
    for name in (STATE_FILE, PREVIOUS_FILE):
        save_file(tensors, folder / name, about)
    with pytest.raises(CheckpointError, match=r"model\.prior\.start"):
        train(RUN, clips, folder, ALONE)


@pytest.mark.parametrize(
    "term", ["squared_error", "absolute_error", "prior_nll", "dynamic_penalty"]
)
def test_thirty_steps_on_a_term_lower_it(clips: Clips, term: str) -> None:
    alone = {name: float(name == term) for name in vars(LossWeights())}
    config = dataclasses.replace(RUN, steps=60, batch=16, weights=LossWeights(**alone))
    state = TrainState(config, ALONE.device)
    objective = state.objective.train()

    def value() -> float:
        terms = [
            objective(clips.batch(torch.arange(24)), step_generator(1, n, ALONE)) for n in range(8)
        ]
        return sum(t[term].item() for t in terms) / 8

    before = value()
    for step in range(30):
        generator = step_generator(0, step, ALONE)
        chosen = torch.randperm(len(clips), generator=generator)[: config.batch]
        objective.total(objective(clips.batch(chosen), generator)).backward()
        state.update()
    assert value() < 0.9 * before


def test_mixed_precision_gives_the_same_terms_to_its_accuracy(clips: Clips) -> None:
    def terms(precision: torch.dtype) -> dict[str, float]:
        torch.manual_seed(0)
        objective = RWAEObjective(RWAE(TINY), RUN, precision).train()
        x = clips.batch(torch.arange(24))
        return {n: t.item() for n, t in objective(x, step_generator(0, 0, ALONE)).items()}

    exact, mixed = terms(torch.float32), terms(torch.bfloat16)
    assert mixed == pytest.approx(exact, rel=0.05, abs=0.05)
    assert mixed != exact


def test_a_term_that_is_not_finite_stops_the_run_and_is_named(
    clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rwae.losses.mmd.normalised_hsic", lambda *_: torch.tensor(float("nan")))
    with pytest.raises(DivergedError, match=r"normalised_hsic .* in another folder with --out"):
        train(RUN, clips, tmp_path, ALONE)
    assert not (tmp_path / STATE_FILE).exists()


@pytest.mark.parametrize("given", [{"collage": 1.0}, {"static_discriminator": 0.0}])
def test_a_weight_for_a_term_that_the_run_lacks_is_refused(
    given: dict[str, float], clips: Clips, tmp_path: Path
) -> None:
    run = dataclasses.replace(RUN, weights=LossWeights(**given))
    with pytest.raises(ConfigError, match=rf"no term {next(iter(given))} .* squared_error"):
        train(run, clips, tmp_path, ALONE)
    assert not (tmp_path / STATE_FILE).exists()


def test_prior_nll_trains_the_prior_alone(clips: Clips) -> None:
    model = RWAE(TINY)
    objective = RWAEObjective(model, RUN)
    terms = objective(clips.batch(torch.arange(8)), step_generator(0, 0, ALONE))
    terms["prior_nll"].backward()
    moved = {name.split(".")[0] for name, p in model.named_parameters() if p.grad is not None}
    assert moved == {"prior"}


def test_no_penalty_is_a_function_of_one_clip(clips: Clips) -> None:
    """The difference to a VAE: no term is a function of one clip's posterior.

    Each penalty compares the clips of a batch, so on a batch of one it is no number at all,
    where a KL divergence would be finite; and a batch that is standard normal as a whole pays
    nothing on average, however far from 0 each of its codes lies.
    """
    one = clips.batch(torch.zeros(1, dtype=torch.long))
    model = RWAE(TINY).eval()  # batch norm has no statistics of a single clip
    terms = RWAEObjective(model, RUN)(one, step_generator(0, 0, ALONE))
    alone = {name for name, value in terms.items() if torch.isfinite(value)}
    assert alone == {"squared_error", "absolute_error", "prior_nll"}

    generator = torch.Generator().manual_seed(0)
    z = torch.randn(500, 6, generator=generator)
    penalty = mmd.mmd(z, torch.randn(500, 6, generator=generator)) + mmd.second_moment_mmd(z)
    assert abs(penalty.item()) < 0.15
    assert (z.square().sum(1) / 2).mean() > 2.5  # what a VAE would charge for these means


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("batch", 2),
        ("static_frames", 5),
        ("prior_draws", 1),
        ("ema", 2.0),
        ("learning_rate", -1.0),
        ("seed", 1.5),
        ("seed", 2**70),
        ("steps", True),
        ("hflip", 1),
        ("adam_betas", (1.0, 0.9)),
    ],
)
def test_a_bad_setting_is_named(name: str, value: float) -> None:
    with pytest.raises(ConfigError, match=name):
        dataclasses.replace(RUN, **{name: value})


def test_a_state_without_a_younger_setting_is_resumed(clips: Clips, tmp_path: Path) -> None:
    train(RUN, clips, tmp_path, ALONE)
    tensors = load_file(tmp_path / STATE_FILE)
    settings = RUN.to_dict()
    del settings["saliency"], settings["model"]["late_film_width"]
    about = {"step": str(RUN.steps), "config": json.dumps(settings)}
    (tmp_path / STATE_FILE).write_bytes(pack(tensors, about))
    assert "Resumed from step 6" in resume(TrainState(RUN, torch.device("cpu")), tmp_path)
    other = dataclasses.replace(RUN, motion_weight=1.0, saliency=True)
    with pytest.raises(OtherRunError, match="motion_weight"):
        resume(TrainState(other, torch.device("cpu")), tmp_path)


def test_a_state_of_version_0_1_is_resumed(clips: Clips, tmp_path: Path) -> None:
    """Its settings and tensors have their former names, and it holds no precision or ranks."""
    train(RUN, clips, tmp_path, ALONE)
    saved = {name: tensor.clone() for name, tensor in load_file(tmp_path / STATE_FILE).items()}
    former = {
        f"average.{name.removeprefix('ema.')}" if name.startswith("ema.") else name: tensor
        for name, tensor in saved.items()
    }
    settings = RUN.to_dict()
    settings["mirror"], settings["relight"] = (
        settings.pop("hflip"),
        settings.pop("photometric_augment"),
    )
    settings["weights"]["dependence"] = settings["weights"].pop("normalised_hsic")
    settings["model"]["canvas"] = settings["model"].pop("learned_background")
    about = {"step": "6", "config": json.dumps(settings)}
    about["sha256"] = state_digest(about, former)
    (tmp_path / STATE_FILE).write_bytes(pack(former, about))
    state = TrainState(RUN, ALONE.device)
    assert "Resumed from step 6" in resume(state, tmp_path)
    found = state.tensors()
    assert [n for n in saved if not torch.equal(found[n], saved[n])] == []


@pytest.mark.parametrize(
    ("former", "current"),
    [
        ("average.prior.start", "ema.prior.start"),
        ("adam.step.image_critic.head.bias", "adam.step.image_discriminator.head.bias"),
        ("video_critic.head.bias", "video_discriminator.head.bias"),
        ("static_penalty.critic.0.bias", "static_penalty.discriminator.0.bias"),
        ("dynamic_penalty.critic.head.0.bias", "dynamic_penalty.critic.head.0.bias"),
        ("adam.exp_avg.model.prior.start", "adam.exp_avg.model.prior.start"),
    ],
)
def test_tensors_of_states_of_version_0_1_get_their_names_of_today(
    former: str, current: str
) -> None:
    assert migrate_tensor_name(former) == current
    assert migrate_tensor_name(current) == current


def test_the_noise_of_a_step_is_a_documented_function_of_seed_step_and_rank() -> None:
    expected = int(hashlib.sha256(b"3 5 1").hexdigest()[:16], 16) // 2
    assert step_generator(3, 5, Ranks(1, 2, ALONE.device)).initial_seed() == expected
    places = itertools.product((0, 1), (0, 1), (Ranks(n, 2, ALONE.device) for n in (0, 1)))
    assert len({step_generator(*place).initial_seed() for place in places}) == 8


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf"), True, "1"])
def test_a_bad_weight_is_named(value: Any) -> None:
    with pytest.raises(ConfigError, match="weight of prior_nll"):
        LossWeights(prior_nll=value)


def test_saliency_needs_a_motion_weight() -> None:
    with pytest.raises(ConfigError, match="saliency shares the motion_weight"):
        dataclasses.replace(RUN, saliency=True)


def test_too_few_clips_for_a_batch(clips: Clips, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="24 clips, fewer than the batch of 32"):
        train(dataclasses.replace(RUN, batch=32), clips, tmp_path, ALONE)


def test_clips_with_fewer_frames_than_a_step_uses(clips: Clips, tmp_path: Path) -> None:
    config = dataclasses.replace(
        RUN, model=dataclasses.replace(TINY, frames=8), decoded_frames=clips.shape[0] + 1
    )
    with pytest.raises(ConfigError, match="have 4 frames, fewer than the 5 of each"):
        train(config, clips, tmp_path, ALONE)


def test_the_recurrent_parts_train_too(clips: Clips, tmp_path: Path) -> None:
    model = dataclasses.replace(TINY, recurrent_static=True, recurrent_decoder=True)
    config = dataclasses.replace(RUN, model=model, decoded_frames=2, steps=2)
    assert train(config, clips, tmp_path, ALONE)
    trained = RWAE.from_pretrained(tmp_path)
    assert trained.decoder.recurrence is not None
    assert trained.static_posterior.states is not None


def test_every_preset_is_a_model_that_can_be_built() -> None:
    for name, preset in PRESETS.items():
        assert preset.dataset in data.NAMES, name
        assert build_model(preset.model).num_parameters > 10_000


def test_the_motion_weight_changes_the_error_of_moving_clips_alone(clips: Clips) -> None:
    def error(x: torch.Tensor, **settings: float) -> float:
        torch.manual_seed(0)
        objective = RWAEObjective(RWAE(TINY), dataclasses.replace(RUN, **settings)).train()
        return objective(x, step_generator(0, 0, ALONE))["squared_error"].item()

    moving = clips.batch(torch.arange(8))
    still = moving[:, :1].expand_as(moving).contiguous()
    assert error(still, motion_weight=1.0) == pytest.approx(error(still), rel=1e-4)
    assert error(moving, motion_weight=1.0) != pytest.approx(error(moving), rel=1e-3)
    assert error(moving, jitter=True) != error(moving)
    with pytest.raises(ConfigError, match="motion_weight"):
        dataclasses.replace(RUN, motion_weight=-1.0)


def test_a_learned_background_is_a_map_that_no_code_changes() -> None:
    assert RWAE(TINY).decoder.layout.bias is None
    background = RWAE(dataclasses.replace(TINY, learned_background=True)).decoder.layout
    assert background.bias.requires_grad
    torch.testing.assert_close(background(torch.zeros(1, TINY.dynamic_size))[0], background.bias)
