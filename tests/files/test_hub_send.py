"""What is sent to the Hub, and what never is; in processes that take a fake Hub for it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from conftest import ROOT
from fake_hub import TOKEN, FakeHub, environment, fake_hub, use
from serving import small_checkpoint

from rwae import RWAE
from rwae.errors import HubError, RWAEError
from rwae.files.card import read_card
from rwae.files.hub import send_files
from rwae.publish import main, model_files

FETCH = """
import sys
from rwae import RWAE
model = RWAE.from_pretrained(sys.argv[1])
print(model.push_to_hub("owner/mine", private=True))
"""


@pytest.fixture
def server() -> Iterator[FakeHub]:
    with fake_hub() as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run: a checkpoint, and what else a training leaves behind."""
    made = small_checkpoint(tmp_path / "mine")
    (made / "state.safetensors").write_bytes(b"Adam")
    (made / "pytorch_model.bin").write_bytes(b"cos\nsystem\n")
    (made / "training.json").write_text('{"command": "python -m rwae.training --preset figures"}')
    return made


def run(server: FakeHub, home: Path, *words: str) -> subprocess.CompletedProcess:
    """Runs Python with the fake Hub; plain HTTPS is used for all files, as for fetching."""
    places = environment(server, home) | {"HF_TOKEN": TOKEN, "HF_HUB_DISABLE_XET": "1"}
    return subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env=os.environ | places,
        text=True,
        capture_output=True,
        timeout=200,
        check=False,
    )


@pytest.mark.slow
def test_a_model_that_was_pushed_comes_back(server: FakeHub, folder: Path, tmp_path: Path) -> None:
    done = run(server, tmp_path / "home", "-c", FETCH, str(folder))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{server.address}/owner/mine/commit/")
    sent = server.sent["model owner/mine"]
    assert set(sent) == {"config.json", "model.safetensors", "README.md"}
    assert server.made == [{"name": "mine", "organization": "owner"} | server.made[0]]
    assert server.made[0]["visibility"] == "private"
    back = tmp_path / "back"
    back.mkdir()
    for name, data in sent.items():
        (back / name).write_bytes(data)
    ours, theirs = RWAE.from_pretrained(folder).state_dict(), RWAE.from_pretrained(back)
    assert all(torch.equal(ours[n], tensor) for n, tensor in theirs.state_dict().items())
    card = read_card(back, "none")
    assert card.title == "mine"
    assert "owner/mine" in (back / "README.md").read_text()


@pytest.mark.slow
def test_the_command_sends_a_checkpoint_and_nothing_else_of_the_run(
    server: FakeHub, folder: Path, tmp_path: Path
) -> None:
    command = ("-m", "rwae.publish", "model", str(folder), "owner/mine")
    listed = run(server, tmp_path / "home", *command)
    assert listed.returncode == 0, listed.stderr
    assert "Nothing was sent: add --yes" in listed.stdout
    assert server.asked == []
    done = run(server, tmp_path / "home", *command, "--yes")
    assert done.returncode == 0, done.stderr
    sent = server.sent["model owner/mine"]
    assert sorted(sent) == [
        "README.md", "config.json", "gallery.safetensors", "model.safetensors", "training.json"
    ]  # fmt: skip
    for name in sent:
        if name != "README.md":
            assert sent[name] == (folder / name).read_bytes()
    assert b"python -m rwae.training --preset figures" in sent["README.md"]
    assert all(f" {name}\n" in listed.stdout for name in sent)
    assert not (folder / "README.md").exists()


def test_the_scores_go_along_and_other_files_stay(folder: Path) -> None:
    for name in ("scores.json", "notes.json"):
        (folder / name).write_text("{}")
    sent = model_files(folder)
    assert sent["scores.json"] == folder / "scores.json"
    assert "notes.json" not in sent


def test_a_card_of_ones_own_goes_along_as_it_is(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "README.md").write_text("# Mine\n")
    assert model_files(folder)["README.md"].read_text() == "# Mine\n"
    assert main(["model", str(folder), "owner/mine"]) == 0
    assert "no README.md" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("token", "status", "said"),
    [("hf_wrong", 200, "hf auth login"), (TOKEN, 500, "status 500")],
)
def test_a_hub_that_refuses(
    server: FakeHub,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    token: str,
    status: int,
    said: str,
) -> None:
    use(server, tmp_path / "home", monkeypatch)
    server.status = status
    with pytest.raises(HubError, match=said):
        send_files(model_files(folder), "owner/mine", token=token)
    assert server.sent == {}


def test_a_hub_that_is_gone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with pytest.raises(HubError, match=r"did not reach owner/mine .*check the network"):
        send_files(model_files(folder), "owner/mine")


def test_what_cannot_be_loaded_is_not_sent(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "model.safetensors").write_bytes(b"nothing")
    assert main(["model", str(folder), "owner/mine", "--yes"]) == 2
    assert "not a readable safetensors file" in capsys.readouterr().err
    assert main(["model", str(folder.parent), "owner/mine", "--yes"]) == 2
    assert "has no config.json" in capsys.readouterr().err
    assert main(["model", str(folder), "mine", "--yes"]) == 2
    assert "owner/name" in capsys.readouterr().err


def test_a_link_in_a_checkpoint_is_not_followed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("mine alone")
    (folder / "README.md").symlink_to(tmp_path / "secret")
    with pytest.raises(RWAEError, match="is a link"):
        model_files(folder)
