"""R-WAE Studio: disentangled sequence autoencoders that a person can play with.

from rwae import load, read_clip, to_frames, write_clip

model = load("checkpoints/sprites")
x = to_frames(read_clip(path), frames=8, side=64)[None]         # (1, 8, 3, 64, 64) in [0, 1]
codes = model.encode(x)
swapped = model.decode(other.with_static(codes.static))
write_clip("swapped.gif", swapped[0])
"""

from rwae.codes import Codes
from rwae.config import ModelConfig
from rwae.errors import RWAEError
from rwae.files.video import read_clip, to_frames, write_clip
from rwae.models.registry import load
from rwae.models.rwae import RWAE

__version__ = "0.1.0"  # the build reads it here

__all__ = [
    "RWAE",
    "Codes",
    "ModelConfig",
    "RWAEError",
    "load",
    "read_clip",
    "to_frames",
    "write_clip",
]
