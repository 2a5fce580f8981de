"""A real app in a process of its own, and a real browser before it."""

import dataclasses
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from conftest import ROOT, TINY

from rwae import Codes
from rwae.benchmark.live.browser import BROWSERS, find_browser
from rwae.benchmark.server import running_server
from rwae.files import checkpoint
from rwae.models import registry

# The models of the fixture `models_app`, and how each differs from the first.
MODELS = {
    "plain": {},
    "large": {"static_size": 9, "frames": 6, "card": "# A larger one\n\nIt is large."},
    "rival": {"family": "mocogan", "card": "# A rival\n\nIt draws."},
    "weak": {"actions": 3},
    "still": {"frames": 1, "frame_size": 128, "card": f"# A model with a {'very ' * 9}long name"},
    "recurrent": {"recurrent_decoder": True},
    "twin": {},
}

# The model that `space_app` is asked for and cannot fetch, and how its page calls it.
MISSING_NAME = "someone/with-a-rather-long-name-of-a-model"
MISSING_MODEL = f"{MISSING_NAME}@{'1' * 40}"


@dataclass(frozen=True)
class RunningApp:
    """An app that tests share: they must not change its files.

    Attributes:
        address: such as http://127.0.0.1:7860.
        folders: of its models by their names, the first of which is the default.
        cache: where it writes temporary files.
    """

    address: str
    folders: dict[str, Path]
    cache: Path


@contextmanager
def running(folders: Sequence[Path], cache: Path, root: Path = ROOT) -> Iterator[RunningApp]:
    """Runs an app for tests that share it; the arguments are those of `app`."""
    with app(folders, cache, root) as address:
        yield RunningApp(address, {folder.name: folder for folder in folders}, cache)


def copy_space(root: Path) -> None:
    """Copies the files of a Space to a folder, with one small model in the place of all."""
    from rwae.publish import space_files

    for name, path in space_files(ROOT).items():
        if not name.startswith("checkpoints/"):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, root / name)
    small_checkpoint(root / "checkpoints" / "small", card="# Embedded\n\nTiny.\n")


def small_checkpoint(folder: Path, clips: int = 40, card: str = "", **settings: int | str) -> Path:
    """Writes a small model with random weights and a gallery of codes with unit spread.

    Args:
        folder: of the checkpoint; its name is the model's.
        clips: how many the gallery holds.
        card: text of the README.md, which is left out if empty.
        settings: of the configuration, where it differs from `TINY`.
    """
    torch.manual_seed(3)
    config = dataclasses.replace(TINY, **settings)
    registry.build_model(config).save_pretrained(folder)
    gallery = Codes(
        torch.randn(clips, config.static_size),
        torch.randn(clips, config.frames, config.dynamic_size),
    )
    checkpoint.write_gallery(folder, gallery)
    if card:
        (folder / "README.md").write_text(card)
    return folder


def browser_path() -> str:
    """The browser of this machine; without one the test is skipped."""
    found = find_browser()
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is on the path")
    return found


def exit_code(options: Sequence[str]) -> int | str | None:
    """The code with which a start of the app ends that fails; this process stays as it is."""
    from rwae.ui import launch  # slow to import, and most tests need none of it

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(launch, "prepare_process", lambda: None)
        with pytest.raises(SystemExit) as ended:
            launch.main(options)
    return ended.value.code


@contextmanager
def app(
    models: Path | Sequence[Path],
    cache: Path,
    root: Path = ROOT,
    environment: dict[str, str] | None = None,
    log: Path | None = None,
    options: Sequence[str] = (),
) -> Iterator[str]:
    """Runs app.py on a free port, and yields its address once it answers.

    Args:
        models: folders of checkpoints, or of the one that the app offers.
        cache: where temporary files go, so that a test can see whether any stay.
        root: folder of app.py.
        environment: variables that the app finds beside this process's own.
        log: a file for what the app prints, if a test wants to read it.
        options: further words of the command line.
    """
    folders = [models] if isinstance(models, Path) else models
    named = [word for folder in folders for word in ("--model", str(folder))]
    program = ["app.py", *named, *options, "--device", "cpu"]
    with running_server(program, cache, root, environment, log) as server:
        yield server.address
