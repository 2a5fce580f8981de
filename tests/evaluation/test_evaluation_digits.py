"""The scores of SM-MNIST: right for what is right, and worse in the way in which a model is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import ROOT
from torch import Tensor

from rwae.classifiers import DigitsFound, DigitsJudge
from rwae.classifiers.digits import crop_boxes
from rwae.codes import Codes
from rwae.data import moving_mnist
from rwae.data.moving_mnist import BOX_SIDE, MovingDigits
from rwae.errors import CheckpointError, ClipError, ConfigError
from rwae.evaluation.digits import (
    compare_digits,
    partners_of_other_digits,
    score_digit_programs,
    score_digits,
)
from rwae.evaluation.judges import training
from rwae.evaluation.programs import COMPOSITE, COPY_INPUT, HISTOGRAM, SAME_CHARACTER
from rwae.files.metrics import (
    DIGITS_PRIOR_DYNAMIC,
    DIGITS_PRIOR_STATIC,
    DIGITS_REAL,
    DIGITS_RECONSTRUCTION,
    DIGITS_SWAP,
    SQUARED_ERROR,
    SWAP_ERROR,
)

JUDGE = ROOT / "checkpoints" / "judges" / "moving_mnist"


def certain(classes: Tensor, frames: int = 3) -> Tensor:
    """log p of digits (N, 2) that are read with near certainty in every frame."""
    named = torch.nn.functional.one_hot(classes, 10) * 0.98 + 0.002
    return named.log()[:, None].expand(-1, frames, -1, -1)


def painted() -> MovingDigits:
    images = np.zeros((40, 28, 28), np.uint8)
    images[:, 8:20, 8:20] = 255
    return MovingDigits(images, np.arange(40) % 10, count=60, stream=0, frames=4)


class Oracle:
    """A judge that is told what stands in a clip: the clip's first pixels hold its number."""

    def __init__(self, clips: MovingDigits) -> None:
        self.truth = clips.truth(torch.arange(len(clips)))

    def find(self, x: Tensor) -> DigitsFound:
        count = len(self.truth.classes)
        # What is no clip with numbers, such as a composite, is read as some clip.
        who, where = ((x[:, 0, 0, 0, n] * count).round().long() % count for n in (0, 1))
        named = certain(self.truth.classes[who], x.shape[1])
        return DigitsFound(self.truth.centres[where], named)


class Numbered(MovingDigits):
    """Clips whose first two pixels hold their number, as who and as where."""

    def batch(self, indices: Tensor) -> Tensor:
        x = super().batch(indices).clone()
        x[:, 0, 0, 0, :2] = (indices / len(self))[:, None]
        return x


class Swapping:
    """A model that carries who and where in its two codes, and draws both at random."""

    family = "swapping"
    encodes = True
    training = False
    device = torch.device("cpu")

    def eval(self) -> None: ...

    def train(self, mode: bool) -> None: ...

    def encode(self, x: Tensor) -> Codes:
        first = x[:, 0, 0, 0]
        return Codes(first[:, :1], first[:, None, 1:2].expand(-1, x.shape[1], -1))

    def decode(self, codes: Codes) -> Tensor:
        x = torch.zeros(len(codes), codes.dynamic.shape[1], 3, 64, 64)
        x[:, 0, 0, 0, 0] = codes.static[:, 0]
        x[:, 0, 0, 0, 1] = codes.dynamic[:, 0, 0]
        return x

    def sample(self, clips: int, *, frames: int, generator: torch.Generator) -> Codes:
        drawn = torch.randint(clips, (2, clips), generator=generator) / clips
        return Codes(drawn[0, :, None], drawn[1, :, None, None].expand(-1, frames, 1))


def test_digits_have_no_order() -> None:
    classes = torch.tensor([[3, 7], [1, 1], [0, 9], [4, 5]])
    shown = torch.tensor([[7, 3], [1, 1], [0, 8], [6, 6]])
    found = DigitsFound(torch.zeros(4, 3, 2, 2), certain(shown))
    scores = compare_digits(DIGITS_SWAP, found, classes)
    assert scores.number(DIGITS_SWAP.pair) == 0.5
    assert scores.number(DIGITS_SWAP.digit) == 5 / 8
    assert scores.number(DIGITS_SWAP.steady) == 1


def test_a_pair_is_named_by_all_frames_in_any_order() -> None:
    """The second digit is seen clearly once, the tracks change places: the pair is still named."""
    one, other = certain(torch.tensor([[2, 6]]), 1)[0, 0]
    blurred = torch.full((10,), 0.1).log()
    frames = torch.stack(
        [torch.stack([one, blurred]), torch.stack([other, one]), torch.stack([blurred, one])]
    )
    found = DigitsFound(torch.zeros(1, 3, 2, 2), frames[None])
    assert sorted(found.classes[0].tolist()) == [2, 6]
    assert compare_digits(DIGITS_SWAP, found).number(DIGITS_SWAP.steady) < 1


