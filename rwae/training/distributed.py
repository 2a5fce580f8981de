"""Data-parallel training: one process, or several that `torchrun` started."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel
from tqdm import tqdm


@dataclass(frozen=True)
class Ranks:
    """The processes of a run.

    Attributes:
        rank: number of this process, from 0; only 0 writes files.
        count: number of processes.
        device: that this process computes on.
    """

    rank: int
    count: int
    device: torch.device

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    def print_once(self, text: str) -> None:
        """Prints a line, once for all ranks, above a progress bar if there is one."""
        if self.is_first:
            tqdm.write(text)

    def replicate(self, module: nn.Module) -> nn.Module:
        """A module whose gradients are averaged over the ranks; itself for a single process."""
        if self.count == 1:
            return module
        ids = [self.device.index] if self.device.type == "cuda" else None
        return DistributedDataParallel(module, device_ids=ids)

    def any(self, flag: bool) -> bool:
        """Whether the flag is set on any rank, so that all of them stop after the same step."""
        if self.count == 1:
            return flag
        vote = torch.tensor(float(flag), device=self.device)
        distributed.all_reduce(vote, distributed.ReduceOp.MAX)
        return bool(vote.item())


@contextmanager
def process_group(device: torch.device) -> Iterator[Ranks]:
    """Joins the processes that `torchrun` started, if any: gloo on CPU and NCCL on CUDA.

    Args:
        device: on CUDA, the number of the device is that of the local rank.
    """
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1:
        yield Ranks(0, 1, device)
        return
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Ranks(distributed.get_rank(), count, device)
    finally:
        distributed.destroy_process_group()
