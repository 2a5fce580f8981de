"""The endpoints for programs, called as a program calls them: from outside a running app."""

import base64
import importlib.util
import json
import math
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, get_args

import httpx
import numpy as np
import pytest
import torch
from conftest import ROOT
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from serving import MODELS, RunningApp, exit_code

from examples.client import main as run_example
from rwae import Codes
from rwae.editing.studio import Studio, swap
from rwae.errors import CodesError
from rwae.files import filmstrip, video
from rwae.files.codes_file import unpack_saved_codes
from rwae.ui import api, middleware
from rwae.ui.api import Api, with_gradio_errors
from rwae.ui.downloads import FORMATS
from rwae.ui.loaded_models import LoadedModels
from rwae.ui.payloads import MAX_ENCODED_BYTES, codes_to_json

NAMED = ("plain", "weak", "rival")  # models of the app that these tests ask
NAMES = {
    "/models",
    "/examples",
    "/sample",
    "/encode",
    "/swap",
    "/decode",
    "/extend",
    "/directions",
    "/assess",
    "/export",
    "/learn",
    "/complete_sheet",
}


@pytest.fixture(scope="module")
def address(models_app: RunningApp) -> str:
    return models_app.address


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[Client]:
    client = Client(address, verbose=False, analytics_enabled=False)
    yield client
    client.close()


@pytest.fixture(scope="module")
def studio(models_app: RunningApp) -> Studio:
    return Studio.load(models_app.folders["plain"], "cpu")


def strip(seed: int = 0) -> bytes:
    """An image strip of four frames."""
    frames = np.random.default_rng(seed).integers(0, 255, (1, 4, 32, 32, 3), np.uint8)
    return video.encode_image(filmstrip.sheet(frames), "png")


def text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def shown(address: str, tmp_path: Path) -> np.ndarray:
    """The frames of the picture in a data address."""
    path = tmp_path / "picture"
    path.write_bytes(base64.b64decode(address.partition(",")[2]))
    return video.read_clip(path)


def codes(clips: list[dict[str, Any]]) -> Codes:
    return Codes(*(torch.tensor([clip[part] for clip in clips]) for part in ("static", "dynamic")))


def test_the_endpoints_have_types_and_descriptions_and_there_are_no_others(client: Client) -> None:
    offered = client.view_api(return_format="dict", print_info=False)
    assert set(offered["named_endpoints"]) == NAMES
    assert offered["unnamed_endpoints"] == {}
    for name, endpoint in offered["named_endpoints"].items():
        assert endpoint["description"], name
        assert endpoint["returns"][0]["type"]["type"] in ("array", "object"), name
        assert endpoint["returns"][0]["python_type"]["description"], name
        for parameter in endpoint["parameters"]:
            assert parameter["type"], f"{name} {parameter['parameter_name']}"
            assert parameter["python_type"]["description"], f"{name} {parameter}"


def test_the_description_of_encode_states_the_limit() -> None:
    assert f"at most {MAX_ENCODED_BYTES // 2**20} MB" in Api.encode.__doc__
    assert len(text(b"x" * MAX_ENCODED_BYTES)) + 1000 < middleware.MAX_API_BYTES


def test_models_are_listed(client: Client) -> None:
    listed = {model["name"]: model for model in client.predict(api_name="/models")}
    assert next(iter(listed)) == "plain", "the default"
    assert set(listed) == set(MODELS)
    assert listed["weak"]["actions"] == 3
    assert [listed[name]["encodes"] for name in NAMED] == [True, True, False]
    assert listed["plain"]["static_size"] == 6


def test_examples_are_the_codes_of_the_page(client: Client, studio: Studio) -> None:
    answer = client.predict(api_name="/examples")
    assert answer["clips"] == codes_to_json(studio.examples)
    assert answer["model"] == "plain"
    assert answer["picture"] is None


@pytest.mark.parametrize("name", NAMED)
def test_a_sample_is_that_of_its_seed_and_model(
    client: Client, models_app: RunningApp, name: str
) -> None:
    asked = {"count": 2, "seed": 7, "frames": 5, "temperature": 0.5, "model": name}
    answer = client.predict(**asked, api_name="/sample")
    drawn = Studio.load(models_app.folders[name], "cpu").sample(
        2, seed=7, frames=5, temperature=0.5
    )
    assert answer["clips"] == codes_to_json(drawn)
    assert answer["model"] == name


