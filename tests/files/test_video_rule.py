"""What is said of the frames that a model is given is what it is given."""

import re

import numpy as np
import pytest

from rwae import RWAE, ModelConfig
from rwae.files import video
from rwae.uploads.prepare import prepare


def model(frames: int, side: int) -> RWAE:
    return RWAE(
        ModelConfig(
            frame_size=side, crop_top=0, crop_left=0, crop_size=side, frames=frames,
            static_width=8, dynamic_width=8, decoder_width=8, hidden_size=8,
        )
    ).eval()  # fmt: skip


@pytest.mark.parametrize(
    ("shape", "frames", "side", "sentence"),
    [
        ((8, 64, 64), 8, 64, "All 8 frames, the whole of 64 x 64, as 64 x 64."),
        ((22, 480, 480), 8, 64, "Every 3rd of 22 frames, the whole of 480 x 480, as 64 x 64."),
        ((24, 48, 64), 8, 32, "8 of 24 frames, evenly from the first to the last, the middle "
         "square of 64 x 48, as 32 x 32."),
        ((9, 50, 40), 2, 32, "Every 8th of 9 frames, the middle square of 40 x 50, as 32 x 32."),
    ],
)  # fmt: skip
def test_the_rule_is_one_plain_sentence(
    shape: tuple[int, int, int], frames: int, side: int, sentence: str
) -> None:
    clip = np.zeros((*shape, 3), np.uint8)
    assert prepare(clip, model(frames, side)).rule == sentence


@pytest.mark.parametrize(
    ("step", "word"), [(2, "2nd"), (3, "3rd"), (11, "11th"), (12, "12th"), (21, "21st")]
)
def test_the_frames_that_the_rule_names_are_those_taken(step: int, word: str) -> None:
    count = 3 * step + 1
    clip = np.zeros((count, 8, 8, 3), np.uint8) + np.arange(count).reshape(-1, 1, 1, 1)
    clip = clip.astype(np.uint8)
    assert re.match(f"Every {word} of {count} frames", video.frames_in_words(count, 4))
    taken = video.to_frames(clip, 4, 8)[:, 0, 0, 0] * 255
    assert taken.round().tolist() == [0, step, 2 * step, 3 * step]
