"""The game of MoCoGAN: who is trained by which term, and that it is learned."""

import dataclasses
from pathlib import Path

import pytest
import torch
from conftest import TINY, death_after_saving
from safetensors.torch import load_file
from torch import nn

from rwae.codes import Factor
from rwae.data.clips import Clips
from rwae.models import registry
from rwae.models.mocogan import MoCoGAN
from rwae.training.adversarial import (
    AdversarialObjective,
    ImageCritic,
    VideoCritic,
    play,
    square_gradient,
)
from rwae.training.config import TrainingConfig
from rwae.training.ranks import Ranks
from rwae.training.run import train

RUN = TrainingConfig(
    dataset="none", model=dataclasses.replace(TINY, family="mocogan"), batch=4, warmup=2
)
TERMS = ["image_critic", "image_fooling", "video_critic", "video_fooling"]
PENALTIES = ["image_gradient", "video_gradient"]


@pytest.fixture
def objective() -> AdversarialObjective:
    torch.manual_seed(0)
    return AdversarialObjective(MoCoGAN(RUN.model), RUN).train()


@pytest.fixture
def x(generator: torch.Generator) -> torch.Tensor:
    return torch.rand(4, 4, 3, 32, 32, generator=generator)


def reached(objective: AdversarialObjective, term: torch.Tensor) -> set[str]:
    """The parts of the objective whose weights a term moves."""
    objective.zero_grad(set_to_none=True)
    term.backward(retain_graph=True)
    return {
        name.split(".")[0]
        for name, weight in objective.named_parameters()
        if weight.grad is not None and bool(weight.grad.any())
    }


def test_each_term_trains_one_side(
    objective: AdversarialObjective, x: torch.Tensor, generator: torch.Generator
) -> None:
    terms = objective(x, generator)
    assert sorted(terms) == sorted(TERMS + PENALTIES)
    for which in ("image", "video"):
        assert reached(objective, terms[f"{which}_critic"]) == {f"{which}_critic"}
        assert reached(objective, terms[f"{which}_gradient"]) == {f"{which}_critic"}
        assert reached(objective, terms[f"{which}_fooling"]) == {"model"}
    everyone = {"model", "image_critic", "video_critic"}
    assert reached(objective, objective.total(terms)) == everyone


def test_the_motion_and_both_codes_are_trained(
    objective: AdversarialObjective, x: torch.Tensor, generator: torch.Generator
) -> None:
    objective.total(objective(x, generator)).backward()
    idle = [n for n, weight in objective.named_parameters() if not weight.grad.any()]
    assert idle == []


def test_the_generator_decides_the_whole_step(
    objective: AdversarialObjective, x: torch.Tensor
) -> None:
    first, second = (objective(x, torch.Generator().manual_seed(3)) for _ in "ab")
    # Batch norm is in training mode, so both passes see the same statistics of the batch.
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("side", [8, 24, 56, 64])
@pytest.mark.parametrize("frames", [1, 4, 8, 15])
def test_critics_take_any_length_and_the_sides_that_a_crop_may_have(
    side: int, frames: int
) -> None:
    clips = torch.rand(2, frames, 3, side, side)
    assert VideoCritic(side)(clips).shape == (2,)
    assert ImageCritic(side)(clips[:, 0]).shape == (2,)


def test_the_video_critic_hears_of_the_order_of_the_frames() -> None:
    torch.manual_seed(0)
    clips = torch.rand(2, 8, 3, 24, 24)
    critic = VideoCritic(24)
    assert not torch.allclose(critic(clips), critic(clips.flip(1)), atol=1e-5)


def test_the_losses_of_the_game_are_log_two_for_a_critic_that_knows_nothing() -> None:
    critic = nn.Linear(3, 1)
    nn.init.zeros_(critic.weight)
    nn.init.zeros_(critic.bias)
    terms = play("image", critic, torch.rand(5, 3), torch.rand(5, 3, requires_grad=True))
    log_two = torch.tensor(2.0).log()
    torch.testing.assert_close(terms["image_critic"], 2 * log_two)
    torch.testing.assert_close(terms["image_fooling"], log_two)


def test_the_square_gradient_of_a_linear_critic_is_that_of_its_weight() -> None:
    critic = nn.Linear(6, 1)
    found = square_gradient(critic, torch.rand(5, 6))
    torch.testing.assert_close(found, critic.weight.square().sum())
    found.backward()
    torch.testing.assert_close(critic.weight.grad, 2 * critic.weight.detach())


def test_critics_learn_to_tell_a_still_red_square_from_noise(
    objective: AdversarialObjective,
) -> None:
    x = torch.zeros(4, 4, 3, 32, 32)
    x[:, :, 0, 12:20, 10:18] = 1
    critics = [*objective.image_critic.parameters(), *objective.video_critic.parameters()]
    adam = torch.optim.Adam(critics, 2e-3)
    history = []
    for step in range(12):
        terms = objective(x, torch.Generator().manual_seed(step))
        history.append((terms["image_critic"] + terms["video_critic"]).item())
        objective.total(terms).backward()
        adam.step()
        objective.zero_grad(set_to_none=True)
    assert history[-1] < 0.5 * history[0]


def test_the_generator_learns_to_fool_critics_that_stand_still(
    objective: AdversarialObjective, x: torch.Tensor
) -> None:
    adam = torch.optim.Adam(objective.model.parameters(), 5e-3)
    history = []
    for step in range(12):
        terms = objective(x, torch.Generator().manual_seed(step))
        history.append((terms["image_fooling"] + terms["video_fooling"]).item())
        objective.total(terms).backward()
        adam.step()
        objective.zero_grad(set_to_none=True)
    assert history[-1] < history[0] - 0.01


def test_mixed_precision_gives_the_same_terms_to_its_accuracy(x: torch.Tensor) -> None:
    def terms(precision: torch.dtype) -> dict[str, float]:
        torch.manual_seed(0)
        objective = AdversarialObjective(MoCoGAN(RUN.model), RUN, precision).train()
        found = objective(x, torch.Generator().manual_seed(1))
        return {name: term.item() for name, term in found.items()}

    exact, mixed = terms(torch.float32), terms(torch.bfloat16)
    assert mixed == pytest.approx(exact, rel=0.05, abs=0.01)
    assert mixed != exact


def test_a_run_ships_a_model_and_resumes_with_its_critics(tmp_path: Path) -> None:
    frames = torch.randint(256, (8, 4, 3, 32, 32), dtype=torch.uint8)
    clips = Clips(frames, torch.zeros(8, 1, dtype=torch.long), (Factor("who", ("a",), True),))
    alone = Ranks(0, 1, torch.device("cpu"))
    run = dataclasses.replace(RUN, steps=4, save_every=2, sheet_every=100)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert train(run, clips, whole, alone)
    with death_after_saving():
        train(run, clips, parts, alone)
    assert train(run, clips, parts, alone)
    one, two = (load_file(folder / "model.safetensors") for folder in (whole, parts))
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert isinstance(registry.load(whole), MoCoGAN)
