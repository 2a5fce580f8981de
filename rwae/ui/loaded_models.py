"""The models that the app offers: which it loads when it starts, and how a request finds one.

The choice is fixed when the app starts. A visitor chooses among the loaded models by their short
names, and can name no folder and no Hub id.
"""

from __future__ import annotations

import os
import re
import secrets
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from rwae import runtime
from rwae.codes import Codes
from rwae.editing.studio import Studio
from rwae.errors import CheckpointError, ConfigError, GoneError, HubError, RWAEError
from rwae.files import hub
from rwae.files.checkpoint import CONFIG_FILE
from rwae.models.base import CodeModel
from rwae.ui.payloads import MAX_CLIP_FRAMES

COPY_SIGN = "~"  # between the name of a model and the token of a copy
MAX_COPIES = 24  # of all visitors; each takes about the memory of a decoder, some megabytes
COPY_SECONDS = 1800.0  # without a request after which a copy is forgotten
GONE = (
    "The learned character is no longer here: nobody used it for half an hour, or others took its "
    "place. Open its saved file, or learn it again."
)
DEFAULT_MODEL = "sprites"  # the model that the page shows first, if it is there
MODELS_VARIABLE = "RWAE_MODELS"  # sources with spaces between them, without a command line
SHARE_VARIABLE = "RWAE_SHARE_WEIGHTS"  # one of `SHARES`, without a command line
# Whose weights visitors may have, whose browsers then decode by themselves: of all models but
# those that the Hub shows to few, of all models, of none.
SHARES = ("public", "all", "none")


class LoadedModels:
    """At least one loaded model, each under a short name, which also stands in the page's address.

    Attributes:
        studios: the models by name, in the order in which the page lists them. The first answers
            requests that name no model.
        notice: a sentence that the page shows at its top, such as which model is missing; empty
            if there is nothing to say.
        share: whose weights visitors may have, one of `SHARES`.
    """

    def __init__(
        self, studios: Sequence[Studio], notice: str = "", share: str = SHARES[0]
    ) -> None:
        self.notice, self.share = notice, share
        self._copies: dict[str, tuple[Studio, float]] = {}  # with the time of the last request
        self._lock = threading.Lock()
        self.studios: dict[str, Studio] = {}
        for studio in studios:
            # A number tells apart two folders of one name.
            names = (studio.name, *(f"{studio.name}-{n + 2}" for n in range(len(studios))))
            self.studios[next(name for name in names if name not in self.studios)] = studio

    @property
    def default_name(self) -> str:
        """The name of the first model."""
        return next(iter(self.studios))

    def find(self, name: str | None) -> Studio:
        """The model of a name, or the first one if the name is None.

        Raises:
            GoneError: if the name is that of a copy that is no longer kept.
            RWAEError: if there is no such model.
        """
        if name is not None and COPY_SIGN in name:
            return self._find_copy(name)
        studio = self.studios.get(self.default_name if name is None else name)
        if studio is None:
            raise RWAEError(
                f"There is no such model here: choose one of {', '.join(self.studios)}."
            )
        return studio

    def keep(self, studio: Studio, model: CodeModel, clips: Codes) -> str:
        """Keeps a copy of a model that has learned a character, for one visit.

        Args:
            studio: of the original.
            model: the copy.
            clips: codes of the learned clips.

        Returns:
            The name of the copy, which nobody can guess.
        """
        original = next(name for name, one in self.studios.items() if one is studio)
        name = f"{original}{COPY_SIGN}{secrets.token_urlsafe(16)}"
        copied = studio.with_learned(model, clips, name)
        now = time.monotonic()
        with self._lock:
            self._forget_unused(now)
            while len(self._copies) >= MAX_COPIES:
                del self._copies[min(self._copies, key=lambda one: self._copies[one][1])]
            self._copies[name] = copied, now
        return name

    def forget(self, studio: Studio) -> None:
        """Forgets a copy."""
        with self._lock:
            self._copies.pop(studio.name, None)

    def _find_copy(self, name: str) -> Studio:
        now = time.monotonic()
        with self._lock:
            self._forget_unused(now)
            if name not in self._copies:
                raise GoneError(GONE, name)
            studio = self._copies[name][0]
            self._copies[name] = studio, now
        return studio

    def _forget_unused(self, now: float) -> None:
        old = [name for name, (_, used) in self._copies.items() if now - used > COPY_SECONDS]
        for name in old:
            del self._copies[name]


