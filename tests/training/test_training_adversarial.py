"""The objective of MoCoGAN: which network each term trains, and that all of them learn."""

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
    ImageDiscriminator,
    VideoDiscriminator,
    gan_losses,
    r1_penalty,
)
from rwae.training.config import TrainingConfig
from rwae.training.distributed import Ranks
from rwae.training.run import train

RUN = TrainingConfig(
    dataset="none", model=dataclasses.replace(TINY, family="mocogan"), batch=4, warmup=2
)
LOSSES = ("discriminator_loss", "generator_loss", "gradient_penalty")


@pytest.fixture
def objective() -> AdversarialObjective:
    torch.manual_seed(0)
    return AdversarialObjective(MoCoGAN(RUN.model), RUN).train()


@pytest.fixture
def x(generator: torch.Generator) -> torch.Tensor:
    return torch.rand(4, 4, 3, 32, 32, generator=generator)


def trained_by(objective: AdversarialObjective, term: torch.Tensor) -> set[str]:
    """The modules of the objective whose weights have a gradient of a term."""
    objective.zero_grad(set_to_none=True)
    term.backward(retain_graph=True)
    return {
        name.split(".")[0]
        for name, weight in objective.named_parameters()
        if weight.grad is not None and bool(weight.grad.any())
    }


def test_each_term_trains_one_network(
    objective: AdversarialObjective, x: torch.Tensor, generator: torch.Generator
) -> None:
    terms = objective(x, generator)
    assert set(terms) == {f"{which}_{name}" for which in ("image", "video") for name in LOSSES}
    for which in ("image", "video"):
        assert trained_by(objective, terms[f"{which}_discriminator_loss"]) == {
            f"{which}_discriminator"
        }
        assert trained_by(objective, terms[f"{which}_gradient_penalty"]) == {
            f"{which}_discriminator"
        }
        assert trained_by(objective, terms[f"{which}_generator_loss"]) == {"model"}
    everything = {"model", "image_discriminator", "video_discriminator"}
    assert trained_by(objective, objective.total(terms)) == everything


def test_the_motion_and_both_codes_are_trained(
    objective: AdversarialObjective, x: torch.Tensor, generator: torch.Generator
) -> None:
    objective.total(objective(x, generator)).backward()
    idle = [n for n, weight in objective.named_parameters() if not weight.grad.any()]
    assert idle == []


def test_a_step_depends_on_the_generator_alone(
    objective: AdversarialObjective, x: torch.Tensor
) -> None:
    first = objective(x, torch.Generator().manual_seed(3))
    second = objective(x, torch.Generator().manual_seed(3))
    # Batch norm is in training mode, so both passes see the same statistics of the batch.
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("side", [8, 24, 56, 64])
@pytest.mark.parametrize("frames", [1, 4, 8, 15])
def test_discriminators_take_any_length_and_the_sides_that_a_crop_may_have(
    side: int, frames: int
) -> None:
    clips = torch.rand(2, frames, 3, side, side)
    assert VideoDiscriminator(side)(clips).shape == (2,)
    assert ImageDiscriminator(side)(clips[:, 0]).shape == (2,)


def test_the_video_discriminator_depends_on_the_order_of_the_frames() -> None:
    torch.manual_seed(0)
    clips = torch.rand(2, 8, 3, 24, 24)
    discriminator = VideoDiscriminator(24)
    assert not torch.allclose(discriminator(clips), discriminator(clips.flip(1)), atol=1e-5)


def test_the_losses_against_a_constant_discriminator_are_multiples_of_log_two() -> None:
    discriminator = nn.Linear(3, 1)
    nn.init.zeros_(discriminator.weight)
    nn.init.zeros_(discriminator.bias)
    terms = gan_losses(
        "image", discriminator, torch.rand(5, 3), torch.rand(5, 3, requires_grad=True)
    )
    log_two = torch.tensor(2.0).log()
    torch.testing.assert_close(terms["image_discriminator_loss"], 2 * log_two)
    torch.testing.assert_close(terms["image_generator_loss"], log_two)


def test_the_r1_penalty_of_a_linear_discriminator_is_the_square_of_its_weight() -> None:
    discriminator = nn.Linear(6, 1)
    found = r1_penalty(discriminator, torch.rand(5, 6))
    torch.testing.assert_close(found, discriminator.weight.square().sum())
    found.backward()
    torch.testing.assert_close(discriminator.weight.grad, 2 * discriminator.weight.detach())


def test_discriminators_learn_to_tell_a_still_red_square_from_noise(
    objective: AdversarialObjective,
) -> None:
    x = torch.zeros(4, 4, 3, 32, 32)
    x[:, :, 0, 12:20, 10:18] = 1
    networks = [objective.image_discriminator, objective.video_discriminator]
    adam = torch.optim.Adam([w for network in networks for w in network.parameters()], 2e-3)
    history = []
    for step in range(12):
        terms = objective(x, torch.Generator().manual_seed(step))
        history.append(
            sum(terms[f"{which}_discriminator_loss"].item() for which in ("image", "video"))
        )
        objective.total(terms).backward()
        adam.step()
        objective.zero_grad(set_to_none=True)
    assert history[-1] < 0.5 * history[0]


def test_the_generator_learns_against_fixed_discriminators(
    objective: AdversarialObjective, x: torch.Tensor
) -> None:
    adam = torch.optim.Adam(objective.model.parameters(), 5e-3)
    history = []
    for step in range(12):
        terms = objective(x, torch.Generator().manual_seed(step))
        history.append(
            sum(terms[f"{which}_generator_loss"].item() for which in ("image", "video"))
        )
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


def test_a_run_ships_a_model_and_resumes_with_its_discriminators(tmp_path: Path) -> None:
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
