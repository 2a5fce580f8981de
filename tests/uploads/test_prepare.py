"""Any clip becomes what a model expects: each rule by value, and each undone."""

import cv2
import numpy as np
import pytest
import torch
from clip_files import numbers
from known import known_clip, on_white, placed, resized, sprites_model

from rwae import RWAE, assess
from rwae.errors import ClipError
from rwae.files import filmstrip
from rwae.uploads.choices import Choices
from rwae.uploads.loops import find_round
from rwae.uploads.prepare import Prepared, prepare


def frames_of(prepared: Prepared) -> np.ndarray:
    return filmstrip.to_bytes(prepared.x[None])[0]


def steps_of(prepared: Prepared) -> dict[str, bool]:
    return {step.key: step.on for step in prepared.steps}


def error_of(prepared: Prepared) -> float:
    return float(prepared.assess(assess(sprites_model(), prepared.x[None])).error)


def numbered(count: int, side: int = 32) -> np.ndarray:
    shades = (10 * np.arange(count)).astype(np.uint8)
    return np.broadcast_to(shades[:, None, None, None], (count, side, side, 3)).copy()


@pytest.mark.parametrize("number", [0, 3])
def test_a_known_character_in_its_place_is_left_as_it_is(number: int) -> None:
    clip = known_clip(number)
    prepared = prepare(clip, sprites_model())
    assert np.array_equal(frames_of(prepared), clip)
    assert prepared.steps == ()


def test_a_white_ground_becomes_the_models_background_and_can_be_kept() -> None:
    clip = known_clip(1)
    prepared = prepare(on_white(clip), sprites_model())
    wrong = (frames_of(prepared) != clip).any(-1).sum((1, 2))
    assert wrong.max() <= 2, "also between arm and body"
    assert error_of(prepared) < 1.5 * 9.4
    assert steps_of(prepared) == {"background": True}
    kept = prepare(on_white(clip), sprites_model(), Choices(background="keep"))
    assert np.array_equal(frames_of(kept), on_white(clip))
    assert steps_of(kept) == {"background": False}


@pytest.mark.parametrize("noise", [3, 10])
def test_a_noisy_ground_is_found_as_well(noise: int) -> None:
    clip = known_clip(2)
    grey = np.where(clip.max(-1, keepdims=True) > 0, clip, 200).astype(int)
    noisy = grey + np.random.default_rng(0).integers(-noise, noise + 1, grey.shape)
    prepared = prepare(noisy.clip(0, 255).astype(np.uint8), sprites_model())
    ground = clip.max(-1) == 0
    assert frames_of(prepared)[ground].max(-1).astype(bool).mean() < 0.01
    assert steps_of(prepared)["background"]


def test_a_ground_that_is_not_plain_stays() -> None:
    clip = known_clip(2)
    picture = np.random.default_rng(0).integers(0, 255, clip.shape, np.uint8)
    shown = np.where(clip.max(-1, keepdims=True) > 0, clip, picture).astype(np.uint8)
    prepared = prepare(shown, sprites_model())
    assert np.array_equal(frames_of(prepared), shown)
    assert prepared.steps == ()


def test_transparent_pixels_show_the_models_background() -> None:
    clip = known_clip(0)
    alpha = np.where(clip.max(-1, keepdims=True) > 0, 255, 0).astype(np.uint8)
    prepared = prepare(np.concatenate([clip, alpha], -1), sprites_model())
    assert np.array_equal(frames_of(prepared), clip)
    assert prepared.steps == ()


@pytest.mark.parametrize(("across", "down"), [(4, 0), (-7, -5)])
def test_a_figure_aside_is_moved_by_whole_pixels_and_can_be_left(across: int, down: int) -> None:
    clip = known_clip(0)
    large = placed(clip, 96, 96, 16 + down, 16 + across)
    aside = large[:, 16:80, 16:80]
    prepared = prepare(aside, sprites_model())
    lost = (large.max(-1) > 0).sum() - (aside.max(-1) > 0).sum()
    assert (frames_of(prepared) != clip).any(-1).sum() == lost, "what the picture cuts off"
    assert steps_of(prepared) == {"align": True}
    left = prepare(aside, sprites_model(), Choices(align=False))
    assert np.array_equal(frames_of(left), aside)
    assert steps_of(left) == {"align": False}


@pytest.mark.parametrize(
    ("side", "how"),
    [
        (48, cv2.INTER_AREA),
        (48, cv2.INTER_NEAREST),
        (32, cv2.INTER_NEAREST),
        (128, cv2.INTER_NEAREST),
    ],
    ids=str,
)
def test_a_figure_of_another_size_is_scaled_and_judged_in_its_own(side: int, how: int) -> None:
    clip = known_clip(3)
    small = placed(resized(clip, side, how), 150, 170, 11, 30)
    prepared = prepare(small, sprites_model())
    assert prepared.given.shape[1] == side
    assert steps_of(prepared)["align"]
    plain = error_of(prepare(clip, sprites_model()))
    assert error_of(prepared) < 1.5 * plain + 1
    if side == 128:
        assert np.array_equal(frames_of(prepared), clip)


def test_all_frames_are_moved_alike() -> None:
    clip = known_clip(0)
    prepared = prepare(placed(clip, 100, 100, 20, 9), sprites_model())
    assert np.array_equal(frames_of(prepared), clip)


