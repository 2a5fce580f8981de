"""Learns a visitor's character: jobs that run one at a time, and the copies that they leave.

A job and a copy have names that nobody can guess, so they belong to the visit that asked for them.
Both are bounded in number and forgotten when nobody asks for them any more. A copy is asked for by
its name wherever a model is: "sprites~" and its token.
"""

from __future__ import annotations

import queue
import secrets
import threading
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from rwae.codes import Codes
from rwae.editing.studio import Studio
from rwae.errors import CheckpointError, ClipError, CodesError, RWAEError
from rwae.files import filmstrip, video
from rwae.files.learned_file import learned_model
from rwae.ui import housekeeping
from rwae.ui.loaded_models import LoadedModels
from rwae.ui.payloads import (
    data_url,
    decode_base64,
    fit_to_json,
    require_object,
    sheet_url,
    uploaded_file,
)
from rwae.uploads.adapt import STEPS, CancelledError, Progress, adapt
from rwae.uploads.learned import open_learned, pack_learned_copy

MAX_LEARNED_CLIPS = 9  # that one character is learned from
MAX_WAITING = 4  # jobs that wait for their turn; learning takes some seconds
FORGOTTEN_AFTER = 20.0  # seconds after which a job that nobody asks for is stopped
KEPT_RESULT = 120.0  # seconds that a finished job is told of
PICTURE_EVERY = 10  # steps between two pictures of the copy
BUSY = "Other visitors' characters are being learned: try again in a minute."
SAVED_NOTE = (
    "The file holds the numbers that the copy changed and the codes of your clips, and no "
    "picture. It opens with the same model."
)


class Job:
    """The learning of one character.

    Attributes:
        studio: the model that is copied.
        x: the given clips, with shape (B, T, 3, S, S).
        asked: when somebody last asked for it, by the monotonic clock.
        state: what `learn_state` answers.
        cancelled: whether it shall stop.
        ended: is set when it is done.
    """

    def __init__(self, studio: Studio, x: Tensor) -> None:
        self.studio, self.x = studio, x
        self.asked = time.monotonic()
        self.cancelled = False
        self.ended = threading.Event()
        self.state: dict[str, Any] = {"step": 0, "steps": STEPS, "done": False, "cancelled": False}

    @property
    def forgotten(self) -> bool:
        """Whether nobody has asked for it for a while."""
        return time.monotonic() - self.asked > FORGOTTEN_AFTER


