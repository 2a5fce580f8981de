"""Sends a model or the app to the Hugging Face Hub. It lists the files, and sends with --yes.

python -m rwae.publish model runs/mine owner/name          # a checkpoint, with its card
python -m rwae.publish space owner/name                    # the app, as a Gradio Space
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from rwae.errors import RWAEError
from rwae.files import hub
from rwae.files.card import CARD_FILE, draft_card
from rwae.models import registry
from rwae.publish import files

ROOT = Path(__file__).resolve().parents[2]


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m rwae.publish", description=__doc__.splitlines()[0]
    )
    kinds = parser.add_subparsers(dest="kind", required=True)
    model = kinds.add_parser("model", help="a checkpoint")
    model.add_argument("folder", type=Path, help="that a training has written")
    space = kinds.add_parser("space", help="the app with the models in checkpoints/")
    space.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    for kind in (model, space):
        kind.add_argument("repo", help="owner/name on the Hub")
        kind.add_argument("--yes", action="store_true", help="send; without it, only list")
        kind.add_argument("--private", action="store_true", help="make it for the owner alone")
    return parser.parse_args(words)


def gather(chosen: argparse.Namespace, drafts: Path) -> dict[str, Path]:
    """The files to send; a model that has no card gets one, in the folder `drafts`.

    A model is loaded first: one that cannot be loaded is of no use to anyone.
    """
    if chosen.kind == "space":
        return files.of_space(chosen.root)
    found = files.of_model(chosen.folder)
    model = registry.load(chosen.folder)
    if CARD_FILE not in found:
        found[CARD_FILE] = drafts / CARD_FILE
        command = files.command_of(chosen.folder)
        text = draft_card(chosen.repo, model.config, model.num_parameters, command)
        found[CARD_FILE].write_text(text, "utf-8")
        print(
            f"The folder has no {CARD_FILE}: a card that states the sizes is sent. Edit it there."
        )
    return found


def show(found: dict[str, Path]) -> None:
    """Prints every file with its size, and the sum."""
    sizes = {name: path.stat().st_size for name, path in found.items()}
    for name, size in sorted(sizes.items()):
        print(f"{size:>12,}  {name}")
    print(f"{sum(sizes.values()):>12,}  bytes in {len(sizes)} files")


def main(words: list[str] | None = None) -> int:
    """Lists the files, and sends them if asked to."""
    chosen = arguments(words)
    try:
        hub.HubId(chosen.repo)  # before anything is read
        with tempfile.TemporaryDirectory(prefix="rwae-") as drafts:
            found = gather(chosen, Path(drafts))
            show(found)
            if not chosen.yes:
                print(f"Nothing was sent: add --yes to send this to {chosen.repo}.")
                return 0
            print(hub.send(found, chosen.repo, kind=chosen.kind, private=chosen.private))
    except RWAEError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
