"""The README says what is so: its commands, its Python, its links."""

import re
import shlex
from pathlib import Path

import torch
from conftest import ROOT

README = (ROOT / "README.md").read_text("utf-8")
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")


def shell_commands() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", README, re.S)
    return [line for block in blocks for line in block.splitlines() if line]


def test_the_two_commands_come_first_and_do_what_make_does() -> None:
    app, test = shell_commands()[:2]
    assert app.endswith("python app.py")
    assert test.endswith("python -m pytest")
    for command in (app, test):
        for step in command.split(" && ")[:-1]:
            plain = step.replace("pip install", "pip install -q")
            assert plain in MAKEFILE, f"make does not do: {step}"


def test_ci_calls_what_the_readme_names() -> None:
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    assert "make check" in script
    assert re.search(r"^check:.*\n(\t.*\n)*\t\$\(PYTHON\) -m pytest\n", MAKEFILE, re.M)


def test_every_module_that_the_readme_runs_is_there() -> None:
    for command in shell_commands():
        words = shlex.split(command)
        if "-m" in words and words[words.index("-m") + 1].startswith("rwae"):
            path = ROOT / Path(*words[words.index("-m") + 1].split("."))
            assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file(), command


def test_its_python_runs_as_printed() -> None:
    (block,) = re.findall(r"```python\n(.*?)```", README, re.S)
    assert "x_hat" in block
    names = {"x": torch.rand(2, 8, 3, 64, 64)}
    exec(compile(block, "README.md", "exec"), names)
    codes = names["codes"]
    assert codes.static.shape == (2, 20)
    assert codes.dynamic.shape == (2, 8, 10)
    assert names["x_hat"].shape == (2, 8, 3, 64, 64)
    assert names["swapped"].shape == (1, 8, 3, 64, 64)
    assert len(names["drawn"]) == 16


def test_every_requirement_is_pinned() -> None:
    for name in ("requirements.txt", "tests/requirements.txt"):
        for line in (ROOT / name).read_text("utf-8").splitlines():
            assert re.fullmatch(r"#.*|[\w-]+==[\w.]+", line), f"{name}: {line}"


def test_every_picture_and_link_into_the_project_is_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if "://" not in target:
            assert (ROOT / target).exists(), target
