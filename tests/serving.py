"""A real app in a process of its own, and a real browser before it."""

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from conftest import ROOT, TINY

from rwae import Codes
from rwae.benchmark.live.browser import BROWSERS, find_browser
from rwae.benchmark.server import running_server
from rwae.files import checkpoint
from rwae.models import registry


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
    registry.build(config).save_pretrained(folder)
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
