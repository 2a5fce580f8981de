"""The decoder for browsers draws what the model draws, the same bits everywhere."""

import dataclasses
import gzip
import hashlib

import numpy as np
import pytest
import torch
from conftest import ROOT, TINY
from kernel_host import Host
from test_objects import SMALL

from rwae import Codes, ModelConfig
from rwae.errors import ConfigError
from rwae.files import checkpoint, filmstrip
from rwae.models import registry
from rwae.models.base import CodeModel
from rwae.models.kernel import KERNEL, MAX_FRAMES, pack, pack_encoder
from rwae.models.kernel.__main__ import compile_kernel, compiler_installed
from rwae.ui.payloads import MAX_CLIP_FRAMES

SHIPPED = sorted(path.parent for path in (ROOT / "checkpoints").glob("*/config.json"))
KINDS = {
    "rwae": TINY,
    "odd": dataclasses.replace(TINY, decoder_width=20, hidden_size=13, crop_size=8),
    "background": dataclasses.replace(TINY, learned_background=True, late_film_width=12),
    "weak": dataclasses.replace(TINY, actions=3, hidden_size=10),
    "mocogan": dataclasses.replace(TINY, family="mocogan"),
    "objects": SMALL,
}
# Of two clips of the model `seeded(TINY)`: a change of any bit of the pictures changes it.
GOLDEN = "df40c00cc39f6a3579dd3f7dccec92c8c172861a95862aab4ca65ba385663602"


def seeded(config: ModelConfig) -> CodeModel:
    """A model whose weights, and statistics of batch norm, come from NumPy's generator."""
    model, draw = registry.build_model(config).eval(), np.random.default_rng(0)
    for name, values in model.state_dict().items():
        drawn = torch.from_numpy(draw.standard_normal(tuple(values.shape) or 1)).view_as(values)
        if name.endswith("running_var"):
            drawn = 0.5 + drawn.abs()
        elif values.ndim > 1:
            drawn = 1.5 * drawn / values[0].numel() ** 0.5
        values.copy_(drawn)
    return model


def codes_of(config: ModelConfig, clips: int, frames: int) -> Codes:
    draw = np.random.default_rng(1)
    shapes = (clips, config.static_size), (clips, frames, config.dynamic_size)
    return Codes(*(torch.from_numpy(draw.standard_normal(s).astype(np.float32)) for s in shapes))


def host_of(model: CodeModel) -> Host:
    return Host(pack(model), model.config.frame_size)


def differences(model: CodeModel, codes: Codes) -> np.ndarray:
    """By how many grey levels each byte of the kernel is off that of `decode`."""
    drawn = host_of(model).decode(codes)
    assert (drawn[..., 3] == 255).all()
    expected = filmstrip.to_bytes(model.decode(codes))
    return np.abs(drawn[..., :3].astype(int) - expected)


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_a_shipped_model_draws_in_the_kernel_what_decode_draws(folder) -> None:
    model = registry.load(folder)
    gallery = checkpoint.read_gallery(folder, checkpoint.weights_digest(model))
    off = differences(model, gallery[:4])
    assert off.max() <= 1
    assert (off > 0).mean() <= 5e-5


