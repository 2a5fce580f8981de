"""Trains the small networks that complete sheets (`rwae.sheets.perceptron`)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from rwae.sheets.perceptron import Scorer

LEARNING_RATE = 3e-3


class Perceptron(nn.Module):
    """A `Scorer` that learns: features (N, C, F) -> scores (N, C).

    Args:
        features: some examples, with shape (N, C, F), by whose mean and deviation all are scaled.
        hidden: number of units in each of two layers.
    """

    def __init__(self, features: np.ndarray, hidden: int) -> None:
        super().__init__()
        self.mean = torch.from_numpy(features.mean((0, 1)))
        self.deviation = torch.from_numpy(features.std((0, 1))).clamp(min=1e-2)
        self.first = nn.Linear(features.shape[2], hidden)
        self.second = nn.Linear(hidden, hidden)
        self.last = nn.Linear(hidden, 1)

    def forward(self, features: Tensor) -> Tensor:
        value = (features - self.mean) / self.deviation
        value = self.second(self.first(value).relu())
        scores: Tensor = self.last(value.relu())[..., 0]
        return scores

    def scorer(self) -> Scorer:
        """The same network in NumPy, whose first layer takes features as they are."""
        layers = self.first, self.second, self.last
        weights = [layer.weight.detach().T for layer in layers]
        biases = [layer.bias.detach() for layer in layers]
        weights[0] = weights[0] / self.deviation[:, None]
        biases[0] = biases[0] - self.mean @ weights[0]
        return Scorer(tuple(w.numpy() for w in weights), tuple(b.numpy() for b in biases))


def fit_scorer(
    features: np.ndarray,
    loss_of: Callable[[Tensor, np.ndarray], Tensor],
    *,
    hidden: int,
    epochs: int,
    batch: int,
    seed: int,
) -> Scorer:
    """Fits a network by Adam with one cycle of the learning rate (Smith and Topin, 2018).

    Args:
        features: of the choices of all pixels, with shape (N, C, F).
        loss_of: the loss of the scores (B, C) of the pixels with some numbers (B,).
        hidden: units of a layer.
        epochs: how often each pixel is learned from.
        batch: pixels of a step.
        seed: of the first weights and of the order.
    """
    draws = np.random.default_rng(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Perceptron(features.astype(np.float32), hidden)
    per_epoch = len(features) // batch + 1
    optimizer = torch.optim.Adam(network.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, epochs * per_epoch)
    for _ in range(epochs):
        for chosen in np.array_split(draws.permutation(len(features)), per_epoch):
            loss = loss_of(network(torch.from_numpy(features[chosen]).float()), chosen)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return network.scorer()
