"""The Hugging Face Hub: the only door to `huggingface_hub`."""

from __future__ import annotations

import re
from pathlib import Path

from rwae import checkpoint
from rwae.errors import CheckpointError

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_LOCAL_ROOTS = ("checkpoints", "runs", "data", "examples")


def locate(source: str | Path, revision: str | None = None) -> Path:
    """Finds the folder of a checkpoint, and fetches it from the Hub if `source` is a Hub id.

    A `Path`, anything that exists, and anything below a folder of this project is local: a
    mistyped folder never becomes a request.

    Args:
        source: a folder, or a Hub id "owner/name".
        revision: branch, tag or commit on the Hub.

    Raises:
        CheckpointError: if neither a folder nor a repository is there.
    """
    folder = Path(source)
    if folder.is_dir():
        return folder
    named = isinstance(source, str) and _HUB_ID.fullmatch(source)
    if not named or source.split("/")[0] in _LOCAL_ROOTS:
        raise CheckpointError(
            f"There is no folder {source}: name a folder with {checkpoint.CONFIG_FILE} and "
            f"{checkpoint.WEIGHTS_FILE}, or a Hub id like owner/name."
        )
    from huggingface_hub import snapshot_download  # slow to import, and not needed for a folder
    from huggingface_hub.errors import HFValidationError, HTTPError, LocalEntryNotFoundError

    try:
        path = snapshot_download(
            str(source),
            revision=revision,
            allow_patterns=[
                checkpoint.CONFIG_FILE,
                checkpoint.WEIGHTS_FILE,
                checkpoint.GALLERY_FILE,
                "README.md",
            ],
            etag_timeout=10,
        )
    except (HFValidationError, HTTPError, LocalEntryNotFoundError, OSError) as error:
        raise CheckpointError(
            f"The Hub has no checkpoint {source} that could be fetched ({type(error).__name__}): "
            "check the id and the network, or name a local folder."
        ) from error
    return Path(path)
