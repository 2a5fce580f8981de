"""The classes of models by the family that a configuration names."""

from __future__ import annotations

from pathlib import Path

import torch

from rwae.config import ModelConfig
from rwae.files import checkpoint, hub
from rwae.models.base import CodeModel
from rwae.models.mocogan import MoCoGAN
from rwae.models.objects import ObjectRWAE
from rwae.models.rwae import RWAE
from rwae.runtime import choose_device

MODEL_CLASSES: dict[str, type[CodeModel]] = {
    kind.family: kind for kind in (RWAE, ObjectRWAE, MoCoGAN)
}


def build_model(config: ModelConfig) -> CodeModel:
    """A new model with random weights, of the class that the configuration asks for."""
    return MODEL_CLASSES[config.family](config)


def load(
    source: str | Path,
    *,
    revision: str | None = None,
    device: torch.device | str | None = "cpu",
) -> CodeModel:
    """Loads a trained model of any family, in evaluation mode.

    Arguments and errors are those of `CodeModel.from_pretrained`.
    """
    chosen = choose_device(None if device is None else str(device))
    folder = hub.locate(source, revision)
    family = checkpoint.read_config(folder).family
    return MODEL_CLASSES[family].from_pretrained(folder, device=chosen)
