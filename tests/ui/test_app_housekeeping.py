"""The log, and the folder for temporary files."""

import asyncio
import ctypes
import json
import logging
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gradio import queueing

from rwae.errors import RWAEError
from rwae.files.video import decoding
from rwae.files.video.decoder.sandbox import Wall
from rwae.ui import housekeeping, middleware
from rwae.ui.temporary_folder import (
    MAX_FILE_AGE,
    TemporaryFolder,
    lock_folder,
    remove_abandoned_folders,
)


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


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TemporaryFolder]:
    """The folder of an app, in a folder of the test's own."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("GRADIO_TEMP_DIR", "")
    made = TemporaryFolder()
    yield made
    made.close()


def test_old_files_are_removed_and_new_ones_stay(folder: TemporaryFolder, tmp_path: Path) -> None:
    app, outside = folder.path, tmp_path / "mine"
    (app / "a/b").mkdir(parents=True)
    outside.write_text("mine")
    (app / "a/b/left").write_text("left")
    (app / "link").symlink_to(outside)
    folder.remove_old(0)
    folder.remove_old(MAX_FILE_AGE)
    assert (app / "a/b/left").exists()
    (app / "new").write_text("new")
    for later in (1, 2, 3):  # a folder is younger than what was removed from it
        folder.remove_old(later * (MAX_FILE_AGE + 1))
    assert not list(app.iterdir())
    assert outside.read_text() == "mine"


def test_the_thread_removes_old_files_as_well(folder: TemporaryFolder) -> None:
    (folder.path / "left").write_text("left")
    folder.remove_old(time.monotonic() - MAX_FILE_AGE - 1)
    housekeeping.look_after(folder)
    assert not list(folder.path.iterdir())


def test_a_change_of_the_time_of_day_makes_no_file_old(folder: TemporaryFolder) -> None:
    path = folder.path / "upload"
    path.write_text("new")
    os.utime(path, (0, 0))  # as after the clock was put forward
    housekeeping.look_after(folder)
    housekeeping.look_after(folder)
    assert path.exists()


def test_a_folder_that_vanishes_is_made_again(
    folder: TemporaryFolder, caplog: pytest.LogCaptureFixture
) -> None:
    first = folder.path
    shutil.rmtree(first)
    with caplog.at_level(logging.WARNING, "rwae.ui"):
        housekeeping.look_after(folder)
        housekeeping.look_after(folder)
    assert [json.loads(line)["event"] for line in caplog.messages] == ["repaired"]
    assert folder.path == first
    assert first.stat().st_mode & 0o777 == 0o700
    assert lock_folder(first) is None, "it is locked again"
    with tempfile.TemporaryDirectory() as inner:
        assert Path(inner).parent == first


def test_a_folder_whose_name_was_taken_gets_another(
    folder: TemporaryFolder, tmp_path: Path
) -> None:
    first = folder.path
    shutil.rmtree(first)
    (tmp_path / "trap").mkdir()
    first.symlink_to(tmp_path / "trap")
    housekeeping.look_after(folder)
    assert folder.path != first
    assert folder.path.parent == tmp_path
    assert tempfile.gettempdir() == str(folder.path)
    assert os.environ["GRADIO_TEMP_DIR"] == str(folder.path / "gradio")


def test_a_folder_that_cannot_be_made_again_is_told_and_tried_again(
    folder: TemporaryFolder, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    away = tmp_path.with_name("away")
    tmp_path.rename(away)
    with caplog.at_level(logging.WARNING, "rwae.ui"):
        housekeeping.look_after(folder)
    assert json.loads(caplog.messages[0])["event"] == "failed"
    away.rename(tmp_path)
    shutil.rmtree(folder.path)
    housekeeping.look_after(folder)
    assert folder.path.is_dir()


def test_a_closed_folder_is_gone_and_stays_so(folder: TemporaryFolder) -> None:
    folder.close()
    housekeeping.look_after(folder)
    assert not folder.path.exists()


def test_without_a_folder_for_temporary_files_it_is_said_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    with pytest.raises(RWAEError, match="TMPDIR"):
        TemporaryFolder()


def test_folders_of_ended_apps_are_removed_and_no_others(tmp_path: Path) -> None:
    old = time.time() - MAX_FILE_AGE - 1
    for name in ("rwae-studio-dead", "rwae-studio-asleep", "rwae-studio-new", "another"):
        (tmp_path / name).mkdir(mode=0o700)
        (tmp_path / name / "file").write_text("x")
        os.utime(tmp_path / name, (old, old))
    os.utime(tmp_path / "rwae-studio-new")
    lock = lock_folder(tmp_path / "rwae-studio-asleep")
    assert lock is not None
    (tmp_path / "rwae-studio-link").symlink_to(tmp_path / "another")
    os.utime(tmp_path / "rwae-studio-link", (old, old), follow_symlinks=False)
    remove_abandoned_folders(tmp_path, time.time())
    os.close(lock)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "another", "rwae-studio-asleep", "rwae-studio-link", "rwae-studio-new"
    ]  # fmt: skip
    assert (tmp_path / "another/file").exists()


def test_a_new_app_removes_the_folders_of_ended_ones(
    folder: TemporaryFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = tmp_path / "rwae-studio-dead"
    dead.mkdir(mode=0o700)
    for one in (dead, folder.path):
        os.utime(one, (0, 0))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    TemporaryFolder().close()
    assert not dead.exists()
    assert folder.path.exists(), "its app runs"


def test_a_second_app_leaves_the_folder_of_one_that_slept(
    folder: TemporaryFolder, tmp_path: Path
) -> None:
    os.utime(folder.path, (0, 0))
    remove_abandoned_folders(tmp_path, time.time())
    assert folder.path.is_dir()


@pytest.mark.skipif(sys.platform != "linux", reason="a control of Linux")
def test_a_start_hides_the_process_and_looks_after_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("GRADIO_TEMP_DIR", "")
    monkeypatch.setattr(queueing, "traceback", queueing.traceback)
    monkeypatch.setattr(housekeeping, "REPAIR_INTERVAL", 0.01)
    checked: list[bool] = []
    monkeypatch.setattr(housekeeping, "check_decoder", lambda: checked.append(True))
    prctl = ctypes.CDLL(None).prctl
    dumpable = prctl(3, 0, 0, 0, 0)
    folder = housekeeping.start()
    try:
        assert prctl(3, 0, 0, 0, 0) == 0, "others could read the memory of the app"
        shutil.rmtree(folder.path)
        end = time.monotonic() + 10
        while not folder.path.is_dir() and time.monotonic() < end:
            time.sleep(0.01)
        assert folder.path.is_dir()
        assert checked == [True]
    finally:
        prctl(4, dumpable, 0, 0, 0)
        folder.close()
    for thread in threading.enumerate():
        if thread.name == "housekeeping":
            thread.join(10)
            assert not thread.is_alive()


@pytest.mark.skipif(sys.platform != "linux", reason="Linux has all walls")
def test_the_log_says_if_no_file_can_be_read_or_the_decoder_is_not_confined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "rwae.ui"):
        housekeeping.check_decoder()
        assert caplog.messages == []
        monkeypatch.setattr(decoding, "PROGRAM", tmp_path / "program.py")
        (tmp_path / "program.py").write_text("import no_such_package")
        housekeeping.check_decoder()
        (tmp_path / "program.py").write_text(
            "import struct, sys\nsys.stdout.buffer.write(struct.pack('<BIId', 19, 7, 0, 0))"
        )
        housekeeping.check_decoder()
    failed, unconfined = map(json.loads, caplog.messages)
    assert "no_such_package" in failed["error"][0]
    assert unconfined["missing"] == [Wall.CALLS.name]
