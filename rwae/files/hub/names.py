"""Tells folders from Hub ids."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from rwae.errors import CheckpointError

MAIN_BRANCH = "main"
_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
_REVISION = re.compile(r"[A-Za-z0-9][\w./-]{0,199}", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}")
_LOCAL_ROOTS = ("checkpoints", "runs", "data", "examples")


@dataclass(frozen=True)
class HubId:
    """A repository on the Hub at a revision.

    Attributes:
        repo: "owner/name".
        revision: branch, tag or commit.
    """

    repo: str
    revision: str = MAIN_BRANCH

    def __post_init__(self) -> None:
        strange = "--" in self.repo or ".." in self.repo or self.repo.endswith(".git")
        if strange or not _ID.fullmatch(self.repo):
            raise CheckpointError(
                f"The Hub has no ids like {self.repo!r}: it needs to be owner/name, of letters, "
                "digits and single dots, dashes and underscores; check the id."
            )
        if ".." in self.revision or not _REVISION.fullmatch(self.revision):
            raise CheckpointError(
                f"The revision {self.revision!r} of {self.repo} cannot name a branch, a tag or a "
                "commit: leave it out for the newest."
            )

    @property
    def pinned(self) -> bool:
        """Whether the revision is a whole commit, whose content can never change."""
        return bool(_COMMIT.fullmatch(self.revision))

    def __str__(self) -> str:
        return self.repo if self.revision == MAIN_BRANCH else f"{self.repo}@{self.revision}"


def parse_source(source: str | Path, revision: str | None = None) -> Path | HubId:
    """Says whether a checkpoint is named by a folder or by a Hub id.

    A `Path` and anything that exists is a folder. Of the other texts, one with a revision is a
    Hub id; without one, owner/name is, unless its first part is a folder here or one of this
    project's own, so that a mistyped folder never becomes a request.

    Args:
        source: a folder, "owner/name" or "owner/name@revision".
        revision: branch, tag or commit on the Hub, if `source` does not name it.

    Raises:
        CheckpointError: if it is neither, or a folder with a revision.
    """
    if isinstance(source, Path) or is_folder(source):
        if revision is not None:
            raise CheckpointError(
                f"The source {source} is a folder, which has no revision {revision}: leave it out."
            )
        return Path(source)
    repo, at, after = source.partition("@")
    if at and revision not in (None, after):
        raise CheckpointError(
            f"The source {source} names one revision and {revision} is another: give only one."
        )
    chosen = after if at else revision
    if repo.count("/") == 1 and (chosen is not None or _could_be_an_id(repo)):
        return HubId(repo, MAIN_BRANCH if chosen is None else chosen)
    return Path(source)


def _could_be_an_id(text: str) -> bool:
    root = text.split("/")[0]
    return bool(_ID.fullmatch(text)) and root not in _LOCAL_ROOTS and not is_folder(root)


def is_folder(source: str | Path) -> bool:
    """Whether there is a folder of this name."""
    try:
        return Path(source).is_dir()
    except OSError:  # a name that is too long for any
        return False


def short_name(source: str | Path) -> str:
    """The last part of a name: of the folder, or of the repository without its revision."""
    found = parse_source(source)
    if isinstance(found, HubId):
        return found.repo.split("/")[1]
    return found.name or found.resolve().name
