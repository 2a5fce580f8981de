"""The training loop: resume, step, log, save, and stop politely."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor
from tqdm import tqdm

from rwae.codes import Codes
from rwae.data.clips import ClipSource
from rwae.errors import ConfigError, RWAEError
from rwae.files import checkpoint
from rwae.files.checkpoint import SETTINGS_FILE
from rwae.models.base import CodeModel
from rwae.training.config import TrainingConfig, Weights
from rwae.training.metrics import Metrics
from rwae.training.process import asked_to_stop
from rwae.training.ranks import Ranks
from rwae.training.sheet import write_sheet
from rwae.training.state import TrainState, resume

GALLERY_CLIPS = 288


class DivergedError(RWAEError):
    """A loss is not finite."""


class DiskError(RWAEError):
    """The folder of a run cannot be written."""


def train(
    config: TrainingConfig,
    clips: ClipSource,
    out: Path,
    ranks: Ranks,
    precision: torch.dtype = torch.float32,
    command: str = "",
) -> bool:
    """Trains until the last step, a SIGTERM or Ctrl-C, and leaves a checkpoint in `out`.

    Args:
        config: the run.
        clips: the training clips.
        out: folder of the run; one with a saved state is resumed.
        ranks: the processes that share the work, each on its own batches.
        precision: of the posteriors and the decoder; see `Objective`.
        command: how to repeat the run, for the record beside the weights.

    Returns:
        Whether the last step was reached.

    Raises:
        ConfigError: if there are fewer clips than a batch needs, they are too short, or a weight
            is given to a term that the run does not have.
        DivergedError: if a loss is not finite; the message names the term.
        DiskError: if the folder cannot be written, for example because the disk is full.
        CheckpointError: if `out` holds the state of another run.
    """
    config.check_clips(len(clips), clips.shape[0])
    state = TrainState(config, ranks.device, precision, ranks.count)
    ranks.say(resume(state, out))
    objective = ranks.replicate(state.objective).train()
    clips = clips.to(ranks.device)
    with written(state, out):
        recorder = Recorder(state, clips, out, ranks, command) if ranks.first else None

    with asked_to_stop() as stop, progress(state, ranks) as bar, written(state, out):
        while state.step < config.steps:
            generator = step_generator(config.seed, state.step, ranks)
            terms = objective(next_batch(clips, config.batch, generator), generator)
            require_weighed(config.weights, terms)
            require_finite(terms, state.step)
            state.objective.total(terms).backward()
            norm = state.update()

            bar.update()
            leaving = ranks.any(stop.is_set())
            if recorder:
                recorder.after_step(terms, norm, leaving)
            if leaving:
                ranks.say(f"Stopped after step {state.step}; the same command goes on from there.")
                return False
    with written(state, out):
        if recorder:
            recorder.finish()
    return True


@contextmanager
def written(state: TrainState, out: Path) -> Iterator[None]:
    """Turns a disk that takes no more into a sentence; what was saved before is whole."""
    try:
        yield
    except OSError as error:
        raise DiskError(
            f"The folder {out} cannot be written at step {state.step} ({error.strerror}): make "
            "room there and give the same command, which goes on from the last state."
        ) from error


class Recorder:
    """What a run leaves in its folder; only the first rank has one."""

    def __init__(
        self, state: TrainState, clips: ClipSource, out: Path, ranks: Ranks, command: str
    ) -> None:
        self.state, self.clips, self.out, self.ranks = state, clips, out, ranks
        checkpoint.remove_partial_files(out)
        self.metrics = Metrics(out, state.step)
        settings = {"command": command, **state.settings()}
        with checkpoint.atomic(out / SETTINGS_FILE) as path:
            path.write_text(json.dumps(settings, indent=2) + "\n", "utf-8")

    def after_step(self, terms: dict[str, Tensor], norm: float, leaving: bool) -> None:
        """Logs and saves what is due after this step; before leaving the state comes first."""
        step, config = self.state.step, self.state.config
        if leaving or step % config.log_every == 0:
            self.metrics.write(step, terms, norm, config.batch * self.ranks.count)
        if leaving or step % config.save_every == 0:
            self.state.save(self.out)
        if leaving or step % config.sheet_every == 0:
            ship(self.state.ema, self.clips, self.out)
        if step % config.sheet_every == 0:
            write_sheet(self.out / "sheets" / f"{step:06d}.png", self.state.ema, self.clips)

    def finish(self) -> None:
        if self.state.step % self.state.config.save_every:  # or it was saved just now
            self.state.save(self.out)
        ship(self.state.ema, self.clips, self.out)


def progress(state: TrainState, ranks: Ranks) -> tqdm:
    """A bar over all steps, which stands where the state is; only the first rank shows it."""
    steps = state.config.steps
    return tqdm(
        total=steps, initial=state.step, unit="step", disable=not ranks.first, dynamic_ncols=True
    )


def step_generator(seed: int, step: int, ranks: Ranks) -> torch.Generator:
    """The source of all randomness of a step, which makes a resumed run equal to a whole one.

    Its seed is the first 63 bits of the SHA-256 of the text "seed step rank", in decimal numbers,
    so it is the same on every machine. Runs of version 0.1 drew other noise: their seed was
    Python's hash of a tuple.
    """
    text = f"{seed} {step} {ranks.rank}"
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
    return torch.Generator(ranks.device).manual_seed(number)


def next_batch(clips: ClipSource, size: int, generator: torch.Generator) -> Tensor:
    """Draws different clips, as floats with shape (B, T, 3, H, W)."""
    order = torch.randperm(len(clips), generator=generator, device=generator.device)
    return clips.batch(order[:size])


def require_weighed(weights: Weights, terms: dict[str, Tensor]) -> None:
    """Raises ConfigError if a weight other than the usual one is for none of the terms."""
    usual = vars(Weights())
    if idle := [n for n, w in vars(weights).items() if n not in terms and w != usual[n]]:
        raise ConfigError(
            f"This run has no term {idle[0]} that a weight could be given to: leave --weight "
            f"{idle[0]} out, or choose one of {', '.join(terms)}."
        )


def require_finite(terms: dict[str, Tensor], step: int) -> None:
    """Raises DivergedError with the name of the first term that is not a finite number."""
    for name, value in terms.items():
        if not bool(torch.isfinite(value)):
            raise DivergedError(
                f"The term {name} is {value.item()} at step {step}: start again with a lower "
                "--learning-rate, in another folder with --out."
            )


def ship(model: CodeModel, clips: ClipSource, out: Path) -> None:
    """Writes the checkpoint and its gallery: codes of some training clips, spread over the set.

    A model that cannot encode gets a gallery of its own draws.
    """
    model.save_pretrained(out)
    chosen = torch.linspace(0, len(clips) - 1, min(GALLERY_CLIPS, len(clips))).long()
    if model.encodes:
        gallery = Codes.cat([model.encode(clips.batch(part)) for part in chosen.split(32)])
    else:
        gallery = model.sample(len(chosen), generator=torch.Generator().manual_seed(0))
    checkpoint.write_gallery(out, gallery)
