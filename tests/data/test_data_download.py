"""Downloads from a server on this machine: intact, damaged, missing and compressed files."""

import gzip
import hashlib
import http.server
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rwae import data
from rwae.data import download as module
from rwae.data.download import ADDRESSES, checksum, checksums, download
from rwae.errors import DataError

CONTENT = {"body/0.png": b"one sheet", "hair/5.png": b"another sheet"}
FILES = {name: hashlib.sha256(content).hexdigest() for name, content in CONTENT.items()}


class Server(http.server.ThreadingHTTPServer):
    """Serves `content` and counts what was asked for."""

    content: dict[str, bytes]
    asked: list[str]
    delay = 0.0
    cut = False


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        name = self.path.lstrip("/")
        self.server.asked.append(name)
        time.sleep(self.server.delay)
        if name not in self.server.content:
            self.send_error(404)
            return
        content = self.server.content[name]
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[:-4] if self.server.cut else content)

    def log_message(self, *_: object) -> None:
        """Keeps the test's output clean."""


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(("127.0.0.1", 0), Handler)
    server.content, server.asked = dict(CONTENT), []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def address(server: Server) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}"


def test_all_files_arrive_once(server: Server, tmp_path: Path) -> None:
    assert download(tmp_path, address(server), FILES) == 2
    assert {name: (tmp_path / name).read_bytes() for name in FILES} == CONTENT
    assert download(tmp_path, address(server), FILES) == 0
    assert sorted(server.asked) == sorted(FILES)
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 2


def test_a_second_download_replaces_a_damaged_file_alone(server: Server, tmp_path: Path) -> None:
    download(tmp_path, address(server), FILES)
    (tmp_path / "hair/5.png").write_bytes(b"another sh")
    server.asked.clear()
    assert download(tmp_path, address(server), FILES) == 1
    assert server.asked == ["hair/5.png"]
    assert (tmp_path / "hair/5.png").read_bytes() == CONTENT["hair/5.png"]


def test_a_damaged_file_is_refused_and_leaves_nothing(server: Server, tmp_path: Path) -> None:
    server.content["hair/5.png"] = b"something else"
    with pytest.raises(DataError, match=r"hair/5\.png is damaged or has changed"):
        download(tmp_path, address(server), FILES)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["0.png"]


def test_a_missing_file_is_an_error_with_its_code(server: Server, tmp_path: Path) -> None:
    del server.content["body/0.png"]
    with pytest.raises(DataError, match=r"answered 404 .*body/0\.png"):
        download(tmp_path, address(server), FILES)


def test_a_response_that_is_cut_off_is_refused(server: Server, tmp_path: Path) -> None:
    server.cut = True
    with pytest.raises(DataError, match=r"could not be fetched|damaged"):
        download(tmp_path, address(server), FILES)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_server_that_does_not_answer_is_an_error_after_the_timeout(
    server: Server, tmp_path: Path
) -> None:
    server.delay = 20.0
    begin = time.monotonic()
    with pytest.raises(DataError, match="check the network"):
        download(tmp_path, address(server), FILES, timeout=0.2)
    assert time.monotonic() - begin < 15


def test_without_a_server_the_command_prints_a_sentence_and_exits_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    dead = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    port = dead.server_address[1]
    dead.server_close()
    monkeypatch.setitem(ADDRESSES, "sprites", f"http://127.0.0.1:{port}")
    assert module.main(["sprites", "--out", str(tmp_path)]) == 2
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert "check the network" in said
    assert "Traceback" not in said


def test_a_folder_that_cannot_be_made_is_an_error(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match="--out"):
        download(tmp_path / "file", address(server), FILES)


def test_the_checksum_of_a_gz_file_is_that_of_its_content() -> None:
    content = b"pixels" * 100
    expected = hashlib.sha256(content).hexdigest()
    assert checksum("a", content) == expected
    for level in (1, 9):
        assert checksum("a.gz", gzip.compress(content, level)) == expected
    assert checksum("a.gz", gzip.compress(content)[:-9]) == ""
    assert checksum("a.gz", content) == ""


def test_gz_files_are_accepted_at_any_compression_level(server: Server, tmp_path: Path) -> None:
    server.content = {"a.gz": gzip.compress(b"digits", 1)}
    files = {"a.gz": checksum("a.gz", gzip.compress(b"digits", 9))}
    assert download(tmp_path, address(server), files) == 1
    assert gzip.decompress((tmp_path / "a.gz").read_bytes()) == b"digits"
    assert download(tmp_path, address(server), files) == 0


def test_a_file_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = gzip.compress(bytes(200))
    assert checksum("a.gz", packed)
    monkeypatch.setattr(module, "MAX_DOWNLOAD_BYTES", 100)
    assert checksum("a.gz", packed) == ""


@pytest.mark.parametrize(("name", "count"), [("sprites", 25), ("mnist", 4), ("weizmann", 72)])
def test_the_checksums_are_complete(name: str, count: int) -> None:
    files = checksums(name)
    assert len(files) == count
    assert all(len(expected) == 64 for expected in files.values())


def test_every_data_set_that_downloads_has_an_address() -> None:
    names = {known.download for known in data.DATA_SETS.values()} - {None}
    assert names == set(ADDRESSES)


@pytest.mark.parametrize("name", ["sprites", "mnist", "weizmann"])
def test_the_checksums_are_those_of_the_real_files(
    real_data: Callable[[str], Path], name: str
) -> None:
    folder = real_data(name)
    assert download(folder, "http://127.0.0.1:9", checksums(name)) == 0
