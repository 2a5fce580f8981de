"""What is said of the frames that a model is given is what it is given."""

import re

import numpy as np
import pytest

from rwae.files import video


@pytest.mark.parametrize(
    ("shape", "frames", "side", "sentence"),
    [
        ((8, 64, 64), 8, 64, "All 8 frames, the whole of 64 x 64, as 64 x 64."),
        ((22, 480, 480), 8, 64, "Every 3rd of 22 frames, the whole of 480 x 480, as 64 x 64."),
        ((24, 48, 64), 8, 32, "8 of 24 frames, evenly from the first to the last, the middle "
         "square of 64 x 48, as 32 x 32."),
        ((9, 50, 40), 1, 64, "The first of 9 frames, the middle square of 40 x 50, as 64 x 64."),
        ((15, 384, 512), 15, 64, "All 15 frames, the middle square of the picture, read at "
         "512 x 384, as 64 x 64."),
    ],
)  # fmt: skip
def test_the_rule_is_one_plain_sentence(
    shape: tuple[int, int, int], frames: int, side: int, sentence: str
) -> None:
    assert video.fitting_rule(np.zeros((*shape, 3), np.uint8), frames, side) == sentence


@pytest.mark.parametrize(
    ("step", "word"), [(2, "2nd"), (3, "3rd"), (11, "11th"), (12, "12th"), (21, "21st")]
)
def test_the_frames_that_the_rule_names_are_those_taken(step: int, word: str) -> None:
    count = 3 * step + 1
    clip = np.zeros((count, 8, 8, 3), np.uint8) + np.arange(count).reshape(-1, 1, 1, 1)
    clip = clip.astype(np.uint8)
    assert re.match(f"Every {word} of {count} frames", video.fitting_rule(clip, 4, 8))
    taken = video.to_frames(clip, 4, 8)[:, 0, 0, 0] * 255
    assert taken.round().tolist() == [0, step, 2 * step, 3 * step]