def requested_sources(given: Sequence[str] | None) -> list[str]:
    """The sources of models on the command line, or else those of the environment."""
    return list(given or os.environ.get(MODELS_VARIABLE, "").split())


def load_models(
    sources: Sequence[str],
    shipped: Path,
    device_name: str | None = None,
    share: str = SHARES[0],
) -> LoadedModels:
    """Loads the models that were named, or all that are in a folder.

    Every named model has to load, with two exceptions: the Hub cannot be reached, or the app runs
    on a Space, where nobody would see why it did not start. Then the log and the page say which
    model is missing. If none is left, the models of the folder take their place.

    Args:
        sources: folders and Hub ids.
        shipped: the folder of the checkpoints that came with the app.
        device_name: see `rwae.runtime.choose_device`.
        share: whose weights visitors may have, one of `SHARES`.

    Raises:
        RWAEError: if a model does not load, or there is none.
    """
    tolerated = RWAEError if "SPACE_ID" in os.environ else HubError
    studios: list[Studio] = []
    missing = []
    for source in sources:
        try:
            studio = load_model(source, device_name)
            studio.private = share == "public" and not hub.is_public(source)
            studios.append(studio)
        except tolerated as error:
            print(error, file=sys.stderr)
            missing.append(source)
    if studios:
        return LoadedModels(studios, _missing_notice(missing, "you see the others"), share)
    studios, complaints = load_folder(shipped, device_name)
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    if not studios:
        raise RWAEError(f"There is no model in {shipped}: train one, or name it with --model.")
    return LoadedModels(studios, _missing_notice(missing, "you see the app's own models"), share)


def load_model(source: str | Path, device_name: str | None = None) -> Studio:
    """Loads a model that the page can show; the arguments are those of `Studio.load`.

    Raises:
        CheckpointError: if the checkpoint or its gallery is missing or does not fit, or the clips
            of the gallery are all alike.
        ConfigError: if the configuration or the device is bad, or its clips are longer than
            `MAX_CLIP_FRAMES`.
    """
    studio = Studio.load(source, device_name)
    if studio.model.config.frames > MAX_CLIP_FRAMES:
        raise ConfigError(
            f"The model {studio.name} has clips of {studio.model.config.frames} frames: the app "
            f"shows at most {MAX_CLIP_FRAMES}. Train one with fewer."
        )
    gallery = studio.gallery
    if any(bool((part == part[0]).all()) for part in (gallery.static, gallery.dynamic)):
        raise CheckpointError(
            f"The clips in the gallery of the model {studio.name} are all alike: the app needs "
            "codes that differ, as `python -m rwae.training` writes them."
        )
    return studio


def load_folder(folder: Path, device_name: str | None = None) -> tuple[list[Studio], list[str]]:
    """Loads every checkpoint in a folder, `DEFAULT_MODEL` first and the others by name.

    Returns:
        The models, and for each that cannot be shown a sentence that says why.

    Raises:
        ConfigError: if the device is bad, which concerns all models.
    """
    runtime.choose_device(device_name)
    found = {path.parent for path in folder.glob(f"*/{CONFIG_FILE}")}
    studios, complaints = [], []
    for path in sorted(found, key=lambda path: (path.name != DEFAULT_MODEL, path.name)):
        try:
            studios.append(load_model(path, device_name))
        except (RWAEError, OSError) as error:
            complaints.append(f"The model {path.name} is left out. {error}")
    return studios, complaints


def _missing_notice(missing: Sequence[str], instead: str) -> str:
    """A sentence for the page, or nothing. Seven digits identify a commit."""
    if not missing:
        return ""
    names = " and ".join(re.sub(r"(@[0-9a-f]{7})[0-9a-f]{33}$", r"\1", name) for name in missing)
    plural = "s" if len(missing) > 1 else ""
    return f"The model{plural} {names} could not be loaded: {instead}."