def test_an_action_can_be_asked_for(client: Client) -> None:
    drawn = [
        client.predict(seed=1, action=action, model="weak", api_name="/sample")["clips"][0]
        for action in (0, 2)
    ]
    assert drawn[0]["static"] == drawn[1]["static"]
    assert drawn[0]["dynamic"] != drawn[1]["dynamic"]


@pytest.mark.parametrize("head", ["", "data:image/png;base64,"])
def test_a_clip_is_encoded(client: Client, studio: Studio, tmp_path: Path, head: str) -> None:
    (tmp_path / "clip").write_bytes(strip())
    x = video.to_frames(video.read_clip(tmp_path / "clip"), 4, 32)[None]
    answer = client.predict(head + text(strip()), api_name="/encode")
    held = codes(answer["clips"])
    assert torch.allclose(held.static, studio.encode(x).static, atol=1e-4)
    assert torch.allclose(held.dynamic, studio.encode(x).dynamic, atol=1e-4)


def test_a_file_is_taken_as_gradio_client_sends_it(
    client: Client, models_app: RunningApp, tmp_path: Path
) -> None:
    (tmp_path / "clip.png").write_bytes(strip())
    sent = client.predict(handle_file(tmp_path / "clip.png"), api_name="/encode")
    assert sent["clips"] == client.predict(text(strip()), api_name="/encode")["clips"]
    with pytest.raises(AppError, match="no addresses"):
        client.predict(handle_file("http://127.0.0.1:9/x.png"), api_name="/encode")
    assert not [path for path in models_app.cache.rglob("*.png") if path.is_file()]


def test_a_clip_is_fitted_to_the_model_as_it_is_asked(client: Client) -> None:
    few = strip()
    answer = client.predict(text(few), first=1, last=2, api_name="/encode")
    assert [step["key"] for step in answer["steps"]] == ["trim", "repeat"]
    assert len(answer["clips"][0]["dynamic"]) == 4
    assert answer["fit"] is None, "nobody measured the small model"
    assert answer["rows"] is None


def test_a_swap_joins_who_and_motion_and_its_picture_is_exact(
    client: Client, studio: Studio, tmp_path: Path
) -> None:
    a, b = client.predict(api_name="/examples")["clips"][:2]
    answer = client.predict(a, b, picture="png", api_name="/swap")
    assert answer["clips"] == [{"static": a["static"], "dynamic": b["dynamic"]}]
    expected = studio.decode(swap(codes([a]), codes([b])))[0]
    assert (shown(answer["picture"], tmp_path) == expected).all()


def test_a_clip_can_move_as_a_longer_one(client: Client) -> None:
    a = client.predict(seed=1, api_name="/sample")["clips"][0]
    b = client.predict(seed=2, frames=9, api_name="/sample")["clips"][0]
    assert len(client.predict(a, b, api_name="/swap")["clips"][0]["dynamic"]) == 9


def test_a_sheet_is_completed(client: Client) -> None:
    row = np.zeros((64, 9 * 64, 4), np.uint8)
    row[20:60, np.arange(9 * 64) % 64 > 40] = (200, 120, 40, 255)
    png = video.encode_image(row, "png")
    answer = client.predict(text(png), rows=["slash, front"], api_name="/complete_sheet")
    assert answer["report"]["given"] == 9
    assert answer["report"]["drawn"] == 6
    whole = video.read_picture(base64.b64decode(answer["sheet"].partition(",")[2]))
    assert np.array_equal(whole[10 * 64 : 11 * 64, : 9 * 64], row)
    wanted = {"rows": ["slash, front"], "body": text(png)}
    with pytest.raises(AppError, match="does not cover the wanted row"):
        client.predict(text(png), **wanted, api_name="/complete_sheet")
    with pytest.raises(AppError, match="no row"):
        client.predict(text(png), rows=["fly"], api_name="/complete_sheet")


def test_changed_codes_are_decoded(client: Client, studio: Studio, tmp_path: Path) -> None:
    clip = client.predict(api_name="/examples")["clips"][0]
    changed = clip | {"static": [2 - value for value in clip["static"]]}
    answer = client.predict([changed], api_name="/decode")
    assert (shown(answer["picture"], tmp_path) == studio.decode(codes([changed]))[0]).all()


def test_a_clip_is_continued_by_a_seed(client: Client, tmp_path: Path) -> None:
    (clip,) = client.predict(seed=3, api_name="/sample")["clips"]
    asked = {"frames": 5, "seed": 2, "picture": "png"}
    answer = client.predict(clip, **asked, api_name="/extend")
    (longer,) = answer["clips"]
    assert longer["static"] == clip["static"]
    assert longer["dynamic"][:4] == clip["dynamic"]
    assert len(longer["dynamic"]) == len(shown(answer["picture"], tmp_path)) == 9
    assert client.predict(clip, **asked, api_name="/extend") == answer


