"""The Hugging Face Hub: the only door to `huggingface_hub`.

A checkpoint is named by a folder or by a Hub id, and the two are never mixed up: see `parse`.
Fetching runs in a process of its own, so that a slow or broken Hub costs a number of seconds that
is known and nothing else; sending is done by the caller.
"""

from rwae.files.hub.fetching import NEEDED, WANTED, fetch, locate
from rwae.files.hub.names import HubId, parse, short_name
from rwae.files.hub.sending import send, send_model

__all__ = [
    "NEEDED",
    "WANTED",
    "HubId",
    "fetch",
    "locate",
    "parse",
    "send",
    "send_model",
    "short_name",
]
