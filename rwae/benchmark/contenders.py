"""The models that are timed beside each other, each with the calls that are timed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import nn

from rwae.benchmark.cost import Call
from rwae.benchmark.peers import PEER_SIDE, Peer, dcgan_decoder
from rwae.models.base import CodeModel
from rwae.runtime import autocast
from rwae.training.config import TrainingConfig
from rwae.training.distributed import Ranks
from rwae.training.run import step_generator
from rwae.training.state import TrainState

FAMILY_TITLES = {"rwae": "R-WAE, ours", "objects": "R-WAE of objects", "mocogan": "MoCoGAN, ours"}


@dataclass(frozen=True)
class Contender:
    """A model and the calls of it that are timed.

    Attributes:
        title: its name in the table.
        parameters: the number of its weights.
        calls: "encode" and "decode" of one clip where the model can do that, and "train", which
            is one training step.
        batch: clips in a training step.
    """

    title: str
    parameters: int
    calls: Mapping[str, Call]
    batch: int

    def clips(self, task: str) -> int:
        """The number of clips that one call handles."""
        return self.batch if task == "train" else 1


def own_contender(model: CodeModel, config: TrainingConfig, precision: torch.dtype) -> Contender:
    """A model of this project, and a training step of a new one.

    Args:
        model: encodes and decodes, in evaluation mode.
        config: what is trained, on random clips.
        precision: of the networks in training.
    """
    sizes = model.config
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(1, sizes.frames, 3, sizes.frame_size, sizes.frame_size, generator=generator)
    codes = model.sample(1, generator=generator)
    calls: dict[str, Call] = {}
    if model.encodes:
        calls["encode"] = lambda: model.encode(x)
    calls["decode"] = lambda: model.decode(codes)
    calls["train"] = training_step(config, model.device, precision)
    return Contender(FAMILY_TITLES[model.family], model.num_parameters, calls, config.batch)


def training_step(config: TrainingConfig, device: torch.device, precision: torch.dtype) -> Call:
    """One training step of a new model on random clips: losses, backward, clip and step."""
    ranks = Ranks(0, 1, device)
    state = TrainState(config, device, precision)
    objective = state.objective.train()
    side = config.model.frame_size
    x = torch.rand(config.batch, config.model.frames, 3, side, side, device=device)

    def step() -> None:
        terms = objective(x, step_generator(0, state.step, ranks))
        objective.total(terms).backward()
        state.update()

    return step


def peer_contender(
    kind: type[Peer], frames: int, batch: int, device: torch.device, precision: torch.dtype
) -> Contender:
    """A peer with random weights; `rwae.benchmark.peers` says what its training step leaves out.

    Args:
        kind: the peer.
        frames: T of the clips.
        batch: clips in a training step.
        device: where it runs.
        precision: of the network in training.
    """
    torch.manual_seed(0)
    evaluated, trained = kind().to(device).eval(), kind().to(device).train()
    optimizer = torch.optim.Adam(trained.parameters(), fused=True)
    x = torch.rand(batch, frames, 3, PEER_SIDE, PEER_SIDE, device=device)
    codes = torch.randn(1, frames, kind.size, device=device)

    def step() -> None:
        with autocast(device, precision):
            loss = trained.loss(x)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    calls: dict[str, Call] = {}
    if kind.encodes:
        calls["encode"] = torch.no_grad()(lambda: evaluated.encode(x[:1]))
    calls["decode"] = torch.no_grad()(lambda: evaluated.decode(codes))
    calls["train"] = step
    return Contender(kind.title, parameter_count(evaluated), calls, batch)


def decoder_contender(size: int, frames: int, device: torch.device) -> Contender:
    """The frame decoder of most peers alone (64 to 512 channels), on codes of `size` numbers."""
    torch.manual_seed(0)
    decoder = dcgan_decoder(size, 64).to(device).eval()
    codes = torch.randn(frames, size, 1, 1, device=device)
    calls: dict[str, Call] = {"decode": torch.no_grad()(lambda: decoder(codes))}
    return Contender("DCGAN decoder", parameter_count(decoder), calls, batch=1)


def parameter_count(module: nn.Module) -> int:
    """The number of weights of a module."""
    return sum(parameter.numel() for parameter in module.parameters())
