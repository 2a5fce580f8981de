"""Folders and Hub ids are told apart without asking anyone."""

from pathlib import Path

import pytest

from rwae.errors import CheckpointError
from rwae.files.hub import HubId, parse_source, short_name

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder that holds the folder models/mine."""
    (tmp_path / "models" / "mine").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "source",
    [
        "models/mine",  # is there
        "models/yours",  # a folder of a folder that is there
        "runs/mine", "checkpoints/none", "data/x", "examples/x",  # of this project
        "mine", "a/b/c", "./a/b", "../a", "/a/b", "a\\b", "~/a", "", ".",
        "https://huggingface.co/a/b",
        "a" * 300 + "/b", "a" * 5000, "a\0/b",  # no folder and no repository can have these
        Path("owner/name"),
    ],
)  # fmt: skip
def test_these_are_folders(source: str | Path) -> None:
    assert parse_source(source) == Path(source)


@pytest.mark.parametrize(
    ("source", "revision", "found"),
    [
        ("owner/name", None, HubId("owner/name")),
        ("owner/name", "v2", HubId("owner/name", "v2")),
        ("owner/name@refs/pr/1", None, HubId("owner/name", "refs/pr/1")),
        (f"o-w.n_er/na.me@{COMMIT}", COMMIT, HubId("o-w.n_er/na.me", COMMIT)),
        ("models/yours@main", None, HubId("models/yours")),  # said to be an id by its revision
    ],
)
def test_these_are_ids(source: str, revision: str | None, found: HubId) -> None:
    assert parse_source(source, revision) == found


@pytest.mark.parametrize(
    ("source", "revision", "said"),
    [
        ("models/mine", "v2", "is a folder"),
        (Path("owner/name"), "v2", "is a folder"),
        ("owner/name@v1", "v2", "give only one"),
        ("owner/name@", None, "cannot name a branch"),
        ("owner/name@../x", None, "cannot name a branch"),
        ("owner/name@-x", None, "cannot name a branch"),
        ("owner/name@v1\n", None, "cannot name a branch"),
        ("a--b/c", None, "check the id"),
        ("a/b.git", None, "check the id"),
        ("a..b/c", None, "check the id"),
        ("öwner/name@main", None, "check the id"),
        ("owner/n%2e@main", None, "check the id"),
    ],
)
def test_these_are_neither(source: str | Path, revision: str | None, said: str) -> None:
    with pytest.raises(CheckpointError, match=said):
        parse_source(source, revision)


def test_a_whole_commit_is_a_pin_and_nothing_else_is() -> None:
    assert HubId("a/b", COMMIT).pinned
    for revision in ("main", COMMIT[:39], COMMIT + "0", COMMIT.upper(), "v" + COMMIT[:39]):
        assert not HubId("a/b", revision).pinned


def test_short_names(here: Path) -> None:
    assert short_name("models/mine") == "mine"
    assert short_name(f"owner/name@{COMMIT}") == "name"
    assert short_name(".") == here.name
    assert str(HubId("a/b")) == "a/b"
    assert str(HubId("a/b", "v2")) == "a/b@v2"
