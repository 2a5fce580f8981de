"""The Hugging Face Hub: the only package that imports `huggingface_hub`, with `rwae.files.card`.

A checkpoint is named by a folder or by a Hub id, and the two are never confused: see
`parse_source`. Fetching runs in a process of its own, so that a slow or broken Hub costs a known
number of seconds and nothing else. Sending is done by the caller's process.
"""

from rwae.files.hub.fetching import (
    OPTIONAL_FILES,
    REQUIRED_FILES,
    fetch_checkpoint,
    is_public,
    locate,
)
from rwae.files.hub.names import HubId, parse_source, short_name
from rwae.files.hub.sending import send_files, send_model

__all__ = [
    "OPTIONAL_FILES",
    "REQUIRED_FILES",
    "HubId",
    "fetch_checkpoint",
    "is_public",
    "locate",
    "parse_source",
    "send_files",
    "send_model",
    "short_name",
]
