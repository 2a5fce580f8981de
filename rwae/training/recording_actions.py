"""Weak supervision by recordings: actions as clusters of recordings, without a label.

It assumes that the windows of one recording, and of its mirror image, show one action, and knows
how many actions there are. The dynamic codes of each window are pooled to

    [mean over t of z_t, deviation over t of z_t, mean over t of |z_t - z_(t-1)|],

averaged over a recording, and clustered by k-means (Lloyd, 1982), begun by k-means++ (Arthur and
Vassilvitskii, 2007). The cluster of its recording is what Q(a | z_1:T) learns for a clip, and what
the prior gets. The codes are frozen, and the decoder reads no action. K-means is a few lines here,
as scikit-learn would be a dependency for them alone.
"""

from __future__ import annotations

import torch
from torch import Tensor

from rwae.data.clips import Clips, ClipSource
from rwae.errors import ConfigError
from rwae.models.networks import pool
from rwae.models.rwae import RWAE

RESTARTS = 50
ROUNDS = 100  # of Lloyd's algorithm, at most
CLIPS_AT_ONCE = 32


def k_means(points: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """The best of 50 runs of k-means: from points (N, D) to the number of each cluster, (N,).

    Args:
        points: with shape (N, D).
        count: of the clusters, at most N.
        generator: source of the first centres.
    """
    runs = [_lloyd(points, _first_centres(points, count, generator)) for _ in range(RESTARTS)]
    return min(runs, key=lambda run: run[0])[1]


def _first_centres(points: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Points drawn with a probability proportional to the square of the distance to the others."""
    chosen = torch.randint(len(points), (1,), generator=generator)
    for _ in range(count - 1):
        far = torch.cdist(points, points[chosen]).square().amin(1).clamp_min(1e-12)
        chosen = torch.cat([chosen, torch.multinomial(far, 1, generator=generator)])
    return points[chosen]


def _lloyd(points: Tensor, centres: Tensor) -> tuple[float, Tensor]:
    """The sum of squared distances to the centres, and the nearest centre of each point."""
    for _ in range(ROUNDS):
        nearest = torch.cdist(points, centres).argmin(1)
        moved = [points[nearest == k].mean(0) if (nearest == k).any() else old
                 for k, old in enumerate(centres)]  # fmt: skip
        before, centres = centres, torch.stack(moved)
        if torch.equal(before, centres):
            break
    distance, nearest = torch.cdist(points, centres).square().min(1)
    return float(distance.sum()), nearest


@torch.no_grad()
def cluster_recordings(model: RWAE, clips: ClipSource) -> Tensor:
    """The action of each training clip, (N,): the cluster of the recording that it was cut of.

    The same model and clips give the same actions.

    Args:
        model: with actions, in evaluation mode; only its dynamic posterior is used.
        clips: that name their recordings; no label is read.

    Raises:
        ConfigError: if the clips name no recordings, or fewer than there are actions.
    """
    count = model.config.actions
    recording = clips.recording if isinstance(clips, Clips) else None
    if recording is None or len(recording.unique()) < count:
        raise ConfigError(
            f"The {len(clips)} clips come from {clips.recordings} recordings that the data set "
            f"names or not: {count} actions as clusters of recordings need at least {count} that "
            "are named."
        )
    parts = torch.arange(len(clips)).split(CLIPS_AT_ONCE)
    pooled = torch.cat([pool(model.infer(clips.batch(part)).dynamic).cpu() for part in parts])
    number = recording.unique(return_inverse=True)[1]
    means = torch.stack([pooled[number == k].mean(0) for k in range(int(number.max()) + 1)])
    return k_means(means, count, torch.Generator().manual_seed(0))[number].to(model.device)
