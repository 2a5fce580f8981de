"""Checkpoints from the Hub: whole, from the right commit, or not at all and with a sentence."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from fake_hub import FakeHub, commit_of, fake_hub, use
from serving import small_checkpoint

from rwae import RWAE
from rwae.editing.studio import Studio
from rwae.errors import CheckpointError, HubError
from rwae.files import checkpoint, hub
from rwae.files.hub import fetching

REPO = "owner/small"
CHILD = Path(fetching.__file__).with_name("child.py")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_checkpoint(tmp_path_factory.mktemp("models") / "small", card="# Small\n\nTiny.\n")


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: Path) -> Iterator[FakeHub]:
    """A Hub that has the small model, and an empty cache."""
    with fake_hub() as running:
        use(running, tmp_path / "home", monkeypatch)
        running.add(REPO, model)
        running.asked.clear()
        yield running


def kept(home: Path, pattern: str) -> list[str]:
    return sorted(path.name for path in home.rglob(pattern))


@pytest.mark.usefixtures("server")
def test_a_model_of_the_hub_is_the_one_that_was_put_there(model: Path) -> None:
    ours, theirs = RWAE.from_pretrained(model), RWAE.from_pretrained(REPO)
    assert ours.config == theirs.config
    for name, tensor in ours.state_dict().items():
        assert torch.equal(tensor, theirs.state_dict()[name])
    studio = Studio.load(f"{REPO}@main")
    assert (studio.name, studio.card.title) == ("small", "Small")


def test_nothing_but_the_files_of_a_checkpoint_is_asked_for(
    server: FakeHub, model: Path, tmp_path: Path
) -> None:
    files = server.files[REPO, commit_of(REPO + "main")]
    files |= {"pytorch_model.bin": b"cos\nsystem\n", "run.py": b"boom"}
    folder = hub.locate(REPO)
    assert {path.name for path in folder.iterdir()} == {path.name for path in model.iterdir()}
    names = {line.split("/", 5)[5] for line in server.asked}
    assert names == set(fetching.REQUIRED_FILES | fetching.OPTIONAL_FILES)
    assert kept(tmp_path / "home", "*.bin") == []


def test_a_pickle_takes_no_weights_place(server: FakeHub) -> None:
    files = server.files[REPO, commit_of(REPO + "main")]
    files["pytorch_model.bin"] = files.pop(checkpoint.WEIGHTS_FILE)
    with pytest.raises(CheckpointError, match=r"owner/small has no model\.safetensors"):
        RWAE.from_pretrained(REPO)


def test_a_revision_is_the_one_that_was_asked_for(server: FakeHub, tmp_path: Path) -> None:
    other = small_checkpoint(tmp_path / "other", hidden_size=24)
    commit = server.add(REPO, other, revision="v2")
    assert RWAE.from_pretrained(REPO, revision="v2").config.hidden_size == 24
    assert RWAE.from_pretrained(f"{REPO}@{commit}").config.hidden_size == 24
    assert RWAE.from_pretrained(REPO).config.hidden_size == 16
    server.commits[REPO, "main"] = commit  # the branch moves
    assert RWAE.from_pretrained(REPO).config.hidden_size == 24


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("owner/none", "has no model owner/none"),
        (f"{REPO}@v9", "has no revision v9"),
        (f"{REPO}@{'0' * 40}", "has no revision 000"),
    ],
)
def test_what_the_hub_does_not_have(source: str, said: str) -> None:
    with pytest.raises(CheckpointError, match=said) as caught:
        RWAE.from_pretrained(source)
    assert not isinstance(caught.value, HubError)  # waiting would not help
    assert str(caught.value).count("\n") == 0


def test_a_mirror_whose_answers_name_no_commit_is_told(server: FakeHub) -> None:
    server.forgets_commits = True
    with pytest.raises(HubError, match=r"names no commit.*HF_ENDPOINT"):
        hub.locate(REPO)


@pytest.mark.usefixtures("server")
def test_a_cache_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(HubError, match=r"cannot be written \(.+\).*HF_HOME"):
        hub.locate(REPO)


def test_weights_that_were_cut_on_the_hub_are_not_believed(server: FakeHub) -> None:
    files = server.files[REPO, commit_of(REPO + "main")]
    files[checkpoint.WEIGHTS_FILE] = files[checkpoint.WEIGHTS_FILE][:-4]
    with pytest.raises(CheckpointError, match="fetch it again"):
        RWAE.from_pretrained(REPO)


@pytest.mark.slow
def test_a_transfer_that_breaks_off_goes_on_where_it_was(server: FakeHub, model: Path) -> None:
    server.cut, server.chunk = 2000, 1000
    folder = hub.locate(REPO)
    weights = checkpoint.WEIGHTS_FILE
    assert weights in server.was_cut
    assert (folder / weights).read_bytes() == (model / weights).read_bytes()


@pytest.mark.slow
def test_a_slow_hub_costs_the_deadline_and_leaves_no_half_file(
    server: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "MAX_SECONDS", 3.0)
    server.pause, server.chunk = 0.2, 500  # never silent for long, and never done
    start = time.monotonic()
    with pytest.raises(HubError, match="within 3 seconds"):
        hub.locate(REPO)
    assert time.monotonic() - start < 8
    assert kept(tmp_path / "home", "*.incomplete") == []
    server.pause, server.chunk = 0.0, 2**16
    monkeypatch.setattr(fetching, "MAX_SECONDS", 60.0)
    assert RWAE.from_pretrained(REPO).config.frames == 4


@pytest.mark.parametrize("down", ["gone", "error"])
def test_without_the_hub_the_cache_answers(
    server: FakeHub, monkeypatch: pytest.MonkeyPatch, down: str
) -> None:
    folder = hub.locate(REPO)
    if down == "gone":
        monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    server.status = 503
    start = time.monotonic()
    assert hub.locate(REPO) == folder
    with pytest.raises(HubError, match=r"cannot be reached .* not in the cache"):
        hub.locate("owner/other")
    assert time.monotonic() - start < 15


def test_offline_the_cache_answers_or_a_sentence(
    server: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = hub.locate(REPO)
    server.asked.clear()
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert hub.locate(REPO) == folder
    with pytest.raises(HubError, match="HF_HUB_OFFLINE"):
        hub.locate("owner/other")
    assert server.asked == []


def test_a_commit_that_is_in_the_cache_needs_no_hub(server: FakeHub) -> None:
    pinned = f"{REPO}@{commit_of(REPO + 'main')}"
    folder = hub.locate(pinned)
    server.asked.clear()
    assert hub.locate(pinned) == folder
    assert server.asked == []


def test_a_file_that_is_too_large_is_not_fetched(server: FakeHub) -> None:
    server.sizes[checkpoint.CONFIG_FILE] = 100 * 2**20
    with pytest.raises(CheckpointError, match=r"config\.json .* larger"):
        hub.locate(REPO)
    assert not any(line.startswith("GET") for line in server.asked)


def test_a_hub_that_lies_about_a_size(server: FakeHub, tmp_path: Path) -> None:
    server.sizes[checkpoint.WEIGHTS_FILE] = 100
    with pytest.raises(HubError, match=r"could not be fetched whole \(OSError\)"):
        hub.locate(REPO)
    assert kept(tmp_path / "home", checkpoint.WEIGHTS_FILE) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of the size of files")
def test_a_file_that_grows_beyond_every_limit_is_cut_off_by_the_system(tmp_path: Path) -> None:
    """Whatever the Hub's client does: here it is replaced by one that writes without end."""
    code = (
        "import child\n"
        "child.respond = lambda _: open('fetched', 'wb', 0).write(bytes(9000))\n"
        "child.main()"
    )
    request = {"seconds": 60, "required": {"config.json": 500}, "optional": {"README.md": 1000}}
    environment = os.environ | {"PYTHONPATH": str(Path(hub.__file__).parent)}
    command = [sys.executable, "-c", code]
    asked = json.dumps(request).encode()
    subprocess.run(command, input=asked, cwd=tmp_path, env=environment, timeout=60, check=True)
    assert (tmp_path / "fetched").stat().st_size == 1000


