"""The colours of pixel art: which ones a clip has, and a drawn clip brought back to them.

A model draws every pixel a few levels off. Art of few colours looks right again, and can be edited
by its colours, when each pixel takes the nearest of them.

    colours = palette_of(given)             # (K, 3), or None if there are too many
    redrawn = snap(redrawn, colours)        # no other colour is left
"""

from __future__ import annotations

import numpy as np

from rwae.errors import ClipError

MOST_COLOURS = 256  # as many as a GIF or a PNG with a palette can have
_ROUNDS = 12  # of k-means
_PIXELS_AT_ONCE = 2**13  # whose distances to all colours are held in memory: 8 MB at most


def palette_of(frames: np.ndarray, most: int = MOST_COLOURS) -> np.ndarray | None:
    """The colours of a clip.

    Args:
        frames: RGB bytes with shape (T, H, W, 3).
        most: number of colours.

    Returns:
        Bytes with shape (K, 3), sorted by red, green and blue; None if there are more than `most`.
    """
    values = np.unique(_packed(frames))
    if len(values) > most:
        return None
    return _unpacked(values)


def snap(frames: np.ndarray, palette: np.ndarray) -> np.ndarray:
    """Gives each pixel the nearest colour of a palette, by the squared distance in RGB.

    Args:
        frames: RGB bytes with shape (..., 3).
        palette: bytes with shape (K, 3). Of colours at the same distance the first is taken.

    Raises:
        ClipError: if the palette has another shape, or no colour or more than `MOST_COLOURS`.
    """
    if palette.ndim != 2 or palette.shape[1] != 3 or not 1 <= len(palette) <= MOST_COLOURS:
        raise ClipError(
            f"The palette has shape {palette.shape}: it needs to be 1 to {MOST_COLOURS} colours "
            "of red, green and blue."
        )
    values, places = np.unique(_packed(frames), return_inverse=True)
    pixels, colours = _unpacked(values).astype(np.float32), palette.astype(np.float32)
    # |p - c|^2 less |p|^2, which is the same for all colours; whole numbers below 2^24 are exact.
    lengths = (colours**2).sum(1)
    nearest = [
        (lengths - 2 * pixels[i : i + _PIXELS_AT_ONCE] @ colours.T).argmin(1)
        for i in range(0, len(pixels), _PIXELS_AT_ONCE)
    ]
    snapped: np.ndarray = palette[np.concatenate(nearest)][places.reshape(frames.shape[:-1])]
    return snapped


def exact_share(a: np.ndarray, b: np.ndarray, foreground: np.ndarray) -> float:
    """The share of foreground pixels in which two clips have the very same colour.

    Args:
        a: RGB bytes with shape (T, H, W, 3).
        b: the same.
        foreground: booleans with shape (T, H, W), of which one at least is true.
    """
    return float((a == b).all(-1)[foreground].mean())


def _packed(frames: np.ndarray) -> np.ndarray:
    """RGB bytes (..., 3) as one whole number for each pixel."""
    wide = frames.astype(np.uint32)
    return wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2]


def _unpacked(values: np.ndarray) -> np.ndarray:
    """The reverse of `_packed`."""
    return np.stack([values >> 16, values >> 8 & 255, values & 255], -1).astype(np.uint8)


def reduce_palette(frames: np.ndarray, count: int) -> np.ndarray:
    """The colours that stand best for all of a clip, by k-means (Lloyd, 1982).

    The same colours serve all frames, so nothing flickers. It starts from colours evenly spread
    by brightness, and is the same at every call. Black stays exactly black.

    Args:
        frames: RGB bytes with shape (T, H, W, 3).
        count: number of colours, from 2 on.

    Returns:
        Bytes with shape (K, 3), K <= count.
    """
    packed, weights = np.unique(_packed(frames), return_counts=True)
    if len(packed) <= count:
        return _unpacked(packed)
    pixels = _unpacked(packed).astype(np.float32)
    order = pixels.sum(1).argsort(kind="stable")
    centres = pixels[order[np.linspace(0, len(order) - 1, count).round().astype(int)]]
    weights = np.sqrt(weights)  # large plain areas do not take all colours
    for _ in range(_ROUNDS):
        lengths = (centres**2).sum(1)
        nearest = (lengths - 2 * pixels @ centres.T).argmin(1)
        sums = np.zeros_like(centres)
        np.add.at(sums, nearest, pixels * weights[:, None])
        totals = np.bincount(nearest, weights, len(centres))
        used = totals > 0
        centres[used] = (sums[used] / totals[used, None]).astype(np.float32)
        centres[0] = 0
    return np.unique(centres.round().astype(np.uint8), axis=0)
