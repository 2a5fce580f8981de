"""Speaker verification: do two recordings have the same speaker, by a code of each?

The measure of the TIMIT benchmark (Hsu et al., NeurIPS 2017, and after them DSVAE, S3VAE and
C-DSVAE): codes are averaged over the clips of a recording, every pair of recordings gets the
cosine of the angle between its codes, and the equal error rate says how badly that score tells
pairs of one speaker from pairs of two. It should be low for z_c, which says who, and near a half
for z_t, which should not.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from rwae.data.clips import ClipSource
from rwae.errors import DataError
from rwae.model import RWAE

CHUNK = 16  # clips that are encoded at once
RECORDING = "sentence"  # a factor that, with the speaker, names the recording of a clip


def eer(same: Tensor, different: Tensor) -> float:
    """The equal error rate, in [0, 1]; a half is chance, and 0 a perfect score.

    A threshold s misses the share of same-speaker scores below s and lets through the share of
    different-speaker scores at or above it. The first rises and the second falls with s; the rate
    is where they meet, interpolated linearly between the two thresholds beside it.

    Args:
        same: scores of pairs of one speaker, with shape (N,), N >= 1.
        different: scores of pairs of two speakers, with shape (M,), M >= 1.

    Raises:
        DataError: if there is no pair of one of the kinds.
    """
    if not len(same) or not len(different):
        raise DataError(
            f"There are {len(same)} pairs of one speaker and {len(different)} of two: "
            "verification needs both. Take more recordings."
        )
    same, different = same.double().sort().values, different.double().sort().values
    thresholds = torch.cat([same, different]).unique()
    # The last threshold lies above every score: all is missed, and nothing let through.
    thresholds = torch.cat([thresholds, thresholds[-1:] + 1])
    missed = torch.searchsorted(same, thresholds).double() / len(same)
    passed = 1 - torch.searchsorted(different, thresholds).double() / len(different)
    after = int((missed >= passed).nonzero()[0])  # not 0: the lowest score misses nothing
    before = after - 1
    gap = passed - missed
    share = gap[before] / (gap[before] - gap[after])
    return float(torch.lerp(missed[before], missed[after], share))


def score_verification(model: RWAE, clips: ClipSource) -> dict[str, float]:
    """Speaker verification on a data set of speech, by the posterior means of both codes.

    Args:
        model: in evaluation mode.
        clips: with one static factor, the speaker.

    Returns:
        The number of clips, and the equal error rates of "static" and "dynamic" codes.

    Raises:
        DataError: if no two recordings share a speaker, or all do.
    """
    names = [factor.name for factor in clips.factors]
    speakers = clips.labels[:, [factor.static for factor in clips.factors].index(True)]
    recordings = None
    if RECORDING in names:
        recordings = clips.labels.unique(dim=0, return_inverse=True)[1]
    parts = [model.encode(clips.batch(some)) for some in torch.arange(len(clips)).split(CHUNK)]
    static, dynamic = ([getattr(part, name) for part in parts] for name in ("static", "dynamic"))
    return {
        "clips": len(clips),
        "static": verify(torch.cat(static).cpu(), speakers, recordings),
        "dynamic": verify(torch.cat(dynamic).cpu(), speakers, recordings),
    }


def verification_table(scores: dict[str, Any]) -> str:
    """What `score_verification` returned as a Markdown table."""
    return (
        f"| speaker verification, {scores['clips']:,} clips | equal error rate |\n|---|---:|\n"
        f"| by z_c, which should know the speaker | {scores['static']:.2%} |\n"
        f"| by z_1:T, which should not (50% is best) | {scores['dynamic']:.2%} |"
    )


def verify(codes: Tensor, speakers: Tensor, recordings: Tensor | None = None) -> float:
    """The equal error rate over all pairs of recordings, by cosine similarity.

    Args:
        codes: one for each clip: static (N, D), or dynamic (N, T, D), of which the mean over time
            is taken.
        speakers: who is heard in each clip, with shape (N,).
        recordings: the number of the recording that each clip was cut from, with shape (N,);
            every clip is one by default.

    Raises:
        DataError: if no two recordings share a speaker, or all do.
    """
    codes = codes.double()
    if codes.ndim == 3:
        codes = codes.mean(1)
    if recordings is not None:
        _, place = recordings.unique(return_inverse=True)
        codes, speakers = _means(codes, place), _means(speakers.double()[:, None], place)[:, 0]
    unit = F.normalize(codes, dim=1)
    first, second = torch.triu_indices(len(unit), len(unit), 1)
    scores = (unit @ unit.T)[first, second]
    same = speakers[first] == speakers[second]
    return eer(scores[same], scores[~same])


def _means(values: Tensor, place: Tensor) -> Tensor:
    """The mean of the rows of values (N, D) that belong to one place (N,): (places, D)."""
    count = place.bincount().to(values.dtype).unsqueeze(1)
    total = values.new_zeros(len(count), values.shape[1]).index_add_(0, place, values)
    return total / count
