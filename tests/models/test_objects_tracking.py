"""Objects are found on a map, and keep their identities where they cross."""

from __future__ import annotations

from itertools import permutations

import pytest
import torch
from torch import Tensor

from rwae.models.objects.tracking import appearance_cost, find_peaks, reorder, track


def crossing(clips: int = 200, frames: int = 12, seed: int = 0) -> Tensor:
    """Three objects that move straight, with velocities of their own: (B, T, 3, 2)."""
    generator = torch.Generator().manual_seed(seed)
    start = 32 * torch.rand(clips, 1, 3, 2, generator=generator)
    speed = 4 * torch.rand(clips, 1, 3, 2, generator=generator) - 2
    return start + speed * torch.arange(frames)[:, None, None]


def shuffled(positions: Tensor, seed: int = 1) -> tuple[Tensor, Tensor]:
    """The positions in a random order in each frame but the first, and that order."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.rand(positions.shape[:3], generator=generator).argsort(-1)
    order[:, 0] = torch.arange(positions.shape[2])
    return reorder(positions, order), order


def cost(positions: Tensor) -> float:
    """The cost of one clip (T, K, 2), as `track` defines it, by a loop."""
    total = (positions[1] - positions[0]).norm(dim=-1).sum()
    for t in range(2, len(positions)):
        total += (positions[t] - 2 * positions[t - 1] + positions[t - 2]).norm(dim=-1).sum()
    return total.item()


def test_reorder_takes_the_numbered_values() -> None:
    values = torch.arange(24.0).view(1, 4, 3, 2)
    order = torch.tensor([[[2, 0, 1], [0, 1, 2], [1, 2, 0], [2, 1, 0]]])
    for t in range(4):
        assert torch.equal(reorder(values, order)[0, t], values[0, t, order[0, t]])


def test_straight_paths_are_tracked_through_crossings() -> None:
    paths = crossing()
    mixed, _ = shuffled(paths)
    found = reorder(mixed, track(mixed))
    assert (found == paths).flatten(1).all(1).double().mean() > 0.97
    assert torch.equal(found[:, 0], paths[:, 0])


def test_the_order_is_the_cheapest_of_all() -> None:
    generator = torch.Generator().manual_seed(2)
    positions = 10 * torch.rand(20, 5, 2, 2, generator=generator)
    for clip, order in zip(positions, track(positions), strict=True):
        found = cost(reorder(clip[None], order[None])[0])
        every = torch.cartesian_prod(*[torch.arange(2)] * 4)
        costs = []
        for flips in every:
            flips = torch.cat([torch.zeros(1, dtype=torch.long), flips])
            costs.append(cost(reorder(clip[None], torch.stack([flips, 1 - flips], -1)[None])[0]))
        assert found == pytest.approx(min(costs), rel=1e-5)


@pytest.mark.parametrize(("frames", "objects"), [(1, 2), (2, 2), (6, 1)])
def test_short_clips_and_single_objects(frames: int, objects: int) -> None:
    positions = torch.arange(2.0 * frames * objects).view(1, frames, objects, 2)
    assert torch.equal(track(positions), torch.arange(objects).expand(1, frames, objects))


def test_appearance_decides_where_motion_cannot() -> None:
    """Two objects meet and turn back, which motion alone takes for a crossing."""
    way = torch.tensor([8.0, 6, 4, 2, 0, -2, -4, -6, -8])
    meet = torch.stack([way.abs(), -way.abs()], -1)[None, :, :, None] * torch.tensor([1.0, 0.0])
    appearance = torch.tensor([[1.0, 0, 0], [0, 1.0, 0]]).expand(1, 9, 2, 3)
    stay = torch.arange(2).expand(1, 9, 2)
    assert not torch.equal(track(meet), stay)
    cost_of_orders = appearance_cost(appearance, meet, weight=30.0)
    assert torch.equal(track(meet, cost_of_orders), stay)
    mixed, order = shuffled(meet)
    cost_of_orders = appearance_cost(reorder(appearance, order), mixed, weight=30.0)
    found = reorder(mixed, track(mixed, cost_of_orders))
    assert torch.equal(found, meet) or torch.equal(found, meet.flip(2))


def test_the_appearance_cost_is_the_difference_to_the_clearest_frame() -> None:
    generator = torch.Generator().manual_seed(3)
    codes = torch.randn(1, 4, 3, 5, generator=generator)
    positions = 20 * torch.rand(1, 4, 3, 2, generator=generator)
    gaps = [
        min(torch.dist(p[i], p[j]).item() for i in range(3) for j in range(i))
        for p in positions[0]
    ]
    clearest = codes[0, gaps.index(max(gaps))]
    for t, gap in enumerate(gaps):
        costs = [
            sum((codes[0, t, i] - clearest[k]).square().mean() for k, i in enumerate(order))
            for order in permutations(range(3))
        ]
        expected = 7 * min(1.0, gap / 12) ** 2 * (torch.stack(costs) - min(costs))
        found = appearance_cost(codes, positions, weight=7.0, clear=12.0)[0, t]
        assert torch.allclose(found, expected, atol=1e-5)


def bump(*positions: tuple[float, float], share: tuple[float, ...] = ()) -> Tensor:
    """The logarithm of a map with a narrow bump at each place, (1, 32, 32)."""
    axis = torch.arange(32.0)
    total = torch.zeros(32, 32)
    for (x, y), part in zip(positions, share or [1.0] * len(positions), strict=True):
        here = torch.exp(-((axis - x) ** 2) / 0.5) * torch.exp(-((axis[:, None] - y) ** 2) / 0.5)
        total = total + part * here / here.sum()
    return (total + 1e-9).log()[None]


@pytest.mark.parametrize("share", [(1.0, 1.0), (1.0, 0.25)])
def test_peaks_are_found_to_a_fraction_of_a_pixel(share: tuple[float, float]) -> None:
    found = find_peaks(bump((5.3, 20.0), (25.0, 8.6), share=share), 2)[0]
    wanted = torch.tensor([[5.3, 20.0], [25.0, 8.6]])
    assert (found[found[:, 0].argsort()] - wanted).abs().max() < 0.15


def test_two_objects_at_one_place_are_both_found() -> None:
    found = find_peaks(bump((12.0, 9.0), (12.0, 9.0)), 2)[0]
    assert (found - torch.tensor([12.0, 9.0])).abs().max() < 0.15


def test_the_gradient_moves_a_peak() -> None:
    logits = bump((12.0, 9.0)).requires_grad_()
    find_peaks(logits, 1)[0, 0, 0].backward()
    assert logits.grad[0, 9, 13] > 0 > logits.grad[0, 9, 11]
