"""What operators can ask of the app, and what it answers."""

import asyncio
import tempfile
import time
from pathlib import Path

import pytest

from rwae.editing.studio import Studio
from rwae.errors import RWAEError
from rwae.ui import monitoring
from rwae.ui.monitoring import COUNTS, METRICS_PATH, READY_PATH, Answer, Counts, Monitor

TOKEN = "a token for tests"


def ask(monitor: Monitor, path: str, token: str | None = None) -> Answer:
    headers = {} if token is None else {b"authorization": f"Bearer {token}".encode()}
    return asyncio.run(monitor.answer(path, headers))


def test_an_app_is_ready_if_it_decodes_a_frame_and_writes_a_file(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    work = Monitor(lambda: monitoring.decode_and_write(studio))
    assert ask(work, READY_PATH) == (200, "ready", Answer(0, "").media_type)
    assert not list(tmp_path.iterdir())


def test_an_app_without_its_temporary_folder_is_alive_and_not_ready(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    work = Monitor(lambda: monitoring.decode_and_write(studio))
    answer = ask(work, READY_PATH)
    assert answer.status == 503
    assert "no file can be written" in answer.text
    assert ask(work, monitoring.HEALTH_PATH).status == 200


@pytest.mark.parametrize(
    ("error", "words"), [(RWAEError("The model is busy."), "busy"), (KeyError("anna"), "log")]
)
def test_an_app_whose_model_fails_is_not_ready(error: Exception, words: str) -> None:
    def fail() -> None:
        raise error

    answer = ask(Monitor(fail), READY_PATH)
    assert answer.status == 503
    assert words in answer.text
    assert "anna" not in answer.text


def test_an_app_whose_model_hangs_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitoring, "READY_TIMEOUT", 0.01)
    assert ask(Monitor(lambda: time.sleep(0.1)), READY_PATH).status == 503


def test_many_who_ask_at_once_cost_one_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []
    monitor = Monitor(lambda: tried.append(1))

    async def crowd() -> None:
        answers = await asyncio.gather(*(monitor.answer(READY_PATH, {}) for _ in range(9)))
        assert {answer.status for answer in answers} == {200}

    asyncio.run(crowd())
    assert len(tried) == 1
    monkeypatch.setattr(monitoring, "READY_SECONDS", 0.0)
    asyncio.run(monitor.answer(READY_PATH, {}))
    assert len(tried) == 2


def test_counts_are_for_those_who_know_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monitor = Monitor(lambda: None)
    monkeypatch.delenv(monitoring.TOKEN_VARIABLE, raising=False)
    assert ask(monitor, METRICS_PATH).status == 404
    assert ask(monitor, METRICS_PATH, "").status == 404
    monkeypatch.setenv(monitoring.TOKEN_VARIABLE, TOKEN)
    for token in (None, "", "other", TOKEN[:-1]):
        assert ask(monitor, METRICS_PATH, token).status == 401
    answer = ask(monitor, METRICS_PATH, TOKEN)
    assert answer.status == 200
    assert "# TYPE rwae_requests_total counter" in answer.text
    assert "version=0.0.4" in answer.media_type


def test_the_text_of_counts_is_that_of_prometheus() -> None:
    counts = Counts()
    counts.add("rwae_requests_total", route="/", status="200")
    counts.add("rwae_requests_total", 2, route="/", status="200")
    counts.observe("rwae_forms", lambda: 3)
    text = counts.text()
    assert 'rwae_requests_total{route="/",status="200"} 3\n' in text
    assert "# TYPE rwae_forms gauge\nrwae_forms 3\n" in text
    samples = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(float(line.rpartition(" ")[2]) >= 0 for line in samples)
    assert any(line.startswith("process_cpu_seconds_total ") for line in samples)


def test_calls_are_counted_by_how_they_end() -> None:
    before = COUNTS.value("rwae_calls_total", function="tested", outcome="failed")
    with monitoring.CallTimer("tested") as call:
        call.fail(KeyError("x"))
    assert COUNTS.value("rwae_calls_total", function="tested", outcome="failed") == before + 1
    assert COUNTS.value("rwae_call_seconds_total", function="tested") > 0
