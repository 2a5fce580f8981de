"""What several tests share: a model that is small enough to train, and where real data may be."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch

from rwae import RWAE, Codes, ModelConfig
from rwae.codes import Factor
from rwae.data.clips import Clips
from rwae.editing.studio import Studio
from rwae.training.state import TrainState

if TYPE_CHECKING:
    from serving import RunningApp

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


# Fixtures that start an app.
STARTED_APPS = {"small_app", "models_app", "space_app"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks every test as slow that needs a started app or a browser."""
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        if STARTED_APPS.intersection(fixtures) or item.path.parent.name == "browser":
            item.add_marker(pytest.mark.slow)


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


@dataclass
class Form:
    """What Gradio makes of a form with files."""

    files: list[tuple[str, bytes]] = field(default_factory=list)
    data: dict[str, str] = field(default_factory=dict)


@pytest.fixture
def studio_name() -> str:
    return "tiny"


@pytest.fixture
def studio(tiny: RWAE, generator: torch.Generator, studio_name: str) -> Studio:
    """The small model with a gallery of random codes."""
    size = tiny.config
    gallery = Codes(
        torch.randn(20, size.static_size, generator=generator),
        torch.randn(20, size.frames, size.dynamic_size, generator=generator),
    )
    return Studio(tiny, gallery, studio_name)


@pytest.fixture
def server(studio: Studio) -> dict[str, Any]:
    """What the page may ask of the server, by name."""
    from rwae.ui.endpoints import page_functions  # slow to import, and most tests need none of it
    from rwae.ui.loaded_models import LoadedModels

    return {function.__name__: function for function in page_functions(LoadedModels([studio]))}


@pytest.fixture
def clip(studio: Studio) -> dict[str, Any]:
    """The codes of an example, as the page holds them."""
    from rwae.ui import payloads

    return payloads.codes_to_json(studio.examples[[0]])[0]


@pytest.fixture(scope="session")
def small_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator["RunningApp"]:
    """An app with one small model."""
    from serving import running, small_checkpoint

    model = small_checkpoint(tmp_path_factory.mktemp("models") / "small")
    with running([model], tmp_path_factory.mktemp("cache")) as app:
        yield app


@pytest.fixture(scope="session")
def models_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator["RunningApp"]:
    """An app with a small model of each kind: those of `serving.MODELS`."""
    from serving import MODELS, running, small_checkpoint

    root = tmp_path_factory.mktemp("models")
    models = [small_checkpoint(root / name, **settings) for name, settings in MODELS.items()]
    with running(models, tmp_path_factory.mktemp("cache")) as app:
        yield app


@pytest.fixture(scope="session")
def space_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator["RunningApp"]:
    """The app with the files of a Space alone, whose one named model cannot be fetched.

    The packages that the app must not need are missing as well.
    """
    from fake_hub import environment, fake_hub
    from serving import MISSING_MODEL, RunningApp, app, copy_space

    folder = tmp_path_factory.mktemp("space")
    root, cache = folder / "project", folder / "cache"
    copy_space(root)
    for name in ("training", "evaluation", "data", "benchmark"):
        shutil.rmtree(root / "rwae" / name)
    cache.mkdir()
    with fake_hub() as hub:  # which is gone when the app asks it
        variables = environment(hub, folder / "home") | {"RWAE_MODELS": MISSING_MODEL}
    with app([], cache, root, variables) as address:
        yield RunningApp(address, {"small": root / "checkpoints" / "small"}, cache)


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
