"""The objective of a model of objects: blobs, collages, and that positions are learned."""

from __future__ import annotations

import copy
import dataclasses

import pytest
import torch
from test_objects import SMALL
from torch import Tensor

from rwae.models.objects.boxes import overlay
from rwae.models.registry import build_model
from rwae.training import objects
from rwae.training.config import TrainingConfig
from rwae.training.objects import ObjectsObjective, find_blobs, position_map, random_window

CONFIG = TrainingConfig(
    dataset="moving_mnist",
    model=SMALL,
    batch=16,
    static_frames=2,
    decoded_frames=2,
    prior_draws=64,
)


def squares(clips: int = 16, frames: int = 5, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Two bars, one upright and one flat, that move straight: clips and places of their boxes."""
    generator = torch.Generator().manual_seed(seed)
    start = torch.randint(0, 13, (clips, 1, 2, 2), generator=generator)
    speed = torch.randint(-1, 2, (clips, 1, 2, 2), generator=generator)
    places = (start + speed * torch.arange(frames)[:, None, None]).clamp(0, 16)
    upright, flat = torch.zeros(16, 16), torch.zeros(16, 16)
    upright[4:12, 6:10] = flat[6:10, 4:12] = 0.8
    bars = torch.stack([upright, flat]).expand(clips, frames, 2, 16, 16)
    grey = overlay(bars, places.float())
    return grey.unsqueeze(2).expand(-1, -1, 3, -1, -1), places.float()


@pytest.fixture
def objective() -> ObjectsObjective:
    torch.manual_seed(0)
    return ObjectsObjective(build_model(SMALL), CONFIG).train()


def test_blobs_that_stand_apart_are_found() -> None:
    x, places = squares(clips=40)
    places = places.flatten(0, 1)
    found, gap = find_blobs(x.mean(2).flatten(0, 1), 2)
    apart = (places[:, 0] - places[:, 1]).abs().amax(-1)
    clear = gap >= 11
    assert clear.sum() > 10
    error = torch.stack([(found - p).abs().amax((1, 2)) for p in (places, places.flip(1))]).amin(0)
    assert error[clear].max() < 1.0
    assert (apart[clear] >= 10).all()


def test_a_position_is_split_among_the_four_nearest_pixels() -> None:
    target = position_map(torch.tensor([[[3.25, 2.0], [7.0, 7.0]]]), 8)[0]
    assert target.sum() == 1
    assert target[2, 3:5].tolist() == pytest.approx([0.375, 0.125])
    assert target[7, 7] == 0.5


def test_a_window_has_consecutive_frames_of_the_clip(generator: torch.Generator) -> None:
    grey = torch.arange(15.0)[None, :, None, None].expand(2, -1, 4, 4)
    starts = {int(random_window(grey, generator)[0, 0, 0, 0]) for _ in range(60)}
    assert starts == set(range(6))
    assert random_window(grey, generator).shape == (2, 10, 4, 4)
    assert torch.equal(random_window(grey[:, :5], generator), grey[:, :5])


def test_every_term_depends_on_the_generator_alone(objective: ObjectsObjective) -> None:
    x, _ = squares()
    for steps in (0, objects.FIRST_STEPS):
        values = []
        objective.steps.fill_(steps)
        for _ in range(2):
            # A copy, since each call moves the running statistics of the batch norms.
            terms = copy.deepcopy(objective)(x, torch.Generator().manual_seed(3))
            values.append(torch.stack(list(terms.values())).detach())
        assert torch.equal(*values)
        assert bool(values[0].isfinite().all())


def test_every_weight_is_trained(objective: ObjectsObjective, generator: torch.Generator) -> None:
    objective.steps.fill_(objects.FIRST_STEPS)
    objective.total(objective(squares()[0], generator)).backward()
    idle = [n for n, p in objective.named_parameters() if p.grad is None or not p.grad.any()]
    # The last bias before a batch norm without a learned shift changes nothing.
    assert [name for name in idle if not name.endswith("bias")] == []


def test_the_number_of_steps_is_saved_with_the_weights(
    objective: ObjectsObjective, generator: torch.Generator
) -> None:
    objective(squares()[0], generator)
    assert objective.state_dict()["steps"] == 1


@pytest.mark.slow
def test_bars_are_learned(monkeypatch: pytest.MonkeyPatch, generator: torch.Generator) -> None:
    monkeypatch.setattr(objects, "FIRST_STEPS", 40)
    torch.manual_seed(0)
    config = dataclasses.replace(CONFIG, batch=16)
    objective = ObjectsObjective(build_model(SMALL), config).train()
    optimizer = torch.optim.Adam(objective.parameters(), lr=4e-3)
    history = []
    for step in range(110):
        terms = objective(squares(seed=step)[0], generator)
        optimizer.zero_grad()
        objective.total(terms).backward()
        optimizer.step()
        history.append({name: term.item() for name, term in terms.items()})
    late = history[-20:]
    assert sum(h["collage"] for h in late) < 0.7 * sum(h["collage"] for h in history[:20])
    # A black frame has an error of about 2 bars x 32 pixels x 0.64.
    assert sum(h["squared_error"] for h in late) / len(late) < 4
    model = objective.model.eval()
    x, places = squares(clips=16, seed=999)
    found = model.decoder.scale.positions(model.encode(x).dynamic)
    error = torch.stack([(found - p).norm(dim=-1).mean((1, 2)) for p in (places, places.flip(2))])
    assert error.amin(0).mean() < 2
