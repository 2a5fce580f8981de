"""Trains the judge of SM-MNIST on real training frames.

    python -m rwae.evaluation.digits_train --data data/mnist

It takes a quarter of an hour on one CPU thread and writes `model.safetensors` and a card with what
the judge gets right on real test clips. No model's clip is ever shown to it.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from rwae.checkpoint import atomic
from rwae.data import moving_mnist
from rwae.data.moving_mnist import MovingDigits
from rwae.device import use_threads
from rwae.errors import RWAEError
from rwae.evaluation.digits import agreement, judge_real
from rwae.evaluation.digits_judge import CENTRE, PLACES, DigitsJudge, cut
from rwae.evaluation.train_judge import JUDGES, adam, disturb

FOLDER = JUDGES / "moving_mnist"
STEPS, BATCH = 3000, 64
SHIFT = 1.5  # pixels by which a box misses its digit at most, in training


def single_frames(clips: MovingDigits) -> MovingDigits:
    """Clips of one frame each, more than training needs, so that no two are of one motion."""
    return dataclasses.replace(clips, frames=1, count=STEPS * BATCH)


def target(places: Tensor) -> Tensor:
    """One half for the place of each box: (N, 2, 2) whole offsets (x, y) -> (N, 32 * 32)."""
    number = (places[..., 1] * PLACES + places[..., 0]).long()
    half = torch.full(number.shape, 0.5)
    return torch.zeros(len(number), PLACES**2).scatter_add_(1, number, half)


def train(clips: MovingDigits, seed: int = 0, steps: int = STEPS) -> DigitsJudge:
    """Fits both networks by cross-entropy with Adam and a half cosine.

    The reader sees boxes that miss the digit by up to 1.5 pixels to each side; both see small
    disturbances, so that a faint blur does not decide.

    Args:
        clips: the training split.
        seed: of the weights, the shifts and the disturbances.
        steps: of 64 frames each.
    """
    clips = single_frames(clips)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        judge = DigitsJudge()
    generator = torch.Generator().manual_seed(seed)
    optimizer, schedule = adam(judge, steps)
    for step in tqdm(range(steps), desc="judge", unit="step", dynamic_ncols=True):
        chosen = torch.arange(step * BATCH, (step + 1) * BATCH)
        known = clips.truth(chosen)
        places = known.centres[:, 0] - CENTRE
        grey = disturb(clips.batch(chosen)[:, :, :1], generator).squeeze(1)
        moved = SHIFT * (2 * torch.rand(places.shape, generator=generator) - 1)
        boxes = cut(grey.squeeze(1), places + moved).flatten(0, 1).unsqueeze(1)
        loss = F.cross_entropy(judge.locator(grey).flatten(1), target(places))
        loss = loss + F.cross_entropy(judge.reader(boxes), known.classes.flatten())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
    return judge.eval().requires_grad_(False)


def write_card(folder: Path, judge: DigitsJudge, test: MovingDigits, seed: int) -> None:
    """Writes what a judge gets right on real test clips, and how it was trained."""
    found, known = judge_real(judge, test)
    scores = agreement(found, known.classes, known.centres)
    card = f"""# Judge of SM-MNIST

Two small networks that find both digits in every frame and name them. The evaluation uses them to
tell whether a model's clips show the digits and places that they should. They are no part of the
model.

- Data: {STEPS * BATCH:,} frames with the 55,000 digits of the split "train" of moving_mnist.
- Command: `python -m rwae.evaluation.digits_train --data data/mnist`
- Seed {seed}, {STEPS:,} steps of {BATCH} frames.
- Licence: MNIST, of which the frames are made, is under CC-BY-SA 3.0.

| on {len(test):,} real test clips of {test.frames} frames | |
|---|---:|
| both digits right | {scores["pair"]:.2%} |
| digits right | {scores["digit"]:.2%} |
| distance of a found digit to its place, mean | {scores["position_error"]:.2f} pixels |
"""
    with atomic(folder / "README.md") as path:
        path.write_text(card, "utf-8")


def make(folder: Path, data: Path, seed: int = 0) -> DigitsJudge:
    """Trains a judge and saves it with its card; what is returned is read back from the file.

    Raises:
        DataError: if MNIST cannot be read.
    """
    train(moving_mnist.load(data, "train"), seed).save(folder)
    judge = DigitsJudge.load(folder)
    write_card(folder, judge, moving_mnist.load(data, "test"), seed)
    return judge


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m rwae.evaluation.digits_train",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the MNIST files")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder of the judge")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1, help="CPU threads")
    options = parser.parse_args(arguments)
    try:
        use_threads(options.threads)
        make(options.out, options.data, options.seed)
    except RWAEError as error:
        print(error, file=sys.stderr)
        return 2
    print((options.out / "README.md").read_text("utf-8"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
