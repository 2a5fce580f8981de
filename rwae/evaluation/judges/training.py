"""Trains the judges on real clips, writes their cards, and finds the trained ones.

All networks are fitted in one way: perturbed real clips, cross-entropy, Adam with a linear warm-up
and half a cosine. See `rwae.classifiers` for the networks, and `impossible` for the ghosts that a
ghost detector learns to tell from real frames.
"""

from __future__ import annotations

import copy
import dataclasses
import math
import sys
import textwrap
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.optim.lr_scheduler import LambdaLR
from tqdm import tqdm

from rwae import data
from rwae.classifiers import CLIPS_AT_ONCE, JUDGES, DigitsJudge, Judge, make_judge
from rwae.classifiers.digits import CENTRE, LOCATIONS, crop_boxes
from rwae.classifiers.ghosts import GhostDetector, smoothed
from rwae.classifiers.judge import Network, fold_batch_norms
from rwae.data.clips import Clips, ClipSource
from rwae.data.moving_mnist import MovingDigits
from rwae.errors import ConfigError, DataError
from rwae.evaluation.digits import compare_digits, find_in_real_clips
from rwae.evaluation.judges.impossible import KINDS, Ghosts, disguise, gaussian_blur
from rwae.evaluation.tables import PROSE_WIDTH
from rwae.evaluation.tasks import judge_clips, split_answers
from rwae.files.card import CARD_FILE
from rwae.files.checkpoint import WEIGHTS_FILE, atomic
from rwae.files.metrics import DIGITS_REAL

DIGITS_DATASET = "moving_mnist"  # whose judge finds digits
JUDGE_LEARNING_RATE = 2e-3
JUDGE_WARM_UP = 100  # steps, or a tenth of a short training
JUDGE_BATCH = 32  # clips of a step
GHOST_STEPS, GHOST_FRAMES = 1500, 8  # steps, and frames of each kind of ghost in one
GHOST_QUANTILE = 0.99  # of the real clips of a stranger, which are no ghosts
DIGIT_STEPS, DIGIT_BATCH = 3000, 64  # steps, and frames of a step
# Deviation in pixels of the blur with which real training clips come nearest to what the shipped
# model of Weizmann decodes of them, out of 0.5, 1, 1.5, 2, 2.5 and 3.
DECODER_BLUR = 1.5
MAX_SHIFT = 1.5  # pixels by which a box misses its digit at most, in training


# Fitting.


