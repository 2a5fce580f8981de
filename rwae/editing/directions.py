"""Directions in a space of codes along which the pictures change most.

The codes of a trained model have nearly unit covariance, as their prior has, so their own
principal components are arbitrary. Instead, the pictures that the codes decode to are regressed on
the whitened codes, and the principal components of the fitted pictures are mapped back to codes
(reduced-rank regression, Izenman 1975). The first direction then explains the largest share of the
visible change.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from rwae.codes import Codes
from rwae.errors import CodesError


@dataclass(frozen=True)
class Basis:
    """K coordinates of a code of D numbers: c = read (z - mean), and moving by write^T c.

    Attributes:
        mean: the origin, with shape (D,).
        read: rows that read the coordinates off, with shape (K, D).
        write: what one unit of a coordinate adds to the code, with shape (K, D);
            read @ write^T is the identity.
        share: the variance of the pictures that each coordinate explains, divided by the variance
            that all K explain together in the linear fit, with shape (K,).
    """

    mean: Tensor
    read: Tensor
    write: Tensor
    share: Tensor

    def coordinates(self, codes: Tensor) -> Tensor:
        """The coordinates (..., K) of codes (..., D), in standard deviations."""
        return (codes - self.mean) @ self.read.T

    def move(self, codes: Tensor, axis: int, amount: float | Tensor) -> Tensor:
        """Adds an amount to one coordinate of codes (..., D), and leaves the others alone."""
        return codes + amount * self.write[axis]


def principal_directions(codes: Tensor, pictures: Tensor) -> Basis:
    """Finds the directions that explain the pictures best, the strongest first.

    Args:
        codes: with shape (N, D).
        pictures: what they decode to, with shape (N, ...).

    Raises:
        CodesError: if there are fewer than two codes, or all are the same.
    """
    if len(codes) < 2 or len(codes) != len(pictures):
        raise CodesError(
            f"Directions need two or more codes and a picture for each, but got {len(codes)} "
            f"codes and {len(pictures)} pictures."
        )
    codes, pictures = codes.double(), pictures.double().flatten(1)
    mean = codes.mean(0)
    variances, axes = torch.linalg.eigh((codes - mean).T.cov(correction=0))
    kept = variances > 1e-4 * variances.max().clamp_min(1e-12)
    if not bool(kept.any()):
        raise CodesError("All codes are the same: directions need codes that differ.")
    deviations, axes = variances[kept].sqrt(), axes[:, kept]
    white = (codes - mean) @ axes / deviations
    weights = white.T @ (pictures - pictures.mean(0)) / len(codes)
    turns, strengths, _ = torch.linalg.svd(weights, full_matrices=False)
    read, write = (axes / deviations @ turns).T, (axes * deviations @ turns).T
    share = strengths.square() / strengths.square().sum().clamp_min(1e-12)
    # The sign of a singular vector is arbitrary: the largest entry of each is made positive.
    largest = write.gather(1, write.abs().argmax(1, keepdim=True))
    sign = torch.where(largest < 0, -1.0, 1.0)
    return Basis(mean.float(), (sign * read).float(), (sign * write).float(), share.float())


def sweep_static(codes: Codes, basis: Basis, axis: int, amounts: Tensor) -> Codes:
    """Copies of one clip with a static coordinate moved by each amount (N,), in deviations."""
    static = basis.move(codes.static, axis, amounts[:, None])
    return Codes(static, codes.dynamic.expand(len(amounts), -1, -1))


def sweep_dynamic(codes: Codes, basis: Basis, axis: int, amounts: Tensor) -> Codes:
    """Copies of one clip with a dynamic coordinate of every frame moved by each amount (N,)."""
    dynamic = basis.move(codes.dynamic, axis, amounts[:, None, None])
    return Codes(codes.static.expand(len(amounts), -1), dynamic)
