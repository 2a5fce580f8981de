"""Learning a character at test time: what gets better, and what stays."""

import dataclasses

import pytest
import torch

from rwae import Codes, ModelConfig, adapt, load
from rwae.errors import CancelledError, ClipError, CodesError
from rwae.files import checkpoint, installation
from rwae.files.learned_file import learned_model, pack_learned, unpack_learned
from rwae.models.base import CodeModel
from rwae.models.mocogan import MoCoGAN
from rwae.models.rwae import RWAE
from rwae.uploads.adapt import Adapted, Progress, with_learned_decoder
from rwae.uploads.assess import squared_error

STEPS = 16


@pytest.fixture(scope="module")
def model() -> CodeModel:
    return load(installation.checkpoints() / "sprites")


@pytest.fixture(scope="module")
def gallery() -> Codes:
    return checkpoint.read_gallery(installation.checkpoints() / "sprites")


@pytest.fixture(scope="module")
def stranger(model: CodeModel, gallery: Codes) -> torch.Tensor:
    """Two clips of a character in colours that no training character has, (2, 8, 3, 64, 64)."""
    codes = gallery[[3, 4]].with_static(gallery.static[[3, 3]])
    return model.decode(codes).flip(2).pow(0.7)


@pytest.fixture(scope="module")
def learned(model: CodeModel, gallery: Codes, stranger: torch.Tensor) -> Adapted:
    return adapt(model, stranger, steps=STEPS, known=gallery)


def test_the_given_clips_come_closer(learned: Adapted) -> None:
    assert learned.steps == STEPS
    assert (learned.after.error < 0.8 * learned.before.error).all()


def test_all_clips_share_one_static_code(learned: Adapted) -> None:
    assert torch.equal(learned.codes.static[0], learned.codes.static[1])
    assert not torch.equal(learned.codes.dynamic[0], learned.codes.dynamic[1])


def test_the_original_stays_and_shares_all_but_the_decoder(
    model: CodeModel, learned: Adapted
) -> None:
    fresh = load(installation.checkpoints() / "sprites").state_dict()
    own, copied = model.state_dict(keep_vars=True), learned.model.state_dict(keep_vars=True)
    for name, tensor in own.items():
        assert torch.equal(tensor, fresh[name])
        assert (copied[name] is tensor) == (not name.startswith("decoder."))
    assert not any(tensor.requires_grad for tensor in copied.values())


def test_known_characters_are_drawn_about_as_before(
    model: CodeModel, gallery: Codes, learned: Adapted
) -> None:
    known = gallery[100:120]
    apart = squared_error(model.decode(known), learned.model.decode(known))
    assert apart.mean() < model.decode(known).square().sum((2, 3, 4)).mean() / 10


def test_the_same_generator_gives_the_same_copy(
    model: CodeModel, gallery: Codes, stranger: torch.Tensor, learned: Adapted
) -> None:
    again = adapt(model, stranger, steps=STEPS, known=gallery)
    assert torch.equal(again.codes.static, learned.codes.static)
    other = torch.Generator().manual_seed(1)
    different = adapt(model, stranger, steps=STEPS, known=gallery, generator=other)
    assert not torch.equal(different.codes.static, learned.codes.static)


def test_the_decoder_stays_for_a_character_that_is_known(model: CodeModel, gallery: Codes) -> None:
    learned = adapt(model, model.decode(gallery[[7, 8]]), known=gallery, steps=STEPS)
    copied = learned.model.decoder.state_dict()
    assert all(torch.equal(copied[name], own) for name, own in model.decoder.state_dict().items())


