"""The project as a Hugging Face Space: its front matter, its files, and that they are enough."""

import re
import tomllib
from pathlib import Path
from urllib.request import urlopen

import pytest
import yaml
from conftest import ROOT
from fake_hub import FakeHub, commit_of, environment, fake_hub
from huggingface_hub import SpaceHardware
from packaging.requirements import Requirement
from serving import MISSING_NAME, RunningApp, copy_space, small_checkpoint

from rwae.errors import RWAEError
from rwae.publish import SPACE_FOLDERS, main, space_files
from rwae.ui.endpoints import page_functions
from rwae.ui.loaded_models import LoadedModels, load_models

README = (ROOT / "README.md").read_text("utf-8")
FRONT = yaml.safe_load(README.split("---\n")[1])
INSTALLED = (ROOT / "requirements.txt").read_text("utf-8")
PINS = dict(
    re.findall(r"^([\w-]+)==(\S+)", (ROOT / "constraints.txt").read_text("utf-8"), re.MULTILINE)
)


def test_the_front_matter_says_what_is_so() -> None:
    assert README.startswith("---\n")
    assert README.split("---\n")[2].startswith("\n# R-WAE Studio\n")
    assert FRONT["sdk"] == "gradio"
    assert FRONT["sdk_version"] == PINS["gradio"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == f">={FRONT['python_version']}"
    assert FRONT["license"] == project["license"].lower() == "apache-2.0"
    assert "Apache License" in (ROOT / "LICENSE").read_text()
    assert FRONT["app_file"] == "app.py"
    assert FRONT["suggested_hardware"] in {str(kind.value) for kind in SpaceHardware}
    assert len(FRONT["short_description"]) <= 60  # the Hub refuses longer ones
    assert set(FRONT) <= {
        "title", "license", "sdk", "sdk_version", "python_version", "app_file",
        "suggested_hardware", "short_description", "tags",
    }  # fmt: skip


def test_a_space_may_choose_versions_and_builds() -> None:
    """It has a gradio of its own, and installs requirements.txt without constraints.txt."""
    for line in INSTALLED.splitlines():
        assert re.fullmatch(r"#.*|[\w-]+(>=[\d.]+)(,<\d+)?", line), line
    wanted = next(line for line in INSTALLED.splitlines() if line.startswith("gradio"))
    assert FRONT["sdk_version"] in Requirement(wanted).specifier


def test_the_files_of_the_space_are_code_weights_and_pictures() -> None:
    found = space_files(ROOT)
    assert {"app.py", "README.md", "requirements.txt", "LICENSE", "rwae/ui/page.py"} <= set(found)
    assert "checkpoints/sprites/model.safetensors" in found
    assert {name.split("/")[0] for name in found if "/" in name} == set(SPACE_FOLDERS)
    assert not any(part.startswith((".", "__pyc")) for name in found for part in name.split("/"))
    assert all(path.stat().st_size <= 10_000_000 for path in found.values())
    assert {Path(name).suffix for name in found if name.startswith("rwae/data/")} == {
        ".py", ".sha256"
    }  # fmt: skip


def test_what_the_readme_links_to_is_there_too() -> None:
    links = re.findall(r"\]\((?!https?://)([^)#]+)\)", README)
    assert "SECURITY.md" in links
    assert set(links) <= set(space_files(ROOT))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The files of the Space, with one small model in the place of all."""
    root = tmp_path / "project"
    copy_space(root)
    return root


def test_data_runs_and_keys_do_not_go_along(project: Path) -> None:
    before = set(space_files(project))
    for name in ("data/sprites/a.png", "runs/mine/model.safetensors", ".env", ".git/config",
                 "rwae/__pycache__/a.pyc", "rwae/.cache/a.py", "notes.txt"):  # fmt: skip
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text("not for everyone")
    assert set(space_files(project)) == before


@pytest.mark.parametrize(
    "name", ["rwae/data/sprites.npz", "checkpoints/small/state.pt", "examples/clip.mp4"]
)
def test_a_file_that_does_not_belong_stops_it(
    project: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / name).write_text("data")
    assert main(["space", "owner/space", "--root", str(project), "--yes"]) == 2
    assert "does not belong into a Space" in capsys.readouterr().err


def test_large_files_and_links_stop_it(project: Path, tmp_path: Path) -> None:
    large = project / "checkpoints" / "small" / "large.json"
    large.write_bytes(b" " * 10_000_001)
    with pytest.raises(RWAEError, match="10,000,001 bytes"):
        space_files(project)
    large.unlink()
    (project / "rwae" / "out").symlink_to(tmp_path)
    with pytest.raises(RWAEError, match=r"does not belong|is a link"):
        space_files(project)


def test_the_command_lists_and_sends_nothing(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["space", "owner/space", "--root", str(project)]) == 0
    said = capsys.readouterr().out
    assert "rwae/ui/page.py" in said
    assert "Nothing was sent: add --yes to send this to owner/space." in said


def ask(models: LoadedModels, model: str) -> dict:
    functions = {function.__name__: function for function in page_functions(models)}
    return functions["open_model"]({"model": model})


def test_a_space_offers_what_its_owner_named_and_no_visitor_can_name_more(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fake_hub() as hub:
        commit = served(hub, tmp_path, monkeypatch)
        monkeypatch.setenv("SPACE_ID", "owner/space")
        models = load_models([f"owner/pinned@{commit}"], project / "checkpoints", "cpu")
        assert (list(models.studios), models.notice) == (["pinned"], "")
        hub.asked.clear()
        for typed in (f"owner/other@{commit}", "owner/other", "../small", str(project)):
            assert "no such model here" in ask(models, typed)["error"]
        assert hub.asked == []


def served(hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Lets the Hub have two models, and this process's children use it; returns their commit."""
    for name, value in environment(hub, tmp_path / "home").items():
        monkeypatch.setenv(name, value)
    commit = commit_of("a model")
    for name in ("pinned", "other"):
        hub.add(f"owner/{name}", small_checkpoint(tmp_path / name), commit=commit)
    return commit


def test_a_space_starts_with_its_own_models_if_a_named_one_is_not_pinned(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SPACE_ID", "owner/space")
    models = load_models(["owner/pinned@main"], project / "checkpoints", "cpu")
    assert list(models.studios) == ["small"]
    assert models.notice.startswith("The model owner/pinned@main could not be loaded")
    assert "40 digits" in capsys.readouterr().err


def test_the_files_are_enough_and_without_the_hub_the_embedded_model_is_shown(
    space_app: RunningApp,
) -> None:
    with urlopen(space_app.address, timeout=60) as page:
        text = page.read().decode()
    assert "Embedded" in text
    assert f"{MISSING_NAME}@1111111" in text
