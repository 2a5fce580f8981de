"""Each discrepancy against a loop in NumPy, and its properties."""

import numpy as np
import pytest
import torch
from conftest import normal

from rwae.losses import mmd


def slow_imq(a: np.ndarray, b: np.ndarray) -> float:
    distance, width = np.sum((a - b) ** 2), 2 * len(a)
    return np.mean([width * s / (width * s + distance) for s in mmd.IMQ_SCALES])


def test_mmd_equals_a_triple_loop() -> None:
    a, b = normal(5, 3), normal(4, 3, seed=1, shift=0.5)
    total = 0.0
    for first, second, sign in ((a, a, 1), (b, b, 1), (a, b, -2)):
        same = first is second
        values = []
        for i, p in enumerate(first.numpy()):
            for j, q in enumerate(second.numpy()):
                if not (same and i == j):
                    values.append(slow_imq(p, q))
        total += sign * np.mean(values)
    assert mmd.mmd(a, b).item() == pytest.approx(total)


def test_mmd_is_symmetric() -> None:
    a, b = normal(20, 3), normal(30, 3, seed=1, shift=1.0)
    assert mmd.mmd(a, b).item() == pytest.approx(mmd.mmd(b, a).item())


def test_mmd_is_zero_in_the_mean_for_one_distribution_and_grows_with_a_shift() -> None:
    def mean_over_draws(shift: float) -> tuple[float, float]:
        values = [
            mmd.mmd(normal(32, 4, seed=2 * s), normal(32, 4, seed=2 * s + 1, shift=shift))
            for s in range(200)
        ]
        return float(np.mean(values)), float(np.std(values) / np.sqrt(len(values)))

    mean, error = mean_over_draws(0.0)
    assert abs(mean) < 4 * error
    assert 10 * error < mean_over_draws(0.5)[0] < mean_over_draws(1.0)[0]


def test_second_moment_mmd_equals_a_loop_and_detects_an_unused_dimension() -> None:
    z = normal(6, 3)
    within = np.mean([float(z[i] @ z[j]) ** 2 for i in range(6) for j in range(6) if i != j])
    expected = within - 2 * np.mean([float(v @ v) for v in z]) + 3
    assert mmd.second_moment_mmd(z).item() == pytest.approx(expected)

    many = normal(4000, 8)
    dead = many.clone()
    dead[:, 0] = dead[:, 1]
    assert mmd.second_moment_mmd(many).item() == pytest.approx(0, abs=0.15)
    assert mmd.second_moment_mmd(dead).item() == pytest.approx(2, abs=0.4)


def test_second_moment_mmd_is_the_distance_of_the_second_moment_from_the_identity() -> None:
    scale = torch.tensor([2.0, 1.0, 0.5], dtype=torch.float64)
    values = [mmd.second_moment_mmd(normal(64, 3, seed=s) * scale).item() for s in range(300)]
    expected = float(((scale.square() - 1) ** 2).sum())
    assert np.mean(values) == pytest.approx(expected, rel=0.1)


def test_conditional_mmd_equals_a_triple_loop() -> None:
    batch, frames, size = 4, 3, 2
    q, p, h = (normal(batch, frames, size, seed=s).numpy() for s in range(3))
    total = 0.0
    for t in range(frames):
        values = []
        for i in range(batch):
            for j in range(batch):
                if i == j:
                    continue
                past = slow_imq(h[i, :t].ravel(), h[j, :t].ravel()) if t else 1.0
                here = slow_imq(q[i, t], q[j, t]) + slow_imq(p[i, t], p[j, t])
                here -= slow_imq(q[i, t], p[j, t]) + slow_imq(p[i, t], q[j, t])
                values.append(past * here)
        total += np.mean(values)
    value = mmd.conditional_mmd(*(torch.from_numpy(z) for z in (q, p, h)))
    assert value.item() == pytest.approx(total)


def test_conditional_mmd_ties_a_draw_to_its_own_history() -> None:
    """Draws with the right marginal but the wrong past are seen; a marginal MMD is blind."""
    past = torch.sign(normal(64, 1, 2)) * 2
    right = past + 0.1 * normal(64, 1, 2, seed=1)
    also_right = past + 0.1 * normal(64, 1, 2, seed=2)
    wrong = -past + 0.1 * normal(64, 1, 2, seed=3)
    history = torch.cat([past, right], 1)

    def value(second: torch.Tensor) -> float:
        return mmd.conditional_mmd(
            torch.cat([past, right], 1), torch.cat([past, second], 1), history
        ).item()

    assert abs(value(also_right)) < 0.01
    assert value(wrong) > 0.1
    assert mmd.mmd(right.flatten(1), wrong.flatten(1)).item() < 0.05


def test_hsic_equals_a_sum_over_quadruples() -> None:
    """The unbiased estimate is a U-statistic of order four; n = 6 can be summed out."""
    n = 6
    k, m = normal(n, n), normal(n, n, seed=1)
    k, m = (k + k.T).numpy(), (m + m.T).numpy()
    values = []
    for i in range(n):
        for j in range(n):
            for q in range(n):
                for r in range(n):
                    if len({i, j, q, r}) == 4:
                        values.append(k[i, j] * (m[i, j] + m[q, r] - 2 * m[i, q]))
    value = mmd.hsic(torch.from_numpy(k), torch.from_numpy(m)).item()
    assert value == pytest.approx(np.mean(values))


def test_normalised_hsic_is_zero_for_independent_codes_and_one_for_equal_ones() -> None:
    static = normal(64, 4)
    apart = np.mean([mmd.normalised_hsic(static, normal(64, 3, 2, seed=s)) for s in range(1, 60)])
    assert abs(apart) < 0.02
    nonlinear = torch.cat([static.square().unsqueeze(1)] * 2, 1)
    assert mmd.normalised_hsic(static, nonlinear) > 0.1
    assert mmd.normalised_hsic(static, static.unsqueeze(1)).item() == pytest.approx(1)


def test_scaled_mmd_is_the_mmd_over_the_size_and_the_slope_of_the_kernel() -> None:
    a, b = normal(2, 6, 3), normal(2, 6, 3, seed=1, shift=0.5)
    between = mmd.imq(mmd.squared_distances(a, b), 3)
    paired = (mmd.off_diagonal_mean(between) - between.mean((-1, -2))).sum()
    apart = sum(mmd.mmd(x, y) for x, y in zip(a, b, strict=True)) - 2 * paired
    # imq(d^2) = 1 - c d^2 / 2 + ..., so c is read off its values near zero.
    near = torch.tensor(1e-8, dtype=torch.float64)
    slope = float(2 * (1 - mmd.imq(near, 3)) / near)
    for jacobian in (0.0, 5.0):
        value = mmd.scaled_mmd(a, b, torch.tensor(jacobian), smoothing=0.5)
        assert value.item() == pytest.approx(apart.item() / (1.5 + slope * jacobian), rel=1e-5)


def test_scaled_mmd_is_zero_in_the_mean_for_draws_that_share_a_history() -> None:
    values = []
    for seed in range(300):
        history = 3 * normal(1, 16, 2, seed=3 * seed)
        a, b = (history + normal(1, 16, 2, seed=3 * seed + k) for k in (1, 2))
        values.append(mmd.scaled_mmd(a, b, torch.tensor(0.0)).item())
    assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(len(values))
