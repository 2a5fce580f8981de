"""The app for programs: endpoints with JSON values, listed by Gradio's API page and by MCP.

    from gradio_client import Client

    app = Client("http://127.0.0.1:7860")
    drawn = app.predict(count=2, seed=7, api_name="/sample")
    who, motion = drawn["clips"]
    swapped = app.predict(who, motion, picture="png", api_name="/swap")

Nothing is written to a file: a clip comes as base64 text or as `rwae.ui.received_files` has it,
and pictures go as data URLs. Calls wait in Gradio's queue, apart from what the page itself asks.
Programs read the docstrings of `Api`, so each describes every argument in one line.
"""

from __future__ import annotations

import functools
import inspect
import json
import math
from collections.abc import Callable
from typing import Any, Literal, TypedDict, get_args

import gradio as gr
import numpy as np
import torch
from gradio.block_function import BlockFunction
from gradio.components import Component
from gradio.events import api as add_api
from gradio.utils import get_function_description

from rwae.classifiers import has_judge
from rwae.editing.studio import Studio, swap
from rwae.errors import ClipError, CodesError, RWAEError
from rwae.files import filmstrip, video
from rwae.ui import downloads, encoding, endpoints
from rwae.ui.completing import Completing
from rwae.ui.learning import MAX_LEARNED_CLIPS, Learning
from rwae.ui.loaded_models import LoadedModels
from rwae.ui.monitoring import REFUSED, CallTimer
from rwae.ui.payloads import (
    MAX_ENCODED_BYTES,
    choices_from_json,
    codes_from_json,
    codes_to_json,
    data_url,
    max_request_frames,
    requested_model,
    sheet_url,
)
from rwae.ui.received_files import ReceivedFiles
from rwae.uploads.choices import Choices

CONCURRENT_CALLS = 2  # one that computes, and one that reads or writes pictures meanwhile
MAX_MOVING_CLIPS = 16  # clips in one moving picture
MAX_MOVING_WIDTH = 1024  # pixels of a moving picture that is enlarged
MAX_MOVING_SCALE = 4  # whole factor by which a moving picture is enlarged
MAX_MOVING_PIXELS = 3 * 2**20  # of all frames together: two seconds of a core

# In the order in which a newcomer needs them.
ENDPOINT_NAMES = (
    *("models", "examples", "sample", "encode", "swap", "decode", "extend", "directions"),
    *("assess", "export", "learn", "complete_sheet"),
)

PictureFormat = Literal["none", "png", "gif", "webm"]
PICTURE_FORMATS: tuple[str, ...] = get_args(PictureFormat)
FileKind = Literal[
    "gif", "webp", "apng", "webm", "mp4", "strip", "frames", "sheet", "engine", "codes"
]


class ClipCodes(TypedDict):
    """The codes of a clip: who it shows, and for each frame how it moves."""

    static: list[float]
    dynamic: list[list[float]]


class ClipsAnswer(TypedDict):
    """The answer of every endpoint that is about clips."""

    model: str
    clips: list[ClipCodes]
    picture: str | None


class FitFacts(TypedDict):
    """How well a model draws a clip, beside held-out clips of its data set."""

    error: float
    typical: float
    ratio: float
    known: bool
    sentence: str


class StepFacts(TypedDict):
    """What a rule did to a clip, or, if it is not on, what was left as it was."""

    key: str
    text: str
    on: bool


class EncodeAnswer(ClipsAnswer):
    """The answer of /encode."""

    fit: FitFacts | None
    steps: list[StepFacts]
    rows: list[str] | None


class SeenFactor(TypedDict):
    """What a judge of the data set sees in a clip, of one factor such as the action."""

    factor: str
    static: bool
    value: str
    confidence: float


class AssessAnswer(TypedDict):
    """The answer of /assess."""

    model: str
    fit: FitFacts | None
    steps: list[StepFacts]
    given: list[SeenFactor] | None
    redrawn: list[SeenFactor] | None


class DirectionsAnswer(TypedDict):
    """The answer of /directions: bases as in `rwae.ui.page_data.directions_data`."""

    model: str
    who: dict[str, Any]
    motion: dict[str, Any]
    idle: dict[str, list[bool]]
    named: dict[str, Any] | None


