"""Which files are sent: a closed list, so that no data, run or key goes along by accident."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rwae.errors import CheckpointError, RWAEError
from rwae.files import hub
from rwae.files.checkpoint import SETTINGS_FILE
from rwae.files.jsonfile import read_object

LARGEST = 10_000_000  # bytes of a file of a Space, as in the repository
PAGE = ("README.md", "app.py", "requirements.txt")  # without these there is no Space
BESIDE = ("LICENSE", "SECURITY.md", "packages.txt", "pyproject.toml")
# Every folder of the app, and what may be in it. `rwae/data` is code that reads data.
TREES = {
    "rwae": (".py", ".js", ".css", ".html", ".svg", ".sha256", "py.typed"),
    "checkpoints": (".json", ".safetensors", ".md"),
    "examples": (".py", ".png", ".gif"),
    "docs": (".md", ".svg"),
}
_CACHES = ("__pycache__",)


def of_space(root: Path) -> dict[str, Path]:
    """The files of the app: code, weights, documents and what they show.

    Returns:
        Where each file is, by its path in the Space.

    Raises:
        RWAEError: if a file is missing, is a link, is larger than `LARGEST`, or does not belong
            into a Space.
    """
    for name in PAGE:
        if not (root / name).is_file():
            raise RWAEError(f"The folder {root} has no {name}: name the root of the project.")
    found = [root / name for name in (*PAGE, *BESIDE) if (root / name).is_file()]
    for tree, endings in TREES.items():
        for path in _walk(root / tree):
            if not path.name.endswith(endings):
                raise RWAEError(
                    f"The file {path} does not belong into a Space, whose folder {tree} holds "
                    f"{', '.join(endings)} alone: move it away."
                )
            found.append(path)
    return {_checked(path).relative_to(root).as_posix(): path for path in found}


def of_model(folder: Path) -> dict[str, Path]:
    """The files of a checkpoint, which are those that are fetched again.

    States, logs and pictures of a run stay where they are.

    Raises:
        CheckpointError: if one of the two needed files is missing.
        RWAEError: if one is a link.
    """
    for name in hub.NEEDED:
        if not (folder / name).is_file():
            raise CheckpointError(
                f"The folder {folder} has no {name}: name one that a training has written."
            )
    found = [name for name in (*hub.NEEDED, *hub.WANTED) if (folder / name).is_file()]
    return {name: _checked(folder / name, most=None) for name in found}


def command_of(folder: Path) -> str:
    """The command with which a checkpoint was trained, if it is written down."""
    try:
        command = read_object(folder / SETTINGS_FILE).get("command")
    except (OSError, ValueError):
        return ""
    return command if isinstance(command, str) and command.isprintable() else ""


def _walk(folder: Path) -> Iterator[Path]:
    """All files below a folder, without hidden ones and caches; links to folders are yielded."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name.startswith(".") or path.name in _CACHES:
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _walk(path)
        else:
            yield path


def _checked(path: Path, most: int | None = LARGEST) -> Path:
    if path.is_symlink():
        raise RWAEError(f"The file {path} is a link, which may lead anywhere: put a copy there.")
    if most is not None and path.stat().st_size > most:
        raise RWAEError(
            f"The file {path} has {path.stat().st_size:,} bytes: a file of the Space may have "
            f"{most:,}. Leave it out, or make it smaller."
        )
    return path
