"""Codes and clips on their way to the page: JSON values, and pictures as data addresses."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from rwae.codes import Codes
from rwae.files import filmstrip, video
from rwae.ui import requests

DIGITS = 4  # of a code on its way to the page: far finer than a picture can show


def to_json(codes: Codes) -> list[dict[str, Any]]:
    """Codes as a list of {static, dynamic}, rounded and within the limit.

    An action does not travel: a weakly supervised model infers it from the dynamic codes, so what
    is on the page, in a link or in a swap is always shown by these two alone.
    """
    limit = requests.LIMIT
    parts = [
        np.round(part.double().clamp(-limit, limit).numpy(), DIGITS).tolist()
        for part in (codes.static, codes.dynamic)
    ]
    return [{"static": s, "dynamic": d} for s, d in zip(*parts, strict=True)]


def picture(clips: np.ndarray, kind: str) -> str:
    """Clips of bytes (B, T, H, W, 3) as one sheet in a data address."""
    return address(video.encode_image(filmstrip.sheet(clips), kind), f"image/{kind}")


def address(data: bytes, kind: str) -> str:
    """The content of a file as a data address; its kind is a media type such as "image/png"."""
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
