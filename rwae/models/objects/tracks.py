"""Where K objects are in every frame, and which of them is which from frame to frame.

Places are offsets (x, y) on a square map, x to the right and y downwards, in its pixels.
"""

from __future__ import annotations

from itertools import permutations

import torch
from torch import Tensor
from torch.nn import functional as F

NEAR = 3  # what lies within this of a peak is taken to belong to it
DOUBT = 0.05  # share of its neighbourhood that counts after a peak has been taken out


def peaks(logits: Tensor, count: int) -> Tensor:
    """The places of K objects on a map which says how much of them stands at each place.

    A peak is where the most of the map lies within 3 x 3 places; its place is their centre of
    mass. Then 1/K is taken away from its neighbourhood, so that a second object can be found at
    nearly the same place, and the next peak is looked for. What is left of a neighbourhood
    counts little, since the shares of two objects far from each other are seldom alike.

    Args:
        logits: of a softmax over the places, with shape (N, S, S); each object has 1/K of it.
        count: K.

    Returns:
        Places to a fraction of a pixel, with shape (N, K, 2), the clearest first; the gradient
        goes through the centres of mass.
    """
    side = logits.shape[-1]
    mass = logits.flatten(1).softmax(1).view_as(logits)
    axis = torch.arange(side, dtype=mass.dtype, device=mass.device)
    found = []
    for _ in range(count):
        peak = F.avg_pool2d(mass.detach().unsqueeze(1), 3, 1, 1).flatten(1).argmax(1)
        rows, columns = (axis - peak[:, None] // side).abs(), (axis - peak[:, None] % side).abs()
        tight = (rows <= 1)[:, :, None] & (columns <= 1)[:, None]
        near = (rows <= NEAR)[:, :, None] & (columns <= NEAR)[:, None]
        here = (mass + 1e-9) * tight
        here = here / here.sum((1, 2), keepdim=True)
        found.append(torch.stack([(here.sum(1) * axis).sum(1), (here.sum(2) * axis).sum(1)], -1))
        share = (mass * near).sum((1, 2), keepdim=True).clamp_min(1e-9)
        left = DOUBT * (1 - 1 / count / share).clamp_min(0)
        mass = torch.where(near, mass * left, mass)
    return torch.stack(found, 1)


def follow(places: Tensor, unlike: Tensor | None = None) -> Tensor:
    """Orders the places of every frame so that each object moves as straight as possible.

    The cost of an order is the sum over frames and objects of |p_t - 2 p_t-1 + p_t-2|, the
    change of an object's velocity, and of what else speaks against it. The least cost is found
    exactly, by dynamic programming over the orders of two frames in a row (Viterbi, 1967).

    Args:
        places: places found in each frame, in any order, with shape (B, T, K, 2); K is small.
        unlike: the cost of each of the K! orders in each frame, with shape (B, T, K!), in the
            order of `itertools.permutations`; without it the first frame keeps its order, since
            which object comes first means nothing.

    Returns:
        Numbers of the places in their new order, with shape (B, T, K), for `reorder`.
    """
    clips, frames, count = places.shape[:3]
    orders = torch.tensor(list(permutations(range(count))), device=places.device)
    if unlike is None:
        unlike = places.new_zeros(clips, frames, len(orders))
        unlike[:, 0, 1:] = torch.inf
    if frames == 1:
        return orders[unlike.argmin(-1)]
    p = places.detach()[:, :, orders]  # (B, T, orders, K, 2)
    # Over one step only there is no velocity yet: what counts is the way itself.
    cost = _length(p[:, 1, None] - p[:, 0, :, None])
    cost = cost + unlike[:, 0, :, None] + unlike[:, 1, None]
    back = []
    for t in range(2, frames):
        before, middle, after = p[:, t - 2, :, None, None], p[:, t - 1, :, None], p[:, t]
        turn = _length(after[:, None, None] - 2 * middle[:, None] + before)
        cost, best = (cost[..., None] + turn + unlike[:, t, None, None]).min(1)
        back.append(best)
    return orders[_trace(cost, back)]


def unlikeness(codes: Tensor, places: Tensor, weight: float = 10.0, clear: float = 12.0) -> Tensor:
    """How much the look of the objects speaks against each order, for `follow`.

    Each frame is compared with the one in which the nearest two objects are farthest apart: the
    mean square difference of the codes in a given order, less that of the best order. A frame
    counts by `weight` * min(1, (distance of the nearest two objects / `clear`)^2), so little
    where objects lie across each other.

    Args:
        codes: what is seen at each place of each frame, with shape (B, T, K, D).
        places: with shape (B, T, K, 2).
        weight: pixels of `follow` that a difference of one is worth.
        clear: pixels at which two objects are seen apart.

    Returns:
        With shape (B, T, K!), zero for the best order of each frame.
    """
    count = places.shape[2]
    orders = torch.tensor(list(permutations(range(count))), device=places.device)
    ways = (places.unsqueeze(3) - places.unsqueeze(2)).norm(dim=-1)
    itself = torch.eye(count, dtype=torch.bool, device=places.device)
    gap = ways.masked_fill(itself, torch.inf).flatten(2).amin(-1)
    clearest = gap.argmax(1)[:, None, None, None].expand(-1, 1, *codes.shape[2:])
    difference = codes.unsqueeze(3) - codes.gather(1, clearest).unsqueeze(2)
    difference = difference.square().mean(-1)  # (B, T, place, object)
    cost = difference[:, :, orders, torch.arange(count, device=places.device)].sum(-1)
    share = (gap / clear).clamp(max=1).square().unsqueeze(-1)
    return weight * share * (cost - cost.amin(-1, keepdim=True))


def _length(way: Tensor) -> Tensor:
    """The length of each vector, summed over the objects: (..., K, 2) -> (...)."""
    return way.norm(dim=-1).sum(-1)


def reorder(values: Tensor, order: Tensor) -> Tensor:
    """Puts values (B, T, K, ...) into an order (B, T, K)."""
    index = order.reshape(*order.shape, *[1] * (values.ndim - 3))
    return values.gather(2, index.expand_as(values))


def _trace(cost: Tensor, back: list[Tensor]) -> Tensor:
    """Walks back from the cheapest last pair of orders: their numbers, with shape (B, T)."""
    clips = torch.arange(len(cost), device=cost.device)
    last = cost.flatten(1).argmin(1)
    second, first = last // cost.shape[-1], last % cost.shape[-1]
    path = [first, second]
    for best in reversed(back):
        path.append(best[clips, path[-1], path[-2]])
    return torch.stack(path[::-1], 1)
