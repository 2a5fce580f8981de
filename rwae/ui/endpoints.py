"""What the page asks of the server: functions of a loaded model and a request.

Gradio calls them directly, outside its queue, and anyone else can. Each function checks its
request and keeps nothing. `page_functions` turns them into what the page calls by name: it finds
the model that a request names, and answers with {"error": a sentence} if anything is wrong, and
with "gone": its name if a learned copy is no longer kept.

From a slider to pixels: `decode_codes`, `rwae.ui.payloads.codes_from_json`, `Studio.decode`,
`rwae.ui.payloads.sheet_url`. From an upload to codes: see `rwae.ui.encoding`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from torch import Tensor

from rwae.classifiers import Judge, judge_of, trained_on
from rwae.codes import Factor
from rwae.editing.studio import Studio
from rwae.errors import ClipError, GoneError, RWAEError
from rwae.files import filmstrip
from rwae.runtime import turn
from rwae.ui import browser_decoding, downloads, encoding, page_data
from rwae.ui.about import about_model
from rwae.ui.completing import Completing
from rwae.ui.learning import Learning, read_strips
from rwae.ui.loaded_models import LoadedModels
from rwae.ui.monitoring import REFUSED, CallTimer
from rwae.ui.payloads import (
    MAX_ACTION,
    MAX_CLIP_FRAMES,
    MAX_REQUEST_CLIPS,
    MAX_SEED,
    codes_from_json,
    codes_to_json,
    requested_model,
    require_integer,
    require_number,
    require_object,
    sheet_url,
)

Answer = dict[str, Any]
Endpoint = Callable[[Studio, Any], Answer]

JPEG_QUALITIES = (30, 92)  # that a page may ask for: at least and at most
JUDGE_TIMEOUT = 20.0  # seconds that a request waits for the judge
CONFIDENCE_DECIMALS = 4
# One clip at a time: threads that share the cores slow each other down. The judge does not hold
# the model's lock, so the model decodes the next clip meanwhile.
_judge_lock = threading.Lock()


def page_functions(
    models: LoadedModels, learning: Learning | None = None, completing: Completing | None = None
) -> list[Callable[[Any], Answer]]:
    """The functions that the page calls, each with a request as its only argument.

    A request may name its model with the key "model"; the first model answers one that does not.

    Args:
        models: that are asked.
        learning: the jobs of all visitors; new ones by default.
        completing: the same.
    """
    learning = learning or Learning(models)
    completing = completing or Completing(models)

    def carry_codes(studio: Studio, request: Any) -> Answer:
        return _carry_codes(models, studio, request)

    def find_decoder(studio: Studio, _request: Any) -> Answer:
        return browser_decoding.find_decoder(models, studio)

    def find_encoder(studio: Studio, _request: Any) -> Answer:
        return browser_decoding.find_encoder(models, studio)

    def find_page(studio: Studio, _request: Any) -> Answer:
        return browser_decoding.find_page(models, studio)

    def encode_clip(studio: Studio, form: Any) -> Answer:
        return encoding.encode_clip(models, studio, form)

    def export_comparison(_studio: Studio, request: Any) -> Answer:
        return downloads.export_comparison(models, request)

    functions = (
        *ENDPOINTS,
        find_decoder,
        find_encoder,
        find_page,
        encode_clip,
        carry_codes,
        export_comparison,
    )
    functions = (*functions, *learning.endpoints(), *completing.endpoints())
    return [_answer_with(models, function) for function in functions]


def _answer_with(models: LoadedModels, endpoint: Endpoint) -> Callable[[Any], Answer]:
    def answer(request: Any = None) -> Answer:
        with CallTimer(endpoint.__name__) as call:
            try:
                return endpoint(models.find(requested_model(request)), request)
            except RWAEError as error:
                call.outcome = REFUSED
                gone = {"gone": error.name} if isinstance(error, GoneError) else {}
                return {"error": str(error)} | gone
            except (
                Exception
            ) as error:  # a bug: the operator reads the log, and the visitor nothing
                call.fail(error)
                return {"error": "The server failed at this request: try another value."}

    answer.__name__ = endpoint.__name__  # by which the page calls it
    return answer


def open_model(studio: Studio, _request: Any) -> Answer:
    """What shows a model; see `rwae.ui.page_data.model_data`."""
    return page_data.model_data(studio)


def find_directions(studio: Studio, _request: Any) -> Answer:
    """The directions in which codes are moved; see `rwae.ui.page_data.directions_data`.

    The first request for a model takes a second or two, and later ones no time.
    """
    return page_data.directions_data(studio)


def decode_codes(studio: Studio, request: Any) -> Answer:
    """Renders clips.

    Args:
        studio: the model.
        request: {"clips": [{"static": [...], "dynamic": [[...], ...]}, ...], "exact": bool}, and
            for a page on a slow line "quality": that of the JPEG, of `JPEG_QUALITIES`.

    Returns:
        {"sheet": data URL of a picture with a row for each clip and a column for each frame,
        "ms": milliseconds of decoding}. Exact sheets are PNG, the others JPEG.
    """
    request = require_object(request, "clips")
    codes = codes_from_json(request["clips"], studio.model.config)
    quality = request.get("quality")
    if quality is not None:
        quality = require_integer(quality, "quality", *JPEG_QUALITIES)
    start = time.perf_counter()
    clips = studio.decode(codes)
    milliseconds = 1000 * (time.perf_counter() - start)
    exact = request.get("exact") is True
    sheet = sheet_url(clips, "png") if exact else sheet_url(clips, "jpeg", quality)
    return {"sheet": sheet, "ms": round(milliseconds, 1)}


def sample_codes(studio: Studio, request: Any) -> Answer:
    """Draws clips from the priors.

    Args:
        studio: the model.
        request: {"seed": int, "clips": int, "frames": int, "temperature": float}, and for a
            weakly supervised model "action": its number from 0 on, or null for any.

    Returns:
        {"clips": codes}, without the action: the model infers it from the dynamic codes.
    """
    request = require_object(request, "seed", "clips", "frames", "temperature")
    count = require_integer(request["clips"], "number of clips", 1, MAX_REQUEST_CLIPS)
    action = request.get("action")
    if action is not None:
        action = require_integer(action, "action", 0, MAX_ACTION)
    codes = studio.sample(
        count,
        seed=require_integer(request["seed"], "seed", 0, MAX_SEED),
        frames=require_integer(request["frames"], "number of frames", 1, MAX_CLIP_FRAMES),
        temperature=require_number(request["temperature"], "temperature", 0.0, 2.0),
        action=action,
    )
    return {"clips": codes_to_json(codes)}


def extend_codes(studio: Studio, request: Any) -> Answer:
    """Continues a clip with dynamic codes from the prior.

    Args:
        studio: the model.
        request: {"clip": {"static", "dynamic"}, "frames": how many more, "seed": int}.

    Returns:
        {"clips": the codes of the longer clip, of at most `MAX_CLIP_FRAMES` frames}.

    Raises:
        ClipError: if the clip already has that many.
    """
    request = require_object(request, "clip", "frames", "seed")
    codes = codes_from_json([request["clip"]], studio.model.config)
    free = MAX_CLIP_FRAMES - codes.dynamic.shape[1]
    if free < 1:
        raise ClipError(f"The clip already has {MAX_CLIP_FRAMES} frames, which is the limit.")
    frames = require_integer(request["frames"], "number of frames", 1, MAX_CLIP_FRAMES)
    seed = require_integer(request["seed"], "seed", 0, MAX_SEED)
    return {"clips": codes_to_json(studio.extend(codes, min(frames, free), seed=seed))}


def _carry_codes(models: LoadedModels, studio: Studio, request: Any) -> Answer:
    """Encodes with one model what another one decodes.

    Codes of one model mean nothing to another: they share the frames, which stay on the server.

    Args:
        models: among which the other model is.
        studio: the model that encodes.
        request: {"from": name of the model that decodes, "clips": its codes}.

    Returns:
        {"clips": codes of the model that encodes}.

    Raises:
        CodesError: if the codes do not fit the model that decodes.
        ClipError: if the model that encodes has no encoder, or frames of another size.
        RWAEError: if there is no model of that name.
    """
    request = require_object(request, "from", "clips")
    source = models.find(requested_model({"model": request["from"]}) or "")
    source_size, own_size = (one.model.config.frame_size for one in (source, studio))
    if source_size != own_size:
        raise ClipError(
            f"The clip has frames of {source_size} pixels, and {studio.card.title} reads frames "
            f"of {own_size}: compare models with frames of one size."
        )
    clips = source.decode(codes_from_json(request["clips"], source.model.config))
    return {"clips": codes_to_json(studio.encode(filmstrip.from_bytes(clips)))}


def judge_codes(studio: Studio, request: Any) -> Answer:
    """Asks the judge of the data set, by which models are also scored, what clips show.

    Args:
        studio: the model.
        request: {"clips": [{"static": [...], "dynamic": [[...], ...]}, ...]}.

    Returns:
        {"clips": for each clip, for each factor {"factor": its name, "static": whether it
        belongs to the static code, "value": the likeliest, "confidence": its probability}}.

    Raises:
        CodesError: if the codes do not fit the model.
        RWAEError: if no judge knows the model's data set, or it is busy.
    """
    request = require_object(request, "clips")
    codes = codes_from_json(request["clips"], studio.model.config)
    # Rounded, as a visitor sees them.
    return _judge(studio, filmstrip.from_bytes(studio.decode(codes)))


def judge_given(studio: Studio, request: Any) -> Answer:
    """Asks the judge what the very frames show that a model was given.

    Args:
        studio: the model.
        request: {"strips": image strips as data URLs, such as `encode_clip` answers as "given"}.

    Returns:
        As `judge_codes`.

    Raises:
        ClipError: if a strip cannot be read or does not fit the model.
        RWAEError: if no judge knows the model's data set, or it is busy.
    """
    strips = require_object(request, "strips")["strips"]
    return _judge(studio, read_strips(strips, studio))


def _judge(studio: Studio, clips: Tensor) -> Answer:
    """What the judge says of frames in [0, 1] with shape (B, T, 3, S, S)."""
    judge = find_judge(studio)
    busy = "The judge is busy with other visitors: try again in a moment."
    with turn(_judge_lock, JUDGE_TIMEOUT, busy):
        probabilities = judge.probabilities(clips)
    return {"clips": _likeliest_values(probabilities, judge.answered)}


def find_judge(studio: Studio) -> Judge:
    """The judge of the data set that a model was trained on.

    Raises:
        RWAEError: if there is none.
    """
    judge = judge_of(studio.folder)
    if judge is None:
        dataset = trained_on(studio.folder)
        origin = f"trained on {dataset}" if dataset else "of unknown data"
        raise RWAEError(
            f"{studio.card.title} is {origin}, for which there is no judge that names factors: "
            "choose a model that has one."
        )
    return judge


def _likeliest_values(
    probabilities: list[Tensor], factors: tuple[Factor, ...]
) -> list[list[dict[str, Any]]]:
    """The likeliest value of each factor as JSON values, clip by clip.

    Args:
        probabilities: one tensor (B, K) for each factor.
        factors: the same number of factors, each with K values.
    """
    likeliest = [values.max(-1) for values in probabilities]
    return [
        [
            {
                "factor": factor.name,
                "static": factor.static,
                "value": factor.values[int(best.indices[clip])],
                "confidence": round(float(best.values[clip]), CONFIDENCE_DECIMALS),
            }
            for factor, best in zip(factors, likeliest, strict=True)
        ]
        for clip in range(len(likeliest[0].values))
    ]


ENDPOINTS: tuple[Endpoint, ...] = (
    open_model,
    find_directions,
    about_model,
    decode_codes,
    sample_codes,
    extend_codes,
    judge_codes,
    judge_given,
    downloads.export_clip,
    downloads.read_codes,
)
