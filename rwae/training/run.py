"""The training loop: resume, then step, log and save until the last step or a signal."""

from __future__ import annotations

import hashlib
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn, cast

import torch
from torch import Tensor
from tqdm import tqdm

from rwae.data.clips import ClipSource
from rwae.errors import ConfigError, RWAEError
from rwae.models.rwae import RWAE
from rwae.training.config import LossWeights, TrainingConfig
from rwae.training.distributed import Ranks
from rwae.training.objective import PriorObjective
from rwae.training.pairing import Pairing
from rwae.training.recorder import Recorder
from rwae.training.recording_actions import cluster_recordings
from rwae.training.state import TrainState, resume


class DivergedError(RWAEError):
    """A loss is not finite."""


class DiskError(RWAEError):
    """The folder of a run cannot be written."""


# One step of a phase: from the source of its randomness to the terms and the loss.
Step = Callable[[torch.Generator], tuple[dict[str, Tensor], Tensor]]


def train(
    config: TrainingConfig,
    clips: ClipSource,
    out: Path,
    ranks: Ranks,
    precision: torch.dtype = torch.float32,
    command: str = "",
    finished: Path | None = None,
) -> bool:
    """Trains until the last step, a SIGTERM or Ctrl-C, and leaves a checkpoint in `out`.

    Args:
        config: of the run.
        clips: the training clips.
        out: folder of the run; one with a saved state is resumed.
        ranks: the processes that share the work, each on its own batches.
        precision: of the networks that may be computed in less than float32.
        command: that repeats the run; it is written to `training.json` beside the weights.
        finished: a checkpoint whose codes are trained; only the phase of the prior is run.

    Returns:
        Whether the last step was reached.

    Raises:
        ConfigError: if there are fewer clips than a batch needs, they are too short, or a weight
            is given to a term that the run does not have.
        DivergedError: if a loss is not finite; the message names the term.
        DiskError: if the folder cannot be written, for example because the disk is full.
        CheckpointError: if `out` holds the state of another run, or `finished` does not fit.
    """
    config.check_clips(len(clips), clips.shape[0])
    state = TrainState(config, ranks.device, precision, ranks.count)
    ranks.print_once(resume(state, out))
    if finished is not None and not state.step:
        state.begin_from(finished)
    clips = clips.to(ranks.device)
    phases = ((config.steps, codes_phase), (config.total_steps, prior_phase))
    with disk_errors_in_words(state, out):
        recorder = Recorder(state, clips, out, command) if ranks.is_first else None
        with stop_request() as stop, progress_bar(state, ranks) as bar:
            for last, phase in phases:
                if state.step >= last:
                    continue
                take_step = phase(state, clips, ranks)
                while state.step < last:
                    terms, loss = take_step(step_generator(config.seed, state.step, ranks))
                    require_finite(terms, state.step)
                    loss.backward()
                    norm = state.update()

                    bar.update()
                    stopping = ranks.any(stop.is_set)
                    if recorder:
                        recorder.after_step(terms, norm, stopping)
                    if stopping:
                        ranks.print_once(
                            f"Stopped after step {state.step}; the same command resumes the run."
                        )
                        return False
        if recorder:
            recorder.finish()
    return True


def codes_phase(state: TrainState, clips: ClipSource, ranks: Ranks) -> Step:
    """The steps that train everything."""
    config = state.config
    objective = ranks.replicate(state.objective).train()
    share = config.paired_share
    pairing = Pairing(clips.labels, clips.factors, share) if share else None

    def step(generator: torch.Generator) -> tuple[dict[str, Tensor], Tensor]:
        chosen = choose_clips(len(clips), config.batch, generator)
        x = clips.batch(chosen)
        inputs = pairing.inputs(clips, chosen, x, generator) if pairing else ()
        terms = objective(x, generator, *inputs)
        require_used_weights(config.weights, terms)
        return terms, state.objective.total(terms)

    return step


def prior_phase(state: TrainState, clips: ClipSource, ranks: Ranks) -> Step:
    """The steps that train the prior alone, on the codes of the moving average.

    For actions as clusters of recordings they train Q(a | z_1:T) as well; see
    `rwae.training.recording_actions`.
    """
    if state.step == state.config.steps:
        state.begin_prior_phase()
    # The settings allow this phase to an R-WAE alone.
    codes, trained = cast(RWAE, state.ema), cast(RWAE, state.model)
    actions = cluster_recordings(codes, clips) if codes.config.recording_actions else None
    learned = None if actions is None else trained.action_posterior
    objective = ranks.replicate(PriorObjective(codes, trained.prior, learned))

    def step(generator: torch.Generator) -> tuple[dict[str, Tensor], Tensor]:
        chosen = choose_clips(len(clips), state.config.batch, generator)
        wanted = () if actions is None else (actions[chosen],)
        terms = objective(clips.batch(chosen), generator, *wanted)
        return terms, torch.stack([*terms.values()]).sum()

    return step


class StopRequest:
    """Whether a signal has asked the run to stop."""

    def __init__(self) -> None:
        self.is_set = False

    def set(self, *_: object) -> None:
        """A signal handler."""
        self.is_set = True


@contextmanager
def stop_request() -> Iterator[StopRequest]:
    """A request that SIGTERM and Ctrl-C set, in place of ending the process."""
    request = StopRequest()
    before = {
        number: signal.signal(number, request.set) for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def disk_errors_in_words(state: TrainState, out: Path) -> Iterator[None]:
    """Turns a failure to write into a DiskError; what was saved before stays whole."""
    try:
        yield
    except OSError as error:
        raise DiskError(
            f"The folder {out} cannot be written at step {state.step} ({error.strerror}): make "
            "room there and give the same command, which resumes the run from the last state."
        ) from error


def progress_bar(state: TrainState, ranks: Ranks) -> tqdm[NoReturn]:
    """A bar over all steps that begins at the step of the state; only the first rank shows it."""
    bar: tqdm[NoReturn] = tqdm(
        total=state.config.total_steps,
        initial=state.step,
        unit="step",
        disable=not ranks.is_first,
        dynamic_ncols=True,
    )
    return bar


def step_generator(seed: int, step: int, ranks: Ranks) -> torch.Generator:
    """The source of all randomness of a step, which makes a resumed run equal to a whole one.

    Its seed is the first 63 bits of the SHA-256 of the text "seed step rank", in decimal numbers,
    so it is the same on every machine. Runs of version 0.1 drew other noise: their seed was
    Python's hash of a tuple.
    """
    text = f"{seed} {step} {ranks.rank}"
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
    return torch.Generator(ranks.device).manual_seed(number)


def choose_clips(count: int, batch: int, generator: torch.Generator) -> Tensor:
    """Draws the numbers of `batch` different clips out of `count`."""
    return torch.randperm(count, generator=generator, device=generator.device)[:batch]


def require_used_weights(weights: LossWeights, terms: Mapping[str, Tensor]) -> None:
    """Raises ConfigError if a weight that is not the default belongs to none of the terms."""
    defaults = vars(LossWeights())
    for name, weight in vars(weights).items():
        if name not in terms and weight != defaults[name]:
            raise ConfigError(
                f"This run has no term {name} that a weight could be given to: leave --weight "
                f"{name} out, or choose one of {', '.join(terms)}."
            )


def require_finite(terms: Mapping[str, Tensor], step: int) -> None:
    """Raises DivergedError with the name of the first term that is not a finite number."""
    for name, value in terms.items():
        if not bool(torch.isfinite(value)):
            raise DivergedError(
                f"The term {name} is {value.item()} at step {step}: start again with a lower "
                "--learning-rate, in another folder with --out."
            )
