"""The networks that score choices: small perceptrons, the same for all pixels and cells."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def perceptron(
    features: np.ndarray, weights: Sequence[np.ndarray], biases: Sequence[np.ndarray | float]
) -> np.ndarray:
    """The score of each choice, by layers with rectified units between them.

    Args:
        features: with shape (..., F).
        weights: of the layers, with shapes (F, H), (H, H) and (H, 1).
        biases: of the layers, with shapes (H,), (H,) and (1,).

    Returns:
        With shape (...).
    """
    value = features
    for number, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        value = np.maximum(value, 0) if number else value
        value = value @ weight + bias
    return value[..., 0]
