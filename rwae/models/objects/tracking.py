"""Multi-object tracking: the positions of K objects in every frame, and their identities.

Positions are offsets (x, y) on a square map, x to the right and y downwards, in its pixels.
"""

from __future__ import annotations

from itertools import permutations

import torch
from torch import Tensor
from torch.nn import functional as F

PEAK_RADIUS = 3  # pixels around a peak that belong to it
RESIDUAL_SHARE = 0.05  # factor of the mass that remains around a peak after 1/K is subtracted


def find_peaks(logits: Tensor, count: int) -> Tensor:
    """Finds the positions of K objects on a map of where they are.

    A peak is where the mass within 3 x 3 pixels is largest; its position is their centre of mass.
    Then 1/K is subtracted from its neighbourhood, so that a second object can be found at nearly
    the same position, and the next peak is searched for. The rest of a neighbourhood is multiplied
    by `RESIDUAL_SHARE`, since two objects far apart seldom have equal mass.

    Args:
        logits: of a softmax over the positions, with shape (N, S, S); each object has the mass
            1/K.
        count: K.

    Returns:
        Positions to a fraction of a pixel, with shape (N, K, 2), the largest peak first; the
        gradient passes through the centres of mass.
    """
    side = logits.shape[-1]
    mass = logits.flatten(1).softmax(1).view_as(logits)
    axis = torch.arange(side, dtype=mass.dtype, device=mass.device)
    found = []
    for _ in range(count):
        peak = F.avg_pool2d(mass.detach().unsqueeze(1), 3, 1, 1).flatten(1).argmax(1)
        rows, columns = (axis - peak[:, None] // side).abs(), (axis - peak[:, None] % side).abs()
        window = (rows <= 1)[:, :, None] & (columns <= 1)[:, None]
        near = (rows <= PEAK_RADIUS)[:, :, None] & (columns <= PEAK_RADIUS)[:, None]
        here = (mass + 1e-9) * window
        here = here / here.sum((1, 2), keepdim=True)
        found.append(torch.stack([(here.sum(1) * axis).sum(1), (here.sum(2) * axis).sum(1)], -1))
        share = (mass * near).sum((1, 2), keepdim=True).clamp_min(1e-9)
        left = RESIDUAL_SHARE * (1 - 1 / count / share).clamp_min(0)
        mass = torch.where(near, mass * left, mass)
    return torch.stack(found, 1)


def track(positions: Tensor, order_cost: Tensor | None = None) -> Tensor:
    """Orders the positions of every frame so that each object moves as straight as possible.

    The cost of an order is the sum over frames and objects of |p_t - 2 p_t-1 + p_t-2|, the change
    of an object's velocity, plus `order_cost`. The minimum is found exactly, by dynamic
    programming over the orders of two frames in a row (Viterbi, 1967).

    Args:
        positions: found in each frame, in any order, with shape (B, T, K, 2); K is small.
        order_cost: the cost of each of the K! orders in each frame, with shape (B, T, K!), in the
            order of `itertools.permutations`. By default the first frame keeps its order, as the
            numbering of the objects has no meaning.

    Returns:
        Numbers of the positions in their new order, with shape (B, T, K), for `reorder`.
    """
    clips, frames, count = positions.shape[:3]
    orders = torch.tensor(list(permutations(range(count))), device=positions.device)
    if order_cost is None:
        order_cost = positions.new_zeros(clips, frames, len(orders))
        order_cost[:, 0, 1:] = torch.inf
    if frames == 1:
        return orders[order_cost.argmin(-1)]
    p = positions.detach()[:, :, orders]  # (B, T, orders, K, 2)
    # The first two frames have no velocity before them: there the distance itself is the cost.
    cost = _total_length(p[:, 1, None] - p[:, 0, :, None])
    cost = cost + order_cost[:, 0, :, None] + order_cost[:, 1, None]
    back = []
    for t in range(2, frames):
        before, middle, after = p[:, t - 2, :, None, None], p[:, t - 1, :, None], p[:, t]
        turn = _total_length(after[:, None, None] - 2 * middle[:, None] + before)
        cost, best = (cost[..., None] + turn + order_cost[:, t, None, None]).min(1)
        back.append(best)
    return orders[_backtrack(cost, back)]


def appearance_cost(
    codes: Tensor, positions: Tensor, weight: float = 10.0, clear: float = 12.0
) -> Tensor:
    """The cost of each order of the objects by their appearance, for `track`.

    Each frame is compared with the one in which the nearest two objects are farthest apart: the
    mean squared difference of the codes in a given order, less that of the best order. A frame
    has the weight `weight` * min(1, (distance of the nearest two objects / `clear`)^2), which is
    small where objects overlap.

    Args:
        codes: of the appearance at each position of each frame, with shape (B, T, K, D).
        positions: with shape (B, T, K, 2).
        weight: pixels of `track` that a difference of one costs.
        clear: distance in pixels from which two objects do not overlap.

    Returns:
        With shape (B, T, K!), zero for the best order of each frame.
    """
    count = positions.shape[2]
    orders = torch.tensor(list(permutations(range(count))), device=positions.device)
    distance = (positions.unsqueeze(3) - positions.unsqueeze(2)).norm(dim=-1)
    itself = torch.eye(count, dtype=torch.bool, device=positions.device)
    gap = distance.masked_fill(itself, torch.inf).flatten(2).amin(-1)
    clearest = gap.argmax(1)[:, None, None, None].expand(-1, 1, *codes.shape[2:])
    difference = codes.unsqueeze(3) - codes.gather(1, clearest).unsqueeze(2)
    difference = difference.square().mean(-1)  # (B, T, position, object)
    cost = difference[:, :, orders, torch.arange(count, device=positions.device)].sum(-1)
    share: Tensor = (gap / clear).clamp(max=1).square().unsqueeze(-1)
    excess = cost - cost.amin(-1, keepdim=True)
    return weight * share * excess


def reorder(values: Tensor, order: Tensor) -> Tensor:
    """Puts values (B, T, K, ...) into an order (B, T, K)."""
    index = order.reshape(*order.shape, *[1] * (values.ndim - 3))
    return values.gather(2, index.expand_as(values))


def _total_length(vectors: Tensor) -> Tensor:
    """The lengths of vectors, summed over the objects: (..., K, 2) -> (...)."""
    lengths: Tensor = vectors.norm(dim=-1)
    return lengths.sum(-1)


def _backtrack(cost: Tensor, back: list[Tensor]) -> Tensor:
    """Follows the cheapest path back from its last pair of orders: numbers of orders (B, T)."""
    clips = torch.arange(len(cost), device=cost.device)
    last = cost.flatten(1).argmin(1)
    second, first = last // cost.shape[-1], last % cost.shape[-1]
    path = [first, second]
    for best in reversed(back):
        path.append(best[clips, path[-1], path[-2]])
    return torch.stack(path[::-1], 1)
