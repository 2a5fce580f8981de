"""Training that survives: killed at any moment, with a full disk, on one process and on two."""

import dataclasses
import multiprocessing
import os
import random
import resource
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from conftest import TINY
from safetensors.torch import load_file
from tqdm import tqdm

from rwae import RWAE
from rwae.benchmark.server import free_port
from rwae.data.clips import Clips
from rwae.training.config import TrainingConfig
from rwae.training.distributed import Ranks, process_group
from rwae.training.run import DiskError, train
from rwae.training.state import STATE_FILE, TrainState, resume

CPU = torch.device("cpu")
ALONE = Ranks(0, 1, CPU)
RUN = TrainingConfig(
    dataset="test", model=TINY, steps=60, batch=4, warmup=2, log_every=1, save_every=1,
    sheet_every=20, prior_draws=8,
)  # fmt: skip
FORK = multiprocessing.get_context("fork")


def started(action: Callable[..., object], *arguments: object) -> multiprocessing.Process:
    """A process of its own that shares what this one has imported already."""
    process = FORK.Process(target=action, args=arguments)
    process.start()
    return process


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def same(one: Path, other: Path) -> bool:
    first, second = weights(one), weights(other)
    return all(torch.equal(first[name], second[name]) for name in first)


def run_alone(clips: Clips, out: Path, config: TrainingConfig = RUN) -> None:
    # The bar's usual lock is shared by forked processes: one that is killed with it keeps it.
    tqdm.set_lock(threading.RLock())
    torch.set_num_threads(1)
    train(config, clips, out, ALONE)


def ended(process: multiprocessing.Process) -> int:
    process.join(120)
    assert process.exitcode is not None, "the run did not end"
    return process.exitcode


@pytest.mark.slow
def test_a_run_that_is_killed_eight_times_equals_one_that_never_was(
    square_clips: Clips, tmp_path: Path
) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    began = time.monotonic()
    assert ended(started(run_alone, square_clips, whole)) == 0
    length = time.monotonic() - began
    moments, steps = random.Random(7), []
    for _ in range(8):
        process = started(run_alone, square_clips, parts)
        process.join(moments.uniform(0.05, 0.25) * length)
        process.kill()  # which does nothing to one that has ended
        assert ended(process) in (-signal.SIGKILL, 0)
        state = TrainState(RUN, CPU)
        said = resume(state, parts)
        assert "cannot be read" not in said, "a kill leaves whole files alone"
        steps.append(state.step)
    assert steps == sorted(steps), "no run may lose what one before it saved"
    assert any(0 < step < RUN.steps for step in steps), "no kill came in the middle of the run"
    (parts / f".{STATE_FILE}.torn.part").write_bytes(b"a kill may leave such a file, or none")
    assert ended(started(run_alone, square_clips, parts)) == 0
    assert same(whole, parts)
    assert not list(parts.glob(".*")), "what a kill left half-written is swept away"


def test_a_full_disk_stops_the_run_in_words_and_loses_nothing(
    square_clips: Clips, tmp_path: Path
) -> None:
    parts, short = tmp_path / "parts", dataclasses.replace(RUN, steps=6)
    run_alone(square_clips, parts, dataclasses.replace(short, steps=3))
    before = (parts / STATE_FILE).read_bytes()

    def on_a_full_disk() -> None:
        # Any file may have a kilobyte: what the system refuses then is a real write.
        resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))
        with pytest.raises(DiskError, match="make room there"):
            run_alone(square_clips, parts, short)

    assert ended(started(on_a_full_disk)) == 0
    assert (parts / STATE_FILE).read_bytes() == before
    state = TrainState(short, CPU)
    resume(state, parts)
    assert state.step == 3
    run_alone(square_clips, parts, short)
    assert RWAE.from_pretrained(parts).config == TINY


def rank(number: int, port: int, clips: Clips, out: Path, config: TrainingConfig) -> None:
    """One of two processes, as `torchrun` would start it."""
    torch.set_num_threads(1)
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    os.environ.update(place, WORLD_SIZE="2", RANK=str(number), LOCAL_RANK=str(number))
    with process_group(CPU) as ranks:
        train(config, clips, out, ranks)


def two_ranks(clips: Clips, out: Path, config: TrainingConfig, stop_at: int = 0) -> None:
    """Trains on two processes; with `stop_at`, asks one of them to stop after that step."""
    port = free_port()
    both = [started(rank, number, port, clips, out, config) for number in range(2)]
    log = out / "metrics.jsonl"
    end = time.monotonic() + 60
    while stop_at and (not log.exists() or len(log.read_text().splitlines()) < stop_at):
        assert time.monotonic() < end, "the run did not begin"
        time.sleep(0.001)
    if stop_at:
        os.kill(both[1].pid, signal.SIGTERM)
    assert [ended(process) for process in both] == [0, 0]


@pytest.mark.slow
def test_two_ranks_that_are_stopped_go_on_as_if_they_had_not_been(
    square_clips: Clips, tmp_path: Path
) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    rarely = dataclasses.replace(RUN, save_every=1000)
    two_ranks(square_clips, whole, rarely)
    two_ranks(square_clips, parts, rarely, stop_at=2)
    state = TrainState(rarely, CPU, ranks=2)
    resume(state, parts)
    assert 2 <= state.step < RUN.steps, "the signal came too late to stop the run"
    two_ranks(square_clips, parts, rarely)
    assert same(whole, parts)
