"""The load test: what is counted, and that a picture of somebody else's codes is noticed."""

from pathlib import Path

import httpx
import pytest
from serving import small_checkpoint

from rwae.benchmark import crowd
from rwae.editing.studio import Studio
from rwae.files import filmstrip, video


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_checkpoint(tmp_path_factory.mktemp("model"))


@pytest.mark.slow
def test_a_small_crowd_is_served_and_leaves_nothing(
    model: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowd, "SETTLE_SECONDS", 0.1)
    options = [str(model), "--visitors", "6", "--seconds", "1", "--markdown", "--device", "cpu"]
    assert crowd.main(options) == 0
    head, _, row = capsys.readouterr().out.splitlines()
    names, values = ([cell.strip() for cell in line.split("|")[1:-1]] for line in (head, row))
    found = dict(zip(names, values, strict=True))
    assert int(found["served"]) >= 6
    for nothing in ("refused", "lost", "pictures mixed up", "files left"):
        assert found[nothing] == "0", nothing


def test_a_picture_of_another_visitor_is_noticed(model: Path) -> None:
    studio = Studio.load(model, "cpu")
    one, other = (crowd.Visitor(n, studio, httpx.AsyncClient(), 0, b"") for n in range(2))
    seen = video.encode_image(filmstrip.sheet(studio.decode(one.codes)), "png")
    assert one.shows_own_codes(seen)
    assert not other.shows_own_codes(seen)


def test_half_within_is_the_median_of_the_served_requests() -> None:
    log = crowd.CrowdLog(seconds=[0.1, 0.2, 0.6, 0.3, 0.4])
    assert log.within(0.5) == "300 ms"
    assert log.within(0.95) == "560 ms"
    assert crowd.CrowdLog().within(0.5) == "-"


@pytest.mark.parametrize("options", [["--visitors", "0"], ["--seconds", "0"]])
def test_a_crowd_of_nobody_or_of_no_time_is_refused(
    options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        crowd.main(options)
    assert exit_.value.code == 2
    assert "at least one visitor" in capsys.readouterr().err