class ExportAnswer(TypedDict):
    """The answer of /export."""

    file: str
    name: str
    note: str | None


class LearnAnswer(ClipsAnswer):
    """The answer of /learn; the model is the copy."""

    before: FitFacts | None
    after: FitFacts | None


class SheetAnswer(TypedDict):
    """The answer of /complete_sheet."""

    sheet: str
    report: dict[str, Any]


class ModelFacts(TypedDict):
    """What a program needs to know of a model."""

    name: str
    title: str
    about: str
    encodes: bool
    frames: int
    frame_size: int
    static_size: int
    dynamic_size: int
    actions: int
    examples: int
    parameters: int


TYPE_LABELS = {  # how the About tab names the types of arguments
    "str": "text",
    "str | None": "text, may be left out",
    "int": "whole number",
    "int | None": "whole number, may be left out",
    "float": "number",
    "bool": "true or false",
    "PictureFormat": " or ".join(f'"{name}"' for name in PICTURE_FORMATS),
    "FileKind": " or ".join(f'"{name}"' for name in get_args(FileKind)),
    "ClipCodes": "codes: an object with static and dynamic",
    "list[ClipCodes]": "list of codes",
    "list[str]": "list of texts",
    "list[str] | None": "list of texts, may be left out",
}


class Api:
    """The endpoints: functions with names, types and descriptions that programs can read.

    They raise `RWAEError`, which `add_endpoints` turns into the message that a program gets.
    """

    def __init__(
        self,
        models: LoadedModels,
        learning: Learning | None = None,
        completing: Completing | None = None,
        received: ReceivedFiles | None = None,
    ) -> None:
        self._models = models
        self._received = received or ReceivedFiles()
        self._learning = learning or Learning(models)
        self._completing = completing or Completing(models)

    def endpoints(self) -> tuple[Callable[..., Any], ...]:
        """The endpoints, in the order of `ENDPOINT_NAMES`."""
        return tuple(getattr(self, name) for name in ENDPOINT_NAMES)

    def models(self) -> list[ModelFacts]:
        """Lists the models that the other endpoints can be asked for; the first is the default.

        Returns:
            for each model its name, what it is, whether it can encode clips, and its sizes
        """
        return [_model_facts(name, studio) for name, studio in self._models.studios.items()]

    def examples(self, picture: PictureFormat = "none", model: str | None = None) -> ClipsAnswer:
        """Gives the codes of some clips that are unlike one another.

        Args:
            picture: also decode them, as a "png" with a row for each clip, a "gif" or a "webm"
            model: name of a model, as /models lists it; the first by default

        Returns:
            the model, the clips as codes, and the picture as a data URL
        """
        name, studio = self._find(model)
        config = studio.model.config
        count = max(1, max_request_frames(config) // config.frames)
        return _clips_answer(name, studio, codes_to_json(studio.examples[:count]), picture)

    def sample(
        self,
        count: int = 1,
        seed: int = 0,
        frames: int | None = None,
        temperature: float = 1.0,
        action: int | None = None,
        picture: PictureFormat = "none",
        model: str | None = None,
    ) -> ClipsAnswer:
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
            the model, the clips as codes, and the picture as a data URL
        """
        name, studio = self._find(model)
        request = {
            "seed": seed,
            "clips": count,
            "frames": studio.model.config.frames if frames is None else frames,
            "temperature": temperature,
            "action": action,
        }
        clips = endpoints.sample_codes(studio, request)["clips"]
        return _clips_answer(name, studio, clips, picture)

    def encode(
        self,
        file: str,
        picture: PictureFormat = "none",
        model: str | None = None,
        first: int | None = None,
        last: int | None = None,
        row: str | None = None,
        keep_background: bool = False,
        keep_place: bool = False,
    ) -> EncodeAnswer:
        """Reads a clip, fits it to the model, and infers its codes: who it shows and how it moves.

        Args:
            file: a video, GIF, image strip or sprite sheet of at most 4 MB as base64 or a data URL
            picture: also decode the codes again, as a "png", a "gif" or a "webm"
            model: name of a model, as /models lists it; the first by default
            first: number of the first frame that is taken, from 0 on; that of the file by default
            last: number of the last frame that is taken; that of the file by default
            row: of a sprite sheet, such as "walk, front", which is taken by default if it is there
            keep_background: whether a plain background stays; else the model's takes its place
            keep_place: whether a figure stays; else it is put where the model expects it

        Returns:
            the model, the clip as codes, the picture as a data URL, how well the model draws the
            clip (fit), what was done to it (steps), and the rows of a sprite sheet
        """
        name, studio = self._find(model)
        value = {
            "first": first,
            "last": last,
            "row": row,
            "background": "keep" if _require_flag(keep_background) else "auto",
            "align": not _require_flag(keep_place),
        }
        said = self._describe(studio, file, choices_from_json(value))
        answer = _clips_answer(name, studio, said["clips"], picture)
        rows = None if said["rows"] is None else [row["key"] for row in said["rows"]]
        return {**answer, "fit": said["fit"], "steps": said["steps"], "rows": rows}

    def swap(
        self,
        who: ClipCodes,
        motion: ClipCodes,
        picture: PictureFormat = "none",
        model: str | None = None,
    ) -> ClipsAnswer:
        """Joins who of one clip with how another one moves.

        Args:
            who: codes of the clip that gives its static code, as the other endpoints answer them
            motion: codes of the clip that gives its dynamic codes
            picture: also decode the new clip, as a "png", a "gif" or a "webm"
            model: name of the model that both codes are of; the first by default

        Returns:
            the model, the new clip as codes, and the picture as a data URL
        """
        name, studio = self._find(model)
        static_of, dynamic_of = (
            codes_from_json([clip], studio.model.config) for clip in (who, motion)
        )
        return _clips_answer(name, studio, codes_to_json(swap(static_of, dynamic_of)), picture)

    def decode(
        self, clips: list[ClipCodes], picture: PictureFormat = "png", model: str | None = None
    ) -> ClipsAnswer:
        """Renders codes, such as codes of another endpoint with some numbers changed.

        Args:
            clips: codes of clips of the same length, as the other endpoints answer them
            picture: a "png" with a row for each clip, a "gif" or a "webm"
            model: name of the model that the codes are of; the first by default

        Returns:
            the model, the clips as codes, and the picture as a data URL
        """
        name, studio = self._find(model)
        codes = codes_from_json(clips, studio.model.config)
        return _clips_answer(name, studio, codes_to_json(codes), picture)

    def extend(
        self,
        clip: ClipCodes,
        frames: int = 8,
        seed: int = 0,
        picture: PictureFormat = "none",
        model: str | None = None,
    ) -> ClipsAnswer:
        """Continues a clip: the same who, and more of the motion, drawn from the prior.

        Args:
            clip: codes of a clip, as the other endpoints answer them
            frames: how many more; a clip has at most 64
            seed: the same seed continues it in the same way
            picture: also decode the longer clip, as a "png", a "gif" or a "webm"
            model: name of the model that the codes are of; the first by default

        Returns:
            the model, the longer clip as codes, and the picture as a data URL
        """
        name, studio = self._find(model)
        request = {"clip": clip, "frames": frames, "seed": seed}
        clips = endpoints.extend_codes(studio, request)["clips"]
        return _clips_answer(name, studio, clips, picture)

    def directions(self, model: str | None = None) -> DirectionsAnswer:
        """Gives the directions in which codes change the picture most, to move codes along them.

        Coordinate k of a code is the product of read[k] and code - mean, and adding a times
        write[k] moves it by a. Directions with names, where a model has some, change one attribute
        each.

        Args:
            model: name of a model, as /models lists it; the first by default

        Returns:
            the directions of the static code (who), of the dynamic codes (motion), numbers of a
            code that do nothing (idle), and directions with names (named) or null
        """
        name, studio = self._find(model)
        found = endpoints.find_directions(studio, None)
        return {
            "model": name,
            "who": found["who"],
            "motion": found["motion"],
            "idle": found["idle"],
            "named": found.get("named"),
        }

    def assess(self, file: str, model: str | None = None) -> AssessAnswer:
        """Says how well a model draws a clip, and what a judge sees in the clip and its redrawing.

        Args:
            file: a video, GIF, image strip or sprite sheet of at most 4 MB as base64 or a data URL
            model: name of a model, as /models lists it; the first by default

        Returns:
            the model, its error beside that of clips that it knows (fit) or null, what was done to
            the clip (steps), and what the judge of the data set sees in the clip (given) and in
            what the model makes of it (redrawn), or null without a judge
        """
        name, studio = self._find(model)
        said = self._describe(studio, file, Choices())
        given = redrawn = None
        if has_judge(studio.folder):
            strips = {"strips": [said["given"], said["redrawn"]]}
            given, redrawn = endpoints.judge_given(studio, strips)["clips"]
        return {
            "model": name,
            "fit": said["fit"],
            "steps": said["steps"],
            "given": given,
            "redrawn": redrawn,
        }

    def export(
        self,
        clips: list[ClipCodes],
        kind: FileKind = "gif",
        fps: float = 8.0,
        scale: int = 1,
        columns: int = 1,
        few_colours: bool = False,
        transparent: bool = False,
        model: str | None = None,
    ) -> ExportAnswer:
        """Makes a file of clips: an animation, a video, frames, a sprite sheet, or the codes.

        Args:
            clips: codes of clips of the same length, as the other endpoints answer them
            kind: of the file; "frames" is a ZIP of pictures, "engine" one of a sheet and its data
            fps: frames a second, from 1 to 30
            scale: whole factor by which frames are enlarged
            columns: of the grid in which several clips stand
            few_colours: whether 32 colours take the place of all
            transparent: whether the black background of sprites is left out
            model: name of the model that the codes are of; the first by default

        Returns:
            the file as a data URL, a name for it, and a note or null
        """
        _, studio = self._find(model)
        request = {
            "clips": clips,
            "kind": kind,
            "fps": fps,
            "scale": scale,
            "columns": columns,
            "palette": downloads.FEW_COLOURS if _require_flag(few_colours) else None,
            "transparent": transparent,
        }
        made = downloads.export_clip(studio, request)
        return {"file": made["data"], "name": made["name"], "note": made["note"]}

    def learn(
        self, files: list[str], picture: PictureFormat = "none", model: str | None = None
    ) -> LearnAnswer:
        """Learns a character that the model does not know, from clips that all show it.

        It takes some seconds. Ask the other endpoints for the copy by the name in the answer; it
        is forgotten when nobody has asked for it for half an hour.

        Args:
            files: 1 to 9 clips, best one for each direction, or a sprite sheet, which may lack
                actions, as base64 or data URLs, 4 MB in all
            picture: also decode the clips by the copy, as a "png", a "gif" or a "webm"
            model: name of a model, as /models lists it; the first by default

        Returns:
            the name of the copy as model, the clips as codes with one static code, the picture as
            a data URL, and how well the model and the copy draw the clips (before, after)
        """
        _, studio = self._find(model)
        if not 1 <= len(_require_list(files)) <= MAX_LEARNED_CLIPS:
            raise ClipError(f"A character is learned from 1 to {MAX_LEARNED_CLIPS} clips.")
        contents = [self._received.read(file) for file in files]
        if sum(map(len, contents)) > MAX_ENCODED_BYTES:
            raise ClipError(f"The files have more than {MAX_ENCODED_BYTES // 2**20} MB in all.")
        gathered = [encoding.gather_upload(studio, content) for content in contents]
        x = torch.cat([one.x for one in gathered])
        drafts = torch.cat([one.drafts for one in gathered])
        state = self._learning.learn(studio, x, drafts)
        copy = self._models.find(state["name"])
        clips = codes_to_json(copy.examples[: copy.learned_clips])
        answer = _clips_answer(state["name"], copy, clips, picture)
        return {**answer, "before": state["before"], "after": state["after"]}

    def complete_sheet(
        self,
        file: str,
        rows: list[str] | None = None,
        single_row: str | None = None,
        body: str | None = None,
    ) -> SheetAnswer:
        """Draws the missing cells of a Liberated Pixel Cup sprite sheet from the given ones.

        It takes some seconds. Given cells come back as they were, byte for byte. With a body, the
        sheet is one layer alone, such as a garment or hair, and so is what comes back.

        Args:
            file: a PNG of some rows of the layout, of at most 4 MB, as base64 or a data URL
            rows: those that are wanted, such as "slash, left"; all by default
            single_row: of a picture of one row, which one it is; the likeliest by default
            body: of a layer alone, a PNG of the body that it is drawn for, as the file

        Returns:
            the sheet as a data URL of a PNG, and a report: how many cells were given and drawn,
            and for each cell its status and how sure a drawn one is; look at "draft" cells first
        """
        below = None if body is None else self._received.read(body)
        png, report = self._completing.complete(self._received.read(file), below, rows, single_row)
        return {"sheet": data_url(png, "image/png"), "report": report}

    def _describe(self, studio: Studio, file: Any, choices: Choices) -> dict[str, Any]:
        """Fits the clip of a file to a model; see `rwae.ui.encoding.describe_upload`."""
        footage = encoding.read_upload(studio, self._received.read(file), choices)
        return encoding.describe_upload(studio, footage, choices)

    def _find(self, model: Any) -> tuple[str, Studio]:
        name = requested_model({"model": model})
        return self._models.default_name if name is None else name, self._models.find(name)


def _require_list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise CodesError("The files need to be a list of texts.")
    return value


def _require_flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise CodesError("Whether it is so needs to be said by true or false.")
    return value


def _model_facts(name: str, studio: Studio) -> ModelFacts:
    config = studio.model.config
    return {
        "name": name,
        "title": studio.card.title,
        "about": studio.card.about,
        "encodes": studio.model.encodes,
        "frames": config.frames,
        "frame_size": config.frame_size,
        "static_size": config.static_size,
        "dynamic_size": config.dynamic_size,
        "actions": config.actions,
        "examples": len(studio.examples),
        "parameters": studio.model.num_parameters,
    }


def _clips_answer(name: str, studio: Studio, clips: list[Any], picture: Any) -> ClipsAnswer:
    """An answer whose picture shows the very numbers that it holds, which are rounded.

    Raises:
        CodesError: if the format of the picture is unknown, or too much is to move.
    """
    if not isinstance(picture, str) or picture not in PICTURE_FORMATS:
        raise CodesError(f"The picture needs to be one of {', '.join(PICTURE_FORMATS)}.")
    if picture in ("gif", "webm") and len(clips) > MAX_MOVING_CLIPS:
        raise CodesError(
            f"There are {len(clips)} clips, and at most {MAX_MOVING_CLIPS} fit into a moving "
            "picture: ask for a png, or for fewer clips."
        )
    url = None
    if picture != "none":
        url = _encode_picture(studio.decode(codes_from_json(clips, studio.model.config)), picture)
    return {"model": name, "clips": clips, "picture": url}


def _encode_picture(clips: np.ndarray, picture: str) -> str:
    """Clips of bytes (B, T, H, W, 3) as a data URL.

    Raises:
        CodesError: if they are too much for a moving picture.
    """
    if picture == "png":
        return sheet_url(clips, "png")
    frames = filmstrip.tile_clips(clips, math.ceil(math.sqrt(len(clips))))
    scale = _moving_scale(*frames.shape[:3])
    if picture == "gif":
        return data_url(video.encode_gif(frames, scale=scale), "image/gif")
    return data_url(video.encode_video(frames, "webm", scale=scale), "video/webm")


def _moving_scale(count: int, height: int, width: int) -> int:
    """The whole factor by which a moving picture of so many frames is enlarged.

    Raises:
        CodesError: if it has too many pixels as it is.
    """
    pixels = count * height * width
    if pixels > MAX_MOVING_PIXELS:
        raise CodesError(
            f"The moving picture would have {count} frames of {width} x {height} pixels, which "
            f"are {pixels / 1e6:.1f} million pixels, and at most {MAX_MOVING_PIXELS / 1e6:.1f} "
            "million are drawn: ask for a png, or for fewer or shorter clips."
        )
    by_work = math.isqrt(MAX_MOVING_PIXELS // pixels)
    return max(1, min(MAX_MOVING_SCALE, MAX_MOVING_WIDTH // width, by_work))


def add_endpoints(
    page: gr.Blocks,
    models: LoadedModels,
    learning: Learning,
    completing: Completing,
    received: ReceivedFiles,
) -> None:
    """Adds the endpoints to a page that is being built."""
    for function in Api(models, learning, completing, received).endpoints():
        added = add_api(
            with_gradio_errors(function),
            api_name=function.__name__,
            concurrency_limit=CONCURRENT_CALLS,
            concurrency_id="programs",
        )
        _describe_arguments(page.fns[added["id"]], function)


def call_complaint(path: str, body: bytes) -> str | None:
    """What is wrong with the names or the number of the arguments of a call over HTTP.

    Args:
        path: ".../call/v2/NAME" for arguments by name, ".../call/NAME" for a list of them.
        body: of the request. What is no JSON object is left to Gradio, which refuses it.

    Returns:
        A sentence that names the endpoint or the argument, or None.
    """
    *_, version, name = path.rstrip("/").split("/")
    if name not in ENDPOINT_NAMES:
        return f"There is no endpoint of this name: choose one of {', '.join(ENDPOINT_NAMES)}."
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(given, dict):
        return None
    _, *parameters = inspect.signature(getattr(Api, name)).parameters.values()  # without self
    names = [parameter.name for parameter in parameters]
    if version == "v2":
        unknown = [argument for argument in given if argument not in names]
        if unknown:
            told = ", ".join(names) or "none"
            return f"/{name} has no argument {unknown[0][:40]!r}: it has {told}."
        missing = [p.name for p in parameters if p.default is p.empty and p.name not in given]
        return f"/{name} needs the argument {missing[0]!r}." if missing else None
    data = given.get("data", [])
    if not isinstance(data, list) or len(data) == len(names):
        return None
    ends = f"it ends before {names[len(data)]!r}" if len(data) < len(names) else "it is too long"
    return (
        f'"data" needs to be a list of {len(names)} values for /{name}, and {ends}: send all '
        f"({', '.join(names) or 'none'}), or call v2/{name} with arguments by name."
    )


def describe_endpoints(models: LoadedModels) -> list[dict[str, Any]]:
    """What the About tab lists: for each endpoint its name, what it does, and its arguments."""
    described = []
    for function in Api(models).endpoints():
        about, argument_texts, _ = get_function_description(function)
        parameters = inspect.signature(function).parameters
        arguments = [
            {"name": name, "type": TYPE_LABELS[parameters[name].annotation], "about": text}
            for name, text in argument_texts.items()
        ]
        name = f"/{function.__name__}"
        described.append({"name": name, "about": about, "arguments": arguments})
    return described


def _describe_arguments(endpoint: BlockFunction, function: Callable[..., Any]) -> None:
    """Gives Gradio's clients the description of each argument, which Gradio gives MCP alone."""
    _, argument_texts, returned = get_function_description(function)
    arguments = [part for part in endpoint.inputs if isinstance(part, Component)]
    for argument, text in zip(arguments, argument_texts.values(), strict=True):
        argument.api_info()["additional_description"] = text
    for answer in endpoint.outputs:
        if isinstance(answer, Component):
            answer.api_info()["description"] = " ".join(returned)


def with_gradio_errors(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, whose errors are one sentence for the caller and nothing else."""

    @functools.wraps(function)
    def guarded(*arguments: Any) -> Any:
        with CallTimer(f"/{function.__name__}") as call:
            try:
                return function(*arguments)
            except RWAEError as error:
                call.outcome = REFUSED
                raise gr.Error(str(error), print_exception=False) from None
            except Exception as error:  # a bug: the operator reads the log, and the caller nothing
                call.fail(error)
                sentence = "The server failed at this call: try other values."
                raise gr.Error(sentence, print_exception=False) from None

    # Gradio reads the types from here, and does not resolve annotations that are text.
    signature = inspect.signature(function, eval_str=True)
    guarded.__signature__ = signature  # type: ignore[attr-defined]  # read by inspect.signature
    return guarded
