"""Learns a visitor's character: jobs, see `rwae.ui.jobs`, and the copies that they leave.

A copy has a name that nobody can guess, so it belongs to the visit that asked for it. Copies are
bounded in number and forgotten when nobody asks for them any more. A copy is asked for by its name
wherever a model is: "sprites~" and its token.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from rwae.codes import Codes
from rwae.editing.studio import Studio
from rwae.errors import CheckpointError, ClipError, CodesError
from rwae.files import filmstrip, video
from rwae.files.learned_file import learned_model
from rwae.ui import encoding
from rwae.ui.jobs import Job, Jobs, State
from rwae.ui.loaded_models import LoadedModels
from rwae.ui.payloads import (
    data_url,
    decode_base64,
    fit_to_json,
    requested_choices,
    require_object,
    sheet_url,
    uploaded_file,
)
from rwae.uploads.adapt import MAX_DRAFTS, STEPS, Progress, adapt
from rwae.uploads.gathering import draft_rows, lacking_rows
from rwae.uploads.learned import open_learned, pack_learned_copy
from rwae.uploads.prepare import prepare

MAX_LEARNED_CLIPS = 9  # that one character is learned from
PICTURE_EVERY = 10  # steps between two pictures of the copy
BUSY = "Other visitors' characters are being learned: try again in a minute."
FAILED = "The server failed to learn this character: try other clips."
SAVED_NOTE = (
    "The file holds the numbers that the copy changed and the codes of your clips, and no "
    "picture. It opens with the same model."
)


class Learning:
    """The jobs of all visitors: one thread learns one character after the other."""

    def __init__(self, models: LoadedModels) -> None:
        self._models = models
        self._jobs = Jobs("learn", BUSY, FAILED)

    def endpoints(self) -> tuple[Callable[[Studio, Any], dict[str, Any]], ...]:
        """The functions that the page calls, by their names."""
        return (
            self.draft_rows,
            self.learn_start,
            self.learn_state,
            self.learn_cancel,
            self.has_learned,
            self.forget_learned,
            self.save_learned,
            self.open_learned,
        )

    def draft_rows(self, studio: Studio, form: Any) -> dict[str, Any]:
        """Draws the rows of a sprite sheet that the model knows and the sheet lacks.

        Args:
            studio: the model; of a copy, the original is taken.
            form: as of `rwae.ui.encoding.encode_clip`.

        Returns:
            {"drafts": image strips as data URLs, to learn from; none if nothing is lacking or can
            be drawn}.

        Raises:
            CodesError: if a choice is none.
            ClipError: as from `encode_clip`.
        """
        studio = studio.original or studio
        choices = requested_choices(form)
        footage = encoding.read_form(studio, form, choices)
        prepared = prepare(footage, studio.model, choices, redraw=studio.redraw)
        rows = lacking_rows(footage, studio.model, prepared, choices)
        drafts = draft_rows(footage, studio.model, rows).values()
        return {"drafts": [encoding.strip_url(x) for x in drafts]}

    def learn_start(self, studio: Studio, request: Any) -> dict[str, Any]:
        """Begins to learn a character.

        Args:
            studio: the model; of a copy, the original is taken.
            request: {"clips": a list of 1 to 9 image strips as data URLs, each with the frames of
                one clip at the model's size, such as `encode_clip` answers as "given"; "drafts":
                strips of `draft_rows`, or none}.

        Returns:
            {"job": its name, "queued": how many wait before it}.

        Raises:
            ClipError: if a clip cannot be read or does not fit the model.
            RWAEError: if too many characters wait to be learned.
        """
        strips = require_object(request, "clips")["clips"]
        drafted = request.get("drafts") or []
        studio = studio.original or studio
        studio.require_encoder()
        self._jobs.require_room()  # before the strips are read
        x = read_strips(strips, studio)
        drafts = read_strips(drafted, studio, MAX_DRAFTS) if drafted else None
        return self._jobs.start(*self._work_on(studio, x, drafts))

    def learn(self, studio: Studio, x: Tensor, drafts: Tensor) -> dict[str, Any]:
        """Learns a character, and returns when it is done.

        Args:
            studio: the model; of a copy, the original is taken.
            x: clips with shape (B, T, 3, S, S).
            drafts: of other actions, see `rwae.uploads.adapt.adapt`.

        Returns:
            The last answer of `learn_state`.

        Raises:
            RWAEError: if too many characters wait to be learned, or this one cannot be.
        """
        return self._jobs.run(*self._work_on(studio.original or studio, x, drafts))

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
        return self._jobs.tell(request)

    def learn_cancel(self, _studio: Studio, request: Any) -> dict[str, Any]:
        """Stops a job: {"job": its name}. Nothing of it is kept."""
        self._jobs.cancel(request)
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

    def _work_on(
        self, studio: Studio, x: Tensor, drafts: Tensor | None
    ) -> tuple[Callable[[Job], State], State]:
        """The work of learning clips (B, T, 3, S, S), and the first state of its job."""
        return partial(self._learn, studio, x, drafts), {"step": 0, "steps": STEPS}

    def _learn(self, studio: Studio, x: Tensor, drafts: Tensor | None, job: Job) -> State:
        """Learns a character, and returns the last state of its job."""

        def report(progress: Progress) -> bool:
            if progress.step % PICTURE_EVERY == 0:
                job.state = job.state | {
                    "step": progress.step,
                    "squared_error": round(progress.error, 2),
                    "picture": _draw(progress.model, progress.codes),
                }
            return job.wanted

        learned = adapt(studio.model, x, drafts=drafts, known=studio.gallery, progress=report)
        return {
            "step": learned.steps,
            "name": self._models.keep(studio, learned.model, learned.codes),
            "picture": _draw(learned.model, learned.codes),
            "before": fit_to_json(learned.before),
            "after": fit_to_json(learned.after),
        }


def require_copy(studio: Studio) -> Studio:
    """Raises CodesError unless a studio is that of a copy that has learned a character."""
    if studio.original is None:
        raise CodesError(f"{studio.card.title} is no learned character: name one.")
    return studio


def read_strips(strips: Any, studio: Studio, most: int = MAX_LEARNED_CLIPS) -> Tensor:
    """Reads image strips of a visitor for a model, in a process of their own.

    Args:
        strips: data URLs or base64 text of pictures.
        studio: the model.
        most: how many strips may come.

    Returns:
        Clips with shape (B, T, 3, S, S).

    Raises:
        ClipError: if there are none or too many, or one is not of the model's size.
    """
    if not isinstance(strips, list) or not 1 <= len(strips) <= most:
        raise ClipError(f"A character is learned from 1 to {most} clips.")
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
