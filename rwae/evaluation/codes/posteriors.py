"""The posteriors of many clips: means, draws, and how likely codes are under each of them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from rwae.classifiers import CHUNK
from rwae.codes import Codes
from rwae.data.clips import ClipSource
from rwae.models.base import CodeModel
from rwae.models.distributions import Gaussian
from rwae.models.networks import DynamicPosterior, StaticPosterior
from rwae.models.rwae import RWAE


@dataclass(frozen=True)
class Posteriors:
    """Q(z_c | x) and Q(z_t | z_<t, x_t) of N clips.

    A dynamic posterior depends on the codes before it, so it cannot be kept as a mean and a
    deviation: what is kept is what the network saw in each frame.

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

        The z_<t are those of the very sequence that is scored, never the clip's own: the network
        is fed the sequence's codes and the clip's frames.

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


def is_known(model: CodeModel) -> bool:
    """Whether the posteriors of a model are networks that this file can take apart."""
    parts = ("static_posterior", StaticPosterior), ("dynamic_posterior", DynamicPosterior)
    return all(isinstance(getattr(model, name, None), kind) for name, kind in parts)


@torch.no_grad()
def infer(
    model: RWAE, clips: ClipSource, chosen: Tensor, codes: Codes | None = None
) -> Posteriors:
    """Runs both encoders on some clips.

    Args:
        model: in evaluation mode.
        clips: where the clips are.
        chosen: their numbers, with shape (N,).
        codes: what `encode` made of these very clips, if that is known: it spares the static
            encoder, which is most of the work, unless that also chooses the deviation.
    """
    network = model.static_posterior
    static, seen = [], []
    for part, numbers in enumerate(chosen.split(CHUNK)):
        x = model.crop(clips.batch(numbers).to(model.device))
        if codes is not None and not network.learned_noise:
            static.append(Gaussian(codes.static[part * CHUNK :][: len(x)], network.std))
        else:
            static.append(network(x))
        seen.append(model.dynamic_posterior.see(x))
    stds = [torch.as_tensor(s.std, device=s.mean.device).expand_as(s.mean) for s in static]
    gaussian = Gaussian(torch.cat([s.mean for s in static]), torch.cat(stds))
    return Posteriors(gaussian, torch.cat(seen), model.dynamic_posterior)
