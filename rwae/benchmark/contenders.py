"""Who takes part: our model and its peers, each with the calls that are timed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import nn

from rwae.benchmark.peers import SIDE, Peer, up
from rwae.benchmark.timing import Call
from rwae.models.base import CodeModel
from rwae.runtime import autocast
from rwae.training.config import TrainingConfig
from rwae.training.ranks import Ranks
from rwae.training.run import step_generator
from rwae.training.state import TrainState

TITLES = {"rwae": "R-WAE, ours", "objects": "R-WAE of objects", "mocogan": "MoCoGAN, ours"}


@dataclass(frozen=True)
class Contender:
    """A model and what can be timed of it.

    Attributes:
        title: its name in the table.
        parameters: the number of learned numbers.
        calls: "encode" and "decode" of one clip, as far as it can, and "train": one step.
        batch: clips in a training step.
    """

    title: str
    parameters: int
    calls: Mapping[str, Call]
    batch: int

    def clips(self, task: str) -> int:
        """Clips that a call handles."""
        return self.batch if task == "train" else 1


def ours(model: CodeModel, config: TrainingConfig, precision: torch.dtype) -> Contender:
    """The shipped model at inference, and a whole step of the training of a new one.

    Args:
        model: it encodes and decodes.
        config: what is trained, on random clips.
        precision: of the networks in training.
    """
    sizes = model.config
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(1, sizes.frames, 3, sizes.frame_size, sizes.frame_size, generator=generator)
    codes = model.sample(1, generator=generator)
    calls: dict[str, Call] = {"encode": lambda: model.encode(x)} if model.encodes else {}
    calls["decode"] = lambda: model.decode(codes)
    calls["train"] = training_step(config, model.device, precision)
    return Contender(TITLES[model.family], model.num_parameters, calls, config.batch)


def training_step(config: TrainingConfig, where: torch.device, precision: torch.dtype) -> Call:
    """One whole step of our training, on random clips."""
    ranks = Ranks(0, 1, where)
    state = TrainState(config, where, precision)
    objective = state.objective.train()
    side = config.model.frame_size
    x = torch.rand(config.batch, config.model.frames, 3, side, side, device=where)

    def step() -> None:
        terms = objective(x, step_generator(0, state.step, ranks))
        objective.total(terms).backward()
        state.update()

    return step


def rival(
    kind: type[Peer], frames: int, batch: int, where: torch.device, precision: torch.dtype
) -> Contender:
    """A peer with random weights; see `rwae.benchmark.peers` for what its step leaves out.

    Args:
        kind: the peer.
        frames: T of the clips.
        batch: clips in a training step.
        where: where it runs.
        precision: of the network in training.
    """
    torch.manual_seed(0)
    shown, trained = kind().to(where).eval(), kind().to(where).train()
    optimizer = torch.optim.Adam(trained.parameters(), fused=True)
    x = torch.rand(batch, frames, 3, SIDE, SIDE, device=where)
    codes = torch.randn(1, frames, kind.size, device=where)

    def step() -> None:
        with autocast(where, precision):
            loss = trained.loss(x)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    calls: dict[str, Call] = {}
    if kind.encodes:
        calls["encode"] = torch.no_grad()(lambda: shown.encode(x[:1]))
    calls["decode"] = torch.no_grad()(lambda: shown.decode(codes))
    calls["train"] = step
    return Contender(kind.title, count(shown), calls, batch)


def frame_decoder(size: int, frames: int, where: torch.device) -> Contender:
    """The peers' frame decoder by itself (64-128-256-512 channels), on codes of our size."""
    torch.manual_seed(0)
    render = up(size, 64).to(where).eval()
    codes = torch.randn(frames, size, 1, 1, device=where)
    return Contender(
        "DCGAN decoder", count(render), {"decode": torch.no_grad()(lambda: render(codes))}, 1
    )


def count(module: nn.Module) -> int:
    """The number of learned numbers."""
    return sum(parameter.numel() for parameter in module.parameters())
