"""Files that are made to do harm: each is refused in one plain sentence, or read, at once."""

import http.server
import json
import os
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from clip_files import movie, square, tiny_gif, wide_webp
from hostile_inputs import ELSEWHERE, LARGE, TORN, torn_clips

from rwae.errors import ClipError
from rwae.files import video
from rwae.files.video import decoding

# The beginning of a program that uses parts of the decoder.
HERE = f"import sys; sys.path.insert(0, {str(decoding.PROGRAM)!r})"
FOOTAGE_SECONDS = 5.0  # the same for a file of any length, which is read in part
SECONDS = 2.0  # of processor time that any file may cost, with the start of the process


@pytest.fixture(scope="module")
def asked() -> Iterator[list[str]]:
    """A web server on this machine that has a film; the list of what it was asked for."""
    paths: list[str] = []

    class Server(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_error(404)

        do_HEAD = do_GET  # noqa: N815 - the name that the library asks for

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    paths.append(f"http://127.0.0.1:{server.server_port}")
    yield paths
    server.shutdown()
    server.server_close()


def spent() -> float:
    """Processor time of all processes that this one has started and seen end, in seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def sentence(source: Path | bytes) -> str:
    """What is said of a file, which has to be quick and plain; "" if it is read."""
    before = spent()
    try:
        frames = video.read_clip(source)
    except ClipError as error:
        words = str(error)
        assert plain(words)
    else:
        words = ""
        assert frames.dtype == np.uint8
        assert 2 <= len(frames) <= video.MAX_READ_FRAMES
        assert max(frames.shape[1:3]) <= 512
    assert spent() - before < SECONDS
    return words


def plain(words: str) -> bool:
    """Whether an error is a sentence or two, without the workings of the program."""
    return words.endswith(".") and "\n" not in words and "/" not in words and len(words) < 200


@pytest.mark.parametrize("kind", ELSEWHERE)
def test_a_file_that_leads_elsewhere_is_refused_and_nothing_is_fetched(
    tmp_path: Path, asked: list[str], kind: str
) -> None:
    film = movie(tmp_path / "good.avi", square())
    text = ELSEWHERE[kind].replace("{film}", str(film)).replace("{web}", asked[0])
    for name in ("clip.mp4", "clip.m3u8", "clip"):
        (tmp_path / name).write_text(text)
        assert "no clip" in sentence(tmp_path / name)
    assert len(asked) == 1, "the server was asked"


@pytest.mark.parametrize("kind", ["playlist", "list of films", "list of films by short names"])
def test_ffmpeg_itself_reads_no_list(tmp_path: Path, kind: str) -> None:
    """The second lock: FFmpeg has no name to start from, and here may open files as well."""
    film = movie(tmp_path / "good.avi", square())
    movie(tmp_path / "clip.avi", square())
    text = ELSEWHERE[kind].replace("'{film}'", "good.avi").replace("{film}", str(film))
    (tmp_path / "a.m3u8").write_text(text)
    program = (
        f"{HERE}; import frames; from pathlib import Path; "
        "print(len(list(frames.read_video(Path({!r}).read_bytes()))))"
    )
    for name, frames in (("good.avi", "6"), ("a.m3u8", "")):
        words = [sys.executable, "-c", program.format(name)]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
        assert done.stdout.strip() == frames
        assert ("NO_VIDEO" in done.stderr) == (not frames)


@pytest.mark.parametrize(
    "name", ["%03d.png", "http://127.0.0.1:9/a.mp4", "concat:good.avi|good.avi", "none", "", "a\0"]
)
def test_a_name_is_nothing_but_a_name(tmp_path: Path, name: str) -> None:
    movie(tmp_path / "good.avi", square())
    movie(tmp_path / "001.avi", square())
    if "\0" in name:
        with pytest.raises(ClipError, match="no file"):
            video.read_clip(tmp_path / name)
    else:
        assert "There is no file" in sentence(tmp_path / name)


def test_what_is_no_file_is_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(tmp_path / "door"))
        for name in ("pipe", "folder", "dangling", "circle", "door", "/dev/zero"):
            assert "There is no file" in sentence(tmp_path / name)


@pytest.mark.parametrize("kind", LARGE)
def test_a_file_that_claims_too_much_is_refused_before_it_takes_it(
    tmp_path: Path, kind: str
) -> None:
    build, expected = LARGE[kind]
    words = sentence(build(tmp_path))
    assert expected in words
    assert bool(expected) == bool(words), words


@pytest.mark.slow
@pytest.mark.parametrize("kind", [name for name, (_, words) in LARGE.items() if words])
def test_the_page_refuses_it_as_well_or_reads_a_part_in_bounded_time(
    tmp_path: Path, kind: str
) -> None:
    content = LARGE[kind][0](tmp_path)
    before, words = spent(), ""
    try:
        footage = video.read_footage(content)
    except ClipError as error:
        words = str(error)
    if words:
        assert plain(words)
    else:
        assert "frames" in LARGE[kind][1], "only its length was wrong"
        assert len(footage.frames) <= decoding.MAX_KEPT_FRAMES
    assert spent() - before < FOOTAGE_SECONDS


@pytest.mark.parametrize("kind", [".webp", ".gif"])
def test_a_small_file_of_huge_frames_costs_little_and_is_read_in_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    assert decoding.LEAST_CPU_SECONDS + 1 <= 5, "what an upload costs in all"
    monkeypatch.setattr(decoding, "LEAST_CPU_SECONDS", 1)
    content = wide_webp(tmp_path, 99) if kind == ".webp" else tiny_gif(400, 4096)
    assert len(content) < 14_000
    before = spent()
    footage = video.read_footage(content)
    assert spent() - before < 2
    assert not footage.complete
    assert 2 <= footage.count < 99


@pytest.mark.slow
@pytest.mark.parametrize("job", ["footage", "picture"])
def test_what_takes_too_long_is_stopped_by_the_system(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, job: str
) -> None:
    """A decoder that does not look at the time itself, for an upload of either kind."""
    monkeypatch.setattr(decoding, "LEAST_CPU_SECONDS", 1)
    (tmp_path / "program.py").write_text(
        f"{READY}; sys.stdout.flush()\n{HERE}; import limits\n"
        "import json; limits.allow_time(json.loads(sys.stdin.readline())['seconds'])\n"
        "while True: pass"
    )
    monkeypatch.setattr(decoding, "PROGRAM", tmp_path / "program.py")
    before = spent()
    with pytest.raises(ClipError, match="too long"):
        video.read_footage(b"a file") if job == "footage" else video.read_picture(b"a file")
    assert spent() - before < 3


@pytest.mark.parametrize("name", TORN)
def test_a_file_cut_anywhere_or_damaged_anywhere_is_read_or_refused(
    tmp_path: Path, name: str
) -> None:
    with video.DecoderProcess() as decoder:
        for file in torn_clips(tmp_path, name):
            words = ""
            try:
                frames = video.read_clip(file, decoder=decoder)
            except ClipError as error:
                words = str(error)
            assert plain(words) if words else 2 <= len(frames) <= video.MAX_READ_FRAMES


# Programs that stand in for a decoder that a file has taken over, once it said that it is ready.
READY = "import sys, struct; sys.stdout.buffer.write(struct.pack('<BIId', 19, 0, 0, 0))"
LIMITS = f"{HERE}; import limits; limits.limit_for_good()"
TAKEN = {
    "dies": ("import os; os.abort()", "cannot be read"),
    "leaves": ("", "cannot be read"),
    "hangs": ("import time; time.sleep(60)", "too long"),
    "works for ever": (f"{LIMITS}; limits.allow_time(0)\nwhile True: pass", "too long"),
    "babbles": ("import sys; sys.stdout.write('x' * 10000)", "cannot be read"),
    "claims a huge frame": (
        "import sys, struct; sys.stdout.buffer.write(struct.pack('<BIId', 0, 2**31, 2**31, 0))",
        "cannot be read",
    ),
    "sends frames without end": (
        "import sys, struct\nwhile True: sys.stdout.buffer.write("
        "struct.pack('<BIId', 0, 1, 1, 0) + bytes(3))",
        "cannot be read",
    ),
    "sends frames of two sizes": (
        "import sys, struct\nfor side in (1, 2): sys.stdout.buffer.write("
        "struct.pack('<BIId', 0, side, 1, 0) + bytes(3 * side))\n"
        "sys.stdout.buffer.write(struct.pack('<BIId', 1, 0, 0, 0))",
        "differ in size",
    ),
    "sends nothing but an end": (
        "import sys, struct; sys.stdout.buffer.write(struct.pack('<BIId', 1, 0, 0, 0))",
        "damaged",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", TAKEN)
def test_a_decoder_that_was_taken_over_harms_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    program, expected = TAKEN[kind]
    (tmp_path / "program.py").write_text(f"{READY}; sys.stdout.flush()\n{program}")
    monkeypatch.setattr(decoding, "PROGRAM", tmp_path / "program.py")
    if kind == "hangs":
        monkeypatch.setattr(decoding, "CLOCK_FACTOR", 0.02)
    start = time.monotonic()
    assert expected in sentence(b"a file")
    assert time.monotonic() - start < 10


def test_a_decoder_that_is_killed_is_a_sentence_and_the_next_file_is_read(tmp_path: Path) -> None:
    film = movie(tmp_path / "a.avi", square())
    with video.DecoderProcess() as decoder:
        assert len(video.read_clip(film, decoder=decoder)) == 6
        first = decoder._process
        os.kill(first.pid, 19)  # it stops, as one that hangs
        threading.Timer(0.3, first.kill).start()
        with pytest.raises(ClipError, match="cannot be read"):
            video.read_clip(film, decoder=decoder)
        assert len(video.read_clip(film, decoder=decoder)) == 6


def run(program: str) -> str:
    """What a program prints that has the limits of the decoder."""
    words = [sys.executable, "-c", f"{LIMITS}\n{program}"]
    return subprocess.run(words, capture_output=True, text=True).stdout.strip()


def test_the_decoder_has_little_memory_and_can_write_no_file(tmp_path: Path) -> None:
    ask = "try: x = bytearray({}); print('given')\nexcept MemoryError: print('refused')"
    assert run(ask.format(2**30)) == "given"
    assert run(ask.format(2**31)) == "refused"
    path = tmp_path / "left"
    write = f"file = open({str(path)!r}, 'wb', 0)\ntry: file.write(b'x'); print('written')\n"
    assert run(f"{write}except OSError: print('refused')") == "refused"
    assert not path.stat().st_size
    use_up = "import os\nfor n in range(99):\n try: os.dup(0)\n except OSError: break\nprint(n)"
    assert int(run(use_up)) < 24


def test_the_decoder_sees_no_secret_and_no_file_of_the_app(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = tmp_path / "seen"
    (tmp_path / "program.py").write_text(
        f"import json, os\nwith open({str(seen)!r}, 'w') as file:\n"
        " json.dump([list(os.environ), os.listdir('/dev/fd')], file)\n"
    )
    monkeypatch.setattr(decoding, "PROGRAM", tmp_path / "program.py")
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    with pytest.raises(ClipError):
        video.read_clip(b"a file")
    names, opened = json.loads(seen.read_text())
    few = {*decoding._ENVIRONMENT, "LC_CTYPE", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"}
    assert set(names) <= few
    assert len(opened) <= 5  # input, output, complaints, its own list, and the look at these


def test_no_file_stays_and_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film = movie(tmp_path / "a.avi", square())
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    for source in (film, film.read_bytes()):
        video.read_clip(source)
    for bad in (b"", tiny_gif(400), film.read_bytes()[:100]):
        with pytest.raises(ClipError):
            video.read_clip(bad)
    assert not list(folder.iterdir())
    assert film.exists(), "a file of one's own is only looked at"
