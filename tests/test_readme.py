"""The README and the documents say what is so: their commands, their Python, their links."""

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import ROOT

from rwae import read_clip

README = (ROOT / "README.md").read_text("utf-8")
TEXTS = [ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")


def shell_commands(text: str = README) -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", text, re.S)
    return [line for block in blocks for line in block.splitlines() if line]


def test_the_two_commands_come_first_and_do_what_make_does() -> None:
    app, test = shell_commands()[:2]
    assert app.endswith("python app.py")
    assert test.endswith("python -m pytest")
    for command in (app, test):
        for step in command.split(" && ")[:-1]:
            plain = step.replace("pip install", "pip install -q")
            assert plain in MAKEFILE, f"make does not do: {step}"


def test_ci_lints_and_runs_the_tests_once() -> None:
    assert "make check" in (ROOT / ".ci" / "run").read_text("utf-8")
    steps = subprocess.check_output(["make", "--dry-run", "check"], cwd=ROOT, text=True)
    assert steps.count("-m pytest\n") == 1
    assert "ruff check" in steps
    assert "ruff format --check" in steps


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_every_module_that_is_run_is_there(path: Path) -> None:
    for command in shell_commands(path.read_text("utf-8")):
        words = shlex.split(command, comments=True)
        if "-m" in words:
            name = words[words.index("-m") + 1]
            if name.startswith(("rwae", "examples")):
                file = ROOT / Path(*name.split("."))
                assert file.with_suffix(".py").is_file() or (file / "__main__.py").is_file(), name


def test_its_python_runs_as_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocks marked as Python run one after the other, and swap two clips of a file each."""
    (tmp_path / "checkpoints").symlink_to(ROOT / "checkpoints")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    blocks = re.findall(r"```python\n(.*?)```", README, re.S)
    assert blocks
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)
    codes, swapped = names["codes"], names["swapped"]
    assert torch.equal(swapped.dynamic, codes.dynamic)
    assert torch.equal(swapped.static, codes.static.flip(0))
    assert read_clip(tmp_path / "swapped.gif").shape == (8, 256, 256, 3)


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_every_picture_and_link_into_the_project_is_there(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text("utf-8")):
        if "://" not in target:
            assert (path.parent / target).exists(), target


def test_the_architecture_names_files_and_functions_that_are_there() -> None:
    text = (ROOT / "docs" / "ARCHITECTURE.md").read_text("utf-8")
    named = re.findall(r"`([\w/]+\.(py|js)): ([\w.]+)`", text)
    assert len(named) > 30
    for file, language, name in named:
        folder = ROOT / "rwae" if language == "py" else ROOT / "rwae" / "ui" / "assets"
        code = (folder / file).read_text("utf-8")
        last = name.split(".")[-1]
        assert re.search(rf"\b(def|class|function|const|get) {last}\b", code), f"{file}: {name}"
