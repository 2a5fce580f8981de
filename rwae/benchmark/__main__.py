"""Times a model beside the networks of its peers, in one interleaved run.

    python -m rwae.benchmark                          # the shipped model, on one CPU thread
    python -m rwae.benchmark runs/mine --device cuda --batch 256 --precision bfloat16
    python -m rwae.benchmark --markdown               # the table of docs/BENCHMARKS.md

All contenders take turns, so a busy machine slows all of them alike: read the ratios. Encoding and
decoding handle one clip at a time, in eager mode and float32. Training is timed in whole steps; a
step of a peer is one pass, its reconstruction loss and Adam. The peers have their published sizes
and random weights. The share of the peak compares with a large matrix product in the same run.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Sequence

import torch

from rwae import runtime
from rwae.benchmark.contenders import (
    Contender,
    decoder_contender,
    own_contender,
    peer_contender,
)
from rwae.benchmark.cost import interleave, large_product, operations
from rwae.benchmark.peers import PEER_SIDE, PEERS
from rwae.benchmark.report import Quartiles, Table, as_markdown, as_text
from rwae.errors import ConfigError, RWAEError
from rwae.models import registry
from rwae.models.base import CodeModel
from rwae.runtime import keep_freed_memory
from rwae.training.config import PRECISIONS, TrainingConfig
from rwae.training.presets import PRESETS

COUNTED_BATCH = 4  # operations per clip hardly depend on the batch, so a small one is counted
TASK_TITLES = {"encode": "encode", "decode": "decode", "train": "training"}


@dataclasses.dataclass(frozen=True)
class Measurement:
    """A contender and what was measured of it.

    Attributes:
        contender: the model.
        seconds: of each call, in the order of the rounds, by task.
        operations: floating point operations of a clip, by task.
        peak: operations per second of a large matrix product in the same run, by task.
    """

    contender: Contender
    seconds: dict[str, list[float]]
    operations: dict[str, float]
    peak: dict[str, float]

    def clips_per_second(self, task: str) -> float:
        """Clips per second at the median time."""
        return self.contender.clips(task) / Quartiles.of(self.seconds[task]).median

    def share_of_peak(self, task: str) -> float:
        """Operations per second over those of the large product, both at their median times."""
        return self.clips_per_second(task) * self.operations[task] / self.peak[task]

    def speed(self, task: str) -> str:
        """A training step in clips per second, another call in milliseconds with quartiles."""
        if task == "train":
            return f"{self.clips_per_second(task):.1f} clips/s"
        return Quartiles.of([1e3 * seconds for seconds in self.seconds[task]]).text(" ms")


def parse_speed_options(words: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        "python -m rwae.benchmark",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("checkpoint", nargs="?", default="checkpoints/sprites")
    parser.add_argument("--preset", choices=PRESETS, default="sprites", help="what is trained")
    parser.add_argument("--rounds", type=int, choices=range(4, 1001), default=50, metavar="N")
    parser.add_argument("--batch", type=int, help="clips in a training step; the preset's")
    parser.add_argument("--device", help="cuda, mps or cpu; cpu by default", default="cpu")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads; 1 by default")
    parser.add_argument("--precision", choices=PRECISIONS, default="float32", help="of training")
    parser.add_argument("--markdown", action="store_true", help="print the table in Markdown")
    return parser.parse_args(words)


def all_contenders(
    model: CodeModel, config: TrainingConfig, precision: torch.dtype
) -> list[Contender]:
    """Our model first, then its peers, on the model's device and at the batch of `config`."""
    sizes, device = model.config, model.device
    peers = [peer_contender(kind, sizes.frames, config.batch, device, precision) for kind in PEERS]
    size = sizes.static_size + sizes.dynamic_size
    return [
        own_contender(model, config, precision),
        *peers,
        decoder_contender(size, sizes.frames, device),
    ]


