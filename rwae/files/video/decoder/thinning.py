"""Keeps an even part of a row of unknown length, in bounded memory."""

from __future__ import annotations

from typing import Generic, TypeVar

Item = TypeVar("Item")


class Thinned(Generic[Item]):
    """Every n-th item of a row, at most `most` of them.

    It begins with every item. Whenever there are too many, every second one is dropped, and n
    doubles. So between half of `most` and `most` are left of a long row, and all of a short one.

    Attributes:
        items: those that are kept; the first is number 0 of the row.
        every: n.
    """

    def __init__(self, most: int) -> None:
        """Keeps at most so many items, two or more."""
        self.items: list[Item] = []
        self.every = 1
        self._most = most

    def wants(self, number: int) -> bool:
        """Whether the item of a number is to be added: only then does it have to be made."""
        return number % self.every == 0

    def add(self, item: Item) -> None:
        """Adds the next item that was wanted."""
        self.items.append(item)
        if len(self.items) > self._most:
            del self.items[1::2]
            self.every *= 2