def fit_judge(
    judge: Network, batches: Iterable[Tensor], steps: int, loss: Callable[[Tensor], Tensor]
) -> Network:
    """Fits a judge with Adam: a linear warm-up, then half a cosine to zero.

    Args:
        judge: with random weights; it is changed in place.
        batches: the numbers of the clips of each step.
        steps: how many batches there are.
        loss: of the clips with these numbers.

    Returns:
        The judge, in evaluation mode.
    """
    optimizer = torch.optim.Adam(judge.parameters(), lr=JUDGE_LEARNING_RATE)
    warm = min(JUDGE_WARM_UP, max(1, steps // 10))
    schedule = LambdaLR(
        optimizer,
        lambda step: min(1, (step + 1) / warm) * (1 + math.cos(math.pi * step / steps)) / 2,
    )
    for chosen in tqdm(batches, desc="judge", total=steps, unit="step", dynamic_ncols=True):
        error = loss(chosen)
        optimizer.zero_grad(set_to_none=True)
        error.backward()
        optimizer.step()
        schedule.step()
    return judge.eval().requires_grad_(False)


def seeded(make: Callable[[], Network], seed: int) -> Network:
    """Makes a network whose first weights follow from a seed; the global state is left alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make()


def perturb(x: Tensor, generator: torch.Generator) -> Tensor:
    """Small perturbations of clips (B, T, C, H, W), so that a faint blur does not decide.

    The batch is moved by up to one pixel; half of the batches are also mixed with up to half of
    their 3 x 3 mean, and get noise of up to 0.02. There is no strong blur, so the judge does not
    learn to name what a strong blur hides.
    """
    moved = torch.randint(-1, 2, (2,), generator=generator).tolist()
    x = torch.roll(x, moved, (-2, -1))
    share, noise, on = torch.rand(3, generator=generator).tolist()
    if on < 0.5:
        mean = F.avg_pool2d(x.flatten(0, 1), 3, 1, 1).view_as(x)
        x = torch.lerp(x, mean, 0.5 * share)
        x = x + 0.02 * noise * torch.randn(x.shape, generator=generator)
    return x


# The judge that names every factor of a clip.


def fit_factor_judge(clips: ClipSource, epochs: int, seed: int, apart: bool = False) -> Judge:
    """Fits a judge by cross-entropy, summed over the factors.

    The same seed gives the same judge on the same machine and number of threads.

    Args:
        clips: real training clips with their labels; at least 32.
        epochs: passes over them.
        seed: of the weights, the order of the clips and the perturbations.
        apart: which kind of judge; see `rwae.classifiers.ApartJudge`.

    Raises:
        ConfigError: if there are too few clips.
    """
    if len(clips) < JUDGE_BATCH:
        raise ConfigError(
            f"There are {len(clips)} clips to train a judge on: it needs at least {JUDGE_BATCH}."
        )
    judge = seeded(lambda: make_judge(clips.factors, apart), seed)
    generator = torch.Generator().manual_seed(seed)
    each = len(clips) // JUDGE_BATCH

    def batches() -> Iterator[Tensor]:
        for _ in range(epochs):
            order = torch.randperm(len(clips), generator=generator)
            yield from order[: each * JUDGE_BATCH].split(JUDGE_BATCH)

    def loss(chosen: Tensor) -> Tensor:
        answers = judge(perturb(clips.batch(chosen), generator))
        wanted = clips.labels[chosen].unbind(1)
        errors = [F.cross_entropy(a, w) for a, w in zip(answers, wanted, strict=True)]
        return torch.stack(errors).sum()

    return fit_judge(judge, batches(), epochs * each, loss)


def accuracies(judge: Judge, clips: ClipSource) -> dict[str, float]:
    """The share of real clips in which each factor is named rightly, by the factor's name."""
    answers, _ = split_answers(judge_clips(judge, clips), clips.factors)
    return {
        factor.name: float((answer.argmax(-1) == label).double().mean())
        for factor, answer, label in zip(
            clips.factors, answers, clips.labels.unbind(1), strict=True
        )
    }


# The ghost detector.


def in_memory(clips: ClipSource) -> Clips:
    """Clips that ghosts can be made of; DataError if they are not held in memory."""
    if not isinstance(clips, Clips):
        raise DataError(
            f"The clips are {type(clips).__name__}: ghosts are made of clips that are held in "
            "memory, Clips."
        )
    return clips


def fit_ghost_detector(
    clips: Clips, seed: int, steps: int = GHOST_STEPS, without: Collection[str] = ()
) -> GhostDetector:
    """Fits a ghost detector by cross-entropy, on as many real frames as ghosts.

    Args:
        clips: real training clips of several people.
        seed: of the weights, the ghosts, the changes of all frames and the dropout.
        steps: of 8 frames of each kind of ghost.
        without: kinds that are not shown, to measure whether they are told nevertheless.
    """
    detector = seeded(GhostDetector, seed)
    generator = torch.Generator().manual_seed(seed)
    ghosts = Ghosts(clips)
    kinds = [kind for kind in KINDS if kind not in without]

    def loss(_: Tensor) -> Tensor:
        made = torch.cat([ghosts.make(kind, GHOST_FRAMES, generator) for kind in kinds])
        real = ghosts.real_frames(len(made), generator)
        mixed = torch.randperm(2 * len(made), generator=generator)
        is_ghost = (mixed >= len(real)).float()
        frames = smoothed(torch.cat([real, made])[mixed])
        logits = detector(disguise(frames, generator))
        return F.binary_cross_entropy_with_logits(logits, is_ghost)

    # Dropout draws from the global state.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return fit_judge(detector, torch.arange(steps), steps, loss)


@torch.no_grad()
def calibrate(detector: GhostDetector, stranger: ClipSource) -> None:
    """Sets the limit from which on a clip is a ghost, by real clips of a person never shown.

    The limit is the 99 % quantile of the mean logits of these clips, as they are and blurred as a
    decoder blurs.

    Args:
        detector: in evaluation mode; it is changed.
        stranger: real clips.
    """
    found = []
    for part in torch.arange(len(stranger)).split(CLIPS_AT_ONCE):
        x = stranger.batch(part)
        blurred = gaussian_blur(x.flatten(0, 1), DECODER_BLUR).view_as(x)
        found += [detector.of_clips(x), detector.of_clips(blurred)]
    detector.raise_threshold(float(torch.cat(found).quantile(GHOST_QUANTILE)))


@torch.no_grad()
def ghost_shares(
    detector: GhostDetector, clips: Clips, seed: int = 0, count: int = 256
) -> dict[str, float]:
    """The share of frames that a detector calls ghosts: of real clips, and of each kind of ghost.

    Args:
        detector: in evaluation mode.
        clips: real ones of several people, which the detector was not trained on.
        seed: of the ghosts.
        count: of the ghosts of each kind; of real frames there are four times as many.
    """
    generator = torch.Generator().manual_seed(seed)
    ghosts = Ghosts(clips)
    real = ghosts.real_frames(4 * count, generator)
    shown = {"real": real} | {kind: ghosts.make(kind, count, generator) for kind in KINDS}
    found = {}
    for name, frames in shown.items():
        for blur in (0.0, DECODER_BLUR):
            title = f"{name}, blurred" if blur else name
            called = torch.cat(
                [detector(smoothed(gaussian_blur(part, blur))) > 0 for part in frames.split(64)]
            )
            found[title] = float(called.double().mean())
    return found


def without_kinds(dataset: str, source: Path | None, seed: int, without: Collection[str]) -> str:
    """What a detector calls ghosts that has never seen some kinds of them, as lines of text.

    Args:
        dataset: whose judge sees ghosts.
        source: folder of the data set.
        seed: of the training.
        without: the kinds that are not shown.

    Raises:
        ConfigError: if the judge of the data set sees no ghosts.
    """
    known = data.describe(dataset)
    if known.judge_stranger is None or known.judge_splits is None:
        raise ConfigError(f"The judge of {dataset} sees no ghosts: leave --without out.")
    training, unseen = (in_memory(data.load(dataset, s, source)) for s in known.judge_splits)
    detector = fold_batch_norms(fit_ghost_detector(training, seed, without=without))
    calibrate(detector, data.load(dataset, known.judge_stranger, source))
    shares = ghost_shares(detector, unseen)
    return "\n".join(f"{name:26} {share:7.1%}" for name, share in shares.items())


def make_factor_judge(folder: Path, dataset: str, source: Path | None, seed: int = 0) -> Judge:
    """Trains a judge and saves it with its card; what is returned is read back from the files.

    Args:
        folder: of the judge.
        dataset: its name; `DataSet.judge_splits` says which splits are for judges.
        source: folder of the data set, if it needs one.
        seed: of the training.

    Raises:
        ConfigError: if the data set has no such judge, or its clips carry no label.
        DataError: if the data set cannot be read.
    """
    known = data.describe(dataset)
    if known.judge_splits is None:
        raise ConfigError(
            f"The data set {dataset} has no judge that names factors: python -m rwae.evaluation "
            "measures it in another way."
        )
    first, second = known.judge_splits
    training, unseen = (data.load(dataset, split, source) for split in known.judge_splits)
    if not training.factors:
        raise ConfigError(
            f"The clips of {dataset} carry no label, so no judge can learn from them: put them "
            "into folders that say who is seen."
        )
    judge = fit_factor_judge(training, known.judge_epochs, seed, known.judge_apart)
    kind = "A small classifier that names every factor of a clip."
    steps = f"Seed {seed}, {known.judge_epochs} epochs, batches of {JUDGE_BATCH}"
    ghosts: dict[str, float] = {}
    if known.judge_stranger:
        judge.ghosts = fit_ghost_detector(in_memory(training), seed)
        calibrate(judge.ghosts, data.load(dataset, known.judge_stranger, source))
        folded = fold_batch_norms(copy.deepcopy(judge.ghosts))
        ghosts = ghost_shares(folded, in_memory(unseen))
        kind = (
            "A small classifier that names every factor of a clip, and a detector of ghosts: "
            "frames with two poses, two people or loose pieces, made of the same real clips."
        )
        steps += (
            f"; the detector {GHOST_STEPS:,} steps of {GHOST_FRAMES} frames of each kind. "
            f'{GHOST_QUANTILE:.0%} of the clips of the split "{known.judge_stranger}", sharp and '
            "blurred, are below its limit"
        )
    judge.save(folder)
    found = accuracies(judge.folded(), unseen)
    scores = {name: f"{share:.2%}" for name, share in found.items()}
    scores |= {f"frames called ghosts: {name}": f"{share:.1%}" for name, share in ghosts.items()}
    write_judge_card(
        folder,
        dataset,
        kind,
        f'{len(training):,} real clips of the split "{first}"',
        steps,
        f'{len(unseen):,} real clips of the split "{second}"',
        scores,
        seed,
    )
    return Judge.load(folder)


# The judge of SM-MNIST.


def single_frames(clips: MovingDigits) -> MovingDigits:
    """Clips of one frame each, one for every frame of the training, so that no motion repeats."""
    return dataclasses.replace(clips, frames=1, count=DIGIT_STEPS * DIGIT_BATCH)


def location_target(places: Tensor) -> Tensor:
    """One half for the place of each box: (N, 2, 2) whole offsets (x, y) -> (N, 32 * 32)."""
    number = (places[..., 1] * LOCATIONS + places[..., 0]).long()
    half = torch.full(number.shape, 0.5)
    return torch.zeros(len(number), LOCATIONS**2).scatter_add_(1, number, half)


def fit_digits_judge(clips: MovingDigits, seed: int = 0, steps: int = DIGIT_STEPS) -> DigitsJudge:
    """Fits both networks by cross-entropy.

    The reader sees boxes that miss the digit by up to 1.5 pixels to each side; both see small
    perturbations, so that a faint blur does not decide.

    Args:
        clips: the training split.
        seed: of the weights, the shifts and the perturbations.
        steps: of 64 frames each.
    """
    clips = single_frames(clips)
    judge = seeded(DigitsJudge, seed)
    generator = torch.Generator().manual_seed(seed)

    def loss(chosen: Tensor) -> Tensor:
        known = clips.truth(chosen)
        places = known.centres[:, 0] - CENTRE
        grey = perturb(clips.batch(chosen)[:, :, :1], generator).squeeze(1)
        moved = MAX_SHIFT * (2 * torch.rand(places.shape, generator=generator) - 1)
        boxes = crop_boxes(grey.squeeze(1), places + moved).flatten(0, 1).unsqueeze(1)
        found = F.cross_entropy(judge.locator(grey).flatten(1), location_target(places))
        return found + F.cross_entropy(judge.reader(boxes), known.classes.flatten())

    return fit_judge(judge, torch.arange(steps * DIGIT_BATCH).split(DIGIT_BATCH), steps, loss)


def make_digits_judge(folder: Path, dataset: str, source: Path | None, seed: int) -> DigitsJudge:
    """Trains a judge and saves it with its card; what is returned is read back from the file.

    Args:
        folder: of the judge.
        dataset: "moving_mnist".
        source: folder of the MNIST files.
        seed: of the training.

    Raises:
        DataError: if MNIST cannot be read.
    """
    training, test = (_moving_digits(dataset, split, source) for split in ("train", "test"))
    fit_digits_judge(training, seed).save(folder)
    judge = DigitsJudge.load(folder)
    found, truth = find_in_real_clips(judge, test)
    scores = compare_digits(DIGITS_REAL, found, truth.classes, truth.centres)
    both, digits, off = (
        metric.unit.text(scores.number(metric) or 0.0)
        for metric in (DIGITS_REAL.pair, DIGITS_REAL.digit, DIGITS_REAL.position_error)
    )
    write_judge_card(
        folder,
        dataset,
        "Two small networks that find both digits in every frame and name them.",
        f'{DIGIT_STEPS * DIGIT_BATCH:,} frames with the 55,000 digits of the split "train"',
        f"Seed {seed}, {DIGIT_STEPS:,} steps of {DIGIT_BATCH} frames",
        f'{len(test):,} real clips of {test.frames} frames of the split "test"',
        {
            "both digits": both,
            "digits": digits,
            "a found digit is off its place by": f"{off} pixels",
        },
        seed,
    )
    return judge


def _moving_digits(dataset: str, split: str, source: Path | None) -> MovingDigits:
    clips = data.load(dataset, split, source)
    if not isinstance(clips, MovingDigits):
        raise DataError(f"The data set {dataset} has no moving digits: name moving_mnist.")
    return clips


# Cards and folders.


def write_judge_card(
    folder: Path,
    dataset: str,
    kind: str,
    learned: str,
    training: str,
    measured: str,
    scores: Mapping[str, str],
    seed: int = 0,
) -> None:
    """Writes the README.md of a judge.

    Args:
        folder: of the judge.
        dataset: its name.
        kind: what the judge is, as a sentence.
        learned: the real clips that it learned from.
        training: the seed and the length of the training.
        measured: the real clips that the scores are about.
        scores: by what was asked, how often the judge is right, or how far off.
        seed: of the training; a second judge has another, and a folder of its own.
    """
    known = data.describe(dataset)
    source = known.folder_option(dataset)
    second = f" --seed {seed} --out {folder.as_posix()}" if seed else ""
    purpose = (
        f"{kind} The evaluation asks this judge whether a model's clips show what they should. "
        "No model's clip was part of its training, and it is no part of any model."
    )
    lines = "\n".join(f"| {name} | {value} |" for name, value in scores.items())
    text = f"""# Judge of {dataset}

{textwrap.fill(purpose, PROSE_WIDTH)}

- Data: {learned} of {dataset}.
- Command: `python -m rwae.evaluation.judges --dataset {dataset}{source}{second}`
- {training}.
- Licence: {known.licence}.

| on {measured} | right |
|---|---:|
{lines}
"""
    with atomic(folder / CARD_FILE) as path:
        path.write_text(text, "utf-8")


def judge_folder(dataset: str, source: Path | None = None) -> Path:
    """Where the judge of a data set is kept: with the shipped ones, or with the user's runs.

    Args:
        dataset: its name.
        source: folder of the data set; each folder of a user's own has a judge of its own.
    """
    if not data.describe(dataset).own:
        return JUDGES / dataset
    own = f"-{Path(source).resolve().name}" if source else ""
    return Path("runs") / "judges" / f"{dataset}{own}"


def second_judge_folder(dataset: str) -> Path | None:
    """The folder of a second shipped judge, trained from another seed, if the data set has one.

    A folder without weights counts as none: a training may be under way.
    """
    folder = JUDGES / f"{dataset}-second"
    return folder if (folder / WEIGHTS_FILE).is_file() else None


def find_or_train(folder: Path, dataset: str, training: ClipSource, source: Path | None) -> Judge:
    """Reads the judge in a folder, or trains it there if the folder holds no weights.

    Args:
        folder: of the judge.
        dataset: its name.
        training: clips of the data set, whose factors the judge has to name.
        source: folder of the data set, if it needs one.

    Raises:
        CheckpointError: if the files cannot be read.
        ConfigError: if they describe something else than a judge of this data set.
        DataError: if the data set cannot be read.
    """
    if (folder / WEIGHTS_FILE).is_file():
        judge = Judge.load(folder)
    else:
        print(f"There is no judge in {folder}: training one takes minutes.", file=sys.stderr)
        judge = make_factor_judge(folder, dataset, source)
    if judge.factors != training.factors:
        theirs, ours = (
            "; ".join(f"{f.name}: {', '.join(f.values)}" for f in named)
            for named in (judge.factors, training.factors)
        )
        raise ConfigError(
            f"The judge in {folder} names {theirs}, but {dataset} has {ours}: give this data "
            "set a judge of its own with --judge DIR."
        )
    return judge
