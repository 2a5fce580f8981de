"""A small Hub on this machine: what the real one answers, and what a broken one might.

It knows the requests that `huggingface_hub` makes to fetch files, by HEAD and GET, and to send
them: create, preupload, the LFS batch with its uploads, and commit.
"""

import base64
import hashlib
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

TOKEN = "hf_of_a_test"
_RESOLVE = re.compile(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)")
_LFS = (".safetensors", ".png", ".gif")


def commit_of(text: str) -> str:
    """A commit of 40 digits for a text."""
    return hashlib.sha1(text.encode()).hexdigest()


class FakeHub(ThreadingHTTPServer):
    """The server and what it knows.

    Attributes:
        forgets_commits: whether its answers name no commit, as those of some mirrors.
        commits: the commit that each (repository, revision) stands for.
        files: what each (repository, commit) holds, by path.
        asked: every request so far, such as "HEAD /owner/name/resolve/main/config.json".
        tokens: the authorization that came with each request, or None.
        status: answered to everything, if it is not 200.
        private: whether who has no token finds nothing.
        chunk: bytes that are sent at a time.
        pause: seconds before each chunk.
        cut: bytes of a file after which the connection breaks off, once for each file.
        elsewhere: the address of another server that files are redirected to.
        sizes: what a file's size is said to be, where that is a lie.
        sent: what was committed, by repository and path.
        made: the requests that created a repository.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.forgets_commits = False
        self.commits: dict[tuple[str, str], str] = {}
        self.files: dict[tuple[str, str], dict[str, bytes]] = {}
        self.asked: list[str] = []
        self.tokens: list[str | None] = []
        self.private = False
        self.status, self.pause, self.chunk = 200, 0.0, 2**16
        self.cut: int | None = None
        self.was_cut: set[str] = set()
        self.elsewhere: str | None = None
        self.sizes: dict[str, int] = {}
        self.objects: dict[str, bytes] = {}
        self.sent: dict[str, dict[str, bytes]] = {}
        self.made: list[dict] = []

    def add(self, repo: str, folder: Path, revision: str = "main", commit: str = "") -> str:
        """Puts the files of a folder into a repository; returns the commit."""
        commit = commit or commit_of(repo + revision)
        self.commits[repo, revision] = self.commits[repo, commit] = commit
        self.files[repo, commit] = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        }
        return commit

    def handle_error(self, *_: object) -> None:
        """A client that goes away is no error here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FakeHub

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""

    def note(self) -> bool:
        """Takes down the request; false if it has been answered with an error already."""
        hub = self.server
        hub.asked.append(f"{self.command} {self.path}")
        hub.tokens.append(self.headers.get("authorization"))
        length = int(self.headers.get("content-length") or 0)
        self.body = self.rfile.read(length)
        if hub.status != 200:
            self.answer(hub.status)
        return hub.status == 200

    def answer(self, status: int = 200, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in ({"content_length": str(len(body))} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_HEAD(self) -> None:
        if self.note():
            self.resolve()

    def do_GET(self) -> None:
        self.do_HEAD()

    def resolve(self) -> None:
        hub = self.server
        if hub.private and "authorization" not in self.headers:
            return self.answer(401, x_error_code="RepoNotFound")
        found = _RESOLVE.fullmatch(self.path)
        repo, revision, name = found.groups() if found else ("", "", "")
        if not any(known == repo for known, _ in hub.commits):
            return self.answer(404, x_error_code="RepoNotFound")
        commit = hub.commits.get((repo, revision))
        if commit is None:
            return self.answer(404, x_error_code="RevisionNotFound")
        data = hub.files[repo, commit].get(name)
        if data is None:
            return self.answer(404, x_error_code="EntryNotFound", x_repo_commit=commit)
        tag = hashlib.sha1(data).hexdigest()
        about = {"etag": f'"{tag}"', "x_repo_commit": "" if hub.forgets_commits else commit}
        size = hub.sizes.get(name, len(data))
        if hub.elsewhere:
            about |= {"location": hub.elsewhere + self.path, "x_linked_size": str(size)}
            return self.answer(302, **about)
        if self.command == "HEAD":
            return self.answer(content_length=str(size), **about)
        return self.deliver(name, data, about)

    def deliver(self, name: str, data: bytes, about: dict[str, str]) -> None:
        """Sends a file, in the manner of the moment."""
        hub = self.server
        start = int(re.sub(r"\D", "", self.headers.get("range") or "0"))
        self.send_response(206 if start else 200)
        for key, value in (about | {"content_length": str(len(data) - start)}).items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        for at in range(start, len(data), hub.chunk):
            time.sleep(hub.pause)
            if hub.cut is not None and at >= hub.cut and name not in hub.was_cut:
                hub.was_cut.add(name)
                self.close_connection = True
                return
            self.wfile.write(data[at : at + hub.chunk])

    def do_PUT(self) -> None:
        if self.note():
            self.server.objects[self.path.rsplit("/", 1)[1]] = self.body
            self.answer()

    def do_POST(self) -> None:
        if not self.note():
            return
        if self.headers.get("authorization") != f"Bearer {TOKEN}":
            self.answer(401)
        elif self.path == "/api/validate-yaml":
            self.answer_json({"errors": [], "warnings": []})
        elif self.path == "/api/repos/create":
            made = json.loads(self.body)
            self.server.made.append(made)
            self.answer_json({"url": f"{self.server.address}/{made['organization']}/x"})
        elif "/preupload/" in self.path:
            self.answer_json({"files": [_mode(file) for file in json.loads(self.body)["files"]]})
        elif self.path.endswith("/info/lfs/objects/batch"):
            objects = json.loads(self.body)["objects"]
            self.answer_json({"transfer": "basic", "objects": [self.place(o) for o in objects]})
        elif "/commit/" in self.path:
            self.commit()
        else:
            self.answer(404)

    def answer_json(self, value: object) -> None:
        self.answer(200, json.dumps(value).encode(), content_type="application/json")

    def place(self, wanted: dict) -> dict:
        href = f"{self.server.address}/lfs/{wanted['oid']}"
        return wanted | {"actions": {"upload": {"href": href}}}

    def commit(self) -> None:
        kind, repo = re.match(r"/api/(\w+)s/([^/]+/[^/]+)/commit", self.path).groups()
        files = self.server.sent.setdefault(f"{kind} {repo}", {})
        for line in map(json.loads, self.body.splitlines()):
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.server.objects[value["oid"]]
        oid = commit_of(repo)
        url = f"{self.server.address}/{repo}/commit/{oid}"
        self.answer_json({"commitUrl": url, "commitOid": oid})


def _mode(file: dict) -> dict:
    mode = "lfs" if file["path"].endswith(_LFS) else "regular"
    return {"path": file["path"], "uploadMode": mode, "shouldIgnore": False}


@contextmanager
def fake_hub() -> Iterator[FakeHub]:
    """A Hub that runs for as long as the block does."""
    hub = FakeHub()
    thread = threading.Thread(target=hub.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.shutdown()
        hub.server_close()
        thread.join()


def environment(hub: FakeHub, home: Path) -> dict[str, str]:
    """The variables with which a process takes `hub` for the Hub and keeps all in `home`."""
    return {
        "HF_ENDPOINT": hub.address,
        "HF_HOME": str(home),
        "HF_HUB_OFFLINE": "0",
        "NO_PROXY": "127.0.0.1",
    }


def use(hub: FakeHub, home: Path, patch: pytest.MonkeyPatch) -> None:
    """Lets the child processes of this one take `hub` for the Hub."""
    for name, value in environment(hub, home).items():
        patch.setenv(name, value)
    for name in ("HF_TOKEN", "SPACE_ID", "HF_HUB_CACHE"):
        patch.delenv(name, raising=False)
