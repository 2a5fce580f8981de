"""The cost of a call: seconds, in turns with other calls, and floating point operations."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import torch
from torch._ops import OpOverload
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

WARM_UP_ROUNDS = 2
# The side of a square matrix that fills the device and still takes milliseconds.
MATRIX_SIDES = {"cuda": 8192, "mps": 4096, "cpu": 1024}

Call = Callable[[], object]
CallName = TypeVar("CallName")


def interleave(calls: Mapping[CallName, Call], rounds: int) -> dict[CallName, list[float]]:
    """Times calls in turns, so that a busy machine slows all of them alike.

    A call on an accelerator is timed until the accelerator has finished it.

    Args:
        calls: by name.
        rounds: how often each is timed, after `WARM_UP_ROUNDS` rounds that do not count.

    Returns:
        The seconds of each call, in the order of the rounds.
    """
    seconds: dict[CallName, list[float]] = {name: [] for name in calls}
    for number in range(WARM_UP_ROUNDS + rounds):
        for name, call in calls.items():
            _synchronize()
            begin = time.perf_counter()
            call()
            _synchronize()
            if number >= WARM_UP_ROUNDS:
                seconds[name].append(time.perf_counter() - begin)
    return seconds


def _synchronize() -> None:
    if torch.accelerator.is_available():
        torch.accelerator.synchronize()


class OperationCounter(TorchDispatchMode):
    """Adds up the floating point operations of all that runs inside.

    The formulas are PyTorch's own. PyTorch's `FlopCounterMode` also counts by module, and for
    this it cannot follow a gradient penalty, which differentiates twice.

    Attributes:
        total: operations so far.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch does not annotate it
        self.total = 0

    def __torch_dispatch__(
        self,
        func: OpOverload[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Runs one operator, and counts it if there is a formula for it."""
        result = func(*args, **(kwargs or {}))
        formula = flop_registry.get(func.overloadpacket)
        if formula is not None:
            self.total += formula(*args, **(kwargs or {}), out_val=result)
        return result


def operations(call: Call) -> int:
    """The floating point operations of a call; a multiplication with its addition counts as two.

    Only matrix products and convolutions count, forward and backward. Norms, activations and
    optimisers do not.
    """
    with warnings.catch_warnings():
        # Fused recurrent kernels hide their products from the counter, so they are switched off.
        # The switch of oneDNN warns about Intel GPUs, which are not used here.
        warnings.simplefilter("ignore", UserWarning)
        unfused = torch.backends.mkldnn.flags(enabled=False)
        counter = OperationCounter()
        with unfused, torch.backends.cudnn.flags(enabled=False), counter:
            call()
    return counter.total


def large_product(device: torch.device, precision: torch.dtype) -> tuple[Call, int]:
    """A product of two large square matrices, and its floating point operations.

    Its speed stands for the peak of the device. Unlike the figure of a data sheet it is measured
    in the same run, under the same load and on any device.
    """
    side = MATRIX_SIDES.get(device.type, MATRIX_SIDES["cpu"])
    matrix = torch.full((side, side), 1 / side, device=device, dtype=precision)
    return lambda: matrix @ matrix, 2 * side**3
