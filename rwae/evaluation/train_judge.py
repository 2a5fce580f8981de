"""Trains the judge of a data set on its real training clips.

    python -m rwae.evaluation.train_judge --dataset sprites --data data/sprites

It takes a few minutes on one CPU thread and writes `config.json`, `model.safetensors` and a card
with the accuracy on real clips that it was not trained on. No model's clip is ever shown to it.
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import LambdaLR
from tqdm import tqdm

from rwae import data
from rwae.checkpoint import WEIGHTS_FILE, atomic
from rwae.data.clips import ClipSource
from rwae.device import use_threads
from rwae.errors import ConfigError, RWAEError
from rwae.evaluation.render import judge_clips
from rwae.judge import Judge, make_judge

JUDGES = Path(__file__).resolve().parents[2] / "checkpoints" / "judges"
JUDGED = tuple(name for name in data.NAMES if data.describe(name).judge_splits)
BATCH = 32
RATE = 2e-3
WARM_UP = 100


def place(dataset: str, source: Path | None = None) -> Path:
    """Where the judge of a data set is kept: with the shipped ones, or with the user's runs.

    Args:
        dataset: its name.
        source: folder of the data set; each folder of a user's own has a judge of its own.
    """
    if not data.describe(dataset).own:
        return JUDGES / dataset
    own = f"-{Path(source).resolve().name}" if source else ""
    return Path("runs") / "judges" / f"{dataset}{own}"


def disturb(x: Tensor, generator: torch.Generator) -> Tensor:
    """Small disturbances of clips (B, T, 3, H, W), so that a faint blur does not decide.

    The batch is moved by up to one pixel; half of the batches are also mixed with up to half of
    their 3 x 3 mean, and get noise of up to 0.02. A clear blur is left out: what it hides
    should stay hidden from the judge.
    """
    moved = torch.randint(-1, 2, (2,), generator=generator).tolist()
    x = torch.roll(x, moved, (-2, -1))
    share, noise, on = torch.rand(3, generator=generator).tolist()
    if on < 0.5:
        mean = F.avg_pool2d(x.flatten(0, 1), 3, 1, 1).view_as(x)
        x = torch.lerp(x, mean, 0.5 * share)
        x = x + 0.02 * noise * torch.randn(x.shape, generator=generator)
    return x


def train(clips: ClipSource, epochs: int, seed: int, apart: bool = False) -> Judge:
    """Fits a judge by cross-entropy, summed over the factors, with Adam and a half cosine.

    The same seed gives the same judge on the same machine and number of threads.

    Args:
        clips: real training clips with their labels; at least 32.
        epochs: passes over them.
        seed: of the weights, the order of the clips and the disturbances.
        apart: which kind of judge; see `ApartJudge`.
    """
    if len(clips) < BATCH:
        raise ConfigError(
            f"There are {len(clips)} clips to train a judge on: it needs at least {BATCH}."
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        judge = make_judge(clips.factors, apart)
    generator = torch.Generator().manual_seed(seed)
    steps = epochs * (len(clips) // BATCH)
    optimizer, schedule = adam(judge, steps)
    with tqdm(total=steps, desc="judge", unit="step", dynamic_ncols=True) as bar:
        for _ in range(epochs):
            order = torch.randperm(len(clips), generator=generator)
            for chosen in order[: len(order) // BATCH * BATCH].split(BATCH):
                logits = judge(disturb(clips.batch(chosen), generator))
                loss = torch.stack(
                    [
                        F.cross_entropy(answer, label)
                        for answer, label in zip(
                            logits, clips.labels[chosen].unbind(1), strict=True
                        )
                    ]
                ).sum()
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
                schedule.step()
                bar.update()
    return judge.eval().requires_grad_(False)


def adam(judge: nn.Module, steps: int) -> tuple[torch.optim.Adam, LambdaLR]:
    """Adam over a judge, and its schedule: a linear warm-up, then half a cosine to zero."""
    optimizer = torch.optim.Adam(judge.parameters(), lr=RATE)
    warm = min(WARM_UP, max(1, steps // 10))
    return optimizer, LambdaLR(
        optimizer,
        lambda step: min(1, (step + 1) / warm) * (1 + math.cos(math.pi * step / steps)) / 2,
    )


def accuracies(judge: Judge, clips: ClipSource) -> dict[str, float]:
    """The share of real clips in which each factor is named rightly, by the factor's name."""
    answers = judge_clips(judge, clips)
    return {
        factor.name: float((answer.argmax(-1) == label).double().mean())
        for factor, answer, label in zip(
            clips.factors, answers, clips.labels.unbind(1), strict=True
        )
    }


def make(folder: Path, dataset: str, source: Path | None, seed: int = 0) -> Judge:
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
            f"The data set {dataset} has no judge of this kind: python -m rwae.evaluation "
            "measures it in another way."
        )
    training, unseen = (data.load(dataset, split, source) for split in known.judge_splits)
    if not training.factors:
        raise ConfigError(
            f"The clips of {dataset} carry no label, so no judge can learn from them: put them "
            "into folders that say who is seen."
        )
    judge = train(training, known.judge_epochs, seed, known.judge_apart)
    judge.save(folder)
    with atomic(folder / "README.md") as path:
        path.write_text(card(judge.folded(), dataset, training, unseen, seed), "utf-8")
    return Judge.load(folder)


def card(judge: Judge, dataset: str, training: ClipSource, unseen: ClipSource, seed: int) -> str:
    """What a judge learned from, and how often it is right on real clips that it never saw."""
    known = data.describe(dataset)
    found = accuracies(judge, unseen)
    lines = "\n".join(f"| {name} | {share:.2%} |" for name, share in found.items())
    source = f" --data data/{dataset}" if known.needs_folder else ""
    first, second = known.judge_splits
    return f"""# Judge of {dataset}

A small classifier that names every factor of a clip. The evaluation uses it to tell whether a
model's clips show who and what they should. It is no part of the model.

- Data: {len(training):,} real clips of the split "{first}" of {dataset}.
- Command: `python -m rwae.evaluation.train_judge --dataset {dataset}{source}`
- Seed {seed}, {known.judge_epochs} epochs, batches of {BATCH}.
- Licence: {known.licence}.

| factor | right, of {len(unseen):,} real clips of the split "{second}" |
|---|---:|
{lines}
"""


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
        judge = make(folder, dataset, source)
    if judge.factors != training.factors:
        theirs, ours = (
            "; ".join(f"{f.name}: {', '.join(f.values)}" for f in factors)
            for factors in (judge.factors, training.factors)
        )
        raise ConfigError(
            f"The judge in {folder} names {theirs}, but {dataset} has {ours}: give this data "
            "set a judge of its own with --judge DIR."
        )
    return judge


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m rwae.evaluation.train_judge",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--dataset", choices=JUDGED, default="sprites")
    parser.add_argument("--data", type=Path, help="folder of the data set, if it needs one")
    parser.add_argument("--out", type=Path, help="folder of the judge; checkpoints/judges/DATASET")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1, help="CPU threads")
    options = parser.parse_args(arguments)
    folder = options.out or place(options.dataset, options.data)
    try:
        use_threads(options.threads)
        make(folder, options.dataset, options.data, options.seed)
    except RWAEError as error:
        print(error, file=sys.stderr)
        return 2
    print((folder / "README.md").read_text("utf-8"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
