"""A real app in a process of its own, and a real browser before it."""

import dataclasses
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import pytest
import torch
from conftest import ROOT, TINY

from rwae import Codes, checkpoint, families

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


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
    families.build(config).save_pretrained(folder)
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
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is on the path")
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


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
    port = free_port()
    places = {"TMPDIR": str(cache), "GRADIO_TEMP_DIR": str(cache / "gradio")}
    folders = [models] if isinstance(models, Path) else models
    named = [word for folder in folders for word in ("--model", str(folder))]
    address = f"http://127.0.0.1:{port}"
    # A file and no pipe, which would fill up and stop the app.
    with open(log, "w+") if log else tempfile.TemporaryFile("w+") as words:
        server = subprocess.Popen(
            [sys.executable, "app.py", *named, *options, "--port", str(port), "--device", "cpu"],
            cwd=root,
            env=os.environ | places | (environment or {}),
            stdout=words,
            stderr=subprocess.STDOUT,
        )
        try:
            _await_answer(server, address, words)
            yield address
        finally:
            server.terminate()
            try:
                server.wait(timeout=60)
            finally:
                server.kill()


def _await_answer(
    server: subprocess.Popen, address: str, words: TextIO, seconds: float = 180
) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if server.poll() is not None:
            words.seek(0)
            pytest.fail(f"the app ended at its start:\n{words.read()}")
        try:
            urllib.request.urlopen(address, timeout=5).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    pytest.fail(f"the app did not answer within {seconds} seconds")
