"""What several tests share: a model that is small enough to train, and where real data may be."""

from pathlib import Path

import pytest
import torch

from rwae import RWAE, ModelConfig

ROOT = Path(__file__).resolve().parent.parent
SPRITES = (
    ROOT / "data" / "sprites",  # where the README's download puts them
    ROOT.parent / "shared" / "data" / "sprites",
)

TINY = ModelConfig(
    frame_size=32,
    crop_top=4,
    crop_left=2,
    crop_size=24,
    frames=4,
    static_size=6,
    dynamic_size=4,
    static_width=16,
    dynamic_width=8,
    decoder_width=16,
    hidden_size=16,
    prior_components=3,
)


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture
def tiny() -> RWAE:
    """A small model with random weights, in evaluation mode."""
    torch.manual_seed(0)
    return RWAE(TINY).eval()


@pytest.fixture(scope="session")
def sprites_folder() -> Path:
    """The real sprite sheets, where they are at hand."""
    found = next((folder for folder in SPRITES if folder.is_dir()), None)
    if found is None:
        pytest.skip("no real sprites: python -m rwae.data.download sprites fetches them")
    return found
