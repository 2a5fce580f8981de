"""How a judge is fitted, whichever it is: disturbed real clips, Adam, half a cosine."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import LambdaLR
from tqdm import tqdm

Network = TypeVar("Network", bound=nn.Module)
RATE = 2e-3
WARM_UP = 100  # steps, or a tenth of a short training


def fit(
    judge: Network, batches: Iterable[Tensor], steps: int, loss: Callable[[Tensor], Tensor]
) -> Network:
    """Fits a judge with Adam: a linear warm-up, then half a cosine to zero.

    Args:
        judge: with random weights; it is changed in place.
        batches: the numbers of the clips of each step.
        steps: how many batches there are.
        loss: turns the numbers of some clips into what is to become small.

    Returns:
        The judge, ready to be asked.
    """
    optimizer = torch.optim.Adam(judge.parameters(), lr=RATE)
    warm = min(WARM_UP, max(1, steps // 10))
    schedule = LambdaLR(
        optimizer,
        lambda step: min(1, (step + 1) / warm) * (1 + math.cos(math.pi * step / steps)) / 2,
    )
    for chosen in tqdm(batches, desc="judge", total=steps, unit="step", dynamic_ncols=True):
        error = loss(chosen)
        optimizer.zero_grad(set_to_none=True)
        error.backward()
        optimizer.step()
        schedule.step()
    return judge.eval().requires_grad_(False)


def seeded(make: Callable[[], Network], seed: int) -> Network:
    """Makes a network whose first weights follow from a seed; the global state is left alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make()


def disturb(x: Tensor, generator: torch.Generator) -> Tensor:
    """Small disturbances of clips (B, T, C, H, W), so that a faint blur does not decide.

    The batch is moved by up to one pixel; half of the batches are also mixed with up to half of
    their 3 x 3 mean, and get noise of up to 0.02. A clear blur is left out: what it hides
    should stay hidden from the judge.
    """
    moved = torch.randint(-1, 2, (2,), generator=generator).tolist()
    x = torch.roll(x, moved, (-2, -1))
    share, noise, on = torch.rand(3, generator=generator).tolist()
    if on < 0.5:
        mean = F.avg_pool2d(x.flatten(0, 1), 3, 1, 1).view_as(x)
        x = torch.lerp(x, mean, 0.5 * share)
        x = x + 0.02 * noise * torch.randn(x.shape, generator=generator)
    return x
