"""Blocks of a Markdown file that a command writes: what stands between two comments."""

from __future__ import annotations

from pathlib import Path

from rwae.errors import ConfigError
from rwae.files.checkpoint import atomic


def between(path: Path, begin: str, end: str) -> tuple[str, str, str]:
    """Cuts a file at two markers: up to the first, the block, from the second on.

    Raises:
        ConfigError: if the file or the markers are not there, each once and in order.
    """
    text = path.read_text("utf-8") if path.is_file() else ""
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
        raise ConfigError(
            f"The file {path} needs the line {begin} once, and after it {end} once: put both "
            "where the tables belong."
        )
    before, rest = text.split(begin)
    block, after = rest.split(end)
    return before + begin, block, end + after


def rewrite(path: Path, begin: str, end: str, block: str) -> None:
    """Puts another block between the two markers of a file; errors as from `between`."""
    before, _, after = between(path, begin, end)
    with atomic(path) as temporary:
        temporary.write_text(f"{before}\n\n{block.strip()}\n\n{after}", "utf-8")
