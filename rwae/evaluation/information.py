"""Mutual information of the codes with the clip, and with each other.

Penalties on aggregated posteriors rest on one identity. Averaged over clips, a VAE's penalty is

    E KL(q(z|x) || p(z)) = I(x; z) + KL(q(z) || p(z)),

with q(z) the aggregated posterior (Hoffman and Johnson, 2016). A VAE penalises both terms; the
paper's objective with D = KL penalises the second alone, and leaves I(x; z) free.

The estimate is, over N clips x_n and codes z_k that are drawn from the posteriors of K of them,

    I(x; z) ~ mean_k [ log q(z_k | x_n(k)) - log (1/N) sum_m q(z_k | x_m) ].

With the clips fixed its mean is exactly the information between a code and *which of the N clips*
it was drawn from, at most log N. For clips that are a sample of a larger population it is, in
the mean, a lower bound of I(x; z): InfoNCE (van den Oord et al., 2018) with the known density for
a critic, as in Poole et al., ICML 2019. So an estimate close to log N says little.

For z_1:T the density is that of the whole sequence, prod_t q(z_t | z_<t, x_m,t): see
`Posteriors.dynamic_density`.

Given the clip both codes are independent, q(z_c, z_1:T | x) = q(z_c | x) q(z_1:T | x), so their
mutual information follows from the same densities:

    I(z_c; z_1:T) = I(x; z_c) + I(x; z_1:T) - I(x; z_c, z_1:T).

All numbers are in nats.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeGuard

import torch
from torch import Tensor

from rwae.classifiers import CLIPS_AT_ONCE
from rwae.codes import Codes, Factor
from rwae.data.clips import ClipSource
from rwae.evaluation.tasks import entropy, spaced, static_columns
from rwae.files.metrics import (
    DYNAMIC_LABELS,
    INFORMATION_BOTH,
    INFORMATION_CEILING,
    INFORMATION_DRAWN,
    INFORMATION_DYNAMIC,
    INFORMATION_SHARED,
    INFORMATION_STATIC,
    STATIC_LABELS,
    Estimate,
)
from rwae.files.scores import Scores
from rwae.models.base import CodeModel
from rwae.models.distributions import Gaussian
from rwae.models.networks import DynamicPosterior, StaticPosterior
from rwae.models.rwae import RWAE

DRAWN_CODES = 32  # clips whose codes are scored under all N: the cost is that of K x N unrollings


@dataclass(frozen=True)
class Posteriors:
    """Q(z_c | x) and Q(z_t | z_<t, x_t) of N clips.

    A dynamic posterior depends on the codes before it, so it cannot be kept as a mean and a
    deviation. The features of each frame are kept instead.

    Attributes:
        static: Q(z_c | x), with mean (N, D_c).
        seen: the features of every frame, with shape (N, T, H).
        network: turns features and earlier codes into Q(z_t | z_<t, x_t).
    """

    static: Gaussian
    seen: Tensor
    network: DynamicPosterior

    def __len__(self) -> int:
        return len(self.seen)

    @property
    def have_density(self) -> bool:
        """Whether both codes have a density: a posterior without noise has none."""
        static_noise = bool(torch.as_tensor(self.static.std > 0).all())
        return static_noise and (self.network.learned_noise or self.network.std > 0)

    @torch.no_grad()
    def means(self) -> Codes:
        """The codes that `RWAE.encode` infers, which the evaluation and the app decode."""
        return Codes(self.static.mean, self.network.unroll(self.seen, None)[1])

    @torch.no_grad()
    def draw(self, generator: torch.Generator) -> Codes:
        """Draws from the posteriors, which are what the decoder was trained on."""
        _, dynamic = self.network.unroll(self.seen, generator)
        return Codes(self.static.sample(generator), dynamic)

    def static_density(self, static: Tensor) -> Tensor:
        """log q(z_c | x_n) of each of K codes under each of N clips: (K, D_c) -> (K, N)."""
        return torch.stack([self.static.log_prob(code) for code in static])

    @torch.no_grad()
    def dynamic_density(self, dynamic: Tensor) -> Tensor:
        """log q(z_1:T | x_n) = sum_t log q(z_t | z_<t, x_n), each of K under each of N.

        The z_<t are those of the sequence that is scored, not those of the clip: the network gets
        the codes of the sequence and the frames of the clip.

        Args:
            dynamic: with shape (K, T, D_m).

        Returns:
            With shape (K, N).
        """
        rows = []
        for codes in dynamic:
            fed = codes.expand(len(self), *codes.shape)
            rows.append(self.network.unroll(self.seen, None, fed)[0].log_prob(fed).sum(-1))
        return torch.stack(rows)


def has_known_posteriors(model: CodeModel) -> TypeGuard[RWAE]:
    """Whether the posteriors of a model are networks whose density is known here."""
    parts = ("static_posterior", StaticPosterior), ("dynamic_posterior", DynamicPosterior)
    return all(isinstance(getattr(model, name, None), kind) for name, kind in parts)


@torch.no_grad()
def infer_posteriors(
    model: RWAE, clips: ClipSource, chosen: Tensor, codes: Codes | None = None
) -> Posteriors:
    """Runs both encoders on some clips.

    Args:
        model: in evaluation mode.
        clips: where the clips are.
        chosen: their numbers, with shape (N,).
        codes: what `encode` returned for these clips, if known. It saves the static encoder, which
            is most of the work, unless the deviation is learned.
    """
    network = model.static_posterior
    static, seen = [], []
    for part, numbers in enumerate(chosen.split(CLIPS_AT_ONCE)):
        x = model.crop(clips.batch(numbers).to(model.device))
        if codes is not None and not network.learned_noise:
            static.append(Gaussian(codes.static[part * CLIPS_AT_ONCE :][: len(x)], network.std))
        else:
            static.append(network(x))
        seen.append(model.dynamic_posterior.frame_features(x))
    stds = [torch.as_tensor(s.std, device=s.mean.device).expand_as(s.mean) for s in static]
    gaussian = Gaussian(torch.cat([s.mean for s in static]), torch.cat(stds))
    return Posteriors(gaussian, torch.cat(seen), model.dynamic_posterior)


def pointwise_information(log_density: Tensor, own: Tensor) -> Tensor:
    """Information of each code on its clip: log q(z_k | x_n(k)) - log (1/N) sum_m q(z_k | x_m).

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
def score_information(
    posteriors: Posteriors, labels: Tensor, factors: Sequence[Factor], generator: torch.Generator
) -> Scores:
    """The mutual information of clips and codes, beside the entropies of the labels.

    The estimates are those of the static code, of the dynamic codes, of both, and of the shared
    information, static + dynamic - both. The last is I(z_c; z_1:T) where x is one of these clips;
    over all possible clips it is too large once `both` is near the ceiling log N.

    The entropies of the static and of the dynamic labels are the information of two codes that
    name the labels and nothing else.

    Args:
        posteriors: of N clips.
        labels: their class numbers, with shape (N, F).
        factors: what the columns mean.
        generator: source of the codes.
    """
    own = spaced(len(posteriors), DRAWN_CODES)
    drawn = posteriors.draw(generator)[own]
    static_density = posteriors.static_density(drawn.static)
    dynamic_density = posteriors.dynamic_density(drawn.dynamic)
    own = own.to(static_density.device)
    static = pointwise_information(static_density, own)
    dynamic = pointwise_information(dynamic_density, own)
    both = pointwise_information(static_density + dynamic_density, own)
    who = static_columns(factors)
    return (
        _mean_and_error(INFORMATION_STATIC, static)
        | _mean_and_error(INFORMATION_DYNAMIC, dynamic)
        | _mean_and_error(INFORMATION_BOTH, both)
        | _mean_and_error(INFORMATION_SHARED, static + dynamic - both)
        | Scores(
            {
                INFORMATION_DRAWN: len(own),
                INFORMATION_CEILING: math.log(len(posteriors)),
                STATIC_LABELS: label_entropy(labels[:, who]),
                DYNAMIC_LABELS: label_entropy(labels[:, ~who]),
            }
        )
    )


def _mean_and_error(metrics: Estimate, values: Tensor) -> Scores:
    return Scores(
        {
            metrics.nats: float(values.mean()),
            metrics.standard_error: float(values.std()) / math.sqrt(len(values)),
        }
    )
