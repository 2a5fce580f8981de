"""The app for programs: endpoints with plain JSON values, shown by Gradio's API page and by MCP.

    from gradio_client import Client

    app = Client("http://127.0.0.1:7860")
    drawn = app.predict(count=2, seed=7, api_name="/sample")
    who, motion = drawn["clips"]
    swapped = app.predict(who, motion, picture="png", api_name="/swap")

Nothing is uploaded to a file and nothing is kept: a clip comes as base64 text, and pictures go as
data addresses. Calls wait in Gradio's queue, apart from what the page itself asks. Docstrings are
read by programs here: each argument is described in one line.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import gradio as gr
from gradio.blocks import BlockFunction
from gradio.utils import get_function_description

from rwae.editing.studio import Studio
from rwae.editing.studio import swap as swapped
from rwae.errors import RWAEError
from rwae.ui import endpoints, logs, requests
from rwae.ui.calls import KINDS, Clip, Clips, Model, Picture, answer, clip_bytes, describe
from rwae.ui.pictures import to_json
from rwae.ui.shelf import Shelf

TYPES = {  # as a person says them
    "str": "text",
    "str | None": "text, may be left out",
    "int": "whole number",
    "int | None": "whole number, may be left out",
    "float": "number",
    "Picture": " or ".join(f'"{kind}"' for kind in KINDS),
    "Clip": "codes: an object with static and dynamic",
    "list[Clip]": "list of codes",
}
AT_ONCE = 2  # calls: one for the model, one that reads or writes pictures meanwhile


class Programs:
    """The endpoints, each a function with a name, types and a description that programs can read.

    Errors are `RWAEError`; `offer` turns them into what a caller is told.
    """

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf

    def all(self) -> tuple[Callable, ...]:
        """The endpoints, in the order in which a newcomer meets them."""
        return (self.models, self.examples, self.sample, self.encode, self.swap, self.decode)

    def models(self) -> list[Model]:
        """Lists the models that the other endpoints can be asked for; the first is the default.

        Returns:
            for each model its name, what it is, whether it can encode clips, and its sizes
        """
        return [describe(name, studio) for name, studio in self.shelf.studios.items()]

    def examples(self, picture: Picture = "none", model: str | None = None) -> Clips:
        """Gives the codes of some clips that are unlike one another.

        Args:
            picture: also decode them, as a "png" with a row for each clip, a "gif" or a "webm"
            model: name of a model, as /models lists it; the first by default

        Returns:
            the model, the clips as codes, and the picture as a data address
        """
        name, studio = self._find(model)
        most = max(1, requests.most_frames(studio.model.config) // studio.model.config.frames)
        return answer(name, studio, to_json(studio.examples[:most]), picture)

    def sample(
        self,
        count: int = 1,
        seed: int = 0,
        frames: int | None = None,
        temperature: float = 1.0,
        action: int | None = None,
        picture: Picture = "none",
        model: str | None = None,
    ) -> Clips:
        """Draws new clips: who and how it moves both come from the priors.

        Args:
            count: how many clips
            seed: the same seed draws the same clips
            frames: of each clip; by default as many as the model was trained with
            temperature: from 0, the most likely codes, to 2; 1 is as the model learned it
            action: number of an action, from 0 on, for a model that learned some
            picture: also decode them, as a "png" with a row for each clip, a "gif" or a "webm"
            model: name of a model, as /models lists it; the first by default

        Returns:
            the model, the clips as codes, and the picture as a data address
        """
        name, studio = self._find(model)
        drawn = endpoints.sample_codes(studio, {
            "seed": seed,
            "clips": count,
            "frames": studio.model.config.frames if frames is None else frames,
            "temperature": temperature,
            "action": action,
        })  # fmt: skip
        return answer(name, studio, drawn["clips"], picture)

    def encode(self, file: str, picture: Picture = "none", model: str | None = None) -> Clips:
        """Reads a clip and infers its codes: who it shows and how it moves.

        Args:
            file: a video, GIF or image strip of at most 4 MB as base64 text or a data address
            picture: also decode the codes again, as a "png", a "gif" or a "webm"
            model: name of a model, as /models lists it; the first by default

        Returns:
            the model, the clip as codes, and the picture as a data address
        """
        name, studio = self._find(model)
        encoded = endpoints.encode_bytes(studio, clip_bytes(file))
        return answer(name, studio, encoded["clips"], picture)

    def swap(
        self, who: Clip, motion: Clip, picture: Picture = "none", model: str | None = None
    ) -> Clips:
        """Joins who of one clip with how another one moves.

        Args:
            who: codes of the clip that gives its static code, as the other endpoints answer them
            motion: codes of the clip that gives its dynamic codes
            picture: also decode the new clip, as a "png", a "gif" or a "webm"
            model: name of the model that both codes are of; the first by default

        Returns:
            the model, the new clip as codes, and the picture as a data address
        """
        name, studio = self._find(model)
        pair = [requests.codes([clip], studio.model.config) for clip in (who, motion)]
        return answer(name, studio, to_json(swapped(*pair)), picture)

    def decode(
        self, clips: list[Clip], picture: Picture = "png", model: str | None = None
    ) -> Clips:
        """Renders codes, such as codes of another endpoint with some numbers changed.

        Args:
            clips: codes of clips of the same length, as the other endpoints answer them
            picture: a "png" with a row for each clip, a "gif" or a "webm"
            model: name of the model that the codes are of; the first by default

        Returns:
            the model, the clips as codes, and the picture as a data address
        """
        name, studio = self._find(model)
        codes = requests.codes(clips, studio.model.config)
        return answer(name, studio, to_json(codes), picture)

    def _find(self, model: Any) -> tuple[str, Studio]:
        name = requests.model_name({"model": model})
        return self.shelf.first if name is None else name, self.shelf.find(name)


def offer(page: gr.Blocks, shelf: Shelf) -> None:
    """Adds the endpoints to a page that is being built."""
    for function in Programs(shelf).all():
        added = gr.api(
            told(function),
            api_name=function.__name__,
            concurrency_limit=AT_ONCE,
            concurrency_id="programs",
        )
        _describe_arguments(page.fns[added["id"]])


def listed(shelf: Shelf) -> list[dict[str, Any]]:
    """The endpoints for a person: name, what each does, and its arguments with their types."""
    found = []
    for function in Programs(shelf).all():
        about, arguments, _ = get_function_description(function)
        known = inspect.signature(function).parameters
        words = [
            {"name": name, "type": TYPES[known[name].annotation], "about": text}
            for name, text in arguments.items()
        ]
        found.append({"name": f"/{function.__name__}", "about": about, "arguments": words})
    return found


def _describe_arguments(endpoint: BlockFunction) -> None:
    """Tells Gradio's clients what the docstring says of each argument, as MCP is told already."""
    _, arguments, returned = get_function_description(endpoint.fn)
    for component, text in zip(endpoint.inputs, arguments.values(), strict=True):
        component.api_info()["additional_description"] = text
    endpoint.outputs[0].api_info()["description"] = " ".join(returned)


def told(function: Callable) -> Callable:
    """The same function, which tells a caller in one sentence what is wrong, and no more."""

    @functools.wraps(function)
    def guarded(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except RWAEError as error:
            raise gr.Error(str(error), print_exception=False) from None
        except Exception as error:  # the last border: logged here, told a visitor in words
            logs.failed(f"/{function.__name__}", error)
            sentence = "The server failed at this call: try other values."
            raise gr.Error(sentence, print_exception=False) from None

    # Gradio reads the types from here, and would take the names of types for no types at all.
    guarded.__signature__ = inspect.signature(function, eval_str=True)
    return guarded
