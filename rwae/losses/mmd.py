"""Maximum mean discrepancies of two samples of codes, and the HSIC of two codes.

All are unbiased estimates of a squared maximum mean discrepancy (MMD; Gretton et al., JMLR 2012)
or are built from one. The Hilbert-Schmidt independence criterion (HSIC) is also such a
discrepancy. Nothing here draws random numbers.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Kernel = Callable[[Tensor, int], Tensor]

IMQ_SCALES = (0.2, 0.5, 1.0, 2.0, 5.0)


def squared_distances(a: Tensor, b: Tensor) -> Tensor:
    """||a_i - b_j||^2 with shape (..., N, M), for a (..., N, D) and b (..., M, D)."""
    product = a @ b.transpose(-1, -2)
    distance = a.square().sum(-1)[..., :, None] + b.square().sum(-1)[..., None, :] - 2 * product
    return distance.clamp_min(0)


def imq(squared_distance: Tensor, size: int) -> Tensor:
    """Inverse multiquadratic kernel, the mean over five scales s of C / (C + d^2), C = 2 D s.

    The base width 2 D is the expected squared distance of two draws from N(0, I) in D
    dimensions. The kernel, and several scales of it at once, follow Tolstikhin et al., ICLR 2018
    (WAE), who sum seven scales from 0.1 to 10; the mean keeps k(z, z) = 1.

    Args:
        squared_distance: d^2, of any shape.
        size: D, the number of dimensions that the distance was taken over.
    """
    total = torch.zeros_like(squared_distance)
    for scale in IMQ_SCALES:
        width = 2 * size * scale
        total = total + width / (width + squared_distance)
    return total / len(IMQ_SCALES)


def off_diagonal_mean(matrix: Tensor) -> Tensor:
    """Mean of m_ij over i != j, with shape (...), for matrices (..., N, N)."""
    n = matrix.shape[-1]
    total = matrix.sum((-1, -2)) - matrix.diagonal(dim1=-2, dim2=-1).sum(-1)
    return total / (n * (n - 1))


def mmd(a: Tensor, b: Tensor, kernel: Kernel = imq) -> Tensor:
    """Unbiased estimate of the squared MMD of two samples (Gretton et al., 2012, eq. 3).

        mean_{i != j} k(a_i, a_j) + mean_{i != j} k(b_i, b_j) - 2 mean_{i, j} k(a_i, b_j)

    It is zero in the mean when both come from one distribution, so it can be slightly negative.

    Args:
        a: with shape (N, D), N >= 2.
        b: with shape (M, D), M >= 2.
        kernel: maps squared distances and the number of dimensions to kernel values.
    """
    size = a.shape[-1]
    within_a = off_diagonal_mean(kernel(squared_distances(a, a), size))
    within_b = off_diagonal_mean(kernel(squared_distances(b, b), size))
    between = kernel(squared_distances(a, b), size).mean()
    return within_a + within_b - 2 * between


def second_moment_mmd(z: Tensor) -> Tensor:
    """Unbiased squared MMD to N(0, I) with the kernel (a . b)^2, which is ||E[z z'] - I||_F^2.

        mean_{i != j} (z_i . z_j)^2 - 2 mean_i ||z_i||^2 + D

    The expectations over N(0, I) are exact. Added to `mmd` it is still an MMD, by a sum of two
    kernels; it detects unused dimensions, which the inverse multiquadratic kernel hardly does.

    Args:
        z: with shape (N, D), N >= 2.
    """
    within = off_diagonal_mean((z @ z.T).square())
    return within - 2 * z.square().sum(-1).mean() + z.shape[-1]


def conditional_mmd(posterior: Tensor, prior: Tensor, history: Tensor) -> Tensor:
    """Squared MMD between (z_<t, z_t) of the posterior and of the prior, summed over t.

    Each clip's two draws share one history, so a draw has to fit its own past: with the product
    kernel k(h, h') k(z, z') the unbiased estimate at one t is

        mean_{i != j} k(h_i, h_j) [ k(q_i, q_j) + k(p_i, p_j) - k(q_i, p_j) - k(p_i, q_j) ]

    where k(h, h') = 1 at t = 1. The paper's term is D(Q(z_t | z_<t), P(z_t | z_<t)); matching
    the pair (history, z_t) in place of the conditional is our choice.

    Args:
        posterior: draws q_t ~ Q(z_t | z_<t, x), with shape (B, T, D), B >= 2.
        prior: draws p_t ~ P(z_t | z_<t) for the same histories, with shape (B, T, D).
        history: the z_t that form the histories, with shape (B, T, D).
    """
    batch, frames, size = posterior.shape
    q, p, h = (z.transpose(0, 1) for z in (posterior, prior, history))
    past = squared_distances(h, h).cumsum(0)
    k_h = [torch.ones(batch, batch, dtype=q.dtype, device=q.device)]
    k_h += [imq(past[t - 1], t * size) for t in range(1, frames)]
    cross = imq(squared_distances(q, p), size)
    same = imq(squared_distances(q, q), size) + imq(squared_distances(p, p), size)
    difference = same - cross - cross.transpose(-1, -2)
    return off_diagonal_mean(torch.stack(k_h) * difference).sum()


def scaled_mmd(a: Tensor, b: Tensor, jacobian: Tensor, smoothing: float = 1.0) -> Tensor:
    """Squared scaled MMD of features, summed over the leading dimension (Arbel et al., 2018).

        MMD^2(a, b) / (smoothing + E k(x, x) + E sum_i d_i d'_i k(x, x'))

    The kernel k(x, y) = imq(||f(x) - f(y)||^2) is learned through the features f. Since
    k(x, x) = 1, and imq falls like 1 - c ||f(x) - f(y)||^2 / 2 near zero with c the mean over the
    scales s of 1 / (D s), the last term is c E ||J_f(x)||_F^2. It keeps the critic from growing
    the discrepancy without bound by steep features. Arbel et al., NeurIPS 2018, eq. 5; x is drawn
    from the posterior.

    Args:
        a: features of draws of the posterior, with shape (T, N, D), N >= 2.
        b: features of draws of the prior for the same histories, with the same shape.
        jacobian: E ||J_f(x)||_F^2 over the draws of the posterior, a single number.
        smoothing: lambda, positive.
    """
    size = a.shape[-1]
    within = imq(squared_distances(a, a), size), imq(squared_distances(b, b), size)
    # Draws i of both samples share a history and are dependent, so these pairs are left out.
    between = off_diagonal_mean(imq(squared_distances(a, b), size))
    total = off_diagonal_mean(within[0]) + off_diagonal_mean(within[1]) - 2 * between
    slope = sum(1 / (size * scale) for scale in IMQ_SCALES) / len(IMQ_SCALES)
    return total.sum() / (smoothing + 1 + slope * jacobian)


def hsic(k: Tensor, m: Tensor) -> Tensor:
    """Unbiased Hilbert-Schmidt independence criterion of two kernel matrices (N, N), N >= 4.

    Song et al., JMLR 2012, eq. 4, with the diagonals of both matrices set to zero:

        [ tr(K M) + sum(K) sum(M) / ((n-1)(n-2)) - 2 sum(K M) / (n-2) ] / (n (n-3))
    """
    n = len(k)
    hollow = 1 - torch.eye(n, dtype=k.dtype, device=k.device)
    k, m = k * hollow, m * hollow
    trace = (k * m).sum()
    outer = k.sum() * m.sum() / ((n - 1) * (n - 2))
    rows = (k.sum(0) * m.sum(0)).sum()
    return (trace + outer - 2 * rows / (n - 2)) / (n * (n - 3))


def normalised_hsic(static: Tensor, dynamic: Tensor) -> Tensor:
    """Normalised HSIC of z_c and z_1:T: zero in the mean if independent, one if they agree.

    HSIC is the squared MMD between the pairs (z_c, z_1:T) and the same codes paired at random
    (Gretton et al., 2005); the normalisation is that of the debiased CKA (Kornblith et al.,
    ICML 2019). The model factorises as P(z_c) P(z_1:T), which neither of the paper's two
    penalties asks of the aggregated posterior: this term is ours.

    Args:
        static: with shape (B, D_c), B >= 4.
        dynamic: with shape (B, T, D_m).
    """
    motion = dynamic.flatten(1)
    k = imq(squared_distances(static, static), static.shape[1])
    m = imq(squared_distances(motion, motion), motion.shape[1])
    scale = (hsic(k, k) * hsic(m, m)).clamp_min(1e-12).sqrt()
    return hsic(k, m) / scale
