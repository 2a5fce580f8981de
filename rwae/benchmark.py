"""How fast a model is, as ratios measured in one interleaved run.

    python -m rwae.benchmark checkpoints/sprites

Encoding and decoding take turns with a plain DCGAN frame decoder (64-128-256-512 channels, as in
S3VAE, C-DSVAE and SPYL), so that a busy machine slows all of them alike. One clip at a time, in
eager mode, on one CPU thread unless told otherwise. Training is timed in whole steps.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rwae import device
from rwae.codes import Codes
from rwae.errors import RWAEError
from rwae.model import RWAE
from rwae.training.objective import Objective
from rwae.training.presets import PRESETS, TrainingConfig
from rwae.training.process import keep_freed_memory
from rwae.training.ranks import Ranks
from rwae.training.run import step_generator
from rwae.training.state import TrainState

DCGAN_WIDTHS = (512, 256, 128, 64)


def dcgan_decoder(size: int) -> nn.Sequential:
    """The frame decoder of the peers: codes (N, size, 1, 1) to frames (N, 3, 64, 64)."""
    layers: list[nn.Module] = []
    inputs, stride, padding = size, 1, 0
    for width in DCGAN_WIDTHS:
        layers += [
            nn.ConvTranspose2d(inputs, width, 4, stride, padding, bias=False),
            nn.BatchNorm2d(width),
            nn.LeakyReLU(0.2, inplace=True),
        ]
        inputs, stride, padding = width, 2, 1
    return nn.Sequential(*layers, nn.ConvTranspose2d(inputs, 3, 4, 2, 1), nn.Sigmoid())


@dataclass(frozen=True)
class Times:
    """Milliseconds of one call, over all rounds."""

    values: tuple[float, ...]

    def __str__(self) -> str:
        middle = statistics.median(self.values)
        return f"{middle:8.2f} ms  ({min(self.values):.2f} to {max(self.values):.2f})"


def interleave(calls: dict[str, Callable[[], object]], rounds: int) -> dict[str, Times]:
    """Times the calls in turn, `rounds` times after two rounds of warm-up."""
    values: dict[str, list[float]] = {name: [] for name in calls}
    for round_number in range(rounds + 2):
        for name, call in calls.items():
            begin = time.perf_counter()
            call()
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            if round_number >= 2:
                values[name].append(1e3 * (time.perf_counter() - begin))
    return {name: Times(tuple(taken)) for name, taken in values.items()}


def ratio(first: Times, second: Times) -> str:
    """The median of the ratios of neighbouring calls, with their quartiles."""
    pairs = [a / b for a, b in zip(first.values, second.values, strict=True)]
    low, middle, high = statistics.quantiles(pairs, n=4)
    return f"{middle:8.2f}     ({low:.2f} to {high:.2f}, quartiles)"


def inference_calls(model: RWAE) -> dict[str, Callable[[], object]]:
    """Encoding and decoding one clip of the trained length, and the peers' decoder on as many."""
    config = model.config
    size = config.static_size + config.dynamic_size
    peer = dcgan_decoder(size).to(model.device).eval()
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(1, config.frames, 3, config.frame_size, config.frame_size, generator=generator)
    codes: Codes = model.sample(1, generator=generator)
    flat: Tensor = torch.randn(config.frames, size, 1, 1, generator=generator).to(model.device)

    @torch.no_grad()
    def decode_by_peer() -> Tensor:
        return peer(flat)

    return {
        "encode": lambda: model.encode(x),
        "decode": lambda: model.decode(codes),
        "DCGAN decode": decode_by_peer,
    }


def training_call(config: TrainingConfig, where: torch.device) -> Callable[[], object]:
    """One whole step of training, on random clips."""
    ranks = Ranks(0, 1, where)
    state = TrainState(config, where)
    objective = Objective(state.model, config).train()
    side = config.model.frame_size
    x = torch.rand(config.batch, config.model.frames, 3, side, side, device=where)

    def step() -> None:
        terms = objective(x, step_generator(0, state.step, ranks))
        terms.total(config.weights).backward()
        state.update()

    return step


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        "python -m rwae.benchmark",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("checkpoint", nargs="?", default="checkpoints/sprites")
    parser.add_argument("--preset", choices=PRESETS, default="sprites", help="what is trained")
    parser.add_argument("--rounds", type=int, choices=range(4, 1001), default=50, metavar="N")
    parser.add_argument("--device", help="cuda, mps or cpu; cpu by default", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args(arguments)
    keep_freed_memory()
    try:
        device.use_threads(options.threads)
        where = device.choose(options.device)
        model = RWAE.from_pretrained(options.checkpoint, device=where)
    except RWAEError as error:
        print(error, file=sys.stderr)
        return 2
    config = PRESETS[options.preset]
    print(
        f"{options.checkpoint} on {device.label(where)}, {options.threads} thread(s), "
        f"{model.parameters_total / 1e6:.2f} M parameters, {options.rounds} rounds"
    )
    times = interleave(inference_calls(model), options.rounds)
    for name, taken in times.items():
        print(f"{name:24}{taken}")
    print(f"{'decode / DCGAN decode':24}{ratio(times['decode'], times['DCGAN decode'])}")
    step = interleave({"step": training_call(config, where)}, max(3, options.rounds // 5))["step"]
    speed = 1e3 * config.batch / statistics.median(step.values)
    print(
        f"{'training step':24}{step}\n{'training':24}{speed:8.0f} clips/s at batch {config.batch}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
