"""The exchange of codes: what it asks, and of whom."""

import dataclasses
from pathlib import Path

import pytest
import torch
from conftest import TINY

from rwae.data.clips import Clips
from rwae.model import RWAE
from rwae.training.config import TrainingConfig, Weights
from rwae.training.exchange import exchange_error
from rwae.training.ranks import Ranks
from rwae.training.run import train


@pytest.fixture
def model() -> RWAE:
    torch.manual_seed(0)
    return RWAE(dataclasses.replace(TINY, canvas=True)).train()


def codes(clips: int = 6) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(clips, TINY.static_size), torch.randn(clips, 4, TINY.dynamic_size)


def test_it_moves_the_decoder_alone_and_leaves_the_posteriors_as_they_were(model: RWAE) -> None:
    z_c, z_m = (code.requires_grad_() for code in codes())
    posteriors = [model.static_posterior, model.dynamic_posterior]
    before = [part.state_dict() | {} for part in posteriors]
    before = [{name: tensor.clone() for name, tensor in state.items()} for state in before]
    exchange_error(model, z_c, z_m).backward()
    moved = {name for name, weight in model.named_parameters() if weight.grad is not None}
    assert moved == {f"decoder.{name}" for name, _ in model.decoder.named_parameters()}
    assert z_c.grad is None
    assert z_m.grad is None
    for part, state in zip(posteriors, before, strict=True):
        assert part.training
        assert all(torch.equal(tensor, state[name]) for name, tensor in part.state_dict().items())


def test_steps_on_it_let_the_codes_be_read_off_the_clips(model: RWAE) -> None:
    z_c, z_m = codes()
    optimizer = torch.optim.Adam(model.decoder.parameters(), 3e-3)
    errors = []
    for _ in range(40):
        optimizer.zero_grad()
        error = exchange_error(model, z_c, z_m)
        error.backward()
        optimizer.step()
        errors.append(error.item())
    assert errors[-1] < 0.95 * errors[0]


def test_a_run_asks_for_it_only_if_it_has_a_weight(square_clips: Clips, tmp_path: Path) -> None:
    run = TrainingConfig(
        dataset="test", model=TINY, steps=2, batch=4, warmup=1, log_every=1, prior_draws=8
    )
    alone = Ranks(0, 1, torch.device("cpu"))
    train(run, square_clips, tmp_path / "without", alone)
    train(
        dataclasses.replace(run, weights=Weights(exchange=5.0)),
        square_clips,
        tmp_path / "with",
        alone,
    )
    logs = {name: (tmp_path / name / "metrics.jsonl").read_text() for name in ("with", "without")}
    assert "exchange" in logs["with"]
    assert "exchange" not in logs["without"]
