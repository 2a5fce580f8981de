"""torch.export of encoders and decoders: the exported program computes the same."""

import dataclasses
from pathlib import Path

import pytest
import torch
from conftest import TINY
from test_objects import SMALL
from torch.export import Dim, export, load, save

from rwae import Codes, ModelConfig
from rwae.errors import ClipError
from rwae.models.base import CodeModel
from rwae.models.registry import build_model

# torch warns of weights that are views of others, as an LSTM's are.
pytestmark = pytest.mark.filterwarnings(
    "ignore::UserWarning:torch", "ignore::UserWarning:contextlib"
)
CLIPS, FRAMES = Dim("clips", min=1, max=1024), Dim("frames", min=2, max=1024)
MOCOGAN = dataclasses.replace(TINY, family="mocogan")
WEAK = dataclasses.replace(TINY, actions=3)


def model(config: ModelConfig) -> CodeModel:
    torch.manual_seed(0)
    return build_model(config).eval()


def draw(made: CodeModel, clips: int, frames: int) -> Codes:
    return made.sample(clips, frames=frames, generator=torch.Generator().manual_seed(clips))


@pytest.mark.slow
@pytest.mark.parametrize("config", [TINY, MOCOGAN, SMALL], ids=lambda c: c.family)
def test_an_exported_decoder_decodes_any_number_of_clips_and_frames(
    config: ModelConfig, tmp_path: Path
) -> None:
    made = model(config)
    codes = draw(made, 2, 4)
    shapes = {"static": {0: CLIPS}, "dynamic": {0: CLIPS, 1: FRAMES}}
    program = export(made.decoder_module(), (codes.static, codes.dynamic), dynamic_shapes=shapes)
    save(program, tmp_path / "decoder.pt2")
    exported = load(tmp_path / "decoder.pt2").module()
    for other in (draw(made, 1, 9), draw(made, 5, 2)):
        torch.testing.assert_close(
            exported(other.static, other.dynamic), made.decode(other), rtol=0, atol=1e-6
        )


@pytest.mark.slow
@pytest.mark.parametrize("config", [TINY, WEAK], ids=["unsupervised", "weak"])
def test_an_exported_encoder_encodes_any_number_of_clips(config: ModelConfig) -> None:
    made = model(config)
    x = torch.rand(5, 4, 3, 32, 32)
    program = export(made.encoder_module(), (x[:2],), dynamic_shapes={"x": {0: CLIPS}})
    codes = made.encode(x)
    expected = tuple(z for z in (codes.static, codes.dynamic, codes.action) if z is not None)
    torch.testing.assert_close(program.module()(x), expected, rtol=0, atol=1e-6)


def test_an_exported_decoder_infers_the_action_of_a_weakly_supervised_model() -> None:
    made = model(WEAK)
    codes = draw(made, 2, 4)
    program = export(made.decoder_module(), (codes.static, codes.dynamic))
    expected = made.decode(Codes(codes.static, codes.dynamic))
    torch.testing.assert_close(
        program.module()(codes.static, codes.dynamic), expected, rtol=0, atol=1e-6
    )


@pytest.mark.parametrize("config", [MOCOGAN, SMALL], ids=lambda c: c.family)
def test_an_encoder_that_cannot_be_exported_says_so(config: ModelConfig) -> None:
    with pytest.raises(ClipError, match=r"export its decoder|cannot encode"):
        model(config).encoder_module()


def test_a_model_without_an_encoder_says_so() -> None:
    with pytest.raises(ClipError, match=r"mocogan .* cannot encode"):
        model(MOCOGAN).encode(torch.zeros(1, 4, 3, 32, 32))
