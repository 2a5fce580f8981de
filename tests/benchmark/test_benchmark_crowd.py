"""The load test: what is counted, and that a picture of somebody else's codes is noticed."""

import asyncio
import json
import time
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


def let_in(model: Path, kind: type[crowd.Visitor], seconds: float) -> tuple[crowd.CrowdLog, list]:
    """Lets one visitor in; what became of its requests, and the requests."""
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if request.method == "GET":
            return httpx.Response(200, stream=httpx.ByteStream(b"file"))
        decoder = {"kernel": "k.wasm", "weights": "w.bin"}
        return httpx.Response(200, json=decoder | {"sheet": "data:image/png;base64,"})

    async def stay() -> crowd.CrowdLog:
        transport = httpx.MockTransport(answer)
        async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
            visitor = kind(1, Studio.load(model, "cpu"), client, 0, b"")
            log = crowd.CrowdLog()
            await visitor.stay(time.monotonic() + seconds, log)
            return log

    return asyncio.run(stay()), asked


def test_a_visitor_whose_browser_decodes_asks_for_the_decoder_alone(model: Path) -> None:
    log, asked = let_in(model, crowd.LocalVisitor, 0.3)
    assert [one.url.path for one in asked] == [crowd.SERVER_ROUTE, "/k.wasm", "/w.bin"]
    assert json.loads(asked[0].content)["fn_name"] == "find_decoder"
    assert (log.served, len(log.seconds), log.lost) == (1, 1, 0)


def test_a_visitor_that_rests_asks_for_the_stills(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowd, "DRAG_SECONDS", 0.2)
    monkeypatch.setattr(crowd.Visitor, "shows_own_codes", lambda *_: True)
    log, asked = let_in(model, crowd.Visitor, 1.0)
    clips = [len(json.loads(one.content)["data"]["clips"]) for one in asked]
    assert set(clips) == {1, crowd.STILLS}
    assert clips.count(1) > clips.count(crowd.STILLS)
    assert len(log.seconds) == log.served == len(clips)


def test_visitors_are_shared_out_and_what_they_met_is_added_up(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    let: list[tuple[str, int]] = []

    async def visit(server: str, _studio: Studio, visitors: int, *_: object) -> crowd.CrowdLog:
        let.append((server, visitors))
        return crowd.CrowdLog(visitors, [0.1] * visitors, refused=1, peak=10.0)

    monkeypatch.setattr(crowd, "visit_together", visit)
    log = asyncio.run(crowd.visit_all(["a", "b"], Studio.load(model, "cpu"), 5, 1.0))
    assert let == [("a", 2), ("b", 3)]
    assert log == crowd.CrowdLog(5, [0.1] * 5, refused=2, peak=20.0)


def test_half_within_is_the_median_of_the_served_requests() -> None:
    log = crowd.CrowdLog(seconds=[0.1, 0.2, 0.6, 0.3, 0.4])
    assert log.within(0.5) == "300 ms"
    assert log.within(0.95) == "560 ms"
    assert crowd.CrowdLog().within(0.5) == "-"


@pytest.mark.parametrize(
    "options", [["--visitors", "0"], ["--seconds", "0"], ["--processes", "0"]]
)
def test_a_crowd_of_nobody_or_of_no_time_is_refused(
    options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        crowd.main(options)
    assert exit_.value.code == 2
    assert "at least one visitor" in capsys.readouterr().err
