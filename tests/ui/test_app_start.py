"""How app.py starts, and how it refuses to."""

import asyncio
import json
import os
import re
import runpy
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import gradio as gr
import pytest
import torch
from conftest import ROOT
from gradio_client import Client
from serving import exit_code, small_checkpoint

from rwae.benchmark.server import free_port
from rwae.editing.studio import Studio
from rwae.errors import ConfigError
from rwae.files import installation
from rwae.ui import launch, loaded_models, page_files
from rwae.ui.loaded_models import LoadedModels
from rwae.ui.page import build_page
from rwae.ui.payloads import MAX_CLIP_FRAMES

BAD_STARTS = [
    (["--model", "checkpoints/none"], "There is no folder checkpoints/none"),
    (["--model", "rwae"], "has no config.json"),
    (["--device", "toaster"], "choose one of"),
]


@contextmanager
def program(
    command: list[str], environment: dict[str, str], log: Path, root: Path = ROOT
) -> Iterator[subprocess.Popen]:
    """Runs a program in a group of its own, which is ended afterwards, and logs what it prints."""
    with log.open("w") as words:
        process = subprocess.Popen(
            command, cwd=root, env=environment, stdout=words, stderr=words, start_new_session=True
        )
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):  # it has ended by itself
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(30)


def wait_for(words: str, log: Path) -> None:
    """Waits until a program has printed some words."""
    end = time.monotonic() + 120
    while words not in log.read_text():
        assert time.monotonic() < end, f"{words!r} is not in: {log.read_text()}"
        time.sleep(0.1)


