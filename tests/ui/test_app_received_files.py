"""Files that programs send as Gradio's clients do."""

import json
import time
from typing import Any

import pytest

from rwae.errors import ClipError
from rwae.ui import received_files
from rwae.ui.payloads import MAX_ENCODED_BYTES
from rwae.ui.received_files import ReceivedFiles, files_of_form, with_names_of_files

FORM = b"multipart/form-data; boundary=x"
PART = b'--x\r\nContent-Disposition: form-data; name="files"; filename="../a.gif"\r\n\r\n%s\r\n'


def test_a_file_is_found_by_its_name_alone() -> None:
    received = ReceivedFiles()
    name = received.keep(b"one")
    assert name != received.keep(b"two")
    assert received.read(name) == b"one"
    assert received.read("b25l") == b"one"
    assert received.read("data:image/gif;base64,b25l") == b"one"


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("received:guessed", "send it again"),
        ("http://127.0.0.1/x.gif", "no addresses"),
        ("/etc/passwd", "no addresses"),
        ({"path": "x"}, "needs to be text"),
        (None, "needs to be text"),
    ],
)
def test_what_is_no_file_is_refused(file: Any, words: str) -> None:
    with pytest.raises(ClipError, match=words):
        ReceivedFiles().read(file)


def test_files_take_bounded_memory_for_a_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(received_files, "MAX_RECEIVED_BYTES", 10)
    received = ReceivedFiles()
    names = [received.keep(b"1234") for _ in range(3)]
    assert received.size == 8
    with pytest.raises(ClipError, match="no longer kept"):
        received.read(names[0])
    assert received.read(names[1])
    monkeypatch.setattr(received_files, "MAX_RECEIVED_SECONDS", 0.0)
    time.sleep(0.01)
    with pytest.raises(ClipError, match="no longer kept"):
        received.read(names[1])
    assert received.size == 0


def test_the_files_of_a_form_are_read_byte_for_byte() -> None:
    contents = [bytes(range(256)) * 9000, b"\r\n--y--\r\n"]
    form = b"".join(PART % content for content in contents) + b"--x--\r\n"
    assert files_of_form(form, FORM) == contents


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        (b"--x--\r\n", FORM),
        (b"no form", FORM),
        (PART % b"a" + b"--x--", b"multipart/form-data"),
        (b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--\r\n', FORM),
        (b"--x\r\n\r\nb\r\n--x--\r\n", FORM),
        (PART % bytes(MAX_ENCODED_BYTES + 1) + b"--x--\r\n", FORM),
    ],
)
def test_a_form_without_a_small_file_is_refused(form: bytes, kind: bytes) -> None:
    with pytest.raises(ClipError, match="at most 4 MB"):
        files_of_form(form, kind)


FILE = {"path": "received:x", "orig_name": "a.gif", "meta": {"_type": "gradio.FileData"}}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
@pytest.mark.parametrize("escaped", [False, True])
def test_no_object_for_a_file_reaches_gradio(encoding: str, escaped: bool) -> None:
    text = json.dumps({"data": [FILE, [FILE, 7], {"file": FILE}, "text"]})
    if escaped:
        text = text.replace("gradio.F", "gr\\u0061dio\\u002eF")
    named = json.loads(with_names_of_files(text.encode(encoding)))
    assert named == {"data": ["received:x", ["received:x", 7], {"file": "received:x"}, "text"]}


@pytest.mark.parametrize(
    "body",
    [b"{", b"\\u", b"[" * 9000, b"\xff\0", b"NaN", b"[1e999]", b'"\\ud800"', b"{} {}"],
)
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(ClipError, match="needs to be JSON"):
        with_names_of_files(body)


def test_other_bodies_say_the_same_as_before() -> None:
    value = {"data": [7, -1.5, None, True, "\u00fc \U0001f3ac"], "meta": {"_type": "other"}}
    assert json.loads(with_names_of_files(json.dumps(value).encode())) == value
    assert with_names_of_files(b"") == b""
