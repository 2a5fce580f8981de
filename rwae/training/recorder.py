"""Writes the folder of a run: metrics, sample sheets, the state and the checkpoint."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from rwae.codes import Codes
from rwae.data.clips import ClipSource
from rwae.files import checkpoint, filmstrip
from rwae.files.checkpoint import SETTINGS_FILE, atomic
from rwae.files.video import encode_image
from rwae.models.base import CodeModel
from rwae.models.distributions import standard_normal
from rwae.training.state import TrainState

METRICS_FILE = "metrics.jsonl"
GALLERY_CLIPS = 288
SHEET_CLIPS = 3


class Recorder:
    """Writes the folder of a run; only the first rank has one."""

    def __init__(self, state: TrainState, clips: ClipSource, out: Path, command: str) -> None:
        """Removes partial files of a killed run, and writes `training.json`.

        Args:
            state: of the run.
            clips: for samples and the gallery.
            out: folder of the run.
            command: that repeats the run.
        """
        self.state, self.clips, self.out = state, clips, out
        checkpoint.remove_partial_files(out)
        self.metrics = MetricsLog(out / METRICS_FILE, state.step)
        settings = {"command": command, **state.settings()}
        with atomic(out / SETTINGS_FILE) as path:
            path.write_text(json.dumps(settings, indent=2) + "\n", "utf-8")

    def after_step(self, terms: Mapping[str, Tensor], norm: float, stopping: bool) -> None:
        """Logs and saves what is due after this step.

        A run that is stopped leaves its last metrics, the state and then a checkpoint, so that it
        loses nothing if it is killed meanwhile.

        Args:
            terms: of the step, before they are weighted.
            norm: of its gradient.
            stopping: whether the run stops now.
        """
        step, config = self.state.step, self.state.config
        if stopping or step % config.log_every == 0:
            self.metrics.write(step, terms, norm, config.batch * self.state.ranks)
        if stopping or step % config.save_every == 0:
            self.state.save(self.out)
        if stopping or step % config.sheet_every == 0:
            write_checkpoint(self.out, self.state.ema, self.clips)
        if step % config.sheet_every == 0:
            write_sheet(self.out / "sheets" / f"{step:06d}.png", self.state.ema, self.clips)

    def finish(self) -> None:
        """Saves the state, unless the last step did, and the checkpoint."""
        if self.state.step % self.state.config.save_every != 0:
            self.state.save(self.out)
        write_checkpoint(self.out, self.state.ema, self.clips)


class MetricsLog:
    """`metrics.jsonl`: one JSON object a line, with the step, the terms and the speed.

    A run that is resumed continues it without a gap or a repeated line.
    """

    def __init__(self, path: Path, step: int) -> None:
        """Opens the log, and drops lines after `step` and lines that a crash cut off."""
        self.path = path
        self.time, self.step = time.monotonic(), step
        if path.exists():
            lines = path.read_text("utf-8", "replace").splitlines(keepends=True)
            with atomic(path) as temporary:
                kept = [line for line in lines if _step_of(line) <= step]
                temporary.write_text("".join(kept), "utf-8")

    def write(self, step: int, terms: Mapping[str, Tensor], norm: float, batch: int) -> None:
        """Adds a line; the speed is that since the line before.

        Args:
            step: number of steps taken.
            terms: of the last of them, before they are weighted.
            norm: of its gradient.
            batch: clips in a step, over all ranks.
        """
        now = time.monotonic()
        speed = batch * (step - self.step) / max(now - self.time, 1e-9)
        self.time, self.step = now, step
        line = {"step": step, **{name: round(term.item(), 6) for name, term in terms.items()}}
        line |= {"gradient_norm": round(norm, 3), "clips_per_second": round(speed, 1)}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def _step_of(line: str) -> float:
    """The step of a line; infinite for a line that is not whole."""
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return math.inf


def write_checkpoint(folder: Path, model: CodeModel, clips: ClipSource) -> None:
    """Writes the weights and a gallery: codes of training clips, evenly spread over the set.

    The gallery of a model that cannot encode holds samples.
    """
    model.save_pretrained(folder)
    chosen = torch.linspace(0, len(clips) - 1, min(GALLERY_CLIPS, len(clips))).long()
    if model.encodes:
        gallery = Codes.cat([model.encode(clips.batch(part)) for part in chosen.split(32)])
    else:
        gallery = model.sample(len(chosen), generator=torch.Generator().manual_seed(0))
    checkpoint.write_gallery(folder, gallery)


def write_sheet(path: Path, model: CodeModel, clips: ClipSource) -> None:
    """Writes a sample sheet, a PNG with a column for each of three clips.

    From top to bottom: the clip; its reconstruction; its motion with the static code of the next
    clip; its static code with a motion from the prior; its motion with a static code from the
    prior; and a sample. For a model that cannot encode: a sample, and its motion with the static
    code of the next one. The draws are the same at every step, so that sheets can be compared.
    """
    generator = torch.Generator().manual_seed(0)
    chosen = torch.randperm(len(clips), generator=generator)[:SHEET_CLIPS]
    x = clips.batch(chosen)
    codes = model.encode(x) if model.encodes else None
    sampled = model.sample(len(x), frames=x.shape[1], generator=generator)
    if codes is None:
        rows = [model.decode(sampled), model.decode(with_static_of_next(sampled))]
    else:
        static = standard_normal(tuple(codes.static.shape), codes.static, generator)
        decoded = [
            codes,
            with_static_of_next(codes),
            sampled.with_static(codes.static),
            codes.with_static(static),
            sampled,
        ]
        rows = [x.to(model.device), *(model.decode(row) for row in decoded)]
    strips = torch.stack([row.flatten(0, 1) for row in rows])
    picture = filmstrip.sheet(filmstrip.to_bytes(strips))
    with atomic(path) as temporary:
        temporary.write_bytes(encode_image(picture, "png"))


def with_static_of_next(codes: Codes) -> Codes:
    """Each clip's motion with the static code of the next clip, and the last with the first."""
    return codes.with_static(codes.static.roll(-1, 0))
