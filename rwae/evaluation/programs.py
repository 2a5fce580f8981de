"""Programs that learn nothing: a metric at which one of them is good measures no disentanglement.

Each makes a swap out of two clips, A and B, and a reconstruction out of a clip and itself:

    copy the input                 B
    always the same character      one fixed character with the motion of B
    temporal composite             mean_t(A) + B - mean_t(B)
    colour histogram of A on B     B, each colour channel with the histogram of A
    nearest training clip          the training clip that is nearest to the composite

The second reads the label of B's motion; no other reads a label.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from rwae.classifiers import CLIPS_AT_ONCE, Judge, join_answers
from rwae.data.clips import ClipSource
from rwae.data.moving_mnist import MovingDigits
from rwae.evaluation.nearest import average_blocks, nearest, small_clips
from rwae.evaluation.sweep import SWEPT_MOTIONS, score_pairs, swept_characters
from rwae.evaluation.tasks import (
    find_donors,
    recording_groups,
    score_answers,
    score_task,
    spaced,
    swap_partners,
)
from rwae.evaluation.truth import measure, own_clips, score_errors, true_swaps
from rwae.files.metrics import (
    PRIOR_DYNAMIC,
    PRIOR_STATIC,
    RECONSTRUCTION,
    SWAP,
    SWEEP,
    UNCONDITIONAL,
    UNSEEN,
)
from rwae.files.scores import Scores

COPY_INPUT = "copy the input"
SAME_CHARACTER = "always the same character"
COMPOSITE = "temporal composite"
HISTOGRAM = "colour histogram of A on B"
NEAREST = "nearest training clip"
DRAWING = (COPY_INPUT, SAME_CHARACTER)  # those that also stand in for a model's draws
SEARCHED_CLIPS = 10_000  # of the training clips, evenly spaced
LEVELS = 256  # of a colour

Find = Callable[[Tensor], Tensor]  # from clips to the nearest training clips


@dataclass(frozen=True)
class Program:
    """A program that learns nothing.

    Attributes:
        name: of its row in the tables.
        swap: from the numbers of clips A and B, each with shape (B,), to clips (B, T, 3, H, W).
    """

    name: str
    swap: Callable[[Tensor, Tensor], Tensor]

    def show(self, a: Tensor, b: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """All swaps of clips A (N,) and B (N,): their numbers from 0 to N - 1, and the clips."""
        for chosen in torch.arange(len(a)).split(CLIPS_AT_ONCE):
            yield chosen, self.swap(a[chosen], b[chosen])


def programs(clips: ClipSource, find: Find | None = None) -> list[Program]:
    """All programs, on the clips of a data set.

    Args:
        clips: that the programs are given.
        find: finds the nearest training clips; without it that program is left out.
    """
    found = [
        Program(COPY_INPUT, lambda _, b: clips.batch(b)),
        Program(SAME_CHARACTER, always_the_same(clips)),
        Program(COMPOSITE, lambda a, b: composite(clips.batch(a), clips.batch(b))),
        Program(HISTOGRAM, lambda a, b: match_histograms(clips.batch(a), clips.batch(b))),
    ]
    if find is not None:
        search = find
        found.append(
            Program(NEAREST, lambda a, b: search(composite(clips.batch(a), clips.batch(b))))
        )
    return found


def always_the_same(clips: ClipSource) -> Callable[[Tensor, Tensor], Tensor]:
    """Shows the first character, or the digits of the first clip, with the motion of B."""
    if isinstance(clips, MovingDigits):
        return lambda _, b: clips.swapped(torch.zeros_like(b), b)[:, 0]
    example = same_character(clips)
    return lambda _, b: clips.batch(example[b])


def same_character(clips: ClipSource) -> Tensor:
    """For each clip, the number of one that shows the first character with the same motion.

    A motion that the first character does not have is shown by whoever comes first with it.

    Returns:
        With shape (N,).
    """
    static = torch.tensor([factor.static for factor in clips.factors])
    first = (clips.labels[:, static] == clips.labels[0, static]).all(1)
    # Clips of the first character come first, so that the search below prefers them.
    order = torch.cat([first.nonzero()[:, 0], (~first).nonzero()[:, 0]])
    _, motion = clips.labels[:, ~static].unique(dim=0, return_inverse=True)
    example: dict[int, int] = {}
    for number in order.tolist():
        example.setdefault(int(motion[number]), number)
    return torch.tensor([example[int(m)] for m in motion])


def composite(a: Tensor, b: Tensor) -> Tensor:
    """mean_t(A) + B - mean_t(B), in [0, 1]: the still part of A and what moves in B.

    Both clips and the result have the shape (B, T, 3, H, W).
    """
    return (a.mean(1, keepdim=True) + b - b.mean(1, keepdim=True)).clamp(0, 1)


def match_histograms(a: Tensor, b: Tensor) -> Tensor:
    """B with the colours of A: histogram matching of each colour channel over the whole clip.

    A value v of B becomes the smallest value u of A with F_A(u) >= (F_B(v-) + F_B(v)) / 2, where F
    is the distribution function (Gonzalez and Woods, Digital Image Processing). The middle of the
    step stands for a value that many pixels have, such as that of a background.

    Both clips and the result have the shape (B, T, 3, H, W) and values in [0, 1].
    """
    bytes_a, bytes_b = ((255 * x).round().long().transpose(1, 2).flatten(2) for x in (a, b))
    shares_a, shares_b = (
        torch.stack([row.bincount(minlength=LEVELS) for row in x.flatten(0, 1)])
        .view(*x.shape[:2], LEVELS)
        .double()
        / x.shape[2]
        for x in (bytes_a, bytes_b)
    )
    middle = shares_b.cumsum(2) - shares_b / 2
    table = torch.searchsorted(shares_a.cumsum(2), middle).clamp(max=LEVELS - 1)
    batch, frames, channels, height, width = b.shape
    matched = table.gather(2, bytes_b).view(batch, channels, frames, height, width)
    return matched.transpose(1, 2).to(b) / 255


def nearest_finder(training: ClipSource) -> Find:
    """Finds the nearest of the training clips, on frames averaged over 4 x 4 pixels."""
    searched = spaced(len(training), SEARCHED_CLIPS)
    known = small_clips(training, searched)
    return lambda x: training.batch(searched[nearest(average_blocks(x), known)[1]])


def score_programs(
    clips: ClipSource,
    judge: Judge | None,
    generator: torch.Generator,
    training: ClipSource | None = None,
) -> dict[str, Scores]:
    """Scores all programs; the keys are their names.

    The first two show real clips, so they also stand in for what a model draws: each shows its
    reconstruction, and in a motion sweep the motions are those of random clips. The reconstruction
    of a copy says how good the judge is on real clips.

    Args:
        clips: those on which the model is scored.
        judge: the same as for the model; without one, only errors are measured.
        generator: with the seed of the model's, so that the pairs of the swaps are the same.
        training: the training clips, for the nearest one and for swaps into unseen combinations.
    """
    everything = torch.arange(len(clips))
    partner = swap_partners(clips.labels, clips.factors, generator)
    characters = swept_characters(len(clips))
    swept = torch.randint(len(clips), (characters * SWEPT_MOTIONS,), generator=generator)
    find = nearest_finder(training) if training is not None else None
    ask = judge.probabilities if judge is not None else None
    found = {}
    for program in programs(clips, find):
        redrawn, error = measure(program.show(everything, everything), own_clips(clips), ask)
        swapped, swap_error = measure(
            program.show(everything, partner), true_swaps(clips, partner), ask
        )
        scores = score_errors(error or 0.0, swap_error, clips)
        if judge is not None:
            real = join_answers(redrawn)
            answers = {RECONSTRUCTION: real, SWAP: join_answers(swapped)}
            if program.name in DRAWING:
                answers |= dict.fromkeys((PRIOR_STATIC, PRIOR_DYNAMIC, UNCONDITIONAL), real)
                moved = [answer[swept] for answer in real]
                scores |= score_pairs(SWEEP, moved, SWEPT_MOTIONS, clips.factors)
            groups = recording_groups(clips)
            scores |= score_answers(answers, clips.labels, partner, clips.factors, groups)
        found[program.name] = scores
    if judge is not None and training is not None:
        for name, scores in _score_unseen(clips, training, judge, generator, find).items():
            found[name] |= scores
    return found


def _score_unseen(
    clips: ClipSource,
    training: ClipSource,
    judge: Judge,
    generator: torch.Generator,
    find: Find | None,
) -> dict[str, Scores]:
    """Scores swaps of training clips into unseen combinations; see `tasks.score_unseen_swaps`."""
    donors = find_donors(clips.labels, training.labels, clips.factors, generator)
    if donors is None:
        return {}
    groups = recording_groups(clips)
    return {
        program.name: score_task(
            UNSEEN,
            join_answers(measure(program.show(*donors), None, judge.probabilities)[0]),
            clips.labels,
            clips.factors,
            () if groups is None else (groups,),
        )
        for program in programs(training, find)
    }
