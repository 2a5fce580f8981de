"""The weights in checkpoints/ are what their cards and the README say."""

from pathlib import Path

import pytest
import torch
from conftest import ROOT

from rwae import RWAE, data, load
from rwae.classifiers import JUDGES, Judge, has_judge
from rwae.data.clips import Clips
from rwae.evaluation import score_model
from rwae.files.checkpoint import GALLERY_FILE, WEIGHTS_FILE, read_gallery, weights_digest
from rwae.files.metrics import PRIOR_DYNAMIC, PRIOR_STATIC, SWAP
from rwae.files.scores import read_scores

SHIPPED = sorted(p.parent for p in (ROOT / "checkpoints").glob(f"*/{GALLERY_FILE}"))
LARGEST = 10_000_000  # bytes of a file


def test_there_is_a_model_for_the_app() -> None:
    assert ROOT / "checkpoints" / "sprites" in SHIPPED


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_a_shipped_model_loads_and_decodes_its_gallery(folder: Path) -> None:
    model = load(folder)
    gallery = read_gallery(folder, weights_digest(model))
    model.check(gallery)
    x = model.decode(gallery[:2])
    assert x.amax((1, 2, 3, 4)).min() > 0.5
    assert x.std(0).amax() > 0.1
    # The prior of the static code is N(0, I), and so should the codes be; only the posteriors of
    # a VAE keep the prior's variance where they know nothing, and their means then hardly vary.
    assert gallery.static.mean(0).abs().mean() < 0.2
    if not model.config.learned_noise:
        # A model that was trained on varied clips spreads those as they were filmed a little less.
        assert 0.7 < gallery.static.std(0).mean() < 1.2


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_a_shipped_model_is_small_and_has_a_card(folder: Path) -> None:
    assert all(path.stat().st_size < LARGEST for path in folder.rglob("*"))
    files = {path.name for path in folder.iterdir()}
    assert {"config.json", WEIGHTS_FILE, "training.json"} <= files
    assert "scores.json" in files or not has_judge(folder), "a judge can score it"
    card = (folder / "README.md").read_text("utf-8").lower()
    for word in ("licence", "split", "seed", "hardware", "python -m rwae.training", "limits"):
        assert word in card


def test_the_scores_of_the_card_are_those_of_the_saved_file() -> None:
    folder = ROOT / "checkpoints" / "sprites"
    file = read_scores(folder)
    card = (folder / "README.md").read_text("utf-8")
    for task in (SWAP, PRIOR_DYNAMIC):
        assert task.joint.unit.text(file.runs[0].scores.number(task.joint)) in card


@pytest.mark.slow
def test_swaps_of_unseen_characters_are_right(sprites_folder: Path) -> None:
    """A sixth of the validation characters, in all nine actions."""
    clips = data.load("sprites", "validation", sprites_folder)
    some = torch.arange(144)
    few = Clips(clips.frames[some], clips.labels[some], clips.factors)
    model = RWAE.from_pretrained(ROOT / "checkpoints" / "sprites")
    scores = score_model(
        model, few, Judge.load(JUDGES / "sprites"), torch.Generator().manual_seed(0)
    )
    assert scores.number(SWAP.joint) > 0.95
    assert scores.number(PRIOR_DYNAMIC.joint) > 0.95
    assert scores.number(PRIOR_STATIC.joint) > 0.98
