"""The project as a package: what is in its wheel, and the versions that it asks for."""

import ast
import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from conftest import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from rwae import __version__

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
# Which package a module comes from, where the names differ.
PACKAGES = {
    "cv2": "opencv-python-headless",
    "huggingface_hub": "huggingface-hub",
    "markdown_it": "markdown-it-py",
    "python_multipart": "python-multipart",
    "yaml": "pyyaml",
}
CUDA = re.compile(r"(nvidia|cuda)-|triton")  # each build of torch pins its own


def requirements(name: str) -> dict[str, Requirement]:
    """The lines of a file at the root, by the name of the package."""
    lines = [line.split(" --hash")[0].split(" \\")[0] for line in read(name).splitlines()]
    found = [Requirement(line) for line in lines if re.match(r"\w", line)]
    return {canonicalize_name(one.name): one for one in found}


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def needed(names: set[str]) -> set[str]:
    """Packages, and all that they need here, as their installed versions say."""
    found: set[str] = set()
    while names:
        name = names.pop()
        found.add(name)
        for line in metadata.requires(name) or []:
            one = Requirement(line)
            if one.marker is None or one.marker.evaluate({"extra": ""}):
                names |= {canonicalize_name(one.name)} - found
    return {name for name in found if not CUDA.match(name)}


def test_a_space_and_the_package_ask_for_the_same() -> None:
    package = {
        canonicalize_name(one.name): one for one in map(Requirement, PROJECT["dependencies"])
    }
    assert package == requirements("requirements.txt")


def test_what_the_package_imports_is_named() -> None:
    modules = set()
    for path in [*(ROOT / "rwae").rglob("*.py"), ROOT / "app.py"]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                modules |= {name.name.split(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                modules.add(node.module.split(".")[0])
    inside = {path.stem for path in (ROOT / "rwae").rglob("*.py")}  # the decoder's own, and rwae
    # The last two are for `rwae.benchmark.live` and `python app.py --mcp` alone.
    foreign = modules - set(sys.stdlib_module_names) - inside - {"rwae", "playwright", "mcp"}
    named = set(requirements("requirements.txt"))
    assert {PACKAGES.get(module, module) for module in foreign} <= named


@pytest.mark.parametrize("files", [["requirements.txt"], ["tests/requirements.txt"]])
def test_constraints_name_one_version_of_every_package(files: list[str]) -> None:
    pins = requirements("constraints.txt")
    wanted = {name: one for file in files for name, one in requirements(file).items()}
    for name in wanted:
        if not list(metadata.distributions(name=name)):
            pytest.skip(f"{name} is not installed")
    missing = needed(set(wanted)) - set(pins)
    assert not missing, f"run `make constraints`, which adds {', '.join(sorted(missing))}"
    for name, pin in pins.items():
        (version,) = pin.specifier
        assert version.operator == "==", pin
        assert name not in wanted or version.version in wanted[name].specifier, pin


def test_the_lock_holds_the_same_versions_with_hashes_and_no_torch() -> None:
    pins, locked = requirements("constraints.txt"), requirements("requirements.lock")
    assert {name: pins[name] for name in locked} == locked
    assert needed(set(requirements("requirements.txt"))) - set(locked) == {"torch"}
    assert len(re.findall(r"^\w.*\\\n +--hash=sha256:", read("requirements.lock"), re.M)) == len(
        locked
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built package; skipped where the build system cannot be fetched."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", "--no-deps", "-w", str(folder), str(ROOT)]
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    if "hatchling" in done.stderr and "No matching distribution" in done.stderr:
        pytest.skip("hatchling is not installed and cannot be fetched: a network is needed")
    assert done.returncode == 0, done.stderr
    (found,) = folder.glob("*.whl")
    return found


@pytest.mark.slow
def test_the_wheel_holds_all_files_of_the_package_and_the_shipped_models(wheel: Path) -> None:
    assert wheel.name == f"rwae_studio-{__version__}-py3-none-any.whl"
    packed = set(zipfile.ZipFile(wheel).namelist())
    tracked = subprocess.check_output(["git", "ls-files", "rwae"], cwd=ROOT, text=True).split()
    assert set(tracked) <= packed
    assert {
        "rwae/py.typed",
        "rwae/ui/assets/mark.svg",
        "rwae/data/checksums/sprites.sha256",
    } <= packed
    for folder in ("sprites", "judges", "sheets"):
        files = (ROOT / "checkpoints" / folder).rglob("*")
        for path in (path for path in files if path.suffix in {".safetensors", ".npz"}):
            assert f"rwae/{path.relative_to(ROOT).as_posix()}" in packed


@pytest.mark.slow
def test_the_installed_package_works_in_another_folder(wheel: Path, tmp_path: Path) -> None:
    """In an environment of its own, which borrows the packages of this one."""
    home = tmp_path / "venv"
    venv.create(home, with_pip=False, symlinks=True)
    bin_folder = home / ("Scripts" if sys.platform == "win32" else "bin")
    (site,) = home.glob("**/site-packages")
    borrowed = [path for path in sys.path if path.endswith("site-packages")]
    (site / "borrowed.pth").write_text("\n".join(borrowed))
    pip = [
        sys.executable,
        "-m",
        "pip",
        f"--python={bin_folder / 'python'}",
        "install",
        "--no-deps",
    ]
    subprocess.run([*pip, "--no-index", str(wheel)], check=True, capture_output=True)

    def run(*command: str) -> str:
        return subprocess.check_output(command, cwd=tmp_path, text=True)

    python = str(bin_folder / "python")
    assert str(home) in run(python, "-c", "import rwae; print(rwae.__file__)")
    folder = run(
        python, "-c", "from rwae.files import installation; print(installation.checkpoints())"
    ).strip()
    assert str(home) in folder
    load = "import sys, rwae; print(rwae.load(sys.argv[1]).config.frames)"
    assert run(python, "-c", load, f"{folder}/sprites").strip() == "8"
    assert "--model" in run(str(bin_folder / "rwae-studio"), "--help")
