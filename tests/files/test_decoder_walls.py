"""What a program can do that has taken the decoder's place after its walls went up."""

import json
import os
import resource
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from clip_files import movie, square

from rwae.errors import ClipError
from rwae.files import video
from rwae.files.video import decoding
from rwae.files.video.decoder import limits
from rwae.files.video.decoder.sandbox import NICENESS, Wall

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the walls of Linux")

# The real decoder, but for the function that answers: this one tries what it is given.
TAKEN_OVER = """
import ctypes, json, mmap, os, resource, socket, sys, threading
sys.path.insert(0, {decoder!r})
import importlib.util
import numpy as np
spec = importlib.util.spec_from_file_location("decoder", {decoder!r} + "/__main__.py")
decoder = importlib.util.module_from_spec(spec)
spec.loader.exec_module(decoder)
libc = ctypes.CDLL(None, use_errno=True)
parent, folder = os.getppid(), {folder!r}

def raw(number, *values):
    if libc.syscall(number, *values) < 0:
        raise OSError(ctypes.get_errno(), "")

def answer(out, job, content):
    said = {{}}
    for name, attempt in json.loads(content).items():
        try:
            eval(attempt)
            said[name] = "done"
        except OSError as error:
            said[name] = error.errno
        except RuntimeError as error:
            said[name] = str(error)
    text = json.dumps(said).encode()
    text += b" " * (-len(text) % 4)
    picture = np.frombuffer(text, np.uint8).reshape(1, -1, 4)
    decoder.send_picture(out, decoder.RecordKind.STILL_PICTURE, picture)
    out.write(decoder.pack_header(decoder.RecordKind.END, 1, 1))
    out.flush()

decoder.answer = answer
decoder.main()
"""

