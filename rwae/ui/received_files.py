"""Files that programs send before a call that names them, as Gradio's clients do.

A client sends a form with files, is told a name for each, and puts the name into its call as
{"path": name, "meta": {"_type": "gradio.FileData"}}. Gradio would write the files to the disk,
read such a path from the disk, and fetch it if it is an address. Here files wait in memory, and a
call has the name alone in the place of the object.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from typing import Any, cast

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import FormParser, parse_options_header

from rwae.errors import ClipError
from rwae.ui.payloads import MAX_ENCODED_BYTES, decode_base64

NAME_PREFIX = "received:"
MAX_RECEIVED_BYTES = 2**25  # of all files together
MAX_RECEIVED_SECONDS = 180.0  # that a file waits for its call, which may wait in the queue
_FILE_TYPE = "gradio.FileData"


class ReceivedFiles:
    """The files that wait for a call; the oldest give way to new ones."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[bytes, float]] = {}  # in the order in which they came
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(len(content) for content, _ in list(self._files.values()))

    def keep(self, content: bytes) -> str:
        """Keeps a file, and returns a name for it that nobody can guess."""
        name = f"{NAME_PREFIX}{secrets.token_urlsafe(16)}"
        with self._lock:
            self._files[name] = content, time.monotonic()
            while self.size > MAX_RECEIVED_BYTES:
                del self._files[next(iter(self._files))]
        self.forget_old()
        return name

    def read(self, file: Any) -> bytes:
        """The content of a file that a call names, or has in it as base64 text or a data URL.

        Raises:
            ClipError: if it is none of these, too large or no longer kept.
        """
        self.forget_old()
        if isinstance(file, str) and file.startswith(NAME_PREFIX):
            content, _ = self._files.get(file, (None, 0.0))
            if content is None:
                raise ClipError("The file that was sent is no longer kept: send it again.")
            return content
        if isinstance(file, str) and file.startswith(("http://", "https://", "/")):
            raise ClipError(
                "The server reads no addresses and paths: send the file itself, as base64 text or "
                "by handle_file of Gradio's client."
            )
        return decode_base64(file)

    def forget_old(self) -> None:
        """Forgets the files whose call did not come."""
        oldest = time.monotonic() - MAX_RECEIVED_SECONDS
        with self._lock:
            for name in [one for one, (_, came) in self._files.items() if came < oldest]:
                del self._files[name]


def files_of_form(form: bytes, content_type: bytes) -> list[bytes]:
    """The content of each file of a form, without any file on the disk.

    Args:
        form: the whole body.
        content_type: with the boundary.

    Raises:
        ClipError: if it is no form, has no file in it, or one of more than `MAX_ENCODED_BYTES`.
    """
    files: list[bytes] = []

    def add(file: Any) -> None:
        file.file_object.seek(0)
        files.append(file.file_object.read())

    kind, options = parse_options_header(content_type)
    try:
        parser = FormParser(
            kind.decode("latin-1"),
            None,
            add,
            boundary=options.get(b"boundary"),
            config={"MAX_MEMORY_FILE_SIZE": len(form) + 1},
        )
        parser.write(form)
        parser.finalize()
    except FormParserError:
        files = []
    if not files or max(map(len, files)) > MAX_ENCODED_BYTES:
        raise ClipError(
            f"The form needs to hold a file of at most {MAX_ENCODED_BYTES // 2**20} MB."
        )
    return files


def with_names_of_files(body: bytes) -> bytes:
    """The body of a call in which each object that stands for a file is its path alone.

    Args:
        body: of a request. An empty one is left as it is.

    Raises:
        ClipError: if it is no JSON, or holds a number that is not finite or half a character, at
            which Gradio would fail.
    """
    if not body:
        return body
    try:
        named = _name_files(json.loads(body))
        return json.dumps(named, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        words = "The body needs to be JSON with finite numbers and whole characters."
        raise ClipError(words) from None


def _name_files(value: Any) -> Any:
    if isinstance(value, list):
        return [_name_files(one) for one in value]
    if not isinstance(value, dict):
        return value
    meta = value.get("meta")
    if isinstance(meta, dict) and meta.get("_type") == _FILE_TYPE:
        return value.get("path")
    return {key: _name_files(one) for key, one in cast("dict[str, Any]", value).items()}