def time_tasks(
    contenders: Sequence[Contender],
    tasks: Sequence[str],
    rounds: int,
    device: torch.device,
    precision: torch.dtype,
) -> tuple[dict[tuple[str, str], list[float]], float]:
    """Times some tasks of all contenders, in turns with a large product.

    Returns:
        The seconds by (title, task), and the operations per second of the large product.
    """
    product, product_operations = large_product(device, precision)
    calls = {("", "product"): product}
    for contender in contenders:
        for task, call in contender.calls.items():
            if task in tasks:
                calls[contender.title, task] = call
    seconds = interleave(calls, rounds)
    product_seconds = Quartiles.of(seconds.pop(("", "product"))).median
    return seconds, product_operations / product_seconds


def measure_speed(
    model: CodeModel, config: TrainingConfig, rounds: int, precision: torch.dtype
) -> list[Measurement]:
    """Counts the operations of every contender, and times it.

    Training, which takes long, is timed in a tenth of the rounds, and in at least four.
    """
    small = dataclasses.replace(config, batch=COUNTED_BATCH)
    counts = [
        {task: operations(call) / each.clips(task) for task, call in each.calls.items()}
        for each in all_contenders(model, small, precision)
    ]
    contenders = all_contenders(model, config, precision)
    device, few = model.device, max(4, rounds // 10)
    seconds, peak = time_tasks(contenders, ("encode", "decode"), rounds, device, torch.float32)
    train_seconds, train_peak = time_tasks(contenders, ("train",), few, device, precision)
    seconds |= train_seconds
    peaks = {"encode": peak, "decode": peak, "train": train_peak}
    return [
        Measurement(each, {task: seconds[each.title, task] for task in each.calls}, count, peaks)
        for each, count in zip(contenders, counts, strict=True)
    ]


def speed_table(measurements: Sequence[Measurement]) -> Table:
    """A column for each contender, ours first; times and ratios are medians with quartiles."""
    ours = measurements[0]
    table = [
        ["", *(each.contender.title for each in measurements)],
        ["parameters", *(f"{each.contender.parameters / 1e6:.2f} M" for each in measurements)],
    ]
    for task, title in TASK_TITLES.items():
        names = (title, "our time / theirs", "GFLOP a clip", "share of the peak")
        columns = [task_cells(each, ours, task) for each in measurements]
        table += [list(row) for row in zip(names, *columns, strict=True)]
    return table


def task_cells(each: Measurement, ours: Measurement, task: str) -> tuple[str, str, str, str]:
    """Speed, our time over theirs, operations and share of the peak; empty if not measured."""
    if task not in each.seconds:
        return "", "", "", ""
    ratio = ""
    if each is not ours and task in ours.seconds:
        ratio = Quartiles.of_ratios(ours.seconds[task], each.seconds[task]).text()
    gigaflop = f"{each.operations[task] / 1e9:.2f}"
    return each.speed(task), ratio, gigaflop, f"{each.share_of_peak(task):.0%}"


def main(words: list[str] | None = None) -> int:
    """Measures, and prints the table and how it was measured."""
    options = parse_speed_options(words)
    keep_freed_memory()
    try:
        runtime.use_threads(options.threads)
        device = runtime.choose_device(options.device)
        model = registry.load(options.checkpoint, device=device)
        if model.config.frame_size != PEER_SIDE:
            raise ConfigError(
                f"The frames of {options.checkpoint} have {model.config.frame_size} pixels a "
                f"side, and the networks of the peers need {PEER_SIDE}: name a model of that size."
            )
        config = PRESETS[options.preset]
        config = dataclasses.replace(config, batch=options.batch or config.batch)
    except RWAEError as error:
        print(error, file=sys.stderr)
        return 2
    measurements = measure_speed(model, config, options.rounds, PRECISIONS[options.precision])
    show = as_markdown if options.markdown else as_text
    print(show(speed_table(measurements)))
    print(
        f"\n{options.checkpoint}, {model.config.frames} frames, on "
        f"{runtime.device_label(device)}, {options.threads} thread(s), torch {torch.__version__}, "
        f"{options.rounds} rounds; training at batch {config.batch} in {options.precision}. "
        f"The peak is {measurements[0].peak['decode'] / 1e9:,.0f} GFLOP/s."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
