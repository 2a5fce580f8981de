"""The studio: a model with its examples, safe to call from threads, and the directions."""

import dataclasses
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import TINY
from serving import small_checkpoint

from rwae import RWAE, Codes, RWAEError, runtime
from rwae.editing import studio as studio_module
from rwae.editing.directions import principal_directions, sweep_dynamic, sweep_static
from rwae.editing.studio import Studio, farthest_point_sample, swap
from rwae.errors import CheckpointError, ClipError, CodesError, ConfigError
from rwae.files import checkpoint
from rwae.models import registry


@pytest.fixture
def studio(tiny: RWAE, generator: torch.Generator) -> Studio:
    size = tiny.config
    gallery = Codes(
        torch.randn(30, size.static_size, generator=generator),
        torch.randn(30, size.frames, size.dynamic_size, generator=generator),
    )
    return Studio(tiny, gallery, "tiny")


def test_swapping_twice_is_the_identity(studio: Studio) -> None:
    a, b = studio.examples[[0]], studio.examples[[1]]
    once = swap(a, b), swap(b, a)
    assert torch.equal(once[0].static, a.static)
    assert torch.equal(once[0].dynamic, b.dynamic)
    assert torch.equal(swap(*once).dynamic, a.dynamic)


def test_decode_agrees_with_the_model(studio: Studio) -> None:
    codes = studio.gallery[:5]
    expected = studio.model.decode(codes).movedim(2, -1).numpy() * 255
    clips = studio.decode(codes)
    assert clips.dtype == np.uint8
    assert np.abs(clips - expected).max() <= 0.5 + 1e-3


