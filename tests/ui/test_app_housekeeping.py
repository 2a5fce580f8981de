"""The log, and the folder for temporary files."""

import asyncio
import json
import logging
import os
import time
from pathlib import Path
from typing import Any

import pytest

from rwae.errors import RWAEError
from rwae.ui import housekeeping, middleware


@pytest.fixture(autouse=True)
def _empty_log() -> None:
    """Lines that other tests logged do not count as repeated."""
    housekeeping.log_repeated()


def status_of(path: str) -> int:
    """The status of an answer for a path."""
    answers: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        answers.append(message)

    scope = {"type": "http", "path": path, "headers": []}
    asyncio.run(middleware.RequestLimits(None)(scope, None, send))
    return answers[0]["status"]


def test_the_log_names_the_place_and_never_the_message(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "rwae.ui"):
        try:
            middleware.check_form(None, b"multipart/form-data; boundary=x")
        except AttributeError as error:
            housekeeping.log_failure("encode_clip", error)
        housekeeping.log_refusal(404, "other", "closed")
    failed, refused = map(json.loads, caplog.messages)
    assert any(place.startswith("middleware.py:") for place in failed["places"])
    assert set(failed) == {"time", "event", "function", "error", "places"}
    assert set(refused) == {"time", "event", "status", "route", "reason"}


def test_a_scan_of_unknown_paths_adds_two_lines_to_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING, "rwae.ui"):
        for n in range(500):
            assert status_of(f"/.git/{n}") == 404
        housekeeping.log_repeated()
        housekeeping.log_repeated()
        first, summary = map(json.loads, caplog.messages)
        assert (first["status"], first["route"]) == (404, "other")
        assert "repeated" not in first
        assert summary["repeated"] == 499
        assert status_of("/.git") == 404
    assert len(caplog.messages) == 3, "the next minute begins anew"


def test_old_files_are_removed_and_new_ones_stay(tmp_path: Path) -> None:
    app, outside = tmp_path / "rwae-studio-x", tmp_path / "mine"
    (app / "a/b").mkdir(parents=True)
    outside.write_text("mine")
    (app / "a/b/left").write_text("left")
    (app / "link").symlink_to(outside)
    housekeeping.remove_old_files(app, time.time())
    assert (app / "a/b/left").exists()
    housekeeping.remove_old_files(app, time.time() + housekeeping.MAX_FILE_AGE + 1)
    assert not list(app.iterdir())
    assert outside.read_text() == "mine"


def test_without_a_folder_for_temporary_files_it_is_said_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    with pytest.raises(RWAEError, match="TMPDIR"):
        housekeeping.create_temporary_folder()


def test_folders_of_ended_apps_are_removed_and_no_others(tmp_path: Path) -> None:
    old = time.time() - housekeeping.MAX_FILE_AGE - 1
    for name in ("rwae-studio-dead", "rwae-studio-alive", "another"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("x")
        os.utime(tmp_path / name, (old, old))
    os.utime(tmp_path / "rwae-studio-alive")
    (tmp_path / "rwae-studio-link").symlink_to(tmp_path / "another")
    os.utime(tmp_path / "rwae-studio-link", (old, old), follow_symlinks=False)
    housekeeping.remove_abandoned_folders(tmp_path, time.time())
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "another", "rwae-studio-alive", "rwae-studio-link"
    ]  # fmt: skip
    assert (tmp_path / "another/file").exists()