def test_what_is_no_character_stays_in_its_place() -> None:
    slime = np.zeros((8, 64, 64, 3), np.uint8)
    for n, frame in enumerate(slime):
        cv2.ellipse(frame, (32, 50), (20, 8 + n), 0, 180, 360, (60, 200, 80), -1)
    prepared = prepare(slime, sprites_model())
    assert np.array_equal(frames_of(prepared), slime)
    nothing = np.zeros((8, 64, 64, 3), np.uint8)
    assert np.array_equal(frames_of(prepare(nothing, sprites_model())), nothing)


@pytest.mark.parametrize(
    ("count", "held", "again"),
    [(2, [0, 0, 1, 1], [0, 1, 0, 1]), (3, [0, 0, 1, 2], [0, 1, 2, 0])],
)
def test_few_frames_are_shown_for_longer_or_played_again(
    tiny: RWAE, count: int, held: list[int], again: list[int]
) -> None:
    prepared = prepare(numbered(count), tiny)
    assert numbers(frames_of(prepared)) == held
    assert steps_of(prepared) == {"repeat": True}
    prepared = prepare(numbered(count), tiny, Choices(repeat=False))
    assert numbers(frames_of(prepared)) == again
    assert steps_of(prepared) == {"repeat": False}


def test_many_frames_are_thinned_within_those_that_were_chosen(tiny: RWAE) -> None:
    prepared = prepare(numbered(20), tiny)
    assert numbers(frames_of(prepared)) == [0, 6, 13, 19]
    assert (prepared.first, prepared.last, steps_of(prepared)) == (0, 19, {"thin": True})
    prepared = prepare(numbered(20), tiny, Choices(first=3, last=9))
    assert numbers(frames_of(prepared)) == [3, 5, 7, 9]
    assert (prepared.first, prepared.last) == (3, 9)
    assert steps_of(prepared) == {"trim": True, "thin": True}
    assert numbers(frames_of(prepare(numbered(20), tiny, Choices(last=1)))) == [0, 0, 1, 1]
    with pytest.raises(ClipError):
        prepare(numbered(20), tiny, Choices(first=20))


def turning(count: int, held: int = 1) -> np.ndarray:
    """A dot on a circle, which it turns in `count` steps of so many frames, three times."""
    clip = np.zeros((3 * count * held, 32, 32, 3), np.uint8)
    for n, frame in enumerate(clip):
        angle = 2 * np.pi * (n // held) / count
        frame[int(16 + 12 * np.sin(angle)), int(16 + 12 * np.cos(angle))] = 255
    return clip


@pytest.mark.parametrize(("count", "held"), [(4, 1), (8, 1), (5, 4), (20, 1), (8, 12)])
def test_of_a_clip_that_repeats_itself_one_round_is_taken(
    tiny: RWAE, count: int, held: int
) -> None:
    clip = turning(count, held)
    assert find_round(clip) == count * held
    prepared = prepare(clip, tiny)
    assert (prepared.first, prepared.last) == (0, count * held - 1)
    assert steps_of(prepared)["repeat"]
    whole = prepare(clip, tiny, Choices(repeat=False))
    assert (whole.first, whole.last) == (0, len(clip) - 1)
    assert not steps_of(whole)["repeat"]
    assert "repeat" not in steps_of(prepare(clip, tiny, Choices(first=0)))


def test_what_does_not_repeat_itself_has_no_round() -> None:
    assert find_round(turning(40)[:40]) is None
    assert find_round(numbered(20)) is None
    assert find_round(np.zeros((30, 8, 8, 3), np.uint8)) is None
    noise = np.random.default_rng(0).integers(0, 255, (30, 8, 8, 3), np.uint8)
    assert find_round(noise) is None


def test_a_part_of_the_picture_is_taken_where_it_was_chosen(tiny: RWAE) -> None:
    clip = np.zeros((4, 32, 64, 3), np.uint8)
    clip[:, :, 32:] = 200
    assert frames_of(prepare(clip, tiny))[0, :, :16].max() == 0, "the middle square"
    part = prepare(clip, tiny, Choices(crop=(0.5, 0, 1, 1)))
    assert (frames_of(part) == 200).all()
    assert steps_of(part) == {"crop": True}
    assert prepare(clip, tiny, Choices(crop=(0.999, 0.999, 1, 1))).given.shape[1] == 1


def test_a_model_without_background_gets_photographs_as_they_are(tiny: RWAE) -> None:
    assert tiny.domain is None
    prepared = prepare(on_white(np.zeros((4, 32, 32, 3), np.uint8)), tiny)
    assert (prepared.x == 1).all()
    assert prepared.steps == ()


def test_a_clip_of_another_shape_is_refused(tiny: RWAE) -> None:
    for shape in ((32, 32), (32, 32, 3), (0, 8, 8, 3), (4, 8, 8, 2)):
        with pytest.raises(ClipError):
            prepare(np.zeros(shape, np.uint8), tiny)


def test_the_prepared_clip_is_what_encode_takes(tiny: RWAE) -> None:
    prepared = prepare(numbered(3, 50), tiny)
    assert prepared.x.shape == (4, 3, 32, 32)
    assert torch.isfinite(tiny.encode(prepared.x[None]).static).all()


def test_a_strange_hat_moves_nobody() -> None:
    clip = known_clip(3)
    rows = np.flatnonzero(clip.any((0, 2, 3)))
    clip[:, rows[0] - 4 : rows[0] + 2, 22:42] = (40, 220, 200)
    prepared = prepare(clip, sprites_model())
    assert np.array_equal(frames_of(prepared), clip)
    assert prepared.steps == ()
