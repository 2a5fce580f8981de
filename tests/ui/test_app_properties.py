"""Whatever arrives at a public function, the answer is JSON values or one plain sentence."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from serving import small_checkpoint

from rwae.errors import RWAEError
from rwae.ui import endpoints
from rwae.ui.api import Api
from rwae.ui.loaded_models import LoadedModels, load_model
from rwae.ui.payloads import codes_to_json

PROPERTY = settings(
    max_examples=60,
    deadline=5000,  # milliseconds: of one request
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
ODD = [-1, 0, 1e308, 2**63, 10**400, "tiny", "../tiny", "gif", "png", "\0", "\u00e9" * 9]
SIMPLE = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
JSON = st.recursive(
    SIMPLE | st.sampled_from(ODD),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
UNFORESEEN = "The server failed"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> LoadedModels:
    return LoadedModels(
        [load_model(small_checkpoint(tmp_path_factory.mktemp("models") / "tiny"), "cpu")]
    )


@pytest.fixture(scope="module")
def server(models: LoadedModels) -> dict[str, Callable[[Any], dict[str, Any]]]:
    return {function.__name__: function for function in endpoints.page_functions(models)}


@pytest.fixture(scope="module")
def requests(models: LoadedModels) -> dict[str, Any]:
    """A good request for each function that takes one."""
    (clip,) = codes_to_json(models.find(None).examples[[0]])
    return {
        "decode_codes": {"clips": [clip], "exact": True},
        "sample_codes": {
            "seed": 1, "clips": 2, "frames": 3, "temperature": 1.0, "action": None,
        },
        "extend_codes": {"clip": clip, "frames": 2, "seed": 3},
        "judge_codes": {"clips": [clip]},
        "export_clip": {"clip": clip, "kind": "gif", "fps": 8, "scale": 1},
        "carry_codes": {"from": "tiny", "clips": [clip]},
        "export_comparison": {
            "peers": [{"model": "tiny", "clips": [clip]}], "kind": "gif", "fps": 8, "scale": 1,
        },
    }  # fmt: skip


def sane(answer: Any) -> None:
    """Fails unless an answer is JSON values, and an error one plain sentence."""
    json.dumps(answer, allow_nan=False)
    if "error" in answer:
        plain(answer["error"])


def plain(words: str) -> None:
    """Fails unless these words are a sentence for a visitor."""
    assert not words.startswith(UNFORESEEN), "an error that nobody foresaw"
    assert "Traceback" not in words
    assert "\n" not in words
    assert len(words) < 500


def places(value: Any, here: tuple = ()) -> list[tuple]:
    """The way to every part of a JSON value."""
    found = []
    for key, part in value.items() if isinstance(value, dict) else enumerate(value):
        found.append((*here, key))
        if isinstance(part, dict | list):
            found += places(part, found[-1])
    return found


def changed(request: Any, way: tuple, value: Any) -> Any:
    """A copy of a request with one part replaced."""
    copied = copy.deepcopy(request)
    inner = copied
    for key in way[:-1]:
        inner = inner[key]
    inner[way[-1]] = value
    return copied


def test_valid_requests_are_answered(server: dict, requests: dict) -> None:
    for name, request in requests.items():
        answer = server[name](request)
        sane(answer)
        if name != "judge_codes":  # for the small model there is no judge
            assert "error" not in answer, name


@PROPERTY
@given(data=st.data(), request=JSON)
@example(data=None, request={"model": "tiny", "clips": [{"static": [True], "dynamic": [[None]]}]})
def test_any_json_value_is_answered(server: dict, data: Any, request: Any) -> None:
    names = sorted(server) if data is None else [data.draw(st.sampled_from(sorted(server)))]
    for name in names:
        sane(server[name](request))


@PROPERTY
@given(data=st.data(), value=JSON)
def test_a_valid_request_with_one_part_replaced_is_answered(
    server: dict, requests: dict, data: Any, value: Any
) -> None:
    name = data.draw(st.sampled_from(sorted(requests)))
    way = data.draw(st.sampled_from(places(requests[name])))
    sane(server[name](changed(requests[name], way, value)))


@settings(PROPERTY, max_examples=20)  # each starts the process that decodes files
@given(
    name=st.sampled_from(
        ["encode_clip", "read_codes", "open_learned", "open_sheet", "save_sheet"]
    ),
    file=st.binary(max_size=400),
)
@example(name="encode_clip", file=b"\x89PNG\r\n\x1a\n" + b"\0" * 99)
@example(name="read_codes", file=b"PK\x03\x04" + b"\0" * 99)
def test_any_bytes_as_a_file_are_refused_with_a_sentence(
    server: dict, name: str, file: bytes
) -> None:
    form = SimpleNamespace(files=[("a name", file)], data={"model": "tiny"})
    answer = server[name](form)
    sane(answer)
    assert "error" in answer


@PROPERTY
@given(data=st.data(), value=JSON)
def test_any_argument_of_a_program_is_answered(
    models: LoadedModels, data: Any, value: Any
) -> None:
    api = Api(models)
    (clip,) = codes_to_json(models.find(None).examples[[0]])
    good: dict[Callable, dict[str, Any]] = {
        api.examples: {"picture": "none", "model": "tiny"},
        api.sample: {"count": 1, "seed": 0, "frames": 3, "temperature": 1.0, "action": None},
        api.encode: {"file": "AAAA", "picture": "none"},
        api.swap: {"who": clip, "motion": clip, "picture": "png"},
        api.decode: {"clips": [clip], "picture": "gif"},
        api.learn: {"files": ["AAAA"], "picture": "none"},
        api.complete_sheet: {"file": "AAAA", "rows": ["walk, left"], "single_row": None},
    }
    call = data.draw(st.sampled_from(list(good)))
    way = data.draw(st.sampled_from(places(good[call])))
    try:
        json.dumps(call(**changed(good[call], way, value)), allow_nan=False)
    except RWAEError as error:
        plain(str(error))


def test_no_file_stays(server: dict, requests: dict, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    for kind in ("gif", "webm", "strip", "codes"):
        sane(server["export_clip"](requests["export_clip"] | {"kind": kind}))
    sane(server["encode_clip"](SimpleNamespace(files=[("a", b"no clip")], data={})))
    assert not list(tmp_path.rglob("*"))
