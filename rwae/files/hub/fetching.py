"""Fetches checkpoints from the Hub into the cache of the Hub's client.

The Hub's client runs in a process of its own, `child.py`. The client limits the time of a single
request only, not that of a whole download, so a slow or broken Hub could keep the app waiting for
ever. The process ends after `MAX_SECONDS`, and it checks the size of each file before it fetches
the file.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from rwae.errors import CheckpointError, HubError
from rwae.files import checkpoint, tensors
from rwae.files.card import CARD_FILE
from rwae.files.domain import DOMAIN_FILE, MAX_DOMAIN_BYTES
from rwae.files.hub.names import HubId, is_folder, parse_source

MAX_SECONDS = 60.0  # that a fetch may take
MAX_TEXT_BYTES = 2**20  # of a card or a table
REQUIRED_FILES = {
    checkpoint.CONFIG_FILE: checkpoint.MAX_CONFIG_BYTES,
    checkpoint.WEIGHTS_FILE: tensors.MAX_TENSOR_FILE_BYTES,
}
# Other files that the app can use. No file of another name is ever fetched.
OPTIONAL_FILES = {
    checkpoint.GALLERY_FILE: checkpoint.MAX_GALLERY_BYTES,
    CARD_FILE: MAX_TEXT_BYTES,
    checkpoint.DIRECTIONS_FILE: MAX_TEXT_BYTES,
    DOMAIN_FILE: MAX_DOMAIN_BYTES,
    checkpoint.SETTINGS_FILE: MAX_TEXT_BYTES,
    checkpoint.SCORES_FILE: MAX_TEXT_BYTES,
}
_CHILD = Path(__file__).with_name("child.py")
_LATER = "Try again later, or name a local folder."
_PROBLEMS = {
    "repository": "The Hub has no model {id}, or it is private: check the id, or log in with "
    "`hf auth login`.",
    "gated": "The model {id} asks for an agreement first: open its page on the Hub, and log in "
    "with `hf auth login`.",
    "forbidden": "The Hub does not hand out {id} ({detail}): log in with `hf auth login` as "
    "someone who may read it.",
    "revision": "The model {repo} has no revision {revision}: check the branch, tag or commit.",
    "file": "The model {id} has no {detail}: a checkpoint needs "
    f"{checkpoint.CONFIG_FILE} and {checkpoint.WEIGHTS_FILE}. Name another.",
    "size": "The file {detail} of the model {id} is larger than a checkpoint's may be, or of "
    "unknown size: name another model.",
    "offline": "The Hub is switched off by HF_HUB_OFFLINE and {id} is not in the cache: unset it, "
    "or name a local folder.",
    "unreachable": "The Hub cannot be reached ({detail}) and {id} is not in the cache. " + _LATER,
    "commit": "The answer for {id} names no commit; some mirrors leave it out: unset "
    "HF_ENDPOINT, or name a local folder.",
    "cache": "The cache of the Hub cannot be written ({detail}), so {id} cannot be kept: set "
    "HF_HOME to a folder that can be written, or name a local folder.",
    "broken": "The model {id} could not be fetched whole ({detail}). " + _LATER,
}
# Waiting would not help with these.
_FINAL_PROBLEMS = ("repository", "gated", "forbidden", "revision", "file", "size")


def locate(source: str | Path, revision: str | None = None) -> Path:
    """Finds the folder of a checkpoint, and fetches it from the Hub if `source` is a Hub id.

    Args:
        source: a folder, or a Hub id "owner/name" or "owner/name@revision"; see `parse_source`.
        revision: branch, tag or commit on the Hub.

    Raises:
        CheckpointError: if neither a folder nor a repository is there.
        HubError: if the Hub cannot be reached or is too slow.
    """
    found = parse_source(source, revision)
    if isinstance(found, HubId):
        return fetch_checkpoint(found)
    if not is_folder(found):
        raise CheckpointError(
            f"There is no folder {source}: name a folder with {checkpoint.CONFIG_FILE} and "
            f"{checkpoint.WEIGHTS_FILE}, or a Hub id like owner/name."
        )
    return found


def fetch_checkpoint(model: HubId) -> Path:
    """Fetches a checkpoint, or finds it in the cache; all its files are of one commit.

    A commit that is in the cache needs no Hub. For a branch or a tag the Hub is asked whether it
    has moved, and the cache answers if the Hub cannot be reached.

    Raises:
        CheckpointError: if the Hub has no such checkpoint, or the app runs on a Space and the
            revision is not a commit: what visitors see must not change from outside.
        HubError: if the Hub cannot be reached, or takes longer than `MAX_SECONDS`.
    """
    if "SPACE_ID" in os.environ and not model.pinned:
        raise CheckpointError(
            f"A Space shows no model {model} at a revision that can change: name a commit of 40 "
            f"digits, as in {model.repo}@{'0' * 7}..."
        )
    answer = _ask(model, required=REQUIRED_FILES, optional=OPTIONAL_FILES)
    if "folder" in answer:
        return Path(answer["folder"])
    problem = str(answer.get("problem"))
    if problem not in _PROBLEMS:
        problem = "broken"
    kind = CheckpointError if problem in _FINAL_PROBLEMS else HubError
    detail = str(answer.get("detail", "no answer"))[:100]
    names = {"id": model, "repo": model.repo, "revision": model.revision, "detail": detail}
    raise kind(_PROBLEMS[problem].format(**names))


def is_public(source: str | Path) -> bool:
    """Whether anyone may read a checkpoint of the Hub, as the Hub tells one who has no token.

    True of every folder; false if the Hub does not answer.
    """
    found = parse_source(source)
    if not isinstance(found, HubId):
        return True
    try:
        return _ask(found, public=checkpoint.CONFIG_FILE) == {"public": True}
    except HubError:
        return False


def _ask(model: HubId, **wanted: Any) -> dict[str, Any]:
    """Runs the child, for `MAX_SECONDS` at the most; returns its answer, see `child.py`."""
    request = {"seconds": MAX_SECONDS, "repo": model.repo, "revision": model.revision} | wanted
    # Plain HTTPS only, so that all bytes are counted and no other cache is used.
    switched_off = ("TELEMETRY", "PROGRESS_BARS", "XET", "UPDATE_CHECK")
    child = subprocess.Popen(
        [sys.executable, "-P", str(_CHILD)],
        env=os.environ | {f"HF_HUB_DISABLE_{name}": "1" for name in switched_off},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        said, _ = child.communicate(json.dumps(request), timeout=MAX_SECONDS)
        answer = json.loads(said)
        return answer if isinstance(answer, dict) else {}
    except subprocess.TimeoutExpired as error:
        raise HubError(
            f"The Hub did not deliver the model {model} within {MAX_SECONDS:.0f} seconds. {_LATER}"
        ) from error
    except ValueError:  # the child ended before it could answer
        return {}
    finally:
        _end_child(child)


def _end_child(child: subprocess.Popen[str]) -> None:
    """Ends the child, which first removes what it was writing."""
    child.terminate()
    try:
        child.wait(5)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe:
            pipe.close()