@pytest.mark.parametrize(("options", "complaint"), BAD_STARTS)
def test_a_bad_start_is_one_sentence_and_code_2(
    options: list[str],
    complaint: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(ROOT)
    assert exit_code(options) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert complaint in said.err
    assert said.err.count("\n") == 1


def test_a_port_that_is_taken_is_reported_in_a_sentence(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = str(holder.getsockname()[1])
        model = str(small_checkpoint(tmp_path))
        assert exit_code(["--model", model, "--port", port]) == 2
    assert f"port {port} cannot be used" in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("options", [["--port", "99999"], ["--host", "256.1.1.1"]])
def test_an_impossible_address_is_reported_in_a_sentence(
    options: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    model = str(small_checkpoint(tmp_path))
    assert exit_code(["--model", model, *options]) == 2
    assert "name another with --host or --port" in capsys.readouterr().err


def test_a_model_with_longer_clips_than_the_page_takes_is_refused(tmp_path: Path) -> None:
    long = small_checkpoint(tmp_path / "long", frames=MAX_CLIP_FRAMES + 1)
    with pytest.raises(ConfigError, match="65 frames"):
        loaded_models.load_model(long)


def test_the_app_computes_with_one_thread_on_a_cpu(tmp_path: Path) -> None:
    model = str(small_checkpoint(tmp_path))
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        launch.build_demo(launch.parse_options(["--model", model, "--device", "cpu"]))
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


@pytest.mark.slow
def test_the_code_of_a_bad_start_reaches_the_shell(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "app.py"), "--model", "none"],
        cwd=tmp_path,
        text=True,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("There is no folder none")


def test_the_app_listens_to_this_machine_alone_except_on_a_space(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("SPACE_ID", "GRADIO_SERVER_NAME", "RWAE_MODELS"):
        monkeypatch.delenv(name, raising=False)
    options = launch.parse_options([])
    assert options.host == "127.0.0.1"
    assert options.models == ()
    assert installation.checkpoints() == ROOT / "checkpoints"
    monkeypatch.setenv("SPACE_ID", "owner/name")
    assert launch.parse_options([]).host == "0.0.0.0"


def test_the_host_of_the_environment_counts_unless_the_command_line_names_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GRADIO_SERVER_NAME", "192.0.2.7")
    assert launch.parse_options([]).host == "192.0.2.7"
    assert launch.parse_options(["--host", "::1"]).host == "::1"


@pytest.mark.parametrize("words", [[], ["--share"]])
def test_an_ipv6_address_is_listened_at_and_a_public_one_opened_if_it_is_asked_for(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launched: dict[str, Any] = {}
    monkeypatch.setenv("GRADIO_SHARE", "True")  # which is for other apps of Gradio
    monkeypatch.setattr(gr.Blocks, "launch", lambda *_, **settings: launched.update(settings))
    monkeypatch.setattr(launch, "_check_address", lambda *_: None)
    model = str(small_checkpoint(tmp_path))
    options = launch.parse_options(["--model", model, "--host", "::1", "--device", "cpu", *words])
    launch.serve(launch.build_demo(options), options)
    assert launched["server_name"] == "[::1]"
    assert launched["share"] is bool(words)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Of a process that finds one small model, and a free port to begin at."""
    cache = tmp_path / "cache"
    cache.mkdir()
    model = small_checkpoint(tmp_path / "model")
    return os.environ | {
        "RWAE_MODELS": str(model),
        "GRADIO_SERVER_NAME": "127.0.0.1",
        "GRADIO_SERVER_PORT": str(free_port()),
        "TMPDIR": str(cache),
        "CUDA_VISIBLE_DEVICES": "",
    }


@pytest.mark.slow
def test_an_app_takes_the_next_free_port_and_leaves_no_folder_when_it_is_ended(
    environment: dict[str, str], tmp_path: Path
) -> None:
    # A proxy that cannot be reached, and one of a kind that needs another package, are no matter.
    environment |= {"HTTP_PROXY": "http://127.0.0.1:9", "ALL_PROXY": "socks5://127.0.0.1:9"}
    first = int(environment["GRADIO_SERVER_PORT"])
    cache, log = Path(environment["TMPDIR"]), tmp_path / "log"
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", first))
        holder.listen()
        with program([sys.executable, "-u", "app.py"], environment, log) as process:
            wait_for("Running on local URL", log)
            port = int(re.search(r"http://127\.0\.0\.1:(\d+)", log.read_text())[1])
            assert list(cache.glob("rwae-studio-*"))
            process.terminate()
            assert process.wait(30) == 0
    assert first < port < first + 100
    assert not list(cache.iterdir())


@pytest.mark.slow
def test_an_app_that_is_ended_waits_for_no_thread_and_leaves_nothing(
    environment: dict[str, str], tmp_path: Path
) -> None:
    code = (
        "import sys, threading, time; from rwae.ui import launch; launch.prepare_process(); "
        "threading.Thread(target=time.sleep, args=(99,)).start(); print('printed'); "
        "print('ready', file=sys.stderr); time.sleep(99)"
    )
    log, cache = tmp_path / "log", Path(environment["TMPDIR"])
    with program([sys.executable, "-c", code], environment, log) as process:
        wait_for("ready", log)
        assert list(cache.iterdir())
        process.terminate()
        assert process.wait(30) == 0
    assert "printed" in log.read_text(), "it waits in memory until then"
    assert not list(cache.iterdir())


# As the containers of the Dockerfile: a disk that cannot be written to, but for a folder in
# memory, and nobody without rights as the user. The first user is root in a space of its own, to
# mount.
CONFINE = """
set -e
mount --make-rprivate /
mount -o remount,bind,ro /
mount -t tmpfs -o size=64m,mode=1777 tmpfs "$TMPDIR"
exec unshare --user --map-user=65534 --map-group=65534 \
    setpriv --no-new-privs --inh-caps=-all "$@"
"""


def confined(command: list[str], folder: Path) -> list[str]:
    """The command line that runs a program so; skips the test where the system cannot."""
    begin = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", CONFINE, "confine"]
    probe = [*begin, "sh", "-c", f"id -u; ! touch {folder.parent}/x; touch {folder}/x"]
    tools = [tool for tool in ("unshare", "setpriv") if shutil.which(tool) is None]
    if tools:
        pytest.skip(f"no {' and no '.join(tools)} on this machine")
    variables = os.environ | {"TMPDIR": str(folder)}
    tried = subprocess.run(probe, env=variables, capture_output=True, text=True, check=False)
    if tried.returncode != 0 or tried.stdout.strip() != "65534":
        pytest.skip(f"this system does not let a program be confined: {tried.stderr.strip()}")
    return [*begin, *command]


@pytest.mark.slow
def test_an_app_runs_as_nobody_on_a_disk_that_it_cannot_write_to(
    environment: dict[str, str], tmp_path: Path
) -> None:
    environment |= {"HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1"}
    command = confined([sys.executable, "-u", "app.py"], Path(environment["TMPDIR"]))
    log = tmp_path / "log"
    with program(command, environment, log) as process:
        wait_for("Running on local URL", log)
        address = f"http://127.0.0.1:{environment['GRADIO_SERVER_PORT']}"
        with urlopen(f"{address}/readyz", timeout=60) as answer:
            assert answer.read() == b"ready"
        client = Client(address, verbose=False, analytics_enabled=False)
        drawn = client.predict(frames=4, picture="webm", api_name="/sample")
        video = drawn["picture"].partition(",")[2]
        assert len(client.predict(video, api_name="/encode")["clips"]) == 1
        client.close()
        status = Path(f"/proc/{process.pid}/status").read_text()
        assert re.search(r"CapEff:\t0+\n", status)
        assert re.search(r"NoNewPrivs:\t1\n", status)
        process.terminate()
        assert process.wait(10) == 0
    assert "Traceback" not in log.read_text()
    assert "failed" not in log.read_text()


@pytest.mark.slow
def test_demo_is_importable_and_the_import_starts_nothing(environment: dict[str, str]) -> None:
    code = (
        "import signal, app, gradio; assert isinstance(app.demo, gradio.Blocks); "
        "assert not app.demo.is_running; assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True)
    assert not list(Path(environment["TMPDIR"]).glob("rwae-studio-*"))


def test_the_program_loads_each_model_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = str(small_checkpoint(tmp_path / "model"))
    loaded: list[str] = []

    load_model = loaded_models.load_model

    def load(source: str, *words: str | None) -> Studio:
        loaded.append(source)
        return load_model(source, *words)

    monkeypatch.setattr(loaded_models, "load_model", load)
    monkeypatch.setattr(launch, "prepare_process", lambda: None)
    monkeypatch.setattr(gr.Blocks, "launch", lambda *_, **__: None)
    monkeypatch.setattr(sys, "argv", ["app.py", "--model", model, "--device", "cpu"])
    runpy.run_path(str(ROOT / "app.py"), run_name="__main__")
    assert loaded == [model]


@pytest.mark.slow
def test_gradio_reloads_the_page_when_a_file_changes(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """`gradio app.py` in a copy of the app; the title of the page is what changes."""
    root = tmp_path / "project"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "rwae", root / "rwae", ignore=ignored)
    shutil.copy(ROOT / "app.py", root)
    address = f"http://127.0.0.1:{environment['GRADIO_SERVER_PORT']}/config"

    def title() -> str:
        with urlopen(address, timeout=60) as answer:
            return json.load(answer)["title"]

    command = [str(Path(sys.executable).with_name("gradio")), "app.py"]
    log = tmp_path / "log"
    with program(command, environment, log, root):
        wait_for("Running on local URL", log)
        assert title() == page_files.TITLE
        page = root / "rwae" / "ui" / "page.py"
        text, old = page.read_text(), "title=page_files.TITLE"
        assert old in text
        page.write_text(text.replace(old, 'title="Changed"'))
        end = time.monotonic() + 60
        while title() != "Changed":
            assert time.monotonic() < end, log.read_text()
            page.touch()  # again, as Gradio does not say from when on it watches
            time.sleep(2)
        assert "Traceback" not in log.read_text()


def test_an_idle_queue_seldom_looks_for_calls(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = build_page(LoadedModels([studio]))._queue
    pauses: list[float] = []
    real = asyncio.sleep

    async def counted(seconds: float) -> None:
        pauses.append(seconds)
        await real(seconds)

    async def look() -> None:
        both = [queue.start_processing(), queue.start_progress_updates()]
        looking = [asyncio.create_task(one) for one in both]
        await real(0.3)
        for task in looking:
            task.cancel()

    monkeypatch.setattr(asyncio, "sleep", counted)
    asyncio.run(look())
    assert 2 <= len(pauses) <= 20, "a few, where Gradio's own would be hundreds"
