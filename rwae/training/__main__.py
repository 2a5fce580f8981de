"""Trains a model.

    python -m rwae.training --preset figures --out runs/figures           # two minutes, no data
    python -m rwae.training --preset sprites --data data/sprites --out runs/sprites
    torchrun --nproc_per_node 2 -m rwae.training --preset sprites ...     # data parallel

The folder of the run gets the checkpoint (`config.json`, `model.safetensors`,
`gallery.safetensors`), `metrics.jsonl`, `training.json`, sample sheets, and the state from which
the same command goes on after an interruption. SIGTERM and Ctrl-C finish the step, save and exit.
"""

from __future__ import annotations

import shlex
import sys

from rwae import data
from rwae.errors import RWAEError
from rwae.runtime import choose_device, keep_freed_memory, use_threads
from rwae.training.options import PRECISIONS, command, configure, parse
from rwae.training.ranks import join
from rwae.training.run import train


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments, __doc__)
    keep_freed_memory()
    try:
        use_threads(options.threads)
        config = configure(options)
        clips = data.load(config.dataset, "train", options.data)
        config = config.for_clips(clips.shape[0])
        with join(choose_device(options.device)) as ranks:
            default = "bfloat16" if ranks.device.type == "cuda" else "float32"
            precision = options.precision or default
            repeat = command(options, precision)
            finished = train(config, clips, options.out, ranks, PRECISIONS[precision], repeat)
    except RWAEError as error:
        print(error, file=sys.stderr)
        return 2
    if finished and ranks.first:
        score = ["python", "-m", "rwae.evaluation", str(options.out), "--dataset", config.dataset]
        if options.data:
            score += ["--data", str(options.data)]
        print(f"The checkpoint is in {options.out}. Score it: {shlex.join(score)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
