"""The architecture: imports go down only, and each large dependency has one package."""

import ast
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from conftest import ROOT
from serving import RunningApp

# The packages and modules of rwae/ from the bottom up. Each may import from those before it.
ORDER = (
    *("errors", "config", "codes", "runtime", "files", "models", "losses", "classifiers"),
    *("sheets", "uploads", "editing", "data", "training", "evaluation", "ui"),
    *("publish", "benchmark"),
)
# Beside one another: neither imports from the other, so the app can do without training.
APART = (("ui", "data"), ("ui", "training"), ("ui", "evaluation"), ("training", "evaluation"))
DEPENDENCIES = {
    "cv2": ("rwae/files/video",),
    "huggingface_hub": ("rwae/files",),
    "gradio": ("rwae/ui", "rwae/benchmark"),
}
PACKAGE = ROOT / "rwae"


def modules() -> list[Path]:
    return [*sorted(PACKAGE.rglob("*.py")), ROOT / "app.py"]


def imports(path: Path) -> Iterator[str]:
    """The dotted names of all that a file imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports by a relative name"
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def part(dotted: str) -> str | None:
    """The part of rwae/ that a dotted name belongs to: "files" for "rwae.files.checkpoint"."""
    parts = dotted.split(".")
    return parts[1] if parts[0] == "rwae" and len(parts) > 1 and parts[1] in ORDER else None


def test_every_part_of_the_package_has_a_place() -> None:
    found = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert found - {"__init__", "__pycache__"} == set(ORDER)


@pytest.mark.parametrize("here", ORDER)
def test_imports_go_down(here: str) -> None:
    files = PACKAGE / here
    paths = sorted(files.rglob("*.py")) if files.is_dir() else [files.with_suffix(".py")]
    for path in paths:
        for there in {part(name) for name in imports(path)} - {None, here}:
            assert ORDER.index(there) < ORDER.index(here), f"{path} must not import {there}"
            apart = (here, there) in APART or (there, here) in APART
            assert not apart, f"{path} must not import {there}"


@pytest.mark.parametrize("dependency", DEPENDENCIES)
def test_each_large_dependency_has_one_package(dependency: str) -> None:
    for path in modules():
        used = any(name.split(".")[0] == dependency for name in imports(path))
        place = path.relative_to(ROOT).as_posix()
        assert not used or place.startswith(DEPENDENCIES[dependency]), place


def test_no_two_modules_import_each_other() -> None:
    """A circle between modules is refused, also one inside a package."""
    names = {path: dotted(path) for path in modules()}
    known = set(names.values())
    edges = {name: set() for name in known}
    for path, name in names.items():
        for found in imports(path):
            while found and found not in known:
                found = found.rpartition(".")[0]
            if found and found != name:
                edges[name].add(found)
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, f"these import each other: {' -> '.join((*trail, name))}"
        if name not in done:
            for there in edges[name]:
                # A package's __init__ collects names of its own modules.
                if not name.startswith(f"{there}."):
                    visit(there, (*trail, name))
            done.add(name)

    for name in sorted(known):
        visit(name, ())


def dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_the_app_serves_without_training_evaluation_and_data(space_app: RunningApp) -> None:
    with urlopen(space_app.address, timeout=60) as page:
        assert "R-WAE Studio" in page.read().decode()
