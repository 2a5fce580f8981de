"""Connected regions of masks."""

from __future__ import annotations

import cv2
import numpy as np


def label_regions(mask: np.ndarray) -> tuple[int, np.ndarray]:
    """Numbers the regions of a mask (H, W) whose pixels touch by their sides.

    Returns:
        The number of regions K, and whole numbers (H, W): 0 outside the mask, else 1 to K.
    """
    count, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    return count - 1, labels


def border_regions(mask: np.ndarray) -> np.ndarray:
    """The pixels of a mask (H, W) whose region touches the border of the picture."""
    _, labels = label_regions(mask)
    edges = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    found: np.ndarray = mask & np.isin(labels, edges[edges > 0])
    return found


def grow(mask: np.ndarray, pixels: int) -> np.ndarray:
    """Adds to a mask (H, W) all within so many pixels of it, also across corners."""
    kernel = np.ones((3, 3), np.uint8)
    grown: np.ndarray = cv2.dilate(mask.astype(np.uint8), kernel, iterations=pixels) > 0
    return grown


def large_regions(mask: np.ndarray, share: float) -> np.ndarray:
    """The pixels of a mask (H, W) whose region has at least this share of the largest one."""
    count, labels = label_regions(mask)
    if not count:
        return mask
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    sizes[0] = 0
    large: np.ndarray = (sizes >= max(1, share * sizes.max()))[labels]
    return large
