"""A sample sheet: what the model makes of some clips, in one picture."""

from __future__ import annotations

from pathlib import Path

import torch

from rwae.codes import Codes
from rwae.data.clips import ClipSource
from rwae.files import filmstrip
from rwae.files.checkpoint import atomic
from rwae.files.video import encode_image
from rwae.models.base import CodeModel
from rwae.models.distributions import standard_normal

CLIPS = 3


def write_sheet(path: Path, model: CodeModel, clips: ClipSource) -> None:
    """Writes a PNG with three columns, a clip each.

    From top to bottom: the clip, its reconstruction, its static code with the motion of the next
    clip, with a motion from the prior, its motion with a static code from the prior, and a
    sample; of a model that cannot encode, three samples, and their static codes with each
    other's motion. The draws are the same at every step, so that sheets can be compared.
    """
    generator = torch.Generator().manual_seed(0)
    chosen = torch.randperm(len(clips), generator=generator)[:CLIPS]
    x = clips.batch(chosen)
    codes = model.encode(x) if model.encodes else None
    sampled = model.sample(len(x), frames=x.shape[1], generator=generator)
    rows = [sampled]
    if codes is None:
        rows += [neighbour(sampled)]
    else:
        static = standard_normal(tuple(codes.static.shape), codes.static, generator)
        rows = [
            codes,
            neighbour(codes),
            sampled.with_static(codes.static),
            codes.with_static(static),
            sampled,
        ]
    clips_of_rows = [model.decode(row) for row in rows]
    if codes is not None:
        clips_of_rows.insert(0, x.to(model.device))
    strips = torch.stack([row.flatten(0, 1) for row in clips_of_rows])
    picture = filmstrip.sheet(filmstrip.to_bytes(strips))
    with atomic(path) as temporary:
        temporary.write_bytes(encode_image(picture, "png"))


def neighbour(codes: Codes) -> Codes:
    """Each clip's static code with the motion of the next clip."""
    return codes.with_static(codes.static.roll(-1, 0))