def test_many_frames_are_decoded_in_parts(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = studio.decode(studio.gallery)
    monkeypatch.setattr(studio_module, "_FRAMES_AT_ONCE", 9)
    assert np.abs(studio.decode(studio.gallery).astype(int) - whole).max() <= 1


def test_sample_repeats_for_a_seed_and_extend_keeps_the_beginning(studio: Studio) -> None:
    first, again = (studio.sample(3, seed=4, frames=5) for _ in range(2))
    assert torch.equal(first.dynamic, again.dynamic)
    assert not torch.equal(first.static, studio.sample(3, seed=5, frames=5).static)
    longer = studio.extend(first, 6, seed=1)
    assert longer.dynamic.shape[1] == 11
    assert torch.equal(longer.dynamic[:, :5], first.dynamic)


def test_a_model_without_an_encoder_refuses_to_encode_and_does_the_rest() -> None:
    rival = registry.build_model(dataclasses.replace(TINY, family="mocogan")).eval()
    studio = Studio(rival, rival.sample(20), "rival")
    with pytest.raises(ClipError, match="rival draws clips but cannot turn one into codes"):
        studio.encode(torch.rand(1, 4, 3, 32, 32))
    drawn = studio.sample(2, seed=1, frames=4)
    assert studio.decode(swap(drawn[[0]], drawn[[1]])).shape == (1, 4, 32, 32, 3)


def test_an_action_is_drawn_from_a_weakly_supervised_model() -> None:
    weak = registry.build_model(dataclasses.replace(TINY, actions=3)).eval()
    studio = Studio(weak, weak.sample(20), "weak")
    assert studio.gallery.action is None
    drawn = [studio.sample(4, seed=1, frames=4, action=action) for action in (0, 2)]
    assert torch.equal(drawn[0].static, drawn[1].static)
    assert drawn[1].action.argmax(1).tolist() == [2] * 4
    with pytest.raises(CodesError, match="from 0 to 2"):
        studio.sample(4, seed=1, frames=4, action=3)


def test_threads_get_what_a_single_caller_gets(studio: Studio) -> None:
    expected = studio.decode(studio.gallery[:1])
    seen: list[np.ndarray] = []
    callers = [
        threading.Thread(target=lambda: seen.append(studio.decode(studio.gallery[:1])))
        for _ in range(8)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len(seen) == 8
    assert all(np.array_equal(clip, expected) for clip in seen)


def test_a_busy_model_says_so(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(studio_module, "MAX_WAIT_SECONDS", 0.05)
    with studio._lock, pytest.raises(RWAEError, match="busy"):
        studio.decode(studio.gallery[:1])


def test_principal_directions_find_what_the_pictures_depend_on(generator: torch.Generator) -> None:
    codes = torch.randn(4000, 6, generator=generator) * torch.tensor([1, 2, 1, 0.5, 1, 1])
    pictures = torch.stack([3 * codes[:, 3] / 0.5, codes[:, 1] / 2], 1).unsqueeze(2)
    basis = principal_directions(codes, pictures)
    # The picture depends on numbers 3 and 1 alone, nine times as much on the first in variance.
    assert basis.write[0].abs().argmax() == 3
    assert basis.write[1].abs().argmax() == 1
    assert basis.share[:2].tolist() == pytest.approx([0.9, 0.1], abs=0.02)
    assert basis.share.diff().max() <= 1e-6
    assert basis.coordinates(codes).std(0).tolist() == pytest.approx([1.0] * 2, abs=0.02)


def test_moving_a_coordinate_moves_no_other(studio: Studio) -> None:
    for basis, codes in (
        (studio.static_basis, studio.gallery.static),
        (studio.dynamic_basis, studio.gallery.dynamic),
    ):
        before = basis.coordinates(codes)
        after = basis.coordinates(basis.move(codes, 1, 0.7))
        shift = torch.zeros(len(basis.share))
        shift[1] = 0.7
        assert torch.allclose(after - before, shift.expand_as(before), atol=1e-4)


def test_directions_need_codes_that_differ() -> None:
    with pytest.raises(CodesError, match="differ"):
        principal_directions(torch.ones(5, 3), torch.rand(5, 2))
    with pytest.raises(CodesError, match="two or more"):
        principal_directions(torch.ones(1, 3), torch.rand(1, 2))


def test_a_sweep_keeps_the_other_code(studio: Studio) -> None:
    one, amounts = studio.examples[[2]], torch.linspace(-2, 2, 5)
    who = sweep_static(one, studio.static_basis, 0, amounts)
    assert torch.equal(who.dynamic, one.dynamic.expand(5, -1, -1))
    assert torch.equal(who.static[2], one.static[0])
    motion = sweep_dynamic(one, studio.dynamic_basis, 0, amounts)
    assert torch.equal(motion.static, one.static.expand(5, -1))
    assert torch.equal(motion.dynamic[2], one.dynamic[0])
    assert not torch.equal(motion.dynamic[0], one.dynamic[0])


def test_numbers_that_do_nothing_are_found(studio: Studio) -> None:
    with torch.no_grad():
        studio.model.decoder.style[0].weight[:, 2] = 0
        studio.model.decoder.style[0].weight[:, 0] *= 50
    assert studio.inactive_static[2]
    assert not studio.inactive_static[0]


def test_examples_are_unlike_one_another() -> None:
    static = torch.zeros(20, 2)
    static[7], static[11] = torch.tensor([9.0, 0]), torch.tensor([0, 9.0])
    chosen = farthest_point_sample(Codes(static, torch.zeros(20, 3, 2)), 3)
    assert {7, 11} < set(chosen)
    assert len(set(chosen)) == 3


def test_load_reads_the_gallery_and_refuses_what_does_not_fit(
    tiny: RWAE, studio: Studio, tmp_path: Path
) -> None:
    tiny.save_pretrained(tmp_path)
    with pytest.raises(CheckpointError, match="gallery"):
        Studio.load(tmp_path, "cpu")
    checkpoint.write_gallery(tmp_path, Codes(torch.zeros(4, 3), torch.zeros(4, 2, 2)))
    with pytest.raises(CodesError, match="another model"):
        Studio.load(tmp_path, "cpu")
    checkpoint.write_gallery(tmp_path, studio.gallery)
    loaded = Studio.load(tmp_path, "cpu")
    assert np.array_equal(loaded.decode(loaded.examples), studio.decode(studio.examples))


def test_loading_leaves_the_threads_of_the_process_alone(tmp_path: Path) -> None:
    folder = small_checkpoint(tmp_path / "model")
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        Studio.load(folder, "cpu")
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("cuda", "mps", "chosen"),
    [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")],
)
def test_the_fastest_device_comes_first(
    cuda: bool, mps: bool, chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: cuda)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: mps)
    assert runtime.choose_device().type == chosen


def test_a_device_that_is_not_there_is_refused_in_words() -> None:
    assert runtime.choose_device("cpu") == torch.device("cpu")
    assert runtime.choose_device() == runtime.choose_device("auto")
    assert runtime.device_label(torch.device("cpu")) == "CPU"
    for name in ("toaster", "cuda:99"):
        with pytest.raises(ConfigError, match="choose one of"):
            runtime.choose_device(name)