class Learning:
    """The jobs of all visitors: one thread learns one character after the other."""

    def __init__(self, models: LoadedModels) -> None:
        self._models = models
        self._jobs: dict[str, Job] = {}
        self._waiting: queue.Queue[Job] = queue.Queue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def endpoints(self) -> tuple[Callable[[Studio, Any], dict[str, Any]], ...]:
        """The functions that the page calls, by their names."""
        return (
            self.learn_start,
            self.learn_state,
            self.learn_cancel,
            self.has_learned,
            self.forget_learned,
            self.save_learned,
            self.open_learned,
        )

    def learn_start(self, studio: Studio, request: Any) -> dict[str, Any]:
        """Begins to learn a character.

        Args:
            studio: the model; of a copy, the original is taken.
            request: {"clips": a list of 1 to 9 image strips as data URLs, each with the frames of
                one clip at the model's size, such as `encode_clip` answers as "given"}.

        Returns:
            {"job": its name, "queued": how many wait before it}.

        Raises:
            ClipError: if a clip cannot be read or does not fit the model.
            RWAEError: if too many characters wait to be learned.
        """
        strips = require_object(request, "clips")["clips"]
        studio = studio.original or studio
        studio.require_encoder()
        if self._count_waiting() >= MAX_WAITING:
            raise RWAEError(BUSY)  # before the strips are read
        job = Job(studio, read_strips(strips, studio))
        return {"job": self._enqueue(job), "queued": self._queued_before(job)}

    def learn(self, studio: Studio, x: Tensor) -> dict[str, Any]:
        """Learns a character, and returns when it is done.

        Args:
            studio: the model; of a copy, the original is taken.
            x: clips with shape (B, T, 3, S, S).

        Returns:
            The last answer of `learn_state`.

        Raises:
            RWAEError: if too many characters wait to be learned, or this one cannot be.
        """
        job = Job(studio.original or studio, x)
        name = self._enqueue(job)
        while not job.ended.wait(1):
            job.asked = time.monotonic()
        with self._lock:
            del self._jobs[name]
        if "name" not in job.state:
            raise RWAEError(job.state.get("error") or "The learning was stopped: start it again.")
        return job.state

    def _enqueue(self, job: Job) -> str:
        """Puts a job at the end of the queue, and returns its name, which nobody can guess."""
        name = secrets.token_urlsafe(16)
        self._remove_old()
        with self._lock:
            if self._count_waiting() >= MAX_WAITING:
                raise RWAEError(BUSY)
            self._jobs[name] = job
            self._waiting.put(job)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="learning", daemon=True)
                self._thread.start()
        return name

    def learn_state(self, _studio: Studio, request: Any) -> dict[str, Any]:
        """Says how far a job is.

        Args:
            request: {"job": its name}.

        Returns:
            {"step", "steps", "queued": how many wait before it, "done", "cancelled"}; while it
            learns "picture": the first clip as the copy draws it now, and "squared_error": of the
            frames of the last step; when it is done "name": of the copy, "before" and "after":
            the fits, see `rwae.ui.payloads.fit_to_json`. "error" is a sentence if the learning
            failed.
        """
        job = self._find(request)
        job.asked = time.monotonic()
        return job.state | {"queued": self._queued_before(job)}

    def learn_cancel(self, _studio: Studio, request: Any) -> dict[str, Any]:
        """Stops a job: {"job": its name}. Nothing of it is kept."""
        self._find(request).cancelled = True
        return {}

    def has_learned(self, studio: Studio, _request: Any) -> dict[str, Any]:
        """Answers with an error unless the copy that the request names as its model is kept."""
        require_copy(studio)
        return {}

    def forget_learned(self, studio: Studio, _request: Any) -> dict[str, Any]:
        """Forgets the copy that the request names as its model."""
        self._models.forget(require_copy(studio))
        return {}

    def save_learned(self, studio: Studio, _request: Any) -> dict[str, Any]:
        """The copy that the request names as its model, as a file.

        Returns:
            {"data": data URL, "name": of the file, "note": what it holds}.
        """
        original = require_copy(studio).original
        assert original is not None
        clips = studio.examples[: studio.learned_clips]
        content = pack_learned_copy(
            original.model, studio.model, clips, original.name, original.weights
        )
        url = data_url(content, "application/octet-stream")
        return {"data": url, "name": f"{original.name}-character.safetensors", "note": SAVED_NOTE}

    def open_learned(self, _studio: Studio, form: Any) -> dict[str, Any]:
        """Opens a file that `save_learned` made.

        Args:
            form: as Gradio reads it: `files` holds one (name, bytes).

        Returns:
            {"name": of the copy}.

        Raises:
            CheckpointError: if it is another file, or its model is not here.
        """
        content = uploaded_file(form)
        if content is None:
            raise CheckpointError("No file came along: choose one that was saved here.")
        name, weights = learned_model(content)
        found = [one for one in self._models.studios.values() if one.weights == weights]
        if not found:
            raise CheckpointError(
                f"The character was learned from {name or 'a model'} with weights that are not "
                "here: open it where that model is."
            )
        studio = found[0]
        model, codes = open_learned(content, studio.model, weights)
        return {"name": self._models.keep(studio, model, codes)}

    def _find(self, request: Any) -> Job:
        name = require_object(request, "job")["job"]
        job = self._jobs.get(name) if isinstance(name, str) else None
        if job is None:
            raise RWAEError("This learning is over and forgotten: start it again.")
        return job

    def _count_waiting(self) -> int:
        return sum(not job.state["done"] for job in self._jobs.values())

    def _queued_before(self, job: Job) -> int:
        names = list(self._jobs.values())
        return sum(not other.state["done"] for other in names[: names.index(job)])

    def _remove_old(self) -> None:
        with self._lock:
            for name, job in list(self._jobs.items()):
                late = time.monotonic() - job.asked > KEPT_RESULT
                if job.state["done"] and (job.forgotten or late):
                    del self._jobs[name]

    def _work(self) -> None:
        while True:
            job = self._waiting.get()
            try:
                job.state = self._learn(job)
            except CancelledError:
                job.state |= {"done": True, "cancelled": True}
            except RWAEError as error:
                job.state = job.state | {"done": True, "error": str(error)}
            except Exception as error:  # a bug: the operator reads the details
                housekeeping.log_failure("learn", error)
                sentence = "The server failed to learn this character: try other clips."
                job.state = job.state | {"done": True, "error": sentence}
            job.ended.set()

    def _learn(self, job: Job) -> dict[str, Any]:
        """Learns a character, and returns the last state of its job."""
        studio = job.studio

        def report(progress: Progress) -> bool:
            if progress.step % PICTURE_EVERY == 0:
                job.state = job.state | {
                    "step": progress.step,
                    "squared_error": round(progress.error, 2),
                    "picture": _draw(progress.model, progress.codes),
                }
            return not (job.cancelled or job.forgotten)

        if job.cancelled or job.forgotten:
            raise CancelledError("The learning was stopped.")
        learned = adapt(studio.model, job.x, known=studio.gallery, progress=report)
        name = self._models.keep(studio, learned.model, learned.codes)
        return job.state | {
            "step": learned.steps,
            "done": True,
            "name": name,
            "picture": _draw(learned.model, learned.codes),
            "before": fit_to_json(learned.before),
            "after": fit_to_json(learned.after),
        }


def require_copy(studio: Studio) -> Studio:
    """Raises CodesError unless a studio is that of a copy that has learned a character."""
    if studio.original is None:
        raise CodesError(f"{studio.card.title} is no learned character: name one.")
    return studio


def read_strips(strips: Any, studio: Studio) -> Tensor:
    """Reads image strips of a visitor for a model, in a process of their own.

    Args:
        strips: data URLs or base64 text of 1 to 9 pictures.
        studio: the model.

    Returns:
        Clips with shape (B, T, 3, S, S).

    Raises:
        ClipError: if there are none or too many, or one is not of the model's size.
    """
    if not isinstance(strips, list) or not 1 <= len(strips) <= MAX_LEARNED_CLIPS:
        raise ClipError(f"A character is learned from 1 to {MAX_LEARNED_CLIPS} clips.")
    config = studio.model.config
    needed = (config.frames, config.frame_size, config.frame_size, 3)
    clips = []
    with video.DecoderProcess() as decoder:
        for strip in strips:
            clip = video.read_clip(decode_base64(strip), max_frames=config.frames, decoder=decoder)
            if clip.shape != needed:
                raise ClipError(
                    f"A clip has {len(clip)} frames of {clip.shape[2]} x {clip.shape[1]} pixels: "
                    f"the model needs {config.frames} of {config.frame_size} x "
                    f"{config.frame_size}. Send the strips that /encode answers."
                )
            clips.append(torch.from_numpy(clip))
    return torch.stack(clips).movedim(-1, 2).float() / 255


def _draw(model: Any, codes: Codes) -> str:
    """The first clip as a model draws it, as a data URL."""
    with torch.no_grad():
        x = model.decode(codes[:1])
    return sheet_url(filmstrip.to_bytes(x), "png")
