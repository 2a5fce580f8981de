"""R-WAE Studio: disentangled sequence autoencoders that a person can play with.

import torch
from rwae import load, read_clip, to_frames, write_clip

model = load("checkpoints/sprites")
clips = [to_frames(read_clip(path), frames=8, side=64) for path in ("a.gif", "b.gif")]
codes = model.encode(torch.stack(clips))                   # of clips (2, 8, 3, 64, 64) in [0, 1]
swapped = model.decode(codes.with_static(codes.static.flip(0)))
write_clip("swapped.gif", swapped[0])                      # the motion of a, shown by b
"""

from rwae.codes import Codes
from rwae.config import ModelConfig
from rwae.errors import RWAEError
from rwae.files.video import read_clip, to_frames, write_clip
from rwae.models.registry import load
from rwae.models.rwae import RWAE
from rwae.uploads.adapt import Adapted, adapt
from rwae.uploads.assess import Fit, assess
from rwae.uploads.choices import Choices
from rwae.uploads.learned import open_learned
from rwae.uploads.prepare import Prepared, prepare

__version__ = "0.2.0"  # the build reads it here

__all__ = [
    "RWAE",
    "Adapted",
    "Choices",
    "Codes",
    "Fit",
    "ModelConfig",
    "Prepared",
    "RWAEError",
    "adapt",
    "assess",
    "load",
    "open_learned",
    "prepare",
    "read_clip",
    "to_frames",
    "write_clip",
]
