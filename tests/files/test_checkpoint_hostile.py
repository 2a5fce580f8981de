"""Whatever the files of a checkpoint hold, loading them ends soon and, if not well, in words."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from conftest import ROOT, TINY
from hostile_inputs import CONFIGURATIONS, SPOILED, headed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save
from serving import small_checkpoint

from rwae import RWAEError, load
from rwae.config import FAMILIES, SWITCHES, ModelConfig
from rwae.errors import CheckpointError, ConfigError
from rwae.files.checkpoint import CONFIG_FILE, GALLERY_FILE, WEIGHTS_FILE, read_gallery
from rwae.models.registry import build_model

GOOD = TINY.to_dict()
PROPERTY = settings(
    max_examples=40,
    deadline=3000,  # milliseconds
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return small_checkpoint(tmp_path / "model")


@contextmanager
def checkpoint_of(config: bytes, weights: bytes) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / CONFIG_FILE).write_bytes(config)
        (Path(name) / WEIGHTS_FILE).write_bytes(weights)
        yield Path(name)


def loads_or_says_why(config: bytes, weights: bytes) -> None:
    """Anything but an RWAEError of one short line comes through and fails the test."""
    with checkpoint_of(config, weights) as place:
        try:
            load(place)
        except RWAEError as error:
            said = str(error).replace(str(place), "")
            assert 20 < len(said) < 600
            assert said.isprintable()
            assert said.endswith(".")


@PROPERTY
@given(config=st.binary(max_size=300), weights=st.binary(max_size=300))
def test_any_bytes(config: bytes, weights: bytes) -> None:
    loads_or_says_why(config, weights)
    loads_or_says_why(json.dumps(GOOD).encode(), weights)


@PROPERTY
@given(settings=JSON)
def test_any_json_as_a_configuration(settings: object) -> None:
    loads_or_says_why(json.dumps(settings).encode(), b"")


@PROPERTY
@given(name=st.sampled_from(sorted(GOOD)), value=JSON)
def test_any_value_of_a_setting(name: str, value: object) -> None:
    loads_or_says_why(json.dumps(GOOD | {name: value}).encode(), headed({}))


WIDTHS = ("static_width", "dynamic_width", "decoder_width", "hidden_size", "prior_components")
CODES = ("frames", "static_size", "dynamic_size", "actions")


@PROPERTY
@given(
    family=st.sampled_from(FAMILIES),
    crop=st.integers(1, 16).map(lambda n: 8 * n),
    margin=st.integers(0, 40),
    sizes=st.fixed_dictionaries({name: st.integers(1, 300) for name in (*WIDTHS, *CODES)}),
    switches=st.fixed_dictionaries({name: st.booleans() for name in SWITCHES}),
)
def test_any_sizes_make_a_model_or_a_sentence(
    family: str, crop: int, margin: int, sizes: dict, switches: dict
) -> None:
    """A configuration that is taken is one that a model can be built from."""
    square = {"crop_size": crop, "frame_size": crop + margin, "crop_top": margin, "crop_left": 0}
    config = json.dumps(GOOD | {"family": family} | square | sizes | switches).encode()
    loads_or_says_why(config, headed({}))


@PROPERTY
@given(header=JSON, data=st.binary(max_size=64))
def test_any_header(header: object, data: bytes) -> None:
    loads_or_says_why(json.dumps(GOOD).encode(), headed(header, data))


def header_of_a_model() -> dict[str, dict]:
    """What a file of TINY's weights says of its tensors."""
    with torch.device("meta"):
        weights = build_model(TINY).state_dict()
    at, header = 0, {}
    for name, tensor in weights.items():
        end = at + tensor.numel() * tensor.itemsize
        kind = "F32" if tensor.is_floating_point() else "I64"
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [at, end]}
        at = end
    return header


HEADER = header_of_a_model()
ENTRY = st.fixed_dictionaries(
    {
        "dtype": st.sampled_from(["F32", "I64", "F8_E5M2", "Q9"]) | JSON,
        "shape": st.lists(st.integers(-(2**70), 2**70), max_size=3) | JSON,
        "data_offsets": st.lists(st.integers(-9, 2**65), min_size=2, max_size=2) | JSON,
    }
)


@PROPERTY
@given(entry=ENTRY, data=st.binary(max_size=64))
def test_any_entry_of_a_header(folder: Path, entry: dict, data: bytes) -> None:
    """Each needed tensor is there by name; what is said of one of them is anything."""
    header = HEADER | {next(iter(HEADER)): entry}
    loads_or_says_why(json.dumps(GOOD).encode(), headed(header, data))
    (folder / GALLERY_FILE).write_bytes(headed({"static": entry}, data))
    with pytest.raises(CheckpointError, match=GALLERY_FILE):
        read_gallery(folder)


@pytest.mark.parametrize("kind", CONFIGURATIONS)
def test_a_configuration_that_is_none(folder: Path, kind: str) -> None:
    (folder / CONFIG_FILE).write_bytes(CONFIGURATIONS[kind])
    with pytest.raises(ConfigError) as caught:
        load(folder)
    assert len(str(caught.value)) < 600


def test_a_configuration_of_a_hundred_megabytes_is_not_read(folder: Path) -> None:
    with open(folder / CONFIG_FILE, "wb") as file:
        file.truncate(100 * 2**20)  # a hole: the disk holds nothing
    start = time.monotonic()
    with pytest.raises(ConfigError, match="104,857,600 bytes"):
        load(folder)
    assert time.monotonic() - start < 0.5


@pytest.mark.parametrize("kind", SPOILED)
def test_a_header_that_lies(folder: Path, kind: str) -> None:
    path = folder / WEIGHTS_FILE
    path.write_bytes(SPOILED[kind](path.read_bytes()))
    with pytest.raises(CheckpointError):
        load(folder)


def test_a_gallery_without_a_clip(folder: Path) -> None:
    empty = {"static": torch.zeros(0, 6), "dynamic": torch.zeros(0, 4, 4)}
    (folder / GALLERY_FILE).write_bytes(save(empty))
    with pytest.raises(CheckpointError, match="0 clips"):
        read_gallery(folder)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("hole", "told"),
    [(False, "the configuration needs"), (True, "not a readable safetensors file")],
)
def test_the_largest_model_that_can_be_asked_for_takes_no_memory(
    folder: Path, hole: bool, told: str
) -> None:
    """Eighteen gigabytes of weights are promised; the process may have two beside its code."""
    most = {"static_width": 1024, "dynamic_width": 1024, "decoder_width": 1024}
    huge = most | {"hidden_size": 2048, "static_size": 512, "dynamic_size": 512}
    config = ModelConfig(**huge, frame_size=256, crop_size=256, prior_components=256)
    (folder / CONFIG_FILE).write_text(json.dumps(config.to_dict()))
    if hole:  # the file is as large as may be, and the disk holds little of it
        with open(folder / WEIGHTS_FILE, "r+b") as file:
            file.truncate(2**30)
    code = (
        "import resource, sys, rwae\n"
        f"resource.setrlimit(resource.RLIMIT_DATA, ({2 * 2**30}, {2 * 2**30}))\n"
        "try:\n    rwae.load(sys.argv[1])\nexcept rwae.RWAEError as error:\n    print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        cwd=ROOT, text=True, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert told in done.stdout, done.stderr
