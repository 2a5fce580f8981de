"""A sample sheet: what the model makes of some clips, in one picture."""

from __future__ import annotations

from pathlib import Path

import torch

from rwae import filmstrip
from rwae.checkpoint import atomic
from rwae.codes import Codes
from rwae.data.clips import Clips
from rwae.distributions import standard_normal
from rwae.model import RWAE
from rwae.video import encode_image

CLIPS = 3


def write_sheet(path: Path, model: RWAE, clips: Clips) -> None:
    """Writes a PNG with three columns, a clip each.

    From top to bottom: the clip, its reconstruction, its static code with the dynamic codes of
    the next clip, with a motion from the prior, its dynamic codes with a static code from the
    prior, and a sample. The draws are the same at every step, so that sheets can be compared.
    """
    generator = torch.Generator().manual_seed(0)
    chosen = torch.randperm(len(clips), generator=generator)[:CLIPS]
    x = clips.batch(chosen)
    codes = model.encode(x)
    sampled = model.sample(len(x), frames=x.shape[1], generator=generator)
    static = standard_normal(tuple(codes.static.shape), codes.static, generator)
    rows = [
        codes,
        Codes(codes.static, codes.dynamic.roll(1, 0)),
        Codes(codes.static, sampled.dynamic),
        Codes(static, codes.dynamic),
        sampled,
    ]
    clips_of_rows = [x.to(model.device), *(model.decode(row) for row in rows)]
    strips = torch.stack([row.flatten(0, 1) for row in clips_of_rows])
    picture = filmstrip.sheet(filmstrip.to_bytes(strips))
    with atomic(path) as temporary:
        temporary.write_bytes(encode_image(picture, "png"))
