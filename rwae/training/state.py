"""The state of a run: weights, their moving average, Adam's moments and the step.

One safetensors file holds it, with a checksum and without pickle. The state before it is kept, so
that a damaged file costs some steps and not the run.
"""

from __future__ import annotations

import copy
import hashlib
import json
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from rwae.config import ModelConfig, migrate_settings
from rwae.errors import CheckpointError, OtherRunError
from rwae.files.checkpoint import atomic
from rwae.files.tensors import check_weights, pack
from rwae.models.base import CodeModel
from rwae.models.registry import build
from rwae.training.adversarial import AdversarialObjective
from rwae.training.config import TrainingConfig
from rwae.training.objective import Objective
from rwae.training.objects import ObjectsObjective

STATE_FILE = "state.safetensors"
PREVIOUS_FILE = "state.previous.safetensors"
OBJECTIVES = {
    "rwae": Objective,
    "objects": ObjectsObjective,
    "mocogan": AdversarialObjective,
}


class TrainState:
    """A model in training.

    Attributes:
        step: number of optimiser steps taken.
        precision: of the networks that may be computed in less than float32.
        ranks: number of processes that share the run.
        objective: the model, and the critics that play against it, if there are any.
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
        self._whole: Path | None = None  # the file that holds a state known to be whole
        model = build(config.model)
        objective = OBJECTIVES[config.model.family](model, config, precision)
        self.objective = objective.to(device)
        self.ema = copy.deepcopy(model).eval().requires_grad_(False)
        self.optimizer = torch.optim.Adam(
            objective.parameters(), betas=config.adam_betas, fused=True
        )

    @property
    def model(self) -> CodeModel:
        """The weights that are trained."""
        return self.objective.model

    def learning_rate(self) -> float:
        """Linear warm-up, then half a cosine that reaches zero after the last step.

        A run that is resumed with more steps follows the longer curve from there on: its rate
        rises again, and it is not the run that had as many from the start.
        """
        config = self.config
        rise = (self.step + 1) / config.warmup
        fall = 0.5 * (1 + math.cos(math.pi * self.step / config.steps))
        return config.learning_rate * min(rise, fall)

    def update(self) -> float:
        """Applies the gradients: clip, Adam, average. Returns the gradient's norm."""
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
        live = self.model.state_dict().values()
        for mean, value in zip(self.ema.state_dict().values(), live, strict=True):
            if mean.is_floating_point():
                mean.lerp_(value, 1 - decay)
            else:
                mean.copy_(value)

    def tensors(self) -> dict[str, Tensor]:
        """Every tensor of the state by name: the live ones, so copying into them loads."""
        found = dict(self.objective.state_dict())
        found |= {f"ema.{n}": t for n, t in self.ema.state_dict().items()}
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
        config = json.loads(json.dumps(self.config.to_dict()))  # a tuple becomes a list
        precision = str(self.precision).removeprefix("torch.")
        return {"ranks": self.ranks, "precision": precision, **config}

    def save(self, folder: Path) -> None:
        """Writes the state and keeps the one before it.

        At any moment the folder holds a whole state: the new one is on the disk before the one
        before it is renamed, and a file that is not known to be whole replaces no other.
        """
        about = {"step": str(self.step), "config": json.dumps(self.settings())}
        tensors = self.tensors()
        about["sha256"] = digest(about, tensors)
        newest = folder / STATE_FILE
        with atomic(newest) as path:
            path.write_bytes(pack(tensors, about))
            with path.open("rb") as file:
                os.fsync(file.fileno())
            if self._whole == newest and newest.exists():
                os.replace(newest, folder / PREVIOUS_FILE)
        self._whole = newest

    def load(self, path: Path) -> None:
        """Goes back to a saved state.

        Raises:
            OtherRunError: if it was written by a run with other settings, another precision or
                another number of ranks; only `steps` and the intervals of logging and saving may
                differ.
            CheckpointError: if the file cannot be read or is not a whole state.
        """
        try:
            with safe_open(path, "pt") as file:
                about = file.metadata() or {}
                saved = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            # A state that was saved before there were checksums has none.
            if "sha256" in about and about["sha256"] != digest(about, saved):
                raise ValueError("its checksum is not that of what it holds")
            step, settings = int(about["step"]), json.loads(about["config"])
        except (SafetensorError, OSError, KeyError, ValueError) as error:
            raise CheckpointError(f"The state {path} cannot be read ({error}).") from error
        ours = self.settings()
        theirs = with_defaults(migrate_settings(settings), ours)
        for name, wanted, found in differences(ours, theirs):
            raise OtherRunError(
                f"The run in {path.parent} was started with another {name} ({found}, not "
                f"{wanted}): give its settings, or name another folder with --out."
            )
        if step > self.config.steps:
            raise OtherRunError(
                f"The run in {path.parent} has taken {step} steps, more than the "
                f"{self.config.steps} that are asked for: name another folder with --out."
            )
        saved = {migrate_tensor_name(name): tensor for name, tensor in saved.items()}
        mine = self.tensors()
        check_weights(saved, mine)
        with torch.no_grad():
            for name, tensor in mine.items():
                tensor.copy_(saved[name])
        self.step = step
        self._whole = path


# Settings that a run may be resumed with other values of.
FREE_SETTINGS = ("steps", "log_every", "save_every", "sheet_every")


def with_defaults(settings: Mapping[str, Any], ours: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a saved state, with those that are younger than the state filled in.

    A setting of the model or the training that is missing has its default. States of version 0.1
    do not hold `ranks` and `precision`; they are taken to be those of `ours`.
    """
    usual = {name: ours[name] for name in ("ranks", "precision")}
    usual |= json.loads(json.dumps(TrainingConfig("", ModelConfig()).to_dict()))
    return {
        name: value | settings.get(name, {})
        if isinstance(value, dict)
        else settings.get(name, value)
        for name, value in usual.items()
    }


def differences(
    ours: Mapping[str, Any], theirs: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, Any, Any]]:
    """Yields the name, our value and their value of each setting that differs, such as
    ("model.static_size", 20, 10)."""
    for name in sorted(set(ours) | set(theirs)):
        mine, other = ours.get(name), theirs.get(name)
        if isinstance(mine, dict) and isinstance(other, dict):
            yield from differences(mine, other, f"{prefix}{name}.")
        elif mine != other and prefix + name not in FREE_SETTINGS:
            yield prefix + name, mine, other


def migrate_tensor_name(name: str) -> str:
    """The name of a tensor of a saved state of version 0.1 under the names of today."""
    return f"ema.{name.removeprefix('average.')}" if name.startswith("average.") else name


def digest(about: Mapping[str, str], tensors: Mapping[str, Tensor]) -> str:
    """The SHA-256 of a state: its step, its settings, and the bytes of every tensor."""
    found = hashlib.sha256(f"{about['step']} {about['config']}".encode())
    for name in sorted(tensors):
        found.update(name.encode())
        found.update(tensors[name].detach().cpu().flatten().view(torch.uint8).numpy())
    return found.hexdigest()


def resume(state: TrainState, folder: Path) -> str:
    """Loads the newest readable state of a folder, if there is one, and says what was done."""
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
