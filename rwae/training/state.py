"""The state of a run: weights, their moving average, Adam's moments and the step.

One safetensors file holds it, with a checksum and without pickle. The state before it is kept, so
that a damaged file costs some steps and not the run.
"""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import json
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rwae.config import ModelConfig, migrate_settings
from rwae.errors import CheckpointError, OtherRunError
from rwae.files import checkpoint
from rwae.files.checkpoint import atomic
from rwae.files.tensors import check_weights, pack, read_tensors
from rwae.models.base import CodeModel
from rwae.models.registry import build_model
from rwae.training.adversarial import AdversarialObjective
from rwae.training.config import TrainingConfig
from rwae.training.objective import Objective, RWAEObjective
from rwae.training.objects import ObjectsObjective

STATE_FILE = "state.safetensors"
PREVIOUS_FILE = "state.previous.safetensors"
MAX_STATE_BYTES = 2**33  # a state has about four times the bytes of the weights
OBJECTIVES: dict[str, type[Objective]] = {
    "rwae": RWAEObjective,
    "objects": ObjectsObjective,
    "mocogan": AdversarialObjective,
}
# Settings that may differ between a run and the one that it resumes.
FREE_SETTINGS = ("steps", "prior_steps", "log_every", "save_every", "sheet_every")


class TrainState:
    """A model in training.

    Attributes:
        config: of the run.
        precision: of the networks that may be computed in less than float32.
        ranks: number of processes that share the run.
        step: number of optimiser steps taken.
        objective: the model, with the discriminators or the critic of its objective, if any.
        ema: the exponential moving average of the model, which is evaluated and shipped.
        optimizer: Adam over the weights of the objective.
    """

    def __init__(
        self,
        config: TrainingConfig,
        device: torch.device,
        precision: torch.dtype = torch.float32,
        ranks: int = 1,
    ) -> None:
        torch.manual_seed(config.seed)
        self.config = config
        self.precision = precision
        self.ranks = ranks
        self.step = 0
        model = build_model(config.model)
        objective = OBJECTIVES[config.model.family](model, config, precision)
        self.objective = objective.to(device)
        self.ema = copy.deepcopy(model).eval().requires_grad_(False)
        self.optimizer = torch.optim.Adam(
            objective.parameters(), betas=config.adam_betas, fused=True
        )
        self._whole_file: Path | None = None  # the file that holds a state known to be whole

    @property
    def model(self) -> CodeModel:
        """The weights that are trained."""
        return self.objective.model

    def learning_rate(self) -> float:
        """Linear warm-up, then half a cosine to zero after the last step; the same in each phase.

        A run that is resumed with more steps follows the longer curve from there on: its rate
        rises again, and it is not the run that had as many from the start.
        """
        config, step, steps = self.config, self.step, self.config.steps
        if step >= steps:
            step, steps = step - steps, config.prior_steps
        rise = (step + 1) / config.warmup
        fall = 0.5 * (1 + math.cos(math.pi * step / steps))
        return config.learning_rate * min(rise, fall)

    def begin_prior_phase(self) -> None:
        """Goes on from the moving average, with a fresh optimiser, after the last step of codes.

        From there on the weights and their average differ in what is trained alone, so all others
        stay as they are.
        """
        self.model.load_state_dict(self.ema.state_dict())
        self.optimizer.state.clear()

    def begin_from(self, folder: Path) -> None:
        """Takes the weights of a finished checkpoint, as if all steps of the codes were taken.

        A model whose actions are clusters of recordings may begin from one without actions: its
        prior and Q(a | z_1:T) then keep their random weights.

        Raises:
            OtherRunError: if it is a model of other sizes.
            CheckpointError: if it cannot be read.
        """
        config = self.config.model
        found = checkpoint.read_config(folder)
        begin = config
        if config.recording_actions and not found.actions:
            begin = dataclasses.replace(
                config,
                actions=0,
                recording_actions=False,
                prior_components=found.prior_components,
            )
        for name, wanted, given in differences(begin.to_dict(), found.to_dict()):
            raise OtherRunError(
                f"The checkpoint {folder} has another {name} ({given}, not {wanted}): give the "
                "preset and the options that it was trained with."
            )
        source = self.ema if begin is config else build_model(begin)
        weights = checkpoint.read_weights(folder, source.state_dict())
        if begin is not config:
            weights = {k: v for k, v in weights.items() if not k.startswith("prior.")}
        self.ema.load_state_dict(weights, strict=begin is config)
        self.step = self.config.steps

    def update(self) -> float:
        """Applies the gradients: clip, Adam, moving average. Returns the gradient's norm."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate()
        norm = torch.nn.utils.clip_grad_norm_(self.objective.parameters(), self.config.clip_norm)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.step += 1
        self._update_ema(min(self.config.ema, self.step / (self.step + 10)))
        return norm.item()

    @torch.no_grad()
    def _update_ema(self, decay: float) -> None:
        """Moves the average towards the weights; counters are copied."""
        weights = self.model.state_dict().values()
        for mean, value in zip(self.ema.state_dict().values(), weights, strict=True):
            if mean.is_floating_point():
                mean.lerp_(value, 1 - decay)
            else:
                mean.copy_(value)

    def tensors(self) -> dict[str, Tensor]:
        """Every tensor of the state by name; they are no copies, so `load` writes to them."""
        found = dict(self.objective.state_dict())
        found |= {f"ema.{name}": tensor for name, tensor in self.ema.state_dict().items()}
        for name, parameter in self.objective.named_parameters():
            moments = self.optimizer.state[parameter]
            if not moments:
                moments["step"] = torch.zeros((), dtype=torch.float32, device=parameter.device)
                moments["exp_avg"] = torch.zeros_like(parameter)
                moments["exp_avg_sq"] = torch.zeros_like(parameter)
            found |= {f"adam.{key}.{name}": value for key, value in moments.items()}
        return found

    def settings(self) -> dict[str, Any]:
        """What decides the course of the run, as JSON values."""
        precision = str(self.precision).removeprefix("torch.")
        return {"ranks": self.ranks, "precision": precision, **_json(self.config)}

    def save(self, folder: Path) -> None:
        """Writes the state and keeps the one before it.

        At any moment the folder holds a whole state: the previous state is renamed only when the
        new one is on the disk, and a file that may be damaged never replaces another.
        """
        metadata = {"step": str(self.step), "config": json.dumps(self.settings())}
        tensors = self.tensors()
        metadata["sha256"] = state_digest(metadata, tensors)
        newest = folder / STATE_FILE
        with atomic(newest) as path:
            path.write_bytes(pack(tensors, metadata))
            with path.open("rb") as file:
                os.fsync(file.fileno())
            if self._whole_file == newest and newest.exists():
                os.replace(newest, folder / PREVIOUS_FILE)
        self._whole_file = newest

    def load(self, path: Path) -> None:
        """Loads a saved state.

        Raises:
            OtherRunError: if it was written by a run with other settings, another precision or
                another number of ranks; only the numbers of steps and the intervals of logging
                and saving may differ.
            CheckpointError: if the file cannot be read or is not a whole state.
        """
        try:
            saved, metadata = read_tensors(path, max_bytes=MAX_STATE_BYTES)
            # The first states had no checksum.
            if "sha256" in metadata and metadata["sha256"] != state_digest(metadata, saved):
                raise ValueError("its checksum is not that of what it holds")
            step, settings = int(metadata["step"]), json.loads(metadata["config"])
        except (OSError, KeyError, ValueError) as error:
            raise CheckpointError(f"The state {path} cannot be read ({error}).") from error
        ours = self.settings()
        theirs = with_defaults(migrate_settings(settings), ours)
        for name, wanted, found in differences(ours, theirs):
            raise OtherRunError(
                f"The run in {path.parent} was started with another {name} ({found}, not "
                f"{wanted}): give its settings, or name another folder with --out."
            )
        if step > self.config.total_steps:
            raise OtherRunError(
                f"The run in {path.parent} has taken {step} steps, more than the "
                f"{self.config.total_steps} that are asked for: name another folder with --out."
            )
        if step > theirs["steps"] != ours["steps"]:
            raise OtherRunError(
                f"The run in {path.parent} trains its prior alone since step {theirs['steps']}: "
                "give the same --steps, or name another folder with --out."
            )
        saved = {migrate_tensor_name(name): tensor for name, tensor in saved.items()}
        mine = self.tensors()
        check_weights(saved, mine)
        with torch.no_grad():
            for name, tensor in mine.items():
                tensor.copy_(saved[name])
        self.step = step
        self._whole_file = path


def resume(state: TrainState, folder: Path) -> str:
    """Loads the newest readable state of a folder, if there is one.

    Returns:
        What was done, in words.

    Raises:
        OtherRunError: if the folder holds the state of a run with other settings.
        CheckpointError: if it holds states, but none that can be read.
    """
    complaints = []
    for name in (STATE_FILE, PREVIOUS_FILE):
        if not (folder / name).exists():
            continue
        try:
            state.load(folder / name)
        except OtherRunError:
            raise
        except CheckpointError as error:
            complaints.append(f"{error} ")
            continue
        return f"{''.join(complaints)}Resumed from step {state.step} ({folder / name})."
    if complaints:
        raise CheckpointError(f"{''.join(complaints)}Delete the folder {folder} to start again.")
    return "Started from scratch."


def state_digest(metadata: Mapping[str, str], tensors: Mapping[str, Tensor]) -> str:
    """The SHA-256 of a state: its step, its settings, and the bytes of every tensor."""
    found = hashlib.sha256(f"{metadata['step']} {metadata['config']}".encode())
    for name in sorted(tensors):
        found.update(name.encode())
        found.update(tensors[name].detach().cpu().flatten().view(torch.uint8).numpy().data)
    return found.hexdigest()


def with_defaults(settings: Mapping[str, Any], ours: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a saved state, filled in with defaults for settings that were added later.

    States of version 0.1 do not hold `ranks` and `precision`; those of `ours` are used for them.
    """
    defaults = {"ranks": ours["ranks"], "precision": ours["precision"]}
    defaults |= _json(TrainingConfig("", ModelConfig()))
    return {
        name: value | settings.get(name, {})
        if isinstance(value, dict)
        else settings.get(name, value)
        for name, value in defaults.items()
    }


