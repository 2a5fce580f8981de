"""What a browser gets to decode by itself: small, right, kept for ever, and not of every model."""

import gzip
import hashlib
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from fake_hub import fake_hub, use
from kernel_host import Host
from serving import exit_code, small_checkpoint
from starlette.applications import Starlette
from starlette.testclient import TestClient

from rwae.editing.studio import Studio
from rwae.models.kernel import KERNEL, pack, pack_encoder
from rwae.ui import launch, page_files
from rwae.ui.endpoints import page_functions
from rwae.ui.loaded_models import SHARE_VARIABLE, LoadedModels, load_models


def find(
    models: LoadedModels, model: str | None = None, what: str = "find_decoder"
) -> dict[str, Any]:
    functions = {function.__name__: function for function in page_functions(models)}
    return functions[what]({"model": model or models.default_name})


def served(url: str) -> bytes:
    return gzip.decompress(page_files._decoders[url.rsplit("/", 1)[1]])


def test_a_browser_gets_the_kernel_and_the_weights_of_the_model(studio: Studio) -> None:
    found = find(LoadedModels([studio]))
    assert served(found["kernel"]) == KERNEL.read_bytes()
    assert served(found["weights"]) == pack(studio.model)
    assert Host(served(found["weights"]), studio.model.config.frame_size).opened
    assert find(LoadedModels([studio])) == found


@pytest.mark.parametrize("part", ["kernel", "weights"])
def test_the_files_are_compressed_kept_by_browsers_and_named_by_their_content(
    studio: Studio, part: str
) -> None:
    url = find(LoadedModels([studio]))[part]
    client = TestClient(Starlette(routes=page_files.routes()))
    answer = client.get(url, headers={"Accept-Encoding": "gzip"})
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-encoding"] == "gzip"
    kinds = {"kernel": "application/wasm", "weights": "application/octet-stream"}
    assert answer.headers["content-type"] == kinds[part]
    plain = client.get(url, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == answer.content == served(url)
    assert hashlib.sha256(plain.content).hexdigest().startswith(Path(url).stem)
    assert client.get(f"{url}x").status_code == 404


def test_a_browser_gets_the_encoder_apart_and_what_is_typical_of_the_model(
    studio: Studio,
) -> None:
    found = find(LoadedModels([studio]), what="find_encoder")
    assert served(found["weights"]) == pack_encoder(studio.model)
    assert (found["typical"], found["fitted"]) == (None, False)
    measured = Studio.load(ROOT / "checkpoints" / "sprites", "cpu")
    found = find(LoadedModels([measured]), what="find_encoder")
    domain = measured.model.domain
    assert found["fitted"]
    assert found["typical"] == {
        "error": domain.typical_error,
        "error_limit": domain.error_limit,
        "difference_limit": domain.difference_limit,
    }


@pytest.mark.parametrize("what", ["find_decoder", "find_encoder"])
def test_a_copy_that_learned_a_character_stays_on_the_server(studio: Studio, what: str) -> None:
    models = LoadedModels([studio])
    name = models.keep(studio, studio.model, studio.examples[:1])
    assert set(find(models, name, what)) == {"stays"}
    assert "weights" in find(models, what=what)


def test_what_the_kernel_cannot_run_stays_on_the_server(tmp_path: Path) -> None:
    folder = small_checkpoint(tmp_path / "recurrent", recurrent_decoder=True)
    assert "depend on each other" in find(LoadedModels([Studio.load(folder)]))["stays"]


def test_the_operator_may_keep_all_weights(studio: Studio) -> None:
    for what in ("find_decoder", "find_encoder"):
        assert "operator" in find(LoadedModels([studio], share="none"), what=what)["stays"]


@pytest.mark.parametrize("share", ["public", "all"])
@pytest.mark.parametrize("public", [True, False])
def test_weights_that_the_hub_shows_to_few_stay_unless_the_operator_shares_all(
    share: str, public: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fake_hub() as server:
        use(server, tmp_path / "home", monkeypatch)
        monkeypatch.setenv("HF_TOKEN", "hf_of_the_operator")
        server.add("owner/small", small_checkpoint(tmp_path / "small"))
        server.private = not public
        models = load_models(["owner/small"], tmp_path, "cpu", share)
        found = find(models)
    assert ("weights" in found) == (public or share == "all"), found
    assert public or share == "all" or "private" in found["stays"]


def test_the_option_names_whose_weights_are_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    assert launch.parse_options([]).share == "public"
    assert launch.parse_options(["--share-weights", "none"]).share == "none"
    monkeypatch.setenv(SHARE_VARIABLE, "all")
    assert launch.parse_options([]).share == "all"
    monkeypatch.setenv(SHARE_VARIABLE, "some")
    assert exit_code([]) == 2