def test_a_code_is_moved_along_a_direction(client: Client) -> None:
    answer = client.predict(api_name="/directions")
    assert answer["model"] == "plain"
    assert len(answer["idle"]["static"]) == 6
    assert answer["named"] is None
    who = {name: np.array(answer["who"][name]) for name in ("mean", "read", "write")}
    code = np.array(client.predict(api_name="/examples")["clips"][0]["static"])
    moved = code + 2 * who["write"][0]
    before, after = (who["read"] @ (one - who["mean"]) for one in (code, moved))
    assert np.allclose(after - before, 2 * (np.arange(len(before)) == 0), atol=0.01)


def test_a_clip_is_assessed(client: Client) -> None:
    answer = client.predict(text(strip()), api_name="/assess")
    assert answer["model"] == "plain"
    assert [answer[name] for name in ("fit", "given", "redrawn")] == [None] * 3
    assert answer["steps"] == client.predict(text(strip()), api_name="/encode")["steps"]


def test_what_the_judge_sees_is_told(monkeypatch: pytest.MonkeyPatch, studio: Studio) -> None:
    asked: list[list[str]] = []

    def judge(_studio: Studio, request: dict[str, Any]) -> dict[str, Any]:
        asked.append(request["strips"])
        return {"clips": [["of the clip"], ["of its redrawing"]]}

    monkeypatch.setattr(api, "has_judge", lambda _folder: True)
    monkeypatch.setattr(api.endpoints, "judge_given", judge)
    answer = Api(LoadedModels([studio])).assess(text(strip()))
    assert (answer["given"], answer["redrawn"]) == (["of the clip"], ["of its redrawing"])
    given, redrawn = asked[0]
    assert given.startswith("data:image/png")
    assert given != redrawn


def test_programs_and_the_page_make_the_same_kinds_of_files() -> None:
    assert get_args(api.FileKind) == tuple(FORMATS)


@pytest.mark.parametrize("kind", ["gif", "codes", "frames"])
def test_clips_become_a_file(client: Client, studio: Studio, tmp_path: Path, kind: str) -> None:
    clips = client.predict(count=2, api_name="/sample")["clips"]
    many = {"columns": 2, "scale": 2, "few_colours": True} if kind == "gif" else {}
    answer = client.predict(clips, kind=kind, **many, api_name="/export")
    assert answer["name"].startswith("plain-")
    content = base64.b64decode(answer["file"].partition(",")[2])
    if kind == "gif":
        assert shown(answer["file"], tmp_path).shape == (4, 64, 128, 3)
    elif kind == "codes":
        read = unpack_saved_codes(content, studio.name, studio.weights)
        assert torch.allclose(read.static, codes(clips).static)
    else:
        assert content.startswith(b"PK")


@pytest.mark.parametrize("kind", ["gif", "webm"])
def test_moving_pictures_show_all_clips_side_by_side(
    client: Client, studio: Studio, tmp_path: Path, kind: str
) -> None:
    answer = client.predict(count=3, seed=4, picture=kind, api_name="/sample")
    assert answer["picture"].startswith(f"data:{'image' if kind == 'gif' else 'video'}/{kind};")
    frames = shown(answer["picture"], tmp_path)
    clips = studio.decode(codes(answer["clips"]))
    assert frames.shape == (4, 2 * 32 * 4, 2 * 32 * 4, 3)
    blocks = frames.reshape(4, 64, 4, 64, 4, 3).mean((2, 4))
    expected = filmstrip.tile_clips(clips, math.ceil(math.sqrt(len(clips))))
    assert (expected[:, 32:, :32] == clips[2]).all()
    assert (expected[:, 32:, 32:] == 0).all()
    assert np.abs(blocks - expected).mean() < (3 if kind == "gif" else 12)


@pytest.mark.parametrize(
    ("shape", "scale"),
    [
        ((8, 64, 64), 4),
        ((64, 64, 64), 3),
        ((32, 256, 256), 1),
        ((8, 512, 512), 1),
        ((1, 32, 32), 4),
    ],
)
def test_the_work_for_a_moving_picture_is_bounded(shape: tuple[int, int, int], scale: int) -> None:
    assert api._moving_scale(*shape) == scale
    assert math.prod(shape) * scale**2 <= api.MAX_MOVING_PIXELS


