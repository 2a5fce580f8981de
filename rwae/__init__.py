"""R-WAE Studio: disentangled sequence autoencoders that a person can play with.

from rwae import RWAE, Codes
model = RWAE.from_pretrained("checkpoints/sprites")
codes = model.encode(x)                                        # x (B, T, 3, 64, 64) in [0, 1]
swapped = model.decode(other.with_static(codes.static))
"""

from rwae.codes import Codes
from rwae.config import ModelConfig
from rwae.errors import RWAEError
from rwae.families import load
from rwae.model import RWAE

__all__ = ["RWAE", "Codes", "ModelConfig", "RWAEError", "load"]