def test_the_position_error_is_in_pixels_and_matches_digits_once_a_clip() -> None:
    centres = 20 + 10 * torch.rand(1, 6, 2, 2, generator=torch.Generator().manual_seed(0))
    named = certain(torch.tensor([[2, 6]]), 6)
    moved = centres.flip(2) + torch.tensor([3.0, 4.0])

    def error(places: Tensor) -> float | None:
        scores = compare_digits(DIGITS_SWAP, DigitsFound(places, named), centres=centres)
        return scores.number(DIGITS_SWAP.position_error)

    assert error(moved) == pytest.approx(5)
    exchanged = centres.clone()
    exchanged[:, 3:] = exchanged[:, 3:].flip(2)
    assert error(exchanged) > 1


def test_partners_show_other_digits(generator: torch.Generator) -> None:
    labels = torch.arange(55).repeat_interleave(4)
    partner = partners_of_other_digits(labels, generator)
    assert (labels[partner] != labels).all()
    assert len(partner.unique()) > 100


def test_a_perfect_swap_gets_full_marks_and_a_copy_does_not(generator: torch.Generator) -> None:
    clips = Numbered(**vars(painted()))
    scores = score_digits(Swapping(), clips, Oracle(clips), generator)
    for task in (DIGITS_RECONSTRUCTION, DIGITS_SWAP, DIGITS_PRIOR_DYNAMIC):
        assert scores.number(task.pair) == scores.number(task.digit) == 1
    for task in (DIGITS_RECONSTRUCTION, DIGITS_SWAP, DIGITS_PRIOR_STATIC):
        assert scores.number(task.position_error) == 0
    found = score_digit_programs(clips, Oracle(clips), torch.Generator().manual_seed(0))
    assert set(found) == {COPY_INPUT, SAME_CHARACTER, COMPOSITE, HISTOGRAM}
    assert all(SWAP_ERROR in program for program in (scores, *found.values()))
    copy = found[COPY_INPUT]
    assert copy.number(DIGITS_SWAP.pair) == 0
    assert copy.number(DIGITS_SWAP.position_error) == 0
    assert copy.number(DIGITS_PRIOR_DYNAMIC.pair) == 1
    size = 4 * 3 * 64 * 64
    light = clips.batch(torch.arange(60))[:, :, :, 1:].square().double().sum() / 60 / size
    assert scores.number(SQUARED_ERROR) == pytest.approx(float(light), rel=0.01)


def test_a_model_without_an_encoder_is_refused(generator: torch.Generator) -> None:
    model, clips = Swapping(), painted()
    model.encodes = False
    with pytest.raises(ConfigError, match="has no encoder"):
        score_digits(model, clips, Oracle(clips), generator)


def test_boxes_are_cut_at_their_places() -> None:
    grey = torch.arange(64.0 * 64).view(1, 64, 64)
    boxes = crop_boxes(grey, torch.tensor([[[3.4, 9.6], [40.0, -2.0]]]))
    assert torch.equal(boxes[0, 0], grey[0, 10 : 10 + BOX_SIDE, 3 : 3 + BOX_SIDE])
    assert torch.equal(boxes[0, 1], grey[0, :BOX_SIDE, 32:])


def test_the_judge_learns_and_is_read_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "DIGIT_BATCH", 8)
    judge = training.fit_digits_judge(painted(), steps=4)
    judge.save(tmp_path)
    x = painted().batch(torch.arange(3))
    found, back = judge.find(x), DigitsJudge.load(tmp_path).find(x)
    assert found.centres.shape == (3, 4, 2, 2)
    assert found.frames.shape == (3, 4, 2, 10)
    assert torch.allclose(found.frames, back.frames, atol=1e-3)


def test_what_cannot_be_judged_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no readable judge: .* --dataset moving_mnist"):
        DigitsJudge.load(tmp_path)
    with pytest.raises(ClipError, match=r"needs \(B, T, 3, 64, 64\)"):
        DigitsJudge().eval().find(torch.zeros(1, 4, 3, 32, 32))


def test_the_shipped_judge_is_right_on_real_clips(real_data: Callable[[str], Path]) -> None:
    clips = moving_mnist.load(real_data("mnist"), "validation")
    chosen = torch.arange(48)
    found = DigitsJudge.load(JUDGE).find(clips.batch(chosen))
    truth = clips.truth(chosen)
    scores = compare_digits(DIGITS_REAL, found, truth.classes, truth.centres)
    assert scores.number(DIGITS_REAL.pair) > 0.9
    assert scores.number(DIGITS_REAL.position_error) < 1.6
