"""How much the codes know about the clip, and about each other: mutual information.

Penalties on aggregated posteriors rest on one identity. Averaged over clips, a VAE's penalty is

    E KL(q(z|x) || p(z)) = I(x; z) + KL(q(z) || p(z)),

with q(z) the aggregated posterior (Hoffman and Johnson, 2016). A VAE pays for both terms; with
D = KL the paper's model pays for the second alone, so that nothing holds I(x; z) down.

The estimate is, over N clips x_n and codes z_k that are drawn from the posteriors of K of them,

    I(x; z) ~ mean_k [ log q(z_k | x_n(k)) - log (1/N) sum_m q(z_k | x_m) ].

With the clips fixed its mean is exactly the information between a code and *which of the N clips*
it was drawn from, at most log N. For clips that are a sample of a larger population it is, in
the mean, a lower bound of I(x; z): InfoNCE (van den Oord et al., 2018) with the known density for
a critic, as in Poole et al., ICML 2019. So it says little where it comes close to log N.

For z_1:T the density is that of the whole sequence, prod_t q(z_t | z_<t, x_m,t): see
`posteriors.Posteriors.dynamic_density`.

Given the clip both codes are independent, q(z_c, z_1:T | x) = q(z_c | x) q(z_1:T | x), so what
they tell of each other follows from the same densities:

    I(z_c; z_1:T) = I(x; z_c) + I(x; z_1:T) - I(x; z_c, z_1:T).

All numbers are in nats.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from rwae.codes import Factor
from rwae.evaluation.codes.posteriors import Posteriors
from rwae.evaluation.scores.pairing import spaced
from rwae.evaluation.scores.tasks import entropy

DRAWN = 32  # clips whose codes are scored under all N: the cost is that of K x N unrollings


def told(log_density: Tensor, own: Tensor) -> Tensor:
    """What each code tells of its clip: log q(z_k | x_n(k)) - log (1/N) sum_m q(z_k | x_m).

    Args:
        log_density: log q(z_k | x_m), with shape (K, N).
        own: n(k), the number of the clip that code k was drawn from, with shape (K,).

    Returns:
        With shape (K,), at most log N; the mean is the mutual information.
    """
    log_density = log_density.double()
    mixture = log_density.logsumexp(1) - math.log(log_density.shape[1])
    return log_density.gather(1, own[:, None])[:, 0] - mixture


def label_entropy(labels: Tensor) -> float:
    """The entropy of a combination of class numbers (N, F) over the clips."""
    if not labels.shape[1]:
        return 0.0
    counts = labels.unique(dim=0, return_counts=True)[1].double()
    return float(entropy(counts / counts.sum()))


@torch.no_grad()
def information(
    posteriors: Posteriors, labels: Tensor, factors: Sequence[Factor], generator: torch.Generator
) -> dict[str, Any]:
    """The mutual informations of clips and codes, with what an ideal model would have.

    Args:
        posteriors: of N clips.
        labels: their class numbers, with shape (N, F).
        factors: what the columns mean.
        generator: source of the codes.

    Returns:
        clips, drawn: N and K.
        ceiling: log N, above which no estimate can lie.
        static, dynamic, both: I(x; z_c), I(x; z_1:T) and I(x; z_c, z_1:T), each with the value
            and the standard error over the K codes.
        shared: static + dynamic - both, likewise. It is I(z_c; z_1:T) where x is one of these
            clips; over all possible clips it is too large once `both` is near its ceiling.
        who, how: the entropies of the static and of the dynamic labels among the N clips: what
            the two codes would tell if they named the labels and nothing else.
    """
    own = spaced(len(posteriors), DRAWN)
    drawn = posteriors.draw(generator)[own]
    static = posteriors.static_density(drawn.static)
    dynamic = posteriors.dynamic_density(drawn.dynamic)
    own = own.to(static.device)
    found = {
        "static": told(static, own),
        "dynamic": told(dynamic, own),
        "both": told(static + dynamic, own),
    }
    found["shared"] = found["static"] + found["dynamic"] - found["both"]
    who = torch.tensor([factor.static for factor in factors])
    return {
        "clips": len(posteriors),
        "drawn": len(own),
        "ceiling": math.log(len(posteriors)),
        **{name: _estimate(values) for name, values in found.items()},
        "who": label_entropy(labels[:, who]),
        "how": label_entropy(labels[:, ~who]),
    }


def _estimate(values: Tensor) -> dict[str, float]:
    return {
        "nats": float(values.mean()),
        "standard_error": float(values.std()) / math.sqrt(len(values)),
    }
