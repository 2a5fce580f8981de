"""Finds the round of a clip that repeats itself."""

from __future__ import annotations

import numpy as np

from rwae.files import video

MIN_ROUND = 3  # frames
ALIKE = 0.15  # of the mean difference of two frames: frames that differ by less are the same
_SIDE = 64  # pixels of the frames that are compared


def find_round(frames: np.ndarray) -> int | None:
    """How many frames a clip plays before it begins again; None if it does not, at least twice.

    Args:
        frames: bytes with shape (N, H, W, C), evenly in time.
    """
    count = len(frames)
    if count < 2 * MIN_ROUND:
        return None
    shrinking = min(1.0, _SIDE / max(frames.shape[1:3]))
    small = video.scale_frames(frames, shrinking).reshape(count, -1).astype(np.float32)
    differences = np.array(
        [np.abs(small[lag:] - small[:-lag]).mean() for lag in range(1, count // 2 + 1)]
    )
    typical = float(differences.mean())
    if typical == 0:
        return None
    # Beyond the frames that are alike because they follow one another.
    moved = np.flatnonzero(differences > typical / 2)
    again = np.flatnonzero(differences[moved[0] :] < ALIKE * typical) + moved[0]
    if not len(again):
        return None
    nearest = again[: int(np.argmax(np.diff(again, append=count) > 1)) + 1]  # beside one another
    lag = int(nearest[differences[nearest].argmin()]) + 1
    return lag if lag >= MIN_ROUND else None