def differences(
    ours: Mapping[str, Any], theirs: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, Any, Any]]:
    """The settings that differ: name, our value and their value, as ("model.frames", 8, 10)."""
    for name in sorted({*ours, *theirs}):
        mine, other = ours.get(name), theirs.get(name)
        if isinstance(mine, dict) and isinstance(other, dict):
            yield from differences(mine, other, f"{prefix}{name}.")
        elif mine != other and prefix + name not in FREE_SETTINGS:
            yield prefix + name, mine, other


# The beginnings of the names of tensors in states of version 0.1, and those of today.
_FORMER_PREFIXES = {
    "average.": "ema.",
    "static_penalty.critic.": "static_penalty.discriminator.",
    "image_critic.": "image_discriminator.",
    "video_critic.": "video_discriminator.",
}


def migrate_tensor_name(name: str) -> str:
    """The name of a tensor of a saved state of version 0.1 under the names of today."""
    moment = ""  # such as "adam.exp_avg."
    if name.startswith("adam."):
        _, key, name = name.split(".", 2)
        moment = f"adam.{key}."
    for former, current in _FORMER_PREFIXES.items():
        if name.startswith(former):
            return moment + current + name.removeprefix(former)
    return moment + name


def _json(config: TrainingConfig) -> dict[str, Any]:
    """The settings as they come back from a JSON file, where a tuple is a list."""
    settings: dict[str, Any] = json.loads(json.dumps(config.to_dict()))
    return settings
