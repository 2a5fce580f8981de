"""What all contenders do: render the first example, its first direction of who at an amount."""

from __future__ import annotations

import argparse

import numpy as np
import torch

from rwae.editing.directions import sweep_static
from rwae.editing.studio import Studio


def parse() -> argparse.Namespace:
    """The command line of a contender."""
    parser = argparse.ArgumentParser()
    parser.add_argument("checkpoint")
    parser.add_argument("--port", type=int, default=7860)
    parser.add_argument("--device")
    return parser.parse_args()


class Task:
    """A model, and the clip that the slider moves."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.studio = Studio.load(options.checkpoint, options.device)

    def clip(self, amount: float) -> np.ndarray:
        """The clip with its first coordinate of who at an amount, as bytes (T, H, W, 3).

        Args:
            amount: in standard deviations.
        """
        example, who = self.studio.examples[[0]], self.studio.who
        here = who.coordinates(example.static)[0, 0]
        codes = sweep_static(example, who, 0, torch.tensor([amount]) - here)
        return self.studio.decode(codes)[0]
