"""Sends files to a repository on the Hub: a model or a Space."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from torch import Tensor

from rwae.config import ModelConfig
from rwae.errors import HubError
from rwae.files import checkpoint
from rwae.files.card import CARD_FILE, draft_card
from rwae.files.hub.names import HubId


def send_files(
    files: Mapping[str, Path],
    repo: str,
    *,
    kind: Literal["model", "space"] = "model",
    space_sdk: Literal["gradio", "static"] = "gradio",
    private: bool = False,
    message: str = "Upload by R-WAE Studio",
    token: str | None = None,
) -> str:
    """Makes the repository if it is not there, and sends all files in one commit.

    Files of the repository that are not among them stay as they are.

    Args:
        files: where each file is, by its path in the repository.
        repo: "owner/name".
        kind: what the repository is of.
        space_sdk: what a new Space runs: Python, or nothing but pages.
        private: whether a new repository is for its owner alone.
        message: of the commit.
        token: that of `hf auth login` or of HF_TOKEN by default.

    Returns:
        The address of the commit.

    Raises:
        CheckpointError: if the Hub has no ids like `repo`.
        HubError: if the Hub cannot be reached or refuses.
    """
    HubId(repo)
    from huggingface_hub import CommitOperationAdd, HfApi  # slow to import, and seldom needed
    from huggingface_hub.errors import (  # type: ignore[attr-defined]
        HfHubHTTPError,
        HTTPError,  # of httpx or httpx2, whichever the client uses
    )

    client = HfApi(endpoint=os.environ.get("HF_ENDPOINT"), token=token)
    operations = [CommitOperationAdd(name, str(path)) for name, path in files.items()]
    sdk = space_sdk if kind == "space" else None
    try:
        client.create_repo(repo, repo_type=kind, private=private, space_sdk=sdk, exist_ok=True)
        commit = client.create_commit(repo, operations, commit_message=message, repo_type=kind)
    except HfHubHTTPError as error:
        status = error.response.status_code
        raise HubError(
            f"The Hub refused to take {repo} (status {status}): log in with `hf auth login` as "
            "someone who may write there."
            if status in (401, 403)
            else f"The Hub could not take {repo} (status {status}): try again later."
        ) from error
    except (HTTPError, OSError, ValueError, RuntimeError) as error:
        raise HubError(
            f"The files did not reach {repo} on the Hub ({type(error).__name__}): check the "
            "network, and send them again."
        ) from error
    return commit.commit_url


def send_model(
    repo: str,
    config: ModelConfig,
    weights: Mapping[str, Tensor],
    *,
    card: str | None = None,
    private: bool = False,
    token: str | None = None,
) -> str:
    """Sends a model that is in memory: `config.json`, `model.safetensors` and a model card.

    Result and errors are those of `send_files`.

    Args:
        repo: "owner/name".
        config: the sizes.
        weights: the state of the model.
        card: the README.md, as Markdown; one that states the sizes is written if it is None.
        private: whether a new repository is for its owner alone.
        token: that of `hf auth login` or of HF_TOKEN by default.
    """
    HubId(repo)
    if card is None:
        learned = sum(part.numel() for part in weights.values() if part.is_floating_point())
        card = draft_card(repo, config, learned)
    with tempfile.TemporaryDirectory(prefix="rwae-") as name:
        folder = Path(name)
        checkpoint.write(folder, config, weights)
        (folder / CARD_FILE).write_text(card, "utf-8")
        files = {path.name: path for path in folder.iterdir()}
        return send_files(files, repo, private=private, token=token)
