"""Several models in one app: the list, and that no request reaches another model than it names."""

import dataclasses
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import ROOT, TINY
from serving import exit_code, small_checkpoint

from rwae import Codes
from rwae.editing.studio import Studio
from rwae.errors import CheckpointError, ConfigError, RWAEError
from rwae.files import checkpoint, installation
from rwae.models import registry
from rwae.ui import launch, page_data
from rwae.ui.endpoints import page_functions
from rwae.ui.loaded_models import LoadedModels, load_folder, load_model, load_models
from rwae.ui.payloads import (
    MAX_CLIP_FRAMES,
    MAX_REQUEST_FRAMES,
    MAX_REQUEST_WORK,
    max_request_frames,
)

DRAW = {"seed": 1, "clips": 3, "frames": 4, "temperature": 1}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Checkpoints of every kind, and some that cannot be shown."""
    root = tmp_path_factory.mktemp("checkpoints")
    small_checkpoint(root / "sprites")
    small_checkpoint(root / "large", static_size=9, card="# A larger one\n\nIt is large. Very.")
    small_checkpoint(root / "rival", family="mocogan")
    small_checkpoint(root / "weak", actions=3)
    small_checkpoint(root / "long", frames=MAX_CLIP_FRAMES + 1)
    (root / "judges" / "sprites").mkdir(parents=True)
    (root / "judges" / "sprites" / "config.json").write_text("{}")
    for name, content in (("torn", "{"), ("list", "[]"), ("foreign", '{"size": 3}')):
        shutil.copytree(root / "sprites", root / name)
        (root / name / "config.json").write_text(content)
    shutil.copytree(root / "sprites", root / "short")
    (root / "short" / "model.safetensors").write_bytes(b"\x00" * 40)
    shutil.copytree(root / "sprites", root / "bare")
    (root / "bare" / "gallery.safetensors").unlink()
    return root


@pytest.fixture(scope="module")
def models(folder: Path) -> LoadedModels:
    return LoadedModels(load_folder(folder, "cpu")[0])


@pytest.fixture(scope="module")
def server(models: LoadedModels) -> dict[str, Any]:
    return {function.__name__: function for function in page_functions(models)}


def test_all_good_models_are_listed_and_each_bad_one_is_named(folder: Path) -> None:
    studios, complaints = load_folder(folder, "cpu")
    assert studios[0].name == "sprites", "the model that the page shows first"
    assert {studio.name for studio in studios} == {"sprites", "large", "rival", "weak"}
    bad = {"bare", "foreign", "list", "long", "short", "torn"}
    assert len(complaints) == len(bad)
    assert {name for name in bad if any(f" {name} " in text for text in complaints)} == bad


def test_the_app_starts_without_the_bad_ones_and_says_so(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert load_models([], folder, "cpu").default_name == "sprites"
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 6
    assert "torn" in said.err


def test_named_models_replace_the_list_and_have_to_load(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--model", str(folder / "weak"), "--model", str(folder / "rival")]
    chosen = launch.parse_options(options)
    assert list(load_models(chosen.models, folder).studios) == ["weak", "rival"]
    assert exit_code([*options, "--model", str(folder / "torn")]) == 2
    assert "is not JSON" in capsys.readouterr().err


def test_a_folder_without_models_is_reported_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(installation, "checkpoints", lambda: tmp_path)
    assert exit_code([]) == 2
    assert "name it with --model" in capsys.readouterr().err


def test_models_of_one_name_are_told_apart(folder: Path) -> None:
    studio = load_model(folder / "weak", "cpu")
    assert list(LoadedModels([studio, studio, studio]).studios) == ["weak", "weak-2", "weak-3"]


def test_the_list_tells_the_models_apart(models: LoadedModels) -> None:
    listed = {model["name"]: model for model in page_data.model_list(models)}
    assert listed["large"]["title"] == "A larger one"
    assert listed["large"]["about"] == "It is large."
    assert listed["sprites"]["title"] == "sprites"
    kinds = {name: listed[name]["kind"] for name in ("sprites", "rival", "weak")}
    assert len(set(kinds.values())) == 3, "an encoder and actions make a difference"
    assert all("4" in kind and "32" in kind for kind in kinds.values()), "frames and pixels"


def test_a_request_is_answered_by_the_model_that_it_names(
    models: LoadedModels, server: dict[str, Any]
) -> None:
    for name, studio in models.studios.items():
        drawn = server["sample_codes"](DRAW | {"model": name})["clips"]
        expected = studio.sample(3, seed=1, frames=4)
        assert (
            torch.tensor([clip["static"] for clip in drawn]).sub(expected.static).abs().max()
            < 1e-4
        )
        assert (
            server["open_model"]({"model": name})["sheet"] == page_data.model_data(studio)["sheet"]
        )
    assert server["sample_codes"](DRAW) == server["sample_codes"](DRAW | {"model": "sprites"})


@pytest.mark.parametrize("name", ["nobody", "", "../sprites", 3, ["sprites"], True])
def test_an_unknown_model_is_refused_in_a_sentence(server: dict[str, Any], name: Any) -> None:
    for function in server.values():
        answer = function(DRAW | {"model": name})
        assert list(answer) == ["error"]
        assert answer["error"].endswith(".")
        assert "failed" not in answer["error"]


def test_codes_of_another_model_never_reach_a_model(server: dict[str, Any]) -> None:
    clips = server["sample_codes"](DRAW | {"model": "large"})["clips"]
    assert "sheet" in server["decode_codes"]({"clips": clips, "model": "large"})
    for name in ("sprites", "rival", "weak"):
        answer = server["decode_codes"]({"clips": clips, "model": name})
        assert list(answer) == ["error"]
        assert "6" in answer["error"], "it says how many numbers this model needs"
        answer = server["extend_codes"]({"clip": clips[0], "frames": 1, "seed": 1, "model": name})
        assert list(answer) == ["error"]


def test_a_model_without_an_encoder_says_so_and_does_everything_else(
    models: LoadedModels, server: dict[str, Any]
) -> None:
    opened = server["open_model"]({"model": "rival"})
    assert opened["encodes"] is False
    assert "sheet" in server["decode_codes"]({"clips": opened["clips"][:2], "model": "rival"})
    assert "who" in server["find_directions"]({"model": "rival"})
    longer = {"clip": opened["clips"][0], "frames": 2, "seed": 1, "model": "rival"}
    assert len(server["extend_codes"](longer)["clips"][0]["dynamic"]) == 6
    with pytest.raises(RWAEError, match="cannot turn one into codes"):
        models.find("rival").encode(torch.rand(1, 4, 3, 32, 32))


def test_an_action_changes_the_motion_and_keeps_who(server: dict[str, Any]) -> None:
    asked = [DRAW | {"model": "weak", "action": action} for action in range(3)]
    drawn = [server["sample_codes"](request)["clips"] for request in asked]
    whos = [[clip["static"] for clip in clips] for clips in drawn]
    motions = [[clip["dynamic"] for clip in clips] for clips in drawn]
    assert whos[0] == whos[1] == whos[2]
    assert motions[0] != motions[1] != motions[2] != motions[0]
    assert all(set(clip) == {"static", "dynamic"} for clip in drawn[0])
    assert "sheet" in server["decode_codes"]({"clips": drawn[2], "model": "weak"})


@pytest.mark.parametrize(
    ("model", "action"),
    [("weak", 3), ("weak", -1), ("weak", 1.5), ("weak", "1"), ("weak", True), ("sprites", 0),
     ("rival", 0)],
)  # fmt: skip
def test_an_action_that_is_not_there_is_refused_in_a_sentence(
    server: dict[str, Any], model: str, action: Any
) -> None:
    answer = server["sample_codes"](DRAW | {"model": model, "action": action})
    assert list(answer) == ["error"]
    assert "The action" in answer["error"]


def test_examples_of_a_weak_model_are_shown_by_their_codes_alone(tmp_path: Path) -> None:
    """The page gets no action, so a stored one must not change the picture it compares with."""
    model = load_model(small_checkpoint(tmp_path, actions=3), "cpu").model
    gallery = model.sample(20, generator=torch.Generator().manual_seed(0))
    studio = Studio(model, gallery)
    inferred = Codes(gallery.static, gallery.dynamic)
    assert (studio.decode(studio.gallery) == studio.decode(inferred)).all()


def weakly_supervised() -> list[Path]:
    folders = [path.parent for path in sorted((ROOT / "checkpoints").glob("*/config.json"))]
    return [folder for folder in folders if checkpoint.read_config(folder).actions]


@pytest.mark.slow
@pytest.mark.parametrize("folder", weakly_supervised(), ids=lambda folder: folder.name)
def test_a_drawn_action_is_shown_as_drawn(folder: Path) -> None:
    """Static and dynamic codes travel to the page and back without the action that was drawn."""
    actions = checkpoint.read_config(folder).actions
    model = registry.load(folder)
    errors = []
    for action in range(actions):
        drawn = model.sample(8, action=action, generator=torch.Generator().manual_seed(action))
        alone = Codes(drawn.static, drawn.dynamic)
        errors.append((model.decode(drawn) - model.decode(alone)).square().mean((1, 2, 3, 4)))
    assert torch.cat(errors).median() < 1e-3, "another picture than was drawn"


@pytest.mark.parametrize("frames", [1, 2, 15, MAX_CLIP_FRAMES])
def test_clips_of_any_length_are_opened(tmp_path: Path, frames: int) -> None:
    studio = load_model(small_checkpoint(tmp_path, clips=14, frames=frames), "cpu")
    opened = page_data.model_data(studio)
    assert len(opened["clips"]) * frames <= opened["most"]
    assert {len(clip["dynamic"]) for clip in opened["clips"]} == {frames}
    directions = page_data.directions_data(studio)
    assert len(directions["idle"]["dynamic"]) == TINY.dynamic_size


@pytest.mark.parametrize(
    ("settings", "frames"),
    [
        ({}, MAX_REQUEST_FRAMES),
        ({"frame_size": 256}, MAX_REQUEST_WORK // 256**2),
        ({"frame_size": 128, "decoder_width": 256}, MAX_REQUEST_WORK // 256**2),
        ({"frame_size": 128, "late_film_width": 128}, MAX_REQUEST_WORK // 256**2),
        ({"frame_size": 256, "decoder_width": 1024, "frames": 20}, 20),  # always one clip
    ],
)
def test_frames_that_are_more_work_are_fewer_at_once(
    settings: dict[str, int], frames: int
) -> None:
    assert max_request_frames(dataclasses.replace(TINY, **settings)) == frames


def test_a_bad_device_is_reported_for_no_single_model(folder: Path) -> None:
    with pytest.raises(ConfigError, match="choose one of"):
        load_folder(folder, "toaster")


def test_a_gallery_of_clips_that_are_all_alike_is_refused_in_words(tmp_path: Path) -> None:
    model = small_checkpoint(tmp_path / "model", clips=1)
    with pytest.raises(CheckpointError, match="all alike"):
        load_model(model, "cpu")
