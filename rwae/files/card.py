"""The model card: what the README.md beside the weights calls them, and says of them first."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

CARD_FILE = "README.md"
LONGEST = 2**16  # characters of a card that are read


@dataclass(frozen=True)
class Card:
    """How a model introduces itself.

    Attributes:
        title: the first heading of the card.
        about: the first sentence below it, as plain text; empty if there is none.
        text: all of the card below its heading, as Markdown; empty if there is no card.
        licence: of the weights, as the front matter names it, such as "cc-by-sa-3.0".
        data_licence: what the card's table says about the licence of the data.
    """

    title: str
    about: str = ""
    text: str = ""
    licence: str = ""
    data_licence: str = ""


def read_card(folder: Path, name: str) -> Card:
    """Reads the card of a checkpoint; one without a card, or without a heading, goes by `name`."""
    text = _read(folder / CARD_FILE)
    # The front matter, which the Hub reads, stands between two lines of dashes.
    front = re.match(r"---\n(.*?)\n---\n", text, re.DOTALL)
    text = text[front.end() :].strip() if front else text.strip()
    licences = _licence(front[1] if front else ""), _row(text, "licence of the data")
    heading = re.search(r"^# +(.+)$", text, re.MULTILINE)
    if not heading:
        return Card(name, "", text, *licences)
    body = text[heading.end() :].strip()
    paragraph = body.split("\n\n")[0]
    prose = "" if re.match(r"[#|>*`!-]", paragraph) else _plain(paragraph)
    about = re.split(r"(?<=[.!?]) (?=[A-Z0-9])", prose)[0]
    return Card(_plain(heading[1]), about, body, *licences)


def _read(path: Path) -> str:
    if not path.is_file():
        return ""
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.read(LONGEST)


def _licence(front: str) -> str:
    """The licence of a front matter; one that the Hub has no short name for has its own."""
    found = dict(re.findall(r"^(license|license_name): *[\"']?([^\"'\n]+)", front, re.MULTILINE))
    named = found.get("license", "")
    return (found.get("license_name", named) if named == "other" else named).strip()


def _row(text: str, label: str) -> str:
    """What a row of a two-column table says, as plain text; empty if there is no such row."""
    row = re.search(rf"^\| *{label} *\|(.+)\| *$", text, re.MULTILINE)
    return _plain(row[1]) if row else ""


def _plain(markdown: str) -> str:
    """Text without emphasis, code marks, links and line breaks."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", markdown)
    return " ".join(re.sub(r"[*`]", "", text).split())
