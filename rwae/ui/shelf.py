"""The models that the app offers, each under a short name, which is also its address."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rwae import runtime
from rwae.editing.studio import Studio
from rwae.errors import CheckpointError, ConfigError, RWAEError
from rwae.files.checkpoint import CONFIG_FILE
from rwae.ui.requests import MAX_FRAMES

FIRST = "sprites"  # the model that a visitor meets, if it is there


class Shelf:
    """Loaded models, one at least.

    Weights are loaded when the shelf is made, in some hundredths of a second each. What takes
    fifty times as long, the directions, waits for the first visitor of each model.

    Attributes:
        studios: the models by name, in the order in which the page lists them; a visitor who
            asks for none meets the first.
        notice: what the page says at its top, such as which model is missing; empty if nothing.
    """

    def __init__(self, studios: Sequence[Studio], notice: str = "") -> None:
        self.notice = notice
        self.studios: dict[str, Studio] = {}
        for studio in studios:
            # Two folders of one name are told apart by a number.
            names = (studio.name, *(f"{studio.name}-{n + 2}" for n in range(len(studios))))
            self.studios[next(name for name in names if name not in self.studios)] = studio

    @property
    def first(self) -> str:
        """The name of the first model."""
        return next(iter(self.studios))

    def find(self, name: str | None) -> Studio:
        """The model of a name, or the first if none is named.

        Raises:
            RWAEError: if there is no such model.
        """
        studio = self.studios.get(self.first if name is None else name)
        if studio is None:
            raise RWAEError(
                f"There is no such model here: choose one of {', '.join(self.studios)}."
            )
        return studio


def load_one(source: str | Path, device_name: str | None = None) -> Studio:
    """Loads a model that the page can show; the arguments are those of `Studio.load`.

    Raises:
        CheckpointError: if the checkpoint or its gallery is missing or does not fit, or the clips
            of the gallery are all alike.
        ConfigError: if the configuration or the device is bad, or its clips are longer than the
            server's functions allow.
    """
    studio = Studio.load(source, device_name)
    if studio.model.config.frames > MAX_FRAMES:
        raise ConfigError(
            f"The model {studio.name} has clips of {studio.model.config.frames} frames: the app "
            f"shows at most {MAX_FRAMES}. Train one with fewer."
        )
    gallery = studio.gallery
    if any(bool((part == part[0]).all()) for part in (gallery.static, gallery.dynamic)):
        raise CheckpointError(
            f"The clips in the gallery of the model {studio.name} are all alike: the app needs "
            "codes that differ, as `python -m rwae.training` writes them."
        )
    return studio


def load_all(folder: Path, device_name: str | None = None) -> tuple[list[Studio], list[str]]:
    """Loads every checkpoint in a folder, `FIRST` first and the others by name.

    Returns:
        The models, and a sentence or two for each that cannot be shown.

    Raises:
        ConfigError: if the device is bad, which is no fault of any model.
    """
    runtime.choose_device(device_name)
    found = {path.parent for path in folder.glob(f"*/{CONFIG_FILE}")}
    studios, complaints = [], []
    for path in sorted(found, key=lambda path: (path.name != FIRST, path.name)):
        try:
            studios.append(load_one(path, device_name))
        except (RWAEError, OSError) as error:
            complaints.append(f"The model {path.name} is left out. {error}")
    return studios, complaints