def test_a_moving_picture_that_is_too_much_work_is_refused() -> None:
    with pytest.raises(CodesError, match="64 frames of 256 x 256 pixels"):
        api._moving_scale(64, 256, 256)


GOOD = {"static": [0.0] * 6, "dynamic": [[0.0] * 4] * 4}
BAD = [
    ("/sample", {"count": 0}, "number of clips"),
    ("/sample", {"count": "many"}, "number of clips"),
    ("/sample", {"count": 1e300}, "number of clips"),
    ("/sample", {"seed": -1}, "seed"),
    ("/sample", {"frames": 1000}, "number of frames"),
    ("/sample", {"temperature": "hot"}, "temperature"),
    ("/sample", {"action": 0}, "action"),
    ("/sample", {"model": "nobody"}, "no such model"),
    ("/sample", {"model": ["plain"]}, "needs to be a name"),
    ("/sample", {"picture": "tiff"}, "picture needs to be one of"),
    ("/sample", {"picture": {"a": 1}}, "picture needs to be one of"),
    ("/sample", {"count": api.MAX_MOVING_CLIPS + 1, "picture": "gif"}, "moving picture"),
    ("/encode", {"file": ""}, "something in it"),
    ("/encode", {"file": "no base64!"}, "not base64"),
    ("/encode", {"file": 7}, "needs to be text"),
    ("/encode", {"file": text(b"no clip")}, ""),
    ("/encode", {"file": text(b"x" * (MAX_ENCODED_BYTES + 9))}, "at most 4 MB"),
    ("/encode", {"file": text(strip()), "model": "rival"}, "cannot turn one into codes"),
    ("/encode", {"file": text(strip()), "first": -1}, "whole number"),
    ("/encode", {"file": text(strip()), "first": 99}, "choose frames from 0 to"),
    ("/encode", {"file": text(strip()), "keep_place": 3}, "true or false"),
    ("/swap", {"who": GOOD, "motion": None}, "needs to be an object"),
    ("/swap", {"who": GOOD | {"static": [0.0]}, "motion": GOOD}, "list of 6 numbers"),
    ("/swap", {"who": GOOD, "motion": GOOD | {"dynamic": [["a"] * 4]}}, "no number"),
    ("/swap", {"who": GOOD, "motion": GOOD | {"dynamic": []}}, "number of frames"),
    ("/extend", {"clip": None}, "needs to be an object"),
    ("/extend", {"clip": GOOD, "frames": 0}, "number of frames"),
    ("/extend", {"clip": GOOD | {"dynamic": [[0.0] * 4] * 64}}, "64 frames, which is the limit"),
    ("/directions", {"model": "nobody"}, "no such model"),
    ("/assess", {"file": "no base64!"}, "not base64"),
    ("/assess", {"file": text(strip()), "model": "rival"}, "cannot turn one into codes"),
    ("/export", {"clips": []}, "clips in a list"),
    ("/export", {"clips": [GOOD], "kind": "bmp"}, "kind of file needs to be one of"),
    ("/export", {"clips": [GOOD], "kind": ["gif"]}, "kind of file needs to be one of"),
    ("/export", {"clips": [GOOD], "kind": "sheet"}, "did not learn from sprite sheets"),
    ("/export", {"clips": [GOOD], "fps": 1e9}, "frames a second"),
    ("/export", {"clips": [GOOD], "scale": 99}, "enlargement"),
    ("/export", {"clips": [GOOD], "columns": 2}, "number of columns"),
    ("/export", {"clips": [GOOD], "few_colours": 7}, "true or false"),
    ("/export", {"clips": [GOOD], "transparent": "yes"}, "true or false"),
    ("/decode", {"clips": []}, "clips in a list"),
    ("/decode", {"clips": "codes"}, "clips in a list"),
    ("/decode", {"clips": [GOOD | {"static": [1e9] * 6}]}, "no number between"),
    ("/decode", {"clips": [GOOD | {"dynamic": [[0.0] * 4] * 5000}]}, "number of frames"),
]


@pytest.mark.parametrize(("name", "asked", "words"), BAD)
def test_bad_input_is_refused_with_a_sentence(
    client: Client, name: str, asked: dict[str, Any], words: str
) -> None:
    with pytest.raises(AppError) as refused:
        client.predict(**asked, api_name=name)
    sentence = str(refused.value)
    assert words in sentence
    assert sentence.endswith(".")
    assert "Traceback" not in sentence
    assert "server failed" not in sentence


def test_a_file_far_beyond_the_limit_is_refused(client: Client) -> None:
    with pytest.raises((httpx.HTTPStatusError, httpx.TransportError)):
        client.predict("A" * 2 * middleware.MAX_API_BYTES, api_name="/encode")
    assert client.predict(api_name="/models")