def test_a_model_that_one_may_not_read(server: FakeHub) -> None:
    server.status = 403
    with pytest.raises(CheckpointError, match=r"not hand out owner/small \(status 403\)"):
        hub.locate(REPO)


def test_a_fetch_that_was_killed_can_be_done_again(server: FakeHub, model: Path) -> None:
    server.pause, server.chunk = 0.2, 500
    request = {"seconds": 60, "repo": REPO, "revision": "main"}
    request |= {"required": fetching.REQUIRED_FILES, "optional": fetching.OPTIONAL_FILES}
    child = subprocess.Popen([sys.executable, "-P", CHILD], stdin=subprocess.PIPE, text=True)
    child.stdin.write(json.dumps(request))
    child.stdin.close()
    end = time.monotonic() + 60
    while f"GET /{REPO}/resolve" not in " ".join(server.asked) and time.monotonic() < end:
        time.sleep(0.05)
    child.kill()
    assert child.wait() == -signal.SIGKILL
    server.pause, server.chunk = 0.0, 2**16
    weights = checkpoint.WEIGHTS_FILE
    assert (hub.locate(REPO) / weights).read_bytes() == (model / weights).read_bytes()


def test_files_on_another_host_are_followed_without_the_token(
    server: FakeHub, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real Hub keeps large files elsewhere, so the client follows; the token stays."""
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    with fake_hub() as storage:
        storage.add(REPO, model)
        # Another host by name: to the client a port alone makes no difference.
        server.elsewhere = storage.address.replace("127.0.0.1", "localhost")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
        assert RWAE.from_pretrained(REPO).config.frames == 4
        assert any(line.startswith("GET") for line in storage.asked)
        assert set(storage.tokens) == {None}
    assert set(server.tokens) == {"Bearer hf_secret"}


def test_a_space_takes_commits_alone(server: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPACE_ID", "owner/space")
    for source in (REPO, f"{REPO}@main", f"{REPO}@{commit_of('x')[:39]}"):
        with pytest.raises(CheckpointError, match="40 digits"):
            hub.locate(source)
    assert server.asked == []
    assert hub.locate(f"{REPO}@{commit_of(REPO + 'main')}").is_dir()


def test_the_cache_of_a_test_is_its_own(server: FakeHub, tmp_path: Path) -> None:
    assert hub.locate(REPO).is_relative_to(tmp_path)
    assert os.environ["HF_ENDPOINT"] == server.address
