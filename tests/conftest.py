"""What several tests share: a model that is small enough to train, and where real data may be."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from rwae import RWAE, ModelConfig
from rwae.data.clips import Clips
from rwae.factors import Factor
from rwae.training.state import TrainState

ROOT = Path(__file__).resolve().parent.parent
DATA = (
    ROOT / "data",  # where the README's downloads put them
    ROOT.parent / "shared" / "data",
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
def real_data() -> Callable[[str], Path]:
    """Finds the real files of a data set, by the name of its download; skips without them."""

    def find(name: str) -> Path:
        found = next((folder / name for folder in DATA if (folder / name).is_dir()), None)
        if found is None:
            pytest.skip(f"no real {name}: python -m rwae.data.download {name} fetches it")
        return found

    return find


@pytest.fixture(scope="session")
def sprites_folder(real_data: Callable[[str], Path]) -> Path:
    """The real sprite sheets, where they are at hand."""
    return real_data("sprites")


def normal(*shape: int, seed: int = 0, shift: float = 0.0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64) + shift


@pytest.fixture(scope="session")
def square_clips() -> Clips:
    """A square of one of four colours that moves one of two ways: (24, 4, 3, 32, 32)."""
    frames = torch.zeros(24, 4, 3, 32, 32, dtype=torch.uint8)
    labels = torch.zeros(24, 2, dtype=torch.long)
    for n in range(24):
        colour, motion = n % 4, n // 4 % 2
        for t in range(4):
            row, column = (8 + 3 * t, 10) if motion else (12, 6 + 4 * t)
            frames[n, t, colour % 3, row : row + 6, column : column + 6] = 255 - 80 * (colour == 3)
        labels[n] = torch.tensor([colour, motion])
    factors = (Factor("colour", tuple("rgbd"), True), Factor("way", ("across", "down"), False))
    return Clips(frames, labels, factors)


@contextmanager
def death_after_saving() -> Iterator[None]:
    """A run inside dies as soon as it has saved its state for the first time."""
    saved = TrainState.save

    def die(self: TrainState, folder: Path) -> None:
        saved(self, folder)
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TrainState, "save", die)
        with pytest.raises(KeyboardInterrupt):
            yield
