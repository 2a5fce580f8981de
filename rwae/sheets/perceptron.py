"""The networks that score choices: small perceptrons, the same for all pixels and cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

LAYERS = 3


@dataclass(frozen=True)
class Scorer:
    """A perceptron of three layers that gives a choice its score, with rectified units.

    Attributes:
        weights: of its layers, with shapes (F, H), (H, H) and (H, 1).
        biases: of its layers, with shapes (H,), (H,) and (1,).
    """

    weights: tuple[np.ndarray, ...]
    biases: tuple[np.ndarray, ...]

    def scores(self, features: np.ndarray) -> np.ndarray:
        """The score of each choice: features (..., F) -> (...)."""
        value = features
        for number, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            value = np.maximum(value, 0) if number else value
            value = value @ weight + bias
        return value[..., 0]

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """How probable each choice is: features (P, C, F) -> (P, C)."""
        value = self.scores(features)
        score = np.exp(value - value.max(1, keepdims=True, initial=-np.inf))
        share: np.ndarray = score / score.sum(1, keepdims=True)
        return share

    def arrays(self, name: str) -> dict[str, np.ndarray]:
        """The arrays that a file keeps, in single precision, under names that begin so."""
        found = {}
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            found[f"{name}.weight{layer}"] = weight.astype(np.float32)
            found[f"{name}.bias{layer}"] = bias.astype(np.float32)
        return found


def scorer_from(arrays: Mapping[str, np.ndarray], name: str) -> Scorer:
    """The reverse of `Scorer.arrays`.

    Raises:
        KeyError: if an array is missing.
    """
    return Scorer(
        tuple(arrays[f"{name}.weight{layer}"] for layer in range(LAYERS)),
        tuple(arrays[f"{name}.bias{layer}"] for layer in range(LAYERS)),
    )
