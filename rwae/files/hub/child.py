"""Fetches one checkpoint in a process of its own, which can be ended at any time.

It imports the standard library and the Hub's client alone, so that it starts in half a second.
The request comes as JSON on its input, and the answer goes as JSON to its output: {"folder": ...},
or {"problem": a word that `rwae.files.hub.fetching` has a sentence for, "detail": ...}. Asked
whether a file is public, it answers {"public": ...} and fetches nothing.
"""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import sys
from pathlib import Path
from typing import Any

from huggingface_hub import (
    _CACHED_NO_EXIST,
    get_hf_file_metadata,
    hf_hub_download,
    hf_hub_url,
    try_to_load_from_cache,
)
from huggingface_hub.errors import (  # type: ignore[attr-defined]
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    HTTPError,  # of httpx or httpx2, whichever the client uses
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

if sys.platform != "win32":  # which has no such limits
    import resource

HUB_TIMEOUT = 10  # seconds for an answer of the Hub
Files = dict[str, int]  # the most bytes of each file


# Errors of a folder that cannot be written, and of nothing else.
_UNWRITABLE = (
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT),
    *(errno.ENOTDIR, errno.EEXIST),  # a file is in the place of the folder
)


class CommitError(Exception):
    """The answer of the Hub, or of a mirror, names no commit."""


class SizeError(Exception):
    """A file has more bytes than it may, or does not say how many."""


def find_in_cache(repo: str, revision: str, files: Files) -> str | None:
    """The folder in the cache, if each file is there or is known not to exist."""
    found = [try_to_load_from_cache(repo, name, revision=revision) for name in files]
    paths = [path for path in found if isinstance(path, str)]
    whole = paths and all(isinstance(path, str) or path is _CACHED_NO_EXIST for path in found)
    return str(Path(paths[0]).parent) if whole else None


def fetch_files(repo: str, revision: str, required: Files, optional: Files) -> str:
    """Fetches the files, or what of them is not in the cache; returns the folder."""
    if len(revision) == 40 and (folder := find_in_cache(repo, revision, required | optional)):
        return folder
    first = next(iter(required))
    try:
        url = hf_hub_url(repo, first, revision=revision)
        about = get_hf_file_metadata(url, timeout=HUB_TIMEOUT)
    except (HTTPError, OfflineModeIsEnabled) as error:
        # A refusal by the Hub is final. If the Hub cannot answer, the cache may have the files.
        down = not isinstance(error, HfHubHTTPError) or error.response.status_code >= 500
        if down and (folder := find_in_cache(repo, revision, required)):
            return folder
        raise
    commit = about.commit_hash
    if commit is None or not re.fullmatch(r"[0-9a-f]{40}", commit):
        raise CommitError
    for name, max_bytes in required.items():
        download_file(repo, name, commit, max_bytes)
    for name, max_bytes in optional.items():
        try:
            download_file(repo, name, commit, max_bytes)
        except LocalEntryNotFoundError:  # the Hub cannot be reached any more
            raise
        except EntryNotFoundError:  # the client remembers that there is none
            continue
    # Last, so that in the cache a branch never points to a commit of which files are missing.
    path = hf_hub_download(repo, first, revision=revision, etag_timeout=HUB_TIMEOUT)
    return str(Path(path).parent)


def download_file(repo: str, name: str, commit: str, max_bytes: int) -> None:
    """Fetches one file, once its size is known to be allowed."""
    found = hf_hub_download(repo, name, revision=commit, etag_timeout=HUB_TIMEOUT, dry_run=True)
    if found.file_size is None or found.file_size > max_bytes:
        raise SizeError(name)
    hf_hub_download(repo, name, revision=commit, etag_timeout=HUB_TIMEOUT)


def is_public(repo: str, revision: str, public: str) -> bool:
    """Whether the Hub tells one who has no token of the file `public`."""
    try:
        url = hf_hub_url(repo, public, revision=revision)
        get_hf_file_metadata(url, token=False, timeout=HUB_TIMEOUT)
    except (HTTPError, OfflineModeIsEnabled, OSError):
        return False
    return True


def respond(request: dict[str, Any]) -> dict[str, str]:
    """The folder, or what went wrong."""
    try:
        return {"folder": fetch_files(**request)}
    except GatedRepoError:
        return {"problem": "gated"}
    except RepositoryNotFoundError:
        return {"problem": "repository"}
    except RevisionNotFoundError:
        return {"problem": "revision"}
    except OfflineModeIsEnabled:
        return {"problem": "offline"}
    except LocalEntryNotFoundError as error:
        return {"problem": "unreachable", "detail": type(error.__cause__ or error).__name__}
    except EntryNotFoundError as error:
        return {"problem": "file", "detail": missing_file(error, request)}
    except SizeError as error:
        return {"problem": "size", "detail": str(error)}
    except HfHubHTTPError as error:
        status = error.response.status_code
        problem = "forbidden" if status in (401, 403) else "unreachable"
        return {"problem": problem, "detail": f"status {status}"}
    except HTTPError as error:
        return {"problem": "unreachable", "detail": type(error).__name__}
    except CommitError:
        return {"problem": "commit"}
    except OSError as error:
        if error.errno in _UNWRITABLE:
            return {"problem": "cache", "detail": os.strerror(error.errno)}
        return {"problem": "broken", "detail": type(error).__name__}
    except ValueError as error:
        return {"problem": "broken", "detail": type(error).__name__}


def missing_file(error: EntryNotFoundError, request: dict[str, Any]) -> str:
    """The name of the missing file, from the client's message."""
    return next((name for name in request["required"] if name in str(error)), "such file")


def main() -> None:
    """Answers one request; SIGTERM also removes the file that is being written."""
    request = json.loads(sys.stdin.read())
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    seconds = request.pop("seconds")
    if hasattr(signal, "SIGALRM"):  # ends this process also if its parent was killed
        signal.signal(signal.SIGALRM, lambda *_: sys.exit(1))
        signal.setitimer(signal.ITIMER_REAL, seconds)
    if "public" in request:
        print(json.dumps({"public": is_public(**request)}))
        return
    if sys.platform != "win32":  # holds also if the Hub states wrong sizes
        max_bytes = max((request["required"] | request["optional"]).values())
        resource.setrlimit(resource.RLIMIT_FSIZE, (max_bytes, max_bytes))
    print(json.dumps(respond(request)))


if __name__ == "__main__":
    main()
