"""Runs the decoder kernel outside a browser, as `rwae/ui/assets/lib/kernel.js` does inside one."""

import numpy as np
import pytest
import torch

from rwae import Codes
from rwae.models.kernel import KERNEL

wasmtime = pytest.importorskip("wasmtime", reason="wasmtime is not installed")


class Host:
    """The kernel with one model.

    Attributes:
        opened: whether it took the file.
    """

    def __init__(self, file: bytes, side: int) -> None:
        engine = wasmtime.Engine()
        self._store = wasmtime.Store(engine)
        module = wasmtime.Module(engine, KERNEL.read_bytes())
        self._exports = wasmtime.Instance(self._store, module, []).exports(self._store)
        self._side = side
        self._write(file, self._call("allocate", len(file)))
        self.opened = bool(self._call("open", len(file)))

    def decode(self, codes: Codes) -> np.ndarray:
        """RGBA bytes (B, T, S, S, 4)."""
        clips = zip(codes.static, codes.dynamic, strict=True)
        return np.stack([self._clip(static, dynamic) for static, dynamic in clips])

    def _clip(self, static: torch.Tensor, dynamic: torch.Tensor) -> np.ndarray:
        self._write(static.numpy().tobytes(), self._call("static_code"))
        self._write(dynamic.numpy().tobytes(), self._call("dynamic_codes"))
        self._call("begin", len(dynamic))
        return np.stack([self._frame(n) for n in range(len(dynamic))])

    def _frame(self, number: int) -> np.ndarray:
        self._call("draw", number)
        place, size = self._call("picture"), self._side**2 * 4
        picture = self._exports["memory"].read(self._store, place, place + size)
        return np.frombuffer(picture, np.uint8).reshape(self._side, self._side, 4)

    def _call(self, name: str, *numbers: int) -> int:
        return self._exports[name](self._store, *numbers)

    def _write(self, content: bytes, place: int) -> None:
        self._exports["memory"].write(self._store, content, place)
