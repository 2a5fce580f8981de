"""A loaded model with its example clips and directions, which threads can share.

from rwae.editing.studio import Studio, swap
studio = Studio.load("checkpoints/sprites")
a, b = studio.examples[[0]], studio.examples[[1]]
clips = studio.decode(swap(a, b))                   # bytes (1, T, H, W, 3)
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from rwae import runtime
from rwae.codes import Codes
from rwae.editing.directions import Basis, principal_directions
from rwae.editing.named_directions import NamedDirections, read_named_directions
from rwae.errors import ClipError, CodesError
from rwae.files import checkpoint, filmstrip, hub
from rwae.files.card import Card, read_card
from rwae.models import registry
from rwae.models.base import CodeModel
from rwae.runtime import turn
from rwae.uploads.assess import Fit, assess

EXAMPLE_CLIPS = 12  # that the app offers
MAX_WAIT_SECONDS = 20.0  # that a caller waits for the model
MIN_ACTIVE_CHANGE = 0.04  # of a pixel in [0, 1]; an inactive number changes every pixel by less
_FRAMES_AT_ONCE = 256  # that are decoded, to bound the memory
_STATIC_BASIS_CLIPS, _DYNAMIC_BASIS_CLIPS = 256, 48  # of the gallery


class Studio:
    """A model, the codes of its example clips, and the directions in which codes can be moved.

    Attributes:
        model: in evaluation mode.
        gallery: codes of training clips, or draws if the model cannot encode; they show how
            codes are spread. Their action is left out: a weakly supervised model infers it from
            the dynamic codes.
        examples: a few of them, unlike one another.
        name: short, such as the name of the checkpoint's folder.
        card: the model card, with the title that people read.
        folder: of its checkpoint; None if it was made in memory.
        named_directions: directions of the static code that change one attribute each; None
            without labels.
        weights: the digest of the weights, which do not change; computed if it is not given.
        original: the studio of the model of which this one is a copy that has learned a
            character; None for any other.
        learned_clips: how many of the first examples the copy was learned from.
        private: whether the weights are for few, as the Hub says of where they come from.
    """

    original: Studio | None = None
    learned_clips: int = 0
    private: bool = False

    def __init__(
        self,
        model: CodeModel,
        gallery: Codes,
        name: str = "model",
        card: Card | None = None,
        folder: Path | None = None,
        named_directions: NamedDirections | None = None,
        weights: str | None = None,
    ) -> None:
        model.check(gallery)
        self.model = model
        self.gallery = Codes(gallery.static, gallery.dynamic).to("cpu")
        self.name = name
        self.card = card or Card(name)
        self.folder = folder
        self.named_directions = named_directions
        self.weights = weights or checkpoint.weights_digest(model)
        self.examples = self.gallery[farthest_point_sample(self.gallery, EXAMPLE_CLIPS)]
        self._lock = threading.Lock()

    @classmethod
    def load(cls, source: str | Path, device_name: str | None = None) -> Studio:
        """Loads a checkpoint with its gallery.

        Args:
            source: a folder, or a Hub id "owner/name" or "owner/name@revision".
            device_name: see `rwae.runtime.choose_device`.

        Raises:
            CheckpointError: if the checkpoint or its gallery is missing or does not fit, or its
                named directions are there but do not.
            ConfigError: if the configuration or the device is bad.
        """
        chosen = runtime.choose_device(device_name)
        folder = hub.locate(source)
        name = hub.short_name(source)
        model = registry.load(folder, device=chosen)
        weights = checkpoint.weights_digest(model)
        gallery = checkpoint.read_gallery(folder, weights)
        named = read_named_directions(folder, model.config.static_size, weights)
        return cls(model, gallery, name, read_card(folder, name), folder, named, weights)

    def with_learned(self, model: CodeModel, clips: Codes, name: str) -> Studio:
        """The studio of a copy of the model that has learned a character.

        Codes keep their meaning in a copy, so it has the gallery, the directions and the card of
        the original.

        Args:
            model: the copy.
            clips: codes of the learned clips, which become the first examples.
            name: of the copy.
        """
        title = f"Your character, learned from {self.card.title}"
        card = replace(self.card, title=title)
        studio = Studio(model, self.gallery, name, card, self.folder, self.named_directions)
        studio.original, studio.learned_clips = self, len(clips)
        clips = Codes(clips.static, clips.dynamic).to("cpu")
        studio.examples = Codes.cat([clips, self.examples])[:EXAMPLE_CLIPS]
        for found in ("static_basis", "dynamic_basis", "inactive_static", "inactive_dynamic"):
            # Cached properties of the copy, which is not asked for what the original knows.
            studio.__dict__[found] = getattr(self, found)
        return studio

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Lets one caller at a time use the model: threads on the same cores slow each other."""
        busy = "The model is busy with other visitors: try again in a moment."
        with turn(self._lock, MAX_WAIT_SECONDS, busy), torch.inference_mode():
            yield

    def encode(self, x: Tensor) -> Codes:
        """Infers the codes of clips (B, T, 3, H, W) in [0, 1].

        Raises:
            ClipError: if the model cannot encode, or the clips do not fit it.
        """
        self.require_encoder()
        with self._turn():
            return self.model.encode(x).to("cpu")

    def require_encoder(self) -> None:
        """Raises ClipError if the model cannot encode."""
        if not self.model.encodes:
            raise ClipError(
                f"{self.card.title} draws clips but cannot turn one into codes: start from its "
                "examples, or choose a model that has an encoder."
            )

    def assess(self, x: Tensor) -> Fit:
        """Encodes and decodes clips (B, T, 3, H, W) in [0, 1] and compares; see `rwae.assess`."""
        self.require_encoder()
        with self._turn():
            return assess(self.model, x).to("cpu")

    def redraw(self, x: Tensor) -> Tensor:
        """Clips (B, T, 3, H, W) in [0, 1] as the model draws them."""
        return self.assess(x).redrawn

    def decode(self, codes: Codes) -> np.ndarray:
        """Renders codes as bytes (B, T, H, W, 3); CodesError as from `CodeModel.decode`."""
        self.model.check(codes)
        step = max(1, _FRAMES_AT_ONCE // codes.dynamic.shape[1])
        with self._turn():
            parts = [self.model.decode(codes[i : i + step]) for i in range(0, len(codes), step)]
            return np.concatenate([filmstrip.to_bytes(part) for part in parts])

    def sample(
        self,
        clips: int,
        *,
        seed: int,
        frames: int,
        temperature: float = 1.0,
        action: int | None = None,
    ) -> Codes:
        """Draws codes from the priors: the same numbers give the same codes.

        The arguments are those of `CodeModel.sample`; the static codes of a seed are the same
        for every action.
        """
        generator = torch.Generator().manual_seed(seed)
        with self._turn():
            codes = self.model.sample(
                clips, frames=frames, temperature=temperature, action=action, generator=generator
            )
            return codes.to("cpu")

    def extend(self, codes: Codes, frames: int, *, seed: int) -> Codes:
        """Continues clips by frames that are drawn from the prior."""
        with self._turn():
            generator = torch.Generator().manual_seed(seed)
            return self.model.extend(codes, frames, generator).to("cpu")

    @cached_property
    def static_basis(self) -> Basis:
        """Directions of the static code, the one that changes the picture most first."""
        static = self.gallery.static[:_STATIC_BASIS_CLIPS]
        frame = self.examples.dynamic[:1, :1].expand(len(static), -1, -1)
        return principal_directions(static, _thumbnails(self.decode(Codes(static, frame))))

    @cached_property
    def dynamic_basis(self) -> Basis:
        """Directions of a dynamic code, the one that changes the picture most first."""
        dynamic = self.gallery.dynamic[:_DYNAMIC_BASIS_CLIPS]
        static = self.examples.static[:1].expand(len(dynamic), -1)
        pictures = _thumbnails(self.decode(Codes(static, dynamic)))
        return principal_directions(dynamic.flatten(0, 1), pictures)

    @cached_property
    def inactive_static(self) -> list[bool]:
        """Which numbers of the static code are inactive: the pictures do not depend on them."""
        return self._inactive(self.gallery.static, static_code=True)

    @cached_property
    def inactive_dynamic(self) -> list[bool]:
        """Which numbers of a dynamic code are inactive: the pictures do not depend on them."""
        return self._inactive(self.gallery.dynamic.flatten(0, 1), static_code=False)

    def _inactive(self, codes: Tensor, *, static_code: bool) -> list[bool]:
        """Moves each number of one kind of code by 1.5 standard deviations, on three examples.

        Args:
            codes: of that kind, with shape (N, D), which show how far the numbers are spread.
            static_code: which kind it is.
        """
        size = codes.shape[1]
        steps = torch.cat([torch.eye(size), -torch.eye(size)]) * 1.5 * codes.std(0)
        changes = torch.zeros(size)
        for n in range(min(3, len(self.examples))):
            static, dynamic = self.examples.static[[n]], self.examples.dynamic[[n], :1]
            moved = Codes(
                static + steps if static_code else static.expand(2 * size, -1),
                dynamic.expand(2 * size, -1, -1) if static_code else dynamic + steps[:, None],
            )
            before = torch.from_numpy(self.decode(Codes(static, dynamic))).int()
            after = torch.from_numpy(self.decode(moved)).int()
            change = (after - before).abs().flatten(1).amax(1).view(2, size).amax(0)
            changes = changes.maximum(change / 255)
        return (changes < MIN_ACTIVE_CHANGE).tolist()


def swap(static_of: Codes, dynamic_of: Codes) -> Codes:
    """Joins the static codes of some clips with the dynamic codes of as many others.

    Raises:
        CodesError: if one of the two is not a `Codes`, or they hold different numbers of clips.
    """
    for given in (static_of, dynamic_of):
        if not isinstance(given, Codes):
            raise CodesError(
                f"A swap of {type(given).__name__} is not possible: it needs two rwae.Codes, such "
                "as encode and sample return."
            )
    return dynamic_of.with_static(static_of.static)


def farthest_point_sample(codes: Codes, count: int) -> list[int]:
    """Chooses clips that are unlike one another, by farthest-point sampling (Gonzalez, 1985).

    The first is the clip whose dynamic codes vary most over time. Static and dynamic codes weigh
    the same: each kind is scaled to unit mean squared distance from its mean.

    Args:
        codes: of the clips.
        count: how many to choose; all if there are fewer.

    Returns:
        The indices of the clips, in the order in which they were chosen.
    """
    parts = [codes.static, codes.dynamic.flatten(1)]
    points = torch.cat(
        [part / (part.var(0, correction=0).sum().sqrt() + 1e-8) for part in parts], 1
    )
    chosen = [int(codes.dynamic.var(1, correction=0).sum(1).argmax())]
    distance = torch.full((len(points),), torch.inf)
    while len(chosen) < min(count, len(points)):
        distance = distance.minimum((points - points[chosen[-1]]).square().sum(1))
        chosen.append(int(distance.argmax()))
    return chosen


def _thumbnails(clips: np.ndarray) -> Tensor:
    """Bytes (B, T, H, W, 3) as small pictures (B * T, 3, H / 2, W / 2) in [0, 1]."""
    pictures = torch.from_numpy(clips).flatten(0, 1).movedim(-1, 1).float() / 255
    return F.avg_pool2d(pictures, 2)
