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

    def encode(self, clips: np.ndarray, sizes: tuple[int, int]) -> Codes:
        """Codes of RGB bytes (B, T, S, S, 3); `sizes` are D_c and D_m."""
        pairs = [self._codes(clip, *sizes) for clip in clips]
        return Codes(*(torch.stack(part) for part in zip(*pairs, strict=True)))

    def _codes(self, clip: np.ndarray, static: int, dynamic: int) -> tuple[torch.Tensor, ...]:
        self._call("begin", len(clip))
        for number, frame in enumerate(clip):
            rgba = np.concatenate([frame, np.full_like(frame[..., :1], 255)], -1)
            self._write(rgba.tobytes(), self._call("picture"))
            self._call("observe", number)
        self._call("encode")
        motion = self._numbers("dynamic_codes", len(clip) * dynamic).view(len(clip), dynamic)
        return self._numbers("static_code", static), motion

    def _numbers(self, name: str, count: int) -> torch.Tensor:
        place = self._call(name)
        found = self._exports["memory"].read(self._store, place, place + 4 * count)
        return torch.from_numpy(np.frombuffer(found, np.float32).copy())

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
