"""Sends a model, the app or a page of one model to the Hugging Face Hub.

python -m rwae.publish model runs/mine owner/name          # a checkpoint, with its card
python -m rwae.publish space owner/name                    # the app, as a Gradio Space
python -m rwae.publish page runs/mine --out page.html      # a page that needs no server
python -m rwae.publish page runs/mine --space owner/name   # the same, as a static Space

Without --yes it only lists the files. Only files on a fixed list are sent, so that no data, run or
key goes along by accident.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from rwae.errors import CheckpointError, RWAEError
from rwae.files import hub, installation
from rwae.files.card import CARD_FILE, Card, draft_card
from rwae.files.checkpoint import SETTINGS_FILE
from rwae.files.jsonfile import read_object
from rwae.models import registry

MAX_SPACE_FILE_BYTES = 10_000_000  # as in the repository
# Without these there is no Space.
REQUIRED_SPACE_FILES = ("README.md", "app.py", "requirements.txt")
OPTIONAL_SPACE_FILES = (
    "LICENSE",
    "SECURITY.md",
    "packages.txt",
    "pyproject.toml",
    "constraints.txt",
    "requirements.lock",
)
# Every folder of the app, and what may be in it. `rwae/data` is code that reads data.
SPACE_FOLDERS = {
    "rwae": (".py", ".js", ".css", ".html", ".svg", ".sha256", ".c", ".wasm", "py.typed"),
    "checkpoints": (".json", ".safetensors", ".npz", ".md"),
    "examples": (".py", ".png", ".gif"),
    "docs": (".md", ".png", ".svg", ".gif"),
}
_CACHES = ("__pycache__",)


def space_files(root: Path) -> dict[str, Path]:
    """The files of the app: code, weights and what the README shows.

    Returns:
        Where each file is, by its path in the Space.

    Raises:
        RWAEError: if a file is missing, is a link, is larger than `MAX_SPACE_FILE_BYTES`, or does
            not belong into a Space.
    """
    for name in REQUIRED_SPACE_FILES:
        if not (root / name).is_file():
            raise RWAEError(f"The folder {root} has no {name}: name the root of the project.")
    names = (*REQUIRED_SPACE_FILES, *OPTIONAL_SPACE_FILES)
    found = [root / name for name in names if (root / name).is_file()]
    for folder, endings in SPACE_FOLDERS.items():
        for path in _files_below(root / folder):
            if not path.name.endswith(endings):
                raise RWAEError(
                    f"The file {path} does not belong into a Space, whose folder {folder} holds "
                    f"{', '.join(endings)} alone: move it away."
                )
            found.append(path)
    for path in found:
        _require_no_link(path)
        if (size := path.stat().st_size) > MAX_SPACE_FILE_BYTES:
            raise RWAEError(
                f"The file {path} has {size:,} bytes: a file of the Space may have "
                f"{MAX_SPACE_FILE_BYTES:,}. Leave it out, or make it smaller."
            )
    return {path.relative_to(root).as_posix(): path for path in found}


def model_files(folder: Path) -> dict[str, Path]:
    """The files of a checkpoint, which are those that are fetched again.

    States, logs and pictures of a run stay where they are.

    Returns:
        Where each file is, by its path in the repository.

    Raises:
        CheckpointError: if one of the two required files is missing.
        RWAEError: if one is a link.
    """
    for name in hub.REQUIRED_FILES:
        if not (folder / name).is_file():
            raise CheckpointError(
                f"The folder {folder} has no {name}: name one that a training has written."
            )
    names = (*hub.REQUIRED_FILES, *hub.OPTIONAL_FILES)
    found = {name: folder / name for name in names if (folder / name).is_file()}
    for path in found.values():
        _require_no_link(path)
    return found


def training_command(folder: Path) -> str:
    """The command with which a checkpoint was trained; empty if it is unknown."""
    try:
        command = read_object(folder / SETTINGS_FILE).get("command")
    except (OSError, ValueError):
        return ""
    return command if isinstance(command, str) and command.isprintable() else ""


def _files_below(folder: Path) -> Iterator[Path]:
    """All files below a folder, without hidden ones and caches; links to folders are yielded."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name.startswith(".") or path.name in _CACHES:
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _files_below(path)
        else:
            yield path


def _require_no_link(path: Path) -> None:
    if path.is_symlink():
        raise RWAEError(f"The file {path} is a link, which may lead anywhere: put a copy there.")