ATTEMPTS = {
    "reads a file": "os.open(folder + '/file', os.O_RDONLY)",
    "reads the app's environment": "os.open(f'/proc/{parent}/environ', os.O_RDONLY)",
    "reads the app's memory": "os.open(f'/proc/{parent}/mem', os.O_RDONLY)",
    "lists a folder": "os.listdir(folder)",
    "looks whether a file exists": "os.stat(folder + '/file')",
    "writes a file": "os.open(folder + '/file', os.O_WRONLY)",
    "makes a file": "os.open(folder + '/new', os.O_CREAT | os.O_WRONLY)",
    "makes a file in memory": "os.memfd_create('x')",
    "truncates": "os.truncate(folder + '/file', 0)",
    "deletes": "os.unlink(folder + '/file')",
    "renames": "os.rename(folder + '/file', folder + '/other')",
    "links": "os.link(folder + '/file', folder + '/other')",
    "makes a symbolic link": "os.symlink(folder + '/file', folder + '/other')",
    "makes a folder": "os.mkdir(folder + '/other')",
    "changes the rights": "os.chmod(folder + '/file', 0o777)",
    "changes the times": "os.utime(folder + '/file', (0, 0))",
    "goes to another folder": "os.chdir(folder)",
    "opens a socket": "socket.socket()",
    "opens a socket of this machine": "socket.socket(socket.AF_UNIX)",
    "opens a pair of sockets": "socket.socketpair()",
    "starts a process": "os.fork()",
    "starts a program": "os.execv('/bin/true', ['true'])",
    "signals the app": "os.kill(parent, 0)",
    "slows the app down": "os.setpriority(os.PRIO_PROCESS, parent, 19)",
    "limits the app": "resource.prlimit(parent, resource.RLIMIT_NOFILE, (64, 64))",
    "traces the app": "raw(101, 16, parent, 0, 0)",
    "copies the app's memory": "raw(310, parent, 0, 0, 0, 0, 0)",
    "duplicates a file of the app": "raw(438, parent, 0, 0)",
    "makes memory executable": "mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC)",
    "queues input and output": "raw(425, 1, 0)",
    "changes its namespaces": "raw(272, 0x10000000)",
    "takes rights back": "raw(157, 38, 0, 0, 0, 0)",
}


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What each of `ATTEMPTS` led to, inside a decoder."""
    folder = tmp_path_factory.mktemp("walls")
    (folder / "file").write_text("mine")
    program = folder / "program.py"
    program.write_text(TAKEN_OVER.format(decoder=str(decoding.PROGRAM), folder=str(folder)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoding, "PROGRAM", program)
        with video.DecoderProcess() as process:
            picture = process.read_picture(json.dumps(ATTEMPTS).encode())
    said = json.loads(picture.tobytes())
    said["left"] = {path.name: path.read_text() for path in folder.iterdir() if path != program}
    return said


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="numbers of calls of x86-64")
@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_a_decoder_that_was_taken_over_is_refused(tried: dict[str, Any], attempt: str) -> None:
    assert tried[attempt] == 1, "EPERM: the filter refuses it, not a file that is missing"
    assert tried["left"] == {"file": "mine"}


def test_a_decoder_that_was_taken_over_starts_no_thread() -> None:
    program = (
        f"import sys; sys.path.insert(0, {str(decoding.PROGRAM)!r})\n"
        "import sandbox, threading\nsandbox.enter()\n"
        "try: threading.Thread(target=print).start()\nexcept RuntimeError: print('refused')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "refused"


def test_the_decoder_itself_runs_behind_its_walls(tmp_path: Path) -> None:
    path = movie(tmp_path / "a.avi", square())
    with video.DecoderProcess() as process:
        assert process.walls is None
        assert len(process.read(path, 300)) == 6
        assert process.walls == Wall.PRIORITY | Wall.PARENT | Wall.PRIVILEGES | Wall.CALLS
        pid = process._process.pid
        status = dict(
            line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        )
        assert (status["NoNewPrivs"], status["Seccomp"], status["Threads"]) == ("1", "2", "1")
        own = os.getpriority(os.PRIO_PROCESS, 0)
        assert os.getpriority(os.PRIO_PROCESS, pid) == min(19, own + NICENESS)

        def limit(name: int) -> tuple[int, int]:
            return resource.prlimit(pid, name)

        assert limit(resource.RLIMIT_AS) == (limits.MAX_MEMORY, limits.MAX_MEMORY)
        assert limit(resource.RLIMIT_FSIZE) == (0, 0)
        assert limit(resource.RLIMIT_CORE) == (0, 0)
        assert limit(resource.RLIMIT_NOFILE) == (limits.MAX_OPEN_FILES, limits.MAX_OPEN_FILES)
        assert 0 < limit(resource.RLIMIT_CPU)[0] <= decoding.MOST_CPU_SECONDS + 2


def test_the_decoder_ends_with_the_thread_that_asked() -> None:
    made: list[video.DecoderProcess] = []
    asker = threading.Thread(target=lambda: made.append(_ready()))
    asker.start()
    asker.join()
    assert made[0]._process.wait(5) == -9
    made[0].close()


def _ready() -> video.DecoderProcess:
    process = video.DecoderProcess()
    with pytest.raises(ClipError):
        process.read(b"no clip", 2)
    assert process._process.poll() is None
    return process


def test_packages_may_lie_where_only_the_app_finds_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by PYTHONPATH, or in a folder of the user: an isolated process looks in neither."""
    bare = tmp_path / "python"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(bare)], check=True)
    monkeypatch.setattr(sys, "executable", str(bare / "bin/python"))
    path = movie(tmp_path / "a.avi", square())
    assert len(video.read_clip(path)) == 6
    program = tmp_path / "program.py"
    run = f"import runpy; runpy.run_path({str(decoding.PROGRAM)!r}, run_name='__main__')"
    program.write_text(f"import sys; del sys.argv[1:]; {run}")
    monkeypatch.setattr(decoding, "PROGRAM", program)
    with pytest.raises(ClipError, match="This server cannot read files"):
        video.read_clip(path)
