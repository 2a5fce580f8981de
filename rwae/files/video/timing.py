"""When the frames of a clip are shown."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def evenly(times: Sequence[float]) -> np.ndarray:
    """Which frames of a clip to take so that they follow one another at an even pace.

    A model knows no time but the number of a frame, while phones, screen recorders and GIFs hold
    some frames for longer than others. So as many frames as there are are taken again, at even
    steps from the time of the first to that of the last: each is the one that a viewer sees in the
    middle of its step. Where the pace is even, or nearly, that is each frame once. How long the
    last frame stays is not asked.

    Args:
        times: of the N frames, in any unit. Times that do not grow from frame to frame, as in
            strips and damaged files, say nothing, and every frame is taken once.

    Returns:
        N indices, none smaller than the one before.
    """
    known = np.asarray(times, float)
    count = len(known)
    if count < 3 or not np.isfinite(known).all() or (np.diff(known) <= 0).any():
        return np.arange(count)
    step = (known[-1] - known[0]) / (count - 1)
    asked = known[0] + step * (np.arange(count) + 0.5)
    return np.searchsorted(known, asked, side="right") - 1