@pytest.mark.parametrize("config", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("frames", [1, 5])
def test_each_kind_of_decoder_is_drawn_at_any_width_and_length(
    config: ModelConfig, frames: int
) -> None:
    off = differences(seeded(config), codes_of(config, 3, frames))
    assert off.max() <= 1
    assert (off > 0).mean() <= 1e-3, "of few values, whose weights are large"


@pytest.mark.parametrize("kind", ["rwae", "objects"])
def test_a_frame_has_the_same_bits_alone_and_in_a_clip(kind: str) -> None:
    host, codes = host_of(seeded(KINDS[kind])), codes_of(KINDS[kind], 3, 7)
    together = host.decode(codes)
    for frame in (6, 0, 3):
        alone = Codes(codes.static, codes.dynamic[:, frame : frame + 1])
        assert (host.decode(alone)[:, 0] == together[:, frame]).all()


def test_the_pictures_of_a_seeded_model_have_these_bits() -> None:
    model = seeded(TINY)
    drawn = host_of(model).decode(codes_of(TINY, 2, 3))
    assert len(np.unique(drawn)) > 100, "pictures, and not one colour"
    assert hashlib.sha256(drawn.tobytes()).hexdigest() == GOLDEN


# The encoder.

ENCODERS = {
    "rwae": TINY,
    "odd": dataclasses.replace(TINY, static_width=20, dynamic_width=12, hidden_size=13),
    "learned noise": dataclasses.replace(TINY, learned_noise=True),
    "weak": dataclasses.replace(TINY, actions=3),
}
ENCODED_BY_BROWSERS = [path for path in SHIPPED if not path.name.endswith(("mocogan", "mnist"))]


def assert_same_codes(model: CodeModel, clips: np.ndarray) -> None:
    """Whether the kernel infers from clips (B, T, S, S, 3) what `encode` infers."""
    config = model.config
    host = Host(pack_encoder(model), config.frame_size)
    found = host.encode(clips, (config.static_size, config.dynamic_size))
    expected = model.encode(filmstrip.from_bytes(clips))
    assert torch.allclose(found.static, expected.static, atol=1e-4)
    assert torch.allclose(found.dynamic, expected.dynamic, atol=1e-4)
    again = host.encode(clips[-1:], (config.static_size, config.dynamic_size))
    assert torch.equal(again.static, found.static[-1:]), "a clip does not change the next one"


@pytest.mark.parametrize("folder", ENCODED_BY_BROWSERS, ids=lambda folder: folder.name)
def test_a_shipped_model_infers_in_the_kernel_what_encode_infers(folder) -> None:
    model = registry.load(folder)
    gallery = checkpoint.read_gallery(folder, checkpoint.weights_digest(model))
    assert_same_codes(model, filmstrip.to_bytes(model.decode(gallery[:2])))


@pytest.mark.parametrize("config", ENCODERS.values(), ids=ENCODERS)
def test_each_kind_of_encoder_is_run(config: ModelConfig) -> None:
    draw, side = np.random.default_rng(2), config.frame_size
    clips = draw.integers(0, 256, (2, config.frames, side, side, 3), np.uint8)
    assert_same_codes(seeded(config), clips)


@pytest.mark.parametrize(
    "config",
    [KINDS["mocogan"], KINDS["objects"], dataclasses.replace(TINY, recurrent_static=True)],
    ids=["mocogan", "objects", "recurrent static"],
)
def test_a_model_whose_clips_the_kernel_cannot_read_is_refused_in_a_sentence(
    config: ModelConfig,
) -> None:
    with pytest.raises(ConfigError, match=r"cannot read clips .*\.$"):
        pack_encoder(seeded(config))


def test_the_same_weights_give_the_same_file() -> None:
    assert pack_encoder(seeded(TINY)) == pack_encoder(seeded(TINY))
    assert pack(seeded(KINDS["weak"])) == pack(seeded(KINDS["weak"]))


def test_a_file_that_was_cut_off_or_changed_is_not_opened() -> None:
    file = pack(seeded(TINY))
    middle = len(file) // 2
    changed = file[:middle] + bytes([file[middle] ^ 1]) + file[middle + 1 :]
    assert Host(file, TINY.frame_size).opened
    for damaged in (changed, file[:-4], file[:40], b"", b"<html>" * 100):
        assert not Host(damaged, TINY.frame_size).opened


@pytest.mark.parametrize(
    "other", [{"recurrent_decoder": True}, {"decoder_width": 512, "crop_size": 256}]
)
def test_a_decoder_that_the_kernel_cannot_run_is_refused_in_a_sentence(other: dict) -> None:
    config = dataclasses.replace(
        TINY, **{"frame_size": 256, "crop_top": 0, "crop_left": 0} | other
    )
    with pytest.raises(ConfigError, match=r"the server decodes\.$"):
        pack(registry.build_model(config).eval())


def test_kernel_and_weights_are_small() -> None:
    assert KERNEL.stat().st_size < 15_000
    assert len(gzip.compress(pack(registry.load(ROOT / "checkpoints" / "sprites")))) < 3_100_000


def test_the_longest_clip_of_the_page_fits() -> None:
    assert MAX_FRAMES >= MAX_CLIP_FRAMES


def test_the_kernel_is_what_its_source_gives() -> None:
    if not compiler_installed():
        pytest.skip("ziglang is not installed: see rwae/models/kernel/__main__.py")
    assert compile_kernel() == KERNEL.read_bytes()