def test_an_unexpected_error_shows_no_details(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken() -> None:
        raise RuntimeError("/secret/path")

    with pytest.raises(api.gr.Error) as refused:
        with_gradio_errors(broken)()
    assert "secret" not in refused.value.message
    assert refused.value.__cause__ is None
    assert "RuntimeError" in caplog.text
    assert "secret" not in caplog.text


def test_several_callers_at_once_get_their_own_answers(models_app: RunningApp) -> None:
    """Each asks for other seeds, models and pictures, again and again."""
    studios = {name: Studio.load(models_app.folders[name], "cpu") for name in NAMED}

    def calling(caller: int) -> list[bool]:
        client = Client(models_app.address, verbose=False, analytics_enabled=False)
        right = []
        for seed in range(4):
            name = NAMED[(caller + seed) % len(NAMED)]
            asked = {"seed": 10 * caller + seed, "model": name, "picture": "png"}
            clips = client.predict(**asked, api_name="/sample")["clips"]
            right.append(
                clips == codes_to_json(studios[name].sample(1, seed=asked["seed"], frames=4))
            )
        client.close()
        return right

    with ThreadPoolExecutor(3) as callers:
        assert all(all(right) for right in callers.map(calling, range(3)))


def test_a_shell_can_call_by_name(address: str) -> None:
    """The example for the shell that the About tab shows."""
    url = f"{address}/gradio_api/call/v2/sample"
    body = json.dumps({"count": 2, "model": "weak"}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        call = answer.read().decode().split('"')[3]  # what `cut -d '"' -f 4` gives
    with urllib.request.urlopen(f"{url}/{call}", timeout=60) as answer:
        told = answer.read().decode()
    assert told.startswith("event: complete")
    assert json.loads(told.split("data: ")[1])[0]["model"] == "weak"


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("v2/swap", {"who": GOOD}, "'motion'"),
        ("v2/sample", {"cuont": 2}, "'cuont'"),
        ("v2/smaple", {"count": 2}, "sample"),
        ("swap", {"data": [GOOD]}, "'motion'"),
        ("encode", {}, "'file'"),
    ],
)
def test_a_missing_or_misspelt_argument_is_named_with_4xx(
    address: str, path: str, body: dict[str, Any], named: str
) -> None:
    answer = httpx.post(f"{address}/gradio_api/call/{path}", json=body, timeout=60)
    assert answer.status_code == 422
    assert named in answer.text


@pytest.mark.parametrize("body", [b"", b"no json", b"[]", b"7", b'{"data": 7}'])
def test_a_body_that_is_no_call_is_refused_with_4xx(address: str, body: bytes) -> None:
    url = f"{address}/gradio_api/call/v2/swap"
    answer = httpx.post(url, content=body, headers={"content-type": "application/json"})
    assert 400 <= answer.status_code < 500


def test_the_example_program_swaps_and_saves(address: str, tmp_path: Path) -> None:
    (tmp_path / "clip.png").write_bytes(strip())
    program = [sys.executable, str(ROOT / "examples" / "client.py"), "clip.png"]
    words = ["--who", "1", "--out", "out.webm", "--app", address]
    done = subprocess.run(
        [*program, *words], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len(video.read_clip(tmp_path / "out.webm")) == 4


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["none.mp4"], "none.mp4"),
        (["clip.png", "--who", "99"], "99"),
        (["clip.png", "--who", "-1"], "-1"),
        (["clip.png", "--app", "http://127.0.0.1:9"], "http://127.0.0.1:9"),
        (["clip.png", "--app", "127.0.0.1"], "http://"),
    ],
)
def test_the_example_program_says_what_is_wrong(
    words: list[str],
    named: str,
    address: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("clip.png").write_bytes(strip())
    monkeypatch.setattr(sys, "argv", ["client.py", "--app", address, *words])
    try:
        code = run_example()
    except SystemExit as refused:  # of the parser
        code = refused.code
    assert code == 2
    assert named in capsys.readouterr().err


def test_no_file_is_kept(client: Client, models_app: RunningApp) -> None:
    assert client.predict(api_name="/models")
    assert not [path for path in models_app.cache.rglob("*") if path.is_file()]


def test_without_its_package_mcp_is_refused_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    assert exit_code(["--mcp"]) == 2
    said = capsys.readouterr()
    assert "pip install 'gradio[mcp]==" in said.err
    assert said.err.count("\n") == 1
