"""The model card: what the README.md beside the weights calls them, and says of them first."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

CARD_FILE = "README.md"


@dataclass(frozen=True)
class Card:
    """How a model introduces itself.

    Attributes:
        title: the first heading of the card.
        about: the first sentence below it, as plain text; empty if there is none.
    """

    title: str
    about: str = ""


def read_card(folder: Path, name: str) -> Card:
    """Reads the card of a checkpoint; one without a card, or without a heading, goes by `name`."""
    path = folder / CARD_FILE
    text = path.read_text("utf-8", errors="replace") if path.is_file() else ""
    # The front matter, which the Hub reads, stands between two lines of dashes.
    text = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
    heading = re.search(r"^# +(.+)$", text, re.MULTILINE)
    if not heading:
        return Card(name)
    paragraph = text[heading.end() :].strip().split("\n\n")[0]
    prose = "" if re.match(r"[#|>*`!-]", paragraph) else _plain(paragraph)
    return Card(_plain(heading[1]), re.split(r"(?<=[.!?]) (?=[A-Z0-9])", prose)[0])


def _plain(markdown: str) -> str:
    """Text without emphasis, code marks, links and line breaks."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", markdown)
    return " ".join(re.sub(r"[*`]", "", text).split())
