"""How app.py starts, and how it refuses to."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT
from serving import small_checkpoint

import app
from rwae.benchmark.server import running_server
from rwae.errors import ConfigError
from rwae.ui.loaded_models import load_model
from rwae.ui.payloads import MAX_CLIP_FRAMES

BAD_STARTS = [
    (["--model", "checkpoints/none"], "There is no folder checkpoints/none"),
    (["--model", "rwae"], "has no config.json"),
    (["--device", "toaster"], "choose one of"),
]


@pytest.mark.parametrize(("options", "complaint"), BAD_STARTS)
def test_a_bad_start_is_one_sentence_and_code_2(
    options: list[str],
    complaint: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "argv", ["app.py", *options])
    assert app.main() == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert complaint in said.err
    assert said.err.count("\n") == 1


def test_a_port_that_is_taken_is_told_in_a_sentence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = str(holder.getsockname()[1])
        model = str(small_checkpoint(tmp_path))
        monkeypatch.setattr(sys, "argv", ["app.py", "--model", model, "--port", port])
        assert app.main() == 2
    assert f"port {port}, cannot be used" in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("options", [["--port", "99999"], ["--host", "256.1.1.1"]])
def test_an_address_that_cannot_be_is_told_in_a_sentence(
    options: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    model = str(small_checkpoint(tmp_path))
    monkeypatch.setattr(sys, "argv", ["app.py", "--model", model, *options])
    assert app.main() == 2
    assert "name another with --host or --port" in capsys.readouterr().err


def test_a_model_with_longer_clips_than_the_page_takes_is_refused(tmp_path: Path) -> None:
    long = small_checkpoint(tmp_path / "long", frames=MAX_CLIP_FRAMES + 1)
    with pytest.raises(ConfigError, match="65 frames"):
        load_model(long)


def test_an_app_that_is_ended_leaves_in_order_and_no_folder_behind(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    program = ["app.py", "--model", str(small_checkpoint(tmp_path / "model")), "--device", "cpu"]
    with running_server(program, cache) as server:
        assert list(cache.glob("rwae-studio-*"))
        server.process.terminate()
        assert server.process.wait(30) == 0
    assert not list(cache.glob("rwae-studio-*"))


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
    monkeypatch.setattr(sys, "argv", ["app.py"])
    monkeypatch.delenv("SPACE_ID", raising=False)
    monkeypatch.setenv("GRADIO_SERVER_PORT", "7999")
    chosen = app.arguments()
    assert (chosen.host, chosen.port) == ("127.0.0.1", 7999)
    assert chosen.model is None
    assert app.CHECKPOINTS == ROOT / "checkpoints"
    monkeypatch.setenv("SPACE_ID", "owner/name")
    assert app.arguments().host == "0.0.0.0"
