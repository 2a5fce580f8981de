"""The last phase of a run: the prior alone is trained, on frozen codes and hard actions."""

import dataclasses
from pathlib import Path

import pytest
import torch
from conftest import TINY, death_after_saving
from safetensors.torch import load_file

from rwae import RWAE
from rwae.data.clips import Clips
from rwae.errors import ConfigError, OtherRunError
from rwae.training.__main__ import command, configure, parse_arguments
from rwae.training.config import TrainingConfig
from rwae.training.distributed import Ranks
from rwae.training.objective import PriorObjective
from rwae.training.run import train

ALONE = Ranks(0, 1, torch.device("cpu"))
CODES = TrainingConfig(
    dataset="none",
    model=dataclasses.replace(TINY, actions=3, prior_components=1),
    steps=4,
    batch=8,
    warmup=2,
    log_every=1,
    save_every=3,
    sheet_every=100,
    prior_draws=16,
)
WHOLE = dataclasses.replace(CODES, prior_steps=5)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def same(one: Path, other: Path) -> bool:
    first, second = weights(one), weights(other)
    return all(torch.equal(first[name], second[name]) for name in first)


@pytest.fixture
def codes(square_clips: Clips, tmp_path: Path) -> Path:
    """A finished run without the last phase."""
    train(CODES, square_clips, tmp_path / "codes", ALONE)
    return tmp_path / "codes"


def test_the_last_phase_changes_the_prior_alone(
    square_clips: Clips, codes: Path, tmp_path: Path
) -> None:
    train(WHOLE, square_clips, tmp_path / "whole", ALONE)
    before, after = weights(codes), weights(tmp_path / "whole")
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed == {name for name in before if name.startswith("prior.")}


def test_the_phase_can_be_killed_added_later_and_run_on_a_finished_checkpoint(
    square_clips: Clips, codes: Path, tmp_path: Path
) -> None:
    whole, killed, refitted = (tmp_path / name for name in ("whole", "killed", "refitted"))
    train(WHOLE, square_clips, whole, ALONE)
    with death_after_saving():
        train(WHOLE, square_clips, killed, ALONE)
    with death_after_saving():
        train(WHOLE, square_clips, killed, ALONE)  # after step 6, which is in the second phase
    train(WHOLE, square_clips, killed, ALONE)
    train(WHOLE, square_clips, refitted, ALONE, finished=codes)
    train(WHOLE, square_clips, codes, ALONE)
    assert same(whole, killed)
    assert same(whole, refitted)
    assert same(whole, codes)


def test_a_run_in_its_last_phase_takes_no_more_steps_of_the_codes(
    square_clips: Clips, tmp_path: Path
) -> None:
    train(WHOLE, square_clips, tmp_path, ALONE)
    with pytest.raises(OtherRunError, match="trains its prior alone since step 4"):
        train(dataclasses.replace(WHOLE, steps=20), square_clips, tmp_path, ALONE)


def test_a_checkpoint_of_another_size_is_not_refitted(
    square_clips: Clips, codes: Path, tmp_path: Path
) -> None:
    other = dataclasses.replace(WHOLE, model=dataclasses.replace(WHOLE.model, hidden_size=24))
    with pytest.raises(OtherRunError, match="hidden_size"):
        train(other, square_clips, tmp_path / "other", ALONE, finished=codes)


def test_the_prior_gets_the_likeliest_action_as_a_one_hot_vector(
    square_clips: Clips, generator: torch.Generator
) -> None:
    torch.manual_seed(0)
    model = RWAE(CODES.model).eval().requires_grad_(False)
    seen: list[torch.Tensor] = []
    prior = RWAE(CODES.model).prior
    prior.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[1]))
    x = square_clips.batch(torch.arange(6))
    PriorObjective(model, prior)(x, generator)["prior_nll"].backward()
    inferred = model.encode(x).action
    assert inferred is not None
    assert torch.equal(seen[0].argmax(1), inferred.argmax(1))
    assert torch.equal(seen[0].sort(1).values, torch.tensor([0.0, 0.0, 1.0]).expand(6, 3))
    assert all(parameter.grad is not None for parameter in prior.parameters())


def test_both_commands_are_recorded(codes: Path) -> None:
    common = ["--preset", "sprites-weak", "--out", "anywhere"]
    settings = codes / "training.json"
    settings.write_text(settings.read_text("utf-8").replace('"command": ""', '"command": "first"'))
    given = parse_arguments([*common, "--steps", "2000", "--refit-prior", str(codes)])
    assert configure(given).prior_steps > 0
    assert command(given, "float32") == (
        "first && python -m rwae.training --preset sprites-weak --steps 2000 "
        f"--refit-prior {codes} --out runs/sprites-weak-refit"
    )


def test_a_refit_needs_steps_and_a_prior_that_can_be_trained_so() -> None:
    nothing = ["--preset", "sprites", "--out", "x", "--refit-prior", "y"]
    with pytest.raises(ConfigError, match="give --prior-steps"):
        configure(parse_arguments(nothing))
    with pytest.raises(ConfigError, match="not trained with prior_steps"):
        configure(
            parse_arguments(["--preset", "moving_mnist", "--out", "x", "--prior-steps", "3"])
        )
