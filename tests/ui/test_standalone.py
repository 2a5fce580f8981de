"""A page that is one file: what is in it, how it is published, and which models have none."""

import base64
import gzip
import hashlib
import json
import re
from html import unescape
from pathlib import Path

import numpy as np
import pytest
import yaml
from conftest import ROOT
from fake_hub import TOKEN, fake_hub, use
from serving import small_checkpoint
from starlette.applications import Starlette
from starlette.testclient import TestClient

from rwae.editing.studio import Studio
from rwae.errors import ConfigError
from rwae.models.kernel import KERNEL, pack
from rwae.publish import main
from rwae.ui import page_files, standalone
from rwae.ui.endpoints import page_functions
from rwae.ui.loaded_models import LoadedModels
from rwae.ui.standalone import standalone_page

CARD = "---\nlicense: mit\n---\n# A <script> & more\n\nTiny.\n"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_checkpoint(tmp_path_factory.mktemp("models") / "tiny", card=CARD)


@pytest.fixture(scope="module")
def page(tiny: Path) -> str:
    return standalone_page(Studio.load(tiny, "cpu"))


def part(page: str, name: str) -> str:
    """The text of an element of the page, by its id."""
    (found,) = re.findall(rf'<script[^>]* id="{name}">(.*?)</script>', page, re.DOTALL)
    return found


def test_the_page_holds_the_kernel_the_weights_the_examples_and_draws(
    page: str, tiny: Path
) -> None:
    studio = Studio.load(tiny, "cpu")
    assert base64.b64decode(part(page, "kernel")) == KERNEL.read_bytes()
    planes = gzip.decompress(base64.b64decode(part(page, "weights")))
    words = np.frombuffer(planes, np.uint8).reshape(4, -1).T.tobytes()
    assert words == pack(studio.model)
    found = json.loads(part(page, "model"))
    assert found["model"]["weights"] == studio.weights
    assert len(found["model"]["clips"]) == len(studio.examples)
    frames = studio.model.config.frames
    drawn = studio.sample(1, seed=5, frames=frames, temperature=1.0)
    assert np.allclose(found["draws"][5]["static"], drawn.static[0], atol=1e-4)


def test_its_policy_allows_its_own_script_and_style_and_no_request(page: str) -> None:
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', page)
    rules = dict(rule.strip().split(" ", 1) for rule in unescape(policy).split(";"))
    (script,) = re.findall(r'<script type="module">(.*?)</script>', page, re.DOTALL)
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = {
        text: base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for text in (script, style)
    }
    assert rules == {
        "default-src": "'none'",
        "script-src": f"'sha256-{digest[script]}' 'wasm-unsafe-eval'",
        "worker-src": "blob:",
        "style-src": f"'sha256-{digest[style]}'",
        "img-src": "data: blob:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert not re.search(r'(?:src|href)="(?!data:|#)', page)


def test_texts_of_a_card_are_texts(page: str) -> None:
    assert "<title>A &lt;script&gt; &amp; more</title>" in page
    assert "<script> & more" not in page
    assert "Weights: MIT" in page


def test_the_page_of_the_shipped_model_has_less_than_5_mb(monkeypatch: pytest.MonkeyPatch) -> None:
    # Directions and draws take seconds to find, and less than 100 KB.
    monkeypatch.setattr(standalone, "DRAWS", 1)
    monkeypatch.setattr(standalone, "directions_data", lambda _: {})
    studio = Studio.load(ROOT / "checkpoints" / "sprites", "cpu")
    assert len(standalone_page(studio).encode()) < 5_000_000 - 100_000


# In the app.


def find_page(models: LoadedModels, model: str | None = None) -> dict:
    functions = {function.__name__: function for function in page_functions(models)}
    return functions["find_page"]({"model": model or models.default_name})


def test_the_app_hands_out_the_same_page_as_a_file(page: str, tiny: Path) -> None:
    found = find_page(LoadedModels([Studio.load(tiny, "cpu")]))
    assert found["name"] == "tiny-page.html"
    answer = TestClient(Starlette(routes=page_files.routes())).get(found["data"])
    assert answer.headers["content-disposition"] == "attachment"
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.text == page


def test_there_is_no_page_of_weights_that_are_not_for_everyone(tiny: Path) -> None:
    studio = Studio.load(tiny, "cpu")
    assert "operator" in find_page(LoadedModels([studio], share="none"))["error"]
    studio.private = True
    assert "private" in find_page(LoadedModels([studio]))["error"]
    studio.private = False
    models = LoadedModels([studio])
    copy = models.keep(studio, studio.model, studio.examples[:1])
    assert "learned character" in find_page(models, copy)["error"]


def test_there_is_no_page_of_a_model_that_the_kernel_cannot_run(tmp_path: Path) -> None:
    studio = Studio.load(small_checkpoint(tmp_path / "recurrent", recurrent_decoder=True), "cpu")
    with pytest.raises(ConfigError, match="depend on each other"):
        standalone_page(studio)


# The command.


def test_the_command_writes_a_page(
    tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "page.html"
    assert main(["page", str(tiny), "--out", str(out)]) == 0
    assert f"{out.stat().st_size:,}" in capsys.readouterr().out
    assert out.read_text("utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["{model}", "--out", "{tmp}/nowhere/page.html"], "cannot be written"),
        (["{model}", "--space", "nobody"], "no ids like"),
        (["{tmp}/nothing", "--out", "{tmp}/page.html"], "no folder"),
    ],
)
def test_what_is_wrong_with_a_command_is_said(
    words: list[str], said: str, tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["page", *(word.format(model=tiny, tmp=tmp_path) for word in words)]) == 2
    assert said in capsys.readouterr().err


def test_a_command_that_names_no_place_ends(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["page", "somewhere"])
    assert "--out" in capsys.readouterr().err


def test_a_static_space_gets_the_page_and_a_card(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fake_hub() as hub:
        use(hub, tmp_path / "home", monkeypatch)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        assert main(["page", str(tiny), "--space", "owner/class"]) == 0
        assert hub.sent == {}
        assert main(["page", str(tiny), "--space", "owner/class", "--yes"]) == 0
        assert (hub.made[0]["type"], hub.made[0]["sdk"]) == ("space", "static")
        (sent,) = hub.sent.values()
    assert set(sent) == {"README.md", "index.html"}
    front = yaml.safe_load(sent["README.md"].decode().split("---\n")[1])
    assert front == {
        "title": "A <script> & more",
        "sdk": "static",
        "app_file": "index.html",
        "license": "mit",
    }
    assert b"wasm-unsafe-eval" in sent["index.html"]


def test_a_private_model_gets_no_public_space(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with fake_hub() as hub:
        use(hub, tmp_path / "home", monkeypatch)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        hub.add("owner/tiny", tiny)
        hub.private = True
        assert main(["page", "owner/tiny", "--space", "owner/class", "--yes"]) == 2
        assert hub.made == []
    assert "add --private" in capsys.readouterr().err