def test_a_known_character_that_is_drawn_badly_is_learned(
    model: CodeModel, gallery: Codes, stranger: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model whose own clips are blurred knows nearly everything."""
    assert model.domain is not None
    lenient = dataclasses.replace(model.domain, error_limit=1e4, difference_limit=1e4)
    monkeypatch.setattr(model, "domain", lenient)
    learned = adapt(model, stranger, steps=STEPS, known=gallery)
    assert learned.before.known is not None
    assert learned.before.known.all()
    assert (learned.after.error < 0.8 * learned.before.error).all()


def test_drafts_are_learned_as_well_and_their_codes_are_not_returned(
    model: CodeModel, gallery: Codes, stranger: torch.Tensor
) -> None:
    """The second clip as a draft: it comes closer than where only the first is given."""
    motion = model.encode(stranger[1:])

    def error(copy: Adapted) -> float:
        static = copy.codes.static[:1]
        drawn = copy.model.decode(motion.with_static(static))
        return float(squared_error(stranger[1:], drawn))

    alone = adapt(model, stranger[:1], steps=STEPS, known=gallery)
    drafted = adapt(model, stranger[:1], drafts=stranger[1:], steps=STEPS, known=gallery)
    assert len(drafted.codes) == len(drafted.after.error) == 1
    assert error(drafted) < 0.9 * error(alone)
    with pytest.raises(ClipError, match="33 drafts"):
        adapt(model, stranger[:1], drafts=stranger[:1].expand(33, -1, -1, -1, -1))
    with pytest.raises(ClipError, match="shape"):
        adapt(model, stranger, drafts=stranger[:, :, :, :9])


def test_a_stopped_learning_leaves_nothing(
    model: CodeModel, gallery: Codes, stranger: torch.Tensor
) -> None:
    seen: list[Progress] = []

    def stop(progress: Progress) -> bool:
        seen.append(progress)
        return False

    with pytest.raises(CancelledError):
        adapt(model, stranger, steps=STEPS, known=gallery, progress=stop)
    assert [progress.step for progress in seen] == [5]


@pytest.mark.parametrize(
    "change",
    [
        {"actions": 3, "prior_components": 1},
        {"recurrent_decoder": True},
        {"learned_background": True, "late_film_width": 16},
    ],
)
def test_every_form_of_decoder_learns(change: dict[str, object]) -> None:
    sizes = {"frames": 4, "frame_size": 32, "crop_size": 32, "static_width": 16}
    narrow = {"dynamic_width": 16, "decoder_width": 16, "hidden_size": 16}
    config = dataclasses.replace(ModelConfig(), **{**sizes, **narrow, **change})
    torch.manual_seed(0)
    small = RWAE(config).eval().requires_grad_(False)
    x = torch.rand(2, 4, 3, 32, 32)
    learned = adapt(small, x, steps=8)
    assert learned.after.error.mean() < learned.before.error.mean()
    assert (learned.codes.action is None) == ("actions" not in change)


@pytest.mark.parametrize("steps", [0, 1001])
def test_a_number_of_steps_out_of_range_is_refused(
    model: CodeModel, stranger: torch.Tensor, steps: int
) -> None:
    with pytest.raises(CodesError, match=str(steps)):
        adapt(model, stranger, steps=steps)


def test_too_many_clips_and_other_models_are_refused(
    model: CodeModel, stranger: torch.Tensor
) -> None:
    with pytest.raises(ClipError, match="17"):
        adapt(model, stranger[:1].expand(17, -1, -1, -1, -1))
    config = dataclasses.replace(ModelConfig(), family="mocogan")
    with pytest.raises(ClipError, match="mocogan"):
        adapt(MoCoGAN(config), stranger)


def test_a_saved_character_is_drawn_the_same_within_a_level(
    model: CodeModel, learned: Adapted
) -> None:
    original = model.decoder.state_dict()
    state = learned.model.decoder.state_dict()
    data = pack_learned(state, original, learned.codes, "sprites", "digest")
    assert len(data) < 0.6 * sum(4 * part.numel() for part in state.values())
    assert learned_model(data) == ("sprites", "digest")
    read, codes = unpack_learned(data, original, "digest")
    again = with_learned_decoder(model, read).decode(codes)
    assert (again - learned.after.redrawn).abs().max() < 1 / 255
