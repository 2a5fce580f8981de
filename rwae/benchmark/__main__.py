"""Times a model beside the networks of its peers, in one interleaved run.

    python -m rwae.benchmark                          # the shipped model, on one CPU thread
    python -m rwae.benchmark runs/mine --device cuda --batch 256 --precision bfloat16
    python -m rwae.benchmark --markdown               # the README's table

All take turns, so a busy machine slows all of them alike: read the ratios. Encoding and decoding
handle one clip at a time, in eager mode and float32; training is timed in whole steps, which for
a peer is one pass, its reconstruction loss and Adam. The peers have their published sizes and
random weights. The share of the peak is against a large matrix product in the same run.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Sequence

import torch

from rwae import runtime
from rwae.benchmark.contenders import Contender, frame_decoder, ours, rival
from rwae.benchmark.cost import large_product, operations
from rwae.benchmark.peers import PEERS, SIDE
from rwae.benchmark.report import Measured, markdown, table, text
from rwae.benchmark.timing import Times, interleave
from rwae.errors import ConfigError, RWAEError
from rwae.models import registry
from rwae.models.base import CodeModel
from rwae.runtime import keep_freed_memory
from rwae.training.config import TrainingConfig
from rwae.training.options import PRECISIONS
from rwae.training.presets import PRESETS

COUNTED_BATCH = 4  # operations per clip hardly depend on the batch, so a small one is counted
PRODUCT = "large product"


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
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
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--precision", choices=PRECISIONS, default="float32", help="of training")
    parser.add_argument("--markdown", action="store_true", help="print the README's table")
    return parser.parse_args(arguments)


def gather(model: CodeModel, config: TrainingConfig, precision: torch.dtype) -> list[Contender]:
    """Our model first, then its peers, on the model's device and at the batch of `config`."""
    sizes, where = model.config, model.device
    peers = [rival(kind, sizes.frames, config.batch, where, precision) for kind in PEERS]
    size = sizes.static_size + sizes.dynamic_size
    return [ours(model, config, precision), *peers, frame_decoder(size, sizes.frames, where)]


def take_turns(
    contenders: Sequence[Contender],
    tasks: Sequence[str],
    rounds: int,
    where: torch.device,
    precision: torch.dtype,
) -> tuple[dict[tuple[str, str], Times], float]:
    """Times some tasks of all contenders.

    Returns:
        The times by (title, task), and the operations per second of a large product.
    """
    product, operations_of_product = large_product(where, precision)
    calls = {
        (c.title, task): call
        for c in contenders
        for task, call in c.calls.items()
        if task in tasks
    }
    times = interleave({**calls, (PRODUCT, ""): product}, rounds)
    return times, operations_of_product / times.pop((PRODUCT, "")).median


def measure(
    model: CodeModel, config: TrainingConfig, rounds: int, precision: torch.dtype
) -> list[Measured]:
    """Times every contender, and counts its operations."""
    small = dataclasses.replace(config, batch=COUNTED_BATCH)
    counted = [
        {task: operations(call) / c.clips(task) for task, call in c.calls.items()}
        for c in gather(model, small, precision)
    ]
    contenders = gather(model, config, precision)
    where, few = model.device, max(4, rounds // 10)
    times, peak = take_turns(contenders, ("encode", "decode"), rounds, where, torch.float32)
    in_training, peak_in_training = take_turns(contenders, ("train",), few, where, precision)
    peaks = {"encode": peak, "decode": peak, "train": peak_in_training}
    times |= in_training
    return [
        Measured(c, {task: times[c.title, task] for task in c.calls}, count, peaks)
        for c, count in zip(contenders, counted, strict=True)
    ]


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    keep_freed_memory()
    try:
        runtime.use_threads(options.threads)
        where = runtime.choose_device(options.device)
        model = registry.load(options.checkpoint, device=where)
        if model.config.frame_size != SIDE:
            raise ConfigError(
                f"The frames of {options.checkpoint} have {model.config.frame_size} pixels a "
                f"side: the peers' networks take {SIDE}, so name a model that does as well."
            )
        config = PRESETS[options.preset]
        config = dataclasses.replace(config, batch=options.batch or config.batch)
    except RWAEError as error:
        print(error, file=sys.stderr)
        return 2
    measured = measure(model, config, options.rounds, PRECISIONS[options.precision])
    show = markdown if options.markdown else text
    print(show(table(measured)))
    print(
        f"\n{options.checkpoint}, {model.config.frames} frames, on {runtime.device_label(where)}, "
        f"{options.threads} thread(s), torch {torch.__version__}, {options.rounds} rounds; "
        f"training at batch {config.batch} in {options.precision}. The peak is "
        f"{measured[0].peak['decode'] / 1e9:,.0f} GFLOP/s."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
