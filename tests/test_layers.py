"""The house has floors: imports go down only, and each dependency has one door."""

import ast
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from conftest import ROOT
from serving import app, small_checkpoint

LAYERS = (
    {"errors", "config", "codes", "distributions", "factors", "jsonfile", "numeric"},
    {"losses", "mmd", "networks", "tensors", "checkpoint", "card"}
    | {"drafting", "hub", "video", "filmstrip", "device", "memory", "turns"},
    {"codemodel", "model", "objects", "mocogan", "families", "judge"},
    {"inference", "directions", "named", "data", "export"},
    {"training", "evaluation", "ui", "publish"},
    {"benchmark"},
)
DOORS = {
    "cv2": {"rwae/video"},
    "huggingface_hub": {"rwae/hub"},
    "gradio": {"rwae/ui", "app.py", "rwae/benchmark/live/usual.py"},
}
SOCIABLE_FLOORS = (0, 1, 2, 3)  # rooms here may look at each other, in one direction


def modules() -> list[Path]:
    return [*sorted((ROOT / "rwae").rglob("*.py")), ROOT / "app.py"]


def imports(path: Path) -> Iterator[str]:
    """The dotted names of all that a file imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports by a relative name"
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def room(dotted: str) -> str | None:
    """The part of the package that a dotted name belongs to, such as "losses"."""
    parts = dotted.split(".")
    known = set().union(*LAYERS)
    return parts[1] if parts[0] == "rwae" and len(parts) > 1 and parts[1] in known else None


def floor(name: str) -> int:
    return next(number for number, names in enumerate(LAYERS) if name in names)


def home(path: Path) -> str | None:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return parts[1] if parts[0] == "rwae" and parts[1] != "__init__" else None


def test_every_room_is_on_a_floor() -> None:
    found = {home(path) for path in modules()} - {None}
    assert found == set().union(*LAYERS)


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_down(path: Path) -> None:
    here = home(path)
    if here is None:
        return
    for name in imports(path):
        there = room(name)
        if there in (None, here):
            continue
        lower = floor(there) < floor(here)
        beside = floor(there) == floor(here) and floor(here) in SOCIABLE_FLOORS
        assert lower or beside, f"{here} must not import {there}"


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_each_dependency_has_one_door(path: Path) -> None:
    place = str(path.relative_to(ROOT))
    for name in imports(path):
        doors = DOORS.get(name.split(".")[0])
        assert doors is None or any(place.startswith(door) for door in doors), f"{place}: {name}"


def test_the_app_serves_without_training_evaluation_and_data(tmp_path: Path) -> None:
    root = tmp_path / "project"
    shutil.copytree(ROOT / "rwae", root / "rwae")
    shutil.copy(ROOT / "app.py", root)
    for part in ("training", "evaluation", "data", "benchmark"):
        shutil.rmtree(root / "rwae" / part)
    model = small_checkpoint(tmp_path / "model")
    with app(model, tmp_path, root) as address, urlopen(address, timeout=60) as page:
        assert "R-WAE Studio" in page.read().decode()


def test_the_readme_lists_the_rooms_from_the_top_down() -> None:
    """It says of its list: a file imports from below it only."""
    readme = (ROOT / "README.md").read_text("utf-8")
    tree = readme.split("\nrwae/\n")[1].split("\ncheckpoints/")[0].replace("/", "")
    lines = [re.split(r"\s{2,}", line.strip())[0].split(", ") for line in tree.splitlines()]
    place = {name: number for number, names in enumerate(lines) for name in names}
    assert set(place) == set().union(*LAYERS)
    for path in modules():
        here = home(path)
        for there in {room(name) for name in imports(path)} - {None, here}:
            assert here is None or place[there] >= place[here], f"{here} stands below {there}"
