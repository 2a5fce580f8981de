"""A fixed split of files that have no published one."""

from __future__ import annotations

import hashlib


def part(name: str, train: int, validation: int) -> str:
    """The split of a file, decided by a hash of its name alone.

    It is the same on every machine, and other files that come or go do not change it.

    Args:
        name: relative to the data's folder, with forward slashes.
        train: how many of a hundred files train.
        validation: how many of a hundred are for validation; the rest is "test".
    """
    place = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) % 100
    if place < train:
        return "train"
    return "validation" if place < train + validation else "test"