def parse_publish_arguments(words: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    about = (__doc__ or "").splitlines()[0]
    parser = argparse.ArgumentParser(prog="python -m rwae.publish", description=about)
    kinds = parser.add_subparsers(dest="kind", required=True)
    model = kinds.add_parser("model", help="a checkpoint")
    model.add_argument("folder", type=Path, help="that a training has written")
    space = kinds.add_parser("space", help="the app with the models in checkpoints/")
    space.add_argument("--root", type=Path, default=installation.ROOT, help=argparse.SUPPRESS)
    page = kinds.add_parser("page", help="a model in one file, which opens without a server")
    page.add_argument("model", help="folder of a checkpoint, or owner/name on the Hub")
    page.add_argument("--out", type=Path, help="where to write the page, such as page.html")
    page.add_argument("--space", dest="repo", help="owner/name of a static Space that shows it")
    for kind in (model, space):
        kind.add_argument("repo", help="owner/name on the Hub")
    for kind in (model, space, page):
        kind.add_argument("--yes", action="store_true", help="send; without it, only list")
        kind.add_argument("--private", action="store_true", help="make it for the owner alone")
    options = parser.parse_args(words)
    if options.kind == "page" and not (options.out or options.repo):
        page.error("name a file by --out, or a Space by --space")
    return options


def files_to_send(options: argparse.Namespace, drafts: Path) -> dict[str, Path]:
    """The files to send; a model that has no card gets one, in the folder `drafts`.

    A model is loaded first: one that cannot be loaded is of no use to anyone.
    """
    if options.kind == "space":
        return space_files(options.root)
    if options.kind == "page":
        return page_files(options, drafts)
    found = model_files(options.folder)
    model = registry.load(options.folder)
    if CARD_FILE not in found:
        found[CARD_FILE] = drafts / CARD_FILE
        command = training_command(options.folder)
        text = draft_card(options.repo, model.config, model.num_parameters, command)
        found[CARD_FILE].write_text(text, "utf-8")
        print(
            f"The folder has no {CARD_FILE}: a card that states the sizes is sent. Edit it there."
        )
    return found


def page_files(options: argparse.Namespace, drafts: Path) -> dict[str, Path]:
    """The files of a static Space that shows a model, in the folder `drafts`.

    The page is also written to `options.out`, if there is one; without a Space, to that alone.

    Raises:
        ConfigError: if the model cannot run without a server.
        RWAEError: if the page cannot be written, is larger than `MAX_SPACE_FILE_BYTES`, or would
            hand out the weights of a private model.
    """
    # Only a page needs them, and they import Gradio.
    from rwae.ui.loaded_models import load_model
    from rwae.ui.standalone import standalone_page

    if options.repo and not options.private and not hub.is_public(options.model):
        raise RWAEError(
            f"The model {options.model} is private on the Hub, and the page holds its weights: "
            "add --private."
        )
    studio = load_model(options.model, "cpu")
    page = standalone_page(studio).encode()
    if options.out:
        try:
            options.out.write_bytes(page)
        except OSError as error:
            raise RWAEError(f"The page cannot be written: {error}.") from error
        print(f"{len(page):>12,}  {options.out}")
    if not options.repo:
        return {}
    if len(page) > MAX_SPACE_FILE_BYTES:
        raise RWAEError(
            f"The page has {len(page):,} bytes, and a file of a Space at most "
            f"{MAX_SPACE_FILE_BYTES:,}: choose a smaller model."
        )
    texts = {"README.md": static_readme(studio.card).encode(), "index.html": page}
    for name, text in texts.items():
        (drafts / name).write_bytes(text)
    return {name: drafts / name for name in texts}


def static_readme(card: Card) -> str:
    """The README.md of a static Space, whose front matter the Hub reads."""
    front = {"title": card.title, "sdk": "static", "app_file": "index.html"}
    if card.licence:
        front["license"] = card.licence
    lines = [f"{name}: {json.dumps(value)}" for name, value in front.items()]
    text = "\n".join(["---", *lines, "---", "", f"# {card.title}", "", card.about])
    data = f"\n\nData: {card.data_licence}" if card.data_licence else ""
    return f"{text}{data}\n\nA page by R-WAE Studio, which decodes in the browser.\n"


def print_sizes(found: Mapping[str, Path]) -> None:
    """Prints every file with its size, and the sum."""
    sizes = {name: path.stat().st_size for name, path in found.items()}
    for name, size in sorted(sizes.items()):
        print(f"{size:>12,}  {name}")
    print(f"{sum(sizes.values()):>12,}  bytes in {len(sizes)} files")


def send(found: Mapping[str, Path], options: argparse.Namespace) -> str:
    """Sends the files; returns the address of the commit."""
    return hub.send_files(
        found,
        options.repo,
        kind="model" if options.kind == "model" else "space",
        space_sdk="static" if options.kind == "page" else "gradio",
        private=options.private,
    )


def main(words: list[str] | None = None) -> int:
    """Lists the files, and sends them if asked to."""
    options = parse_publish_arguments(words)
    try:
        if options.repo:
            hub.HubId(options.repo)  # before anything is read
        with tempfile.TemporaryDirectory(prefix="rwae-") as drafts:
            found = files_to_send(options, Path(drafts))
            if not found:
                return 0
            print_sizes(found)
            if not options.yes:
                print(f"Nothing was sent: add --yes to send this to {options.repo}.")
                return 0
            print(send(found, options))
    except RWAEError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
