"""The crowd before the app: what is counted, and that nobody sees another's clip."""

import argparse
from pathlib import Path

import httpx
import pytest
from serving import small_checkpoint

from rwae.benchmark import crowd
from rwae.benchmark.live.task import Task
from rwae.files import filmstrip, video


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_checkpoint(tmp_path_factory.mktemp("model"))


def test_a_small_crowd_is_served_and_leaves_nothing(
    model: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowd, "CALM", 0.1)
    options = [str(model), "--visitors", "6", "--seconds", "1", "--markdown", "--device", "cpu"]
    assert crowd.main(options) == 0
    head, _, row = capsys.readouterr().out.splitlines()
    names, values = ([cell.strip() for cell in line.split("|")[1:-1]] for line in (head, row))
    found = dict(zip(names, values, strict=True))
    assert int(found["served"]) >= 6
    for nothing in ("refused", "lost", "pictures mixed up", "files left"):
        assert found[nothing] == "0", nothing


def test_a_picture_of_another_visitor_is_noticed(model: Path) -> None:
    task = Task(argparse.Namespace(checkpoint=model, device="cpu"))
    one, other = (crowd.Visitor(n, task, httpx.AsyncClient(), 0) for n in range(2))
    seen = video.encode_image(filmstrip.sheet(task.studio.decode(one.codes)), "png")
    assert one.mine(seen)
    assert not other.mine(seen)


def test_no_crowd_is_refused_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert crowd.main(["--visitors", "0"]) == 2
    assert "at least one visitor" in capsys.readouterr().err
