"""Decoder and encoder for WebAssembly: a small kernel in C, and the packing of a model for it.

The app sends them to a visitor's browser, which then decodes and reads clips by itself. `python -m
rwae.models.kernel` compiles the kernel anew and compares it with the one in the repository.
"""

from rwae.models.kernel.encoder import pack_encoder
from rwae.models.kernel.packing import pack
from rwae.models.kernel.program import KERNEL, MAX_FRAMES

__all__ = ["KERNEL", "MAX_FRAMES", "pack", "pack_encoder"]
