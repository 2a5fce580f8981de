"""What a call costs whatever it runs on, and how fast this device can be at best."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from rwae.benchmark.timing import Call

# The side of a square matrix that fills the device, and still takes milliseconds.
MATRIX_SIDES = {"cuda": 8192, "mps": 4096, "cpu": 1024}


class Counter(TorchDispatchMode):
    """Adds up the operations of all that runs inside.

    The formulas are PyTorch's own. Its `FlopCounterMode` also keeps book by module, and for that
    it cannot follow a penalty that differentiates its critic on the way.

    Attributes:
        total: so far.
    """

    total = 0

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Runs one operator, and counts it if it is one that has a formula."""
        result = func(*args, **(kwargs or {}))
        formula = flop_registry.get(func.overloadpacket)
        if formula is not None:
            self.total += formula(*args, **(kwargs or {}), out_val=result)
        return result


def operations(call: Call) -> int:
    """Floating point operations of a call: a multiplication with its addition counts as two.

    Only matrix products and convolutions are counted, forwards and backwards; norms, activations
    and optimisers are not.
    """
    with warnings.catch_warnings():
        # Fused recurrent kernels are opaque to the counter, so they are switched off; oneDNN's
        # switch warns of Intel GPUs, which plays no part here.
        warnings.simplefilter("ignore", UserWarning)
        opened = torch.backends.mkldnn.flags(enabled=False)
        with opened, torch.backends.cudnn.flags(enabled=False), Counter() as counter:
            call()
    return counter.total


def large_product(device: torch.device, precision: torch.dtype) -> tuple[Call, int]:
    """A product of two large square matrices, and its operations.

    Its speed stands for the device's peak: unlike a figure from a data sheet it is measured in
    the same run, under the same load, and on any device.
    """
    side = MATRIX_SIDES.get(device.type, MATRIX_SIDES["cpu"])
    matrix = torch.full((side, side), 1 / side, device=device, dtype=precision)
    return lambda: matrix @ matrix, 2 * side**3
