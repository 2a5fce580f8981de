"""Looks at the codes themselves, before anything is decoded: probes and mutual information."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from rwae.classifiers import CHUNK
from rwae.codes import Codes
from rwae.data.clips import ClipSource
from rwae.evaluation.codes.information import information
from rwae.evaluation.codes.posteriors import Posteriors, infer, is_known
from rwae.evaluation.codes.probes import Coded, chance, probe_codes
from rwae.evaluation.scores.pairing import spaced
from rwae.models.base import CodeModel

FITTED = 2304  # training clips that the probes are trained on
CHOSEN = 900  # validation clips that they are stopped by


def analyse(
    model: CodeModel,
    clips: ClipSource,
    codes: Codes,
    training: ClipSource,
    validation: ClipSource,
    generator: torch.Generator,
) -> dict[str, Any]:
    """What can be read from the codes, and how much they know.

    Args:
        model: one that encodes.
        clips: those that are scored.
        codes: theirs, as the model infers them.
        training: clips on which the probes are trained, evenly spaced.
        validation: clips by which they are stopped, evenly spaced.
        generator: source of all randomness.

    Returns:
        probes: chance, the accuracy of the commonest class by factor; mean, `probes.probe_codes`
            on posterior means, which is what the evaluation and the app decode; draw, the same
            on draws from the posteriors, which is what the decoder was trained on: what noise
            hides there is of no use to it. The draws are left out for a model whose posteriors
            are not those of `rwae.models.networks`.
        information: see `information.information`; left out likewise, and for a posterior
            without noise, whose codes tell infinitely much.
    """
    sources = (training, validation, clips)
    picked = [
        spaced(len(s), n) for s, n in zip(sources, (FITTED, CHOSEN, len(clips)), strict=True)
    ]
    labels = [source.labels[which] for source, which in zip(sources, picked, strict=True)]
    found: dict[str, Any] = {"probes": {"chance": chance(labels[0], labels[2], clips.factors)}}

    def run(codes: list[Codes]) -> dict[str, Any]:
        seed = int(torch.randint(2**31, (), generator=generator))
        parts = [Coded(c.to("cpu"), known) for c, known in zip(codes, labels, strict=True)]
        return probe_codes(*parts, clips.factors, seed)

    if not is_known(model):
        means = [encode(model, s, which) for s, which in zip(sources[:2], picked, strict=False)]
        found["probes"]["mean"] = run([*means, codes])
        return found
    known = (None, None, codes)
    posteriors = [infer(model, *one) for one in zip(sources, picked, known, strict=True)]
    found["probes"]["mean"] = run([p.means() for p in posteriors])
    found["probes"]["draw"] = run([p.draw(generator) for p in posteriors])
    if noisy(posteriors[2]):
        found["information"] = information(posteriors[2], labels[2], clips.factors, generator)
    return found


def encode(model: CodeModel, clips: ClipSource, chosen: Tensor) -> Codes:
    """The codes of some clips, as the model infers them."""
    return Codes.cat([model.encode(clips.batch(p).to(model.device)) for p in chosen.split(CHUNK)])


def noisy(posteriors: Posteriors) -> bool:
    """Whether both codes have a density: a posterior without noise has none."""
    network = posteriors.network
    return bool((posteriors.static.std > 0).all()) and (network.learned_noise or network.std > 0)
